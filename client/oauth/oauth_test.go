package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// An issuer is a protected server and its authorization server in one.
type issuer struct {
	*httptest.Server
	metadata map[string]any // on top of what is normal
	resource string         // its name in the metadata; empty: what it is
	callback url.Values     // on top of what the user comes back with
	expires  int
	scope    string // what a token needs; others get 403

	registered map[string]any
	codes      map[string]url.Values
	authorized int
	forms      []url.Values
	tokens     map[string]string // scopes
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{codes: map[string]url.Values{}, tokens: map[string]string{}, expires: 3600}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/oauth-protected-resource/mcp", func(w http.ResponseWriter, _ *http.Request) {
		resource := i.resource
		if resource == "" {
			resource = i.URL + "/mcp"
		}
		write(w, map[string]any{"resource": resource, "authorization_servers": []string{i.URL + "/as"}, "scopes_supported": []string{"read"}})
	})
	mux.HandleFunc("GET /.well-known/oauth-authorization-server/as", func(w http.ResponseWriter, _ *http.Request) {
		m := map[string]any{
			"issuer": i.URL + "/as", "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token",
			"registration_endpoint": i.URL + "/register", "code_challenge_methods_supported": []string{"S256"},
		}
		for k, v := range i.metadata {
			m[k] = v
		}
		write(w, m)
	})
	mux.HandleFunc("POST /register", func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewDecoder(r.Body).Decode(&i.registered)
		write(w, map[string]any{"client_id": "me", "client_secret": "hush"})
	})
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		i.authorized++
		code := fmt.Sprint("code", i.authorized)
		i.codes[code] = q
		back := url.Values{"code": {code}, "state": {q.Get("state")}}
		for k, v := range i.callback {
			back[k] = v
		}
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
	})
	mux.HandleFunc("POST /token", i.token)
	mux.HandleFunc("/mcp", func(w http.ResponseWriter, r *http.Request) {
		var token string
		_, _ = fmt.Sscanf(r.Header.Get("Authorization"), "Bearer %s", &token)
		switch scopes, ok := i.tokens[token]; {
		case !ok:
			w.Header().Set("WWW-Authenticate", `Basic realm="x", Bearer error="invalid_token"`)
			w.WriteHeader(http.StatusUnauthorized)
		case i.scope != "" && scopes != i.scope:
			w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="write"`)
			w.WriteHeader(http.StatusForbidden)
		}
	})
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

func write(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	i.forms = append(i.forms, r.PostForm)
	scope := "read"
	if r.PostForm.Get("grant_type") == "authorization_code" {
		asked := i.codes[r.PostForm.Get("code")]
		sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
		if asked == nil || asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) {
			http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
			return
		}
		scope = asked.Get("scope")
	}
	name := fmt.Sprint("token", len(i.forms))
	i.tokens[name] = scope
	write(w, map[string]any{"access_token": name, "token_type": "Bearer", "expires_in": i.expires, "refresh_token": "again"})
}

// get asks for the protected page as a client would, and returns the status.
func (i *issuer) get(t *testing.T, a *Authorizer) (int, error) {
	t.Helper()
	for range 10 {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, i.URL+"/mcp", nil)
		require.NoError(t, err)
		require.NoError(t, a.Authorize(r))
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		if answer.StatusCode == http.StatusOK {
			return answer.StatusCode, nil
		}
		again, err := a.Refused(t.Context(), answer)
		if err != nil || !again {
			return answer.StatusCode, err
		}
	}
	t.Fatal("it never ends")
	return 0, nil
}

func (i *issuer) authorizer() *Authorizer {
	return New(Config{Resource: i.URL + "/mcp", Name: "test", RedirectURL: "http://127.0.0.1:1/callback", Visit: Follow(nil)})
}

func TestTokenIsGot(t *testing.T) {
	i := newIssuer(t)
	a := i.authorizer()
	status, err := i.get(t, a)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "native", i.registered["application_type"])
	asked := i.codes["code1"]
	require.Equal(t, i.URL+"/mcp", asked.Get("resource"))
	require.Equal(t, "read", asked.Get("scope"))
	require.Equal(t, i.URL+"/mcp", i.forms[0].Get("resource"))

	_, err = i.get(t, a)
	require.NoError(t, err)
	require.Equal(t, 1, i.authorized, "a token is used as long as it is good")
	clear(i.tokens)
	_, err = i.get(t, a)
	require.NoError(t, err)
	require.Equal(t, 1, i.authorized, "one that is not is refreshed")
	require.Equal(t, "refresh_token", i.forms[1].Get("grant_type"))
	require.Equal(t, i.URL+"/mcp", i.forms[1].Get("resource"))
}

func TestMissingScopesAreAskedFor(t *testing.T) {
	i := newIssuer(t)
	i.scope = "read write"
	_, err := i.get(t, i.authorizer())
	require.NoError(t, err)
	require.Equal(t, 2, i.authorized)

	i = newIssuer(t)
	i.scope = "never"
	status, err := i.get(t, i.authorizer())
	require.NoError(t, err)
	require.Equal(t, http.StatusForbidden, status)
	require.LessOrEqual(t, i.authorized, maxAttempts+1)
}

func TestWhoIsNotTrusted(t *testing.T) {
	tests := []struct {
		name    string
		change  func(*issuer)
		wantErr string
	}{
		{"another resource", func(i *issuer) { i.resource = "https://other.example/mcp" }, `of the resource "https://other.example/mcp"`},
		{"another issuer", func(i *issuer) { i.metadata = map[string]any{"issuer": i.URL} }, "is of the issuer"},
		{"no PKCE", func(i *issuer) { i.metadata = map[string]any{"code_challenge_methods_supported": []string{"plain"}} }, "does not protect codes"},
		{"plain HTTP", func(i *issuer) { i.metadata = map[string]any{"token_endpoint": "http://example.com/token"} }, "is not HTTPS"},
		{"answer without issuer", func(i *issuer) {
			i.metadata = map[string]any{"authorization_response_iss_parameter_supported": true}
		}, "does not say which issuer"},
		{"answer of another", func(i *issuer) { i.callback = url.Values{"iss": {"https://other.example"}} }, `is from the issuer "https://other.example"`},
		{"another state", func(i *issuer) { i.callback = url.Values{"state": {"x"}} }, "another state"},
		{"refused", func(i *issuer) { i.callback = url.Values{"error": {"access_denied"}} }, "access_denied"},
		{"no registration", func(i *issuer) { i.metadata = map[string]any{"registration_endpoint": ""} }, "registers no clients"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			i := newIssuer(t)
			tt.change(i)
			_, err := i.get(t, i.authorizer())
			require.ErrorContains(t, err, tt.wantErr)
			require.Empty(t, i.tokens)
		})
	}
}

func TestLoopback(t *testing.T) {
	l, err := Listen(func(page string) {
		go func() {
			r, err := http.Get(page) //nolint:gosec,noctx // a page of this test
			if err == nil {
				_ = r.Body.Close()
			}
		}()
	})
	require.NoError(t, err)
	back, err := l.Visit(t.Context(), l.RedirectURL+"?code=1&state=2")
	require.NoError(t, err)
	require.Equal(t, l.RedirectURL+"?code=1&state=2", back)

	l, err = Listen(func(string) {})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = l.Visit(ctx, "x")
	require.ErrorIs(t, err, context.Canceled)
}

func TestChallenges(t *testing.T) {
	tests := []struct {
		in   []string
		want map[string]string
	}{
		{nil, map[string]string{}},
		{[]string{"Basic realm=x"}, map[string]string{}},
		{[]string{`Bearer resource_metadata="https://a/b", scope="a b",error=x`}, map[string]string{"resource_metadata": "https://a/b", "scope": "a b", "error": "x"}},
		{[]string{`Basic realm="x"`, `bearer Scope="a\"b"`}, map[string]string{"scope": `a"b`}},
		{[]string{`Bearer scope="never ends`}, map[string]string{}},
		{[]string{`Basic realm="bearer x=y", Bearer scope = a, Digest scope=b, nonce=c`}, map[string]string{"scope": "a"}},
		{[]string{`Negotiate YWJj==, bearer error=x, error=y`}, map[string]string{"error": "x"}},
		{[]string{"\xadBeArer ", "Bearer", "=x"}, map[string]string{}},
	}
	for _, tt := range tests {
		require.Equal(t, tt.want, parseChallenge(tt.in), tt.in)
	}
}

func FuzzChallenge(f *testing.F) {
	f.Add(`Bearer a="b", c=d`)
	f.Add("\xadBeArer ")
	f.Fuzz(func(_ *testing.T, value string) { parseChallenge([]string{value}) })
}
