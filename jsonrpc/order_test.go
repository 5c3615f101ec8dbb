package jsonrpc_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/wire"
)

// record is a list that several goroutines add to.
type record struct {
	mu    sync.Mutex
	lines []string
}

func (r *record) add(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, line)
}

func (r *record) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.lines...)
}

// raw is the far end of a pipe, spoken to in plain text.
type raw struct {
	t *testing.T
	jsonrpc.Transport
}

func (r raw) send(messages ...string) {
	for _, m := range messages {
		require.NoError(r.t, r.Write(context.Background(), jsonrpc.Outgoing{Data: []byte(m)}))
	}
}

func (r raw) receive() string {
	data, err := r.Read(context.Background())
	require.NoError(r.t, err)
	return string(data)
}

// bubble runs a test in a bubble of synctest with a served connection and the far end of its pipe.
func bubble(t *testing.T, options jsonrpc.Options, test func(t *testing.T, c *jsonrpc.Conn, peer raw)) {
	synctest.Test(t, func(t *testing.T) {
		near, far := jsonrpc.Pipe()
		c := jsonrpc.New(options)
		done := c.Start(context.Background(), near)
		defer func() {
			require.NoError(t, far.Close())
			require.NoError(t, <-done)
		}()
		test(t, c, raw{t, far})
	})
}

func TestNotificationsAreHandledInOrderBeforeLaterRequests(t *testing.T) {
	var got record
	methods := &jsonrpc.Methods{
		Requests: map[string]*jsonrpc.RequestHandler{
			"echo": jsonrpc.HandleRequest(echo, func(_ context.Context, p text) (text, error) {
				got.add("request " + p.Name)
				return p, nil
			}),
		},
		Notifications: map[string]*jsonrpc.NotificationHandler{
			"note": jsonrpc.HandleNotification(note, func(_ context.Context, p text) {
				<-time.After(time.Second)
				got.add("note " + p.Name)
			}),
		},
	}
	bubble(t, jsonrpc.Options{Handler: methods}, func(t *testing.T, _ *jsonrpc.Conn, peer raw) {
		peer.send(
			`{"method":"note","params":{"name":"1"}}`,
			`{"method":"note","params":{"name":"2"}}`,
			`{"id":1,"method":"echo","params":{"name":"3"}}`)
		require.Equal(t, `{"jsonrpc":"2.0","id":1,"result":{"name":"3"}}`, peer.receive())
		require.Equal(t, []string{"note 1", "note 2", "request 3"}, got.all())
	})
}

func TestNotificationsAreHandledBeforeALaterResponse(t *testing.T) {
	var got record
	methods := &jsonrpc.Methods{Notifications: map[string]*jsonrpc.NotificationHandler{
		"note": jsonrpc.HandleNotification(note, func(_ context.Context, p text) {
			<-time.After(time.Second)
			got.add(p.Name)
		}),
	}}
	bubble(t, jsonrpc.Options{Handler: methods}, func(t *testing.T, c *jsonrpc.Conn, peer raw) {
		go peer.send(
			`{"method":"note","params":{"name":"1"}}`,
			`{"method":"note","params":{"name":"2"}}`,
			`{"id":1,"result":{}}`)
		require.NoError(t, c.Call(t.Context(), "x", nil, nil))
		require.Equal(t, []string{"1", "2"}, got.all())
		peer.receive()
	})
}

func TestConcurrentRequestsRunBesideEachOther(t *testing.T) {
	both := make(chan struct{})
	var once sync.WaitGroup
	once.Add(2)
	go func() { once.Wait(); close(both) }()
	methods := &jsonrpc.Methods{Requests: map[string]*jsonrpc.RequestHandler{
		"meet": {Serve: func(context.Context, wire.Value) (wire.Value, error) {
			once.Done()
			<-both
			return nil, nil
		}},
	}}
	a, _ := pair(t, jsonrpc.Options{}, jsonrpc.Options{Handler: methods})
	errs := make(chan error, 2)
	for range 2 {
		go func() { errs <- a.Call(context.Background(), "meet", nil, nil) }()
	}
	require.NoError(t, errors.Join(<-errs, <-errs))
}

