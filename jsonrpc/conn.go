package jsonrpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/codexmcp/codexmcp/wire"
)

// lastRead is how long a read that was interrupted has to return.
const lastRead = 100 * time.Millisecond

// maxResting is how many goroutines of a stream wait for the next request.
const maxResting = 16

// Options says what a connection does for its peer. The zero Options serves nothing and is good for calls.
type Options struct {
	// Handler finds what serves the peer's messages. Nil: every request is refused, notifications are ignored.
	Handler Handler
	// Limits bounds what the peer can make grow.
	Limits Limits
	// Linger is how long requests in flight may go on after the peer has closed its side of a stream.
	Linger time.Duration
	// Batches reports whether a batch is legal now. Nil: never.
	Batches func() bool
	// RequireVersion refuses messages without "jsonrpc": "2.0".
	RequireVersion bool
	// DropInvalid drops and counts what would be answered with the id null. A client of a program that may
	// print stray lines wants it.
	DropInvalid bool
	// OnCancel is called when the context of a call ended before its answer came, to tell the peer. It is bounded by
	// ctx, which belongs to the same request of the peer as the call's.
	OnCancel func(ctx context.Context, id wire.RequestID, method string, cause error)
	// LastID is the number before the first id of ours: connections that stand for one conversation keep theirs apart.
	LastID int64
	// OnUnknown is given the text of a response that nobody here waits for, before it is dropped.
	OnUnknown func(ctx context.Context, message []byte)
	// Log takes what nobody else is told: panics, and messages that are dropped. Nil: nothing is logged.
	Log *slog.Logger
}

// Conn is one end of a JSON-RPC 2.0 conversation. See the package documentation for what it promises. Its
// methods may be called from any goroutine.
type Conn struct {
	options Options
	handler Handler
	limits  Limits
	log     *slog.Logger

	lastID atomic.Int64 // the only place where ids come from
	counts counts

	work    chan *incoming // to goroutines that wait for a request
	resting atomic.Int32   // how many do

	base context.Context // ends with the connection
	stop context.CancelCauseFunc

	// mu protects what follows. It is held for table look-ups only: never during a read, a write, a decode or a handler.
	mu        sync.Mutex
	calls     map[int64]*call              // ours, waiting for an answer; nil when none can come
	serving   map[wire.RequestID]*incoming // the peer's, until answered; a cancelled one until its handler returns
	running   int                          // handlers at work and responses being written
	idle      chan struct{}                // closed when running falls to 0; nil when nobody waits
	writer    Writer                       // for what belongs to no request
	stream    bool                         // writer is the transport of Serve
	served    chan struct{}                // closed when Serve returns; nil before Serve
	transport Transport                    // of Serve
	deaf      error                        // why no answers can come
	ended     error                        // why the connection ended
}

// Stats counts what happened on a connection without anybody being told.
type Stats struct {
	InFlight             int    // requests of the peer and notifications at work
	Pending              int    // calls waiting for an answer
	UnknownResponses     uint64 // dropped: nobody waited for them
	InvalidMessages      uint64 // could not be taken, answered or not
	IgnoredNotifications uint64 // nothing takes them
	Panics               uint64 // of handlers
}

type counts struct{ unknown, invalid, ignored, panics atomic.Uint64 }

// New returns a connection that waits for messages: from Serve or Deliver.
func New(options Options) *Conn {
	c := &Conn{
		options: options,
		handler: options.Handler,
		limits:  options.Limits.withDefaults(),
		log:     options.Log,
		calls:   make(map[int64]*call),
		serving: make(map[wire.RequestID]*incoming),
		work:    make(chan *incoming),
	}
	if c.handler == nil {
		c.handler = noMethods{}
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.lastID.Store(options.LastID)
	c.base, c.stop = context.WithCancelCause(context.Background())
	return c
}

// Stats returns the counts so far.
func (c *Conn) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Stats{
		InFlight:             c.running,
		Pending:              len(c.calls),
		UnknownResponses:     c.counts.unknown.Load(),
		InvalidMessages:      c.counts.invalid.Load(),
		IgnoredNotifications: c.counts.ignored.Load(),
		Panics:               c.counts.panics.Load(),
	}
}

// SetWriter says where messages go that belong to no request, on a connection without Serve. Nil: nowhere for now.
func (c *Conn) SetWriter(w Writer) {
	c.mu.Lock()
	c.writer, c.stream = w, false
	c.mu.Unlock()
}

// Done returns a channel that is closed when the connection has ended; [Conn.Err] says why.
func (c *Conn) Done() <-chan struct{} { return c.base.Done() }

// Err returns why the connection ended, nil so far as it did not.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

// Serve reads messages from t until the peer closes it, ctx ends, the connection is closed, or an error; then it ends
// everything and closes t. It returns nil when the peer closed its side, else the reason. A connection serves one
// transport. Handlers get contexts made from ctx.
func (c *Conn) Serve(ctx context.Context, t Transport) error {
	if err := c.attach(t); err != nil {
		return err
	}
	return c.serveTransport(ctx, t)
}

// Start is Serve in a goroutine: when it returns, calls can be made. The channel gives what Serve would return.
func (c *Conn) Start(ctx context.Context, t Transport) <-chan error {
	result := make(chan error, 1)
	if err := c.attach(t); err != nil {
		result <- err
		return result
	}
	go func() { result <- c.serveTransport(ctx, t) }()
	return result
}

