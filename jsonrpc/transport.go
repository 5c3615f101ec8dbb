package jsonrpc

import (
	"context"

	"github.com/codexmcp/codexmcp/wire"
)

// A Transport moves whole messages between two peers.
type Transport interface {
	Reader
	Writer

	// Close ends the transport at once. Reads and writes that wait return, where the system allows that.
	Close() error
}

// A Reader gives the messages of the peer.
type Reader interface {
	// Read returns the next message, which belongs to the caller: it is never changed afterwards. It returns io.EOF
	// when the peer has closed its side, and a *MessageError for a message that cannot be given, after which
	// the next Read goes on. One goroutine reads at a time.
	Read(ctx context.Context) ([]byte, error)
}

// A Writer takes messages for the peer.
type Writer interface {
	// Write takes one message, whole or not at all; the order of calls is the order on the wire. It may return when
	// the message is queued. It waits no longer than ctx lives. Any number of goroutines write at the same time.
	Write(ctx context.Context, m Outgoing) error
}

// A Flusher is a Transport that may keep messages back for a while: those with Outgoing.Hold, or a queue.
type Flusher interface {
	// Start begins to send what is held and does not wait for it.
	Start()
	// Flush returns when everything written before has left, or when ctx ends.
	Flush(ctx context.Context) error
}

// Kind tells what a message is.
type Kind uint8

// The kinds of messages.
const (
	Request Kind = iota
	Notification
	Response
)

// Outgoing is one message on its way to the peer.
type Outgoing struct {
	// Data is the JSON text without a newline at its end. It is valid during Write; the writer may append to it.
	Data []byte
	Kind Kind
	// Method is set on requests and notifications.
	Method string
	// ID is the id of a request of ours.
	ID wire.RequestID
	// Related is the id of the peer's request that this answers, or in whose course it was sent. Zero: none.
	Related wire.RequestID
	// Error is set on a response that refuses.
	Error *Error
	// Hold says that the reading goroutine sends this: it may wait for others until Read finds no further message at
	// hand, or until Start. Only a [Flusher] sees it.
	Hold bool

	buf     *buffer // where Data was encoded: an outbox may take it, leaving another
	reading bool    // nothing is read before this is written: it should not wait for the peer to read
}
