package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// A Session is the conversation with one server.
type Session struct {
	options Options
	handles *handler
	conn    *jsonrpc.Conn
	stream  jsonrpc.Transport
	http    *httpTransport // instead of a stream

	progress listeners

	// mu protects what follows.
	mu     sync.Mutex
	server mcptypes.InitializeResult
	level  mcptypes.LoggingLevel // of log messages, where every request says it
	uris   map[string]bool       // of the resources that are subscribed to
	watch  *watch                // what the server tells of, where that takes a request; or nil
	closed bool

	supported []string // revisions the server said it speaks; only while the session opens
	headers   headerTable
}

func newSession(o Options) *Session {
	o.withDefaults()
	s := &Session{options: o, uris: map[string]bool{}}
	s.handles = s.handler()
	s.conn = jsonrpc.New(jsonrpc.Options{
		Handler: s.handles, Limits: o.Limits, DropInvalid: true, Log: o.Log, OnCancel: s.cancelled,
		Batches: func() bool { return s.Server().ProtocolVersion == "2025-03-26" },
	})
	return s
}

// Connect opens a session over a stream: it starts the transport, introduces
// the client and agrees on a revision. ctx bounds the opening, not the session.
// [ConnectHTTP] does that over HTTP.
func Connect(ctx context.Context, t jsonrpc.Transport, o Options) (*Session, error) {
	s := newSession(o)
	s.stream = t
	_ = s.conn.Start(context.WithoutCancel(ctx), t) // Done and Err say the same
	if err := s.open(ctx); err != nil {
		return nil, s.abandon(ctx, err)
	}
	return s, nil
}

// abandon ends a session that could not be opened, and says why.
func (s *Session) abandon(ctx context.Context, err error) error {
	if cause := s.conn.Err(); cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", err, cause)
	}
	err = s.explain(err)
	if k, ok := s.stream.(interface{ Kill() }); ok {
		k.Kill() // who does not even start gets no time to end
	}
	return errors.Join(fmt.Errorf("connect: %w", err), s.Close(context.WithoutCancel(ctx)))
}

// explain adds to an error what is known of the server: what the transport
// knows, and what it said that was of no use.
func (s *Session) explain(err error) error {
	stats := s.conn.Stats()
	if n := stats.InvalidMessages; n > 0 {
		err = fmt.Errorf("%w (%d lines from the server were no messages)", err, n)
	}
	if n := stats.UnknownResponses; n > 0 && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w (%d responses of the server had ids that nobody waited for)", err, n)
	}
	if e, ok := s.stream.(interface{ Explain(error) error }); ok {
		err = e.Explain(err)
	}
	return err
}

// Server is how the server introduced itself, with its capabilities and the
// revision that was agreed on.
func (s *Session) Server() mcptypes.InitializeResult {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.server
}

// Revision is the protocol revision that was agreed on.
func (s *Session) Revision() string { return s.Server().ProtocolVersion }

// Done is closed when the session has ended; Err says why.
func (s *Session) Done() <-chan struct{} { return s.conn.Done() }

// Err is why the session ended, nil as long as it has not.
func (s *Session) Err() error {
	if err := s.conn.Err(); err != nil {
		return s.explain(err)
	}
	return nil
}

// Close ends the session and the transport. Calls that wait fail. It returns
// in bounded time whatever the server does.
func (s *Session) Close(ctx context.Context) error {
	s.unwatch()
	err := s.conn.Close(ctx)
	if s.http != nil {
		return errors.Join(err, s.http.close(ctx))
	}
	return err
}

// cancelled tells the server that nobody waits for its answer any more.
func (s *Session) cancelled(ctx context.Context, id wire.RequestID, method string, cause error) {
	if method == mcptypes.Initialize.Method {
		return // the one request that must not be cancelled
	}
	if s.http != nil && s.Revision() == Stateless {
		return // the end of the stream has said so
	}
	// The session may be over already, and then there is nobody to tell.
	_ = jsonrpc.Notify(ctx, s.conn, mcptypes.Cancelled, mcptypes.CancelledParams{RequestID: id, Reason: cause.Error()})
}
