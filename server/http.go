package server

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// HTTPOptions are what a server over HTTP can be told. The zero value serves
// programs and pages of this machine, and bounds everything.
type HTTPOptions struct {
	// AllowedHosts are the names by which the server may be called beside those
	// of this machine, with a port or, for any port, without. "*" is any.
	AllowedHosts []string
	// AllowedOrigins are the origins of web pages that may call, such as
	// https://app.example.com, beside those of this machine. "*" is any.
	AllowedOrigins []string
	// MaxBody is how many bytes one POST may have; 4 MiB when zero.
	MaxBody int64
	// MaxSessions is how many sessions are held; 10000 when zero. When there are
	// as many, the one that was idle longest makes room for a new one.
	MaxSessions int
	// SessionIdle is how long a session is held that nobody uses; 30 minutes when zero.
	SessionIdle time.Duration
	// ReadTimeout is how long a POST may take to arrive; 30 s when zero.
	ReadTimeout time.Duration
	// WriteTimeout is how long a client may not take what is sent; then its
	// stream is given up. 30 s when zero.
	WriteTimeout time.Duration
	// KeepAlive is how often a quiet stream shows that it lives; 25 s when zero.
	KeepAlive time.Duration
	// Retry is how long clients are told to wait before they take up a stream
	// again; 1 s when zero.
	Retry time.Duration
	// Store keeps the sessions and what was sent on their streams. Handlers that
	// share one serve each other's sessions; what is held here is then no more than
	// what this handler was asked for, and the store's own limits say how many there are and
	// how long they last. Nil: a [MemoryStore] of the handler's own.
	Store Store
	// Owner says to whom a request belongs; a session answers its owner only. When
	// nil, it is the subject of the request's [Token], if there is one.
	Owner func(*http.Request) string
}

// HTTP serves a server's clients over streamable HTTP, at one path. Every
// revision is served by the same handler.
type HTTP struct {
	server  *Server
	options HTTPOptions
	log     *slog.Logger
	ending  context.Context // ends when streams are to end
	end     context.CancelFunc

	sessions sessionTable
	store    Store
	private  bool   // nobody else has the store
	process  string // who this is among those that share the store

	joined     atomic.Bool
	joining    sync.Mutex // protects what follows
	leaveStore func()

	work    chan func()  // to goroutines that wait for a request
	resting atomic.Int32 // how many do

	// mu protects what follows.
	mu      sync.Mutex
	closed  bool
	running int           // requests at work
	idle    chan struct{} // closed when running falls to 0 after closing
}

// HTTPHandler returns what serves s over HTTP.
func HTTPHandler(s *Server, options *HTTPOptions) *HTTP {
	h := &HTTP{server: s, log: s.options.Log, idle: make(chan struct{}), work: make(chan func()), process: rand.Text()[:10]}
	h.ending, h.end = context.WithCancel(context.Background())
	if options != nil {
		h.options = *options
	}
	o := &h.options
	setDefault(&o.MaxBody, 4<<20)
	setDefault(&o.MaxSessions, 10000)
	setDefault(&o.SessionIdle, 30*time.Minute)
	setDefault(&o.ReadTimeout, 30*time.Second)
	setDefault(&o.WriteTimeout, 30*time.Second)
	setDefault(&o.KeepAlive, 25*time.Second)
	setDefault(&o.Retry, time.Second)
	if o.Owner == nil {
		o.Owner = tokenOwner
	}
	if h.store = o.Store; h.store == nil {
		h.private = true // and what is held here is all there is
		h.store = NewMemoryStore(MemoryOptions{MaxSessions: math.MaxInt, SessionIdle: math.MaxInt64})
	} else {
		s.mu.Lock()
		s.handlers[h] = true
		s.mu.Unlock()
	}
	h.sessions.init(h)
	return h
}

func setDefault[T int | int64 | time.Duration](v *T, standard T) {
	if *v <= 0 {
		*v = standard
	}
}

// httpRequest is what a session that came over HTTP knows of that.
type httpRequest struct {
	// stateless: the session is that of one request.
	stateless bool
	version   string          // as the header says
	header    http.Header     // of a stateless request
	ending    context.Context // ends when streams are to end
	// forward and update are those of a session that a store keeps.
	forward func(ctx context.Context, message []byte)
	update  func(ctx context.Context, change func(*sessionState)) error
}

