package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// Handlers that share a store serve each other's sessions. Each holds those that
// it was asked for, made from what the store keeps. What a handler does not know
// itself, such as an answer to a question that another one asked, it passes on to
// all. One of them, a session's home, tells the session of changes.

// The kinds of messages between processes.
const (
	noteMessage = "message" // of the client, for who waits for it
	noteChanged = "changed" // the store has something new of the session
	noteEnded   = "ended"   // the session
	noteUpdated = "updated" // a resource
)

// maxConflicts is how often is tried to save what others save at the same time.
const maxConflicts = 16

// maxSessionID is how long an id can be that was given by a handler.
const maxSessionID = 64

// join makes the process known to the others.
func (h *HTTP) join() error {
	if h.joined.Load() {
		return nil
	}
	h.joining.Lock()
	defer h.joining.Unlock()
	if h.joined.Load() || h.ending.Err() != nil {
		return nil
	}
	leave, err := h.store.Join(h.process, h.received)
	if err != nil {
		return fmt.Errorf("join those that share the store: %w", err)
	}
	h.leaveStore = leave
	h.joined.Store(true)
	return nil
}

// part undoes join.
func (h *HTTP) part() {
	h.joining.Lock()
	defer h.joining.Unlock()
	if h.leaveStore != nil {
		h.leaveStore()
		h.leaveStore = nil
	}
}

// tell sends a message to the other processes.
func (h *HTTP) tell(ctx context.Context, kind, session, payload string) {
	if h.private {
		return
	}
	if err := h.store.Publish(context.WithoutCancel(ctx), session, []byte(kind+"\n"+h.process+"\n"+payload)); err != nil {
		h.log.Warn("tell other processes", "kind", kind, "error", err)
	}
}

// relayedKey marks contexts of what came from another process: it is not passed on again.
type relayedKey struct{}

// received takes a message of another process.
func (h *HTTP) received(id string, message []byte) {
	kind, rest, _ := strings.Cut(string(message), "\n")
	from, payload, _ := strings.Cut(rest, "\n")
	if from == h.process {
		return
	}
	if kind == noteUpdated {
		h.server.changed(0, payload)
		return
	}
	s := h.sessions.find(id)
	if s == nil {
		return
	}
	ctx := context.WithValue(h.ending, relayedKey{}, true)
	switch kind {
	case noteMessage:
		if err := s.conn.Deliver(&httpContext{ctx, s.Session, nil}, []byte(payload), nil); err != nil {
			h.log.Debug("take message from another process", "error", err)
		}
	case noteChanged:
		err := s.reload(ctx)
		if err == nil && s.homeless() {
			err = s.takeHome(ctx)
		}
		if err != nil {
			h.log.Debug("look at session again", "error", err)
		}
	case noteEnded:
		h.sessions.drop(s)
		h.finish(s)
	}
}

// forward passes what nobody here waits for on to the other processes.
func (s *Session) forward(ctx context.Context, message []byte) {
	if s.http != nil && s.http.forward != nil && ctx.Value(relayedKey{}) == nil {
		s.http.forward(ctx, message)
	}
}

// forwardCancel passes the cancellation of a request on that does not run here.
func (s *Session) forwardCancel(ctx context.Context, p *mcptypes.CancelledParams) {
	e := wire.NewEncoder(nil)
	e.Object()
	e.Const(`"jsonrpc":`, "2.0")
	e.Const(`"method":`, mcptypes.Cancelled.Method)
	e.Key(`"params":`)
	p.EncodeJSON(&e)
	e.EndObject(wire.Members{}, nil)
	s.forward(ctx, encoded(&e).Bytes())
}

// remember changes what the store keeps of a session, if anything.
func (s *Session) remember(ctx context.Context, change func(*sessionState)) error {
	if s.http == nil || s.http.update == nil {
		return nil
	}
	return s.http.update(ctx, change)
}

// acquire returns a session of an owner, which is kept here until its release.
// [ErrNoSession].
func (h *HTTP) acquire(ctx context.Context, id, owner string) (*httpSession, error) {
	if id == "" || len(id) > maxSessionID {
		return nil, ErrNoSession
	}
	for range maxConflicts {
		s := h.sessions.acquire(id)
		record, err := h.store.Load(ctx, id)
		if s == nil && err == nil {
			s, err = h.restore(ctx, id, owner, record)
			if errors.Is(err, ErrConflict) {
				continue // by another request, or in another process
			}
		}
		if s == nil {
			return nil, err
		}
		if err == nil && s.owner != owner {
			err = ErrNoSession
		} else if errors.Is(err, ErrNoSession) {
			h.sessions.drop(s)
			h.finish(s)
		}
		if err == nil {
			err = s.adopt(record)
		}
		if err != nil {
			h.sessions.release(s)
			return nil, err
		}
		return s, nil
	}
	return nil, fmt.Errorf("take session from the store: %w", ErrConflict)
}

