package client

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/mcptypes/mcp20260728"
	"github.com/codexmcp/codexmcp/wire"
)

const (
	// acknowledgeTime is how long a server may take to begin to tell of changes.
	acknowledgeTime = 5 * time.Second
	// maxRewatch is the longest wait before a watch that ended is begun again.
	maxRewatch = 30 * time.Second
)

// Subscribe asks to be told, by [Options].ResourceUpdated, whenever a resource changes.
func (s *Session) Subscribe(ctx context.Context, uri string) error {
	if s.Revision() != Stateless {
		_, err := Call(ctx, s, mcptypes.Subscribe, mcptypes.SubscribeParams{URI: uri})
		if err == nil {
			s.mu.Lock()
			s.uris[uri] = true
			s.mu.Unlock()
		}
		return err
	}
	return s.watchFor(ctx, func() { s.uris[uri] = true })
}

// Unsubscribe ends a subscription.
func (s *Session) Unsubscribe(ctx context.Context, uri string) error {
	if s.Revision() != Stateless {
		s.mu.Lock()
		delete(s.uris, uri)
		s.mu.Unlock()
		_, err := Call(ctx, s, mcptypes.Unsubscribe, mcptypes.UnsubscribeParams{URI: uri})
		return err
	}
	return s.watchFor(ctx, func() { delete(s.uris, uri) })
}

// A watch is a request whose answer does not come as long as the server tells
// of changes.
type watch struct {
	cancel       context.CancelFunc
	acknowledged chan struct{}
	once         sync.Once
	done         chan struct{}
}

// watchFor changes what is watched and returns when the server knows.
func (s *Session) watchFor(ctx context.Context, change func()) error {
	s.mu.Lock()
	change()
	s.watchLocked()
	w := s.watch
	s.mu.Unlock()
	if w == nil {
		return nil
	}
	late := time.NewTimer(acknowledgeTime)
	defer late.Stop()
	select {
	case <-w.acknowledged:
	case <-w.done:
	case <-late.C: // it may still tell of changes
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// watchLocked begins to watch for what is of interest now, in place of what was
// before. mu is held.
func (s *Session) watchLocked() {
	if s.watch != nil {
		s.watch.cancel()
		s.watch = nil
	}
	filter, anything := s.filter()
	if !anything || s.closed {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	w := &watch{cancel: cancel, acknowledged: make(chan struct{}), done: make(chan struct{})}
	s.watch = w
	go s.runWatch(ctx, w, filter)
}

// filter is what is of interest, as far as the server can tell of it. mu is held.
func (s *Session) filter() (f mcp20260728.SubscriptionFilter, anything bool) {
	c, o := &s.server.Capabilities, &s.options
	if o.ToolsChanged != nil && c.Tools != nil && isTrue(c.Tools.ListChanged) {
		f.ToolsListChanged, anything = new(true), true
	}
	if o.PromptsChanged != nil && c.Prompts != nil && isTrue(c.Prompts.ListChanged) {
		f.PromptsListChanged, anything = new(true), true
	}
	if o.ResourcesChanged != nil && c.Resources != nil && isTrue(c.Resources.ListChanged) {
		f.ResourcesListChanged, anything = new(true), true
	}
	for uri := range s.uris {
		f.ResourceSubscriptions = append(f.ResourceSubscriptions, uri)
	}
	slices.Sort(f.ResourceSubscriptions)
	return f, anything || len(s.uris) > 0
}

func isTrue(b *bool) bool { return b != nil && *b }

// runWatch watches until it is told to stop, or the server cannot be watched.
func (s *Session) runWatch(ctx context.Context, w *watch, filter mcp20260728.SubscriptionFilter) {
	defer close(w.done)
	defer w.cancel()
	params := &watchParams{filter}
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, maxRewatch) {
		err := s.callStateless(ctx, mcp20260728.SubscriptionsListen.Method, params, nil, wire.Members{})
		if ctx.Err() != nil || s.conn.Err() != nil {
			return
		}
		s.options.Log.Debug("the server stopped telling of changes", "error", err)
		if e, ok := errors.AsType[*jsonrpc.Error](err); ok && e.Code == jsonrpc.CodeMethodNotFound {
			return
		}
		if wait(ctx, pause) != nil {
			return
		}
	}
}

// watchParams are the params of a watch without what every request says.
type watchParams struct {
	filter mcp20260728.SubscriptionFilter
}

func (p *watchParams) EncodeJSON(e *wire.Encoder) {
	e.Object()
	e.Key(`"notifications":`)
	p.filter.EncodeJSON(e)
	e.EndObject(wire.Members{}, nil)
}

// DecodeJSON is not used: params are sent.
func (p *watchParams) DecodeJSON(d *wire.Decoder) { d.Skip() }

// acknowledge notes that the server tells of changes from now on.
func (s *Session) acknowledge(context.Context, mcp20260728.SubscriptionsAcknowledgedParams) {
	s.mu.Lock()
	w := s.watch
	s.mu.Unlock()
	if w != nil {
		w.once.Do(func() { close(w.acknowledged) })
	}
}

// unwatch stops watching for good.
func (s *Session) unwatch() {
	s.mu.Lock()
	s.closed = true
	w := s.watch
	s.mu.Unlock()
	if w != nil {
		w.cancel()
		<-w.done
	}
}
