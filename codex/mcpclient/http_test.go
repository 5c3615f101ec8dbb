package mcpclient

import (
	"context"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/mcptypes"
	mcpserver "github.com/codexmcp/codexmcp/server"
)

// A server that is elsewhere is reached over HTTP, with the token that its
// variable holds.
func TestServersOverHTTP(t *testing.T) {
	type none struct{}
	far := mcpserver.New(mcptypes.Implementation{Name: "far", Version: "1"}, nil)
	require.NoError(t, mcpserver.AddTool(far, mcptypes.Tool{Name: "hello"}, func(context.Context, none) (string, error) { return "from afar", nil }))
	handler := mcpserver.HTTPHandler(far, nil)
	web := httptest.NewServer(mcpserver.RequireToken("hush", handler))
	t.Cleanup(web.Close)
	t.Cleanup(func() { require.NoError(t, handler.Close(context.Background())) })

	entry := config.MCPServer{Name: "far", URL: web.URL, BearerTokenVar: "FAR_TOKEN"}
	p := start(t, Options{Environ: []string{"FAR_TOKEN=hush"}}, entry)
	output, _ := call(t, p, "far__hello", "")
	require.Contains(t, output, "from afar")

	for environ, want := range map[string]string{
		"FAR_TOKEN=wrong": "HTTP 401",
		"OTHER=x":         "the variable FAR_TOKEN, which should hold the token for " + web.URL + ", is not set",
	} {
		p, errs := New(t.Context(), []config.MCPServer{entry}, Options{Environ: []string{environ}})
		p.Close()
		require.Len(t, errs, 1)
		require.ErrorContains(t, errs[0], want)
		require.NotContains(t, errs[0].Error(), "wrong", "no secret is told")
	}
}
