// Package try connects a client to a server in memory, for the tests of the
// examples.
package try

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
	"github.com/codexmcp/codexmcp/wire"
)

// A Client is the other end of a session of 2025-06-18.
type Client struct {
	*jsonrpc.Conn
	t testing.TB
}

// Connect opens a session. The client declares elicitation, and takes what
// handlers, which may be nil, have.
func Connect(t testing.TB, s *server.Server, handlers *jsonrpc.Methods) *Client {
	t.Helper()
	near, far := jsonrpc.Pipe()
	served := make(chan error, 1)
	go func() { served <- s.Serve(context.Background(), far) }()
	c := Dial(t, near, handlers)
	t.Cleanup(func() {
		require.NoError(t, c.Close(context.Background()))
		require.NoError(t, <-served)
	})
	return c
}

// Dial opens a session over a transport.
func Dial(t testing.TB, transport jsonrpc.Transport, handlers *jsonrpc.Methods) *Client {
	t.Helper()
	if handlers == nil {
		handlers = &jsonrpc.Methods{}
	}
	c := &Client{jsonrpc.New(jsonrpc.Options{Handler: handlers}), t}
	c.Start(context.Background(), transport)
	_, err := jsonrpc.Call(t.Context(), c.Conn, mcptypes.Initialize, mcptypes.InitializeParams{
		ProtocolVersion: mcptypes.LatestRevision, ClientInfo: mcptypes.Implementation{Name: "try", Version: "1"},
		Capabilities: mcptypes.ClientCapabilities{Elicitation: wire.MembersOf()},
	})
	require.NoError(t, err)
	require.NoError(t, jsonrpc.Notify(t.Context(), c.Conn, mcptypes.Initialized, mcptypes.InitializedParams{}))
	return c
}

// CallTool calls a tool and returns the text of its result.
func (c *Client) CallTool(name, arguments string) string {
	c.t.Helper()
	raw, err := wire.ParseRaw([]byte(arguments))
	require.NoError(c.t, err)
	result, err := jsonrpc.Call(c.t.Context(), c.Conn, mcptypes.CallTool, mcptypes.CallToolParams{Name: name, Arguments: raw})
	require.NoError(c.t, err)
	require.NotEmpty(c.t, result.Content)
	text, ok := result.Content[0].(*mcptypes.TextContent)
	require.True(c.t, ok)
	return text.Text
}
