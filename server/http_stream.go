package server

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
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
func eventID(st *stream, number uint64) string {
	return st.name + "-" + strconv.FormatUint(number, 10)
}

// parseEventID is the inverse of eventID.
func parseEventID(id string) (name string, number uint64, err error) {
	name, text, _ := strings.Cut(id, "-")
	number, err = strconv.ParseUint(text, 10, 64)
	if err != nil {
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
		h.refuse(w, r, http.StatusBadRequest, errors.New("Mcp-Session-Id: missing"))
		return
	}
	session := h.sessions.acquire(id, h.options.Owner(r))
	if session == nil {
		h.refuse(w, r, http.StatusNotFound, errors.New("no such session"))
		return
	}
	defer h.sessions.release(session)
	st := session.standalone
	var after uint64
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		name, number, err := parseEventID(last)
		if err != nil {
			h.refuse(w, r, http.StatusBadRequest, err)
			return
		}
		if st, after = session.findStream(name), number; st == nil {
			h.refuse(w, r, http.StatusBadRequest, fmt.Errorf("event %q: its stream is kept no longer", last))
			return
		}
	} else {
		st.mu.Lock()
		after = st.sent
		st.mu.Unlock()
	}
	if _, err := h.events.After(r.Context(), st.id(), after); err != nil && r.Header.Get("Last-Event-ID") != "" {
		h.refuse(w, r, http.StatusBadRequest, err)
		return
	}
	h.follow(w, r, st, after)
}

// follow sends the events of a stream as they come, until it ends, the client
// goes away, or another reader takes over.
func (h *HTTP) follow(w http.ResponseWriter, r *http.Request, st *stream, after uint64) {
	control := http.NewResponseController(w)
	x := &exchange{h: h, w: w, control: control}
	defer x.deadline(0)
	startEvents(w)
	if err := control.Flush(); err != nil {
		return
	}
	st.mu.Lock()
	st.reader++
	reader := st.reader
	st.notify()
	st.mu.Unlock()
	quiet := time.NewTicker(h.options.KeepAlive)
	defer quiet.Stop()
	for {
		st.mu.Lock()
		if st.changed == nil {
			st.changed = make(chan struct{})
		}
		changed, done, current := st.changed, st.done, st.reader == reader
		st.mu.Unlock()
		events, err := h.events.After(r.Context(), st.id(), after)
		if errors.Is(err, ErrEventsGone) {
			h.log.Warn("client missed events", "stream", st.name, "error", err)
			err = nil
		}
		if err != nil || !current {
			return
		}
		for _, e := range events {
			after = e.Number
			if len(e.Data) == 0 {
				continue
			}
			if x.send(eventID(st, e.Number), e.Data) != nil {
				return
			}
		}
		st.mu.Lock()
		st.sent = max(st.sent, after)
		st.mu.Unlock()
		if len(events) > 0 {
			continue
		}
		if done {
			return
		}
		select {
		case <-changed:
		case <-quiet.C:
			x.deadline(h.options.WriteTimeout)
			if _, err := w.Write([]byte(":\n\n")); err != nil || control.Flush() != nil {
				return
			}
		case <-st.session.Done():
			return
		case <-h.ending:
			return
		case <-r.Context().Done():
			return
		}
	}
}
