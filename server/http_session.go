package server

import (
	"container/list"
	"context"
	"crypto/rand"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/codexmcp/codexmcp/jsonrpc"
)

// keptStreams is how many streams that have ended a session still knows.
const keptStreams = 16

// An httpSession is a session of a handshake revision over HTTP. It has no
// goroutine of its own.
type httpSession struct {
	*Session
	h  *HTTP
	id string

	busy    int           // requests and streams at work; guarded by the table
	used    time.Time     // last; guarded by the table
	element *list.Element // in the table; guarded by it
	opened  atomic.Bool   // it has been in the table: clients can know its id

	// mu protects what follows.
	mu         sync.Mutex
	standalone *stream            // what belongs to no request
	streams    map[string]*stream // of requests, by name
	ended      []string           // of those, the ended ones, the oldest first
	lastStream uint64
}

// newSession returns a session that is not in the table yet.
func (h *HTTP) newSession(owner string) *httpSession {
	s := &httpSession{Session: h.server.newSession(), h: h, id: rand.Text()}
	s.http = &httpRequest{ending: h.ending}
	s.owner = owner
	s.standalone = &stream{session: s, name: "0"}
	s.conn.SetWriter(s.standalone)
	return s
}

// openStream returns a new stream for the messages of one request.
func (s *httpSession) openStream() *stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastStream++
	st := &stream{session: s, name: strconv.FormatUint(s.lastStream, 10)}
	if s.streams == nil {
		s.streams = map[string]*stream{}
	}
	s.streams[st.name] = st
	return st
}

// closeStream notes that nothing more comes on a stream, and forgets old ones.
func (s *httpSession) closeStream(st *stream) {
	st.end()
	s.mu.Lock()
	s.ended = append(s.ended, st.name)
	var oldest string
	if len(s.ended) > keptStreams {
		oldest = s.ended[0]
		s.ended = s.ended[1:]
		delete(s.streams, oldest)
	}
	s.mu.Unlock()
	if oldest != "" {
		s.forgetEvents(oldest)
	}
}

func (s *httpSession) forgetEvents(stream string) {
	if err := s.h.events.Forget(context.Background(), StreamID{s.id, stream}); err != nil {
		s.h.log.Warn("forget events", "error", err)
	}
}

// findStream returns a stream by its name.
func (s *httpSession) findStream(name string) *stream {
	if name == s.standalone.name {
		return s.standalone
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.streams[name]
}

// A sessionTable holds the sessions by id, and in the order of their last use.
type sessionTable struct {
	h *HTTP

	// mu protects what follows, and the busy, used and element of every session.
	mu     sync.Mutex
	byID   map[string]*httpSession
	recent *list.List // of *httpSession, the last used first
	timer  *time.Timer
}

func (t *sessionTable) init(h *HTTP) {
	t.h, t.byID, t.recent = h, map[string]*httpSession{}, list.New()
}

// add makes a session findable. It returns false when there is no room: every
// session is at work.
func (t *sessionTable) add(s *httpSession) bool {
	t.mu.Lock()
	var evicted *httpSession
	if len(t.byID) >= t.h.options.MaxSessions {
		if evicted = t.longestIdle(); evicted == nil {
			t.mu.Unlock()
			return false
		}
		t.drop(evicted)
	}
	s.used = time.Now()
	s.opened.Store(true)
	t.byID[s.id] = s
	s.element = t.recent.PushFront(s)
	if t.timer == nil {
		t.timer = time.AfterFunc(t.h.options.SessionIdle, t.expire)
	}
	t.mu.Unlock()
	if evicted != nil {
		t.h.finish(evicted)
	}
	return true
}

// longestIdle returns the session that was idle longest, nil if none is. mu is held.
func (t *sessionTable) longestIdle() *httpSession {
	for e := t.recent.Back(); e != nil; e = e.Prev() {
		if s, ok := e.Value.(*httpSession); ok && s.busy == 0 {
			return s
		}
	}
	return nil
}

// drop takes a session out of the table. mu is held.
func (t *sessionTable) drop(s *httpSession) {
	if s.element == nil {
		return
	}
	delete(t.byID, s.id)
	t.recent.Remove(s.element)
	s.element = nil
}

// acquire returns a session of an owner, which is kept until its release.
func (t *sessionTable) acquire(id, owner string) *httpSession {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.byID[id]
	if s == nil || s.owner != owner {
		return nil
	}
	s.busy++
	t.touch(s)
	return s
}

// touch makes a session the last used one. mu is held.
func (t *sessionTable) touch(s *httpSession) {
	s.used = time.Now()
	if s.element != nil {
		t.recent.MoveToFront(s.element)
	}
}

func (t *sessionTable) release(s *httpSession) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.busy--
	t.touch(s)
}

