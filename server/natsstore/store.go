package natsstore

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/codexmcp/codexmcp/server"
)

// Options are what a store can be told. Processes that share one tell it the same.
type Options struct {
	// Prefix begins the names of streams and subjects; MCP when empty.
	Prefix string
	// MaxSessions is how many sessions are kept; 10000 when zero. The ones that
	// were used longest ago make room.
	MaxSessions int
	// SessionIdle is how long a session is kept that nobody uses; 30 minutes when zero.
	SessionIdle time.Duration
	// MaxBytes is how much all events may take; 256 MiB when zero. The oldest make
	// room. Messages too large for NATS may take as much beside that.
	MaxBytes int64
	// EventAge is how long events are kept; an hour when zero.
	EventAge time.Duration
	// Replicas is on how many servers of a NATS cluster everything is kept; 1 when zero.
	Replicas int
	// Memory keeps everything in the memory of the NATS servers and not in files.
	Memory bool
	// Timeout bounds an operation whose context does not; 5 s when zero.
	Timeout time.Duration
}

// Store is a [server.Store] on NATS JetStream.
type Store struct {
	options  Options
	nc       *nats.Conn
	js       jetstream.JetStream
	sessions jetstream.Stream
	events   jetstream.Stream
	large    jetstream.ObjectStore
}

var _ server.Store = (*Store)(nil)

// New opens a store, and makes what of it is not there yet. The connection stays the caller's.
func New(ctx context.Context, nc *nats.Conn, o Options) (*Store, error) {
	setDefault(&o.Prefix, "MCP")
	setDefault(&o.MaxSessions, 10000)
	setDefault(&o.SessionIdle, 30*time.Minute)
	setDefault(&o.MaxBytes, 256<<20)
	setDefault(&o.EventAge, time.Hour)
	setDefault(&o.Replicas, 1)
	setDefault(&o.Timeout, 5*time.Second)
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(o.Timeout))
	if err != nil {
		return nil, fmt.Errorf("use JetStream: %w", err)
	}
	s := &Store{options: o, nc: nc, js: js}
	storage := jetstream.FileStorage
	if o.Memory {
		storage = jetstream.MemoryStorage
	}
	s.sessions, err = js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: o.Prefix + "_SESSIONS", Subjects: []string{o.Prefix + ".session.*"}, Storage: storage, Replicas: o.Replicas,
		MaxMsgsPerSubject: 1, MaxMsgs: int64(o.MaxSessions), MaxAge: o.SessionIdle, Discard: jetstream.DiscardOld,
		Duplicates: min(o.SessionIdle, time.Minute),
	})
	if err != nil {
		return nil, fmt.Errorf("make the stream of sessions: %w", err)
	}
	s.events, err = js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: o.Prefix + "_EVENTS", Subjects: []string{o.Prefix + ".event.*.*"}, Storage: storage, Replicas: o.Replicas,
		MaxBytes: o.MaxBytes, MaxAge: o.EventAge, Discard: jetstream.DiscardOld, Duplicates: min(o.EventAge, time.Minute),
	})
	if err != nil {
		return nil, fmt.Errorf("make the stream of events: %w", err)
	}
	s.large, err = js.CreateOrUpdateObjectStore(ctx, jetstream.ObjectStoreConfig{
		Bucket: o.Prefix + "_LARGE", Storage: storage, Replicas: o.Replicas, MaxBytes: o.MaxBytes, TTL: o.EventAge,
	})
	if err != nil {
		return nil, fmt.Errorf("make the store of large messages: %w", err)
	}
	return s, nil
}

func setDefault[T comparable](v *T, standard T) {
	var zero T
	if *v == zero {
		*v = standard
	}
}

// token makes a name part of a subject, whatever is in it.
func token(name string) string { return "x" + base64.RawURLEncoding.EncodeToString([]byte(name)) }

// untoken is the inverse of token.
func untoken(text string) (string, error) {
	if text == "" {
		return "", errors.New("empty subject token")
	}
	name, err := base64.RawURLEncoding.DecodeString(text[1:])
	return string(name), err
}

func (s *Store) session(id string) string { return s.options.Prefix + ".session." + token(id) }

func (s *Store) event(at server.StreamID) string {
	return s.options.Prefix + ".event." + token(at.Session) + "." + token(at.Stream)
}

func (s *Store) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, bounded := ctx.Deadline(); bounded {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, s.options.Timeout)
}

// headerVersion counts how often a session was saved. That it is used changes
// its message, but not that.
const headerVersion = "Mcp-Version"

// Create implements [server.Store].
func (s *Store) Create(ctx context.Context, session string, data []byte) (uint64, error) {
	return s.put(ctx, session, server.Record{Data: data, Version: 1}, 0)
}

