package jsonrpc_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/wire"
)

// text is a params or result type with one required member.
type text struct {
	Name  string
	Extra wire.Members
}

func (t *text) EncodeJSON(e *wire.Encoder) {
	e.Object()
	e.String(`"name":`, t.Name)
	e.EndObject(t.Extra, []string{"name"})
}

func (t *text) DecodeJSON(d *wire.Decoder) {
	*t = text{}
	var seen uint64
	for k, ok := d.First(); ok; k, ok = d.Next() {
		switch k {
		case "name":
			d.Once(&seen, 1)
			t.Name = d.String()
		default:
			d.Extra(&t.Extra, k)
		}
	}
	d.Require(seen, 1, "name")
}

var (
	echo  = wire.Request[text, text]{Method: "echo"}
	ping  = wire.Request[wire.Empty, wire.Empty]{Method: "ping"}
	block = wire.Request[wire.Empty, wire.Empty]{Method: "block"}
	note  = wire.Notification[text]{Method: "note"}
)

// basics is a handler of the methods above and some that go wrong.
func basics() *jsonrpc.Methods {
	pong := jsonrpc.HandleRequest(ping, func(context.Context, wire.Empty) (wire.Empty, error) { return wire.Empty{}, nil })
	pong.Order = jsonrpc.Inline
	fail := func(err error) *jsonrpc.RequestHandler {
		return &jsonrpc.RequestHandler{Serve: func(context.Context, wire.Value) (wire.Value, error) { return nil, err }}
	}
	return &jsonrpc.Methods{
		Requests: map[string]*jsonrpc.RequestHandler{
			"echo": jsonrpc.HandleRequest(echo, func(_ context.Context, p text) (text, error) { return p, nil }),
			"ping": pong,
			"block": jsonrpc.HandleRequest(block, func(ctx context.Context, _ wire.Empty) (wire.Empty, error) {
				<-ctx.Done()
				return wire.Empty{}, context.Cause(ctx)
			}),
			"nil":    fail(nil),
			"refuse": fail(jsonrpc.Errorf(-32002, "no such thing")),
			"plain":  fail(errors.New("disk is full")),
			"panic": {Serve: func(context.Context, wire.Value) (wire.Value, error) {
				panic("boom")
			}},
			"badresult": {Serve: func(context.Context, wire.Value) (wire.Value, error) {
				return &text{Name: "\xff"}, nil
			}},
		},
		Notifications: map[string]*jsonrpc.NotificationHandler{
			"note": jsonrpc.HandleNotification(note, func(context.Context, text) {}),
		},
	}
}

// collector is a Writer that keeps what it is given.
type collector struct {
	mu       sync.Mutex
	messages []string
	outgoing []jsonrpc.Outgoing
}

func (w *collector) Write(_ context.Context, m jsonrpc.Outgoing) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.messages = append(w.messages, string(m.Data))
	m.Data = nil
	w.outgoing = append(w.outgoing, m)
	return nil
}

func (w *collector) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	got := w.messages
	w.messages = nil
	return got
}

