package client_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/client"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
	"github.com/codexmcp/codexmcp/wire"
)

// TestMiddleware wraps what goes out and what comes in, and replaces a result.
func TestMiddleware(t *testing.T) {
	s := server.New(mcptypes.Implementation{Name: "s", Version: "1"}, nil)
	require.NoError(t, server.AddTool(s, mcptypes.Tool{Name: "ask"}, func(ctx context.Context, _ struct{}) (string, error) {
		roots, err := server.Roots(ctx)
		if err != nil {
			return "", err
		}
		return roots[0].URI, nil
	}))
	near, far := jsonrpc.Pipe()
	served := make(chan error, 1)
	go func() { served <- s.Serve(context.Background(), far) }()
	var passed []string
	notes := func(what string) jsonrpc.Middleware {
		return func(next jsonrpc.CallFunc) jsonrpc.CallFunc {
			return func(ctx context.Context, method string, params wire.Value) (wire.Value, error) {
				passed = append(passed, what+" "+method)
				result, err := next(ctx, method, params)
				if r, ok := result.(*mcptypes.CallToolResult); ok && err == nil {
					result = &mcptypes.CallToolResult{Content: append(r.Content, mcptypes.Text("and more"))}
				}
				return result, err
			}
		}
	}
	c, err := client.Connect(t.Context(), near, client.Options{
		Info: mcptypes.Implementation{Name: "c", Version: "1"}, Revisions: []string{"2025-06-18"},
		Incoming: []jsonrpc.Middleware{notes("in")}, Outgoing: []jsonrpc.Middleware{notes("outer"), notes("inner")},
		Roots: func(context.Context) ([]mcptypes.Root, error) { return []mcptypes.Root{{URI: "file:///r"}}, nil },
	})
	require.NoError(t, err)
	result, err := client.Call(t.Context(), c, mcptypes.CallTool, mcptypes.CallToolParams{Name: "ask"})
	require.NoError(t, err)
	require.Equal(t, []mcptypes.ContentBlock{mcptypes.Text("file:///r"), mcptypes.Text("and more"), mcptypes.Text("and more")}, result.Content)
	require.NoError(t, c.Close(context.Background()))
	require.NoError(t, <-served)
	require.Equal(t, []string{
		"outer initialize", "inner initialize", "outer notifications/initialized", "inner notifications/initialized",
		"outer tools/call", "inner tools/call", "in roots/list",
	}, passed)
}
