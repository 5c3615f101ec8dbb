package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex/auth"
)

func TestLoginWithAPipedKey(t *testing.T) {
	home := newHome(t, "")
	const key = "sk-proj-0123456789abcdefghij"
	r := runWith(t, key+"\n", "login", "--api-key")
	require.Equal(t, 0, r.code, r.err)
	require.Empty(t, r.out)
	require.NotContains(t, r.err, key)
	stored, err := os.ReadFile(filepath.Join(home, "auth.json"))
	require.NoError(t, err)
	require.Contains(t, string(stored), key)

	r = runWith(t, "", "login", "status")
	require.Equal(t, ran{0, "Signed in with an API key, ***ghij\n", ""}, r)
	r = runWith(t, "", "logout")
	require.Equal(t, ran{0, "", "Signed out.\n"}, r)
	require.NoFileExists(t, filepath.Join(home, "auth.json"))
	r = runWith(t, "", "logout")
	require.Equal(t, ran{0, "", "Nobody was signed in.\n"}, r)
	r = runWith(t, "", "login", "status")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.err, "nobody is signed in")
}

// The variable offers a key where a person is asked, and only there.
func TestLoginTakesNoKeyFromTheEnvironmentUnasked(t *testing.T) {
	home := newHome(t, "")
	t.Setenv(keyVariable, "sk-environment")
	r := runWith(t, "", "login", "--api-key")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.err, "no API key was given")
	require.NoFileExists(t, filepath.Join(home, "auth.json"))
}

func TestLoginRepeatsNoKey(t *testing.T) {
	newHome(t, "")
	for _, args := range [][]string{
		{"login", "--api-key=sk-secret"}, {"login", "--api-key", "sk-secret"}, {"login", "sk-secret"},
	} {
		r := runWith(t, "", args...)
		require.Equal(t, 2, r.code, args)
		require.NotContains(t, r.out+r.err, "sk-secret")
	}
}

func TestStatusOfABrokenFile(t *testing.T) {
	home := newHome(t, "")
	require.NoError(t, os.WriteFile(filepath.Join(home, "auth.json"), []byte("{"), 0o600))
	r := runWith(t, "", "login", "status")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.err, "auth.json")
	require.Equal(t, 0, runWith(t, "", "logout").code)
}

// Signing in with a browser, without one: what it would do is done here.
func TestLoginWithABrowser(t *testing.T) {
	part := base64.RawURLEncoding.EncodeToString
	token := part([]byte(`{}`)) + "." + part([]byte(`{"email":"user@example.com","https://api.openai.com/auth":{"chatgpt_plan_type":"plus"}}`)) + ".s"
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("grant_type") != "authorization_code" {
			http.Error(w, `{"error":"denied"}`, http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{
			"id_token": token, "access_token": "a", "refresh_token": "r", "token_type": "Bearer",
		})
	}))
	defer issuer.Close()
	manager, err := auth.New(auth.Options{Home: t.TempDir(), Issuer: issuer.URL, CallbackAddress: "127.0.0.1:0"})
	require.NoError(t, err)

	said, errw := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := loginWith(context.Background(), manager, errw)
		ended <- err
		_ = errw.CloseWithError(io.EOF)
	}()
	lines := bufio.NewReader(said)
	var address *url.URL
	for address == nil {
		line, err := lines.ReadString('\n')
		require.NoError(t, err)
		if found := regexp.MustCompile(`http://\S+`).FindString(line); found != "" {
			address, err = url.Parse(found)
			require.NoError(t, err)
		}
	}
	rest := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(lines)
		rest <- string(text)
	}()
	back, err := url.Parse(address.Query().Get("redirect_uri"))
	require.NoError(t, err)
	back.Host = strings.Replace(back.Host, "localhost", "127.0.0.1", 1)
	back.RawQuery = url.Values{"code": {"c"}, "state": {address.Query().Get("state")}}.Encode()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(back.String())
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.NoError(t, <-ended)
	require.Contains(t, <-rest, "Signed in with ChatGPT as user@example.com (plan plus).")
}

func TestLoginGivenUp(t *testing.T) {
	manager, err := auth.New(auth.Options{Home: t.TempDir(), CallbackAddress: "127.0.0.1:0"})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cancelling := writerFunc(func(p []byte) (int, error) {
		cancel()
		return len(p), nil
	})
	require.Error(t, loginWith(ctx, manager, cancelling))
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
