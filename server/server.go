package server

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
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
	// ListChanged announces list changes also where nothing is registered that
	// could change.
	ListChanged bool
	// UnknownTool, if set, is what tools/call runs for a tool that is not registered.
	// Without it such a call is an error (-32602).
	UnknownTool RawTool
	// OnInitialize is called when a client has introduced itself, and may change
	// the answer.
	OnInitialize func(ctx context.Context, s *Session, result *mcptypes.InitializeResult)
	// QuietCancel leaves it to clients to find out that nobody waits for their
	// answer any more. Without it they are told (notifications/cancelled).
	QuietCancel bool
	// Log is told what goes wrong beside the protocol. Nil means nowhere.
	Log *slog.Logger
}

// A Server is what one program offers. Any number of sessions may run on it,
// and it may change while they do.
type Server struct {
	info    mcptypes.Implementation
	options Options

	// mu protects what follows.
	mu            sync.RWMutex
	tools         map[string]*tool
	toolOrder     []string
	requests      map[string]*jsonrpc.RequestHandler
	notifications map[string]*jsonrpc.NotificationHandler
	sessions      map[*Session]bool
}

// New returns a server that offers nothing yet. info is how it introduces itself.
func New(info mcptypes.Implementation, options *Options) *Server {
	s := &Server{
		info: info, tools: map[string]*tool{}, sessions: map[*Session]bool{},
		requests: map[string]*jsonrpc.RequestHandler{}, notifications: map[string]*jsonrpc.NotificationHandler{},
	}
	if options != nil {
		s.options = *options
	}
	if s.options.PageSize <= 0 {
		s.options.PageSize = 1000
	}
	if s.options.Log == nil {
		s.options.Log = slog.New(slog.DiscardHandler)
	}
	s.handleLifecycle()
	s.handleTools()
	return s
}

// Serve runs one session over a transport until the client closes it, ctx ends
// or the transport fails. It returns nil when the client closed it.
func (s *Server) Serve(ctx context.Context, t jsonrpc.Transport) error {
	session := s.newSession()
	s.mu.Lock()
	s.sessions[session] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.sessions, session)
		s.mu.Unlock()
	}()
	err := session.conn.Serve(context.WithValue(ctx, sessionKey{}, session), t)
	if errors.Is(err, jsonrpc.ErrClosed) {
		return nil
	}
	return err
}

// Stdio is the transport over this process's standard input and output.
func Stdio() jsonrpc.Transport { return jsonrpc.Lines(os.Stdin, os.Stdout, jsonrpc.Limits{}) }

// Handle serves a request method, in place of what the server does with it by
// itself. fn's error goes to the client: a [*jsonrpc.Error] as it is, any other
// as an internal error.
func Handle[P, R any](s *Server, m wire.Request[P, R], fn func(context.Context, P) (R, error)) {
	s.handle(m.Method, jsonrpc.HandleRequest(m, fn))
}

// HandleInOrder is Handle for methods after which nothing may happen before
// they are complete: no later message is looked at until fn returns.
func HandleInOrder[P, R any](s *Server, m wire.Request[P, R], fn func(context.Context, P) (R, error)) {
	h := jsonrpc.HandleRequest(m, fn)
	h.Order = jsonrpc.Ordered
	s.handle(m.Method, h)
}

// HandleNotification takes the notifications of a method.
func HandleNotification[P any](s *Server, m wire.Notification[P], fn func(context.Context, P)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notifications[m.Method] = jsonrpc.HandleNotification(m, fn)
}

func (s *Server) handle(method string, h *jsonrpc.RequestHandler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[method] = h
}

// Notify sends a notification to every session that is initialized.
func Notify[P any](ctx context.Context, s *Server, m wire.Notification[P], params P) error {
	s.mu.RLock()
	sessions := slices.Collect(maps.Keys(s.sessions))
	s.mu.RUnlock()
	var errs []error
	for _, session := range sessions {
		if session.Initialized() {
			errs = append(errs, jsonrpc.Notify(ctx, session.conn, m, params))
		}
	}
	return errors.Join(errs...)
}

// errNotInitialized refuses what comes before initialize.
func errNotInitialized(method string) error {
	return jsonrpc.Errorf(jsonrpc.CodeInvalidRequest, "%s: the session is not initialized", method)
}

func unknownTool(name string) error {
	return jsonrpc.InvalidParamsf("tools/call: unknown tool %q", name)
}

