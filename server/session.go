package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

type sessionKey struct{}

// A Session is the conversation with one client. A client of 2026-07-28 has one
// for every request: nothing is remembered between two.
type Session struct {
	server *Server
	conn   *jsonrpc.Conn
	http   *httpRequest // of a session that came over HTTP
	owner  string       // who it belongs to, as the transport knows
	id     string       // over HTTP

	// client is what the client said of itself, nil before initialize.
	client   atomic.Pointer[mcptypes.InitializeParams]
	revision atomic.Pointer[revision]
	level    atomic.Int32            // of log messages, from 1; 0: none was asked for
	changes  atomic.Pointer[changes] // what it is told of; nil if it is of one request
}

// SessionFrom returns the session in whose course a handler runs, nil outside
// of handlers.
func SessionFrom(ctx context.Context) *Session {
	if r := requestOf(ctx); r != nil {
		return r.session
	}
	s, _ := ctx.Value(sessionKey{}).(*Session)
	return s
}

// newSession returns a session whose requests to the client are numbered from after lastID.
func (s *Server) newSession(lastID int64) *Session {
	session := &Session{server: s}
	session.conn = jsonrpc.New(jsonrpc.Options{
		Handler: session, Limits: s.options.Limits, Linger: s.options.Linger, Log: s.options.Log,
		Batches:  func() bool { return session.revisionOr(revision20250618).batches },
		OnCancel: session.cancelled, OnUnknown: session.forward, LastID: lastID,
	})
	return session
}

// forget lets go of a session that has ended.
func (s *Session) forget() {
	if c := s.changes.Load(); c != nil {
		s.server.unlisten(c)
	}
}

// Client returns what the client said of itself, nil before initialize.
func (s *Session) Client() *mcptypes.InitializeParams { return s.client.Load() }

// Initialized reports whether the client has introduced itself.
func (s *Session) Initialized() bool { return s.client.Load() != nil }

// Revision is the protocol revision that was agreed on, empty before initialize.
func (s *Session) Revision() string {
	if r := s.revision.Load(); r != nil {
		return r.name
	}
	return ""
}

// Stateless reports whether the session is that of one request, in a revision
// in which a server cannot ask its client anything; see [Need].
func (s *Session) Stateless() bool { return s.revisionOr(revision20250618).stateless }

// ID is the session's name over HTTP, by which processes that share a [Store] can
// keep something of their own for it; empty over other transports and in a
// stateless session.
func (s *Session) ID() string { return s.id }

// Owner is who the session belongs to, as the HTTP transport's Owner said.
func (s *Session) Owner() string { return s.owner }

func (s *Session) revisionOr(other *revision) *revision {
	if r := s.revision.Load(); r != nil {
		return r
	}
	return other
}

// Done is closed when the session has ended.
func (s *Session) Done() <-chan struct{} { return s.conn.Done() }

// Close ends the session.
func (s *Session) Close(ctx context.Context) error { return s.conn.Close(ctx) }

// Request implements [jsonrpc.Handler].
func (s *Session) Request(method string) *jsonrpc.RequestHandler {
	m := s.server.methods.Load().requests[method]
	if m == nil || s.http != nil && s.http.stateless && !revision20260728.answers(method) {
		return nil
	}
	return m.handler
}

// Notification implements [jsonrpc.Handler].
func (s *Session) Notification(method string) *jsonrpc.NotificationHandler {
	return s.server.methods.Load().notifications[method]
}

// handleLifecycle serves initialize, ping, discovery and cancellation.
func (s *Server) handleLifecycle() {
	builtin(s, mcptypes.Initialize.Method, true, jsonrpc.Ordered, s.initialize)
	builtin(s, mcptypes.Ping.Method, false, jsonrpc.Inline, func(context.Context, *mcptypes.PingParams) (wire.Value, error) {
		return &mcptypes.EmptyResult{}, nil
	})
	builtin(s, discover.Method, false, jsonrpc.Inline, s.serveDiscover)
	builtin(s, listen.Method, false, jsonrpc.Concurrent, s.serveListen)
	HandleNotification(s, mcptypes.Cancelled, func(ctx context.Context, p mcptypes.CancelledParams) {
		if session, ok := ctx.Value(sessionKey{}).(*Session); ok {
			if !session.conn.Cancel(p.RequestID, p.Reason) {
				session.forwardCancel(ctx, &p)
			}
		}
	})
	HandleNotification(s, mcptypes.RootsListChanged, func(ctx context.Context, _ mcptypes.RootsListChangedParams) {
		if session := SessionFrom(ctx); session != nil && s.options.OnRootsChanged != nil {
			s.options.OnRootsChanged(ctx, session)
		}
	})
}

// initialize agrees on a revision: the client's, if the server speaks it, else
// the newest one with a handshake that it does.
func (s *Server) initialize(ctx context.Context, p *mcptypes.InitializeParams) (wire.Value, error) {
	session := SessionFrom(ctx)
	if !session.client.CompareAndSwap(nil, p) {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidRequest, "initialize: the session is initialized already")
	}
	rev := revisionOf(p.ProtocolVersion)
	if rev == nil || rev.stateless {
		rev = revisionOf(handshakes[0])
	}
	session.revision.Store(rev)
	result := &mcptypes.InitializeResult{
		ProtocolVersion: rev.name, ServerInfo: s.info, Capabilities: s.capabilities(), Instructions: s.options.Instructions,
	}
	if s.options.OnInitialize != nil {
		s.options.OnInitialize(ctx, session, result)
	}
	rev.fit(s, result)
	session.changes.Store(s.listenSession(session))
	return result, nil
}

