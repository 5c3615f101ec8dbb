package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// An authServer is an authorization server that knows one person and grants
// whatever is asked correctly.
type authServer struct {
	*httptest.Server

	mu        sync.Mutex
	challenge string // of the login under way
	renewals  int
	refuse    map[string]int // grant type to status
	key       string         // "" for an account without API access
	claims    string         // of id tokens
	hold      chan struct{}  // when set, code exchanges wait for it
}

func newAuthServer(t *testing.T) *authServer {
	t.Helper()
	s := &authServer{refuse: map[string]int{}, claims: `{"email": "a@b.c", "https://api.openai.com/auth": {"chatgpt_account_id": "acct", "chatgpt_plan_type": "pro"}}`}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *authServer) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/oauth/token" || r.Method != http.MethodPost {
		http.NotFound(w, r)
		return
	}
	form := map[string]string{}
	if r.Header.Get("Content-Type") == "application/json" {
		if json.NewDecoder(r.Body).Decode(&form) != nil {
			http.Error(w, "bad", http.StatusBadRequest)
			return
		}
	} else if r.ParseForm() == nil {
		for name := range r.PostForm {
			form[name] = r.PostForm.Get(name)
		}
	}
	s.mu.Lock()
	hold := s.hold
	s.mu.Unlock()
	if hold != nil && form["grant_type"] == "authorization_code" {
		select {
		case <-hold:
		case <-r.Context().Done():
			return
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	reply := map[string]string{"id_token": jwt(s.claims)}
	status := http.StatusOK
	sum := sha256.Sum256([]byte(form["code_verifier"]))
	switch {
	case s.refuse[form["grant_type"]] != 0:
		status = s.refuse[form["grant_type"]]
	case form["client_id"] != clientID:
		status = http.StatusUnauthorized
	case form["grant_type"] == "authorization_code":
		if form["code"] != "good-code" || base64.RawURLEncoding.EncodeToString(sum[:]) != s.challenge {
			status = http.StatusBadRequest
		}
		reply["access_token"], reply["refresh_token"] = "access-0", "refresh-0"
	case form["grant_type"] == grantTokenExchange:
		if s.key == "" || form["subject_token"] != jwt(s.claims) {
			status = http.StatusForbidden
		}
		reply = map[string]string{"access_token": s.key}
	case form["grant_type"] == "refresh_token":
		if want := fmt.Sprintf("refresh-%d", s.renewals); form["refresh_token"] != want || form["scope"] != refreshScope {
			status = http.StatusUnauthorized
			break
		}
		s.renewals++
		reply["access_token"], reply["refresh_token"] = fmt.Sprintf("access-%d", s.renewals), fmt.Sprintf("refresh-%d", s.renewals)
	default:
		status = http.StatusBadRequest
	}
	if status != http.StatusOK {
		// A server that echoes what it was sent must not bring it into our errors.
		reply = map[string]string{"error": "invalid_grant", "error_description": form["refresh_token"] + form["code"]}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(reply)
}

func (s *authServer) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.renewals
}

func (s *authServer) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func jwt(claims string) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"none"}`)) + "." + enc([]byte(claims)) + "." + enc([]byte("sig"))
}

func newManager(t *testing.T, home string, server *authServer) *Manager {
	t.Helper()
	options := Options{Home: home, CallbackAddress: "127.0.0.1:0", Originator: "test"}
	if server != nil {
		options.Issuer, options.Client = server.URL, server.Client()
	}
	m, err := New(options)
	require.NoError(t, err)
	t.Cleanup(m.Close)
	return m
}

// putTokens writes an auth.json as the original does.
func putTokens(t *testing.T, home, access, refresh string, lastRefresh time.Time) {
	t.Helper()
	putFile(t, home, fmt.Sprintf(`{"OPENAI_API_KEY": null, "tokens": {"id_token": %q, "access_token": %q, "refresh_token": %q, "account_id": "acct"}, "last_refresh": %q, "later": [1]}`,
		jwt(`{"email": "a@b.c"}`), access, refresh, lastRefresh.UTC().Format(time.RFC3339)))
}

func putFile(t *testing.T, home, text string) {
	t.Helper()
	// In place, as others do it.
	require.NoError(t, os.WriteFile(filepath.Join(home, FileName), []byte(text), 0o644))
}

func readFile(t *testing.T, home string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(home, FileName))
	require.NoError(t, err)
	info, err := os.Stat(filepath.Join(home, FileName))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	var values map[string]any
	require.NoError(t, json.Unmarshal(text, &values))
	return values
}

func TestSnapshotOfFiles(t *testing.T) {
	id := jwt(`{"email": "a@b.c", "https://api.openai.com/auth": {"chatgpt_plan_type": "galactic"}}`)
	tests := []struct {
		name, file string
		mode       mcpprotocol.AuthMode
		token      string
		email      string
		problem    string
	}{
		{"key", `{"OPENAI_API_KEY": "sk"}`, "apikey", "sk", "", ""},
		{"key and nulls", `{"OPENAI_API_KEY": "sk", "tokens": null, "last_refresh": null}`, "apikey", "sk", "", ""},
		{"empty key", `{"OPENAI_API_KEY": ""}`, "apikey", "", "", ""},
		{"tokens", `{"OPENAI_API_KEY": null, "tokens": {"id_token": "` + id + `", "access_token": "at", "refresh_token": "rt", "account_id": null}, "last_refresh": "2099-01-01T00:00:00.123456789Z"}`, "chatgpt", "at", "a@b.c", ""},
		{"both", `{"OPENAI_API_KEY": "sk", "tokens": {"id_token": "` + id + `", "access_token": "at", "refresh_token": "rt"}}`, "apikey", "sk", "a@b.c", ""},
		{"nothing", `{}`, "chatgpt", "", "", ""},
		{"no JSON", `{nope`, "", "", "", "not a file of credentials"},
		{"wrong type", `{"OPENAI_API_KEY": {"hush": "hush"}}`, "", "", "", "not a file of credentials"},
		{"bad id token", `{"tokens": {"id_token": "hush.hush", "access_token": "hush", "refresh_token": "hush"}}`, "", "", "", "tokens.id_token: not a JSON Web Token"},
		{"id token of no JSON", `{"tokens": {"id_token": "a.!.c", "access_token": "hush", "refresh_token": "hush"}}`, "", "", "", "tokens.id_token: not a JSON Web Token"},
		{"bad time", `{"OPENAI_API_KEY": "hush", "last_refresh": "yesterday"}`, "", "", "", "last_refresh"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			home := t.TempDir()
			putFile(t, home, test.file)
			s := newManager(t, home, nil).Snapshot()
			require.Equal(t, test.mode, s.Mode)
			require.Equal(t, test.token, s.Token().Reveal())
			require.Equal(t, test.email, s.Email)
			if test.problem == "" {
				require.NoError(t, s.Problem)
			} else {
				require.ErrorContains(t, s.Problem, test.problem)
				require.NotContains(t, s.Problem.Error(), "hush")
				require.False(t, s.SignedIn())
			}
		})
	}
	s := newManager(t, t.TempDir(), nil).Snapshot()
	require.Equal(t, Snapshot{}, s)
}

func TestAPIKey(t *testing.T) {
	home := filepath.Join(t.TempDir(), "new")
	m := newManager(t, home, nil)
	var changes []Change
	type marker struct{}
	defer m.Subscribe(func(ctx context.Context, c Change) {
		require.Equal(t, "mine", ctx.Value(marker{}))
		changes = append(changes, c)
	})()
	ctx := context.WithValue(t.Context(), marker{}, "mine")
	_, err := m.Credential(ctx)
	require.ErrorIs(t, err, ErrSignedOut)

	require.NoError(t, m.LoginAPIKey(ctx, NewSecret("sk-1")))
	require.Equal(t, map[string]any{"OPENAI_API_KEY": "sk-1"}, readFile(t, home))
	c, err := m.Credential(ctx)
	require.NoError(t, err)
	require.Equal(t, "sk-1", c.Token.Reveal())
	require.Error(t, m.Renew(ctx, c))

	require.NoError(t, os.Chmod(filepath.Join(home, FileName), 0o644))
	require.NoError(t, m.LoginAPIKey(ctx, NewSecret("")))
	require.Equal(t, map[string]any{"OPENAI_API_KEY": ""}, readFile(t, home))
	require.Equal(t, Status{RequiresOpenAI: true}, m.Status(ctx, true, true))

	require.NoError(t, m.Logout(ctx))
	require.NoError(t, m.Logout(ctx), "nothing to remove is fine")
	require.NoFileExists(t, filepath.Join(home, FileName))
	require.Len(t, changes, 4)
	require.Equal(t, CauseLogin, changes[0].Cause)
	require.Equal(t, mcpprotocol.AuthModeApikey, changes[0].After.Mode)
	require.Equal(t, CauseLogout, changes[3].Cause)
}

func TestFailedWritesLeaveThingsAsTheyAre(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(home, FileName), 0o700))
	m := newManager(t, home, nil)
	require.Error(t, m.LoginAPIKey(t.Context(), NewSecret("hush")))
	require.False(t, m.Snapshot().SignedIn())
}

func TestStatus(t *testing.T) {
	home := t.TempDir()
	server := newAuthServer(t)
	putTokens(t, home, "access-0", "refresh-0", time.Now().Add(time.Hour))
	m := newManager(t, home, server)
	s := m.Status(t.Context(), true, false)
	require.Equal(t, mcpprotocol.AuthModeChatgpt, s.Mode)
	require.Equal(t, "access-0", s.Token.Reveal())
	require.Equal(t, Status{}, m.Status(t.Context(), false, true), "not needed for this provider")
	require.Zero(t, server.count())

	s = m.Status(t.Context(), true, true)
	require.NoError(t, s.RenewalError)
	require.Equal(t, "access-1", s.Token.Reveal())
	s = m.Status(t.Context(), true, true)
	require.Equal(t, "access-2", s.Token.Reveal(), "asked for again, done again")

	server.set(func() { server.refuse["refresh_token"] = 401 })
	s = m.Status(t.Context(), true, true)
	require.EqualError(t, s.RenewalError, `renewing the tokens: the authorization server answered 401 "invalid_grant"`)
	require.Equal(t, "access-2", s.Token.Reveal(), "the old one is better than none")
}

func TestRenewal(t *testing.T) {
	home := t.TempDir()
	server := newAuthServer(t)
	putTokens(t, home, "access-0", "refresh-0", time.Now().Add(-29*24*time.Hour))
	m := newManager(t, home, server)
	c, err := m.Credential(t.Context())
	require.NoError(t, err)
	require.Equal(t, "access-1", c.Token.Reveal(), "too old")
	require.Equal(t, "acct", c.AccountID)
	file := readFile(t, home)
	require.Equal(t, []any{1.0}, file["later"], "unknown members stay")
	require.Nil(t, file["OPENAI_API_KEY"])
	require.Contains(t, file, "OPENAI_API_KEY")
	require.Equal(t, "refresh-1", file["tokens"].(map[string]any)["refresh_token"])

	// Refused: many requests, one renewal.
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() { _ = m.Renew(t.Context(), c) })
	}
	wg.Wait()
	require.Equal(t, 2, server.count())
	c, err = m.Credential(t.Context())
	require.NoError(t, err)
	require.Equal(t, "access-2", c.Token.Reveal())

	// Another process has renewed them already.
	putTokens(t, home, "access-x", "refresh-x", time.Now())
	require.NoError(t, m.Renew(t.Context(), c))
	require.Equal(t, 2, server.count())
	require.Equal(t, "access-x", m.Snapshot().Token().Reveal())

	// Or has signed out.
	require.NoError(t, os.Remove(filepath.Join(home, FileName)))
	require.NoError(t, m.Renew(t.Context(), m.Snapshot().credential()))
	_, err = m.Credential(t.Context())
	require.ErrorIs(t, err, ErrSignedOut)
}

func TestRenewalFailures(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		want    string
		refused bool
	}{
		{"refused", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"error": {"code": "refresh_token_reused", "message": "hush"}}`, http.StatusBadRequest)
		},
			`the authorization server answered 400 "refresh_token_reused"`, true},
		{"down", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "hush", http.StatusServiceUnavailable) }, "the authorization server answered 503", false},
		{"redirected", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, "answered 307", false},
		{"no JSON", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hush") }, "not what was asked for", false},
		{"no id token", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"access_token": "hush"}`) }, "not what was asked for", false},
		{"bad id token", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"id_token": "hush"}`) }, "not a JSON Web Token", false},
		{"endless", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat(" ", maxReplySize+1))
		}, "not what was asked for", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(test.handler)
			defer server.Close()
			home := t.TempDir()
			putTokens(t, home, "hush", "hush", time.Time{})
			m, err := New(Options{Home: home, Issuer: server.URL, Client: server.Client()})
			require.NoError(t, err)
			before, err := os.ReadFile(filepath.Join(home, FileName))
			require.NoError(t, err)
			_, err = m.Credential(t.Context())
			require.ErrorContains(t, err, test.want)
			require.NotContains(t, err.Error(), "hush")
			if refused, ok := err.(*IssuerError); ok { //nolint:errorlint // never wrapped here
				require.Equal(t, test.refused, refused.Refused())
			}
			after, err := os.ReadFile(filepath.Join(home, FileName))
			require.NoError(t, err)
			require.Equal(t, before, after)
			s := m.Status(t.Context(), true, false)
			require.Empty(t, s.Mode, "old tokens that cannot be renewed are none")
		})
	}
}

