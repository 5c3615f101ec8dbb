package jsonrpc_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/wire"
)

func TestServeReturnsNilWhenThePeerCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := jsonrpc.Pipe()
		c := jsonrpc.New(jsonrpc.Options{Handler: basics()})
		done := c.Start(context.Background(), near)
		calls := make(chan error, 3)
		for range cap(calls) {
			go func() { calls <- c.Call(context.Background(), "x", nil, nil) }()
		}
		peer := raw{t, far}
		peer.send(`{"id":1,"method":"block"}`)
		synctest.Wait()
		require.NoError(t, far.Close())
		require.NoError(t, <-done)
		for range cap(calls) {
			err := <-calls
			require.ErrorIs(t, err, jsonrpc.ErrPeerClosed)
			require.ErrorIs(t, err, io.EOF)
		}
		require.ErrorIs(t, c.Call(t.Context(), "x", nil, nil), jsonrpc.ErrPeerClosed)
		require.ErrorIs(t, c.Notify(t.Context(), "x", nil), jsonrpc.ErrPeerClosed)
		require.ErrorIs(t, c.Err(), jsonrpc.ErrPeerClosed)
		require.ErrorIs(t, c.Serve(t.Context(), near), jsonrpc.ErrPeerClosed)
		require.Zero(t, c.Stats().InFlight)
	})
}

// halfClosed ends input while output goes on, as standard input does.
type halfClosed struct {
	jsonrpc.Transport
	messages chan string
	written  record
}

func (h *halfClosed) Read(ctx context.Context) ([]byte, error) {
	select {
	case m, ok := <-h.messages:
		if !ok {
			return nil, io.EOF
		}
		return []byte(m), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (h *halfClosed) Write(_ context.Context, m jsonrpc.Outgoing) error {
	h.written.add(string(m.Data))
	return nil
}

func (h *halfClosed) Close() error { return nil }

func TestLingerLetsRequestsFinishAfterTheEndOfInput(t *testing.T) {
	for _, linger := range []time.Duration{0, 10 * time.Second} {
		t.Run(linger.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				methods := basics()
				methods.Requests["slow"] = &jsonrpc.RequestHandler{Serve: func(ctx context.Context, _ wire.Value) (wire.Value, error) {
					select {
					case <-time.After(time.Second):
						return nil, nil
					case <-ctx.Done():
						return nil, context.Cause(ctx)
					}
				}}
				c := jsonrpc.New(jsonrpc.Options{Handler: methods, Linger: linger})
				tr := &halfClosed{messages: make(chan string, 1)}
				tr.messages <- `{"id":1,"method":"slow"}`
				close(tr.messages)
				require.NoError(t, c.Serve(t.Context(), tr))
				want := `{"jsonrpc":"2.0","id":1,"result":{}}`
				if linger == 0 {
					want = `{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"connection closed by the peer: EOF"}}`
				}
				require.Equal(t, []string{want}, tr.written.all())
			})
		})
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := jsonrpc.Pipe()
		c := jsonrpc.New(jsonrpc.Options{Handler: basics()})
		why := errors.New("shutting down")
		ctx, cancel := context.WithCancelCause(t.Context())
		done := c.Start(ctx, near)
		peer := raw{t, far}
		peer.send(`{"id":1,"method":"block"}`)
		synctest.Wait()
		cancel(why)
		require.ErrorIs(t, <-done, why)
		require.Equal(t, `{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"shutting down"}}`, peer.receive())
		_, err := far.Read(t.Context())
		require.ErrorIs(t, err, io.EOF)
	})
}

