package client

import (
	"context"
	"log/slog"
	"maps"
	"time"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/mcptypes/mcp20251125"
	"github.com/codexmcp/codexmcp/mcptypes/mcp20260728"
	"github.com/codexmcp/codexmcp/wire"
)

// Options say who the client is and what it does for a server.
type Options struct {
	// Info is how the client introduces itself.
	Info mcptypes.Implementation
	// Revisions are the protocol revisions the session may have, the preferred
	// one first; nil means [Revisions]. When the first is [Stateless], the server
	// is asked what it speaks, and a handshake is tried if it does not know the
	// question; else the handshake comes first.
	Revisions []string
	// CallTimeout bounds every call beside its context. Zero means no bound.
	CallTimeout time.Duration

	// Elicit answers questions to the client's user. With it the client
	// declares elicitation. What the answer leaves out is filled in with the
	// defaults of the question's schema.
	Elicit func(context.Context, mcptypes.ElicitParams) (mcptypes.ElicitResult, error)
	// ElicitURL shows the user an address to visit. With it the client declares
	// that, where the revision knows it.
	ElicitURL func(context.Context, mcp20251125.ElicitURLParams) (mcptypes.ElicitResult, error)
	// CreateMessage samples the client's model. With it the client declares sampling.
	CreateMessage func(context.Context, mcptypes.CreateMessageParams) (mcptypes.CreateMessageResult, error)
	// Roots are the places the server may work in. With it the client declares
	// roots; [Session.RootsChanged] tells of changes.
	Roots func(context.Context) ([]mcptypes.Root, error)

	// ToolsChanged, ResourcesChanged and PromptsChanged are called when the
	// server says that a list of its has changed. Like all that follow they are
	// called in order; a call to the server must be made from another goroutine.
	ToolsChanged, ResourcesChanged, PromptsChanged func(context.Context)
	// ResourceUpdated is called when a resource has changed that [Session.Subscribe] named.
	ResourceUpdated func(ctx context.Context, uri string)
	// Message is given the server's log messages.
	Message func(context.Context, mcptypes.LoggingMessageParams)

	// Requests and Notifications serve further methods, in place of the above.
	Requests      map[string]*jsonrpc.RequestHandler
	Notifications map[string]*jsonrpc.NotificationHandler
	// OtherNotification, if set, is given every notification that nothing else takes.
	OtherNotification func(ctx context.Context, method string, params wire.Raw)
	// Incoming wraps the handlers of the server's requests, the first outermost.
	Incoming []jsonrpc.Middleware
	// Outgoing wraps the requests and notifications sent to the server, the first
	// outermost: as they are made, before a revision adds what it wants.
	Outgoing []jsonrpc.Middleware
	// Experimental are capabilities of the client's own.
	Experimental map[string]wire.Members
	// Limits bound what a server can make grow.
	Limits jsonrpc.Limits
	// Log is told what goes wrong beside the protocol. Nil means nowhere.
	Log *slog.Logger
}

