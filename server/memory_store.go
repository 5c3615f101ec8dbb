package server

import (
	"bytes"
	"container/list"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// MemoryOptions bound a [MemoryStore].
type MemoryOptions struct {
	// MaxBytes is how much all events may take; 64 MiB when zero. Beyond that the
	// oldest go first, whoever they belong to.
	MaxBytes int
	// MaxSessions is how many sessions are kept; 10000 when zero.
	MaxSessions int
	// SessionIdle is how long a session is kept that nobody uses; 30 minutes when zero.
	SessionIdle time.Duration
}

// MemoryStore is a [Store] in memory: handlers of one process can share it.
type MemoryStore struct {
	options MemoryOptions

	// mu protects what follows.
	mu       sync.Mutex
	size     int
	sessions map[string]*keptSession
	recent   *list.List // of *keptSession, the last used first
	oldest   *list.List // of *keptEvent
	waiting  map[StreamID]*waiter
	members  map[string]func(session string, message []byte)
}

type keptSession struct {
	id      string
	record  Record
	used    time.Time
	in      *list.Element
	streams map[string]*keptStream
}

type keptStream struct {
	first  uint64 // the number of the first event that is kept
	events []*keptEvent
}

type keptEvent struct {
	stream *keptStream
	kind   EventKind
	data   []byte
	in     *list.Element
}

// eventOverhead is about what an event costs beside its data.
const eventOverhead = 200

// waiter is what those share who wait for an event of one stream.
type waiter struct {
	came  chan struct{} // closed when it has come
	count int
}

// NewMemoryStore returns a store in memory.
func NewMemoryStore(o MemoryOptions) *MemoryStore {
	setDefault(&o.MaxBytes, 64<<20)
	setDefault(&o.MaxSessions, 10000)
	setDefault(&o.SessionIdle, 30*time.Minute)
	return &MemoryStore{
		options: o, sessions: map[string]*keptSession{}, recent: list.New(), oldest: list.New(),
		waiting: map[StreamID]*waiter{}, members: map[string]func(string, []byte){},
	}
}

// Create implements [Store].
func (m *MemoryStore) Create(_ context.Context, session string, data []byte) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sessions[session] != nil {
		return 0, fmt.Errorf("create session: %w", ErrConflict)
	}
	now := time.Now()
	for last := m.last(); last != nil && (len(m.sessions) >= m.options.MaxSessions || m.expired(last, now)); last = m.last() {
		m.end(last)
	}
	s := &keptSession{id: session, record: Record{bytes.Clone(data), 1}, used: now}
	s.in = m.recent.PushFront(s)
	m.sessions[session] = s
	return s.record.Version, nil
}

// last returns the session that was used longest ago. mu is held.
func (m *MemoryStore) last() *keptSession {
	if e := m.recent.Back(); e != nil {
		s, _ := e.Value.(*keptSession)
		return s
	}
	return nil
}

func (m *MemoryStore) expired(s *keptSession, now time.Time) bool {
	return now.Sub(s.used) > m.options.SessionIdle
}

// find returns a session that has not ended, nil if there is none. mu is held.
func (m *MemoryStore) find(session string) *keptSession {
	s := m.sessions[session]
	if s != nil && m.expired(s, time.Now()) {
		m.end(s)
		return nil
	}
	return s
}

// Load implements [Store].
func (m *MemoryStore) Load(_ context.Context, session string) (Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.find(session)
	if s == nil {
		return Record{}, ErrNoSession
	}
	s.used = time.Now()
	m.recent.MoveToFront(s.in)
	return s.record, nil
}

// Save implements [Store].
func (m *MemoryStore) Save(_ context.Context, session string, record Record) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.find(session)
	switch {
	case s == nil:
		return 0, ErrNoSession
	case s.record.Version != record.Version:
		return 0, ErrConflict
	}
	s.record = Record{bytes.Clone(record.Data), record.Version + 1}
	return s.record.Version, nil
}

// End implements [Store].
func (m *MemoryStore) End(_ context.Context, session string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.sessions[session]; s != nil {
		m.end(s)
	}
	return nil
}

// end lets go of a session. mu is held.
func (m *MemoryStore) end(s *keptSession) {
	for name := range s.streams {
		m.forget(s, name)
	}
	m.recent.Remove(s.in)
	delete(m.sessions, s.id)
}

