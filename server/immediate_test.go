package server_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
)

// An immediate tool runs where its call was read: as nothing is read meanwhile,
// it cannot ask the client, and is told so at once.
func TestImmediateToolsRunWhereTheyWereRead(t *testing.T) {
	passes := func(next server.Call) server.Call { return next }
	for _, tt := range []struct {
		name      string
		options   *server.Options
		tool      []server.ToolOption
		arguments string
		want      string
	}{
		{"immediate", nil, []server.ToolOption{server.Immediate}, `{}`, "roots/list: " + jsonrpc.ErrInOrder.Error()},
		{"immediate, with middleware", &server.Options{Incoming: []server.Middleware{passes}}, []server.ToolOption{server.Immediate}, `{}`, "file:///x"},
		{"immediate, large arguments", nil, []server.ToolOption{server.Immediate}, `{"pad":"` + strings.Repeat("x", 64<<10) + `"}`, "file:///x"},
		{"not immediate", nil, nil, `{}`, "file:///x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := server.New(info, tt.options)
			require.NoError(t, server.AddTool(s, mcptypes.Tool{Name: "roots"}, func(ctx context.Context, _ struct {
				Pad string `json:"pad,omitempty"`
			}) (string, error) {
				roots, err := server.Roots(ctx)
				if err != nil {
					return "", err
				}
				return roots[0].URI, nil
			}, tt.tool...))
			p := connect(t, s, "2025-06-18", mcptypes.ClientCapabilities{Roots: &mcptypes.ClientCapabilitiesRoots{}}, map[string]*jsonrpc.RequestHandler{
				"roots/list": jsonrpc.HandleRequest(mcptypes.ListRoots, func(context.Context, mcptypes.ListRootsParams) (mcptypes.ListRootsResult, error) {
					return mcptypes.ListRootsResult{Roots: []mcptypes.Root{{URI: "file:///x"}}}, nil
				}),
			})
			for range 2 { // the session goes on
				result, err := call(t, p, "roots", tt.arguments)
				require.NoError(t, err)
				require.Equal(t, tt.want, text(t, result))
			}
		})
	}
}
