package oauth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/client"
	clientoauth "github.com/codexmcp/codexmcp/client/oauth"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
	"github.com/codexmcp/codexmcp/server/oauth"
)

// An issuer is an authorization server that agrees to everything.
type issuer struct {
	*httptest.Server
	metadata map[string]any // on top of what is normal
	fetches  atomic.Int64   // of keys
	down     atomic.Bool

	mu    sync.Mutex
	keys  []jose.JSONWebKey // that are published
	key   jose.JSONWebKey   // that signs
	asked map[string]url.Values
}

const subject = "ada"

func newIssuer(t testing.TB) *issuer {
	i := &issuer{metadata: map[string]any{}, asked: map[string]url.Values{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/oauth-authorization-server/as", func(w http.ResponseWriter, _ *http.Request) {
		m := map[string]any{
			"issuer": i.name(), "jwks_uri": i.URL + "/keys", "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token",
			"registration_endpoint": i.URL + "/register", "code_challenge_methods_supported": []string{"S256"},
		}
		for k, v := range i.metadata {
			m[k] = v
		}
		write(w, m)
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		i.fetches.Add(1)
		if i.down.Load() {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		i.mu.Lock()
		defer i.mu.Unlock()
		list := []any{map[string]any{"kty": "future", "kid": "x"}}
		for _, k := range i.keys {
			list = append(list, k)
		}
		write(w, map[string]any{"keys": list})
	})
	mux.HandleFunc("POST /register", func(w http.ResponseWriter, _ *http.Request) { write(w, map[string]any{"client_id": "me"}) })
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		code := rand.Text()
		i.mu.Lock()
		i.asked[code] = q
		i.mu.Unlock()
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		q := i.asked[r.PostFormValue("code")]
		i.mu.Unlock()
		sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
		if q == nil || q.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) {
			http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
			return
		}
		token := i.sign(t, map[string]any{"aud": q.Get("resource"), "scope": q.Get("scope")})
		write(w, map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 600})
	})
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	i.rotate(newKey(t, "first", jose.RS256))
	return i
}

func (i *issuer) name() string { return i.URL + "/as" }

