package server

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// Options are what a server can be told beside its name. The zero value is good.
type Options struct {
	// Instructions tell the client's model how to use the server.
	Instructions string
	// PageSize is how many entries a list returns at once; 1000 when zero.
	PageSize int
	// Limits bound what a client can make grow.
	Limits jsonrpc.Limits
	// Linger is how long requests may go on after a client has closed its side
	// of a stream.
	Linger time.Duration
	// ServeUninitialized serves requests that come before initialize, as some
	// clients rely on.
	ServeUninitialized bool
	// ListChanged announces list changes of tools also where none is registered yet.
	ListChanged bool
	// Logging announces that handlers may send log messages; see [Log].
	Logging bool
	// UnknownTool, if set, is what tools/call runs for a tool that is not registered.
	// Without it such a call is an error (-32602).
	UnknownTool RawTool
	// OnInitialize is called when a client has introduced itself, and may change
	// the answer.
	OnInitialize func(ctx context.Context, s *Session, result *mcptypes.InitializeResult)
	// OnRootsChanged is called when a client says that its roots have changed.
	OnRootsChanged func(ctx context.Context, s *Session)
	// Incoming wraps the handlers of all requests, the first outermost.
	Incoming []Middleware
	// Outgoing wraps the requests and notifications sent to clients, the first outermost.
	Outgoing []Middleware
	// ListCache and ReadCache tell clients of 2026-07-28 how long they may keep
	// lists and what they read. The zero Cache keeps nothing.
	ListCache, ReadCache Cache
	// StateKey seals what travels with clients between the rounds of a request
	// (see [Input]). Processes that serve the same clients share one. Made at random when empty.
	StateKey []byte
	// HandshakeOnly offers only the revisions that begin with a handshake: for a
	// server whose tools ask the client while they run, which others cannot.
	HandshakeOnly bool
	// QuietCancel leaves it to clients to find out that nobody waits for their
	// answer any more. Without it they are told (notifications/cancelled).
	QuietCancel bool
	// Log is told what goes wrong beside the protocol. Nil means nowhere.
	Log *slog.Logger
}

// A Call is a request or notification on its way to what serves it: a handler of
// the server, or the client.
type Call = jsonrpc.CallFunc

// A Middleware wraps calls. Params and results are pointers to generated types,
// such as [*mcptypes.CallToolParams]; they may be looked at, and replaced by others of their type.
type Middleware = jsonrpc.Middleware

// A Server is what one program offers. Any number of sessions may run on it,
// and it may change while they do.
type Server struct {
	info    mcptypes.Implementation
	infoRaw wire.Raw
	options Options
	sealer  *sealer

	// methods is replaced as a whole, so that looking at it needs no lock.
	methods atomic.Pointer[methods]

	tools     registry[tool]
	prompts   registry[prompt]
	resources registry[resource]
	templates registry[template]

	// mu protects what follows, and the replacing of methods.
	mu        sync.Mutex
	listeners map[*changes]bool
	handlers  map[*HTTP]bool // that serve it, together with other processes
}

// New returns a server that offers nothing yet. info is how it introduces itself.
func New(info mcptypes.Implementation, options *Options) *Server {
	s := &Server{info: info, listeners: map[*changes]bool{}, handlers: map[*HTTP]bool{}}
	if options != nil {
		s.options = *options
	}
	if s.options.PageSize <= 0 {
		s.options.PageSize = 1000
	}
	if s.options.Log == nil {
		s.options.Log = slog.New(slog.DiscardHandler)
	}
	if raw, err := wire.RawOf(&info); err == nil {
		s.infoRaw = raw
	} else {
		s.options.Log.Error("encode the server's name", "error", err)
	}
	s.sealer = newSealer(s.options.StateKey)
	s.methods.Store(&methods{requests: map[string]*method{}, notifications: map[string]*jsonrpc.NotificationHandler{}})
	s.handleLifecycle()
	s.handleFeatures()
	return s
}

// Serve runs one session over a transport until the client closes it, ctx ends
// or the transport fails. It returns nil when the client closed it.
func (s *Server) Serve(ctx context.Context, t jsonrpc.Transport) error {
	session := s.newSession(0)
	defer session.forget()
	err := session.conn.Serve(context.WithValue(ctx, sessionKey{}, session), t)
	if errors.Is(err, jsonrpc.ErrClosed) {
		return nil
	}
	return err
}

// Stdio is the transport over this process's standard input and output.
func Stdio() jsonrpc.Transport {
	widen(os.Stdin)
	widen(os.Stdout)
	return jsonrpc.Lines(os.Stdin, os.Stdout, jsonrpc.Limits{})
}

// Handle serves a request method, in place of what the server does with it by
// itself. fn's error goes to the client: a [*jsonrpc.Error] as it is, any other
// as an internal error.
func Handle[P, R any](s *Server, m wire.Request[P, R], fn func(context.Context, P) (R, error)) {
	handle(s, m, jsonrpc.Concurrent, fn)
}

// HandleInOrder is Handle for methods after which nothing may happen before
// they are complete: no later message is looked at until fn returns.
func HandleInOrder[P, R any](s *Server, m wire.Request[P, R], fn func(context.Context, P) (R, error)) {
	handle(s, m, jsonrpc.Ordered, fn)
}

func handle[P, R any](s *Server, m wire.Request[P, R], order jsonrpc.Order, fn func(context.Context, P) (R, error)) {
	h := jsonrpc.HandleRequest(m, fn)
	h.Order = order
	s.addMethod(m.Method, h)
}

// HandleNotification takes the notifications of a method.
func HandleNotification[P any](s *Server, m wire.Notification[P], fn func(context.Context, P)) {
	s.changeMethods(func(m2 *methods) { m2.notifications[m.Method] = jsonrpc.HandleNotification(m, fn) })
}

// Notify sends a notification to every client of a handshake revision that is
// initialized. What clients can subscribe to is sent by the server itself.
func Notify[P any](ctx context.Context, s *Server, m wire.Notification[P], params P) error {
	var errs []error
	for _, session := range s.sessions() {
		if err := Tell(ctx, session, m, params); err != nil && !errors.Is(err, ErrNotInRevision) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// sessions returns the sessions that are initialized.
func (s *Server) sessions() []*Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*Session
	for l := range maps.Keys(s.listeners) {
		if l.session != nil {
			out = append(out, l.session)
		}
	}
	return slices.Clip(out)
}
