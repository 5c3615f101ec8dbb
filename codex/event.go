package codex

import (
	"slices"
	"sync"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// An Event is one thing that happened in a conversation.
type Event struct {
	// ID is the submission the event belongs to: the turn's id, or empty for
	// what belongs to none.
	ID string
	// Msg says what happened.
	Msg mcpprotocol.EventMsg
}

// A Listener is told of what happens in a conversation.
type Listener struct {
	// Event is called with every event, in order, one call at a time. The
	// conversation waits for it, so it must not wait for the conversation. In the
	// Listener of an [Input] it may be nil: that one is only asked.
	Event func(Event)
	// Approver, if set, is asked for approvals.
	Approver Approver
	// Delegate, if set, is asked what external servers want to know.
	Delegate Delegate
}

// A feed delivers the events of one conversation.
type feed struct {
	// emitting is held while an event is delivered, so that all listeners see
	// the same order.
	emitting sync.Mutex

	// mu protects what follows. It is never held while a listener is called.
	mu        sync.Mutex
	listeners []*Listener // never changed, but replaced
	log       eventLog    // for the next listener while there is none, and for readers if keep is set
	keep      bool        // whether events are kept also while somebody listens
	heard     int64       // the number in log of the first event that nobody has heard
	status    Status
	changed   chan struct{} // if somebody waits: closed when a listener or an event comes
}

func newFeed(keep bool) *feed {
	return &feed{keep: keep, status: Status{State: mcpprotocol.ConversationStateIdle}}
}

// emit delivers an event to every listener, or keeps it for the next one.
func (f *feed) emit(e Event) {
	f.emitting.Lock()
	defer f.emitting.Unlock()
	f.mu.Lock()
	f.status.note(e)
	listeners := f.listeners
	if f.keep || len(listeners) == 0 {
		f.log.add(e)
	}
	if len(listeners) > 0 {
		f.heard = f.log.next
	}
	f.wake()
	f.mu.Unlock()
	for _, l := range listeners {
		if f.has(l) {
			l.Event(e)
		}
	}
}

// change returns a channel that is closed when a listener or an event comes. f.mu
// is held.
func (f *feed) change() <-chan struct{} {
	if f.changed == nil {
		f.changed = make(chan struct{})
	}
	return f.changed
}

// wake lets those go on who wait for a change. f.mu is held.
func (f *feed) wake() {
	if f.changed != nil {
		close(f.changed)
		f.changed = nil
	}
}

// has reports whether a listener has not been removed.
func (f *feed) has(l *Listener) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Contains(f.listeners, l)
}

// add adds a listener. One that comes when there is none gets what happened
// meanwhile, as far as it is of concern to it; nobody else will. The returned
// function removes it: it is not called again, but a call that is under way may
// still return later.
func (f *feed) add(l *Listener, concerns func(Event) bool) (remove func()) {
	f.emitting.Lock()
	defer f.emitting.Unlock()
	f.mu.Lock()
	missed, _, _ := f.log.since(f.heard, maxKept, maxKeptBytes)
	f.heard = f.log.next
	if !f.keep {
		f.log = eventLog{next: f.log.next}
	}
	f.listeners = append(slices.Clip(f.listeners), l)
	f.wake()
	f.mu.Unlock()
	for _, e := range missed {
		if concerns(e) {
			l.Event(e)
		}
	}
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.listeners = slices.DeleteFunc(slices.Clone(f.listeners), func(other *Listener) bool { return other == l })
	}
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
	return nil, f.change()
}

// delegate returns who is to be asked what an external server wants to know, or nil.
func (f *feed) delegate() Delegate {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range f.listeners {
		if l.Delegate != nil {
			return l.Delegate
		}
	}
	return nil
}
