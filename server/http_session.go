package server

import (
	"container/list"
	"context"
	"errors"
	"strconv"
	"strings"
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
	h *HTTP

	busy    int           // requests and streams at work; guarded by the table
	used    time.Time     // last; guarded by the table
	element *list.Element // in the table; guarded by it
	opened  atomic.Bool   // the store has it: clients can know its id

	updating sync.Mutex // held while what the store keeps is changed

	// mu protects what follows.
	mu         sync.Mutex
	state      sessionState // what the store keeps
	version    uint64       // of that
	sent       uint64       // number of the last event that was sent of what belongs to no request
	ended      []string     // streams of requests, the oldest first
	lastStream int64
	readers    map[string]*reader // of streams, by name: the last one is served
}

// newSession returns a session that is not in the table yet. Its questions to the
// client and its streams are numbered from lastID on.
func (h *HTTP) newSession(id, owner string, lastID int64) *httpSession {
	s := &httpSession{Session: h.server.newSession(lastID), h: h, lastStream: lastID}
	s.http = &httpRequest{ending: h.ending, update: s.update,
		forward: func(ctx context.Context, message []byte) { h.tell(ctx, noteMessage, id, string(message)) }}
	s.owner, s.id = owner, id
	s.conn.SetWriter(&stream{session: s, name: standalone})
	return s
}

// standalone is the name of the stream of what belongs to no request.
const standalone = "0"

// openStream returns a new stream for the messages of one request. Its name says
// which process writes it.
func (s *httpSession) openStream() *stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastStream++
	return &stream{session: s, name: strconv.FormatInt(s.lastStream, 10) + "." + s.h.process}
}

// closeStream notes that nothing more comes on a stream, and forgets old ones.
func (s *httpSession) closeStream(st *stream) {
	if _, err := st.append(context.Background(), Event{Kind: EventClosed}); err != nil && !errors.Is(err, ErrNoSession) {
		s.h.log.Warn("close stream", "error", err)
	}
	s.mu.Lock()
	s.ended = append(s.ended, st.name)
	var oldest string
	if len(s.ended) > keptStreams {
		oldest = s.ended[0]
		s.ended = s.ended[1:]
	}
	s.mu.Unlock()
	if oldest == "" {
		return
	}
	if err := s.h.store.Forget(context.Background(), StreamID{s.id, oldest}); err != nil {
		s.h.log.Warn("forget events", "error", err)
	}
}

// A reader follows a stream until another comes.
type reader struct{ stop context.CancelFunc }

// read returns a context for a new reader of a stream. It ends when another one
// comes, with the session, or when streams are to end.
func (s *httpSession) read(ctx context.Context, name string) (context.Context, func()) {
	ctx, stop := context.WithCancel(ctx)
	unhook := context.AfterFunc(s.h.ending, stop)
	r := &reader{stop}
	s.mu.Lock()
	defer s.mu.Unlock()
	if former := s.readers[name]; former != nil {
		former.stop()
	}
	if s.readers == nil {
		s.readers = map[string]*reader{}
	}
	s.readers[name] = r
	if s.conn.Err() != nil {
		stop()
	}
	return ctx, func() {
		stop()
		unhook()
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.readers[name] == r {
			delete(s.readers, name)
		}
	}
}

// stopReaders ends those who follow the session's streams.
func (s *httpSession) stopReaders() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.readers {
		r.stop()
	}
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

// add makes a session findable, unless one of its id is there: that one is
// returned. A session that is not at work already is not acquired. It returns false
// when there is no room: every session is at work.
func (t *sessionTable) add(s *httpSession, busy bool) (*httpSession, bool) {
	t.mu.Lock()
	if other := t.byID[s.id]; other != nil {
		other.busy++
		t.touch(other)
		t.mu.Unlock()
		return other, true
	}
	var evicted *httpSession
	if len(t.byID) >= t.h.options.MaxSessions {
		if evicted = t.longestIdle(); evicted == nil {
			t.mu.Unlock()
			return nil, false
		}
		t.remove(evicted)
	}
	if busy {
		s.busy++
	}
	s.used = time.Now()
	t.byID[s.id] = s
	s.element = t.recent.PushFront(s)
	if t.timer == nil {
		t.timer = time.AfterFunc(t.pause(), t.expire)
	}
	t.mu.Unlock()
	if evicted != nil {
		t.h.letGo(evicted)
	}
	return s, true
}

