package mcpserver_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex"
	"github.com/codexmcp/codexmcp/codex/auth"
	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/codex/mcpserver"
	"github.com/codexmcp/codexmcp/codex/useragent"
	"github.com/codexmcp/codexmcp/jsonrpc"
)

// jwt is an id token with claims.
func jwt(claims string) string {
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"none"}`)) + "." + part([]byte(claims)) + ".sig"
}

// issue answers as an authorization server that signs everybody in, without an
// API key.
func issue(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil || r.PostForm.Get("grant_type") != "authorization_code" {
			http.Error(w, `{"error":"access_denied"}`, http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{
			"id_token":     jwt(`{"email":"user@example.com","https://api.openai.com/auth":{"chatgpt_plan_type":"plus"}}`),
			"access_token": "access", "refresh_token": "refresh", "token_type": "Bearer",
		})
	}))
	t.Cleanup(server.Close)
	return server
}

// startAuth runs a server with an account.
func startAuth(t *testing.T, issuer string) (c *wireClient, manager *auth.Manager, home string) {
	t.Helper()
	home = t.TempDir()
	manager, err := auth.New(auth.Options{Home: home, Issuer: issuer, CallbackAddress: "127.0.0.1:0"})
	require.NoError(t, err)
	c, _ = start(t, setup{
		home: home, options: func(o *mcpserver.Options) { o.Auth = manager },
		config: []string{`profile = "signed"`, `profiles.signed.model_provider = "openai"`},
	})
	t.Cleanup(manager.Close)
	return c, manager, home
}

func (c *wireClient) notification(method string) object {
	c.t.Helper()
	m := c.wait("notification "+method, func(m message) bool { return m["method"] == method && m["id"] == nil })
	return m["params"].(object)
}

// next waits for the next message, whatever it is.
func (c *wireClient) next() message {
	c.t.Helper()
	return c.wait("message", func(message) bool { return true })
}

func TestSigningInWithAKey(t *testing.T) {
	c, _, home := startAuth(t, "")
	require.Equal(t, object{"requiresOpenaiAuth": true}, c.result("getAuthStatus", object{"includeToken": true}))
	c.send(`{"jsonrpc":"2.0","id":"key","method":"loginApiKey","params":{"apiKey":"sk-new"}}`)
	require.Equal(t, "key", c.next()["id"], "the response comes first")
	require.Equal(t, "authStatusChange", c.next()["method"])
	require.Equal(t, object{"authMethod": "apikey", "requiresOpenaiAuth": true}, c.result("getAuthStatus", object{}))
	require.Equal(t, "sk-new", c.result("getAuthStatus", object{"includeToken": true})["authToken"])

	c.send(`{"jsonrpc":"2.0","id":"out","method":"logoutChatGpt"}`)
	require.Equal(t, "out", c.next()["id"])
	require.Equal(t, object{}, c.notification("authStatusChange"))
	require.NoFileExists(t, filepath.Join(home, "auth.json"))
	require.Equal(t, object{"requiresOpenaiAuth": true}, c.result("getAuthStatus", object{"includeToken": true}))
}

// Rough edge 56: auth.json is replaced as a whole, for its owner alone.
func Test56AuthFileIsForItsOwner(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	c, _, home := startAuth(t, "")
	path := filepath.Join(home, "auth.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"OPENAI_API_KEY":"sk-old"}`), 0o644))
	before, err := os.Stat(path)
	require.NoError(t, err)
	c.result("loginApiKey", object{"apiKey": "sk-new"})
	after, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), after.Mode().Perm())
	require.False(t, os.SameFile(before, after))
}

