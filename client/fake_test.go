package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/client"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

var info = mcptypes.Implementation{Name: "test", Version: "1"}

// A peer is a server that answers each method with JSON made by a function.
type peer struct {
	conn    *jsonrpc.Conn
	answers map[string]func(ctx context.Context, params object) (any, error)
	calls   chan call
}

type peerKey struct{}

// peerIn is the peer whose answer is being made.
func peerIn(ctx context.Context) *peer { return ctx.Value(peerKey{}).(*peer) }

type object map[string]json.RawMessage

type call struct {
	method string
	params object
}

// anything decodes into and encodes from any JSON.
type anything struct{ raw wire.Raw }

func (a *anything) EncodeJSON(e *wire.Encoder) { e.RawValue(a.raw) }
func (a *anything) DecodeJSON(d *wire.Decoder) { a.raw = d.Raw() }

// Request implements [jsonrpc.Handler].
func (p *peer) Request(method string) *jsonrpc.RequestHandler {
	answer := p.answers[method]
	if answer == nil {
		return nil
	}
	return &jsonrpc.RequestHandler{
		NewParams: func() wire.Value { return new(anything) },
		Serve: func(ctx context.Context, params wire.Value) (wire.Value, error) {
			var o object
			if raw := params.(*anything).raw; !raw.IsZero() {
				if err := raw.Decode(&o); err != nil {
					return nil, err
				}
			}
			p.note(method, o)
			result, err := answer(context.WithValue(ctx, peerKey{}, p), o)
			if err != nil {
				return nil, err
			}
			if text, ok := result.(string); ok {
				raw, err := wire.ParseRaw([]byte(text))
				return &anything{raw}, err
			}
			raw, err := wire.RawOf(result)
			return &anything{raw}, err
		},
	}
}

// Notification implements [jsonrpc.Handler].
func (p *peer) Notification(method string) *jsonrpc.NotificationHandler {
	return &jsonrpc.NotificationHandler{
		NewParams: func() wire.Value { return new(anything) },
		Serve: func(_ context.Context, params wire.Value) {
			var o object
			if raw := params.(*anything).raw; !raw.IsZero() {
				_ = raw.Decode(&o)
			}
			p.note(method, o)
		},
	}
}

func (p *peer) note(method string, params object) {
	select {
	case p.calls <- call{method, params}:
	default:
	}
}

func (p *peer) notify(t *testing.T, ctx context.Context, method, params string) {
	t.Helper()
	raw, err := wire.ParseRaw([]byte(params))
	require.NoError(t, err)
	require.NoError(t, p.conn.Notify(ctx, method, &anything{raw}))
}

// next waits for a call of a method, and drops others.
func (p *peer) next(t *testing.T, method string) object {
	t.Helper()
	late := time.After(10 * time.Second)
	for {
		select {
		case c := <-p.calls:
			if c.method == method {
				return c.params
			}
		case <-late:
			t.Fatalf("no %s came", method)
		}
	}
}

type answers = map[string]func(context.Context, object) (any, error)

// fixed answers always the same.
func fixed(result string) func(context.Context, object) (any, error) {
	return func(context.Context, object) (any, error) { return result, nil }
}

func handshake(revision string) func(context.Context, object) (any, error) {
	return fixed(`{"protocolVersion":"` + revision + `","capabilities":{},"serverInfo":{"name":"peer","version":"1"}}`)
}

const discovered = `{"resultType":"complete","ttlMs":0,"cacheScope":"private","supportedVersions":["2026-07-28"],
	"capabilities":{"tools":{"listChanged":true},"resources":{}},"instructions":"be kind","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"peer","version":"2"}}}`

// connect opens a session with a peer.
func connect(t *testing.T, a answers, o client.Options) (*client.Session, *peer) {
	t.Helper()
	s, p, err := tryConnect(t, a, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close(context.WithoutCancel(t.Context()))) })
	return s, p
}

func tryConnect(t *testing.T, a answers, o client.Options) (*client.Session, *peer, error) {
	t.Helper()
	p := &peer{answers: a, calls: make(chan call, 1000)}
	p.conn = jsonrpc.New(jsonrpc.Options{Handler: p, OnCancel: func(context.Context, wire.RequestID, string, error) {}})
	ours, theirs := jsonrpc.Pipe()
	served := p.conn.Start(context.WithoutCancel(t.Context()), theirs)
	t.Cleanup(func() {
		_ = p.conn.Close(context.WithoutCancel(t.Context()))
		if err := <-served; err != nil && !errors.Is(err, jsonrpc.ErrClosed) {
			t.Error(err)
		}
	})
	o.Info = info
	s, err := client.Connect(t.Context(), ours, o)
	return s, p, err
}
