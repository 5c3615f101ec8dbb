package codex

import (
	"slices"
	"sync"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// maxBacklog is how many events are kept for the first listener. Beyond it the
// oldest are dropped: nobody has listened to the conversation for long.
const maxBacklog = 1024

// An Event is one thing that happened in a conversation.
type Event struct {
	// ID is the submission the event belongs to: the turn's id, or empty for
	// what belongs to none.
	ID string
	// Msg says what happened.
	Msg mcpprotocol.EventMsg
}

// A Listener is told of everything that happens in a conversation.
type Listener struct {
	// Event is called with every event, in order, one call at a time.
	Event func(Event)
	// Approver, if set, is asked for approvals in turns that brought none of
	// their own.
	Approver Approver
}

// A feed delivers the events of one conversation.
type feed struct {
	// emitting is held while an event is delivered, so that all listeners see
	// the same order.
	emitting sync.Mutex

	// mu protects what follows.
	mu        sync.Mutex
	listeners []*Listener
	backlog   []Event
	heard     bool          // whether there ever was a listener
	changed   chan struct{} // closed and replaced when a listener comes
}

func newFeed() *feed { return &feed{changed: make(chan struct{})} }

// emit delivers an event to every listener, or keeps it for the first one.
func (f *feed) emit(e Event) {
	f.emitting.Lock()
	defer f.emitting.Unlock()
	f.mu.Lock()
	if !f.heard {
		if len(f.backlog) == maxBacklog {
			f.backlog = slices.Delete(f.backlog, 0, 1)
		}
		f.backlog = append(f.backlog, e)
	}
	listeners := slices.Clone(f.listeners)
	f.mu.Unlock()
	for _, l := range listeners {
		l.Event(e)
	}
}

// add adds a listener. The first one gets what happened before it came. The
// returned function removes it; after it has returned the listener is not
// called again, unless it was called from within the listener itself.
func (f *feed) add(l *Listener) (remove func()) {
	f.emitting.Lock()
	defer f.emitting.Unlock()
	f.mu.Lock()
	backlog := f.backlog
	f.backlog, f.heard = nil, true
	f.listeners = append(f.listeners, l)
	close(f.changed)
	f.changed = make(chan struct{})
	f.mu.Unlock()
	for _, e := range backlog {
		l.Event(e)
	}
	return sync.OnceFunc(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.listeners = slices.DeleteFunc(f.listeners, func(other *Listener) bool { return other == l })
	})
}

// approver returns who is to be asked, or a channel that is closed when that
// may have changed.
func (f *feed) approver() (Approver, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range f.listeners {
		if l.Approver != nil {
			return l.Approver, nil
		}
	}
	return nil, f.changed
}
