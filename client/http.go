package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/mcptypes/mcp20251125"
	"github.com/codexmcp/codexmcp/wire"
)

const (
	defaultMaxMessage = 64 << 20
	// maxRefusals is how often one request is sent again because its credentials
	// were refused.
	maxRefusals = 4
	// maxErrorBody is how much is read of what a server says in a refusal.
	maxErrorBody = 1 << 20
)

// HTTP says how a server is reached over streamable HTTP.
type HTTP struct {
	// URL is the server's endpoint.
	URL string
	// Client sends the requests. Nil means [http.DefaultClient]. It should have no
	// Timeout, as streams live long.
	Client *http.Client
	// Header is added to every request.
	Header http.Header
	// Auth, if set, adds credentials to requests.
	Auth Authorizer
}

// An Authorizer gets and keeps the credentials for a server.
type Authorizer interface {
	// Authorize adds credentials to a request, if there are any yet.
	Authorize(r *http.Request) error
	// Refused is given the answer (401 or 403) to a request that lacked
	// credentials. It reports whether to send the request again. It does not read
	// the body.
	Refused(ctx context.Context, r *http.Response) (again bool, err error)
}

// HTTPError is an answer with a status that says the request failed.
type HTTPError struct {
	Status int
	// Refusal is the JSON-RPC error that came with it, or nil.
	Refusal *jsonrpc.Error
	// Body is the beginning of what else came with it.
	Body string
}

// Error gives the status and what came with it.
func (e *HTTPError) Error() string {
	text := fmt.Sprintf("HTTP %d %s", e.Status, http.StatusText(e.Status))
	switch {
	case e.Refusal != nil:
		return text + ": " + e.Refusal.Error()
	case e.Body != "":
		return fmt.Sprintf("%s: %q", text, e.Body)
	}
	return text
}

// Unwrap gives the JSON-RPC error.
func (e *HTTPError) Unwrap() error {
	if e.Refusal == nil {
		return nil
	}
	return e.Refusal
}

// errSessionGone says that the server has lost the session.
var errSessionGone = errors.New("the server does not know the session any more")

// ConnectHTTP opens a session over streamable HTTP. ctx bounds the opening, not
// the session.
func ConnectHTTP(ctx context.Context, h HTTP, o Options) (*Session, error) {
	u, err := url.Parse(h.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("connect: %q is no HTTP URL", h.URL)
	}
	s := newSession(o)
	s.http = newHTTPTransport(s, h)
	s.conn.SetWriter(s.http)
	if err := s.open(ctx); err != nil {
		return nil, s.abandon(ctx, err)
	}
	if s.Revision() != Stateless {
		s.http.listen()
	}
	return s, nil
}

// reopen begins a new session in place of one that the server has lost.
func (s *Session) reopen(ctx context.Context, lost string) error {
	t := s.http
	t.reopening.Lock()
	defer t.reopening.Unlock()
	if t.session() != lost {
		return nil // somebody else was faster
	}
	t.setSession("")
	s.mu.Lock()
	revision := s.server.ProtocolVersion
	s.server.ProtocolVersion = ""
	var uris []string
	for uri := range s.uris {
		uris = append(uris, uri)
	}
	s.mu.Unlock()
	if err := s.initialize(ctx, revision); err != nil {
		s.mu.Lock()
		s.server.ProtocolVersion = revision
		s.mu.Unlock()
		return fmt.Errorf("begin a new session: %w", err)
	}
	t.listen()
	for _, uri := range uris {
		if err := s.conn.Call(ctx, mcptypes.Subscribe.Method, &mcptypes.SubscribeParams{URI: uri}, nil); err != nil {
			s.options.Log.Warn("subscription lost with the session", "uri", uri, "error", err)
		}
	}
	return nil
}

