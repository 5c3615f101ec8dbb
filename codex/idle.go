package codex

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/mcpprotocol"
)

const (
	// DefaultIdleTime is how long a conversation that nobody uses stays in memory.
	DefaultIdleTime = 30 * time.Minute
	// DefaultMaxConversations is how many conversations are in memory at most.
	DefaultMaxConversations = 512

	// maxAbsent is of how many conversations that left the memory the settings are
	// kept. What is forgotten comes back with what is recorded.
	maxAbsent = 4096
	// justUsed is how long a conversation stays after it was used, however many
	// others want its place: somebody may be about to say something to it.
	justUsed = 2 * time.Second
	// leaveTime bounds how long the end of a conversation is waited for.
	leaveTime = 10 * time.Second
)

// ErrTooMany is returned when no further conversation fits into memory because
// all that are there are in use.
var ErrTooMany = errors.New("too many conversations are in use")

// An absent is what is kept of a conversation that left the memory.
type absent struct {
	path       string
	config     *config.Conversation
	settings   Settings
	submission int
}

// A presence is where a conversation that is not simply there is: leaving the
// memory, or gone from it.
type presence struct {
	leaving map[mcpprotocol.ConversationID]*departure
	absent  map[mcpprotocol.ConversationID]*absent
	claims  map[string]chan struct{} // by the path of a rollout that is being resumed; closed when that is over
	sweeper *time.Timer              // nil when nothing is to be swept
}

// A departure is a conversation that leaves the memory.
type departure struct {
	conversation *Conversation
	gone         chan struct{} // closed when it has left
}

func (d *departure) wait(ctx context.Context) error {
	select {
	case <-d.gone:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func newPresence() presence {
	return presence{
		leaving: map[mcpprotocol.ConversationID]*departure{}, absent: map[mcpprotocol.ConversationID]*absent{},
		claims: map[string]chan struct{}{},
	}
}

// claim waits for the right to make a conversation of the rollout at path.
func (m *Manager) claim(ctx context.Context, path string) (release func(), err error) {
	for {
		m.mu.Lock()
		taken := m.presence.claims[path]
		if taken == nil {
			mine := make(chan struct{})
			m.presence.claims[path] = mine
			m.mu.Unlock()
			return func() {
				m.mu.Lock()
				delete(m.presence.claims, path)
				m.mu.Unlock()
				close(mine)
			}, nil
		}
		m.mu.Unlock()
		select {
		case <-taken:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// present returns a conversation that is in memory, after one that is leaving
// has left, and else what was kept of it.
func (m *Manager) present(ctx context.Context, id mcpprotocol.ConversationID) (*Conversation, *absent, error) {
	for {
		m.mu.Lock()
		c, leaving, kept := m.conversations[id], m.presence.leaving[id], m.presence.absent[id]
		if c != nil {
			c.touch()
		}
		m.mu.Unlock()
		switch {
		case c != nil:
			return c, nil, nil
		case leaving == nil && kept == nil:
			return nil, &absent{}, nil
		case leaving == nil:
			return nil, kept, nil
		}
		if err := leaving.wait(ctx); err != nil {
			return nil, nil, err
		}
	}
}

// recordedAt returns the conversation in memory whose rollout is at path, nil if
// there is none.
func (m *Manager) recordedAt(ctx context.Context, path string) (*Conversation, error) {
	m.mu.Lock()
	var found *Conversation
	var leaving *departure
	for _, c := range m.conversations {
		if c.RolloutPath() == path {
			found = c
			c.touch()
		}
	}
	for _, d := range m.presence.leaving {
		if d.conversation.RolloutPath() == path {
			leaving = d
		}
	}
	m.mu.Unlock()
	if leaving != nil {
		return nil, leaving.wait(ctx)
	}
	return found, nil
}

// admit registers a conversation. When there are too many, the one that has not
// been used for longest has to leave.
func (m *Manager) admit(c *Conversation) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.closed:
		return ErrClosed
	case m.conversations[c.id] != nil:
		return fmt.Errorf("%w: %q", ErrLive, string(c.id))
	}
	if len(m.conversations) >= m.options.MaxConversations {
		oldest := m.oldest()
		if oldest == nil {
			return fmt.Errorf("%w: %d", ErrTooMany, len(m.conversations))
		}
		m.dismiss(oldest)
	}
	m.conversations[c.id] = c
	delete(m.presence.absent, c.id)
	m.sweepLater()
	return nil
}

// oldest is the conversation that has not been used for longest, of those that
// nobody uses. m.mu is held.
func (m *Manager) oldest() *Conversation {
	var oldest *Conversation
	var since time.Time
	latest := time.Now().Add(-justUsed)
	for _, c := range m.conversations {
		if used, idle := c.idle(); idle && used.Before(latest) && (oldest == nil || used.Before(since)) {
			oldest, since = c, used
		}
	}
	return oldest
}

// sweepLater has idle conversations looked for in a while. m.mu is held.
func (m *Manager) sweepLater() {
	if m.options.IdleTime <= 0 || m.presence.sweeper != nil {
		return
	}
	m.presence.sweeper = time.AfterFunc(max(m.options.IdleTime/4, time.Millisecond), m.sweep)
}

// sweep dismisses what has been idle for too long.
func (m *Manager) sweep() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.presence.sweeper = nil
	if m.closed {
		return
	}
	latest := time.Now().Add(-m.options.IdleTime)
	for _, c := range m.conversations {
		if used, idle := c.idle(); idle && !used.After(latest) {
			m.dismiss(c)
		}
	}
	if len(m.conversations) > 0 {
		m.sweepLater()
	}
}

// dismiss takes a conversation out of memory: it ends, and only what is needed to
// bring it back as it was is kept. m.mu is held.
func (m *Manager) dismiss(c *Conversation) {
	delete(m.conversations, c.id)
	d := &departure{conversation: c, gone: make(chan struct{})}
	m.presence.leaving[c.id] = d
	go func() {
		defer close(d.gone)
		ctx, cancel := context.WithTimeout(context.Background(), leaveTime)
		defer cancel()
		if err := c.Close(ctx); err != nil {
			m.log.Warn("a conversation that was idle does not end", "conversation", c.id, "error", err)
			<-c.done
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.presence.leaving, c.id)
		if len(m.presence.absent) >= maxAbsent {
			for id := range m.presence.absent {
				delete(m.presence.absent, id)
				break
			}
		}
		m.presence.absent[c.id] = &absent{
			path: c.RolloutPath(), config: c.config, settings: c.settings, submission: c.submission,
		}
	}()
}

// touch notes that somebody is about to use the conversation.
func (c *Conversation) touch() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastUsed = time.Now()
}

// idle reports whether nobody uses the conversation: no turn runs, nothing waits,
// nobody listens. It also returns when that was different.
func (c *Conversation) idle() (since time.Time, idle bool) {
	heard := c.feed.listening()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lastUsed, !heard && c.current == nil && len(c.inbox) == 0
}

// listening reports whether anybody listens.
func (f *feed) listening() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.listeners) > 0
}