// statelessHTTP is stateless for a request whose header says the revision, too.
func (s *Session) statelessHTTP(meta *mcptypes.RequestMeta) (*Session, error) {
	version, err := metaString(meta, metaVersion)
	if err != nil {
		return nil, err
	}
	if version != s.http.version {
		return nil, jsonrpc.Errorf(CodeHeaderMismatch, "the header MCP-Protocol-Version is %q, the message says %q", s.http.version, version)
	}
	return s.stateless(meta)
}

// ServeHTTP serves one request.
func (h *HTTP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if status, err := h.admit(w, r); err != nil {
		h.refuse(w, r, status, err)
		return
	}
	if !h.enter() {
		w.Header().Set("Retry-After", "1")
		h.refuse(w, r, http.StatusServiceUnavailable, errors.New("the server is shutting down"))
		return
	}
	defer h.leave()
	if err := h.join(); err != nil {
		h.log.Error("serve HTTP", "error", err)
		h.refuse(w, r, http.StatusServiceUnavailable, errors.New("the session store cannot be reached"))
		return
	}
	switch r.Method {
	case http.MethodPost:
		h.post(w, r)
	case http.MethodGet:
		h.get(w, r)
	case http.MethodDelete:
		h.delete(w, r)
	case http.MethodOptions:
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", "GET, POST, DELETE, OPTIONS")
		h.refuse(w, r, http.StatusMethodNotAllowed, fmt.Errorf("method %q is not allowed", r.Method))
	}
}

// refuse answers with an error in the form of this protocol.
func (h *HTTP) refuse(w http.ResponseWriter, r *http.Request, status int, err error) {
	h.log.Debug("HTTP request refused", "method", r.Method, "status", status, "error", err)
	code := jsonrpc.CodeInvalidRequest
	if e, ok := errors.AsType[*jsonrpc.Error](err); ok {
		code = e.Code
	}
	e := wire.NewEncoder(nil)
	e.Object()
	e.Const(`"jsonrpc":`, "2.0")
	e.Key(`"error":`)
	e.Object()
	e.Int(`"code":`, code)
	e.String(`"message":`, err.Error())
	e.EndObject(wire.Members{}, nil)
	e.EndObject(wire.Members{}, nil)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if _, err := w.Write([]byte(encoded(&e).String())); err != nil {
		h.log.Debug("write refusal", "error", err)
	}
}

func (h *HTTP) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.running++
	}
	return !h.closed
}

// again enters for what goes on when the request that entered has left.
func (h *HTTP) again() {
	h.mu.Lock()
	h.running++
	h.mu.Unlock()
}

func (h *HTTP) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.running--; h.running == 0 && h.closed {
		close(h.idle)
	}
}

// maxResting is how many goroutines wait for the next request.
const maxResting = 16

// run does a job in another goroutine: one that has done others and waits, if
// there is one, because its stack has grown already.
func (h *HTTP) run(job func()) {
	select {
	case h.work <- job:
	default:
		go h.worker(job)
	}
}

func (h *HTTP) worker(job func()) {
	for {
		job()
		if h.resting.Add(1) > maxResting {
			h.resting.Add(-1)
			return
		}
		select {
		case job = <-h.work:
			h.resting.Add(-1)
		case <-h.ending.Done():
			return
		}
	}
}

// Close ends the streams that clients listen on, lets the requests that run
// finish for as long as ctx lives, and ends all sessions. Nothing new is served
// from the beginning of that.
func (h *HTTP) Close(ctx context.Context) error {
	h.mu.Lock()
	first := !h.closed
	if first {
		h.closed = true
		h.end()
		if h.running == 0 {
			close(h.idle)
		}
	}
	h.mu.Unlock()
	var err error
	select {
	case <-h.idle:
	case <-ctx.Done():
		err = fmt.Errorf("requests still run: %w", context.Cause(ctx))
	}
	h.server.mu.Lock()
	delete(h.server.handlers, h)
	h.server.mu.Unlock()
	h.sessions.close(ctx)
	h.part()
	return err
}

