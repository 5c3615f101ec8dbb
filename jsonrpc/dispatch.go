package jsonrpc

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"unsafe"

	"github.com/codexmcp/codexmcp/wire"
)

// delivery is the way on which incoming messages come and their answers go: a stream, or one call of Deliver.
type delivery struct {
	ctx      context.Context // parent of the handlers'
	answer   context.Context // of writing answers: they are owed also when ctx has ended
	writer   Writer
	stream   bool            // on the reading goroutine of Serve
	notified context.Context // on a stream: of the handlers of notifications
	holds    bool            // the stream is a Flusher
	held     bool            // and holds something; only the reading goroutine looks
	group    sync.WaitGroup  // not on a stream: the requests that run in their own goroutines
	failed   error           // not on a stream: an answer that could not be written; guarded by mu
	mu       sync.Mutex
}

// start sends what was held before something is waited for.
func (v *delivery) start() {
	if f, ok := v.writer.(Flusher); ok && v.held {
		v.held = false
		f.Start()
	}
}

// Deliver handles one incoming message, which it takes over: it must not be changed afterwards. The response to a
// request, and all that its handler sends in its course, goes to w. It returns when the message is handled: a
// notification taken, a request or all of a batch answered. Its error says that the connection has ended or an answer
// could not be written; what is wrong with the message itself is answered. Handlers get contexts made from ctx. A nil
// w is good for messages that need no answer: an answer that comes up is an error.
func (c *Conn) Deliver(ctx context.Context, message []byte, w Writer) error {
	if w == nil {
		w = noWriter{}
	}
	via := &delivery{ctx: ctx, answer: context.WithoutCancel(ctx), writer: w}
	err := c.receive(via, message)
	via.group.Wait()
	return errors.Join(err, via.failed)
}

type noWriter struct{}

func (noWriter) Write(context.Context, Outgoing) error { return ErrNoWriter }

// receive handles one message, or a batch of them. The error says that the connection has ended.
func (c *Conn) receive(via *delivery, data []byte) error {
	if n := len(data); n > c.limits.MaxMessage {
		c.refuse(via, nil, wire.RequestID{}, Errorf(CodeInvalidRequest,
			"message of %d bytes is over the limit of %d bytes", n, c.limits.MaxMessage))
		return nil
	}
	text := unsafe.String(unsafe.SliceData(data), len(data)) // data is ours: nobody changes it
	m := newMessage()
	m.dec.Reset(text)
	if m.dec.PeekKind() == wire.KindArray {
		m.free()
		return c.receiveBatch(via, text)
	}
	_, err := c.handle(via, m, text, nil)
	m.free()
	return err
}

// handle handles the message in text. It reports whether a request was accepted, whose finish ends its part of b. The
// error says that the connection has ended.
func (c *Conn) handle(via *delivery, m *message, text string, b *batch) (accepted bool, err error) {
	if err := m.decode(c, text); err != nil {
		c.malformed(via, m, text, b, err)
		return false, nil
	}
	switch {
	case m.isResponse():
		c.answered(via, m, text)
	case m.seen&hasMethod == 0:
		c.refuse(via, b, m.id, Errorf(CodeInvalidRequest, "method: missing"))
	case m.seen&hasID == 0:
		return false, c.notified(via, m)
	case m.nullID:
		c.refuse(via, b, m.id, Errorf(CodeInvalidRequest, "id: want a string or an integer, got null"))
	default:
		return c.request(via, m, b)
	}
	return false, nil
}

// malformed deals with a message that did not decode.
func (c *Conn) malformed(via *delivery, m *message, text string, b *batch, err error) {
	bad, _ := errors.AsType[*wire.Error](err)
	if m.call != nil {
		c.counts.invalid.Add(1)
		m.call.end(fmt.Errorf("%s: %w", m.call.method, err))
		return
	}
	if bad.Kind == wire.Syntax {
		c.refuse(via, b, wire.RequestID{}, &Error{Code: CodeParseError, Message: err.Error()})
		return
	}
	o := outlineOf(text)
	id := o.usableID()
	method, named := o.methodName()
	switch {
	case o.method == "" && o.response:
		c.counts.invalid.Add(1)
		if p := c.take(id); p != nil {
			p.end(fmt.Errorf("%s: %w", p.method, err))
			return
		}
		c.log.Warn("response dropped", "error", err)
	case named && o.id == "":
		c.counts.invalid.Add(1)
		c.log.Warn("notification dropped", "method", method, "error", err)
	case named && !id.IsZero() && bad.Kind == wire.Mismatch && inParams(bad.Path):
		c.refuse(via, b, id, Errorf(CodeInvalidParams, "%s %v", method, err))
	default:
		c.refuse(via, b, id, &Error{Code: CodeInvalidRequest, Message: err.Error()})
	}
}

