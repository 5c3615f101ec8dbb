package server

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/wire"
)

// An exchange is one POST and its answer: a JSON document where that is all
// there is to say, else a stream of events that ends with it.
type exchange struct {
	h       *HTTP
	w       http.ResponseWriter
	control *http.ResponseController
	session *httpSession // of a handshake revision; nil: the request stands for itself
	batch   []byte       // the message, if it is a batch

	// mu protects what follows, and w.
	mu       sync.Mutex
	answered bool          // w has all it gets
	events   bool          // w is a stream of events
	stream   *stream       // that is kept, too; nil if none can be taken up again
	left     bool          // w must not be touched any more
	leaving  chan struct{} // closed when the POST is to end without its answer
	alive    *time.Timer
}

type exchangeKey struct{}

// httpContext is the context of what came with a POST.
type httpContext struct {
	context.Context
	session  *Session
	exchange *exchange
}

// Value knows the session and the exchange.
func (c *httpContext) Value(key any) any {
	switch key.(type) {
	case sessionKey:
		return c.session
	case exchangeKey:
		return c.exchange
	}
	return c.Context.Value(key)
}

// stateless serves a request of a revision without sessions. When the client
// goes away, the request is cancelled.
func (x *exchange) stateless(r *http.Request, version string, body []byte) {
	s := x.h.server.newSession(0)
	s.http = &httpRequest{stateless: true, version: version, header: r.Header, ending: x.h.ending}
	s.owner = x.h.options.Owner(r)
	x.deliver(&httpContext{r.Context(), s, x}, s, body)
	x.leave()
	x.h.finishStateless(s)
}

// finishStateless lets go of the session of one request.
func (h *HTTP) finishStateless(s *Session) {
	if err := s.Close(context.Background()); err != nil {
		h.log.Debug("end of request", "error", err)
	}
}

// serve serves a message of a session. It goes on when the client goes away,
// which may take up the stream again.
func (x *exchange) serve(r *http.Request, body []byte) {
	s := x.session.Session
	if first := bytes.TrimLeft(body, " \t\r\n"); len(first) > 0 && first[0] == '[' {
		x.batch = body
	}
	ctx := &httpContext{context.WithoutCancel(r.Context()), s, x}
	if !s.revisionOr(revision20250618).resumes {
		x.deliver(ctx, s, body)
		x.leave()
		return
	}
	x.leaving = make(chan struct{})
	done := make(chan struct{})
	x.h.sessions.hold(x.session)
	x.h.again()
	x.h.run(func() {
		defer x.h.leave()
		defer x.h.sessions.release(x.session)
		defer close(done)
		x.deliver(ctx, s, body)
	})
	select {
	case <-done:
	case <-x.leaving:
	case <-r.Context().Done():
	}
	x.leave()
}

// deliver gives the message to the connection and completes the answer.
func (x *exchange) deliver(ctx context.Context, s *Session, body []byte) {
	if err := s.conn.Deliver(ctx, body, x); err != nil {
		x.h.log.Debug("serve POST", "error", err)
	}
	x.mu.Lock()
	st := x.stream
	if !x.answered && !x.events && !x.left {
		x.answered = true
		status := http.StatusAccepted
		if s.conn.Err() != nil {
			status = http.StatusNotFound // the session ended meanwhile
		}
		x.w.WriteHeader(status)
	}
	x.mu.Unlock()
	if st != nil {
		st.session.closeStream(st)
	}
}

// leave ends the use of w.
func (x *exchange) leave() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.left = true
	if x.alive != nil {
		x.alive.Stop()
	}
	if x.events {
		x.deadline(0)
	}
}

// deadline bounds the next writes; 0 lifts that.
func (x *exchange) deadline(limit time.Duration) {
	var at time.Time
	if limit > 0 {
		at = time.Now().Add(limit)
	}
	if err := x.control.SetWriteDeadline(at); err != nil && !errors.Is(err, http.ErrNotSupported) {
		x.h.log.Debug("set write deadline", "error", err)
	}
}

// Write implements [jsonrpc.Writer].
func (x *exchange) Write(ctx context.Context, m jsonrpc.Outgoing) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.events && m.Kind == jsonrpc.Response {
		return x.answer(m)
	}
	if !x.events {
		if err := x.open(ctx, m.Related); err != nil {
			return err
		}
	}
	id := ""
	if x.stream != nil {
		number, err := x.stream.append(ctx, Event{Data: m.Data})
		if err == nil {
			id = eventID(x.stream.name, number)
		} else if x.left {
			return err
		} else {
			x.h.log.Warn("keep an event", "error", err)
		}
	}
	if x.left {
		if x.stream == nil {
			return jsonrpc.ErrNoWriter
		}
		return nil // it is kept
	}
	err := x.send(id, m.Data)
	if err != nil && x.stream != nil {
		return nil
	}
	return err
}

