package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/codexmcp/codexmcp/wire"
)

// A ResourceServer lets those requests through that bring an OAuth 2 access token
// which is meant for it. It tells clients where to get one.
type ResourceServer struct {
	// Resource is the URL of the protected endpoint, as clients call it. It must
	// be among the audience of a token.
	Resource string
	// AuthorizationServers are the issuers of tokens.
	AuthorizationServers []string
	// Scopes are what a token must be good for.
	Scopes []string
	// Verify checks a token: its signature and issuer, or by asking the issuer.
	// [ErrInvalidToken] says that it is none; another error that it could not be told.
	Verify func(ctx context.Context, token string) (*Token, error)
	// Log is told what goes wrong. Nil means nowhere.
	Log *slog.Logger
}

// ErrInvalidToken says that a token is not one that is accepted.
var ErrInvalidToken = errors.New("invalid token")

// wellKnown is where the metadata of protected resources is found.
const wellKnown = "/.well-known/oauth-protected-resource"

// MetadataPath is where clients look for the metadata of the resource.
func (p *ResourceServer) MetadataPath() string {
	u, err := url.Parse(p.Resource)
	if err != nil {
		return wellKnown
	}
	return wellKnown + strings.TrimSuffix(u.Path, "/")
}

// metadataURL is the whole URL of that.
func (p *ResourceServer) metadataURL() string {
	u, err := url.Parse(p.Resource)
	if err != nil {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: p.MetadataPath()}).String()
}

// Metadata serves the document that says where tokens for the resource come from.
func (p *ResourceServer) Metadata() http.Handler {
	e := wire.NewEncoder(nil)
	e.Object()
	e.String(`"resource":`, p.Resource)
	texts(&e, `"authorization_servers":`, p.AuthorizationServers)
	texts(&e, `"scopes_supported":`, p.Scopes)
	texts(&e, `"bearer_methods_supported":`, []string{"header"})
	e.EndObject(wire.Members{}, nil)
	document := []byte(encoded(&e).String())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Cache-Control", "max-age=3600")
		if _, err := w.Write(document); err != nil {
			p.log().Debug("write metadata", "error", err)
		}
	})
}

// texts writes a list of strings, unless it is empty.
func texts(e *wire.Encoder, key string, list []string) {
	if len(list) == 0 {
		return
	}
	e.Key(key)
	e.Array()
	for _, text := range list {
		e.StringValue(text)
	}
	e.EndArray()
}

func (p *ResourceServer) log() *slog.Logger {
	if p.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return p.Log
}

// Protect lets requests with a good token through to next, where [TokenFrom]
// returns it.
func (p *ResourceServer) Protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isPreflight(r) {
			next.ServeHTTP(w, r)
			return
		}
		text, ok := bearer(r)
		if !ok {
			p.challenge(w, http.StatusUnauthorized, "", "a bearer token is required")
			return
		}
		token, err := p.Verify(r.Context(), text)
		switch {
		case errors.Is(err, ErrInvalidToken), err == nil && token == nil:
			p.challenge(w, http.StatusUnauthorized, "invalid_token", "the token is not accepted")
		case err != nil:
			p.log().Error("verify token", "error", err)
			http.Error(w, "the token could not be checked", http.StatusServiceUnavailable)
		case !token.Expires.IsZero() && !time.Now().Before(token.Expires):
			p.challenge(w, http.StatusUnauthorized, "invalid_token", "the token has expired")
		case !slices.Contains(token.Audience, p.Resource):
			p.challenge(w, http.StatusUnauthorized, "invalid_token", "the token is for something else")
		case !covers(token.Scopes, p.Scopes):
			p.challenge(w, http.StatusForbidden, "insufficient_scope", "the token is not good for this")
		default:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), tokenKey{}, token)))
		}
	})
}

// covers reports whether all needed scopes are among those given.
func covers(given, needed []string) bool {
	for _, scope := range needed {
		if !slices.Contains(given, scope) {
			return false
		}
	}
	return true
}

// challenge refuses a request and says how to do better.
func (p *ResourceServer) challenge(w http.ResponseWriter, status int, code, text string) {
	parts := []string{fmt.Sprintf("resource_metadata=%q", p.metadataURL())}
	if code != "" {
		parts = append(parts, fmt.Sprintf("error=%q, error_description=%q", code, text))
	}
	if len(p.Scopes) > 0 {
		parts = append(parts, fmt.Sprintf("scope=%q", strings.Join(p.Scopes, " ")))
	}
	w.Header().Set("WWW-Authenticate", "Bearer "+strings.Join(parts, ", "))
	http.Error(w, text, status)
}
