package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
)

// mortal is a store as one process has it, which can die.
type mortal struct {
	server.Store
	dead  atomic.Bool
	leave func()
}

func (m *mortal) Join(process string, receive func(string, []byte)) (func(), error) {
	leave, err := m.Store.Join(process, receive)
	m.leave = leave
	return leave, err
}

func (m *mortal) Append(ctx context.Context, at server.StreamID, e server.Event) (uint64, error) {
	if m.dead.Load() {
		return 0, errors.New("dead")
	}
	return m.Store.Append(ctx, at, e)
}

// die makes the process one that has ended, as far as others can tell.
func (m *mortal) die() {
	m.dead.Store(true)
	m.leave()
}

// A replica is one of several processes that share a store.
type replica struct {
	web    *httptest.Server
	server *server.Server
	http   *server.HTTP
	store  *mortal
	gate   chan struct{} // lets the tool "steps" go on
	ended  chan error    // why its context has
}

func replicas(t testing.TB, n int, more ...func(*server.HTTPOptions)) []*replica {
	t.Helper()
	store := server.NewMemoryStore(server.MemoryOptions{})
	out := make([]*replica, n)
	for i := range out {
		r := &replica{server: chatty(t), store: &mortal{Store: store}, gate: make(chan struct{}, 100), ended: make(chan error, 1)}
		require.NoError(t, server.AddTool(r.server, mcptypes.Tool{Name: "steps"}, func(ctx context.Context, in struct {
			N int `json:"n"`
		}) (string, error) {
			for i := range in.N {
				select {
				case <-r.gate:
				case <-ctx.Done():
					r.ended <- context.Cause(ctx)
					return "", ctx.Err()
				}
				if err := server.Progress(ctx, float64(i+1), nil, ""); err != nil {
					return "", err
				}
			}
			return "all steps", nil
		}))
		require.NoError(t, server.AddTool(r.server, mcptypes.Tool{Name: "log"}, func(ctx context.Context, _ struct{}) (string, error) {
			return "logged", server.Log(ctx, mcptypes.LoggingLevelDebug, "l", "details")
		}))
		options := &server.HTTPOptions{Store: r.store, Owner: func(r *http.Request) string { return r.Header.Get("X-User") }}
		for _, set := range more {
			set(options)
		}
		r.web, r.http = site(t, r.server, options)
		out[i] = r
	}
	return out
}

const steps = `{"jsonrpc":"2.0","id":"S","method":"tools/call","params":{"name":"steps","arguments":{"n":%d},"_meta":{"progressToken":"p"}}}`

