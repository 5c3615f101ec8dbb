package server

import (
	"context"
	"errors"
)

// A Store keeps the sessions of clients over HTTP, and what was sent on their
// streams so that who was cut off can have it again. Processes that share one
// serve each other's sessions: a request may come to any of them. [MemoryStore] is
// the one of a single process; package natsstore has one for several, and
// storetest checks what others write. Methods may be called from any goroutine; a
// store bounds by itself how long a call takes whose context does not.
type Store interface {
	// Create keeps a new session. Where there is no room, the sessions that were
	// used longest ago go.
	Create(ctx context.Context, session string, data []byte) (version uint64, err error)
	// Load returns what is kept of a session, and counts as its use: a session that
	// is not used for as long as the store says ends. [ErrNoSession].
	Load(ctx context.Context, session string) (Record, error)
	// Save replaces what is kept of a session, if that is still of the version in
	// the record, and returns the new version. [ErrNoSession]; [ErrConflict].
	Save(ctx context.Context, session string, record Record) (version uint64, err error)
	// End lets go of a session and of its streams.
	End(ctx context.Context, session string) error

	// Append keeps an event of a stream, which begins with its first. It returns
	// the event's number there, which grows from event to event. The event is the
	// caller's again afterwards; its Number means nothing.
	Append(ctx context.Context, at StreamID, e Event) (uint64, error)
	// After returns the events of a stream that come after a number, in order, as
	// many as it likes; none if there are none yet. [ErrEventsGone] comes with those that
	// are left when some are kept no longer, or nothing is known of the number's stream.
	After(ctx context.Context, at StreamID, number uint64) ([]Event, error)
	// Wait returns when a stream has an event after a number, or when ctx ends.
	Wait(ctx context.Context, at StreamID, number uint64) error
	// Forget lets go of a stream.
	Forget(ctx context.Context, at StreamID) error

	// Join makes a process known by a name of its own until it leaves or ends.
	// receive is given what is published, its own messages included.
	Join(process string, receive func(session string, message []byte)) (leave func(), err error)
	// Publish sends a message about a session, or about none, to all processes that have joined.
	Publish(ctx context.Context, session string, message []byte) error
	// Alive reports whether a process has joined and neither left nor ended.
	Alive(ctx context.Context, process string) (bool, error)
}

// A Record is what a store keeps of a session.
type Record struct {
	Data    []byte
	Version uint64 // changes whenever the data is replaced
}

// A StreamID names a stream of a session.
type StreamID struct{ Session, Stream string }

// An Event is one entry of a stream.
type Event struct {
	Number uint64
	Kind   EventKind
	Data   []byte
}

// EventKind tells what an event is.
type EventKind uint8

// The kinds of events.
const (
	EventMessage EventKind = iota // a message for the client
	EventOpened                   // the stream begins: a place to go on from, with the ids of the requests it answers
	EventClosed                   // nothing more comes
)

// What a store says of what it does not have. Test with errors.Is.
var (
	// ErrNoSession says that there is no such session, or no longer.
	ErrNoSession = errors.New("no such session")
	// ErrConflict says that a session was changed by somebody else.
	ErrConflict = errors.New("the session was changed meanwhile")
	// ErrEventsGone says that events were asked for that are kept no longer.
	ErrEventsGone = errors.New("events are kept no longer")
)