// An httpTransport carries the messages of a session over HTTP.
type httpTransport struct {
	s     *Session
	h     HTTP
	limit int

	ctx     context.Context // ends with the session
	stop    context.CancelFunc
	streams sync.WaitGroup

	reopening sync.Mutex

	// mu protects what follows.
	mu        sync.Mutex
	id        string             // of the session; empty when the server has none
	listening context.CancelFunc // of the stream for what belongs to no request
	closed    bool
}

func newHTTPTransport(s *Session, h HTTP) *httpTransport {
	if h.Client == nil {
		h.Client = http.DefaultClient
	}
	t := &httpTransport{s: s, h: h, limit: s.options.Limits.MaxMessage}
	if t.limit <= 0 {
		t.limit = defaultMaxMessage
	}
	t.ctx, t.stop = context.WithCancel(context.Background())
	return t
}

func (t *httpTransport) session() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.id
}

func (t *httpTransport) setSession(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.id = id
}

// goStream runs work that ends with the transport. It reports false when that
// has ended already.
func (t *httpTransport) goStream(work func()) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.streams.Go(work)
	return true
}

// close ends the session on the server and all streams.
func (t *httpTransport) close(ctx context.Context) error {
	t.mu.Lock()
	id := t.id
	t.closed = true
	t.mu.Unlock()
	t.stop()
	if id != "" {
		ctx, cancel := context.WithTimeout(ctx, exitTime)
		defer cancel()
		r, err := t.request(ctx, http.MethodDelete, nil)
		if err == nil {
			var answer *http.Response
			if answer, err = t.h.Client.Do(r); err == nil {
				err = answer.Body.Close()
			}
		}
		if err != nil {
			t.s.options.Log.Debug("end session", "error", err)
		}
	}
	ended := make(chan struct{})
	go func() { defer close(ended); t.streams.Wait() }()
	late := time.NewTimer(exitTime)
	defer late.Stop()
	select {
	case <-ended:
		return nil
	case <-late.C:
		return errors.New("close: handlers of the server's requests have not returned")
	}
}

// Write implements [jsonrpc.Writer]: it posts a message and has what comes back
// delivered.
func (t *httpTransport) Write(ctx context.Context, m jsonrpc.Outgoing) error {
	data := string(m.Data) // ours only as long as Write runs, and a request may be sent again
	answer, err := t.send(ctx, func() (*http.Request, error) {
		r, err := t.request(ctx, http.MethodPost, strings.NewReader(data))
		if err != nil {
			return nil, err
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/json, text/event-stream")
		if r.Header.Get("MCP-Protocol-Version") == Stateless {
			t.describe(r.Header, m, data)
		}
		return r, nil
	})
	if err != nil {
		return err
	}
	if m.Method == mcptypes.Initialize.Method {
		t.setSession(answer.Header.Get("Mcp-Session-Id"))
	}
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	switch {
	case m.Kind != jsonrpc.Request || answer.StatusCode == http.StatusAccepted || answer.StatusCode == http.StatusNoContent:
		err = answer.Body.Close()
		if m.Kind == jsonrpc.Request {
			err = fmt.Errorf("HTTP %d in answer to a request", answer.StatusCode)
		}
		return err
	case kind == "text/event-stream":
		id, _ := m.ID.Int64()
		if !t.goStream(func() { t.follow(ctx, answer, id) }) {
			_ = answer.Body.Close()
			return jsonrpc.ErrClosed
		}
		return nil
	case kind != "application/json":
		_ = answer.Body.Close()
		return fmt.Errorf("answer of the content type %q", kind)
	}
	body, err := t.read(answer)
	if err != nil {
		return err
	}
	return t.s.conn.Deliver(t.ctx, body, t)
}

// read reads a whole answer.
func (t *httpTransport) read(answer *http.Response) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(answer.Body, int64(t.limit)+1))
	_ = answer.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if len(body) > t.limit {
		return nil, fmt.Errorf("answer over the limit of %d bytes", t.limit)
	}
	return body, nil
}