// inParams reports whether the path of an offence leads into the params.
func inParams(path string) bool {
	rest, ok := strings.CutPrefix(path, "params")
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// refuse answers a message that is no request which could be served.
func (c *Conn) refuse(via *delivery, b *batch, id wire.RequestID, e *Error) {
	c.counts.invalid.Add(1)
	if id.IsZero() && c.options.DropInvalid {
		c.log.Warn("message dropped", "error", e)
		return
	}
	c.respond(via, b, id, e)
}

// respond answers with an error, on the goroutine that delivers.
func (c *Conn) respond(via *delivery, b *batch, id wire.RequestID, e *Error) {
	buf := encodeError(id, e)
	c.answer(via, b, Outgoing{Data: buf.data, Kind: Response, Related: id, Error: e,
		Hold: via.holds, buf: buf, reading: via.stream})
	buf.free()
}

// answer writes a response, or adds it to those of its batch.
func (c *Conn) answer(via *delivery, b *batch, m Outgoing) {
	if b != nil {
		b.add(m.Data)
		return
	}
	if m.Hold {
		via.held = true
	}
	if err := c.write(via.answer, via.writer, via.stream, m); err != nil && !via.stream {
		via.fail(fmt.Errorf("write response: %w", err))
	}
}

func (v *delivery) fail(err error) {
	v.mu.Lock()
	v.failed = errors.Join(v.failed, err)
	v.mu.Unlock()
}

// answered ends the call that a response belongs to.
func (c *Conn) answered(via *delivery, m *message, text string) {
	switch {
	case m.call != nil && m.refusal != nil && m.seen&hasResult == 0:
		m.call.end(m.refusal)
	case m.call != nil && m.seen&hasResult == 0:
		m.call.end(fmt.Errorf("%s: response has neither result nor error", m.call.method))
	case m.call != nil:
		m.call.end(nil)
	default:
		c.counts.unknown.Add(1)
		if hook := c.options.OnUnknown; hook != nil {
			hook(via.ctx, []byte(text))
		}
		if m.refusal != nil {
			c.log.Warn("error of the peer dropped", "id", m.id.String(), "error", m.refusal)
		}
	}
}

// notified hands a notification to what takes it.
func (c *Conn) notified(via *delivery, m *message) error {
	h := m.notification
	if h == nil {
		c.counts.ignored.Add(1)
		return nil
	}
	params := m.params
	if params == nil && h.NewParams != nil {
		if h.ParamsRequired {
			c.counts.invalid.Add(1)
			c.log.Warn("notification dropped", "method", m.method, "error", "params: missing")
			return nil
		}
		params = h.NewParams()
	}
	if via.stream {
		via.start()
		c.notify(via.notified, h, m.method, params)
		return nil
	}
	if err := c.enter(); err != nil {
		return err
	}
	defer c.leave()
	ctx, cancel := context.WithCancelCause(via.ctx)
	defer cancel(nil)
	defer context.AfterFunc(c.base, func() { cancel(context.Cause(c.base)) })()
	c.notify(ctx, h, m.method, params)
	return nil
}

// notify runs the handler of a notification.
func (c *Conn) notify(ctx context.Context, h *NotificationHandler, method string, params wire.Value) {
	defer func() {
		if p := recover(); p != nil {
			c.panicked(method, p)
		}
	}()
	h.Serve(ctx, params)
}

func (c *Conn) panicked(method string, value any) {
	c.counts.panics.Add(1)
	c.log.Error("handler panicked", "method", method, "panic", value, "stack", string(debug.Stack()))
}
