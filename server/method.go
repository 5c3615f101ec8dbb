package server

import (
	"context"
	"errors"
	"maps"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// methods are what a server serves. They are never changed, only replaced.
type methods struct {
	requests      map[string]*method
	notifications map[string]*jsonrpc.NotificationHandler
}

// A method is one request method that is served.
type method struct {
	name    string
	handler *jsonrpc.RequestHandler // what the connection calls
	call    Call                    // middleware, then what serves it
}

func (s *Server) changeMethods(change func(*methods)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.methods.Load()
	m := &methods{requests: maps.Clone(old.requests), notifications: maps.Clone(old.notifications)}
	change(m)
	s.methods.Store(m)
}

// addMethod makes h serve a method.
func (s *Server) addMethod(name string, h *jsonrpc.RequestHandler) {
	inner := h.Serve
	m := &method{name: name}
	m.call = jsonrpc.Wrap(s.options.Incoming, func(ctx context.Context, _ string, params wire.Value) (wire.Value, error) {
		return inner(ctx, params)
	})
	m.handler = &jsonrpc.RequestHandler{NewParams: h.NewParams, ParamsRequired: h.ParamsRequired, Order: h.Order, OrderOf: h.OrderOf,
		Serve: func(ctx context.Context, params wire.Value) (wire.Value, error) { return s.serve(ctx, m, params) }}
	s.changeMethods(func(all *methods) { all.requests[name] = m })
}

// builtin registers a method that the server serves by itself. Its params have
// no required member unless required is set.
func builtin[P any, V interface {
	*P
	wire.Value
}](s *Server, name string, required bool, order jsonrpc.Order, fn func(context.Context, *P) (wire.Value, error)) {
	h := builtinHandler[P, V](name, required, fn)
	h.Order = order
	s.addMethod(name, h)
}

func builtinHandler[P any, V interface {
	*P
	wire.Value
}](name string, required bool, fn func(context.Context, *P) (wire.Value, error)) *jsonrpc.RequestHandler {
	return &jsonrpc.RequestHandler{
		NewParams:      func() wire.Value { return V(new(P)) },
		ParamsRequired: required,
		Serve: func(ctx context.Context, params wire.Value) (wire.Value, error) {
			p, ok := params.(any).(*P)
			if !ok {
				return nil, jsonrpc.Errorf(jsonrpc.CodeInternalError, "%s: params are a %T", name, params)
			}
			return fn(ctx, p)
		},
	}
}

// A request is what a handler's context knows beside its session.
type request struct {
	session *Session
	token   wire.ProgressToken
	input   *Input // what came of earlier rounds
}

type requestKey struct{}

// requestOf returns what ctx knows of its request, nil if nothing special.
func requestOf(ctx context.Context) *request {
	r, _ := ctx.Value(requestKey{}).(*request)
	return r
}

// serve finds out in which revision a request was made, serves it, and makes the
// result one of that revision.
func (s *Server) serve(ctx context.Context, m *method, params wire.Value) (wire.Value, error) {
	base, _ := ctx.Value(sessionKey{}).(*Session)
	if base == nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInternalError, "%s: no session", m.name)
	}
	meta := metaOf(params)
	session, err := base.within(m.name, meta)
	if err != nil {
		return nil, err
	}
	rev := session.revisionOr(revision20250618)
	if !rev.answers(m.name) {
		return nil, jsonrpc.Errorf(jsonrpc.CodeMethodNotFound, "method %q not found", m.name)
	}
	if err := session.checkHeaders(m.name, params); err != nil {
		return nil, err
	}
	r := request{session: session}
	if meta != nil {
		r.token = meta.ProgressToken
	}
	if session != base || !r.token.IsZero() {
		ctx = context.WithValue(ctx, requestKey{}, &r)
	}
	result, err := s.rounds(ctx, m, params, &r)
	if err != nil {
		return nil, session.refusal(rev, err)
	}
	if result != nil {
		rev.fit(s, result)
	}
	return result, nil
}

