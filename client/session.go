package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"slices"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// Revisions are the protocol revisions a session can have, the newest first.
var Revisions = []string{mcptypes.LatestRevision, "2025-11-25", "2025-03-26", "2024-11-05"}

// Options say who the client is and what it does for a server.
type Options struct {
	// Info is how the client introduces itself.
	Info mcptypes.Implementation
	// Elicit answers questions to the client's user. With it the client
	// declares elicitation.
	Elicit func(context.Context, mcptypes.ElicitParams) (mcptypes.ElicitResult, error)
	// CreateMessage samples the client's model. With it the client declares sampling.
	CreateMessage func(context.Context, mcptypes.CreateMessageParams) (mcptypes.CreateMessageResult, error)
	// Roots are the places the server may work in. With it the client declares roots.
	Roots func(context.Context) ([]mcptypes.Root, error)
	// Requests and Notifications serve further methods, in place of the above.
	Requests      map[string]*jsonrpc.RequestHandler
	Notifications map[string]*jsonrpc.NotificationHandler
	// OtherNotification, if set, is given every notification that nothing else takes.
	OtherNotification func(ctx context.Context, method string, params wire.Raw)
	// Experimental are capabilities of the client's own.
	Experimental map[string]wire.Members
	// Limits bound what a server can make grow.
	Limits jsonrpc.Limits
	// Log is told what goes wrong beside the protocol. Nil means nowhere.
	Log *slog.Logger
}

// A Session is the conversation with one server.
type Session struct {
	conn   *jsonrpc.Conn
	served <-chan error
	server mcptypes.InitializeResult
}

// Connect opens a session: it starts the transport, introduces the client and
// agrees on a revision. ctx bounds the opening, not the session.
func Connect(ctx context.Context, t jsonrpc.Transport, o Options) (*Session, error) {
	s := &Session{}
	s.conn = jsonrpc.New(jsonrpc.Options{Handler: handlers(o), Limits: o.Limits, DropInvalid: true, Log: o.Log, OnCancel: s.cancelled})
	s.served = s.conn.Start(context.WithoutCancel(ctx), t)
	if err := s.initialize(ctx, o); err != nil {
		closing := s.Close(context.WithoutCancel(ctx))
		if cause := s.conn.Err(); cause != nil && !errors.Is(cause, jsonrpc.ErrClosed) {
			err = cause
		}
		return nil, errors.Join(fmt.Errorf("connect: %w", explain(t, err)), closing)
	}
	return s, nil
}

// An explainer is a transport that knows more about why it ended.
type explainer interface{ Explain(error) error }

func explain(t jsonrpc.Transport, err error) error {
	if e, ok := t.(explainer); ok {
		return e.Explain(err)
	}
	return err
}

func (s *Session) initialize(ctx context.Context, o Options) error {
	server, err := jsonrpc.Call(ctx, s.conn, mcptypes.Initialize, mcptypes.InitializeParams{
		ProtocolVersion: mcptypes.LatestRevision, ClientInfo: o.Info, Capabilities: capabilities(o),
	})
	if err != nil {
		return fmt.Errorf("initialize: %w", err)
	}
	if !slices.Contains(Revisions, server.ProtocolVersion) {
		return fmt.Errorf("initialize: the server speaks revision %q, this client only %q", server.ProtocolVersion, Revisions)
	}
	s.server = server
	return jsonrpc.Notify(ctx, s.conn, mcptypes.Initialized, mcptypes.InitializedParams{})
}

// capabilities follow from what the client does for a server.
func capabilities(o Options) mcptypes.ClientCapabilities {
	var c mcptypes.ClientCapabilities
	if o.Elicit != nil || o.Requests[mcptypes.Elicit.Method] != nil {
		c.Elicitation = wire.MembersOf()
	}
	if o.CreateMessage != nil || o.Requests[mcptypes.CreateMessage.Method] != nil {
		c.Sampling = wire.MembersOf()
	}
	if o.Roots != nil || o.Requests[mcptypes.ListRoots.Method] != nil {
		c.Roots = &mcptypes.ClientCapabilitiesRoots{}
	}
	c.Experimental = o.Experimental
	return c
}