func (c *Conn) serveTransport(ctx context.Context, t Transport) error {
	defer close(c.served)
	handlers, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(c.base, func() { cancel(context.Cause(c.base)) })()
	loop := make(chan error, 1)
	go func() { loop <- c.read(handlers, t) }()

	var err error
	reading := true
	select {
	case err = <-loop:
		reading = false
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-c.base.Done():
		// Who cannot write to a peer that is gone will read its end in a moment.
		err = context.Cause(c.base)
		if last, ok := await(loop, lastRead); ok {
			reading = false
			if errors.Is(last, io.EOF) {
				err = last
			}
		}
	}
	gone := errors.Is(err, io.EOF)
	if gone {
		c.failCalls(ErrPeerClosed)
		c.waitIdle(handlers.Done(), c.options.Linger)
		err = ErrPeerClosed
	}
	c.end(err)
	c.hangUp(ctx, t)
	if reading {
		_, _ = await(loop, lastRead)
	}
	if gone {
		return nil
	}
	return err
}

// hangUp lets the handlers return and their answers leave, in the time there is, and closes t.
func (c *Conn) hangUp(ctx context.Context, t Transport) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), c.limits.Grace)
	defer stop()
	c.waitIdle(nil, c.limits.Grace)
	if f, ok := t.(Flusher); ok {
		if err := f.Flush(ctx); err != nil {
			c.log.DebugContext(ctx, "output left unsent", "error", err)
		}
	}
	if err := t.Close(); err != nil {
		c.log.DebugContext(ctx, "close transport", "error", err)
	}
}

// await receives from a channel, for a time.
func await(from <-chan error, limit time.Duration) (error, bool) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case err := <-from:
		return err, true
	case <-timer.C:
		return nil, false
	}
}

// attach makes t the transport of the connection.
func (c *Conn) attach(t Transport) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ended != nil:
		return c.ended
	case c.served != nil:
		return errors.New("connection serves a transport already")
	}
	c.served, c.transport = make(chan struct{}), t
	c.writer, c.stream = t, true
	return nil
}

// read handles the messages of t, one after the other.
func (c *Conn) read(ctx context.Context, t Transport) error {
	_, holds := t.(Flusher)
	via := &delivery{writer: t, stream: true, holds: holds, ctx: ctx, answer: context.WithoutCancel(ctx)}
	notified := &incoming{Context: ctx, conn: c, via: via}
	notified.blocks.Store(true)
	via.notified = notified
	for {
		data, err := t.Read(ctx)
		if bad, ok := errors.AsType[*MessageError](err); ok {
			c.refuse(via, nil, wire.RequestID{}, &Error{Code: bad.Code, Message: bad.Message})
		} else if err != nil {
			return err
		} else if err := c.receive(via, data); err != nil {
			return err
		}
		if c.base.Err() != nil {
			return context.Cause(c.base)
		}
	}
}

// Close ends the connection: pending calls fail with [ErrClosed], the contexts of handlers end, and what they answer
// within the time that ctx and Limits.Grace leave is still sent. Then the transport is closed. It must not be called
// by a handler, as it waits for those; its error says that some have not returned.
func (c *Conn) Close(ctx context.Context) error {
	c.end(ErrClosed)
	c.mu.Lock()
	served, t := c.served, c.transport
	c.mu.Unlock()
	if served != nil {
		select {
		case <-served:
		case <-ctx.Done():
			if err := t.Close(); err != nil {
				c.log.DebugContext(ctx, "close transport", "error", err)
			}
		}
	} else {
		c.waitIdle(ctx.Done(), c.limits.Grace)
	}
	if n := c.Stats().InFlight; n > 0 {
		return fmt.Errorf("close: %d handlers have not returned", n)
	}
	return nil
}

// end ends the connection once: nobody waits for the peer any longer.
func (c *Conn) end(cause error) {
	c.mu.Lock()
	if c.ended != nil {
		c.mu.Unlock()
		return
	}
	c.ended = cause
	cancels := make([]context.CancelCauseFunc, 0, len(c.serving))
	for _, in := range c.serving {
		cancels = append(cancels, in.cancel)
	}
	c.mu.Unlock()
	c.stop(cause)
	c.failCalls(cause)
	for _, cancel := range cancels {
		if cancel != nil {
			cancel(cause)
		}
	}
}

// enter notes a handler at work; leave that it and its response are done.
func (c *Conn) enter() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended == nil {
		c.running++
	}
	return c.ended
}

func (c *Conn) leave() {
	c.mu.Lock()
	if c.running--; c.running == 0 && c.idle != nil {
		close(c.idle)
		c.idle = nil
	}
	c.mu.Unlock()
}

// waitIdle waits until nothing is at work, for a time and until done.
func (c *Conn) waitIdle(done <-chan struct{}, limit time.Duration) {
	c.mu.Lock()
	if c.running == 0 || limit <= 0 {
		c.mu.Unlock()
		return
	}
	if c.idle == nil {
		c.idle = make(chan struct{})
	}
	idle := c.idle
	c.mu.Unlock()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-idle:
	case <-timer.C:
	case <-done:
	}
}
