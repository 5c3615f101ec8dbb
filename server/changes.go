package server

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/mcptypes/mcp20260728"
	"github.com/codexmcp/codexmcp/wire"
)

// The kinds of lists that change.
const (
	toolsChanged = 1 << iota
	promptsChanged
	resourcesChanged
	listsChanged = toolsChanged | promptsChanged | resourcesChanged
)

// How many resources one client may watch, and how long their URIs may be.
const (
	maxSubscriptions = 1024
	maxURI           = 8 << 10
)

// changes is what one client is still to be told of. What changes twice before
// that is told once, so that it cannot grow beyond what the client watches.
type changes struct {
	server  *Server
	session *Session      // of a handshake revision; nil: of one subscriptions/listen
	wake    chan struct{} // tells the listener that there is something

	// mu protects what follows.
	mu      sync.Mutex
	kinds   int             // of lists that are watched
	uris    map[string]bool // of resources that are watched
	lists   int             // that have changed
	updated []string        // resources that have changed
	telling bool            // a goroutine tells the session
	quiet   bool            // another process tells the session
}

// listenSession makes a session one that is told of changes.
func (s *Server) listenSession(session *Session) *changes {
	c := &changes{server: s, session: session, kinds: listsChanged}
	s.mu.Lock()
	s.listeners[c] = true
	s.mu.Unlock()
	return c
}

func (s *Server) unlisten(c *changes) {
	s.mu.Lock()
	delete(s.listeners, c)
	s.mu.Unlock()
}

// changed notes that lists, or a resource, have changed.
func (s *Server) changed(lists int, uri string) {
	s.mu.Lock()
	listeners := slices.Collect(maps.Keys(s.listeners))
	s.mu.Unlock()
	for _, c := range listeners {
		c.note(lists, uri)
	}
}

func (c *changes) note(lists int, uri string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.quiet {
		return
	}
	before := len(c.updated) + c.lists
	c.lists |= lists & c.kinds
	if uri != "" && c.uris[uri] && !slices.Contains(c.updated, uri) {
		c.updated = append(c.updated, uri)
	}
	if len(c.updated)+c.lists == before {
		return
	}
	switch {
	case c.wake != nil:
		select {
		case c.wake <- struct{}{}:
		default:
		}
	case !c.telling:
		c.telling = true
		go c.tell()
	}
}

// follow makes the resources that are watched others. Who is not the session's
// home tells it nothing.
func (c *changes) follow(watches []string, home bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.quiet = !home
	c.uris = map[string]bool{}
	for _, uri := range watches {
		c.uris[uri] = true
	}
}

// take returns what has changed since the last time.
func (c *changes) take() (lists int, updated []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	lists, updated = c.lists, c.updated
	c.lists, c.updated = 0, nil
	c.telling = lists != 0 || len(updated) > 0
	return lists, updated
}

// tell tells a session until there is nothing left to tell.
func (c *changes) tell() {
	for {
		lists, updated := c.take()
		if lists == 0 && len(updated) == 0 {
			return
		}
		if err := c.send(context.Background(), wire.Members{}, lists, updated); err != nil {
			c.server.options.Log.Debug("tell client of changes", "error", err)
		}
	}
}

// send sends notifications with some metadata.
func (c *changes) send(ctx context.Context, meta wire.Members, lists int, updated []string) error {
	session := c.session
	if session == nil {
		session = SessionFrom(ctx)
	}
	if lists&toolsChanged != 0 {
		if err := Tell(ctx, session, mcptypes.ToolListChanged, mcptypes.ToolListChangedParams{Meta: meta}); err != nil {
			return err
		}
	}
	if lists&promptsChanged != 0 {
		if err := Tell(ctx, session, mcptypes.PromptListChanged, mcptypes.PromptListChangedParams{Meta: meta}); err != nil {
			return err
		}
	}
	if lists&resourcesChanged != 0 {
		if err := Tell(ctx, session, mcptypes.ResourceListChanged, mcptypes.ResourceListChangedParams{Meta: meta}); err != nil {
			return err
		}
	}
	for _, uri := range updated {
		if err := Tell(ctx, session, mcptypes.ResourceUpdated, mcptypes.ResourceUpdatedParams{Meta: meta, URI: uri}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) serveSubscribe(ctx context.Context, p *mcptypes.SubscribeParams) (wire.Value, error) {
	session := SessionFrom(ctx)
	c := session.changes.Load()
	if c == nil {
		return nil, errNotInitialized(mcptypes.Subscribe.Method)
	}
	if len(p.URI) > maxURI {
		return nil, jsonrpc.InvalidParamsf("resources/subscribe: uri over %d bytes", maxURI)
	}
	if !c.add(p.URI) {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidRequest, "resources/subscribe: too many subscriptions (limit %d)", maxSubscriptions)
	}
	err := session.remember(ctx, func(st *sessionState) {
		if !slices.Contains(st.watches, p.URI) {
			st.watches = append(st.watches, p.URI)
		}
	})
	return &mcptypes.EmptyResult{}, err
}

func (s *Server) serveUnsubscribe(ctx context.Context, p *mcptypes.UnsubscribeParams) (wire.Value, error) {
	session := SessionFrom(ctx)
	if c := session.changes.Load(); c != nil {
		c.mu.Lock()
		delete(c.uris, p.URI)
		c.mu.Unlock()
	}
	err := session.remember(ctx, func(st *sessionState) {
		st.watches = slices.DeleteFunc(st.watches, func(uri string) bool { return uri == p.URI })
	})
	return &mcptypes.EmptyResult{}, err
}

// add makes a resource one that is watched, if there is room.
func (c *changes) add(uri string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.uris) >= maxSubscriptions && !c.uris[uri] {
		return false
	}
	if c.uris == nil {
		c.uris = map[string]bool{}
	}
	c.uris[uri] = true
	return true
}