// pause is the time between two looks for sessions that were idle for too long.
func (t *sessionTable) pause() time.Duration {
	return max(t.h.options.SessionIdle/4, 10*time.Millisecond)
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

// drop takes a session out of the table.
func (t *sessionTable) drop(s *httpSession) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.remove(s)
}

// remove is drop with mu held.
func (t *sessionTable) remove(s *httpSession) {
	if s.element == nil {
		return
	}
	delete(t.byID, s.id)
	t.recent.Remove(s.element)
	s.element = nil
}

// find returns a session, nil if it is not here.
func (t *sessionTable) find(id string) *httpSession {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.byID[id]
}

// acquire returns a session, which is kept until its release, nil if it is not here.
func (t *sessionTable) acquire(id string) *httpSession {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.byID[id]
	if s != nil {
		s.busy++
		t.touch(s)
	}
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

// expire lets go of the sessions that were idle for too long, and keeps those at
// work in use for the store, too.
func (t *sessionTable) expire() {
	t.mu.Lock()
	var gone, working []*httpSession
	limit := time.Now().Add(-t.h.options.SessionIdle)
	for e := t.recent.Back(); e != nil; {
		s, ok := e.Value.(*httpSession)
		e = e.Prev()
		switch {
		case !ok:
		case s.busy > 0:
			working = append(working, s)
		case !s.used.After(limit):
			t.remove(s)
			gone = append(gone, s)
		}
	}
	t.mu.Unlock()
	for _, s := range gone {
		t.h.letGo(s)
	}
	for _, s := range working {
		t.h.keepUsed(s)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.timer = nil
	if t.recent.Len() > 0 {
		t.timer = time.AfterFunc(t.pause(), t.expire)
	}
}

// close lets go of all sessions.
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
		t.remove(s)
	}
	t.mu.Unlock()
	for _, s := range all {
		t.h.finishWithin(ctx, s)
		s.leaveHome(ctx)
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
	s.stopReaders()
	if !h.private {
		return
	}
	if err := h.store.End(ctx, s.id); err != nil {
		h.log.Warn("forget session", "error", err)
	}
}

// letGo lets go of a session that is no longer in the table, but may be of use
// to other processes.
func (h *HTTP) letGo(s *httpSession) {
	h.finish(s)
	s.leaveHome(context.Background())
}

// keepUsed tells the store that a session is at work.
func (h *HTTP) keepUsed(s *httpSession) {
	if _, err := h.store.Load(h.ending, s.id); errors.Is(err, ErrNoSession) {
		h.sessions.drop(s)
		h.finish(s)
	} else if err != nil {
		h.log.Warn("keep session in use", "error", err)
	}
}

// A stream is a sequence of messages to the client of a session: those of one
// request, or those that belong to none. The store keeps it.
type stream struct {
	session *httpSession
	name    string
}

// streamProcess returns which process writes a stream, empty for the one of what
// belongs to no request.
func streamProcess(name string) string {
	_, process, _ := strings.Cut(name, ".")
	return process
}

// Write keeps a message for who reads the stream.
func (st *stream) Write(ctx context.Context, m jsonrpc.Outgoing) error {
	if !st.session.opened.Load() {
		return jsonrpc.ErrNoWriter
	}
	_, err := st.append(ctx, Event{Data: m.Data})
	return err
}

// append keeps an event, whether or not who sends it is still there.
func (st *stream) append(ctx context.Context, e Event) (uint64, error) {
	return st.session.h.store.Append(context.WithoutCancel(ctx), StreamID{st.session.id, st.name}, e)
}
