package server_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/server"
)

// FuzzHTTP gives the handler any request: it answers, and with nothing but what
// the protocol knows.
func FuzzHTTP(f *testing.F) {
	s := chatty(f)
	s.RemoveTool("count")
	list := `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{` + modernMeta + `}}`
	for _, body := range []string{list, `{`, `[]`, `null`, `{"id":1,"method":"ping"}`, `{"jsonrpc":"2.0","id":1,"result":{}}`,
		strings.Replace(list, "tools/list", "server/discover", 1),
		`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`} {
		f.Add("POST", body, "localhost", "", "2026-07-28", "tools/list", "", "")
		f.Add("POST", body, "localhost", "http://localhost", "", "", "", "")
		f.Add("POST", body, "127.0.0.1:evil.com", "null", "2025-06-18", "", "x", "1-1")
	}
	f.Fuzz(func(t *testing.T, method, body, host, origin, version, name, session, last string) {
		h := server.HTTPHandler(s, &server.HTTPOptions{MaxSessions: 4})
		ctx, cancel := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, method, "http://localhost/mcp", strings.NewReader(body))
		if err != nil {
			cancel()
			return
		}
		r.Host = host
		r.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"*/*"}, "Mcp-Protocol-Version": {version},
			"Mcp-Method": {name}, "Mcp-Name": {name}, "Mcp-Session-Id": {session}, "Last-Event-Id": {last}}
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		if strings.Contains(body, "listen") {
			cancel() // it would wait for changes
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		cancel()
		require.Contains(t, []int{200, 202, 204, 400, 403, 404, 405, 406, 413, 415}, w.Code)
		if w.Code == http.StatusOK && w.Header().Get("Content-Type") == "application/json" {
			c := jsonrpc.New(jsonrpc.Options{})
			require.NoError(t, c.Deliver(context.Background(), w.Body.Bytes(), nil))
			require.Zero(t, c.Stats().InvalidMessages)
		}
		require.NoError(t, h.Close(context.Background()))
	})
}