// listen is subscriptions/listen; its filter is an extra member of the params.
var listen = wire.Request[mcptypes.PingParams, mcp20260728.SubscriptionsListenResult]{Method: mcp20260728.SubscriptionsListen.Method}

// serveListen tells a client of 2026-07-28 what it wants to know, until it goes
// away or the server ends.
func (s *Server) serveListen(ctx context.Context, p *mcptypes.PingParams) (wire.Value, error) {
	raw, ok := p.Extra.Get("notifications")
	if !ok {
		return nil, jsonrpc.InvalidParamsf("%s params.notifications: missing", listen.Method)
	}
	var filter mcp20260728.SubscriptionFilter
	if err := raw.Decode(&filter); err != nil {
		return nil, jsonrpc.InvalidParamsf("%s params.notifications: %v", listen.Method, err)
	}
	if len(filter.ResourceSubscriptions) > maxSubscriptions {
		return nil, jsonrpc.InvalidParamsf("%s params.notifications: too many subscriptions (limit %d)", listen.Method, maxSubscriptions)
	}
	c := &changes{server: s, wake: make(chan struct{}, 1)}
	accepted := c.watch(&filter)
	id := jsonrpc.RequestID(ctx)
	session := SessionFrom(ctx)
	s.mu.Lock()
	s.listeners[c] = true
	s.mu.Unlock()
	defer s.unlisten(c)
	err := Tell(ctx, session, mcp20260728.SubscriptionsAcknowledged, mcp20260728.SubscriptionsAcknowledgedParams{
		Meta: &mcp20260728.NotificationMeta{SubscriptionID: id}, Notifications: accepted,
	})
	meta := wire.MembersOf(wire.Member{Name: metaSubscription, Value: rawID(id)})
	var ending <-chan struct{}
	if session.http != nil {
		ending = session.http.ending.Done()
	}
	for err == nil {
		select {
		case <-c.wake:
			lists, updated := c.take()
			err = c.send(ctx, meta, lists, updated)
			continue
		case <-ctx.Done():
		case <-ending:
		}
		break
	}
	if err != nil {
		return nil, err
	}
	return &mcp20260728.SubscriptionsListenResult{
		ResultType: "complete",
		Meta:       mcp20260728.SubscriptionsListenResultMeta{SubscriptionID: id, Extra: wire.MembersOf(wire.Member{Name: metaServer, Value: s.infoRaw})},
	}, nil
}

// watch takes over what a filter asks for, and returns the part of it that there is.
func (c *changes) watch(filter *mcp20260728.SubscriptionFilter) mcp20260728.SubscriptionFilter {
	var accepted mcp20260728.SubscriptionFilter
	for _, list := range []struct {
		kind      int
		asked     *bool
		confirmed **bool
	}{
		{toolsChanged, filter.ToolsListChanged, &accepted.ToolsListChanged},
		{promptsChanged, filter.PromptsListChanged, &accepted.PromptsListChanged},
		{resourcesChanged, filter.ResourcesListChanged, &accepted.ResourcesListChanged},
	} {
		if list.asked != nil && *list.asked {
			c.kinds |= list.kind
			*list.confirmed = new(true)
		}
	}
	accepted.ResourceSubscriptions = filter.ResourceSubscriptions
	c.uris = map[string]bool{}
	for _, uri := range filter.ResourceSubscriptions {
		c.uris[uri] = true
	}
	return accepted
}