// callback does what a browser does when its user has agreed.
func callback(t *testing.T, authURL string, follow bool) (status int) {
	t.Helper()
	u, err := url.Parse(authURL)
	require.NoError(t, err)
	target, err := url.Parse(u.Query().Get("redirect_uri"))
	require.NoError(t, err)
	target.Host = strings.Replace(target.Host, "localhost", "127.0.0.1", 1)
	target.RawQuery = url.Values{"code": {"good"}, "state": {u.Query().Get("state")}}.Encode()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if !follow {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	response, err := client.Get(target.String())
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode
}

// Rough edge 57: a login has succeeded with the callback, also if nobody fetches
// the page that says so.
func Test57LoginSucceedsAtTheCallback(t *testing.T) {
	c, _, _ := startAuth(t, issue(t).URL)
	require.Equal(t, object{"allegedUserEmail": nil}, c.result("userInfo", object{}))
	login := c.result("loginChatGpt", object{})
	require.Equal(t, http.StatusFound, callback(t, login["authUrl"].(string), false))
	complete := c.next()
	require.Equal(t, "loginChatGptComplete", complete["method"], "it comes before the change")
	require.Equal(t, object{"loginId": login["loginId"], "success": true}, complete["params"])
	require.Equal(t, object{"authMethod": "chatgpt"}, c.notification("authStatusChange"))
	require.Equal(t, "access", c.result("getAuthStatus", object{"includeToken": true})["authToken"])
	require.Equal(t, "user@example.com", c.result("userInfo", object{})["allegedUserEmail"])
}

func TestLoginsEnd(t *testing.T) {
	tests := []struct {
		name   string
		end    func(c *wireClient, id any)
		change bool // of who is signed in
	}{
		{"cancelled", func(c *wireClient, id any) { c.result("cancelLoginChatGpt", object{"loginId": id}) }, false},
		{"replaced", func(c *wireClient, _ any) { c.result("loginChatGpt", object{}) }, false},
		{"a key instead", func(c *wireClient, _ any) { c.result("loginApiKey", object{"apiKey": "k"}) }, true},
		{"logout", func(c *wireClient, _ any) { c.result("logoutChatGpt", object{}) }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _, _ := startAuth(t, issue(t).URL)
			id := c.result("loginChatGpt", object{})["loginId"]
			tt.end(c, id)
			ended := c.notification("loginChatGptComplete")
			require.Equal(t, id, ended["loginId"])
			require.Equal(t, false, ended["success"])
			require.NotEmpty(t, ended["error"])
			if tt.change {
				c.notification("authStatusChange")
			}
			require.Equal(t, -32600, c.refusal("cancelLoginChatGpt", object{"loginId": id}))
			require.Empty(t, c.pending())
		})
	}
	c, _, _ := startAuth(t, "")
	require.Equal(t, -32602, c.refusal("cancelLoginChatGpt", object{"loginId": "no id"}))
}

// Another program that signs in is noticed, and everybody is told.
func TestOtherProgramsSignIn(t *testing.T) {
	c, manager, home := startAuth(t, "")
	c.initialize(`{}`)
	require.NoError(t, os.WriteFile(filepath.Join(home, "auth.json"), []byte(`{"OPENAI_API_KEY":"sk-other"}`), 0o600))
	_, err := manager.Credential(context.Background())
	require.NoError(t, err)
	require.Equal(t, object{"authMethod": "apikey"}, c.notification("authStatusChange"))
	require.NoError(t, os.Remove(filepath.Join(home, "auth.json")))
	_, err = manager.Credential(context.Background())
	require.ErrorIs(t, err, auth.ErrSignedOut)
	require.Equal(t, object{}, c.notification("authStatusChange"))
}

func TestSavedConfiguration(t *testing.T) {
	home := t.TempDir()
	c, _ := start(t, setup{home: home})
	config := c.result("getUserSavedConfig", object{})["config"].(object)
	require.Equal(t, "mock-model", config["model"])
	c.result("setDefaultModel", object{"model": "better", "reasoningEffort": "high"})
	config = c.result("getUserSavedConfig", object{})["config"].(object)
	require.Equal(t, "better", config["model"])
	require.Equal(t, "high", config["modelReasoningEffort"])
	require.Equal(t, -32602, c.refusal("setDefaultModel", object{"reasoningEffort": "extreme"}))
	require.Equal(t, "better", c.result("newConversation", object{})["model"])
	require.NoError(t, os.WriteFile(filepath.Join(home, "config.toml"), []byte("model = = 3"), 0o600))
	require.Equal(t, -32603, c.refusal("getUserSavedConfig", object{}))
}

// A change reaches every client of the process, whoever made it.
func TestEverySessionIsTold(t *testing.T) {
	home := t.TempDir()
	base, err := config.Load(config.Source{Home: home, Cwd: t.TempDir()})
	require.NoError(t, err)
	credentials, err := auth.New(auth.Options{Home: home})
	require.NoError(t, err)
	srv, err := mcpserver.New(mcpserver.Options{
		Manager: codex.NewManager(codex.Options{Config: base}), Auth: credentials,
		Agent: useragent.New("0", func(string) (string, bool) { return "", false }),
	})
	require.NoError(t, err)
	connect := func() *wireClient {
		near, far := jsonrpc.Pipe()
		served := make(chan error, 1)
		go func() { served <- srv.Serve(context.Background(), far) }()
		c := &wireClient{t: t, conn: near}
		c.cond = sync.NewCond(&c.mu)
		go c.read()
		t.Cleanup(func() {
			require.NoError(t, near.Close())
			require.NoError(t, <-served)
		})
		c.initialize(`{}`)
		return c
	}
	one, other := connect(), connect()
	one.result("loginApiKey", object{"apiKey": "sk"})
	for _, c := range []*wireClient{one, other} {
		require.Equal(t, object{"authMethod": "apikey"}, c.notification("authStatusChange"))
	}
}
