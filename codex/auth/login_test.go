package auth

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// A browser is a person with a browser that has opened a login.
type browser struct {
	t      *testing.T
	login  *Login
	query  url.Values // of the authorize URL
	client *http.Client
}

func open(t *testing.T, l *Login, server *authServer) *browser {
	t.Helper()
	u, err := url.Parse(l.URL)
	require.NoError(t, err)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	b := &browser{t: t, login: l, query: u.Query(), client: &http.Client{Transport: transport}}
	server.set(func() { server.challenge = b.query.Get("code_challenge") })
	return b
}

// get asks the local server. It returns the last status, its path and the page.
func (b *browser) get(path string, query ...string) (status int, at, text string) {
	b.t.Helper()
	u, err := url.Parse(b.query.Get("redirect_uri"))
	require.NoError(b.t, err)
	u.Host = strings.Replace(u.Host, "localhost", "127.0.0.1", 1)
	u.Path = path
	values := url.Values{}
	for i := 0; i < len(query); i += 2 {
		values.Set(query[i], query[i+1])
	}
	u.RawQuery = values.Encode()
	resp, err := b.client.Get(u.String())
	require.NoError(b.t, err)
	page, err := io.ReadAll(resp.Body)
	require.NoError(b.t, err)
	require.NoError(b.t, resp.Body.Close())
	require.NotContains(b.t, string(page), "good-code")
	return resp.StatusCode, resp.Request.URL.RequestURI(), string(page)
}

func (b *browser) callback(query ...string) (status int, at, text string) {
	b.t.Helper()
	return b.get("/auth/callback", append(query, "state", b.query.Get("state"))...)
}

func TestLogin(t *testing.T) {
	home := t.TempDir()
	server := newAuthServer(t)
	m := newManager(t, home, server)
	var causes []Cause
	defer m.Subscribe(func(_ context.Context, c Change) { causes = append(causes, c.Cause) })()
	require.NoError(t, m.LoginAPIKey(t.Context(), NewSecret("sk-old")))
	l, err := m.StartLogin(t.Context())
	require.NoError(t, err)
	b := open(t, l, server)

	require.True(t, strings.HasPrefix(l.URL, server.URL+"/oauth/authorize?"))
	require.NotContains(t, l.URL, "+")
	require.Len(t, b.query.Get("state"), 43)
	require.Len(t, b.query.Get("code_challenge"), 43)
	for name, want := range map[string]string{
		"response_type": "code", "client_id": clientID, "scope": "openid profile email offline_access",
		"code_challenge_method": "S256", "id_token_add_organizations": "true", "codex_cli_simplified_flow": "true",
		"originator": "test",
	} {
		require.Equal(t, want, b.query.Get(name), name)
	}
	require.Regexp(t, `^http://localhost:\d+/auth/callback$`, b.query.Get("redirect_uri"))

	status, _, _ := b.get("/success")
	require.Equal(t, 404, status, "not yet")
	status, _, _ = b.get("/auth/callback", "code", "good-code", "state", "wrong")
	require.Equal(t, 400, status)
	status, _, _ = b.get("/auth/callback", "code", "good-code")
	require.Equal(t, 400, status)
	status, _, _ = b.callback()
	require.Equal(t, 400, status, "no code")
	status, _, text := b.callback("code", "bad-code")
	require.Equal(t, 500, status)
	require.Contains(t, text, "answered 400")
	select {
	case <-l.Done():
		t.Fatal("the login goes on after all that")
	default:
	}

	status, at, text := b.callback("code", "good-code")
	require.Equal(t, 200, status)
	require.Equal(t, "/success", at, "no code and no token in the address")
	require.Contains(t, text, "Signed in")
	require.NoError(t, l.Err())
	require.Equal(t, []Cause{CauseLogin, CauseLogin}, causes)

	file := readFile(t, home)
	require.Nil(t, file["OPENAI_API_KEY"], "nothing of the older login is left")
	require.Contains(t, file, "OPENAI_API_KEY")
	require.Equal(t, map[string]any{
		"id_token": jwt(server.claims), "access_token": "access-0", "refresh_token": "refresh-0", "account_id": "acct",
	}, file["tokens"])
	at2, err := time.Parse(time.RFC3339, file["last_refresh"].(string))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), at2, time.Minute)
	s := m.Snapshot()
	require.Equal(t, mcpprotocol.AuthModeChatgpt, s.Mode)
	require.Equal(t, mcpprotocol.PlanType("pro"), s.Plan)
	require.Equal(t, "a@b.c", s.Email)
}

