package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/wire"
)

// startEvents begins a stream of events.
func startEvents(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-cache, no-transform")
	header.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
}

// eventID is how clients call an event: by its stream and its number there.
func eventID(stream string, number uint64) string {
	return stream + "-" + strconv.FormatUint(number, 10)
}

// maxStreamName is how long the name of a stream can be.
const maxStreamName = 64

// parseEventID is the inverse of eventID.
func parseEventID(id string) (name string, number uint64, err error) {
	name, text, _ := strings.Cut(id, "-")
	number, err = strconv.ParseUint(text, 10, 64)
	if err != nil || len(name) > maxStreamName {
		return "", 0, fmt.Errorf("event id %q: not one that this server gave", id)
	}
	return name, number, nil
}

// writeEvent writes a message as an event.
func writeEvent(w io.Writer, id string, data []byte) error {
	buf := make([]byte, 0, len(data)+len(id)+32)
	buf = append(buf, "event: message\n"...)
	if id != "" {
		buf = append(append(append(buf, "id: "...), id...), '\n')
	}
	buf = append(append(append(buf, "data: "...), data...), "\n\n"...)
	_, err := w.Write(buf)
	return err
}

// writePlace writes an event without a message, from whose id a client can go on.
func writePlace(w io.Writer, id string, retry time.Duration) error {
	_, err := fmt.Fprintf(w, "id: %s\nretry: %d\ndata: \n\n", id, retry.Milliseconds())
	return err
}

// get sends what belongs to no request, or goes on with a stream that was cut off.
func (h *HTTP) get(w http.ResponseWriter, r *http.Request) {
	version := r.Header.Get("Mcp-Protocol-Version")
	if rev := revisionOf(version); rev != nil && rev.stateless {
		w.Header().Set("Allow", "POST")
		h.refuse(w, r, http.StatusMethodNotAllowed, errors.New("this revision has no stream of its own: see subscriptions/listen"))
		return
	}
	id := r.Header.Get("Mcp-Session-Id")
	if id == "" {
		h.refuse(w, r, http.StatusBadRequest, errNoSessionID)
		return
	}
	session, err := h.acquire(r.Context(), id, h.options.Owner(r))
	if err != nil {
		h.refuseSession(w, r, err)
		return
	}
	defer h.sessions.release(session)
	f := follower{h: h, w: w, session: session, name: standalone, after: session.lastSent()}
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		if f.name, f.after, err = parseEventID(last); err == nil {
			_, err = h.store.After(r.Context(), f.at(), f.after)
		}
		if err != nil {
			h.refuse(w, r, http.StatusBadRequest, err)
			return
		}
	}
	if f.name == standalone {
		if err := session.takeHome(r.Context()); err != nil {
			h.refuseSession(w, r, err)
			return
		}
	}
	f.follow(r.Context())
}

// A follower sends the events of a stream to a client as they come.
type follower struct {
	h       *HTTP
	w       http.ResponseWriter
	session *httpSession
	name    string // of the stream
	after   uint64 // the number of the last event that the client has
}

func (f *follower) at() StreamID { return StreamID{f.session.id, f.name} }

// follow goes on until the stream ends, the client goes away, or another reader
// takes over.
func (f *follower) follow(ctx context.Context) {
	ctx, stop := f.session.read(ctx, f.name)
	defer stop()
	x := &exchange{h: f.h, w: f.w, control: http.NewResponseController(f.w)}
	defer x.deadline(0)
	startEvents(f.w)
	if err := x.control.Flush(); err != nil {
		return
	}
	if f.name == standalone {
		defer f.session.keepSent(ctx)
	}
	quiet := time.Now()
	orphan := false
	for ctx.Err() == nil {
		before := f.after
		if ended := f.send(ctx, x); ended {
			return
		}
		if f.after != before {
			quiet = time.Now()
			continue
		}
		if orphan {
			f.apologize(ctx, x)
			return
		}
		if orphan = f.orphaned(ctx); orphan {
			continue // for what its process had sent before it ended
		}
		if time.Since(quiet) >= f.h.options.KeepAlive {
			quiet = time.Now()
			x.deadline(f.h.options.WriteTimeout)
			if _, err := f.w.Write([]byte(":\n\n")); err != nil || x.control.Flush() != nil {
				return
			}
		}
		f.wait(ctx, f.h.options.KeepAlive-time.Since(quiet))
	}
}

// lookTime is how often is looked whether the process that writes a stream is alive.
const lookTime = time.Second

