package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/examples/internal/try"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
)

// TestEverythingIsThere calls every tool that asks for nothing, and lists the rest.
func TestEverythingIsThere(t *testing.T) {
	s, err := newServer(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	c := try.Connect(t, s, nil)
	tools, err := jsonrpc.Call(t.Context(), c.Conn, mcptypes.ListTools, mcptypes.ListToolsParams{})
	require.NoError(t, err)
	require.Greater(t, len(tools.Tools), 25)
	for _, tool := range tools.Tools {
		require.NotEmpty(t, tool.Description, tool.Name)
		_, err := jsonrpc.Call(t.Context(), c.Conn, mcptypes.CallTool, mcptypes.CallToolParams{Name: tool.Name})
		require.NoError(t, err, tool.Name)
	}
}

func TestRunServesUntilItsInputEnds(t *testing.T) {
	var out bytes.Buffer
	in := strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"ping"}` + "\n")
	require.NoError(t, run(context.Background(), nil, in, &out, io.Discard))
	require.JSONEq(t, `{"jsonrpc":"2.0","id":1,"result":{}}`, out.String())
	require.Error(t, run(t.Context(), []string{"-unknown"}, in, &out, io.Discard))
	require.Error(t, run(t.Context(), []string{"-http", "0.0.0.0:0"}, in, &out, io.Discard))
}
