package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// startListening runs serve until the test ends and returns the URLs that it
// tells of on its error output, as many as are wanted.
func startListening(t *testing.T, n int, args ...string) []string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	told, errw := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, append([]string{"serve"}, args...), strings.NewReader(""), io.Discard, errw)
		_ = errw.Close()
	}()
	lines := bufio.NewScanner(told)
	var urls []string
	for len(urls) < n && lines.Scan() {
		if found := regexp.MustCompile(`Serving (\S+)`).FindStringSubmatch(lines.Text()); found != nil {
			urls = append(urls, found[1])
		}
	}
	require.Len(t, urls, n)
	go func() {
		for lines.Scan() { // so that it can go on
			continue
		}
	}()
	t.Cleanup(func() {
		cancel()
		require.Zero(t, <-ended)
		http.DefaultClient.CloseIdleConnections()
	})
	return urls
}

func get(t *testing.T, url, host string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	r.Host = host
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode, string(body)
}

func TestServeDebug(t *testing.T) {
	newHome(t, "")
	urls := startListening(t, 2, "--http", "127.0.0.1:0", "--debug", ":0")
	base := strings.TrimSuffix(urls[0], "debug/pprof/")
	for path, want := range map[string]string{"healthz": "ok", "debug/pprof/": "goroutine", "debug/pprof/goroutine?debug=1": "serveDebug"} {
		status, body := get(t, base+path, "")
		require.Equal(t, http.StatusOK, status, path)
		require.Contains(t, body, want)
	}
	status, _ := get(t, base+"healthz", "evil.example")
	require.Equal(t, http.StatusForbidden, status)
	status, _ = get(t, base+"mcp", "")
	require.Equal(t, http.StatusNotFound, status)
	for _, wide := range [][]string{{"--http", "127.0.0.1:0", "--debug", "0.0.0.0:0"}, {"--http", "0.0.0.0:0"}} {
		r := runWith(t, "", append([]string{"serve"}, wide...)...)
		require.NotZero(t, r.code)
		require.Contains(t, r.err, "without a token only this machine can be served")
	}
}

func TestServeAccessTokens(t *testing.T) {
	newHome(t, "")
	mux := http.NewServeMux()
	issuer := httptest.NewServer(mux)
	defer issuer.Close()
	document := func(v any) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(v) }
	}
	mux.HandleFunc("/.well-known/openid-configuration", document(map[string]any{"issuer": issuer.URL, "jwks_uri": issuer.URL + "/keys"}))
	mux.HandleFunc("/keys", document(map[string]any{"keys": []any{}}))
	const resource = "https://agent.example.com/mcp"
	url := startListening(t, 1, "--http", "127.0.0.1:0", "--issuer", issuer.URL, "--resource", resource, "--scope", "codex")[0]
	status, body := get(t, strings.Replace(url, "/mcp", "/.well-known/oauth-protected-resource/mcp", 1), "agent.example.com")
	require.Equal(t, http.StatusOK, status)
	require.JSONEq(t, `{"resource":"`+resource+`","authorization_servers":["`+issuer.URL+`"],"scopes_supported":["codex"],"bearer_methods_supported":["header"]}`, body)
	status, _ = get(t, url, "agent.example.com")
	require.Equal(t, http.StatusUnauthorized, status)
	for _, wrong := range [][]string{
		{"--http", ":0", "--issuer", issuer.URL}, {"--issuer", issuer.URL, "--resource", resource}, {"--http", ":0", "--resource", resource},
		{"--http", ":0", "--issuer", "http://login.example.com", "--resource", resource},
	} {
		require.Equal(t, 2, runWith(t, "", append([]string{"serve"}, wrong...)...).code)
	}
}
