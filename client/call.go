package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/wire"
)

// Call sends a request and waits for its result. When ctx ends first, the
// server is told that nobody waits any more. The error is a [*jsonrpc.Error]
// when the server refused.
func Call[P, R any](ctx context.Context, s *Session, m wire.Request[P, R], params P) (R, error) {
	var result R
	err := s.Call(ctx, m.Method, value(&params), value(&result))
	return result, err
}

// Notify sends a notification.
func Notify[P any](ctx context.Context, s *Session, m wire.Notification[P], params P) error {
	_, err := jsonrpc.Wrap(s.options.Outgoing, func(ctx context.Context, method string, params wire.Value) (wire.Value, error) {
		return nil, s.conn.Notify(ctx, method, params)
	})(ctx, m.Method, value(&params))
	return err
}

// value is a pointer as the value it should be.
func value(pointer any) wire.Value {
	if v, ok := pointer.(wire.Value); ok {
		return v
	}
	return noCodec{pointer}
}

// noCodec stands for a pointer to a type that has no codec, and fails as one.
type noCodec struct{ pointer any }

func (v noCodec) EncodeJSON(e *wire.Encoder) { e.Fail("%T has no codec", v.pointer) }
func (v noCodec) DecodeJSON(d *wire.Decoder) { d.Fail("%T has no codec", v.pointer) }

// Call is [Call] for a method whose name is known at run time only. The params
// are left out when nil; the result is not looked at when nil.
func (s *Session) Call(ctx context.Context, method string, params, result wire.Value) error {
	return s.outgoing(ctx, method, params, result, s.call)
}

// outgoing makes a call through the middleware.
func (s *Session) outgoing(ctx context.Context, method string, params, result wire.Value,
	call func(ctx context.Context, method string, params, result wire.Value) error) error {
	if len(s.options.Outgoing) == 0 {
		return call(ctx, method, params, result)
	}
	got, err := jsonrpc.Wrap(s.options.Outgoing, func(ctx context.Context, method string, params wire.Value) (wire.Value, error) {
		return result, call(ctx, method, params, result)
	})(ctx, method, params)
	if err != nil || result == nil || got == result {
		return err
	}
	to, from := reflect.ValueOf(result), reflect.ValueOf(got)
	if !from.IsValid() || from.Type() != to.Type() || from.IsNil() {
		return fmt.Errorf("%s: middleware has made the result a %T, want a %T", method, got, result)
	}
	to.Elem().Set(from.Elem())
	return nil
}

func (s *Session) call(ctx context.Context, method string, params, result wire.Value) error {
	if limit := s.options.CallTimeout; limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer within %v: %w", limit, context.DeadlineExceeded))
		defer cancel()
	}
	members := wire.Members{}
	if report := progressOf(ctx); report != nil {
		token := s.progress.add(report)
		defer s.progress.remove(token)
		if err := members.SetValue("progressToken", token); err != nil {
			return err
		}
	}
	var err error
	if s.Revision() == Stateless {
		err = s.callStateless(ctx, method, params, result, members)
	} else {
		err = s.callInSession(ctx, method, withMeta(params, members), result)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, context.DeadlineExceeded) {
		err = s.explain(err)
	}
	return err
}

// callInSession makes a call, and once more when the server has lost the session.
func (s *Session) callInSession(ctx context.Context, method string, params, result wire.Value) error {
	if s.http == nil {
		return s.conn.Call(ctx, method, params, result)
	}
	session := s.http.session()
	err := s.conn.Call(ctx, method, params, result)
	if session == "" || !errors.Is(err, errSessionGone) {
		return err
	}
	if err := s.reopen(ctx, session); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	return s.conn.Call(ctx, method, params, result)
}

// withMeta adds members to the _meta of params.
func withMeta(params wire.Value, meta wire.Members) wire.Value {
	if meta.Len() == 0 {
		return params
	}
	return &metaParams{params: params, meta: meta}
}

// metaParams are params with further members: in _meta, and beside it.
type metaParams struct {
	params       wire.Value
	meta, beside wire.Members
}

// DecodeJSON is not used: params are sent.
func (p *metaParams) DecodeJSON(d *wire.Decoder) { d.Skip() }

// EncodeJSON writes the params with what is added to them.
func (p *metaParams) EncodeJSON(e *wire.Encoder) {
	var all, meta wire.Members
	if p.params != nil {
		text, err := wire.Append(nil, p.params)
		if err == nil {
			err = all.UnmarshalJSON(text)
		}
		if err != nil {
			e.Fail("%v", err)
			return
		}
	}
	if own, ok := all.Get("_meta"); ok && own.Kind() == wire.KindObject {
		if err := own.Decode(&meta); err != nil {
			e.Fail("%v", err)
			return
		}
	}
	for name, v := range p.meta.All() {
		meta.Set(name, v)
	}
	if err := all.SetValue("_meta", meta); err != nil {
		e.Fail("%v", err)
		return
	}
	for name, v := range p.beside.All() {
		all.Set(name, v)
	}
	e.MembersValue(all)
}
