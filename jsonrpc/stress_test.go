package jsonrpc_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/wire"
)

// TestEveryCallEndsOnce lets both peers call each other at random over streams, some calls within calls, some given up
// early, until one side closes.
func TestEveryCallEndsOnce(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	var peers [2]*jsonrpc.Conn
	cancelled := wire.Notification[wire.Empty]{Method: "cancelled"}
	options := func(self int) jsonrpc.Options {
		methods := basics()
		methods.Requests["nested"] = &jsonrpc.RequestHandler{Serve: func(ctx context.Context, _ wire.Value) (wire.Value, error) {
			return nil, peers[self].Call(ctx, "ping", nil, nil)
		}}
		methods.Requests["ordered"] = &jsonrpc.RequestHandler{
			Order: jsonrpc.Ordered,
			Serve: func(context.Context, wire.Value) (wire.Value, error) { return nil, nil },
		}
		methods.Notifications[cancelled.Method] = jsonrpc.HandleNotification(cancelled, func(_ context.Context, p wire.Empty) {
			id, _ := p.Extra.Get("id")
			d := wire.NewDecoder(id.String())
			peers[self].Cancel(d.ID(), "")
		})
		return jsonrpc.Options{
			Handler: methods,
			OnCancel: func(ctx context.Context, id wire.RequestID, _ string, _ error) {
				value, err := wire.RawOf(id)
				require.NoError(t, err)
				_ = jsonrpc.Notify(ctx, peers[self], cancelled, wire.Empty{Extra: wire.MembersOf(wire.Member{Name: "id", Value: value})})
			},
		}
	}
	ar, bw := io.Pipe()
	br, aw := io.Pipe()
	peers[0], peers[1] = jsonrpc.New(options(0)), jsonrpc.New(options(1))
	limits := jsonrpc.Limits{MaxQueue: 20_000}
	done := []<-chan error{
		peers[0].Start(context.Background(), jsonrpc.Lines(ar, aw, limits)),
		peers[1].Start(context.Background(), jsonrpc.Lines(br, bw, limits)),
	}
	var wg sync.WaitGroup
	for worker := range 16 {
		random := rand.New(rand.NewPCG(seed, uint64(worker)))
		wg.Go(func() {
			for n := range 100 {
				c := peers[random.IntN(2)]
				switch random.IntN(6) {
				case 0:
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random.IntN(2000))*time.Microsecond)
					require.ErrorIs(t, c.Call(ctx, "block", nil, nil), context.DeadlineExceeded)
					cancel()
				case 1:
					require.NoError(t, c.Call(t.Context(), "nested", nil, nil))
				case 2:
					require.NoError(t, c.Call(t.Context(), "ordered", nil, nil))
				case 3:
					require.NoError(t, jsonrpc.Notify(t.Context(), c, note, text{Name: "x"}))
				default:
					name := fmt.Sprint(worker, n, strings.Repeat("x", random.IntN(30_000)))
					got, err := jsonrpc.Call(t.Context(), c, echo, text{Name: name})
					require.NoError(t, err)
					require.Equal(t, name, got.Name)
				}
			}
		})
	}
	wg.Wait()
	for _, c := range peers {
		eventually(t, func() bool { return c.Stats() == jsonrpc.Stats{UnknownResponses: c.Stats().UnknownResponses} })
	}
	require.NoError(t, peers[0].Close(t.Context()))
	require.ErrorIs(t, <-done[0], jsonrpc.ErrClosed)
	require.NoError(t, <-done[1])
}
