package server

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
)

// An EventStore keeps what was sent on the streams of sessions, so that a client
// that was cut off can have it again. Methods may be called from any goroutine.
type EventStore interface {
	// Append keeps an event of a stream and returns its number there, from 1 up
	// without gaps. data is the caller's again afterwards.
	Append(ctx context.Context, at StreamID, data []byte) (uint64, error)
	// After returns the events of a stream that come after a number, in order, as
	// many as it likes; none if there are none yet. [ErrEventsGone] comes with
	// those that are left when some are kept no longer.
	After(ctx context.Context, at StreamID, number uint64) ([]Event, error)
	// Forget lets go of a stream, or of all streams of a session if Stream is empty.
	Forget(ctx context.Context, at StreamID) error
}

// A StreamID names a stream of a session.
type StreamID struct{ Session, Stream string }

// An Event is one message on a stream.
type Event struct {
	Number uint64
	Data   []byte // JSON; empty: nothing but a place to go on from
}

// ErrEventsGone says that events were asked for that are kept no longer.
var ErrEventsGone = errors.New("events are kept no longer")

// MemoryEvents is an [EventStore] in memory. When it holds more than it may, the
// oldest events go first, whoever they belong to.
type MemoryEvents struct {
	limit int

	// mu protects what follows.
	mu       sync.Mutex
	size     int
	sessions map[string]map[string]*kept
	oldest   *list.List // of *keptEvent
}

// kept is a stream's events.
type kept struct {
	first  uint64 // the number of the first event that is kept
	events []*keptEvent
}

type keptEvent struct {
	at   StreamID
	data []byte
	in   *list.Element
}

// eventOverhead is about what an event costs beside its data.
const eventOverhead = 200

// NewMemoryEvents returns a store of at most limit bytes; 64 MiB when zero.
func NewMemoryEvents(limit int) *MemoryEvents {
	setDefault(&limit, 64<<20)
	return &MemoryEvents{limit: limit, sessions: map[string]map[string]*kept{}, oldest: list.New()}
}

// Append implements [EventStore].
func (m *MemoryEvents) Append(_ context.Context, at StreamID, data []byte) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	streams := m.sessions[at.Session]
	if streams == nil {
		streams = map[string]*kept{}
		m.sessions[at.Session] = streams
	}
	k := streams[at.Stream]
	if k == nil {
		k = &kept{first: 1}
		streams[at.Stream] = k
	}
	e := &keptEvent{at: at, data: append([]byte(nil), data...)}
	e.in = m.oldest.PushBack(e)
	k.events = append(k.events, e)
	m.size += len(data) + eventOverhead
	number := k.first + uint64(len(k.events)) - 1
	for m.size > m.limit && m.oldest.Len() > 1 {
		m.dropOldest()
	}
	return number, nil
}

// dropOldest lets the oldest event go: it is the first of its stream. mu is held.
func (m *MemoryEvents) dropOldest() {
	e, ok := m.oldest.Remove(m.oldest.Front()).(*keptEvent)
	if !ok {
		return
	}
	m.size -= len(e.data) + eventOverhead
	if k := m.sessions[e.at.Session][e.at.Stream]; k != nil && len(k.events) > 0 {
		k.events[0] = nil
		k.events, k.first = k.events[1:], k.first+1
	}
}

// After implements [EventStore].
func (m *MemoryEvents) After(_ context.Context, at StreamID, number uint64) ([]Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.sessions[at.Session][at.Stream]
	if k == nil {
		return nil, nil
	}
	var err error
	if number < k.first-1 {
		err = fmt.Errorf("stream %q after %d: %w", at.Stream, number, ErrEventsGone)
		number = k.first - 1
	}
	var out []Event
	first := max(k.first, number+1)
	if number == math.MaxUint64 || first-k.first > uint64(len(k.events)) {
		return nil, err
	}
	for i, e := range k.events[first-k.first:] {
		out = append(out, Event{Number: first + uint64(i), Data: e.data})
	}
	return out, err
}

// Forget implements [EventStore].
func (m *MemoryEvents) Forget(_ context.Context, at StreamID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	streams := m.sessions[at.Session]
	for name, k := range streams {
		if at.Stream != "" && name != at.Stream {
			continue
		}
		for _, e := range k.events {
			m.size -= len(e.data) + eventOverhead
			m.oldest.Remove(e.in)
		}
		delete(streams, name)
	}
	if len(streams) == 0 {
		delete(m.sessions, at.Session)
	}
	return nil
}
