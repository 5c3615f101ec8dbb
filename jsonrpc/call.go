package jsonrpc

import (
	"context"
	"fmt"
	"time"

	"github.com/codexmcp/codexmcp/wire"
)

// cancelTime is how long Options.OnCancel may take to tell the peer.
const cancelTime = time.Second

// call is a request of ours that waits for its answer. Who takes it from the table of pending calls, and only that
// goroutine, sets the result and err and closes done.
type call struct {
	method string
	result wire.Value
	err    error
	done   chan struct{}
}

func (p *call) end(err error) {
	if err != nil {
		p.err = err
	}
	close(p.done)
}

// Call sends a request and waits for its answer, which it decodes into result. Nil params are left out, a nil result is
// not looked at. The error is an [*Error] when the peer refused, the cause of ctx when that ended first, and else says
// why there is no answer; test with errors.Is and errors.As.
func (c *Conn) Call(ctx context.Context, method string, params, result wire.Value) error {
	in := c.courseOf(ctx)
	if in != nil && in.blocks.Load() {
		return fmt.Errorf("%s: %w", method, ErrInOrder)
	}
	number := c.lastID.Add(1)
	id := wire.IntID(number)
	buf, err := encodeCall(id, method, params)
	if err != nil {
		buf.free()
		return fmt.Errorf("%s: %w", method, err)
	}
	p := &call{method: method, result: result, done: make(chan struct{})}
	if err := c.addCall(number, p); err != nil {
		buf.free()
		return fmt.Errorf("%s: %w", method, err)
	}
	err = c.send(ctx, in, Outgoing{Data: buf.data, buf: buf, Kind: Request, Method: method, ID: id})
	buf.free()
	if err != nil {
		if c.take(id) != nil {
			return fmt.Errorf("%s: %w", method, err)
		}
		<-p.done
		return p.err
	}
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
	}
	if c.take(id) == nil { // the answer is being decoded
		<-p.done
		return p.err
	}
	if hook := c.options.OnCancel; hook != nil {
		hookCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelTime)
		hook(hookCtx, id, method, context.Cause(ctx))
		cancel()
	}
	return fmt.Errorf("%s: %w", method, context.Cause(ctx))
}

// Notify sends a notification. Nil params are left out. It returns when the transport has taken it.
func (c *Conn) Notify(ctx context.Context, method string, params wire.Value) error {
	buf, err := encodeCall(wire.RequestID{}, method, params)
	if err == nil {
		err = c.send(ctx, c.courseOf(ctx), Outgoing{Data: buf.data, buf: buf, Kind: Notification, Method: method})
	}
	buf.free()
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	return nil
}

// courseOf returns the request or notification of c in whose handler ctx was made, or nil.
func (c *Conn) courseOf(ctx context.Context) *incoming {
	if in := incomingOf(ctx); in != nil && in.conn == c {
		return in
	}
	return nil
}

// send writes a message of ours where it belongs.
func (c *Conn) send(ctx context.Context, in *incoming, m Outgoing) error {
	if in != nil && !in.id.IsZero() && !in.answered.Load() {
		m.Related = in.id
		return c.write(ctx, in.via.writer, in.via.stream, m)
	}
	c.mu.Lock()
	w, stream, err := c.writer, c.stream, c.ended
	c.mu.Unlock()
	switch {
	case err != nil:
		return err
	case w == nil:
		return ErrNoWriter
	}
	return c.write(ctx, w, stream, m)
}

// write gives a message to w. A stream that cannot be written is at its end.
func (c *Conn) write(ctx context.Context, w Writer, stream bool, m Outgoing) error {
	err := w.Write(ctx, m)
	if err != nil && stream && !isContextError(ctx, err) {
		c.end(fmt.Errorf("write: %w", err))
	}
	return err
}

// addCall notes that p waits.
func (c *Conn) addCall(id int64, p *call) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ended != nil:
		return c.ended
	case c.deaf != nil:
		return c.deaf
	case len(c.calls) >= c.limits.MaxPending:
		return &LimitError{"pending calls", c.limits.MaxPending}
	}
	c.calls[id] = p
	return nil
}

// take returns the call that waits for an answer with id, and takes it from those; nil if there is none.
func (c *Conn) take(id wire.RequestID) *call {
	n, ok := id.Int64()
	if !ok {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.calls[n]
	delete(c.calls, n)
	return p
}

// failCalls ends all pending calls, and future ones: no answer can come any more.
func (c *Conn) failCalls(cause error) {
	c.mu.Lock()
	calls := c.calls
	c.calls = nil
	if c.deaf == nil {
		c.deaf = cause
	}
	c.mu.Unlock()
	for _, p := range calls {
		p.end(fmt.Errorf("%s: %w", p.method, cause))
	}
}