func write(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// newKey makes a key that signs.
func newKey(t testing.TB, id string, algorithm jose.SignatureAlgorithm) jose.JSONWebKey {
	var private any
	var err error
	switch algorithm {
	case jose.ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.EdDSA:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	default:
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	require.NoError(t, err)
	return jose.JSONWebKey{Key: private, KeyID: id, Algorithm: string(algorithm), Use: "sig"}
}

// rotate signs with a key from now on; only that one, and those beside it, are published.
func (i *issuer) rotate(key jose.JSONWebKey, beside ...jose.JSONWebKey) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.key, i.keys = key, append([]jose.JSONWebKey{key.Public()}, beside...)
}

// sign makes a token of claims on top of those that are normal; nil takes one away.
func (i *issuer) sign(t testing.TB, claims map[string]any) string {
	i.mu.Lock()
	key := i.key
	i.mu.Unlock()
	return i.signWith(t, jose.SigningKey{Algorithm: jose.SignatureAlgorithm(key.Algorithm), Key: key}, "at+jwt", claims)
}

func (i *issuer) signWith(t testing.TB, key jose.SigningKey, kind jose.ContentType, claims map[string]any) string {
	options := (&jose.SignerOptions{}).WithType(kind)
	signer, err := jose.NewSigner(key, options)
	require.NoError(t, err)
	all := map[string]any{"iss": i.name(), "sub": subject, "aud": []string{resource, "other"}, "scope": "mcp:use more",
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(), "jti": rand.Text(), "client_id": "me"}
	for k, v := range claims {
		if v == nil {
			delete(all, k)
		} else {
			all[k] = v
		}
	}
	text, err := jwt.Signed(signer).Claims(all).Serialize()
	require.NoError(t, err)
	return text
}

const resource = "https://mcp.example.com/mcp"

func verifier(t testing.TB, i *issuer) *oauth.Verifier {
	v, err := oauth.NewVerifier(oauth.Config{Issuers: []oauth.Issuer{{URL: i.name()}}})
	require.NoError(t, err)
	return v
}

// protected answers with a status and a challenge to who brings a token.
func protected(v *oauth.Verifier) func(token string) (status int, challenge string) {
	p := &server.ResourceServer{Resource: resource, AuthorizationServers: v.Issuers(), Scopes: []string{"mcp:use"}, Verify: v.Verify}
	h := p.Protect(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	return func(token string) (int, string) {
		r := httptest.NewRequest(http.MethodPost, "/mcp", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code, w.Header().Get("WWW-Authenticate")
	}
}

func TestTokens(t *testing.T) {
	i := newIssuer(t)
	other := newIssuer(t)
	ask := protected(verifier(t, i))
	i.mu.Lock()
	key := i.key
	i.mu.Unlock()
	public, err := x509.MarshalPKIXPublicKey(key.Public().Key)
	require.NoError(t, err)
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	document, err := key.Public().MarshalJSON()
	require.NoError(t, err)
	hmac := func(secret []byte) string {
		return i.signWith(t, jose.SigningKey{Algorithm: jose.HS256, Key: jose.JSONWebKey{Key: secret, KeyID: "first"}}, "at+jwt", nil)
	}
	good := i.sign(t, nil)
	parts := strings.Split(good, ".")
	encode := base64.RawURLEncoding.EncodeToString
	past, future := time.Now().Add(-time.Hour).Unix(), time.Now().Add(time.Hour).Unix()
	tests := []struct {
		name, token string
		status      int
		challenge   string
	}{
		{"good", good, 200, ""},
		{"one audience", i.sign(t, map[string]any{"aud": resource}), 200, ""},
		{"scopes as a list", i.sign(t, map[string]any{"scope": nil, "scp": []string{"mcp:use"}}), 200, ""},
		{"plain JWT", i.signWith(t, jose.SigningKey{Algorithm: jose.RS256, Key: key}, "JWT", nil), 200, ""},
		{"no key id", i.signWith(t, jose.SigningKey{Algorithm: jose.RS256, Key: key.Key}, "at+jwt", nil), 200, ""},
		{"wrong audience", i.sign(t, map[string]any{"aud": "https://mcp.example.com/other"}), 401, "invalid_token"},
		{"no audience", i.sign(t, map[string]any{"aud": nil}), 401, "invalid_token"},
		{"expired", i.sign(t, map[string]any{"exp": past}), 401, "invalid_token"},
		{"without end", i.sign(t, map[string]any{"exp": nil}), 401, "invalid_token"},
		{"not yet", i.sign(t, map[string]any{"nbf": future}), 401, "invalid_token"},
		{"issued in the future", i.sign(t, map[string]any{"iat": future}), 401, "invalid_token"},
		{"nobody's", i.sign(t, map[string]any{"sub": nil}), 401, "invalid_token"},
		{"missing scope", i.sign(t, map[string]any{"scope": "more"}), 403, "insufficient_scope"},
		{"no scope", i.sign(t, map[string]any{"scope": nil}), 403, "insufficient_scope"},
		{"other issuer", other.sign(t, nil), 401, "invalid_token"},
		{"other issuer's name", i.sign(t, map[string]any{"iss": other.name()}), 401, "invalid_token"},
		{"other's key, this name", other.sign(t, map[string]any{"iss": i.name()}), 401, "invalid_token"},
		{"wrong key of the same id", i.signWith(t, jose.SigningKey{Algorithm: jose.RS256, Key: newKey(t, "first", jose.RS256)}, "at+jwt", nil), 401, "invalid_token"},
		{"wrong algorithm for the key", i.signWith(t, jose.SigningKey{Algorithm: jose.PS256, Key: jose.JSONWebKey{Key: key.Key, KeyID: "first"}}, "at+jwt", nil), 401, "invalid_token"},
		{"other kind of token", i.signWith(t, jose.SigningKey{Algorithm: jose.RS256, Key: key}, "logout+jwt", nil), 401, "invalid_token"},
		{"none", encode([]byte(`{"alg":"none","typ":"at+jwt"}`)) + "." + parts[1] + ".", 401, "invalid_token"},
		{"None", encode([]byte(`{"alg":"None","kid":"first"}`)) + "." + parts[1] + "." + parts[2], 401, "invalid_token"},
		{"HS256 with the public key", hmac(text), 401, "invalid_token"},
		{"HS256 with the public key as JSON", hmac(document), 401, "invalid_token"},
		{"changed", parts[0] + "." + encode([]byte(`{"iss":"`+i.name()+`","sub":"eve","exp":9999999999}`)) + "." + parts[2], 401, "invalid_token"},
		{"no signature", parts[0] + "." + parts[1] + ".", 401, "invalid_token"},
		{"key in the header", keyInHeader(t, i), 401, "invalid_token"},
		{"no token", "x", 401, "invalid_token"},
		{"long", good + strings.Repeat("A", 64<<10), 401, "invalid_token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, challenge := ask(tt.token)
			require.Equal(t, tt.status, status)
			require.Contains(t, challenge, tt.challenge)
			if tt.status != http.StatusOK {
				require.Contains(t, challenge, `resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp"`)
			}
		})
	}
}

// keyInHeader signs with a key that the token brings with it.
func keyInHeader(t testing.TB, i *issuer) string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, &jose.SignerOptions{EmbedJWK: true})
	require.NoError(t, err)
	text, err := jwt.Signed(signer).Claims(map[string]any{"iss": i.name(), "sub": subject, "aud": resource, "scope": "mcp:use",
		"exp": time.Now().Add(time.Hour).Unix()}).Serialize()
	require.NoError(t, err)
	return text
}