func TestCloseFailsPendingCallsAndAnswersWhatRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := jsonrpc.Pipe()
		c := jsonrpc.New(jsonrpc.Options{Handler: basics()})
		done := c.Start(context.Background(), near)
		called := make(chan error, 1)
		go func() { called <- c.Call(context.Background(), "x", nil, nil) }()
		peer := raw{t, far}
		require.Equal(t, `{"jsonrpc":"2.0","id":1,"method":"x"}`, peer.receive())
		peer.send(`{"id":1,"method":"block"}`)
		synctest.Wait()
		require.NoError(t, c.Close(t.Context()))
		require.NoError(t, c.Close(t.Context()), "again")
		require.ErrorIs(t, <-called, jsonrpc.ErrClosed)
		require.ErrorIs(t, <-done, jsonrpc.ErrClosed)
		require.Equal(t, `{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"connection closed"}}`, peer.receive())
		require.ErrorIs(t, c.Deliver(t.Context(), []byte(`{"id":1,"method":"ping"}`), &collector{}), jsonrpc.ErrClosed)
	})
}

// TestCloseIsBounded closes connections whose handler does not return and whose peer reads nothing.
func TestCloseIsBounded(t *testing.T) {
	tests := []struct {
		name    string
		timeout time.Duration // of Close; 0: none
		within  time.Duration
	}{
		{"by the grace", 0, 5*time.Second + 100*time.Millisecond},
		{"by its context", time.Second, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				methods := basics()
				methods.Requests["stuck"] = &jsonrpc.RequestHandler{Serve: func(context.Context, wire.Value) (wire.Value, error) {
					<-release
					return nil, nil
				}}
				in, feed := io.Pipe()
				_, out := io.Pipe() // nobody reads
				c := jsonrpc.New(jsonrpc.Options{Handler: methods})
				done := c.Start(context.Background(), jsonrpc.Lines(in, out, jsonrpc.Limits{}))
				_, err := io.WriteString(feed, `{"id":1,"method":"stuck"}`+"\n"+`{"id":2,"method":"ping"}`+"\n")
				require.NoError(t, err)
				called := make(chan error, 1)
				go func() { called <- c.Call(context.Background(), "x", nil, nil) }()
				synctest.Wait()

				ctx, start := context.Background(), time.Now()
				if tt.timeout > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.timeout)
					defer cancel()
				}
				require.EqualError(t, c.Close(ctx), "close: 1 handlers have not returned")
				require.LessOrEqual(t, time.Since(start), tt.within)
				require.ErrorIs(t, <-called, jsonrpc.ErrClosed)
				close(release)
				require.ErrorIs(t, <-done, jsonrpc.ErrClosed)
			})
		})
	}
}

func TestCloseOfAPassiveConnectionWaitsForDeliveries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		methods := basics()
		noted := make(chan error, 1)
		methods.Notifications["wait"] = &jsonrpc.NotificationHandler{Serve: func(ctx context.Context, _ wire.Value) {
			<-ctx.Done()
			noted <- context.Cause(ctx)
		}}
		c := jsonrpc.New(jsonrpc.Options{Handler: methods})
		var w collector
		delivered := make(chan error, 2)
		go func() { delivered <- c.Deliver(context.Background(), []byte(`{"id":1,"method":"block"}`), &w) }()
		go func() { delivered <- c.Deliver(context.Background(), []byte(`{"method":"wait"}`), nil) }()
		synctest.Wait()
		require.NoError(t, c.Close(t.Context()))
		require.NoError(t, <-delivered)
		require.NoError(t, <-delivered)
		require.ErrorIs(t, <-noted, jsonrpc.ErrClosed)
		require.Equal(t, []string{`{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"connection closed"}}`}, w.take())
	})
}

// brokenWriter cannot write.
type brokenWriter struct{ jsonrpc.Transport }

func (brokenWriter) Write(context.Context, jsonrpc.Outgoing) error { return errors.New("broken") }

func TestServeEndsWhenItCannotWrite(t *testing.T) {
	for _, peerCloses := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			near, far := jsonrpc.Pipe()
			c := jsonrpc.New(jsonrpc.Options{Handler: basics()})
			done := c.Start(context.Background(), brokenWriter{near})
			raw{t, far}.send(`{"id":1,"method":"echo","params":{"name":"x"}}`)
			if peerCloses { // then that is why, and no error
				require.NoError(t, far.Close())
				require.NoError(t, <-done)
			} else {
				require.EqualError(t, <-done, "write: broken")
			}
		})
	}
}