func TestOrderedRequestIsCompleteBeforeTheNextMessage(t *testing.T) {
	var got record
	slow := func(release bool) *jsonrpc.RequestHandler {
		return &jsonrpc.RequestHandler{Order: jsonrpc.Ordered, Serve: func(ctx context.Context, _ wire.Value) (wire.Value, error) {
			got.add("begin")
			if release {
				jsonrpc.Release(ctx)
				jsonrpc.Release(ctx)
			}
			<-time.After(time.Second)
			got.add("end")
			return nil, nil
		}}
	}
	for _, release := range []bool{false, true} {
		t.Run(fmt.Sprintf("release %t", release), func(t *testing.T) {
			got = record{}
			methods := &jsonrpc.Methods{
				Requests: map[string]*jsonrpc.RequestHandler{"slow": slow(release)},
				Notifications: map[string]*jsonrpc.NotificationHandler{
					"note": jsonrpc.HandleNotification(note, func(context.Context, text) { got.add("note") }),
				},
			}
			bubble(t, jsonrpc.Options{Handler: methods}, func(t *testing.T, _ *jsonrpc.Conn, peer raw) {
				peer.send(`{"id":1,"method":"slow"}`, `{"method":"note","params":{"name":""}}`)
				peer.receive()
				synctest.Wait()
				want := []string{"begin", "end", "note"}
				if release {
					want = []string{"begin", "note", "end"}
				}
				require.Equal(t, want, got.all())
			})
		})
	}
}

// TestCallInOrder makes calls where nobody could read the answer.
func TestCallInOrder(t *testing.T) {
	var c *jsonrpc.Conn
	failed := make(chan error, 1)
	try := func(ctx context.Context, _ wire.Value) (wire.Value, error) {
		return nil, c.Call(ctx, "back", nil, nil)
	}
	methods := &jsonrpc.Methods{
		Requests: map[string]*jsonrpc.RequestHandler{
			"inline":  {Order: jsonrpc.Inline, Serve: try},
			"ordered": {Order: jsonrpc.Ordered, Serve: try},
			"released": {Order: jsonrpc.Ordered, Serve: func(ctx context.Context, v wire.Value) (wire.Value, error) {
				jsonrpc.Release(ctx)
				return try(ctx, v)
			}},
			"concurrent": {Serve: try},
		},
		Notifications: map[string]*jsonrpc.NotificationHandler{
			"note": jsonrpc.HandleNotification(note, func(ctx context.Context, _ text) { failed <- c.Call(ctx, "back", nil, nil) }),
			"detached": {Serve: func(ctx context.Context, _ wire.Value) {
				go func() { failed <- c.Call(jsonrpc.Detach(ctx), "back", nil, nil) }()
			}},
		},
	}
	back := &jsonrpc.Methods{Requests: map[string]*jsonrpc.RequestHandler{
		"back": {Serve: func(context.Context, wire.Value) (wire.Value, error) { return nil, nil }},
	}}
	a, b := pair(t, jsonrpc.Options{Handler: back}, jsonrpc.Options{Handler: methods})
	c = b
	for _, method := range []string{"inline", "ordered"} {
		require.ErrorContains(t, a.Call(t.Context(), method, nil, nil), jsonrpc.ErrInOrder.Error())
	}
	for _, method := range []string{"released", "concurrent"} {
		require.NoError(t, a.Call(t.Context(), method, nil, nil))
	}
	require.NoError(t, jsonrpc.Notify(t.Context(), a, note, text{}))
	require.ErrorIs(t, <-failed, jsonrpc.ErrInOrder)
	require.NoError(t, a.Notify(t.Context(), "detached", nil))
	require.NoError(t, <-failed)
}

func TestWhatFollowsAnAnswerComesBeforeTheNextOne(t *testing.T) {
	var c *jsonrpc.Conn
	methods := &jsonrpc.Methods{Requests: map[string]*jsonrpc.RequestHandler{
		"change": {Order: jsonrpc.Ordered, Serve: func(ctx context.Context, _ wire.Value) (wire.Value, error) {
			jsonrpc.WhenAnswered(ctx, func() { _ = c.Notify(jsonrpc.Detach(ctx), "changed", nil) })
			jsonrpc.WhenAnswered(ctx, func() { panic("one that fails harms nobody") })
			return nil, nil
		}},
		"get": {Serve: func(context.Context, wire.Value) (wire.Value, error) { return nil, nil }},
	}}
	changed := make(chan struct{}, 1)
	told := &jsonrpc.Methods{Notifications: map[string]*jsonrpc.NotificationHandler{
		"changed": {Serve: func(context.Context, wire.Value) { changed <- struct{}{} }},
	}}
	a, b := pair(t, jsonrpc.Options{Handler: told}, jsonrpc.Options{Handler: methods})
	c = b
	for range 100 {
		require.NoError(t, a.Call(t.Context(), "change", nil, nil))
		require.NoError(t, a.Call(t.Context(), "get", nil, nil))
		require.Len(t, changed, 1)
		<-changed
	}
	jsonrpc.WhenAnswered(t.Context(), func() { changed <- struct{}{} })
	require.Len(t, changed, 1)
}