// TestAnswers shows, message by message, what comes back.
func TestAnswers(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"result", `{"jsonrpc":"2.0","id":1,"method":"echo","params":{"name":"a"}}`, `{"jsonrpc":"2.0","id":1,"result":{"name":"a"}}`},
		{"id and method last", `{"params":{"name":"a"},"method":"echo","jsonrpc":"2.0","id":"x"}`, `{"jsonrpc":"2.0","id":"x","result":{"name":"a"}}`},
		{"id last", `{"method":"echo","params":{"name":"a"},"jsonrpc":"2.0","id":7}`, `{"jsonrpc":"2.0","id":7,"result":{"name":"a"}}`},
		{"params optional", `{"jsonrpc":"2.0","id":1,"method":"ping"}`, `{"jsonrpc":"2.0","id":1,"result":{}}`},
		{"params null", `{"jsonrpc":"2.0","id":1,"method":"ping","params":null}`, `{"jsonrpc":"2.0","id":1,"result":{}}`},
		{"unknown members", `{"jsonrpc":"2.0","x":[1],"id":1,"method":"ping","y":{}}`, `{"jsonrpc":"2.0","id":1,"result":{}}`},
		{"no version", `{"id":1,"method":"ping"}`, `{"jsonrpc":"2.0","id":1,"result":{}}`},
		{"other version", `{"jsonrpc":"1.0","id":1,"method":"ping"}`, `{"jsonrpc":"2.0","id":1,"result":{}}`},
		{"version no string", `{"jsonrpc":2,"id":1,"method":"ping"}`, `{"jsonrpc":"2.0","id":1,"result":{}}`},
		{"nil result", `{"id":1,"method":"nil"}`, `{"jsonrpc":"2.0","id":1,"result":{}}`},
		{"integral float id", `{"id":1.0,"method":"ping"}`, `{"jsonrpc":"2.0","id":1,"result":{}}`},
		{"big id", `{"id":123456789012345678901234567890,"method":"ping"}`, `{"jsonrpc":"2.0","id":123456789012345678901234567890,"result":{}}`},
		{"escaped id", `{"id":"a\"\n","method":"ping"}`, `{"jsonrpc":"2.0","id":"a\"\n","result":{}}`},

		{"unknown method", `{"id":1,"method":"nope","params":{"a":[1]}}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"unknown method \"nope\""}}`},
		{"notification as request", `{"id":1,"method":"note","params":{"name":"a"}}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"unknown method \"note\""}}`},
		{"params missing", `{"id":1,"method":"echo"}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"echo params: missing"}}`},
		{"required params null", `{"id":1,"method":"echo","params":null}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"echo params: missing"}}`},
		{"member missing", `{"id":1,"method":"echo","params":{}}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"echo params.name: missing"}}`},
		{"member missing, id last", `{"method":"echo","params":{},"id":1}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"echo params.name: missing"}}`},
		{"member missing, params first", `{"params":{},"method":"echo","id":1}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"echo params.name: missing"}}`},
		{"wrong type", `{"id":1,"method":"echo","params":{"name":5}}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"echo params.name: want a string, got the number 5"}}`},
		{"params no object", `{"id":1,"method":"echo","params":[1]}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"echo params: want an object, got an array"}}`},
		{"params no structure", `{"id":1,"method":"nil","params":5}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"nil params: want an object, got a number"}}`},

		{"refused", `{"id":1,"method":"refuse"}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32002,"message":"no such thing"}}`},
		{"plain error", `{"id":1,"method":"plain"}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"disk is full"}}`},
		{"panic", `{"id":1,"method":"panic"}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"panic: handler panicked"}}`},
		{"result cannot be encoded", `{"id":1,"method":"badresult"}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"badresult result.name: string is not valid UTF-8"}}`},

		{"id null", `{"id":null,"method":"ping"}`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"id: want a string or an integer, got null"}}`},
		{"id fraction", `{"id":1.5,"method":"ping"}`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"id: `},
		{"id bool", `{"id":true,"method":"ping"}`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"id: want a string or an integer, got a boolean"}}`},
		{"id object", `{"id":{},"method":"ping"}`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"id: want a string or an integer, got an object"}}`},
		{"method no string", `{"id":3,"method":5}`, `{"jsonrpc":"2.0","id":3,"error":{"code":-32600,"message":"method: want a string, got the number 5"}}`},
		{"method no string, no id", `{"method":5}`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"method: want a string, got the number 5"}}`},
		{"no method", `{"id":3}`, `{"jsonrpc":"2.0","id":3,"error":{"code":-32600,"message":"method: missing"}}`},
		{"empty object", `{}`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"method: missing"}}`},
		{"scalar", `5`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"want an object, got the number 5"}}`},
		{"duplicate member", `{"id":1,"id":2,"method":"ping"}`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"duplicate member \"id\""}}`},
		{"duplicate unknown member", `{"id":1,"x":1,"x":2,"method":"ping"}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"duplicate member \"x\""}}`},
		{"duplicate inside, id last", `{"method":"echo","params":{"name":"a","x":{"a":1,"a":2}},"id":9}`, `{"jsonrpc":"2.0","id":9,"error":{"code":-32600,"message":"params.x: duplicate member \"a\""}}`},
		{"too deep", `{"id":1,"method":"ping","params":{"x":` + strings.Repeat("[", 600) + strings.Repeat("]", 600) + `}}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"`},

		{"not JSON", `hello`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"`},
		{"cut", `{"id":1,"method":"ping"`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"`},
		{"trailing data", `{"id":1,"method":"ping"} x`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"`},
		{"invalid UTF-8", "{\"id\":1,\"method\":\"ping\",\"x\":\"\xff\"}", `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"`},
		{"syntax after a mismatch", `{"id":1,"method":"echo","params":{"name":5},}`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"`},
		{"empty", ``, `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"`},
		{"batch", `[{"id":1,"method":"ping"}]`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"batches are not supported"}}`},
		{"batch no JSON", `[{"id":1,]`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"`},

		{"notification", `{"method":"note","params":{"name":"a"}}`, ``},
		{"notification of unknown method", `{"method":"nope"}`, ``},
		{"request as notification", `{"method":"echo","params":{}}`, ``},
		{"notification that does not decode", `{"method":"note","params":{}}`, ``},
		{"notification without params", `{"method":"note"}`, ``},
		{"notification with a member twice", `{"method":"note","params":{"name":"a","name":"b"}}`, ``},
		{"response nobody waits for", `{"id":5,"result":{}}`, ``},
		{"error nobody waits for", `{"id":5,"error":{"code":1,"message":"x"}}`, ``},
		{"error with id null", `{"id":null,"error":{"code":1,"message":"x"}}`, ``},
		{"response that does not decode", `{"id":1.5,"result":{}}`, ``},
		{"error that does not decode", `{"id":5,"error":{"code":"x"}}`, ``},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := jsonrpc.New(jsonrpc.Options{Handler: basics()})
			var w collector
			require.NoError(t, c.Deliver(t.Context(), []byte(tt.in), &w))
			got := w.take()
			if tt.want == "" {
				require.Empty(t, got)
				return
			}
			require.Len(t, got, 1)
			if strings.HasSuffix(tt.want, "}") {
				require.Equal(t, tt.want, got[0])
			} else {
				require.Truef(t, strings.HasPrefix(got[0], tt.want), "got %s\nwant %s...", got[0], tt.want)
			}
			require.NoError(t, c.Close(t.Context()))
		})
	}
}