// within returns the session that a request belongs to: the one of the
// connection, or one of its own if it says all of itself.
func (s *Session) within(method string, meta *mcptypes.RequestMeta) (*Session, error) {
	var version wire.Raw
	if meta != nil {
		version, _ = meta.Extra.Get(metaVersion)
	}
	modern := !version.IsZero()
	if s.server.options.HandshakeOnly && (modern && !revisionHandshake(version) || s.http != nil && s.http.stateless) {
		if method == discover.Method {
			return nil, jsonrpc.Errorf(jsonrpc.CodeMethodNotFound, "unknown method %q", method)
		}
		return nil, unsupported(revision20260728.name)
	}
	switch {
	case s.http != nil && s.http.stateless:
		if meta == nil {
			if !protocol[method] { // another protocol's method: it says nothing of the client
				meta = &mcptypes.RequestMeta{Extra: foreignMeta(s.http.version)}
			} else {
				return nil, jsonrpc.InvalidParamsf("%s params._meta: missing", method)
			}
		}
		return s.statelessHTTP(meta)
	case modern && s.http != nil && revisionHandshake(version):
		modern = false
	case modern && s.http != nil:
		return nil, jsonrpc.Errorf(CodeHeaderMismatch, "%s: the header MCP-Protocol-Version is missing or not what the message says", method)
	}
	if modern {
		return s.stateless(meta)
	}
	if !s.Initialized() && !early[method] && (s.http != nil || !s.server.options.ServeUninitialized) {
		return nil, errNotInitialized(method)
	}
	return s, nil
}

// early are the methods that may come before a session is initialized.
var early = map[string]bool{mcptypes.Initialize.Method: true, mcptypes.Ping.Method: true}

// errNotInitialized refuses what comes before initialize.
func errNotInitialized(method string) error {
	return jsonrpc.Errorf(jsonrpc.CodeInvalidRequest, "%s: the session is not initialized", method)
}

// revisionHandshake reports whether version names a revision with sessions.
func revisionHandshake(version wire.Raw) bool {
	d := wire.NewDecoder(version.String())
	r := revisionOf(d.String())
	return r != nil && !r.stateless
}

// foreignMeta is the metadata of a request that cannot have any.
func foreignMeta(version string) wire.Members {
	return wire.MembersOf(wire.Member{Name: metaVersion, Value: rawString(version)},
		wire.Member{Name: metaCapabilities, Value: wire.EmptyObject()})
}

// refusal makes an error one of the revision, and one that the client can use.
func (s *Session) refusal(rev *revision, err error) error {
	e, ok := errors.AsType[*jsonrpc.Error](err)
	switch {
	case !ok:
	case e.Code == CodeResourceNotFound && rev.notFound != e.Code:
		moved := *e
		moved.Code = rev.notFound
		return &moved
	case e.Code != CodeURLsRequired:
	case rev != revision20251125:
		return jsonrpc.Errorf(jsonrpc.CodeInternalError, "%s: a person must visit a web page first: %v", e.Message, ErrNotInRevision)
	case !declaresElicitation(s.Client().Capabilities.Elicitation, true):
		return jsonrpc.Errorf(jsonrpc.CodeInternalError, "%s: a person must visit a web page first: %v", e.Message, ErrNotDeclared)
	}
	return err
}

// metaOf returns the metadata of params, nil if they have none or are of another protocol.
func metaOf(params wire.Value) *mcptypes.RequestMeta {
	switch p := params.(type) {
	case *mcptypes.CallToolParams:
		return p.Meta
	case *mcptypes.PingParams:
		return p.Meta
	case *mcptypes.ListToolsParams:
		return p.Meta
	case *mcptypes.ListPromptsParams:
		return p.Meta
	case *mcptypes.GetPromptParams:
		return p.Meta
	case *mcptypes.ListResourcesParams:
		return p.Meta
	case *mcptypes.ListResourceTemplatesParams:
		return p.Meta
	case *mcptypes.ReadResourceParams:
		return p.Meta
	case *mcptypes.SubscribeParams:
		return p.Meta
	case *mcptypes.UnsubscribeParams:
		return p.Meta
	case *mcptypes.CompleteParams:
		return p.Meta
	case *mcptypes.SetLevelParams:
		return p.Meta
	case *mcptypes.InitializeParams:
		return p.Meta
	}
	return nil
}
