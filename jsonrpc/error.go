package jsonrpc

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/codexmcp/codexmcp/wire"
)

// Error codes that JSON-RPC 2.0 defines.
const (
	CodeParseError     int64 = -32700 // the message is not JSON
	CodeInvalidRequest int64 = -32600 // it is JSON but no message that is legal now
	CodeMethodNotFound int64 = -32601 // nothing serves the method
	CodeInvalidParams  int64 = -32602 // the params are missing or do not fit
	CodeInternalError  int64 = -32603 // the request was fine and could not be served
)

// Why a connection or a call ended, or could not be made. Test with errors.Is.
var (
	// ErrClosed says that this end closed the connection.
	ErrClosed = errors.New("connection closed")
	// ErrPeerClosed says that the peer closed the connection; it is an io.EOF too.
	ErrPeerClosed = fmt.Errorf("connection closed by the peer: %w", io.EOF)
	// ErrStalled says that the peer stopped reading and the queue of unsent output was full for too long.
	ErrStalled = errors.New("peer does not read")
	// ErrInOrder is returned by a call made in a handler that keeps the connection from reading the answer.
	ErrInOrder = errors.New("call made by a handler that the connection waits for: its answer could not be read")
	// ErrNoWriter says that there is no way to the peer now: no transport and no Writer.
	ErrNoWriter = errors.New("no stream to the peer is open")
)

// Error is the error member of a response: what a handler returns to refuse a request with a code of its choice, and what
// [Conn.Call] returns when the peer refused.
type Error struct {
	Code    int64
	Message string
	Data    wire.Raw // more about it, absent when zero
}

// Error gives the message and the code.
func (e *Error) Error() string { return fmt.Sprintf("%s (code %d)", e.Message, e.Code) }

// Errorf makes an Error with a formatted message.
func Errorf(code int64, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// InvalidParamsf makes an Error that says the params do not fit (-32602).
func InvalidParamsf(format string, args ...any) *Error {
	return Errorf(CodeInvalidParams, format, args...)
}

// LimitError says which limit a call or message met.
type LimitError struct {
	What  string // what there is too much of, in the plural: "pending calls"
	Limit int    // how much there may be
}

// Error names what there is too much of and the limit.
func (e *LimitError) Error() string { return fmt.Sprintf("too many %s (limit %d)", e.What, e.Limit) }

// MessageError is returned by a [Reader] for one incoming message that it cannot give: the connection answers it with
// the code and a null id, and goes on reading.
type MessageError struct {
	Code    int64
	Message string
}

// Error gives the message.
func (e *MessageError) Error() string { return e.Message }

// responseError is what the peer is told about err, which a handler returned.
func responseError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok && e != nil {
		return e
	}
	return &Error{Code: CodeInternalError, Message: err.Error()}
}

// isContextError reports whether err comes from the end of ctx and says nothing about the transport.
func isContextError(ctx context.Context, err error) bool {
	return ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx)))
}