// pair joins two connections in memory and serves both.
func pair(t *testing.T, a, b jsonrpc.Options) (*jsonrpc.Conn, *jsonrpc.Conn) {
	t.Helper()
	ta, tb := jsonrpc.Pipe()
	return serve(t, jsonrpc.New(a), ta), serve(t, jsonrpc.New(b), tb)
}

func serve(t *testing.T, c *jsonrpc.Conn, tr jsonrpc.Transport) *jsonrpc.Conn {
	t.Helper()
	done := c.Start(context.Background(), tr)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(t, c.Close(ctx))
		if err := <-done; err != nil { // the peer may have closed first
			require.ErrorIs(t, err, jsonrpc.ErrClosed)
		}
	})
	return c
}

func TestCall(t *testing.T) {
	a, _ := pair(t, jsonrpc.Options{}, jsonrpc.Options{Handler: basics()})
	got, err := jsonrpc.Call(t.Context(), a, echo, text{Name: "x"})
	require.NoError(t, err)
	require.Equal(t, text{Name: "x"}, got)
	err = a.Call(t.Context(), "refuse", nil, nil)
	var refusal *jsonrpc.Error
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, jsonrpc.Errorf(-32002, "no such thing"), refusal)
}

func TestLinesRoundTrip(t *testing.T) {
	ar, bw := io.Pipe()
	br, aw := io.Pipe()
	a := serve(t, jsonrpc.New(jsonrpc.Options{}), jsonrpc.Lines(ar, aw, jsonrpc.Limits{}))
	serve(t, jsonrpc.New(jsonrpc.Options{Handler: basics()}), jsonrpc.Lines(br, bw, jsonrpc.Limits{}))
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			name := fmt.Sprint(i) + strings.Repeat("x", i*i*100)
			got, err := jsonrpc.Call(t.Context(), a, echo, text{Name: name})
			require.NoError(t, err)
			require.Equal(t, name, got.Name)
			_, err = jsonrpc.Call(t.Context(), a, ping, wire.Empty{})
			require.NoError(t, err)
		})
	}
	wg.Wait()
}

func TestLinesFraming(t *testing.T) {
	r, in := io.Pipe()
	out, w := io.Pipe()
	serve(t, jsonrpc.New(jsonrpc.Options{Handler: basics()}), jsonrpc.Lines(r, w, jsonrpc.Limits{MaxMessage: 1000}))
	lines := bufio.NewScanner(out)
	send := func(s string) string {
		go func() { _, _ = io.WriteString(in, s) }()
		require.True(t, lines.Scan())
		return lines.Text()
	}
	require.Equal(t, `{"jsonrpc":"2.0","id":1,"result":{}}`, send("\n\r\n  \n{\"id\":1,\"method\":\"ping\"}\r\n"))
	require.Contains(t, send(strings.Repeat("x", 200_000)+"\n"), `-32600,"message":"message of 200000 bytes is over the limit of 1000 bytes"`)
	require.Contains(t, send("{\"id\":1,\xff\n"), `-32700`)
	require.Equal(t, `{"jsonrpc":"2.0","id":2,"result":{}}`, send("{\"id\":2,\"method\":\"ping\"}\n"))
}