// put writes a session, if the last message of it is of a sequence number.
func (s *Store) put(ctx context.Context, session string, record server.Record, sequence uint64) (uint64, error) {
	m := nats.NewMsg(s.session(session))
	m.Data = record.Data
	m.Header.Set(headerVersion, strconv.FormatUint(record.Version, 10))
	_, err := s.js.PublishMsg(ctx, m, jetstream.WithExpectLastSequencePerSubject(sequence))
	if e, ok := errors.AsType[*jetstream.APIError](err); ok && e.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence {
		return 0, server.ErrConflict
	}
	if err != nil {
		return 0, fmt.Errorf("write session: %w", err)
	}
	return record.Version, nil
}

// get reads a session.
func (s *Store) get(ctx context.Context, session string) (server.Record, *jetstream.RawStreamMsg, error) {
	m, err := s.sessions.GetLastMsgForSubject(ctx, s.session(session))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return server.Record{}, nil, server.ErrNoSession
	}
	if err != nil {
		return server.Record{}, nil, fmt.Errorf("read session: %w", err)
	}
	version, err := strconv.ParseUint(m.Header.Get(headerVersion), 10, 64)
	if err != nil {
		return server.Record{}, nil, fmt.Errorf("read session: version: %w", err)
	}
	return server.Record{Data: m.Data, Version: version}, m, nil
}

// Load implements [server.Store]. To be used is noted now and then, not every time.
func (s *Store) Load(ctx context.Context, session string) (server.Record, error) {
	record, m, err := s.get(ctx, session)
	if err != nil || time.Since(m.Time) < s.options.SessionIdle/4 {
		return record, err
	}
	if _, err := s.put(ctx, session, record, m.Sequence); err != nil && !errors.Is(err, server.ErrConflict) {
		return server.Record{}, err
	} // in a conflict somebody else uses it
	return record, nil
}

// Save implements [server.Store].
func (s *Store) Save(ctx context.Context, session string, record server.Record) (uint64, error) {
	for {
		kept, m, err := s.get(ctx, session)
		if err != nil {
			return 0, err
		}
		if kept.Version != record.Version {
			return 0, server.ErrConflict
		}
		version, err := s.put(ctx, session, server.Record{Data: record.Data, Version: record.Version + 1}, m.Sequence)
		if !errors.Is(err, server.ErrConflict) {
			return version, err
		} // else it was used, or changed: look again
	}
}

