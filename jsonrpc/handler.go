package jsonrpc

import (
	"context"
	"sync/atomic"

	"github.com/codexmcp/codexmcp/wire"
)

// A Handler finds what serves the peer's messages. It is asked for every message, by several goroutines, and answers
// at once.
type Handler interface {
	// Request returns what serves requests of the method; nil: the method is not found.
	Request(method string) *RequestHandler
	// Notification returns what takes notifications of the method; nil: they are ignored.
	Notification(method string) *NotificationHandler
}

// RequestHandler serves the requests of one method.
type RequestHandler struct {
	// NewParams returns where the params are decoded to, in the same pass as the message. Nil: Serve gets nil params.
	NewParams func() wire.Value
	// ParamsRequired makes a request without params an error; else Serve gets a zero value.
	ParamsRequired bool
	// Serve answers one request. An *Error goes to the peer as it is, another error as -32603. A nil result is
	// an empty object. See the package documentation for what ctx carries.
	Serve func(ctx context.Context, params wire.Value) (result wire.Value, err error)
	// Order says how requests of the method relate to the messages after them on a stream.
	Order Order
	// OrderOf, if set, says so for each request by its params, in place of Order.
	OrderOf func(params wire.Value) Order
}

// NotificationHandler takes the notifications of one method.
type NotificationHandler struct {
	// NewParams and ParamsRequired are as in a RequestHandler; what does not decode is dropped and logged.
	NewParams      func() wire.Value
	ParamsRequired bool
	// Serve takes one notification. What comes next on a stream waits until it returns.
	Serve func(ctx context.Context, params wire.Value)
}

// Order is how a request relates to the messages that follow it on a stream.
type Order uint8

// The orders.
const (
	// Concurrent requests run in a goroutine of their own, beside whatever follows.
	Concurrent Order = iota
	// Inline requests run on the reading goroutine: for answers that need no waiting at all.
	Inline
	// Ordered requests are complete before the next message is looked at, or have called Release.
	Ordered
)

// Methods is a [Handler] made of maps. It must not change while a connection uses it.
type Methods struct {
	Requests      map[string]*RequestHandler
	Notifications map[string]*NotificationHandler
}

// Request returns the entry of m.Requests.
func (m *Methods) Request(method string) *RequestHandler { return m.Requests[method] }

// Notification returns the entry of m.Notifications.
func (m *Methods) Notification(method string) *NotificationHandler { return m.Notifications[method] }

// noMethods serves nothing.
type noMethods struct{}

func (noMethods) Request(string) *RequestHandler           { return nil }
func (noMethods) Notification(string) *NotificationHandler { return nil }

// incoming is one request of the peer while it is served. It is the context of its handler, too.
type incoming struct {
	context.Context
	conn    *Conn
	id      wire.RequestID // zero: the handler of a notification
	method  string
	handler *RequestHandler
	order   Order
	params  wire.Value
	via     *delivery
	batch   *batch // of which it is part, or nil
	cancel  context.CancelCauseFunc

	cancelled bool          // by the peer; guarded by conn.mu
	answered  atomic.Bool   // what its handler sends no longer belongs to it
	blocks    atomic.Bool   // nothing is read until its handler returns or releases
	released  chan struct{} // of an Ordered one: closed when the next message may be looked at
	after     []func()      // of the handler's goroutine: to be done when it is answered
}

type incomingKey struct{}

// Value finds the incoming request itself, or what the context of the connection holds.
func (in *incoming) Value(key any) any {
	if key == (incomingKey{}) {
		return in
	}
	return in.Context.Value(key)
}

// release lets the reading of messages go on.
func (in *incoming) release() {
	if in.released != nil && in.blocks.CompareAndSwap(true, false) {
		close(in.released)
	}
}

// end ends the context of the handler.
func (in *incoming) end() {
	if in.cancel != nil {
		in.cancel(nil)
	}
}

// incomingOf returns the request in whose handler ctx was made, or nil.
func incomingOf(ctx context.Context) *incoming {
	in, _ := ctx.Value(incomingKey{}).(*incoming)
	return in
}

// RequestID returns the id of the peer's request that ctx, the context of a handler, belongs to; zero if there is none.
func RequestID(ctx context.Context) wire.RequestID {
	if in := incomingOf(ctx); in != nil {
		return in.id
	}
	return wire.RequestID{}
}

// Release says that an Ordered handler has done what the following messages depend on: they are looked at from now
// on. Elsewhere it does nothing.
func Release(ctx context.Context) {
	if in := incomingOf(ctx); in != nil {
		in.release()
	}
}

// WhenAnswered has f called once the request of ctx has its answer, and calls it at once where there is no request. The
// request is at work until f returns: neither the next message, for an Ordered one, nor the end of the input overtakes
// what f sends, which it does with a context of [Detach]. Only the handler itself may call it.
func WhenAnswered(ctx context.Context, f func()) {
	if in := incomingOf(ctx); in != nil && !in.id.IsZero() {
		in.after = append(in.after, f)
		return
	}
	f()
}

// Detach returns a context for work that outlives the handler whose context ctx is: it has the same values and does not
// end, and what is sent with it does not belong to the handler's request.
func Detach(ctx context.Context) context.Context {
	return context.WithValue(context.WithoutCancel(ctx), incomingKey{}, (*incoming)(nil))
}