// capabilities follow from what is registered.
func (s *Server) capabilities() mcptypes.ServerCapabilities {
	var c mcptypes.ServerCapabilities
	if s.tools.len() > 0 || s.options.ListChanged {
		c.Tools = &mcptypes.ServerCapabilitiesTools{ListChanged: new(true)}
	}
	if s.prompts.len() > 0 {
		c.Prompts = &mcptypes.ServerCapabilitiesPrompts{ListChanged: new(true)}
	}
	if s.resources.len() > 0 || s.templates.len() > 0 {
		c.Resources = &mcptypes.ServerCapabilitiesResources{ListChanged: new(true), Subscribe: new(true)}
	}
	if s.completes() {
		c.Completions = wire.MembersOf()
	}
	if s.options.Logging {
		c.Logging = wire.MembersOf()
	}
	return c
}

// cancelled tells the client that nobody waits for its answer any more.
func (s *Session) cancelled(ctx context.Context, id wire.RequestID, _ string, cause error) {
	if s.server.options.QuietCancel {
		return
	}
	if err := Tell(ctx, s, mcptypes.Cancelled, mcptypes.CancelledParams{RequestID: id, Reason: cause.Error()}); err != nil {
		s.server.options.Log.Debug("tell client of cancellation", "error", err)
	}
}

// Why a message cannot be sent to a client. Test with errors.Is.
var (
	// ErrNotDeclared says that the client did not declare that it can do this.
	ErrNotDeclared = errors.New("the client did not declare that it can")
	// ErrNotInRevision says that the revision of the session has no such message.
	ErrNotInRevision = errors.New("the session's protocol revision has no such message")
)

// Ask sends a request to the client and waits for its answer. Within a handler
// it belongs to the request being handled. What the client did not declare
// is not sent: [ErrNotDeclared]. In a stateless session nothing can be asked:
// [ErrNotInRevision]; see [Need].
func Ask[P, R any](ctx context.Context, s *Session, m wire.Request[P, R], params P) (R, error) {
	var result R
	in, out := valueOf(&params), valueOf(&result)
	if in == nil || out == nil {
		return result, fmt.Errorf("%s: params or result are no wire.Value", m.Method)
	}
	if err := s.allows(m.Method, in); err != nil {
		return result, fmt.Errorf("%s: %w", m.Method, err)
	}
	if len(s.server.options.Outgoing) == 0 {
		err := s.conn.Call(ctx, m.Method, in, out)
		return result, err
	}
	got, err := jsonrpc.Wrap(s.server.options.Outgoing, func(ctx context.Context, method string, params wire.Value) (wire.Value, error) {
		return out, s.conn.Call(ctx, method, params, out)
	})(ctx, m.Method, in)
	if r, ok := got.(any).(*R); ok && err == nil {
		return *r, nil
	}
	return result, err
}

// Tell sends a notification to the client.
func Tell[P any](ctx context.Context, s *Session, m wire.Notification[P], params P) error {
	return s.Send(ctx, m.Method, valueOf(&params))
}

// Send is Tell for a method whose name is made at run time.
func (s *Session) Send(ctx context.Context, method string, params wire.Value) error {
	if rev := s.revisionOr(revision20250618); !rev.may(method) {
		return fmt.Errorf("%s: %w", method, ErrNotInRevision)
	}
	if len(s.server.options.Outgoing) == 0 {
		return s.conn.Notify(ctx, method, params)
	}
	_, err := jsonrpc.Wrap(s.server.options.Outgoing, func(ctx context.Context, method string, params wire.Value) (wire.Value, error) {
		return nil, s.conn.Notify(ctx, method, params)
	})(ctx, method, params)
	return err
}

// valueOf returns a pointer as the Value it should be.
func valueOf(pointer any) wire.Value {
	v, _ := pointer.(wire.Value)
	return v
}

// allows reports whether a request may be sent to the client.
func (s *Session) allows(method string, params wire.Value) error {
	rev := s.revisionOr(revision20250618)
	if !rev.may(method) || rev.stateless {
		return ErrNotInRevision
	}
	client := s.Client()
	declared := true
	switch method {
	case mcptypes.Elicit.Method:
		declared = client != nil && declaresElicitation(client.Capabilities.Elicitation, asksURL(params))
	case mcptypes.CreateMessage.Method:
		declared = client != nil && !client.Capabilities.Sampling.IsZero()
	case mcptypes.ListRoots.Method:
		declared = client != nil && client.Capabilities.Roots != nil
	}
	if !declared {
		return ErrNotDeclared
	}
	return nil
}

// declaresElicitation reports whether a client can put a form, or send a person
// to a web page. Declaring neither means forms.
func declaresElicitation(declared wire.Members, url bool) bool {
	if declared.IsZero() {
		return false
	}
	_, form := declared.Get("form")
	_, page := declared.Get("url")
	if url {
		return page
	}
	return form || !page
}

// knows reports whether the session's revision is one of those.
func (s *Session) knows(names ...string) bool { return slices.Contains(names, s.Revision()) }