// request makes a request to the server.
func (t *httpTransport) request(ctx context.Context, method string, body io.Reader) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, t.h.URL, body)
	if err != nil {
		return nil, err
	}
	for name, values := range t.h.Header {
		r.Header[name] = values
	}
	if revision := t.s.Revision(); revision != "" {
		r.Header.Set("MCP-Protocol-Version", revision)
	}
	if id := t.session(); id != "" {
		r.Header.Set("Mcp-Session-Id", id)
	}
	if t.h.Auth != nil {
		if err := t.h.Auth.Authorize(r); err != nil {
			return nil, fmt.Errorf("authorize: %w", err)
		}
	}
	return r, nil
}

// send sends a request, again with credentials when those were refused. An
// answer that says the request failed is an error.
func (t *httpTransport) send(ctx context.Context, request func() (*http.Request, error)) (*http.Response, error) {
	for refusals := 0; ; refusals++ {
		r, err := request()
		if err != nil {
			return nil, err
		}
		answer, err := t.h.Client.Do(r)
		if err != nil {
			return nil, err
		}
		status := answer.StatusCode
		if status < 300 {
			return answer, nil
		}
		refused := status == http.StatusUnauthorized || status == http.StatusForbidden
		if refused && t.h.Auth != nil && refusals < maxRefusals {
			again, err := t.h.Auth.Refused(ctx, answer)
			if err != nil {
				_ = answer.Body.Close()
				return nil, fmt.Errorf("HTTP %d: authorize: %w", status, err)
			}
			if again {
				_ = answer.Body.Close()
				continue
			}
		}
		return nil, t.failure(r, answer)
	}
}

// failure is the error of an answer that says a request failed.
func (t *httpTransport) failure(r *http.Request, answer *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxErrorBody))
	_ = answer.Body.Close()
	if err != nil {
		body = nil
	}
	if answer.StatusCode == http.StatusNotFound && r.Header.Get("Mcp-Session-Id") != "" {
		return errSessionGone
	}
	failed := &HTTPError{Status: answer.StatusCode}
	if refusal, ok := refusalIn(body); ok {
		failed.Refusal = refusal
	} else {
		failed.Body = strings.ToValidUTF8(string(body[:min(len(body), 200)]), "\uFFFD")
	}
	return failed
}

// refusalIn is the JSON-RPC error in an answer, if there is one.
func refusalIn(body []byte) (*jsonrpc.Error, bool) {
	var message wire.Members
	var e mcp20251125.Error
	err := message.UnmarshalJSON(body)
	refusal, ok := message.Get("error")
	if err == nil && ok {
		err = refusal.Decode(&e)
	}
	return &jsonrpc.Error{Code: e.Code, Message: e.Message, Data: e.Data}, err == nil && ok
}

// describe adds headers that say what a message is, so that who passes it on
// need not read it.
func (t *httpTransport) describe(to http.Header, m jsonrpc.Outgoing, data string) {
	if m.Method == "" {
		return
	}
	to.Set("Mcp-Method", m.Method)
	raw, err := wire.ParseRaw([]byte(data))
	if err != nil {
		return
	}
	params, err := members(raw, "params")
	if err != nil {
		return
	}
	subject := "name"
	switch m.Method {
	case mcptypes.ReadResource.Method:
		subject = "uri"
	case mcptypes.CallTool.Method, mcptypes.GetPrompt.Method:
	default:
		return
	}
	var name string
	if value, ok := params.Get(subject); ok && value.Decode(&name) == nil {
		to.Set("Mcp-Name", headerValue(name))
	}
	if m.Method == mcptypes.CallTool.Method {
		if arguments, err := members(raw, "params", "arguments"); err == nil {
			t.s.headers.addParamHeaders(to, name, arguments)
		}
	}
}

// backoff is how long to wait before a stream is opened again.
func backoff(failures int, wish time.Duration) time.Duration {
	if failures == 0 && wish > 0 {
		return wish
	}
	return max(wish, min(time.Second<<min(failures, 5), 30*time.Second))
}
