package server

import (
	"context"
	"net/http"
	"time"
)

// A Token is what is known of the bearer token that came with an HTTP request.
type Token struct {
	// Issuer is who issued it; empty if there is but one who could have.
	Issuer string
	// Subject is whose token it is.
	Subject string
	// Audience are the resources that it is for.
	Audience []string
	// Scopes are what it is good for.
	Scopes []string
	// Expires is when it ends; zero: never.
	Expires time.Time
}

type tokenKey struct{}

// TokenFrom returns the token of the request in whose course a handler runs, nil
// if there was none.
func TokenFrom(ctx context.Context) *Token {
	t, _ := ctx.Value(tokenKey{}).(*Token)
	return t
}

// tokenOwner is the owner of a request: the subject of its token, who is somebody
// else with every issuer.
func tokenOwner(r *http.Request) string {
	if t := TokenFrom(r.Context()); t != nil {
		if t.Issuer == "" {
			return t.Subject
		}
		return t.Issuer + " " + t.Subject
	}
	return ""
}
