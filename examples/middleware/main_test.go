package main

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// safe is a buffer for several goroutines.
type safe struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *safe) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *safe) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

func TestRequestsPassTheMiddleware(t *testing.T) {
	var logs safe
	handler, mcp, err := newHandler(slog.New(slog.NewTextHandler(&logs, nil)), "secret")
	require.NoError(t, err)
	web := httptest.NewServer(handler)
	defer web.Close()
	send := func(token string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, web.URL+"/mcp", strings.NewReader(
			`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`))
		require.NoError(t, err)
		req.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}, "Authorization": {"Bearer " + token}}
		resp, err := web.Client().Do(req)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode, string(body)
	}
	status, _ := send("wrong")
	require.Equal(t, http.StatusUnauthorized, status)
	status, body := send("secret")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, `"name":"middleware"`)
	require.Contains(t, logs.String(), "path=/mcp")
	require.Contains(t, logs.String(), "method=initialize")
	require.NoError(t, mcp.Close(t.Context()))
}