func TestAlgorithms(t *testing.T) {
	for _, a := range []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA} {
		i := newIssuer(t)
		i.rotate(newKey(t, "k", a))
		token, err := verifier(t, i).Verify(t.Context(), i.sign(t, nil))
		require.NoError(t, err, a)
		require.Equal(t, subject, token.Subject)
		require.Equal(t, i.name(), token.Issuer)
		only, err := oauth.NewVerifier(oauth.Config{Issuers: []oauth.Issuer{{URL: i.name()}}, Algorithms: []string{"RS512"}})
		require.NoError(t, err)
		_, err = only.Verify(t.Context(), i.sign(t, nil))
		require.ErrorIs(t, err, server.ErrInvalidToken)
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err == nil { // else the library refuses such keys by itself
		i := newIssuer(t)
		i.rotate(jose.JSONWebKey{Key: weak, KeyID: "weak", Algorithm: "RS256"})
		_, err = verifier(t, i).Verify(t.Context(), i.sign(t, nil))
		require.ErrorIs(t, err, server.ErrInvalidToken)
	}
}

func TestKeysRotate(t *testing.T) {
	i := newIssuer(t)
	v, err := oauth.NewVerifier(oauth.Config{Issuers: []oauth.Issuer{{URL: i.name()}}, Pause: time.Nanosecond, KeysAge: time.Hour})
	require.NoError(t, err)
	old := i.sign(t, nil)
	for range 5 {
		_, err := v.Verify(t.Context(), old)
		require.NoError(t, err)
	}
	require.EqualValues(t, 1, i.fetches.Load(), "keys are kept")
	i.mu.Lock()
	first := i.key
	i.mu.Unlock()
	i.rotate(newKey(t, "second", jose.ES256), first.Public())
	for _, token := range []string{i.sign(t, nil), old} {
		_, err = v.Verify(t.Context(), token)
		require.NoError(t, err)
	}
	require.EqualValues(t, 2, i.fetches.Load(), "an unknown key is asked for once")
	i.rotate(newKey(t, "third", jose.ES256))
	_, err = v.Verify(t.Context(), i.sign(t, nil))
	require.NoError(t, err)
	_, err = v.Verify(t.Context(), old)
	require.ErrorIs(t, err, server.ErrInvalidToken, "the first key has been withdrawn")
}