// hold keeps a session beyond the request that acquired it.
func (t *sessionTable) hold(s *httpSession) {
	t.mu.Lock()
	s.busy++
	t.mu.Unlock()
}

// end ends a session.
func (t *sessionTable) end(s *httpSession) {
	t.mu.Lock()
	t.drop(s)
	t.mu.Unlock()
	t.h.finish(s)
}

// expire ends the sessions that were idle for too long.
func (t *sessionTable) expire() {
	t.mu.Lock()
	var gone []*httpSession
	limit := time.Now().Add(-t.h.options.SessionIdle)
	next := t.h.options.SessionIdle
	for e := t.recent.Back(); e != nil; {
		s, ok := e.Value.(*httpSession)
		e = e.Prev()
		if !ok || s.busy > 0 {
			continue
		}
		if s.used.After(limit) {
			next = s.used.Sub(limit)
			break
		}
		t.drop(s)
		gone = append(gone, s)
	}
	t.timer = nil
	if t.recent.Len() > 0 {
		t.timer = time.AfterFunc(max(next, time.Second), t.expire)
	}
	t.mu.Unlock()
	for _, s := range gone {
		t.h.finish(s)
	}
}

// close ends all sessions.
func (t *sessionTable) close(ctx context.Context) {
	t.mu.Lock()
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
	var all []*httpSession
	for _, s := range t.byID {
		all = append(all, s)
	}
	for _, s := range all {
		t.drop(s)
	}
	t.mu.Unlock()
	for _, s := range all {
		t.h.finishWithin(ctx, s)
	}
}

// finish ends a session that is no longer in the table: its requests are
// cancelled and its streams end.
func (h *HTTP) finish(s *httpSession) {
	ended, cancel := context.WithCancel(context.Background())
	cancel() // nobody waits for its handlers
	h.finishWithin(ended, s)
}

func (h *HTTP) finishWithin(ctx context.Context, s *httpSession) {
	if err := s.Close(ctx); err != nil {
		h.log.Debug("end session", "error", err)
	}
	s.forget()
	if err := h.events.Forget(context.Background(), StreamID{Session: s.id}); err != nil {
		h.log.Warn("forget events", "error", err)
	}
}

// A stream is a sequence of messages to the client of a session: those of one
// request, or those that belong to none. What is written is kept by the event store,
// from which it is sent.
type stream struct {
	session *httpSession
	name    string

	// mu protects what follows.
	mu      sync.Mutex
	changed chan struct{} // closed at every change; nil when nobody waits
	done    bool          // nothing more comes
	sent    uint64        // number of the last event that was sent
	reader  uint64        // counts readers: the last one is served
}

func (st *stream) id() StreamID { return StreamID{st.session.id, st.name} }

// Write keeps a message for who reads the stream.
func (st *stream) Write(ctx context.Context, m jsonrpc.Outgoing) error {
	if !st.session.opened.Load() {
		return jsonrpc.ErrNoWriter
	}
	_, err := st.append(ctx, m.Data)
	return err
}

func (st *stream) append(ctx context.Context, data []byte) (uint64, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	number, err := st.session.h.events.Append(context.WithoutCancel(ctx), st.id(), data)
	st.notify()
	return number, err
}

func (st *stream) end() {
	st.mu.Lock()
	st.done = true
	st.notify()
	st.mu.Unlock()
}

// notify wakes who waits. mu is held.
func (st *stream) notify() {
	if st.changed != nil {
		close(st.changed)
		st.changed = nil
	}
}
