package jsonrpc_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/jsonrpc"
)

func TestBatches(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"requests", `[{"id":1,"method":"ping"},{"id":2,"method":"echo","params":{"name":"a"}}]`,
			`[{"jsonrpc":"2.0","id":1,"result":{}},{"jsonrpc":"2.0","id":2,"result":{"name":"a"}}]`},
		{"notifications", `[{"method":"note","params":{"name":"a"}},{"method":"nope"}]`, ``},
		{"responses", `[{"id":1,"result":{}}]`, ``},
		{"mixed", `[{"method":"note"},{"id":1,"method":"ping"},5,{"id":2,"method":"nope"},[]]`,
			`[{"jsonrpc":"2.0","id":1,"result":{}},` +
				`{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"want an object, got the number 5"}},` +
				`{"jsonrpc":"2.0","id":2,"error":{"code":-32601,"message":"unknown method \"nope\""}},` +
				`{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"want an object, got an array"}}]`},
		{"same id twice is not in flight twice", `[{"id":1,"method":"ping"},{"id":1,"method":"ping"}]`,
			`[{"jsonrpc":"2.0","id":1,"result":{}},{"jsonrpc":"2.0","id":1,"result":{}}]`},
		{"empty", ` [ ] `, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"batch is empty"}}`},
		{"cut", `[{"id":1,"method":"ping"}`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"[0]: unexpected end, want ',' or ']' at byte 25"}}`},
		{"member twice", `[{"id":1,"method":"ping"},{"a":1,"a":2}]`,
			`{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"[1]: duplicate member \"a\""}}`},
		{"too many", `[1,2,3,4,5,6]`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"too many messages in a batch (limit 5)"}}`},
	}
	for _, serve := range []string{"Deliver", "Serve"} {
		for _, tt := range tests {
			t.Run(serve+"/"+tt.name, func(t *testing.T) {
				methods := basics()
				methods.Requests["echo"].Order = jsonrpc.Inline // so that the order of the responses is known
				options := jsonrpc.Options{
					Handler: methods,
					Batches: func() bool { return true },
					Limits:  jsonrpc.Limits{MaxBatch: 5},
				}
				if serve == "Deliver" {
					var w collector
					require.NoError(t, jsonrpc.New(options).Deliver(t.Context(), []byte(tt.in), &w))
					require.Equal(t, tt.want, strings.Join(w.take(), "\n"))
					return
				}
				bubble(t, options, func(t *testing.T, _ *jsonrpc.Conn, peer raw) {
					peer.send(tt.in, `{"id":"end","method":"ping"}`)
					if tt.want != "" {
						require.Equal(t, tt.want, peer.receive())
					}
					require.Contains(t, peer.receive(), `"end"`)
				})
			})
		}
	}
}

// TestBatchAnswersWhenItsLastRequestIsDone holds concurrent requests in a batch, one of which is cancelled.
func TestBatchAnswersWhenItsLastRequestIsDone(t *testing.T) {
	gate := make(chan struct{})
	methods := basics()
	methods.Requests["gate"] = wait(gate)
	options := jsonrpc.Options{Handler: methods, Batches: func() bool { return true }}
	c := jsonrpc.New(options)
	var w collector
	done := make(chan error, 1)
	go func() {
		done <- c.Deliver(t.Context(), []byte(`[{"id":1,"method":"gate"},{"id":2,"method":"block"},{"id":3,"method":"gate"}]`), &w)
	}()
	eventually(t, func() bool { return c.Stats().InFlight == 3 })
	require.True(t, c.Cancel(id(2), ""))
	gate <- struct{}{}
	eventually(t, func() bool { return c.Stats().InFlight == 1 })
	require.Empty(t, w.take())
	gate <- struct{}{}
	require.NoError(t, <-done)
	got := w.take()
	require.Len(t, got, 1)
	require.Contains(t, got[0], `{"jsonrpc":"2.0","id":1,"result":{}}`)
	require.Contains(t, got[0], `{"jsonrpc":"2.0","id":3,"result":{}}`)
	require.NotContains(t, got[0], `"id":2`)
}