// answer sends the response as a JSON document. mu is held.
func (x *exchange) answer(m jsonrpc.Outgoing) error {
	if x.left || x.answered {
		return jsonrpc.ErrNoWriter
	}
	x.answered = true
	if !x.register() {
		return nil
	}
	header := x.w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(m.Data)))
	status := http.StatusOK
	if m.Error != nil {
		status = x.status(m)
	}
	large := len(m.Data) > 2<<10
	if large {
		x.deadline(x.h.options.WriteTimeout)
	}
	x.w.WriteHeader(status)
	_, err := x.w.Write(m.Data)
	if large {
		err = errors.Join(err, x.control.Flush())
		x.deadline(0)
	}
	return err
}

// register gives a session that has just been opened its place and its id. It
// reports whether the exchange goes on. mu is held.
func (x *exchange) register() bool {
	s := x.session
	if s == nil || s.opened.Load() || !s.Initialized() {
		return true
	}
	err := s.create(context.Background())
	if err == nil {
		s.opened.Store(true)
		if _, ok := x.h.sessions.add(s, false); ok {
			x.w.Header().Set("Mcp-Session-Id", s.id)
			return true
		}
		err = errors.Join(errors.New("every session is at work"), x.h.store.End(context.Background(), s.id))
	}
	x.h.log.Warn("open session", "error", err)
	x.h.finish(s)
	x.w.Header().Set("Retry-After", "10")
	http.Error(x.w, "no further session can be opened now", http.StatusServiceUnavailable)
	return false
}

// status is the HTTP status of a refusal.
func (x *exchange) status(m jsonrpc.Outgoing) int {
	switch code := m.Error.Code; {
	case m.Related.IsZero(), code == CodeHeaderMismatch, code == CodeMissingCapability, code == CodeUnsupportedRevision:
		return http.StatusBadRequest
	case x.session != nil && (x.session.Initialized() || code != jsonrpc.CodeInvalidRequest):
		return http.StatusOK
	case x.session != nil:
		return http.StatusBadRequest
	case code == jsonrpc.CodeMethodNotFound:
		return http.StatusNotFound
	case code == jsonrpc.CodeInvalidParams, code == jsonrpc.CodeInvalidRequest:
		return http.StatusBadRequest
	}
	return http.StatusOK
}

// open makes the answer to a request, or to a batch, a stream of events. mu is held.
func (x *exchange) open(ctx context.Context, id wire.RequestID) error {
	if x.left || x.answered {
		return jsonrpc.ErrNoWriter
	}
	if !x.register() {
		x.answered = true
		return jsonrpc.ErrNoWriter
	}
	x.events = true
	startEvents(x.w)
	if x.session != nil && x.session.opened.Load() {
		x.stream = x.session.openStream()
		number, err := x.stream.append(ctx, Event{Kind: EventOpened, Data: requestIDs(id, x.batch)})
		if err != nil {
			return err
		}
		if x.session.revisionOr(revision20250618).resumes {
			x.deadline(x.h.options.WriteTimeout)
			if err := writePlace(x.w, eventID(x.stream.name, number), x.h.options.Retry); err != nil {
				x.h.log.Debug("write event", "error", err)
			}
		}
	}
	x.alive = time.AfterFunc(x.h.options.KeepAlive, x.keepAlive)
	return nil
}

// send writes an event. mu is held.
func (x *exchange) send(id string, data []byte) error {
	x.deadline(x.h.options.WriteTimeout)
	if err := writeEvent(x.w, id, data); err != nil {
		return err
	}
	return x.control.Flush()
}

// keepAlive shows on a quiet stream that it lives.
func (x *exchange) keepAlive() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.left {
		return
	}
	x.deadline(x.h.options.WriteTimeout)
	if _, err := x.w.Write([]byte(":\n\n")); err == nil && x.control.Flush() == nil {
		x.alive.Reset(x.h.options.KeepAlive)
	}
}

// CloseStream ends the HTTP response on which the current request would be
// answered. The request goes on, and the client fetches the rest when it likes: at the
// cost of a connection, it need not hold one for long. It does nothing, and
// returns false, where there is no such response or the client could not take
// it up again: its session must be of 2025-11-25.
func CloseStream(ctx context.Context) bool {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	if x == nil || x.leaving == nil {
		return false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.events {
		if err := x.open(ctx, jsonrpc.RequestID(ctx)); err != nil {
			return false
		}
		if err := x.control.Flush(); err != nil {
			x.h.log.Debug("flush stream", "error", err)
		}
	}
	if x.left || x.stream == nil {
		return false
	}
	x.left = true
	close(x.leaving)
	return true
}