// End implements [server.Store].
func (s *Store) End(ctx context.Context, session string) error {
	err := s.sessions.Purge(ctx, jetstream.WithPurgeSubject(s.session(session)))
	if err == nil {
		err = s.events.Purge(ctx, jetstream.WithPurgeSubject(s.options.Prefix+".event."+token(session)+".*"))
	}
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// Headers of messages: the kind of an event, and where its data are if not in it.
const (
	headerKind   = "Mcp-Kind"
	headerObject = "Mcp-Object"
)

// headerRoom is what a message may take beside its data.
const headerRoom = 4 << 10

// pack puts data into a message, or into the object store if there is no room.
func (s *Store) pack(ctx context.Context, m *nats.Msg, data []byte) error {
	if int64(len(data))+headerRoom <= s.nc.MaxPayload() {
		m.Data = data
		return nil
	}
	name := nats.NewInbox()
	if _, err := s.large.PutBytes(ctx, name, data); err != nil {
		return fmt.Errorf("keep a large message: %w", err)
	}
	m.Header.Set(headerObject, name)
	return nil
}

// unpack is the inverse of pack.
func (s *Store) unpack(ctx context.Context, header nats.Header, data []byte) ([]byte, error) {
	name := header.Get(headerObject)
	if name == "" {
		return data, nil
	}
	data, err := s.large.GetBytes(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("read a large message: %w", err)
	}
	return data, nil
}

// Append implements [server.Store]. Numbers are those of the stream of all
// events: they grow, with gaps.
func (s *Store) Append(ctx context.Context, at server.StreamID, e server.Event) (uint64, error) {
	m := nats.NewMsg(s.event(at))
	if e.Kind != server.EventMessage {
		m.Header.Set(headerKind, strconv.Itoa(int(e.Kind)))
	}
	err := s.pack(ctx, m, e.Data)
	if err != nil {
		return 0, err
	}
	ack, err := s.js.PublishMsg(ctx, m)
	if err != nil {
		return 0, fmt.Errorf("keep an event: %w", err)
	}
	return ack.Sequence, nil
}

// maxEvents is how many events After returns at once.
const maxEvents = 64

// After implements [server.Store].
func (s *Store) After(ctx context.Context, at server.StreamID, number uint64) ([]server.Event, error) {
	var out []server.Event
	var gone error
	if number > 0 {
		m, err := s.next(ctx, at, number)
		switch {
		case err != nil:
			return nil, err
		case m != nil && m.Sequence > number:
			gone = fmt.Errorf("stream %q after %d: %w", at.Stream, number, server.ErrEventsGone)
		case m == nil:
			return nil, s.known(ctx, at)
		}
	}
	for len(out) < maxEvents {
		m, err := s.next(ctx, at, number+1)
		if err != nil {
			return nil, err
		}
		if m == nil {
			break
		}
		number = m.Sequence
		e := server.Event{Number: number}
		if kind := m.Header.Get(headerKind); kind != "" {
			k, err := strconv.ParseUint(kind, 10, 8)
			if err != nil {
				return nil, fmt.Errorf("read event: kind: %w", err)
			}
			e.Kind = server.EventKind(k)
		}
		if e.Data, err = s.unpack(ctx, m.Header, m.Data); errors.Is(err, jetstream.ErrObjectNotFound) {
			gone = fmt.Errorf("stream %q: event %d: %w", at.Stream, number, server.ErrEventsGone)
			continue
		} else if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, gone
}

// next returns the first event of a stream from a number on, nil if there is none yet.
func (s *Store) next(ctx context.Context, at server.StreamID, number uint64) (*jetstream.RawStreamMsg, error) {
	if number == 0 || number > math.MaxInt64 {
		return nil, nil
	}
	m, err := s.events.GetMsg(ctx, number, jetstream.WithGetMsgSubject(s.event(at)))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	return m, nil
}

// known returns an error if nothing is kept of a stream.
func (s *Store) known(ctx context.Context, at server.StreamID) error {
	_, err := s.events.GetLastMsgForSubject(ctx, s.event(at))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return fmt.Errorf("stream %q: %w", at.Stream, server.ErrEventsGone)
	}
	if err != nil {
		return fmt.Errorf("read event: %w", err)
	}
	return nil
}

// storedTime is how often is looked for an event that was sent, but is not stored yet.
const storedTime = 10 * time.Millisecond

// Wait implements [server.Store].
func (s *Store) Wait(ctx context.Context, at server.StreamID, number uint64) error {
	sub, err := s.nc.SubscribeSync(s.event(at))
	if err != nil {
		return fmt.Errorf("wait for events: %w", err)
	}
	defer func() { _ = sub.Unsubscribe() }() // it fails when the connection has ended, and with it the subscription
	flushing, cancel := s.bound(ctx)
	err = s.nc.FlushWithContext(flushing)
	cancel()
	if err != nil {
		return fmt.Errorf("wait for events: %w", err)
	}
	for sent := false; ; {
		m, err := s.next(ctx, at, number+1)
		if err != nil || m != nil {
			return err
		}
		waiting, cancel := ctx, context.CancelFunc(func() {})
		if sent {
			waiting, cancel = context.WithTimeout(ctx, storedTime)
		}
		_, err = sub.NextMsgWithContext(waiting)
		cancel()
		switch {
		case err == nil:
			sent = true
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !sent:
			return fmt.Errorf("wait for events: %w", err)
		}
	}
}

// Forget implements [server.Store].
func (s *Store) Forget(ctx context.Context, at server.StreamID) error {
	if err := s.events.Purge(ctx, jetstream.WithPurgeSubject(s.event(at))); err != nil {
		return fmt.Errorf("forget events: %w", err)
	}
	return nil
}

// Join implements [server.Store].
func (s *Store) Join(process string, receive func(session string, message []byte)) (func(), error) {
	alive, err := s.nc.Subscribe(s.alive(process), func(m *nats.Msg) {
		_ = m.Respond(nil) // it fails when the connection has ended, and with it the process
	})
	if err != nil {
		return nil, fmt.Errorf("join as %q: %w", process, err)
	}
	notes, err := s.nc.Subscribe(s.options.Prefix+".note.*", func(m *nats.Msg) {
		session, err := untoken(m.Subject[len(s.options.Prefix)+len(".note."):])
		if err != nil {
			return // not ours
		}
		ctx, cancel := s.bound(context.Background())
		defer cancel()
		if data, err := s.unpack(ctx, m.Header, m.Data); err == nil {
			receive(session, data)
		}
	})
	leave := func() {
		_ = alive.Unsubscribe()
		if notes != nil {
			_ = notes.Unsubscribe()
		}
		ctx, cancel := s.bound(context.Background())
		defer cancel()
		_ = s.nc.FlushWithContext(ctx) // so that others know when this returns
	}
	if err == nil {
		ctx, cancel := s.bound(context.Background())
		defer cancel()
		err = s.nc.FlushWithContext(ctx)
	}
	if err != nil {
		leave()
		return nil, fmt.Errorf("join as %q: %w", process, err)
	}
	return leave, nil
}

func (s *Store) alive(process string) string { return s.options.Prefix + ".alive." + token(process) }

// Publish implements [server.Store].
func (s *Store) Publish(ctx context.Context, session string, message []byte) error {
	m := nats.NewMsg(s.options.Prefix + ".note." + token(session))
	err := s.pack(ctx, m, message)
	if err == nil {
		err = s.nc.PublishMsg(m)
	}
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}

// Alive implements [server.Store].
func (s *Store) Alive(ctx context.Context, process string) (bool, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	_, err := s.nc.RequestWithContext(ctx, s.alive(process), nil)
	if errors.Is(err, nats.ErrNoResponders) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ask whether %q is alive: %w", process, err)
	}
	return true, nil
}
