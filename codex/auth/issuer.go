package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/wire"
)

// Facts of the authorization server.
const (
	clientID = "app_EMoamEEZ73f0CkXaXp7hrann"

	grantTokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
	typeIDToken        = "urn:ietf:params:oauth:token-type:id_token"
	refreshScope       = "openid profile email"
)

var loginScopes = []string{"openid", "profile", "email", "offline_access"}

// Limits on the authorization server.
const (
	requestTimeout = 60 * time.Second
	maxReplySize   = 1 << 20
)

// An IssuerError reports that the authorization server refused. It says nothing
// of what was sent.
type IssuerError struct {
	Doing  string // what was asked for
	Status int    // the HTTP status
	Code   string // the OAuth error code, if there was one
}

// Error names the status and the error code.
func (e *IssuerError) Error() string {
	text := fmt.Sprintf("%s: the authorization server answered %d", e.Doing, e.Status)
	if e.Code != "" {
		text += fmt.Sprintf(" %q", e.Code)
	}
	return text
}

// Refused reports whether trying again is of no use.
func (e *IssuerError) Refused() bool {
	return e.Status >= 400 && e.Status < 500 && e.Status != http.StatusTooManyRequests && e.Status != http.StatusRequestTimeout
}

// An issuer is the authorization server.
type issuer struct {
	base   string // without a slash at the end
	client *http.Client
}

// newIssuer limits a client to what a token endpoint needs: some time, and no
// redirects, which would carry tokens elsewhere.
func newIssuer(base string, client *http.Client) issuer {
	if client == nil {
		client = http.DefaultClient
	}
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if own.Timeout == 0 || own.Timeout > requestTimeout {
		own.Timeout = requestTimeout
	}
	own.Jar = nil
	return issuer{strings.TrimRight(base, "/"), &own}
}

func (i issuer) tokenURL() string { return i.base + "/oauth/token" }

// config describes the login to the OAuth library.
func (i issuer) config(redirectURL string) *oauth2.Config {
	return &oauth2.Config{
		ClientID:    clientID,
		RedirectURL: redirectURL,
		Scopes:      loginScopes,
		Endpoint: oauth2.Endpoint{
			AuthURL: i.base + "/oauth/authorize", TokenURL: i.tokenURL(), AuthStyle: oauth2.AuthStyleInParams,
		},
	}
}

// exchangeCode turns an authorization code into tokens.
func (i issuer) exchangeCode(ctx context.Context, conf *oauth2.Config, code, verifier string) (*mcpprotocol.AuthTokens, error) {
	const doing = "exchanging the code"
	ctx = context.WithValue(ctx, oauth2.HTTPClient, i.client)
	token, err := conf.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return nil, safeError(doing, err)
	}
	idToken, _ := token.Extra("id_token").(string)
	claims, err := parseIDToken(idToken)
	if err != nil {
		return nil, fmt.Errorf("%s: the id token: %w", doing, err)
	}
	if token.RefreshToken == "" {
		return nil, fmt.Errorf("%s: there was no refresh token in the reply", doing)
	}
	tokens := &mcpprotocol.AuthTokens{IDToken: idToken, AccessToken: token.AccessToken, RefreshToken: token.RefreshToken}
	if claims.Auth != nil {
		tokens.AccountID = claims.Auth.ChatgptAccountID
	}
	return tokens, nil
}

// exchangeKey asks for an API key in return for an id token. Not every account
// has one.
func (i issuer) exchangeKey(ctx context.Context, idToken string) (Secret, error) {
	var reply mcpprotocol.KeyExchangeReply
	form := url.Values{
		"grant_type":         {grantTokenExchange},
		"client_id":          {clientID},
		"requested_token":    {"openai-api-key"},
		"subject_token":      {idToken},
		"subject_token_type": {typeIDToken},
	}
	err := i.post(ctx, "exchanging the id token", "application/x-www-form-urlencoded", form.Encode(), &reply)
	if err != nil {
		return Secret{}, err
	}
	return NewSecret(reply.AccessToken), nil
}

// renew asks for new tokens.
func (i issuer) renew(ctx context.Context, refreshToken Secret) (*mcpprotocol.TokenRefreshReply, error) {
	const doing = "renewing the tokens"
	body, err := wire.Append(nil, &mcpprotocol.TokenRefreshBody{
		ClientID: clientID, RefreshToken: refreshToken.Reveal(), Scope: refreshScope,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: the refresh token cannot be sent", doing)
	}
	reply := &mcpprotocol.TokenRefreshReply{}
	if err := i.post(ctx, doing, "application/json", string(body), reply); err != nil {
		return nil, err
	}
	if _, err := parseIDToken(reply.IDToken); err != nil {
		return nil, fmt.Errorf("%s: the id token: %w", doing, err)
	}
	return reply, nil
}

// post sends one request to the token endpoint.
func (i issuer) post(ctx context.Context, doing, contentType, body string, reply wire.Value) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, i.tokenURL(), strings.NewReader(body))
	if err != nil {
		return safeError(doing, err)
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Accept", "application/json")
	resp, err := i.client.Do(req)
	if err != nil {
		return safeError(doing, err)
	}
	defer resp.Body.Close() //nolint:errcheck // only read from
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxReplySize))
	if err != nil {
		return safeError(doing, err)
	}
	if resp.StatusCode != http.StatusOK {
		return &IssuerError{Doing: doing, Status: resp.StatusCode, Code: errorCode(text)}
	}
	if err := wire.Unmarshal(text, reply); err != nil {
		return fmt.Errorf("%s: the reply is not what was asked for", doing) // the cause could quote it
	}
	return nil
}

// errorCode returns the OAuth error code of a reply, "" if there is none. Some
// servers send an object with a code instead.
func errorCode(text []byte) string {
	var members wire.Members
	if members.UnmarshalJSON(text) != nil {
		return ""
	}
	raw, _ := members.Get("error")
	var code string
	if raw.Kind() == wire.KindObject {
		var inner wire.Members
		if raw.Decode(&inner) != nil {
			return ""
		}
		raw, _ = inner.Get("code")
	}
	if raw.IsZero() || raw.Decode(&code) != nil {
		return ""
	}
	return safeCode(code)
}

// safeCode lets through what looks like an error code, and no sentence or token.
func safeCode(code string) string {
	if len(code) > 64 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz_-") != "" {
		return ""
	}
	return code
}

// safeError keeps of an error what tells nothing of requests and replies.
func safeError(doing string, err error) error {
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return &IssuerError{Doing: doing, Status: refused.Response.StatusCode, Code: safeCode(refused.ErrorCode)}
	}
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("%s: %w", doing, failed) // method, URL and cause
	}
	return fmt.Errorf("%s: the reply is not what was asked for", doing)
}