// post takes one message.
func (h *HTTP) post(w http.ResponseWriter, r *http.Request) {
	version := r.Header.Get("Mcp-Protocol-Version")
	id := r.Header.Get("Mcp-Session-Id")
	rev := revisionOf(version)
	stateless := version != "" && (rev == nil && id == "" || rev != nil && rev.stateless)
	limit := h.options.MaxBody
	switch {
	case stateless:
	case version != "" && rev == nil:
		h.refuse(w, r, http.StatusBadRequest, fmt.Errorf("protocol revision %q is not supported", version))
		return
	case id == "":
		limit = min(limit, maxInitialize)
	}
	body, status, err := h.read(w, r, limit)
	if err != nil {
		h.refuse(w, r, status, err)
		return
	}
	x := &exchange{h: h, w: w, control: http.NewResponseController(w)}
	if stateless {
		x.stateless(r, version, body)
		return
	}
	owner := h.options.Owner(r)
	if id != "" {
		session, err := h.acquire(r.Context(), id, owner)
		if err != nil {
			h.refuseSession(w, r, err)
			return
		}
		defer h.sessions.release(session)
		x.session = session
	} else {
		x.session = h.newSession(rand.Text(), owner, 0)
	}
	x.serve(r, body)
}

// maxInitialize bounds what a new session can make the server keep.
const maxInitialize = 64 << 10

// read reads the body, within limits of size and time.
func (h *HTTP) read(w http.ResponseWriter, r *http.Request, limit int64) (body []byte, status int, err error) {
	if r.ContentLength > limit {
		return nil, http.StatusRequestEntityTooLarge, fmt.Errorf("body of %d bytes is over the limit of %d bytes", r.ContentLength, limit)
	}
	control := http.NewResponseController(w)
	timed := control.SetReadDeadline(time.Now().Add(h.options.ReadTimeout)) == nil
	if r.ContentLength >= 0 {
		body = make([]byte, r.ContentLength)
		_, err = io.ReadFull(r.Body, body)
	} else {
		var buf bytes.Buffer
		_, err = buf.ReadFrom(http.MaxBytesReader(w, r.Body, limit))
		body = buf.Bytes()
	}
	if timed && err == nil {
		err = control.SetReadDeadline(time.Time{})
	}
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, http.StatusRequestEntityTooLarge, fmt.Errorf("body is over the limit of %d bytes", limit)
	}
	if err != nil {
		return nil, http.StatusBadRequest, fmt.Errorf("read body: %w", err)
	}
	return body, http.StatusOK, nil
}

// errNoSessionID refuses requests that say of no session that they belong to it.
var errNoSessionID = errors.New("Mcp-Session-Id: missing")

// delete ends a session.
func (h *HTTP) delete(w http.ResponseWriter, r *http.Request) {
	if rev := revisionOf(r.Header.Get("Mcp-Protocol-Version")); rev != nil && rev.stateless {
		h.refuse(w, r, http.StatusMethodNotAllowed, errors.New("this revision has no sessions"))
		return
	}
	id := r.Header.Get("Mcp-Session-Id")
	if id == "" {
		h.refuse(w, r, http.StatusBadRequest, errNoSessionID)
		return
	}
	session, err := h.acquire(r.Context(), id, h.options.Owner(r))
	if err != nil {
		h.refuseSession(w, r, err)
		return
	}
	h.sessions.release(session)
	if err := h.store.End(r.Context(), session.id); err != nil {
		h.refuseSession(w, r, err)
		return
	}
	h.sessions.drop(session)
	h.finish(session)
	h.tell(r.Context(), noteEnded, session.id, "")
	w.WriteHeader(http.StatusNoContent)
}

// refuseSession answers that a session cannot be had.
func (h *HTTP) refuseSession(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, ErrNoSession) {
		h.refuse(w, r, http.StatusNotFound, ErrNoSession)
		return
	}
	h.log.Error("look for session", "error", err)
	w.Header().Set("Retry-After", "1")
	h.refuse(w, r, http.StatusServiceUnavailable, errors.New("the session cannot be had now"))
}