func (o *Options) withDefaults() {
	if len(o.Revisions) == 0 {
		o.Revisions = Revisions
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

func (o *Options) serves(method string) bool { return o.Requests[method] != nil }

// capabilities follow from what the client does for a server. They are those of
// a revision, as what an older server does not know may confuse it.
func (o *Options) capabilities(revision string) mcptypes.ClientCapabilities {
	var c mcptypes.ClientCapabilities
	if revision > "2025-03-26" && (o.Elicit != nil || o.ElicitURL != nil || o.serves(mcptypes.Elicit.Method)) {
		c.Elicitation = wire.MembersOf()
		if o.ElicitURL != nil && revision > mcptypes.LatestRevision {
			c.Elicitation.Set("url", wire.EmptyObject())
			if o.Elicit != nil {
				c.Elicitation.Set("form", wire.EmptyObject())
			}
		}
	}
	if o.CreateMessage != nil || o.serves(mcptypes.CreateMessage.Method) {
		c.Sampling = wire.MembersOf()
	}
	if o.Roots != nil || o.serves(mcptypes.ListRoots.Method) {
		c.Roots = &mcptypes.ClientCapabilitiesRoots{}
		if o.Roots != nil && revision != Stateless {
			c.Roots.ListChanged = new(true)
		}
	}
	c.Experimental = o.Experimental
	return c
}

// A handler serves what is registered and gives every other notification to
// whoever wants them all.
type handler struct {
	jsonrpc.Methods
	other func(ctx context.Context, method string, params wire.Raw)
}

// handler is what a server may ask of the session's client and tell it.
func (s *Session) handler() *handler {
	o := &s.options
	h := &handler{other: o.OtherNotification, Methods: jsonrpc.Methods{
		Requests: map[string]*jsonrpc.RequestHandler{}, Notifications: map[string]*jsonrpc.NotificationHandler{},
	}}
	ping := jsonrpc.HandleRequest(mcptypes.Ping, func(context.Context, mcptypes.PingParams) (mcptypes.EmptyResult, error) {
		return mcptypes.EmptyResult{}, nil
	})
	ping.Order = jsonrpc.Inline
	h.Requests[mcptypes.Ping.Method] = ping
	if o.Elicit != nil || o.ElicitURL != nil {
		h.Requests[mcptypes.Elicit.Method] = jsonrpc.HandleRequest(elicit, s.elicit)
	}
	if o.CreateMessage != nil {
		h.Requests[mcptypes.CreateMessage.Method] = jsonrpc.HandleRequest(mcptypes.CreateMessage, o.CreateMessage)
	}
	if o.Roots != nil {
		h.Requests[mcptypes.ListRoots.Method] = jsonrpc.HandleRequest(mcptypes.ListRoots,
			func(ctx context.Context, _ mcptypes.ListRootsParams) (mcptypes.ListRootsResult, error) {
				roots, err := o.Roots(ctx)
				return mcptypes.ListRootsResult{Roots: roots}, err
			})
	}
	for method, capability := range map[string]string{
		mcptypes.Elicit.Method: "elicitation", mcptypes.CreateMessage.Method: "sampling", mcptypes.ListRoots.Method: "roots",
	} {
		if h.Requests[method] == nil {
			h.Requests[method] = undeclared(capability)
		}
	}
	maps.Copy(h.Requests, o.Requests)
	if len(o.Incoming) > 0 {
		for method, handler := range h.Requests {
			h.Requests[method] = wrapped(method, handler, o.Incoming)
		}
	}
	s.listen(h.Notifications)
	maps.Copy(h.Notifications, o.Notifications)
	return h
}

// wrapped puts middleware around a handler.
func wrapped(method string, h *jsonrpc.RequestHandler, around []jsonrpc.Middleware) *jsonrpc.RequestHandler {
	out := *h
	call := jsonrpc.Wrap(around, func(ctx context.Context, _ string, params wire.Value) (wire.Value, error) {
		return h.Serve(ctx, params)
	})
	out.Serve = func(ctx context.Context, params wire.Value) (wire.Value, error) { return call(ctx, method, params) }
	return &out
}

// undeclared tells a server that it asks for what the client never offered.
func undeclared(capability string) *jsonrpc.RequestHandler {
	return &jsonrpc.RequestHandler{Serve: func(context.Context, wire.Value) (wire.Value, error) {
		return nil, jsonrpc.Errorf(jsonrpc.CodeMethodNotFound, "this client did not declare the capability %q", capability)
	}}
}

// listen adds what takes the notifications that the options ask for.
func (s *Session) listen(to map[string]*jsonrpc.NotificationHandler) {
	o := &s.options
	for method, changed := range map[string]func(context.Context){
		mcptypes.ToolListChanged.Method:     o.ToolsChanged,
		mcptypes.ResourceListChanged.Method: o.ResourcesChanged,
		mcptypes.PromptListChanged.Method:   o.PromptsChanged,
	} {
		if changed != nil {
			to[method] = &jsonrpc.NotificationHandler{Serve: func(ctx context.Context, _ wire.Value) { changed(ctx) }}
		}
	}
	if o.ResourceUpdated != nil {
		to[mcptypes.ResourceUpdated.Method] = jsonrpc.HandleNotification(mcptypes.ResourceUpdated,
			func(ctx context.Context, p mcptypes.ResourceUpdatedParams) { o.ResourceUpdated(ctx, p.URI) })
	}
	if o.Message != nil {
		to[mcptypes.LoggingMessage.Method] = jsonrpc.HandleNotification(mcptypes.LoggingMessage, o.Message)
	}
	to[mcptypes.Progress.Method] = jsonrpc.HandleNotification(mcptypes.Progress, s.progressed)
	to[mcp20260728.SubscriptionsAcknowledged.Method] = jsonrpc.HandleNotification(mcp20260728.SubscriptionsAcknowledged, s.acknowledge)
	to[mcptypes.Cancelled.Method] = jsonrpc.HandleNotification(mcptypes.Cancelled,
		func(_ context.Context, p mcptypes.CancelledParams) { s.conn.Cancel(p.RequestID, p.Reason) })
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
