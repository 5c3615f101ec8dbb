package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/examples/internal/try"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

func TestReportsAndStops(t *testing.T) {
	reports := make(chan mcptypes.ProgressParams, 100)
	handlers := &jsonrpc.Methods{Notifications: map[string]*jsonrpc.NotificationHandler{
		mcptypes.Progress.Method: jsonrpc.HandleNotification(mcptypes.Progress, func(_ context.Context, p mcptypes.ProgressParams) { reports <- p }),
	}}
	s, err := newServer(time.Millisecond)
	require.NoError(t, err)
	c := try.Connect(t, s, handlers)
	call := func(steps string) (mcptypes.CallToolResult, error) {
		arguments, err := wire.ParseRaw([]byte(`{"steps":` + steps + `}`))
		require.NoError(t, err)
		return jsonrpc.Call(t.Context(), c.Conn, mcptypes.CallTool, mcptypes.CallToolParams{
			Name: "work", Arguments: arguments, Meta: &mcptypes.RequestMeta{ProgressToken: mcptypes.StringID("job")}})
	}
	_, err = call("3")
	require.NoError(t, err)
	require.Len(t, reports, 3)
	for len(reports) > 0 {
		<-reports
	}

	slow, err := newServer(time.Hour)
	require.NoError(t, err)
	c = try.Connect(t, slow, handlers)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		arguments, err := wire.ParseRaw([]byte(`{"steps":3}`))
		if err == nil {
			_, err = jsonrpc.Call(ctx, c.Conn, mcptypes.CallTool, mcptypes.CallToolParams{
				Name: "work", Arguments: arguments, Meta: &mcptypes.RequestMeta{ProgressToken: mcptypes.StringID("job")}})
		}
		ended <- err
	}()
	<-reports
	require.NoError(t, jsonrpc.Notify(t.Context(), c.Conn, mcptypes.Cancelled, mcptypes.CancelledParams{RequestID: mcptypes.IntID(2)}))
	cancel()
	require.Error(t, <-ended)
	require.NoError(t, c.Close(t.Context())) // nothing runs any more
}