// restore makes a session from what the store keeps of it, as one at work.
func (h *HTTP) restore(ctx context.Context, id, owner string, record Record) (*httpSession, error) {
	state, err := decodeState(record.Data)
	if err != nil {
		return nil, err
	}
	if state.owner != owner {
		return nil, ErrNoSession
	}
	former := state.home
	state.home = h.process
	state.restored++
	data, err := state.encode()
	if err != nil {
		return nil, err
	}
	version, err := h.store.Save(ctx, id, Record{data, record.Version})
	if err != nil {
		return nil, err
	}
	// What is numbered here is apart from what others number, and from what was here before.
	s := h.newSession(id, owner, state.restored<<32)
	s.client.Store(state.client)
	s.revision.Store(revisionOf(state.revision))
	s.changes.Store(h.server.listenSession(s.Session))
	s.set(&state, version)
	s.opened.Store(true)
	there, ok := h.sessions.add(s, true)
	if there != s {
		h.finish(s)
	}
	if !ok {
		return nil, errors.New("too many sessions")
	}
	h.tell(ctx, noteChanged, id, "")
	there.catchUp(ctx, former)
	return there, nil
}

// create keeps a session that has just been opened.
func (s *httpSession) create(ctx context.Context) error {
	state := sessionState{
		owner: s.owner, revision: s.Revision(), client: s.client.Load(), level: s.level.Load(), home: s.h.process,
	}
	data, err := state.encode()
	if err != nil {
		return err
	}
	version, err := s.h.store.Create(ctx, s.id, data)
	if err == nil {
		s.set(&state, version)
	}
	return err
}

// update changes what the store keeps of the session, and tells the other processes.
func (s *httpSession) update(ctx context.Context, change func(*sessionState)) error {
	ctx = context.WithoutCancel(ctx)
	if err := s.save(ctx, change); err != nil {
		return fmt.Errorf("save session: %w", err)
	}
	s.h.tell(ctx, noteChanged, s.id, "") // nothing is held: who is told may change the session in turn
	return nil
}

// save is update without telling anybody.
func (s *httpSession) save(ctx context.Context, change func(*sessionState)) error {
	s.updating.Lock()
	defer s.updating.Unlock()
	for range maxConflicts {
		s.mu.Lock()
		state, version := s.state, s.version
		s.mu.Unlock()
		state.watches = slices.Clone(state.watches)
		change(&state)
		data, err := state.encode()
		if err != nil {
			return err
		}
		version, err = s.h.store.Save(ctx, s.id, Record{data, version})
		if errors.Is(err, ErrConflict) {
			err = s.reload(ctx)
		} else if err == nil {
			s.set(&state, version)
			return nil
		}
		if err != nil {
			return err
		}
	}
	return ErrConflict
}

// reload looks at what the store keeps of the session.
func (s *httpSession) reload(ctx context.Context) error {
	record, err := s.h.store.Load(ctx, s.id)
	if err != nil {
		return err
	}
	return s.adopt(record)
}

// adopt takes over what another process saved.
func (s *httpSession) adopt(record Record) error {
	s.mu.Lock()
	known := record.Version <= s.version
	s.mu.Unlock()
	if known {
		return nil
	}
	state, err := decodeState(record.Data)
	if err == nil {
		s.set(&state, record.Version)
	}
	return err
}

// set makes a state that of the session, unless it has a newer one.
func (s *httpSession) set(state *sessionState, version uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if version <= s.version {
		return
	}
	s.state, s.version = *state, version
	s.level.Store(state.level)
	if c := s.changes.Load(); c != nil {
		c.follow(state.watches, state.home == s.h.process)
	}
}

// homeless reports whether no process tells the session of changes.
func (s *httpSession) homeless() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.home == ""
}

// takeHome makes this process the one that tells the session of changes.
func (s *httpSession) takeHome(ctx context.Context) error {
	s.mu.Lock()
	former := s.state.home
	s.mu.Unlock()
	if former == s.h.process {
		return nil
	}
	err := s.update(ctx, func(st *sessionState) { former, st.home = st.home, s.h.process })
	if err == nil {
		s.catchUp(ctx, former)
	}
	return err
}

// catchUp tells a session of everything that may have changed while its former
// home had ended already.
func (s *httpSession) catchUp(ctx context.Context, former string) {
	if former == s.h.process {
		return
	}
	if former != "" {
		if alive, err := s.h.store.Alive(ctx, former); err != nil || alive {
			return
		}
	}
	s.mu.Lock()
	watches := s.state.watches
	s.mu.Unlock()
	if c := s.changes.Load(); c != nil {
		for _, uri := range watches {
			c.note(0, uri)
		}
	}
}

// leaveHome lets another process tell the session of changes, if it watches anything.
func (s *httpSession) leaveHome(ctx context.Context) {
	s.mu.Lock()
	mine := s.state.home == s.h.process && len(s.state.watches) > 0
	s.mu.Unlock()
	if !mine || s.h.private {
		return
	}
	if err := s.update(ctx, func(st *sessionState) { st.home = "" }); err != nil && !errors.Is(err, ErrNoSession) {
		s.h.log.Warn("leave session to others", "error", err)
	}
}