func TestLoginSucceedsWithoutTheLastPage(t *testing.T) {
	server := newAuthServer(t)
	server.key = "sk-issued"
	server.claims = `{"https://api.openai.com/auth": {"is_org_owner": true}}`
	home := t.TempDir()
	m := newManager(t, home, server)
	l, err := m.StartLogin(t.Context())
	require.NoError(t, err)
	b := open(t, l, server)
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	status, _, _ := b.callback("code", "good-code")
	require.Equal(t, 302, status)
	require.NoError(t, l.Err())
	require.Equal(t, mcpprotocol.AuthModeApikey, m.Snapshot().Mode, "the account came with a key")
	require.Equal(t, "sk-issued", m.Snapshot().Token().Reveal())
	file := readFile(t, home)
	require.Contains(t, file["tokens"], "account_id")
	require.Nil(t, file["tokens"].(map[string]any)["account_id"])

	status, _, _ = b.callback("code", "good-code")
	require.Equal(t, 302, status, "asked twice, done once")
	require.ErrorIs(t, m.CancelLogin(l.ID), ErrUnknownLogin, "it has ended")
	status, _, text := b.get("/success")
	require.Equal(t, 200, status)
	require.Contains(t, text, "platform.openai.com")
	<-l.stopped
}

func TestLoginEnds(t *testing.T) {
	tests := []struct {
		name string
		act  func(t *testing.T, m *Manager, b *browser)
		want error
	}{
		{"denied", func(t *testing.T, _ *Manager, b *browser) {
			status, _, text := b.callback("error", "access_denied")
			require.Equal(t, 400, status)
			require.Contains(t, text, "denied")
		}, ErrLoginDenied},
		{"cancelled", func(t *testing.T, m *Manager, b *browser) {
			require.ErrorIs(t, m.CancelLogin("someone else's"), ErrUnknownLogin)
			require.NoError(t, m.CancelLogin(b.login.ID))
			require.ErrorIs(t, m.CancelLogin(b.login.ID), ErrUnknownLogin)
		}, ErrLoginCancelled},
		{"cancelled by another program", func(t *testing.T, _ *Manager, b *browser) {
			status, _, _ := b.get("/cancel")
			require.Equal(t, 200, status)
		}, ErrLoginCancelled},
		{"replaced", func(t *testing.T, m *Manager, _ *browser) {
			_, err := m.StartLogin(t.Context())
			require.NoError(t, err)
		}, ErrLoginReplaced},
		{"key instead", func(t *testing.T, m *Manager, _ *browser) {
			require.NoError(t, m.LoginAPIKey(t.Context(), NewSecret("sk")))
		}, ErrLoginCancelled},
		{"logout", func(t *testing.T, m *Manager, _ *browser) { require.NoError(t, m.Logout(t.Context())) }, ErrLoginCancelled},
		{"closed", func(_ *testing.T, m *Manager, _ *browser) { m.Close() }, ErrLoginCancelled},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := newAuthServer(t)
			home := t.TempDir()
			m := newManager(t, home, server)
			l, err := m.StartLogin(t.Context())
			require.NoError(t, err)
			test.act(t, m, open(t, l, server))
			require.ErrorIs(t, l.Err(), test.want)
			<-l.stopped
			if test.name != "key instead" {
				require.NoFileExists(t, filepath.Join(home, FileName))
			}
		})
	}
}

