package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"sync"
	"time"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/wire"
)

// maxReopens is how often in a row a stream is opened again that brings nothing.
const maxReopens = 5

// listenTime is how long a server may take to open the stream for what belongs to
// no request before calls are made without it.
const listenTime = 2 * time.Second

// maxStreamRequests is how many requests of a server on one stream are served at once.
const maxStreamRequests = 64

// follow reads the stream that answers a request, and where it breaks off the
// one that goes on with it. A request that cannot be answered any more fails.
func (t *httpTransport) follow(ctx context.Context, answer *http.Response, id int64) {
	defer context.AfterFunc(t.ctx, func() { _ = answer.Body.Close() })()
	at := &position{request: id}
	err := t.readStream(answer, at)
	for failures := 0; !at.answered && at.id != "" && t.s.Revision() != Stateless && failures < maxReopens; {
		before := at.events
		if wait(ctx, backoff(failures, at.retry)) != nil || t.ctx.Err() != nil {
			return
		}
		if answer, err = t.get(ctx, at.id); err == nil {
			stop := context.AfterFunc(t.ctx, func() { _ = answer.Body.Close() })
			err = t.readStream(answer, at)
			stop()
		} else if errors.Is(err, errSessionGone) {
			break
		}
		if failures++; at.events > before {
			failures = 0
		}
	}
	if at.answered || ctx.Err() != nil || t.ctx.Err() != nil {
		return
	}
	if err == nil {
		err = errors.New("the stream ended before the answer")
	}
	t.fail(id, err)
}

// fail ends a call of ours.
func (t *httpTransport) fail(id int64, err error) {
	message, encodeErr := wire.RawOf(map[string]any{
		"jsonrpc": "2.0", "id": id, "error": map[string]any{"code": jsonrpc.CodeInternalError, "message": err.Error()},
	})
	if encodeErr == nil {
		encodeErr = t.s.conn.Deliver(t.ctx, message.Bytes(), t)
	}
	if encodeErr != nil {
		t.s.options.Log.Debug("stream ended", "error", err, "end", encodeErr)
	}
}

// listen opens the stream for what belongs to no request, if the server has one.
// It returns when the server has answered, so that nothing is missed of what it
// sends in the course of the calls that follow, or has taken too long.
func (t *httpTransport) listen() {
	ctx, cancel := context.WithCancel(t.ctx)
	open := make(chan struct{})
	t.mu.Lock()
	if t.listening != nil {
		t.listening()
	}
	t.listening = cancel
	t.mu.Unlock()
	opened := sync.OnceFunc(func() { close(open) })
	if !t.goStream(func() {
		defer cancel()
		defer opened()
		t.keepListening(ctx, opened)
	}) {
		cancel()
		return
	}
	late := time.NewTimer(listenTime)
	defer late.Stop()
	select {
	case <-open:
	case <-late.C:
	}
}

// keepListening reads the stream for what belongs to no request, again and
// again. A server that has none says so.
func (t *httpTransport) keepListening(ctx context.Context, opened func()) {
	at := &position{}
	for failures := 0; failures < 2*maxReopens; {
		before := at.events
		answer, err := t.get(ctx, at.id)
		opened()
		if err == nil {
			stop := context.AfterFunc(ctx, func() { _ = answer.Body.Close() })
			err = t.readStream(answer, at)
			stop()
		}
		if status, ok := errors.AsType[*HTTPError](err); ok && status.Status < 500 || errors.Is(err, errSessionGone) || ctx.Err() != nil {
			return
		}
		if failures++; at.events > before {
			failures = 0
		}
		if wait(ctx, backoff(failures, at.retry)) != nil {
			return
		}
	}
	t.s.options.Log.Warn("the server's stream of messages cannot be kept open")
}

// get opens a stream; after is the id of the last event that came, if any.
func (t *httpTransport) get(ctx context.Context, after string) (*http.Response, error) {
	answer, err := t.send(ctx, func() (*http.Request, error) {
		r, err := t.request(ctx, http.MethodGet, nil)
		if err != nil {
			return nil, err
		}
		r.Header.Set("Accept", "text/event-stream")
		if after != "" {
			r.Header.Set("Last-Event-ID", after)
		}
		return r, nil
	})
	if err != nil {
		return nil, err
	}
	if kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); kind != "text/event-stream" {
		_ = answer.Body.Close()
		return nil, &HTTPError{Status: http.StatusMethodNotAllowed, Body: "no stream but " + kind}
	}
	return answer, nil
}

// readStream delivers what comes on a stream until it ends or has answered the
// request. The error is nil when the stream just ended.
func (t *httpTransport) readStream(answer *http.Response, at *position) error {
	defer func() { _ = answer.Body.Close() }()
	in := newEventReader(answer.Body, t.limit)
	in.id, in.retry = at.id, at.retry
	serving := make(chan struct{}, maxStreamRequests)
	for {
		data, err := in.next()
		at.id, at.retry = in.id, in.retry
		if err != nil {
			return ignoreEnd(err)
		}
		at.events++
		if len(data) == 0 {
			continue
		}
		if isRequest(data) {
			select {
			case serving <- struct{}{}:
			case <-t.ctx.Done():
				return t.ctx.Err()
			}
			if !t.goStream(func() { t.deliver(data); <-serving }) {
				return t.ctx.Err()
			}
			continue
		}
		at.answered = at.answered || at.request != 0 && answers(data, at.request)
		t.deliver(data)
		if at.answered {
			return nil
		}
	}
}

func (t *httpTransport) deliver(message []byte) {
	if err := t.s.conn.Deliver(t.ctx, message, t); err != nil {
		t.s.options.Log.Debug("message of the server not served", "error", err)
	}
}

func ignoreEnd(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, io.EOF) {
		return nil
	}
	return fmt.Errorf("read stream: %w", err)
}

// A position is how far a stream has been read.
type position struct {
	request  int64 // that the stream is to answer; zero: none
	answered bool
	events   int           // that came
	id       string        // of the last event that had one
	retry    time.Duration // the server's wish
}

// isRequest reports whether a message wants an answer that may take time.
func isRequest(message []byte) bool {
	d := wire.NewDecoder(string(message))
	return d.PeekHas("method") && d.PeekHas("id")
}

// answers reports whether a message, or one in a batch, is the answer to a request.
func answers(message []byte, id int64) bool {
	d := wire.NewDecoder(string(message))
	isAnswer := func() bool {
		got, ok := d.PeekInt("id")
		return ok && got == id && !d.PeekHas("method")
	}
	if d.PeekKind() != wire.KindArray {
		return isAnswer()
	}
	for ok := d.FirstItem(); ok; ok = d.NextItem() {
		if isAnswer() {
			return true
		}
		d.Skip()
	}
	return false
}
