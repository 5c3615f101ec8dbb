package jsonrpc_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/wire"
)

// TestMessagesGoWhereTheyBelong delivers a request on a writer of its own, as an HTTP POST does.
func TestMessagesGoWhereTheyBelong(t *testing.T) {
	var c *jsonrpc.Conn
	ctxs := make(chan context.Context, 1)
	methods := basics()
	methods.Requests["work"] = &jsonrpc.RequestHandler{Serve: func(ctx context.Context, _ wire.Value) (wire.Value, error) {
		require.Equal(t, wire.StringID("r"), jsonrpc.RequestID(ctx))
		require.Zero(t, jsonrpc.RequestID(jsonrpc.Detach(ctx)))
		require.NoError(t, c.Notify(ctx, "progress", nil))
		require.NoError(t, c.Call(ctx, "ask", nil, nil))
		require.NoError(t, c.Notify(jsonrpc.Detach(ctx), "detached", nil))
		ctxs <- ctx
		return nil, nil
	}}
	c = jsonrpc.New(jsonrpc.Options{Handler: methods})
	require.ErrorIs(t, c.Notify(t.Context(), "x", nil), jsonrpc.ErrNoWriter)

	var main collector
	c.SetWriter(&main)
	post := &answering{c: c}
	require.NoError(t, c.Deliver(t.Context(), []byte(`{"id":"r","method":"work"}`), post))
	require.NoError(t, c.Notify(<-ctxs, "late", nil))

	require.Equal(t, []string{
		`{"jsonrpc":"2.0","method":"progress"}`,
		`{"jsonrpc":"2.0","id":1,"method":"ask"}`,
		`{"jsonrpc":"2.0","id":"r","result":{}}`,
	}, post.take())
	related := wire.StringID("r")
	require.Equal(t, []jsonrpc.Outgoing{
		{Kind: jsonrpc.Notification, Method: "progress", Related: related},
		{Kind: jsonrpc.Request, Method: "ask", ID: wire.IntID(1), Related: related},
		{Kind: jsonrpc.Response, Related: related},
	}, jsonrpc.WithoutBuffers(post.outgoing))
	require.Equal(t, []string{`{"jsonrpc":"2.0","method":"detached"}`, `{"jsonrpc":"2.0","method":"late"}`}, main.take())
	require.Zero(t, main.outgoing[1].Related)

	c.SetWriter(nil)
	require.ErrorIs(t, c.Call(t.Context(), "x", nil, nil), jsonrpc.ErrNoWriter)
	require.Zero(t, c.Stats().Pending)
}

// answering answers every request that it is given, as another POST would.
type answering struct {
	collector
	c *jsonrpc.Conn
}

func (w *answering) Write(ctx context.Context, m jsonrpc.Outgoing) error {
	if err := w.collector.Write(ctx, m); err != nil || m.Kind != jsonrpc.Request {
		return err
	}
	return w.c.Deliver(ctx, []byte(`{"id":`+m.ID.String()+`,"result":{}}`), nil)
}

func TestOutgoingTellsWhatItIs(t *testing.T) {
	c := jsonrpc.New(jsonrpc.Options{Handler: basics()})
	var w collector
	require.NoError(t, c.Deliver(t.Context(), []byte(`{"id":1,"method":"refuse"}`), &w))
	require.Equal(t, jsonrpc.Response, w.outgoing[0].Kind)
	require.Equal(t, int64(-32002), w.outgoing[0].Error.Code)
	require.ErrorIs(t, c.Deliver(t.Context(), []byte(`{"id":1,"method":"ping"}`), nil), jsonrpc.ErrNoWriter)
}

func TestTwoConnectionsDoNotMixTheirRequests(t *testing.T) {
	inner, _ := pair(t, jsonrpc.Options{}, jsonrpc.Options{Handler: basics()})
	methods := &jsonrpc.Methods{Requests: map[string]*jsonrpc.RequestHandler{
		"forward": {Order: jsonrpc.Inline, Serve: func(ctx context.Context, _ wire.Value) (wire.Value, error) {
			return nil, inner.Call(ctx, "ping", nil, nil) // another connection: its answer can be read
		}},
	}}
	outer, _ := pair(t, jsonrpc.Options{}, jsonrpc.Options{Handler: methods})
	require.NoError(t, outer.Call(t.Context(), "forward", nil, nil))
}