func TestLoginTimesOut(t *testing.T) {
	m, err := New(Options{Home: t.TempDir(), CallbackAddress: "127.0.0.1:0", LoginTimeout: 20 * time.Millisecond})
	require.NoError(t, err)
	l, err := m.StartLogin(t.Context())
	require.NoError(t, err)
	require.ErrorIs(t, l.Err(), ErrLoginTimeout)
	<-l.stopped
}

func TestCancelDuringTheExchange(t *testing.T) {
	server := newAuthServer(t)
	server.hold = make(chan struct{})
	home := t.TempDir()
	m := newManager(t, home, server)
	l, err := m.StartLogin(t.Context())
	require.NoError(t, err)
	b := open(t, l, server)
	answered := make(chan int)
	go func() {
		resp, err := b.client.Get(strings.Replace(b.query.Get("redirect_uri"), "localhost", "127.0.0.1", 1) + "?code=good-code&state=" + b.query.Get("state"))
		if err != nil {
			answered <- 0
			return
		}
		_ = resp.Body.Close()
		answered <- resp.StatusCode
	}()
	require.Eventually(t, func() bool {
		locked := !l.exchange.TryLock()
		if !locked {
			l.exchange.Unlock()
		}
		return locked
	}, 5*time.Second, time.Millisecond)
	require.NoError(t, m.CancelLogin(l.ID))
	require.NotEqual(t, 302, <-answered)
	require.ErrorIs(t, l.Err(), ErrLoginCancelled)
	require.NoFileExists(t, filepath.Join(home, FileName))
}

func TestCallbackServerIsForThisMachine(t *testing.T) {
	server := newAuthServer(t)
	m := newManager(t, t.TempDir(), server)
	l, err := m.StartLogin(t.Context())
	require.NoError(t, err)
	b := open(t, l, server)
	ask := func(method, host, site string) int {
		req, err := http.NewRequest(method, "http://127.0.0.1"+l.address+"/cancel", nil)
		require.NoError(t, err)
		req.Host = host
		if site != "" {
			req.Header.Set("Sec-Fetch-Site", site)
		}
		resp, err := b.client.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
		return resp.StatusCode
	}
	require.Equal(t, 403, ask("GET", "evil.example"+l.address, ""), "DNS rebinding")
	require.Equal(t, 403, ask("GET", "localhost:1", ""))
	require.Equal(t, 405, ask("POST", "localhost"+l.address, ""))
	require.Equal(t, 403, ask("GET", "localhost"+l.address, "cross-site"))
	status, _, _ := b.get("/elsewhere")
	require.Equal(t, 404, status)
	require.False(t, l.ended())
	require.Equal(t, 200, ask("GET", "localhost"+l.address, "none"))
	require.ErrorIs(t, l.Err(), ErrLoginCancelled)
}

func TestTwoProcessesShareThePort(t *testing.T) {
	server := newAuthServer(t)
	first := newManager(t, t.TempDir(), server)
	l1, err := first.StartLogin(t.Context())
	require.NoError(t, err)
	second, err := New(Options{Home: t.TempDir(), Issuer: server.URL, Client: server.Client(), CallbackAddress: "127.0.0.1" + l1.address})
	require.NoError(t, err)
	defer second.Close()
	l2, err := second.StartLogin(t.Context())
	require.NoError(t, err)
	require.ErrorIs(t, l1.Err(), ErrLoginCancelled, "asked to give way")
	status, _, _ := open(t, l2, server).callback("code", "good-code")
	require.Equal(t, 200, status)
	require.NoError(t, l2.Err())
}

func TestBusyPort(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close() //nolint:errcheck // the end of the test
	asked := make(chan string, bindAttempts)
	busy := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r.URL.Path })}
	go func() { _ = busy.Serve(listener) }()
	defer busy.Close() //nolint:errcheck // the end of the test

	m, err := New(Options{Home: t.TempDir(), CallbackAddress: listener.Addr().String()})
	require.NoError(t, err)
	_, err = m.StartLogin(t.Context())
	require.ErrorContains(t, err, "address already in use")
	require.Equal(t, "/cancel", <-asked)
	require.Empty(t, asked, "asked once")

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = m.StartLogin(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}
