package jsonrpc

import (
	"context"
	"errors"
	"fmt"

	"github.com/codexmcp/codexmcp/wire"
)

// ErrCancelled is the cause of a handler's context when the peer has cancelled the request.
var ErrCancelled = errors.New("request cancelled by the peer")

// request has a request served.
func (c *Conn) request(via *delivery, m *message, b *batch) (accepted bool, err error) {
	h := m.request
	if h == nil {
		c.respond(via, b, m.id, Errorf(CodeMethodNotFound, "unknown method %q", m.method))
		return false, nil
	}
	params := m.params
	if params == nil && h.NewParams != nil {
		if h.ParamsRequired {
			c.refuse(via, b, m.id, InvalidParamsf("%s params: missing", m.method))
			return false, nil
		}
		params = h.NewParams()
	}
	in := &incoming{Context: via.ctx, conn: c, id: m.id, method: m.method, handler: h, order: h.Order, params: params, via: via, batch: b}
	if h.OrderOf != nil {
		in.order = h.OrderOf(params)
	}
	if !via.stream || in.order != Inline {
		in.Context, in.cancel = context.WithCancelCause(via.ctx)
	}
	refusal, err := c.accept(in)
	if refusal != nil || err != nil {
		in.end()
		if err == nil {
			c.refuse(via, b, m.id, refusal)
		}
		return false, err
	}
	c.run(in)
	return true, nil
}

// accept notes that in is served, unless it cannot be.
func (c *Conn) accept(in *incoming) (*Error, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ended != nil:
		return nil, c.ended
	case c.serving[in.id] != nil:
		return Errorf(CodeInvalidRequest, "id: a request with the id %q is in flight", in.id), nil
	case c.running >= c.limits.MaxConcurrent:
		err := &LimitError{"requests in flight", c.limits.MaxConcurrent}
		return &Error{Code: CodeInternalError, Message: err.Error()}, nil
	}
	c.serving[in.id] = in
	c.running++
	return nil, nil
}

// run serves in as its order and way ask.
func (c *Conn) run(in *incoming) {
	switch via, order := in.via, in.order; {
	case !via.stream && in.batch != nil && order == Concurrent:
		via.group.Go(func() { c.serve(in) })
	case !via.stream:
		c.serve(in)
	case order == Inline:
		in.blocks.Store(true)
		c.serve(in)
	case order == Ordered:
		via.start()
		in.blocks.Store(true)
		in.released = make(chan struct{})
		go c.serve(in)
		select {
		case <-in.released:
		case <-c.base.Done():
		}
	default:
		select {
		case c.work <- in:
		default:
			go c.worker(in)
		}
	}
}

// worker serves in, and then for a while further requests: a goroutine whose stack has grown is worth keeping. Only
// few wait for work; all end with the connection.
func (c *Conn) worker(in *incoming) {
	for {
		c.serve(in)
		if c.resting.Add(1) > maxResting {
			c.resting.Add(-1)
			return
		}
		select {
		case in = <-c.work:
			c.resting.Add(-1)
		case <-c.base.Done():
			return
		}
	}
}

// serve runs the handler of in and answers.
func (c *Conn) serve(in *incoming) {
	var buf *buffer
	var refusal *Error
	returned := false
	defer func() {
		if !returned {
			refusal = Errorf(CodeInternalError, "%s: handler exited", in.method)
		}
		c.finish(in, buf, refusal)
	}()
	buf, refusal = c.outcome(in)
	returned = true
}

// outcome is what the handler of in comes to: an encoded result or an error.
func (c *Conn) outcome(in *incoming) (buf *buffer, refusal *Error) {
	defer func() {
		if p := recover(); p != nil {
			c.panicked(in.method, p)
			buf, refusal = nil, Errorf(CodeInternalError, "%s: handler panicked", in.method)
		}
	}()
	result, err := in.handler.Serve(in, in.params)
	if err != nil {
		return nil, responseError(err)
	}
	buf, err = encodeResult(in.id, result)
	if err != nil {
		c.log.Error("result not encoded", "method", in.method, "error", err)
		buf.free()
		return nil, Errorf(CodeInternalError, "%s %v", in.method, err)
	}
	return buf, nil
}

// finish answers in, unless the peer has cancelled it, and frees its slot. The id is free before the answer is written:
// the peer may use it again as soon as it has read that.
func (c *Conn) finish(in *incoming, buf *buffer, refusal *Error) {
	inline := in.via.stream && in.order == Inline
	c.mu.Lock()
	cancelled := in.cancelled
	delete(c.serving, in.id)
	c.mu.Unlock()
	in.answered.Store(true)
	if !cancelled {
		if refusal != nil {
			buf = encodeError(in.id, refusal)
		}
		c.answer(in.via, in.batch, Outgoing{Data: buf.data, Kind: Response, Related: in.id, Error: refusal,
			Hold: inline && in.via.holds, buf: buf, reading: in.blocks.Load()})
	}
	if buf != nil {
		buf.free()
	}
	for _, f := range in.after {
		c.follow(in.method, f)
	}
	in.end()
	in.release()
	if in.batch != nil {
		in.batch.done(c, inline)
	}
	c.leave()
}

// follow runs what a handler wanted done after its answer.
func (c *Conn) follow(method string, f func()) {
	defer func() {
		if p := recover(); p != nil {
			c.panicked(method, p)
		}
	}()
	f()
}

// Cancel ends the context of the handler that serves the peer's request with id, and keeps its response from being
// sent. It reports whether there is such a request.
func (c *Conn) Cancel(id wire.RequestID, reason string) bool {
	c.mu.Lock()
	in := c.serving[id]
	known := in != nil && !in.cancelled
	if known {
		in.cancelled = true
	}
	c.mu.Unlock()
	if !known {
		return false
	}
	if in.cancel != nil {
		cause := ErrCancelled
		if reason != "" {
			cause = fmt.Errorf("%w: %s", ErrCancelled, reason)
		}
		in.cancel(cause)
	}
	return true
}