// forget lets go of a stream. mu is held.
func (m *MemoryStore) forget(s *keptSession, stream string) {
	k := s.streams[stream]
	if k == nil {
		return
	}
	for _, e := range k.events {
		m.size -= len(e.data) + eventOverhead
		m.oldest.Remove(e.in)
	}
	delete(s.streams, stream)
}

// Append implements [Store].
func (m *MemoryStore) Append(_ context.Context, at StreamID, event Event) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.sessions[at.Session]
	if s == nil {
		return 0, fmt.Errorf("keep an event: %w", ErrNoSession)
	}
	k := s.streams[at.Stream]
	if k == nil {
		k = &keptStream{first: 1}
		if s.streams == nil {
			s.streams = map[string]*keptStream{}
		}
		s.streams[at.Stream] = k
	}
	e := &keptEvent{stream: k, kind: event.Kind, data: bytes.Clone(event.Data)}
	e.in = m.oldest.PushBack(e)
	k.events = append(k.events, e)
	m.size += len(e.data) + eventOverhead
	number := k.first + uint64(len(k.events)) - 1
	for m.size > m.options.MaxBytes && m.oldest.Len() > 1 {
		m.dropOldest()
	}
	if w := m.waiting[at]; w != nil {
		close(w.came)
		delete(m.waiting, at)
	}
	return number, nil
}

// dropOldest lets the oldest event go: it is the first of its stream. mu is held.
func (m *MemoryStore) dropOldest() {
	e, ok := m.oldest.Remove(m.oldest.Front()).(*keptEvent)
	if !ok {
		return
	}
	m.size -= len(e.data) + eventOverhead
	k := e.stream
	k.events[0] = nil
	k.events, k.first = k.events[1:], k.first+1
}

// After implements [Store].
func (m *MemoryStore) After(_ context.Context, at StreamID, number uint64) ([]Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.stream(at)
	var err error
	switch {
	case k == nil && number == 0:
		return nil, nil
	case k == nil:
		return nil, fmt.Errorf("stream %q: %w", at.Stream, ErrEventsGone)
	case number < k.first-1:
		err = fmt.Errorf("stream %q after %d: %w", at.Stream, number, ErrEventsGone)
		number = k.first - 1
	}
	var out []Event
	if gone := number - (k.first - 1); gone < uint64(len(k.events)) {
		for i, e := range k.events[gone:] {
			out = append(out, Event{Number: number + 1 + uint64(i), Kind: e.kind, Data: e.data})
		}
	}
	return out, err
}

// stream returns a stream, nil if nothing is kept of it. mu is held.
func (m *MemoryStore) stream(at StreamID) *keptStream {
	if s := m.sessions[at.Session]; s != nil {
		return s.streams[at.Stream]
	}
	return nil
}

// Wait implements [Store].
func (m *MemoryStore) Wait(ctx context.Context, at StreamID, number uint64) error {
	m.mu.Lock()
	if k := m.stream(at); k != nil && k.first+uint64(len(k.events))-1 > number {
		m.mu.Unlock()
		return nil
	}
	w := m.waiting[at]
	if w == nil {
		w = &waiter{came: make(chan struct{})}
		m.waiting[at] = w
	}
	w.count++
	m.mu.Unlock()
	select {
	case <-w.came:
		return nil
	case <-ctx.Done():
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if w.count--; w.count == 0 && m.waiting[at] == w {
		delete(m.waiting, at)
	}
	return context.Cause(ctx)
}

// Forget implements [Store].
func (m *MemoryStore) Forget(_ context.Context, at StreamID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.sessions[at.Session]; s != nil {
		m.forget(s, at.Stream)
	}
	return nil
}

// Join implements [Store].
func (m *MemoryStore) Join(process string, receive func(session string, message []byte)) (func(), error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.members[process] != nil {
		return nil, fmt.Errorf("join as %q: the name is taken", process)
	}
	m.members[process] = receive
	return func() {
		m.mu.Lock()
		delete(m.members, process)
		m.mu.Unlock()
	}, nil
}

// Publish implements [Store].
func (m *MemoryStore) Publish(_ context.Context, session string, message []byte) error {
	m.mu.Lock()
	members := slices.Collect(maps.Values(m.members))
	m.mu.Unlock()
	for _, receive := range members {
		receive(session, message)
	}
	return nil
}

// Alive implements [Store].
func (m *MemoryStore) Alive(_ context.Context, process string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.members[process] != nil, nil
}
