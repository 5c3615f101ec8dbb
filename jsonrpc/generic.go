package jsonrpc

import (
	"context"
	"fmt"

	"github.com/codexmcp/codexmcp/wire"
)

// Call sends the request m to the peer of c and waits for its result. The error is as [Conn.Call] says.
func Call[P, R any](ctx context.Context, c *Conn, m wire.Request[P, R], params P) (R, error) {
	var result R
	err := c.Call(ctx, m.Method, valueOf(&params), valueOf(&result))
	return result, err
}

// Notify sends the notification m to the peer of c.
func Notify[P any](ctx context.Context, c *Conn, m wire.Notification[P], params P) error {
	return c.Notify(ctx, m.Method, valueOf(&params))
}

// HandleRequest returns a handler of the requests m that calls fn. Params may be left out by the peer if neither the
// method requires them nor P has a required member.
func HandleRequest[P, R any](m wire.Request[P, R], fn func(context.Context, P) (R, error)) *RequestHandler {
	return &RequestHandler{
		NewParams:      newValue[P],
		ParamsRequired: m.ParamsRequired || needsMembers[P](),
		Serve: func(ctx context.Context, params wire.Value) (wire.Value, error) {
			p, ok := params.(any).(*P)
			if !ok {
				return nil, fmt.Errorf("params: %T has no codec", p)
			}
			result, err := fn(ctx, *p)
			if err != nil {
				return nil, err
			}
			return valueOf(&result), nil
		},
	}
}

// HandleNotification returns a handler of the notifications m that calls fn.
func HandleNotification[P any](m wire.Notification[P], fn func(context.Context, P)) *NotificationHandler {
	return &NotificationHandler{
		NewParams:      newValue[P],
		ParamsRequired: m.ParamsRequired || needsMembers[P](),
		Serve: func(ctx context.Context, params wire.Value) {
			if p, ok := params.(any).(*P); ok {
				fn(ctx, *p)
			}
		},
	}
}

func newValue[P any]() wire.Value { return valueOf(new(P)) }

// needsMembers reports whether an empty object is no P.
func needsMembers[P any]() bool { return wire.Unmarshal([]byte("{}"), newValue[P]()) != nil }

// valueOf returns pointer as the Value it should be.
func valueOf(pointer any) wire.Value {
	if v, ok := pointer.(wire.Value); ok {
		return v
	}
	return noCodec{pointer}
}

// noCodec stands for a pointer to a type that is no Value, and fails as one.
type noCodec struct{ pointer any }

func (v noCodec) EncodeJSON(e *wire.Encoder) { e.Fail("%T has no codec", v.pointer) }
func (v noCodec) DecodeJSON(d *wire.Decoder) { d.Fail("%T has no codec", v.pointer) }