func TestReplicasServeOneSession(t *testing.T) {
	r := replicas(t, 3)
	id := initialize(t, r[0].web, "2025-06-18", `{"roots":{}}`, "X-User", "ada")
	call := func(i int, body string) string {
		got := post(t, r[i].web, body, "Mcp-Session-Id", id, "X-User", "ada")
		require.Less(t, got.StatusCode, 300, got.body)
		return got.body
	}
	for i := range 6 {
		require.Contains(t, call(i%3, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"sum","arguments":{"a":1,"b":2}}}`), `"sum":3`)
	}
	t.Run("of its owner", func(t *testing.T) {
		for i := range r {
			got := post(t, r[i].web, `{"jsonrpc":"2.0","id":1,"method":"ping"}`, "Mcp-Session-Id", id, "X-User", "eve")
			require.Equal(t, http.StatusNotFound, got.StatusCode)
		}
	})
	t.Run("log level", func(t *testing.T) {
		call(0, `{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"debug"}}`)
		for i := range r {
			require.Contains(t, call(i, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"log"}}`), "details")
		}
	})
	t.Run("question", func(t *testing.T) {
		for i := range r { // every number of a question is its own
			resp := start(t, r[i].web, http.MethodPost, `{"jsonrpc":"2.0","id":"x","method":"tools/call","params":{"name":"roots"}}`, "Mcp-Session-Id", id, "X-User", "ada")
			asked := events(t, resp.Body, 1)[0].data
			_, after, _ := strings.Cut(asked, `"id":`)
			number, _, _ := strings.Cut(after, ",")
			call((i+1)%3, `{"jsonrpc":"2.0","id":`+number+`,"result":{"roots":[{"uri":"file:///a"}]}}`)
			require.Contains(t, events(t, resp.Body, 1)[0].data, `"text":"1"`)
			require.NoError(t, resp.Body.Close())
		}
	})
	t.Run("cancel", func(t *testing.T) {
		r[0].gate <- struct{}{}
		resp := start(t, r[0].web, http.MethodPost, fmt.Sprintf(steps, 2), "Mcp-Session-Id", id, "X-User", "ada")
		events(t, resp.Body, 1)
		call(1, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"S","reason":"enough"}}`)
		require.ErrorContains(t, <-r[0].ended, "enough")
		rest, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Empty(t, strings.TrimSpace(string(rest)))
		require.NoError(t, resp.Body.Close())
	})
	t.Run("end", func(t *testing.T) {
		stream := start(t, r[1].web, http.MethodGet, "", "Mcp-Session-Id", id, "X-User", "ada")
		resp := start(t, r[2].web, http.MethodDelete, "", "Mcp-Session-Id", id, "X-User", "ada")
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusNoContent, resp.StatusCode)
		_, err := io.ReadAll(stream.Body)
		require.NoError(t, err)
		require.NoError(t, stream.Body.Close())
		for i := range r {
			got := post(t, r[i].web, `{"jsonrpc":"2.0","id":1,"method":"ping"}`, "Mcp-Session-Id", id, "X-User", "ada")
			require.Equal(t, http.StatusNotFound, got.StatusCode)
		}
	})
}

// TestReplicasTellOfChangesOnce watches a resource in one process, changes it in
// another, and listens in a third.
func TestReplicasTellOfChangesOnce(t *testing.T) {
	r := replicas(t, 3)
	id := initialize(t, r[0].web, "2025-11-25", `{}`)
	session := []string{"Mcp-Session-Id", id}
	for i := range r { // all have the session
		require.Equal(t, http.StatusOK, post(t, r[i].web, `{"jsonrpc":"2.0","id":1,"method":"ping"}`, session...).StatusCode)
	}
	require.Equal(t, http.StatusOK, post(t, r[1].web, `{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"file:///a"}}`, session...).StatusCode)
	listen := func(i int, more ...string) *http.Response {
		resp := start(t, r[i].web, http.MethodGet, "", append(more, session...)...)
		require.Equal(t, http.StatusOK, resp.StatusCode)
		return resp
	}
	stream := listen(2)
	last := ""
	changed := func(body io.Reader) {
		e := events(t, body, 1)[0]
		require.Contains(t, e.data, "resources/updated")
		last = e.id
	}
	for i := range r {
		r[i].server.ResourceUpdated("file:///a")
		changed(stream.Body)
	}
	// The process that listened dies. What happens until the client listens
	// elsewhere is not lost.
	r[2].store.die()
	require.NoError(t, stream.Body.Close())
	r[0].server.ResourceUpdated("file:///a")
	stream = listen(1, "Last-Event-ID", last)
	changed(stream.Body)
	r[0].server.ResourceUpdated("file:///a")
	changed(stream.Body)
	require.NoError(t, stream.Body.Close())
	// A stream begins where the last one ended.
	require.Equal(t, http.StatusOK, post(t, r[0].web, `{"jsonrpc":"2.0","id":1,"method":"ping"}`, session...).StatusCode)
	r[1].server.ResourceUpdated("file:///a")
	stream = listen(0)
	changed(stream.Body)
	require.Equal(t, http.StatusOK, post(t, r[0].web, `{"jsonrpc":"2.0","id":1,"method":"resources/unsubscribe","params":{"uri":"file:///a"}}`, session...).StatusCode)
	r[1].server.ResourceUpdated("file:///a")
	resp := start(t, r[0].web, http.MethodDelete, "", session...)
	require.NoError(t, resp.Body.Close())
	rest, err := io.ReadAll(stream.Body)
	require.NoError(t, err)
	require.NotContains(t, string(rest), "updated")
	require.NoError(t, stream.Body.Close())
}

// TestReplicasResumeEachOthersStreams cuts a client off from the process that
// runs its call; it goes on at the others.
func TestReplicasResumeEachOthersStreams(t *testing.T) {
	for _, revision := range []string{"2025-03-26", "2025-06-18", "2025-11-25"} {
		t.Run(revision, func(t *testing.T) {
			r := replicas(t, 3)
			id := initialize(t, r[0].web, revision, `{}`)
			step := func() { r[0].gate <- struct{}{} }
			step()
			resp := start(t, r[0].web, http.MethodPost, fmt.Sprintf(steps, 6), "Mcp-Session-Id", id)
			var got []event
			take := func(n int, step func()) {
				for range n {
					step()
					got = append(got, events(t, resp.Body, 1)...)
				}
				require.NoError(t, resp.Body.Close())
			}
			resume := func(i int) {
				resp = start(t, r[i].web, http.MethodGet, "", "Mcp-Session-Id", id, "Last-Event-ID", got[len(got)-1].id)
				require.Equal(t, http.StatusOK, resp.StatusCode)
			}
			take(1, func() {})
			resume(1)
			take(1, step)
			step() // while nobody listens
			resume(1)
			take(1, func() {})
			resume(2)
			take(1, step)
			resume(0)
			take(2, step)
			resume(1)
			take(1, func() {})
			for i := range 6 {
				require.Contains(t, got[i].data, fmt.Sprintf(`"progress":%d`, i+1))
			}
			require.Contains(t, got[6].data, "all steps")
		})
	}
}

// TestReplicasAnswerForTheDead kills the process that runs a call.
func TestReplicasAnswerForTheDead(t *testing.T) {
	const sorry = `"error":{"code":-32603,"message":"the process that ran this request has ended"}`
	r := replicas(t, 2)
	id := initialize(t, r[0].web, "2025-11-25", `{}`)
	r[0].gate <- struct{}{}
	resp := start(t, r[0].web, http.MethodPost, fmt.Sprintf(steps, 100), "Mcp-Session-Id", id)
	first := events(t, resp.Body, 1)[0]
	require.NoError(t, resp.Body.Close())
	resume := func() *http.Response {
		return start(t, r[1].web, http.MethodGet, "", "Mcp-Session-Id", id, "Last-Event-ID", first.id)
	}
	again := resume()
	for i := range 3 {
		r[0].gate <- struct{}{}
		require.Contains(t, events(t, again.Body, 1)[0].data, fmt.Sprintf(`"progress":%d`, i+2))
	}
	r[0].store.die()
	rest, err := io.ReadAll(again.Body)
	require.NoError(t, err)
	require.NoError(t, again.Body.Close())
	require.Contains(t, string(rest), `"id":"S",`+sorry)
	again = resume() // and whoever comes later is told the same
	got := events(t, again.Body, 4)
	require.Contains(t, got[2].data, `"progress":4`)
	require.Contains(t, got[3].data, sorry)
	require.NoError(t, again.Body.Close())
	require.Equal(t, http.StatusOK, post(t, r[1].web, `{"jsonrpc":"2.0","id":1,"method":"ping"}`, "Mcp-Session-Id", id).StatusCode)
	close(r[0].gate)
}

// TestReplicasAnswerForTheDeadInBatches is the same with a batch.
func TestReplicasAnswerForTheDeadInBatches(t *testing.T) {
	r := replicas(t, 2)
	id := initialize(t, r[0].web, "2025-03-26", `{}`)
	r[0].gate <- struct{}{}
	resp := start(t, r[0].web, http.MethodPost, `[{"jsonrpc":"2.0","method":"notifications/initialized"},`+fmt.Sprintf(steps, 9)+`,`+
		strings.Replace(fmt.Sprintf(steps, 9), `"id":"S"`, `"id":7`, 1)+`]`, "Mcp-Session-Id", id)
	first := events(t, resp.Body, 1)[0]
	require.NoError(t, resp.Body.Close())
	r[0].store.die()
	again := start(t, r[1].web, http.MethodGet, "", "Mcp-Session-Id", id, "Last-Event-ID", first.id)
	rest, err := io.ReadAll(again.Body)
	require.NoError(t, err)
	require.NoError(t, again.Body.Close())
	require.Contains(t, string(rest), `"id":"S","error":`)
	require.Contains(t, string(rest), `"id":7,"error":`)
	close(r[0].gate)
}

// TestReplicasAnswerForTheDeadAfterARestore is the same where the process had let
// go of the session before: the streams of then are not those of now.
func TestReplicasAnswerForTheDeadAfterARestore(t *testing.T) {
	r := replicas(t, 2, func(o *server.HTTPOptions) { o.MaxSessions = 1 })
	ada := initialize(t, r[0].web, "2025-11-25", `{}`)
	// whenIdle posts what there is room for once no other request is at work.
	whenIdle := func(body string, headers ...string) *http.Response {
		for {
			resp := start(t, r[0].web, http.MethodPost, body, headers...)
			if resp.StatusCode != http.StatusServiceUnavailable {
				require.Equal(t, http.StatusOK, resp.StatusCode)
				return resp
			}
			require.NoError(t, resp.Body.Close())
		}
	}
	r[0].gate <- struct{}{}
	former := whenIdle(strings.Replace(fmt.Sprintf(steps, 1), `"id":"S"`, `"id":"former"`, 1), "Mcp-Session-Id", ada)
	require.Contains(t, events(t, former.Body, 2)[1].data, "all steps")
	require.NoError(t, former.Body.Close())
	eve := whenIdle(`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},` +
		`"clientInfo":{"name":"t","version":"1"}}}`)
	require.NoError(t, eve.Body.Close())
	r[0].gate <- struct{}{}
	resp := whenIdle(fmt.Sprintf(steps, 9), "Mcp-Session-Id", ada)
	first := events(t, resp.Body, 1)[0]
	require.NoError(t, resp.Body.Close())
	r[0].store.die()
	again := start(t, r[1].web, http.MethodGet, "", "Mcp-Session-Id", ada, "Last-Event-ID", first.id)
	rest, err := io.ReadAll(again.Body)
	require.NoError(t, err)
	require.NoError(t, again.Body.Close())
	require.Contains(t, string(rest), `"id":"S","error":`)
	require.NotContains(t, string(rest), "former")
	close(r[0].gate)
}

// TestReplicasFinishWhatRuns closes the process that runs a call whose client
// has been cut off: the call goes on to its end, and its client has that elsewhere.
func TestReplicasFinishWhatRuns(t *testing.T) {
	r := replicas(t, 2)
	id := initialize(t, r[0].web, "2025-11-25", `{}`)
	r[0].gate <- struct{}{}
	resp := start(t, r[0].web, http.MethodPost, fmt.Sprintf(steps, 3), "Mcp-Session-Id", id)
	first := events(t, resp.Body, 1)[0]
	require.NoError(t, resp.Body.Close())
	again := start(t, r[1].web, http.MethodGet, "", "Mcp-Session-Id", id, "Last-Event-ID", first.id)
	closed := make(chan error, 1)
	go func() { closed <- r[0].http.Close(context.Background()) }()
	require.Eventually(t, func() bool {
		return post(t, r[0].web, `{}`).StatusCode == http.StatusServiceUnavailable
	}, 10*time.Second, time.Millisecond)
	for range 2 {
		r[0].gate <- struct{}{}
	}
	rest, err := io.ReadAll(again.Body)
	require.NoError(t, err)
	require.NoError(t, again.Body.Close())
	require.Contains(t, string(rest), "all steps")
	require.NoError(t, <-closed)
}

func TestReplicasUnderLoad(t *testing.T) {
	r := replicas(t, 3)
	id := initialize(t, r[0].web, "2025-06-18", `{}`)
	var wg sync.WaitGroup
	for i := range 9 {
		wg.Go(func() {
			for j := range 10 {
				got := post(t, r[(i+j)%3].web, fmt.Sprintf(`{"jsonrpc":"2.0","id":"%d-%d","method":"tools/call","params":{"name":"count","arguments":{"n":3},"_meta":{"progressToken":"x"}}}`, i, j), "Mcp-Session-Id", id)
				if !strings.Contains(got.body, "counted") {
					t.Error(got.body)
				}
				got = post(t, r[(i+j+1)%3].web, fmt.Sprintf(`{"jsonrpc":"2.0","id":"w%d-%d","method":"resources/subscribe","params":{"uri":"file:///%d"}}`, i, j, i), "Mcp-Session-Id", id)
				if !strings.Contains(got.body, `"result":{}`) {
					t.Error(got.body)
				}
			}
		})
	}
	wg.Wait()
}

// publisher is a store in which something happens while a message is published.
type publisher struct {
	server.Store
	meanwhile atomic.Pointer[func()] // once
}

func (p *publisher) Publish(ctx context.Context, session string, message []byte) error {
	if f := p.meanwhile.Swap(nil); f != nil {
		(*f)()
	}
	return p.Store.Publish(ctx, session, message)
}

// TestSessionsChangeWhileOthersAreTold changes a session in the course of telling
// others of a change: two processes that tell each other must not wait for each other.
func TestSessionsChangeWhileOthersAreTold(t *testing.T) {
	const level = `{"jsonrpc":"2.0","id":%q,"method":"logging/setLevel","params":{"level":%q}}`
	store := &publisher{Store: server.NewMemoryStore(server.MemoryOptions{})}
	web, _ := site(t, chatty(t), &server.HTTPOptions{Store: store})
	id := initialize(t, web, "2025-06-18", `{}`)
	inner := make(chan error, 1)
	meanwhile := func() {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, web.URL, strings.NewReader(fmt.Sprintf(level, "inner", "error")))
		if err == nil {
			req.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}, "Mcp-Session-Id": {id}}
			var resp *http.Response
			if resp, err = web.Client().Do(req); err == nil {
				var answer []byte
				answer, err = io.ReadAll(resp.Body)
				err = errors.Join(err, resp.Body.Close())
				if !strings.Contains(string(answer), `"result"`) {
					err = errors.Join(err, fmt.Errorf("answer %q", answer))
				}
			}
		}
		inner <- err
	}
	store.meanwhile.Store(&meanwhile)
	require.Contains(t, post(t, web, fmt.Sprintf(level, "outer", "debug"), "Mcp-Session-Id", id).body, `"result"`)
	require.NoError(t, <-inner)
}