// wait returns when there may be something to do.
func (f *follower) wait(ctx context.Context, limit time.Duration) {
	if process := streamProcess(f.name); process != "" && process != f.h.process {
		limit = min(limit, lookTime)
	}
	waiting, cancel := context.WithTimeout(ctx, max(limit, time.Millisecond))
	defer cancel()
	if err := f.h.store.Wait(waiting, f.at(), f.after); err != nil && waiting.Err() == nil {
		f.h.log.Warn("wait for events", "error", err)
		<-waiting.Done()
	}
}

// send sends the events that there are, and reports whether the stream has ended.
func (f *follower) send(ctx context.Context, x *exchange) (ended bool) {
	events, err := f.h.store.After(ctx, f.at(), f.after)
	if errors.Is(err, ErrEventsGone) {
		f.h.log.Warn("client missed events", "stream", f.name, "error", err)
	} else if err != nil {
		if ctx.Err() == nil {
			f.h.log.Warn("read events", "stream", f.name, "error", err)
		}
		return true // and the client comes again
	}
	for _, e := range events {
		f.after = e.Number
		switch e.Kind {
		case EventClosed:
			return true
		case EventMessage:
			if x.send(eventID(f.name, e.Number), e.Data) != nil {
				return true
			}
		}
	}
	if f.name == standalone && len(events) > 0 {
		f.session.noteSent(f.after)
	}
	return false
}

// orphaned reports whether the process that writes the stream has ended.
func (f *follower) orphaned(ctx context.Context) bool {
	process := streamProcess(f.name)
	if process == "" || process == f.h.process {
		return false
	}
	alive, err := f.h.store.Alive(ctx, process)
	return err == nil && !alive
}

// apologize answers the requests of a stream whose process has ended.
func (f *follower) apologize(ctx context.Context, x *exchange) {
	events, err := f.h.store.After(ctx, f.at(), 0)
	if err != nil || len(events) == 0 || events[0].Kind != EventOpened {
		f.h.log.Warn("requests of a process that has ended are not known", "stream", f.name, "error", err)
		return
	}
	d := wire.NewDecoder(string(events[0].Data))
	for more := d.FirstItem(); more; more = d.NextItem() {
		e := wire.NewEncoder(nil)
		e.Object()
		e.Const(`"jsonrpc":`, "2.0")
		e.ID(`"id":`, d.ID())
		e.Key(`"error":`)
		e.Object()
		e.Int(`"code":`, jsonrpc.CodeInternalError)
		e.String(`"message":`, "the process that ran this request has ended")
		e.EndObject(wire.Members{}, nil)
		e.EndObject(wire.Members{}, nil)
		if x.send("", encoded(&e).Bytes()) != nil {
			return
		}
	}
}

// requestIDs returns the ids of the requests that are answered together as a
// list: that of one, or those of a batch.
func requestIDs(id wire.RequestID, batch []byte) []byte {
	e := wire.NewEncoder(nil)
	e.Array()
	d := wire.NewDecoder(string(batch))
	switch {
	case batch != nil:
		for more := d.FirstItem(); more; more = d.NextItem() {
			requestID(&d, &e)
		}
	case !id.IsZero():
		e.IDValue(id)
	}
	e.EndArray()
	return encoded(&e).Bytes()
}

// requestID reads one message of a batch and writes its id, if it is a request.
func requestID(d *wire.Decoder, e *wire.Encoder) {
	var id wire.RequestID
	request := false
	for k, ok := d.First(); ok; k, ok = d.Next() {
		switch k {
		case "id":
			id = d.ID()
		case "method":
			request = true
			d.Skip()
		default:
			d.Skip()
		}
	}
	if request && !id.IsZero() {
		e.IDValue(id)
	}
}

// lastSent returns the number of the last event that was sent of what belongs to no request.
func (s *httpSession) lastSent() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(s.sent, s.state.sent)
}

// noteSent notes how far what belongs to no request has been sent.
func (s *httpSession) noteSent(number uint64) {
	s.mu.Lock()
	s.sent = max(s.sent, number)
	s.mu.Unlock()
}

// keepSent lets the other processes know of it.
func (s *httpSession) keepSent(ctx context.Context) {
	s.mu.Lock()
	sent := s.sent
	known := sent <= s.state.sent
	s.mu.Unlock()
	if known || s.h.private {
		return
	}
	err := s.update(ctx, func(st *sessionState) { st.sent = max(st.sent, sent) })
	if err != nil && !errors.Is(err, ErrNoSession) {
		s.h.log.Warn("keep what was sent", "error", err)
	}
}