func TestOtherProgramsChangeTheFile(t *testing.T) {
	synctest.Test(t, otherProgramsChangeTheFile)
}

func otherProgramsChangeTheFile(t *testing.T) {
	home := t.TempDir()
	m := newManager(t, home, nil)
	putFile(t, home, `{"OPENAI_API_KEY": "sk-1"}`)
	require.Empty(t, m.Status(t.Context(), true, false).Mode, "status is from memory")
	c, err := m.Credential(t.Context())
	require.NoError(t, err)
	require.Equal(t, "sk-1", c.Token.Reveal(), "requests look at the file")

	putFile(t, home, `{"OPENAI_API_`)
	c, err = m.Credential(t.Context())
	require.NoError(t, err)
	require.Equal(t, "sk-1", c.Token.Reveal(), "half a file changes nothing yet")

	changes := make(chan Change, 10)
	defer m.Subscribe(func(_ context.Context, c Change) { changes <- c })()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		m.Watch(ctx)
	}()
	putFile(t, home, fmt.Sprintf(`{"tokens": {"id_token": %q, "access_token": "at", "refresh_token": "rt"}, "last_refresh": "2099-01-01T00:00:00Z"}`, jwt(`{"email": "x@y.z"}`)))
	require.Equal(t, "x@y.z", m.Email())
	change := <-changes
	require.Equal(t, CauseExternal, change.Cause)
	require.Equal(t, mcpprotocol.AuthModeApikey, change.Before.Mode)
	require.Equal(t, mcpprotocol.AuthModeChatgpt, change.After.Mode)
	require.NoError(t, os.Remove(filepath.Join(home, FileName)))
	change = <-changes
	require.Empty(t, change.After.Mode)
	stop()
	<-ended
}
