package model

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

var (
	errIdle        = errors.New("the endpoint went silent")
	errNoMoreGrace = errors.New("nothing more came")
)

// drainTime is how long the end of an answer is waited for after its last event, so that the
// connection can be used again. An endpoint that keeps the answer open loses the connection instead.
const drainTime = 50 * time.Millisecond

// An answer is the open reply to one HTTP request. It is used by one goroutine.
type answer struct {
	ctx    context.Context // of the request; ends with the cause errIdle when the endpoint is silent
	cancel context.CancelCauseFunc
	parent context.Context

	idle        time.Duration
	timer       *time.Timer
	body        io.ReadCloser
	contentType string
	events      *sseReader
	seen        bool     // an event has come
	secrets     []string // of the request
}

func newAnswer(ctx context.Context, idle time.Duration) *answer {
	a := &answer{parent: ctx, idle: idle}
	a.ctx, a.cancel = context.WithCancelCause(ctx)
	return a
}

// watch starts the time in which the endpoint has to say something. The time is not counted while
// the consumer is busy with what came.
func (a *answer) watch() { a.expire(a.idle, errIdle) }

func (a *answer) expire(after time.Duration, cause error) {
	a.timer = time.AfterFunc(after, func() { a.cancel(cause) })
}

func (a *answer) unwatch() { a.timer.Stop() }

func (a *answer) read(body io.ReadCloser, contentType string) {
	a.body, a.contentType, a.events = body, contentType, newSSEReader(body)
}

// next returns the data of the next event, valid until the next call, or io.EOF when the answer has
// ended as HTTP goes.
func (a *answer) next() ([]byte, error) {
	a.watch()
	data, err := a.events.next()
	a.unwatch()
	switch {
	case err == nil:
		a.seen = true
		return data, nil
	case errors.Is(err, io.EOF) && a.ctx.Err() == nil:
		return nil, io.EOF
	case errors.Is(err, errEventTooLarge), errors.Is(err, errAnswerTooLarge):
		return nil, err // and would be again
	}
	return nil, a.cause(&StreamError{Err: fmt.Errorf("read an event: %w", err)})
}

// cause replaces err if it comes from the end of a context: of the caller's or of the time to wait.
func (a *answer) cause(err error) error {
	if a.parent.Err() != nil {
		return a.parent.Err()
	}
	if errors.Is(context.Cause(a.ctx), errIdle) {
		return &StreamError{Err: fmt.Errorf("%w for %s", errIdle, a.idle)}
	}
	return err
}

// unfinished is the error for an answer that ended before it said that it is complete.
func (a *answer) unfinished(want string) error {
	if !a.seen {
		return &StreamError{Err: fmt.Errorf("it ended without any event (content type %q)", a.contentType)}
	}
	return &StreamError{Err: fmt.Errorf("it ended without %s", want)}
}

// drain reads to the end of a complete answer, for a moment.
func (a *answer) drain() {
	a.expire(drainTime, errNoMoreGrace)
	defer a.unwatch()
	for range 64 {
		if _, err := a.events.next(); err != nil {
			return
		}
	}
}

// close ends the request whatever its state.
func (a *answer) close() {
	a.cancel(nil)
	if a.body != nil {
		_ = a.body.Close() // nothing was written that could be lost
	}
}
