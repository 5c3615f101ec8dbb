package scripted

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	maxBody     = 64 << 20
	maxRequests = 1024
)

// A Request is one that the server got.
type Request struct {
	Method string
	Path   string // with the query
	Header http.Header
	Body   []byte
}

// A Server plays a script. It is an [http.Handler], or with [Start] a server of its own.
type Server struct {
	url  string
	http *http.Server
	done chan struct{} // closed when the server stops

	mu       sync.Mutex // guards what follows
	script   []Reply
	requests []Request
	count    int
	arrived  chan struct{} // closed and replaced at each request
}

// New returns a server for the script that has to be mounted somewhere.
func New(script ...Reply) *Server {
	return &Server{script: script, done: make(chan struct{}), arrived: make(chan struct{})}
}

// Start returns a server for the script that listens on loopback, on a port that the system picks.
func Start(script ...Reply) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the scripted model: %w", err)
	}
	s := New(script...)
	s.url = "http://" + listener.Addr().String() + "/v1"
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.http.Serve(listener) }() // ends with Close, and says only that
	return s, nil
}

// URL is the base URL of a server made by [Start]: the base_url of a provider.
func (s *Server) URL() string { return s.url }

// Close ends the server and whatever replies are under way.
func (s *Server) Close() error {
	s.mu.Lock()
	select {
	case <-s.done:
	default:
		close(s.done)
	}
	s.mu.Unlock()
	if s.http == nil {
		return nil
	}
	return s.http.Close()
}

// Add appends replies to the script.
func (s *Server) Add(script ...Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = append(s.script, script...)
}

// Requests returns the requests so far, the last 1024 of them.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// Wait returns when n requests have come, or with the error of ctx.
func (s *Server) Wait(ctx context.Context, n int) error {
	for {
		s.mu.Lock()
		count, arrived := s.count, s.arrived
		s.mu.Unlock()
		if count >= n {
			return nil
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return fmt.Errorf("the scripted model got %d of %d requests: %w", count, n, ctx.Err())
		}
	}
}

// take remembers a request and picks its reply.
func (s *Server) take(request Request) (reply Reply, serial int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	s.requests = append(s.requests, request)
	if len(s.requests) > maxRequests {
		s.requests = s.requests[1:]
	}
	close(s.arrived)
	s.arrived = make(chan struct{})
	for i, r := range s.script {
		if r.When != "" && !strings.Contains(string(request.Body), r.When) {
			continue
		}
		if !r.Forever {
			s.script = append(s.script[:i:i], s.script[i+1:]...)
		}
		return r, s.count, true
	}
	return Reply{}, s.count, false
}

// ServeHTTP answers a request with the next reply of the script.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "the request cannot be read", http.StatusBadRequest)
		return
	}
	reply, serial, ok := s.take(Request{r.Method, r.URL.RequestURI(), r.Header.Clone(), body})
	if !ok {
		http.Error(w, "the script has no reply left", http.StatusBadRequest)
		return
	}
	for name, values := range reply.Headers {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	switch {
	case reply.End == EndRefuse:
		hangUp(w)
		return
	case reply.Status != 0:
		if w.Header().Get("Content-Type") == "" {
			w.Header().Set("Content-Type", "application/json")
		}
		w.WriteHeader(reply.Status)
		_, _ = io.WriteString(w, reply.Body) // a client that has gone needs no answer
		return
	}
	data, err := reply.data(r.URL.Path, serial)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	s.stream(w, r, reply, data)
}

func (r Reply) data(path string, serial int) ([]string, error) {
	switch {
	case r.Data != nil:
		return r.Data, nil
	case strings.HasSuffix(path, "/chat/completions"):
		return r.chatData(serial)
	case strings.HasSuffix(path, "/responses"):
		return r.responsesData(serial)
	}
	return nil, errors.New("only /chat/completions and /responses are served")
}

func (s *Server) stream(w http.ResponseWriter, r *http.Request, reply Reply, data []string) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	out := http.NewResponseController(w)
	for i, text := range data {
		if reply.Hold != nil && i == reply.HoldAfter {
			_ = out.Flush()
			s.wait(r, reply.Hold)
		}
		// Data of several lines is several data lines.
		lines := "data: " + strings.ReplaceAll(text, "\n", "\ndata: ") + "\n\n"
		if _, err := io.WriteString(w, lines); err != nil {
			return
		}
		if err := out.Flush(); err != nil {
			return
		}
	}
	_ = out.Flush()
	if reply.Hold != nil && reply.HoldAfter >= len(data) {
		s.wait(r, reply.Hold)
	}
	switch reply.End {
	case EndDrop:
		_, _ = io.WriteString(w, `data: {"type":"torn`)
		_ = out.Flush()
		hangUp(w)
	case EndHang, EndOpen:
		s.wait(r, nil)
	case EndComplete, EndSilent, EndFailed, EndCutOff, EndRefuse:
	}
}

// wait returns when the gate is open, the client has gone or the server ends.
func (s *Server) wait(r *http.Request, gate <-chan struct{}) {
	select {
	case <-gate:
	case <-r.Context().Done():
	case <-s.done:
	}
}

// hangUp closes the connection without ending the answer.
func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return // not HTTP/1: the answer ends as if nothing were wrong
	}
	_ = conn.Close()
}