// TestUnknownKeysAskSeldom sends tokens with keys that nobody knows.
func TestUnknownKeysAskSeldom(t *testing.T) {
	i := newIssuer(t)
	v := verifier(t, i)
	var wg sync.WaitGroup
	for n := range 20 {
		token := i.signWith(t, jose.SigningKey{Algorithm: jose.ES256, Key: newKey(t, fmt.Sprint("unknown", n), jose.ES256)}, "at+jwt", nil)
		wg.Go(func() {
			_, err := v.Verify(t.Context(), token)
			if err == nil {
				t.Error("taken")
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, i.fetches.Load())
}

func TestIssuerIsDown(t *testing.T) {
	i := newIssuer(t)
	v, err := oauth.NewVerifier(oauth.Config{Issuers: []oauth.Issuer{{URL: i.name()}}, Pause: time.Nanosecond, KeysAge: 200 * time.Millisecond})
	require.NoError(t, err)
	i.down.Store(true)
	_, err = v.Verify(t.Context(), i.sign(t, nil))
	require.Error(t, err)
	require.NotErrorIs(t, err, server.ErrInvalidToken, "nobody can tell")
	status, _ := protected(v)(i.sign(t, nil))
	require.Equal(t, http.StatusServiceUnavailable, status)
	i.down.Store(false)
	token := i.sign(t, nil)
	_, err = v.Verify(t.Context(), token)
	require.NoError(t, err)
	i.down.Store(true)
	before := i.fetches.Load()
	require.Eventually(t, func() bool { // the keys grow old, and serve on
		_, err := v.Verify(t.Context(), token)
		return err == nil && i.fetches.Load() > before
	}, 2*time.Second, 20*time.Millisecond)
}

func TestMetadataMustBeTheIssuers(t *testing.T) {
	for name, value := range map[string]any{"issuer": "https://elsewhere.example.com", "jwks_uri": "http://elsewhere.example.com/keys"} {
		i := newIssuer(t)
		i.metadata[name] = value
		_, err := verifier(t, i).Verify(t.Context(), i.sign(t, nil))
		require.ErrorContains(t, err, "elsewhere.example.com")
		require.Zero(t, i.fetches.Load())
	}
}

func TestConfig(t *testing.T) {
	for _, c := range []oauth.Config{
		{},
		{Issuers: []oauth.Issuer{{URL: "http://login.example.com"}}},
		{Issuers: []oauth.Issuer{{URL: "login.example.com"}}},
		{Issuers: []oauth.Issuer{{URL: "https://login.example.com", KeysURL: "http://login.example.com/keys"}}},
		{Issuers: []oauth.Issuer{{URL: "https://a.example.com"}, {URL: "https://a.example.com"}}},
		{Issuers: []oauth.Issuer{{URL: "https://a.example.com"}}, Algorithms: []string{"HS256"}},
		{Issuers: []oauth.Issuer{{URL: "https://a.example.com"}}, Algorithms: []string{"none"}},
	} {
		_, err := oauth.NewVerifier(c)
		require.Error(t, err)
	}
}

// TestClientGetsIn has a client find its way from a refusal to a token, and use
// the server with it.
func TestClientGetsIn(t *testing.T) {
	i := newIssuer(t)
	v := verifier(t, i)
	s := server.New(mcptypes.Implementation{Name: "protected", Version: "1"}, nil)
	require.NoError(t, server.AddTool(s, mcptypes.Tool{Name: "whoami"}, func(ctx context.Context, _ struct{}) (string, error) {
		return server.TokenFrom(ctx).Subject, nil
	}))
	mux := http.NewServeMux()
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	p := &server.ResourceServer{Resource: web.URL + "/mcp", AuthorizationServers: v.Issuers(), Scopes: []string{"mcp:use"}, Verify: v.Verify}
	h := server.HTTPHandler(s, nil)
	t.Cleanup(func() { require.NoError(t, h.Close(context.Background())) })
	mux.Handle("/mcp", p.Protect(h))
	mux.Handle(p.MetadataPath(), p.Metadata())

	session, err := client.ConnectHTTP(t.Context(), client.HTTP{URL: web.URL + "/mcp", Auth: clientoauth.New(clientoauth.Config{
		Resource: web.URL + "/mcp", Name: "test", RedirectURL: "http://127.0.0.1:1/callback", Visit: clientoauth.Follow(nil),
	})}, client.Options{Info: mcptypes.Implementation{Name: "test", Version: "1"}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, session.Close(context.Background())) })
	result, err := client.Call(t.Context(), session, mcptypes.CallTool, mcptypes.CallToolParams{Name: "whoami"})
	require.NoError(t, err)
	require.Equal(t, subject, result.Content[0].(*mcptypes.TextContent).Text)
}

// TestSessionsAreOfSubjects has one issuer's user try the session of another's.
func TestSessionsAreOfSubjects(t *testing.T) {
	a, b := newIssuer(t), newIssuer(t)
	v, err := oauth.NewVerifier(oauth.Config{Issuers: []oauth.Issuer{{URL: a.name()}, {URL: b.name()}}})
	require.NoError(t, err)
	h := server.HTTPHandler(server.New(mcptypes.Implementation{Name: "s", Version: "1"}, nil), nil)
	defer func() { require.NoError(t, h.Close(context.Background())) }()
	p := &server.ResourceServer{Resource: resource, Verify: v.Verify}
	post := func(token, session, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader(body))
		r.Host = "localhost"
		r.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"*/*"}, "Authorization": {"Bearer " + token}}
		if session != "" {
			r.Header.Set("Mcp-Session-Id", session)
		}
		w := httptest.NewRecorder()
		p.Protect(h).ServeHTTP(w, r)
		return w
	}
	session := post(a.sign(t, nil), "", `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`).Header().Get("Mcp-Session-Id")
	require.NotEmpty(t, session)
	ping := `{"jsonrpc":"2.0","id":1,"method":"ping"}`
	require.Equal(t, http.StatusOK, post(a.sign(t, nil), session, ping).Code)
	require.Equal(t, http.StatusNotFound, post(a.sign(t, map[string]any{"sub": "eve"}), session, ping).Code)
	require.Equal(t, http.StatusNotFound, post(b.sign(t, nil), session, ping).Code)
}