// handlers are what a server may ask.
func handlers(o Options) jsonrpc.Handler {
	requests := map[string]*jsonrpc.RequestHandler{}
	ping := jsonrpc.HandleRequest(mcptypes.Ping, func(context.Context, mcptypes.PingParams) (mcptypes.EmptyResult, error) {
		return mcptypes.EmptyResult{}, nil
	})
	ping.Order = jsonrpc.Inline
	requests[mcptypes.Ping.Method] = ping
	if o.Elicit != nil {
		requests[mcptypes.Elicit.Method] = jsonrpc.HandleRequest(mcptypes.Elicit, o.Elicit)
	}
	if o.CreateMessage != nil {
		requests[mcptypes.CreateMessage.Method] = jsonrpc.HandleRequest(mcptypes.CreateMessage, o.CreateMessage)
	}
	if o.Roots != nil {
		requests[mcptypes.ListRoots.Method] = jsonrpc.HandleRequest(mcptypes.ListRoots,
			func(ctx context.Context, _ mcptypes.ListRootsParams) (mcptypes.ListRootsResult, error) {
				roots, err := o.Roots(ctx)
				return mcptypes.ListRootsResult{Roots: roots}, err
			})
	}
	maps.Copy(requests, o.Requests)
	return &handler{
		Methods: jsonrpc.Methods{Requests: requests, Notifications: o.Notifications},
		other:   o.OtherNotification,
	}
}

// A handler serves what is registered and gives every other notification to
// whoever wants them all.
type handler struct {
	jsonrpc.Methods
	other func(ctx context.Context, method string, params wire.Raw)
}

// Notification implements [jsonrpc.Handler].
func (h *handler) Notification(method string) *jsonrpc.NotificationHandler {
	if known := h.Methods.Notification(method); known != nil || h.other == nil {
		return known
	}
	return &jsonrpc.NotificationHandler{
		NewParams: func() wire.Value { return new(anyParams) },
		Serve: func(ctx context.Context, params wire.Value) {
			p, _ := params.(*anyParams)
			h.other(ctx, method, p.raw)
		},
	}
}

// anyParams are params as they came.
type anyParams struct{ raw wire.Raw }

func (p *anyParams) EncodeJSON(e *wire.Encoder) { e.RawValue(p.raw) }
func (p *anyParams) DecodeJSON(d *wire.Decoder) { p.raw = d.Raw() }

// Server is how the server introduced itself, with its capabilities and the
// revision that was agreed on.
func (s *Session) Server() mcptypes.InitializeResult { return s.server }

// Done is closed when the session has ended; Err says why.
func (s *Session) Done() <-chan struct{} { return s.conn.Done() }

// Err is why the session ended, nil as long as it has not.
func (s *Session) Err() error { return s.conn.Err() }

// Close ends the session and the transport. Calls that wait fail. It returns
// in bounded time whatever the server does.
func (s *Session) Close(ctx context.Context) error {
	err := s.conn.Close(ctx)
	select {
	case <-s.served:
	case <-ctx.Done():
		err = errors.Join(err, ctx.Err())
	}
	return err
}

// Call sends a request and waits for its result. When ctx ends first, the
// server is told that nobody waits any more.
func Call[P, R any](ctx context.Context, s *Session, m wire.Request[P, R], params P) (R, error) {
	return jsonrpc.Call(ctx, s.conn, m, params)
}

// Notify sends a notification.
func Notify[P any](ctx context.Context, s *Session, m wire.Notification[P], params P) error {
	return jsonrpc.Notify(ctx, s.conn, m, params)
}

// cancelled tells the server that nobody waits for its answer any more.
func (s *Session) cancelled(ctx context.Context, id wire.RequestID, method string, cause error) {
	if method == mcptypes.Initialize.Method {
		return // the one request that must not be cancelled
	}
	// The session may be over already, and then there is nobody to tell.
	_ = jsonrpc.Notify(ctx, s.conn, mcptypes.Cancelled, mcptypes.CancelledParams{RequestID: id, Reason: cause.Error()})
}

// Tools are all tools of the server, page by page as they are asked for.
func (s *Session) Tools(ctx context.Context) iter.Seq2[mcptypes.Tool, error] {
	return func(yield func(mcptypes.Tool, error) bool) {
		seen := map[string]bool{}
		var cursor string
		for {
			page, err := Call(ctx, s, mcptypes.ListTools, mcptypes.ListToolsParams{Cursor: cursor})
			if err != nil {
				yield(mcptypes.Tool{}, err)
				return
			}
			for i := range page.Tools {
				if !yield(page.Tools[i], nil) {
					return
				}
			}
			cursor = page.NextCursor
			if cursor == "" {
				return
			}
			if seen[cursor] {
				yield(mcptypes.Tool{}, fmt.Errorf("tools/list: the server gives the cursor %q twice", cursor))
				return
			}
			seen[cursor] = true
		}
	}
}
