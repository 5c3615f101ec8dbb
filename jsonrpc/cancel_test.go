package jsonrpc_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/wire"
)

func TestCancelledRequestGetsNoResponseAndFreesItsSlot(t *testing.T) {
	causes := make(chan error, 1)
	release := make(chan struct{})
	methods := basics()
	methods.Requests["stubborn"] = &jsonrpc.RequestHandler{Serve: func(ctx context.Context, _ wire.Value) (wire.Value, error) {
		<-ctx.Done()
		causes <- context.Cause(ctx)
		<-release
		return nil, nil
	}}
	bubble(t, jsonrpc.Options{Handler: methods, Limits: jsonrpc.Limits{MaxConcurrent: 1}}, func(t *testing.T, c *jsonrpc.Conn, peer raw) {
		peer.send(`{"id":1,"method":"stubborn"}`)
		synctest.Wait()
		require.False(t, c.Cancel(wire.StringID("1"), ""), "another id")
		require.True(t, c.Cancel(wire.IntID(1), "changed my mind"))
		require.False(t, c.Cancel(wire.IntID(1), "again"))
		err := <-causes
		require.ErrorIs(t, err, jsonrpc.ErrCancelled)
		require.ErrorContains(t, err, "changed my mind")

		peer.send(`{"id":2,"method":"ping"}`)
		require.Equal(t, `{"jsonrpc":"2.0","id":2,"error":{"code":-32603,"message":"too many requests in flight (limit 1)"}}`, peer.receive())
		peer.send(`{"id":1,"method":"ping"}`)
		require.Equal(t, `{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"id: a request with the id \"1\" is in flight"}}`, peer.receive())

		close(release)
		synctest.Wait()
		require.Zero(t, c.Stats().InFlight)
		peer.send(`{"id":1,"method":"ping"}`)
		require.Equal(t, `{"jsonrpc":"2.0","id":1,"result":{}}`, peer.receive(), "the first answer since")
	})
}

func TestEndOfACallTellsThePeer(t *testing.T) {
	type told struct {
		id     wire.RequestID
		method string
		cause  error
	}
	var got []told
	var c *jsonrpc.Conn
	options := jsonrpc.Options{OnCancel: func(ctx context.Context, id wire.RequestID, method string, cause error) {
		got = append(got, told{id, method, cause})
		_ = c.Notify(ctx, "cancelled", nil)
	}}
	bubble(t, options, func(t *testing.T, conn *jsonrpc.Conn, peer raw) {
		c = conn
		why := errors.New("user went away")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, why)
		defer cancel()
		err := c.Call(ctx, "slow", nil, nil)
		require.ErrorIs(t, err, why)
		require.EqualError(t, err, "slow: user went away")
		require.Equal(t, []told{{wire.IntID(1), "slow", why}}, got)
		require.Equal(t, `{"jsonrpc":"2.0","id":1,"method":"slow"}`, peer.receive())
		require.Equal(t, `{"jsonrpc":"2.0","method":"cancelled"}`, peer.receive())

		peer.send(`{"id":1,"result":{}}`) // too late
		synctest.Wait()
		require.Equal(t, jsonrpc.Stats{UnknownResponses: 1}, c.Stats())
	})
}

func TestIDsAreNeverReused(t *testing.T) {
	bubble(t, jsonrpc.Options{Limits: jsonrpc.Limits{MaxPending: 1}}, func(t *testing.T, c *jsonrpc.Conn, peer raw) {
		for want := 1; want <= 5; want++ {
			go func() {
				message := peer.receive()
				require.Equal(t, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"x"}`, want), message)
				peer.send(fmt.Sprintf(`{"id":"%d","result":{}}`, want)) // a string is another id
				peer.send(fmt.Sprintf(`{"id":%d.0,"result":{}}`, want))
				peer.send(fmt.Sprintf(`{"id":%d,"result":{}}`, want)) // twice
			}()
			require.NoError(t, c.Call(t.Context(), "x", nil, nil))
			synctest.Wait()
		}
		require.Equal(t, uint64(10), c.Stats().UnknownResponses)
	})
}

// TestAnswersToCalls shows what a call makes of the peer's answers.
func TestAnswersToCalls(t *testing.T) {
	tests := []struct{ name, answer, want string }{
		{"result", `{"jsonrpc":"2.0","id":1,"result":{"name":"a"}}`, ""},
		{"result before id", `{"result":{"name":"a"},"id":1}`, ""},
		{"error null", `{"id":1,"result":{"name":"a"},"error":null}`, ""},
		{"error", `{"id":1,"error":{"code":-5,"message":"no","data":[1]}}`, "no (code -5)"},
		{"error before id", `{"error":{"message":"no","code":-5,"more":1},"id":1}`, "no (code -5)"},
		{"result null", `{"id":1,"result":null}`, "echo: result: want an object, got null"},
		{"result does not decode", `{"id":1,"result":{}}`, "echo: result.name: missing"},
		{"late result does not decode", `{"result":{},"id":1}`, "echo: result.name: missing"},
		{"error does not decode", `{"id":1,"error":"no"}`, "echo: error: want an object, got the string \"no\""},
		{"neither", `{"id":1,"error":null}`, "echo: response has neither result nor error"},
		{"broken in the result", `{"id":1,"result":{"name":"a"`, "echo: result.name: unexpected end"},
		{"member twice", `{"id":1,"result":{"name":"a","x":1,"x":2}}`, `echo: result: duplicate member "x"`},
		{"member twice before the id", `{"result":{"name":"a","x":{"y":1,"y":2}},"id":1}`, `echo: result.x: duplicate member "y"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, jsonrpc.Options{}, func(t *testing.T, c *jsonrpc.Conn, peer raw) {
				go func() {
					peer.receive()
					peer.send(tt.answer)
				}()
				got, err := jsonrpc.Call(t.Context(), c, echo, text{})
				if tt.want == "" {
					require.NoError(t, err)
					require.Equal(t, "a", got.Name)
				} else {
					require.ErrorContains(t, err, tt.want)
				}
				require.Zero(t, c.Stats().Pending)
			})
		})
	}
}
