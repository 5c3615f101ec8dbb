package server

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// Revisions are the protocol revisions a session can be initialized with, the
// newest first.
var Revisions = []string{"2025-11-25", mcptypes.LatestRevision, "2025-03-26", "2024-11-05"}

type sessionKey struct{}

// A Session is the conversation with one client.
type Session struct {
	server *Server
	conn   *jsonrpc.Conn

	// client is what the client said of itself, nil before initialize.
	client   atomic.Pointer[mcptypes.InitializeParams]
	revision atomic.Pointer[string]
}

// SessionFrom returns the session in whose course a handler runs, nil outside
// of handlers.
func SessionFrom(ctx context.Context) *Session {
	s, _ := ctx.Value(sessionKey{}).(*Session)
	return s
}

func (s *Server) newSession() *Session {
	session := &Session{server: s}
	session.conn = jsonrpc.New(jsonrpc.Options{
		Handler: session, Limits: s.options.Limits, Linger: s.options.Linger, Log: s.options.Log,
		Batches:  func() bool { return session.Revision() == "2025-03-26" },
		OnCancel: session.cancelled,
	})
	return session
}

// Client returns what the client said of itself, nil before initialize.
func (s *Session) Client() *mcptypes.InitializeParams { return s.client.Load() }

// Initialized reports whether the client has introduced itself.
func (s *Session) Initialized() bool { return s.client.Load() != nil }

// Revision is the protocol revision that was agreed on, empty before initialize.
func (s *Session) Revision() string {
	if r := s.revision.Load(); r != nil {
		return *r
	}
	return ""
}

// Done is closed when the session has ended.
func (s *Session) Done() <-chan struct{} { return s.conn.Done() }

// Close ends the session.
func (s *Session) Close(ctx context.Context) error { return s.conn.Close(ctx) }

// Request implements [jsonrpc.Handler].
func (s *Session) Request(method string) *jsonrpc.RequestHandler {
	if !s.Initialized() && !s.server.options.ServeUninitialized &&
		method != mcptypes.Initialize.Method && method != mcptypes.Ping.Method {
		return &jsonrpc.RequestHandler{Order: jsonrpc.Inline, Serve: func(context.Context, wire.Value) (wire.Value, error) {
			return nil, errNotInitialized(method)
		}}
	}
	s.server.mu.RLock()
	defer s.server.mu.RUnlock()
	return s.server.requests[method]
}

// Notification implements [jsonrpc.Handler].
func (s *Session) Notification(method string) *jsonrpc.NotificationHandler {
	s.server.mu.RLock()
	defer s.server.mu.RUnlock()
	return s.server.notifications[method]
}

// Ask sends a request to the client and waits for its answer. Within a handler
// it belongs to the request being handled.
func Ask[P, R any](ctx context.Context, s *Session, m wire.Request[P, R], params P) (R, error) {
	return jsonrpc.Call(ctx, s.conn, m, params)
}

// Tell sends a notification to the client.
func Tell[P any](ctx context.Context, s *Session, m wire.Notification[P], params P) error {
	return jsonrpc.Notify(ctx, s.conn, m, params)
}

// Send is Tell for a method whose name is made at run time.
func (s *Session) Send(ctx context.Context, method string, params wire.Value) error {
	return s.conn.Notify(ctx, method, params)
}

// cancelled tells the client that nobody waits for its answer any more.
func (s *Session) cancelled(ctx context.Context, id wire.RequestID, _ string, cause error) {
	if s.server.options.QuietCancel {
		return
	}
	if err := jsonrpc.Notify(ctx, s.conn, mcptypes.Cancelled, mcptypes.CancelledParams{RequestID: id, Reason: cause.Error()}); err != nil {
		s.server.options.Log.Debug("tell client of cancellation", "error", err)
	}
}

// handleLifecycle serves initialize, ping and cancellation.
func (s *Server) handleLifecycle() {
	initialize := jsonrpc.HandleRequest(mcptypes.Initialize, s.initialize)
	initialize.Order = jsonrpc.Ordered
	s.requests[mcptypes.Initialize.Method] = initialize
	ping := jsonrpc.HandleRequest(mcptypes.Ping, func(context.Context, mcptypes.PingParams) (mcptypes.EmptyResult, error) {
		return mcptypes.EmptyResult{}, nil
	})
	ping.Order = jsonrpc.Inline
	s.requests[mcptypes.Ping.Method] = ping
	s.notifications[mcptypes.Cancelled.Method] = jsonrpc.HandleNotification(mcptypes.Cancelled,
		func(ctx context.Context, p mcptypes.CancelledParams) {
			SessionFrom(ctx).conn.Cancel(p.RequestID, p.Reason)
		})
}

// initialize agrees on a revision: the client's, if the server speaks it, else
// the newest one it does.
func (s *Server) initialize(ctx context.Context, p mcptypes.InitializeParams) (mcptypes.InitializeResult, error) {
	session := SessionFrom(ctx)
	if !session.client.CompareAndSwap(nil, &p) {
		return mcptypes.InitializeResult{}, jsonrpc.Errorf(jsonrpc.CodeInvalidRequest, "initialize: the session is initialized already")
	}
	revision := p.ProtocolVersion
	if !slices.Contains(Revisions, revision) {
		revision = mcptypes.LatestRevision
	}
	session.revision.Store(&revision)
	result := mcptypes.InitializeResult{
		ProtocolVersion: revision, ServerInfo: s.info, Capabilities: s.capabilities(), Instructions: s.options.Instructions,
	}
	if s.options.OnInitialize != nil {
		s.options.OnInitialize(ctx, session, &result)
	}
	return result, nil
}

// capabilities follow from what is registered.
func (s *Server) capabilities() mcptypes.ServerCapabilities {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var c mcptypes.ServerCapabilities
	if len(s.tools) > 0 || s.options.ListChanged {
		c.Tools = &mcptypes.ServerCapabilitiesTools{ListChanged: new(true)}
	}
	return c
}
