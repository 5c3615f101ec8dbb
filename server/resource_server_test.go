package server_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/server"
)

func TestResourceServer(t *testing.T) {
	const resource = "https://mcp.example.com/mcp"
	p := &server.ResourceServer{
		Resource: resource, AuthorizationServers: []string{"https://issuer.example.com"}, Scopes: []string{"mcp:use"},
		Verify: func(_ context.Context, token string) (*server.Token, error) {
			good := &server.Token{Subject: "ada", Audience: []string{resource}, Scopes: []string{"mcp:use", "more"}, Expires: time.Now().Add(time.Hour)}
			switch token {
			case "expired":
				good.Expires = time.Now().Add(-time.Second)
			case "elsewhere":
				good.Audience = []string{resource + "/other"}
			case "narrow":
				good.Scopes = []string{"more"}
			case "unknown":
				return nil, errors.New("no connection")
			case "good":
			default:
				return nil, server.ErrInvalidToken
			}
			return good, nil
		},
	}
	subject := ""
	h := p.Protect(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { subject = server.TokenFrom(r.Context()).Subject }))
	const metadata = `resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp"`
	for _, tt := range []struct {
		authorization string
		status        int
		challenge     string
	}{
		{"", 401, metadata}, {"Basic good", 401, metadata}, {"Bearer bad", 401, "invalid_token"}, {"Bearer expired", 401, "expired"},
		{"Bearer elsewhere", 401, "something else"}, {"Bearer narrow", 403, `error="insufficient_scope"`}, {"Bearer unknown", 503, ""}, {"Bearer good", 200, ""},
	} {
		t.Run(tt.authorization, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/mcp", nil)
			r.Header.Set("Authorization", tt.authorization)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			require.Equal(t, tt.status, w.Code)
			require.Contains(t, w.Header().Get("WWW-Authenticate"), tt.challenge)
		})
	}
	require.Equal(t, "ada", subject)
	w := httptest.NewRecorder()
	p.Metadata().ServeHTTP(w, httptest.NewRequest(http.MethodGet, p.MetadataPath(), nil))
	require.JSONEq(t, `{"resource":"https://mcp.example.com/mcp","authorization_servers":["https://issuer.example.com"],
		"scopes_supported":["mcp:use"],"bearer_methods_supported":["header"]}`, w.Body.String())
}

// A browser asks what a page may do without the page's token.
func TestPreflightBringsNoToken(t *testing.T) {
	handler := server.HTTPHandler(chatty(t), nil)
	t.Cleanup(func() { require.NoError(t, handler.Close(context.Background())) })
	p := &server.ResourceServer{Resource: "https://mcp.example.com/mcp", AuthorizationServers: []string{"https://issuer.example.com"}}
	for name, protected := range map[string]http.Handler{"one token": server.RequireToken("secret", handler), "access tokens": p.Protect(handler)} {
		t.Run(name, func(t *testing.T) {
			ask := func(method, origin, wants string) *httptest.ResponseRecorder {
				r := httptest.NewRequest(method, "http://localhost/mcp", nil)
				r.Header.Set("Origin", origin)
				if wants != "" {
					r.Header.Set("Access-Control-Request-Method", wants)
				}
				w := httptest.NewRecorder()
				protected.ServeHTTP(w, r)
				return w
			}
			allowed := ask(http.MethodOptions, "http://localhost:6274", "POST")
			require.Equal(t, 204, allowed.Code)
			require.Equal(t, "http://localhost:6274", allowed.Header().Get("Access-Control-Allow-Origin"))
			require.Contains(t, allowed.Header().Get("Access-Control-Allow-Headers"), "Authorization")
			require.Equal(t, 403, ask(http.MethodOptions, "http://stranger.example", "POST").Code)
			require.Equal(t, 401, ask(http.MethodOptions, "http://localhost:6274", "").Code)
			require.Equal(t, 401, ask(http.MethodPost, "http://localhost:6274", "POST").Code)
		})
	}
}
