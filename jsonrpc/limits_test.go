package jsonrpc_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/wire"
)

// id returns an integer id.
func id(n int64) wire.RequestID { return wire.IntID(n) }

// wait returns a handler that answers when gate lets it.
func wait(gate <-chan struct{}) *jsonrpc.RequestHandler {
	return &jsonrpc.RequestHandler{Serve: func(context.Context, wire.Value) (wire.Value, error) {
		<-gate
		return nil, nil
	}}
}

// eventually waits for a condition that no channel tells of.
func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, 10*time.Second, time.Millisecond)
}

// TestLimitsAreNamed meets the limits that are not those of a transport.
func TestLimitsAreNamed(t *testing.T) {
	tests := []struct {
		name    string
		options jsonrpc.Options
		in      string
		want    string
	}{
		{"message", jsonrpc.Options{Limits: jsonrpc.Limits{MaxMessage: 30}}, `{"id":1,"method":"ping","params":{}}`,
			`{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"message of 36 bytes is over the limit of 30 bytes"}}`},
		{"depth", jsonrpc.Options{Limits: jsonrpc.Limits{MaxDepth: 3}}, `{"method":"ping","params":{"a":[[]]},"id":1}`,
			`{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"params.a[0]: nested deeper than 3"}}`},
		{"depth kept", jsonrpc.Options{Limits: jsonrpc.Limits{MaxDepth: 3}}, `{"method":"ping","params":{"a":[1]},"id":1}`,
			`{"jsonrpc":"2.0","id":1,"result":{}}`},
		{"no version", jsonrpc.Options{RequireVersion: true}, `{"id":1,"method":"ping"}`,
			`{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"jsonrpc: missing"}}`},
		{"other version", jsonrpc.Options{RequireVersion: true}, `{"id":1,"jsonrpc":"1.0","method":"ping"}`,
			`{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"jsonrpc: want \"2.0\", got \"1.0\""}}`},
		{"version", jsonrpc.Options{RequireVersion: true}, `{"id":1,"jsonrpc":"2.0","method":"ping"}`,
			`{"jsonrpc":"2.0","id":1,"result":{}}`},
		{"invalid dropped", jsonrpc.Options{DropInvalid: true}, `Listening on port 80`, ``},
		{"invalid with id not dropped", jsonrpc.Options{DropInvalid: true}, `{"id":1}`,
			`{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"method: missing"}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.options.Handler = basics()
			var w collector
			c := jsonrpc.New(tt.options)
			require.NoError(t, c.Deliver(t.Context(), []byte(tt.in), &w))
			require.Equal(t, tt.want, strings.Join(w.take(), "\n"))
		})
	}
}

func TestPendingCallsAreLimited(t *testing.T) {
	c := jsonrpc.New(jsonrpc.Options{Limits: jsonrpc.Limits{MaxPending: 2}})
	c.SetWriter(&collector{})
	ended := make(chan error, 2)
	for range cap(ended) {
		go func() { ended <- c.Call(context.Background(), "x", nil, nil) }()
	}
	eventually(t, func() bool { return c.Stats().Pending == 2 })
	err := c.Call(t.Context(), "x", nil, nil)
	var limit *jsonrpc.LimitError
	require.ErrorAs(t, err, &limit)
	require.EqualError(t, err, "x: too many pending calls (limit 2)")
	require.NoError(t, c.Close(t.Context()))
	require.ErrorIs(t, <-ended, jsonrpc.ErrClosed)
	require.ErrorIs(t, <-ended, jsonrpc.ErrClosed)
}

func TestWhatNobodyIsToldIsCountedAndLogged(t *testing.T) {
	var log bytes.Buffer
	c := jsonrpc.New(jsonrpc.Options{Handler: basics(), Log: slog.New(slog.NewTextHandler(&log, nil))})
	var w collector
	for _, m := range []string{
		`{"id":1,"method":"panic"}`, `{"method":"nope"}`, `{"method":"note"}`, `{"id":5,"result":{}}`,
		`{"id":null,"error":{"code":-32700,"message":"what?"}}`, `x`,
	} {
		require.NoError(t, c.Deliver(t.Context(), []byte(m), &w))
	}
	require.Equal(t, jsonrpc.Stats{UnknownResponses: 2, InvalidMessages: 2, IgnoredNotifications: 1, Panics: 1}, c.Stats())
	for _, want := range []string{"handler panicked", "boom", "jsonrpc_test.basics", "what?", "params: missing"} {
		require.Contains(t, log.String(), want)
	}
}

// TestHandlersThatMisbehave panics where a handler can.
func TestHandlersThatMisbehave(t *testing.T) {
	methods := basics()
	methods.Notifications["panic"] = &jsonrpc.NotificationHandler{Serve: func(context.Context, wire.Value) { panic("boom") }}
	methods.Requests["encode"] = &jsonrpc.RequestHandler{Serve: func(context.Context, wire.Value) (wire.Value, error) {
		return (*text)(nil), nil
	}}
	methods.Requests["exit"] = &jsonrpc.RequestHandler{Serve: func(context.Context, wire.Value) (wire.Value, error) {
		runtime.Goexit()
		return nil, nil
	}}
	bubble(t, jsonrpc.Options{Handler: methods}, func(t *testing.T, c *jsonrpc.Conn, peer raw) {
		peer.send(`{"method":"panic"}`, `{"id":1,"method":"panic"}`)
		require.Contains(t, peer.receive(), `"panic: handler panicked"`)
		peer.send(`{"id":2,"method":"encode"}`)
		require.Contains(t, peer.receive(), `"encode: handler panicked"`)
		peer.send(`{"id":3,"method":"exit"}`)
		require.Contains(t, peer.receive(), `"exit: handler exited"`)
		peer.send(`{"id":4,"method":"ping"}`)
		require.Equal(t, `{"jsonrpc":"2.0","id":4,"result":{}}`, peer.receive())
		require.Equal(t, uint64(3), c.Stats().Panics)
		require.Zero(t, c.Stats().InFlight)
	})
}

func TestErrorOfAHandlerCarriesItsData(t *testing.T) {
	data, err := wire.ParseRaw([]byte(`{"uri":"a"}`))
	require.NoError(t, err)
	methods := &jsonrpc.Methods{Requests: map[string]*jsonrpc.RequestHandler{
		"x": {Serve: func(context.Context, wire.Value) (wire.Value, error) {
			return nil, errors.Join(errors.New("read"), &jsonrpc.Error{Code: -32002, Message: "gone \xff", Data: data})
		}},
	}}
	var w collector
	require.NoError(t, jsonrpc.New(jsonrpc.Options{Handler: methods}).Deliver(t.Context(), []byte(`{"id":1,"method":"x"}`), &w))
	require.Equal(t, []string{`{"jsonrpc":"2.0","id":1,"error":{"code":-32002,"message":"gone ` + "\uFFFD" + `","data":{"uri":"a"}}}`}, w.take())
}

// plain has no codec.
type plain struct{}

func TestTypesWithoutCodecFail(t *testing.T) {
	m := wire.Request[plain, plain]{Method: "x"}
	c := jsonrpc.New(jsonrpc.Options{Handler: &jsonrpc.Methods{Requests: map[string]*jsonrpc.RequestHandler{
		"x": jsonrpc.HandleRequest(m, func(context.Context, plain) (plain, error) { return plain{}, nil }),
	}}})
	_, err := jsonrpc.Call(t.Context(), c, m, plain{})
	require.ErrorContains(t, err, "has no codec")
	var w collector
	require.NoError(t, c.Deliver(t.Context(), []byte(`{"id":1,"method":"x","params":{}}`), &w))
	require.Contains(t, w.take()[0], "has no codec")
}
