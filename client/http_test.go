package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/client"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
)

// A site is an HTTP server whose answers a test writes.
type site struct {
	post func(w http.ResponseWriter, r *http.Request, id, method string, params object)
	get  func(w http.ResponseWriter, r *http.Request)

	mu      sync.Mutex // protects what follows
	session int
	deleted []string
	headers []http.Header
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.headers = append(s.headers, r.Header.Clone())
	s.mu.Unlock()
	switch r.Method {
	case http.MethodDelete:
		s.mu.Lock()
		s.deleted = append(s.deleted, r.Header.Get("Mcp-Session-Id"))
		s.mu.Unlock()
	case http.MethodGet:
		if s.get == nil {
			http.Error(w, "no", http.StatusMethodNotAllowed)
			return
		}
		s.get(w, r)
	case http.MethodPost:
		s.answer(w, r)
	}
}

func (s *site) answer(w http.ResponseWriter, r *http.Request) {
	var m struct {
		ID     json.RawMessage
		Method string
		Params object
		Result json.RawMessage
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &m) != nil {
		http.Error(w, "bad", http.StatusBadRequest)
		return
	}
	switch {
	case m.Method == "initialize":
		s.mu.Lock()
		s.session++
		w.Header().Set("Mcp-Session-Id", fmt.Sprint("s", s.session))
		s.mu.Unlock()
		result(w, m.ID, `{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"site","version":"1"}}`)
	case m.ID == nil:
		w.WriteHeader(http.StatusAccepted)
	case m.Method == "": // an answer of the client
		s.post(w, r, string(m.ID), "", object{"result": m.Result})
		w.WriteHeader(http.StatusAccepted)
	default:
		s.post(w, r, string(m.ID), m.Method, m.Params)
	}
}

func result(w http.ResponseWriter, id json.RawMessage, text string) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, id, text)
}

// event writes an event and lets it go.
func event(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, text+"\n\n")
	_ = http.NewResponseController(w).Flush()
}

var handshakes = []string{"2025-11-25", "2025-06-18"}

func (s *site) connect(t *testing.T, o client.Options) *client.Session {
	t.Helper()
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	o.Info = info
	if o.Revisions == nil {
		o.Revisions = handshakes
	}
	c, err := client.ConnectHTTP(t.Context(), client.HTTP{URL: h.URL, Header: http.Header{"X-Own": {"yes"}}}, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close(context.WithoutCancel(t.Context()))) })
	return c
}

func TestHTTPSession(t *testing.T) {
	s := &site{post: func(w http.ResponseWriter, _ *http.Request, id, _ string, _ object) {
		result(w, json.RawMessage(id), `{}`)
	}}
	c := s.connect(t, client.Options{})
	require.NoError(t, c.Ping(t.Context()))
	last := s.headers[len(s.headers)-1]
	require.Equal(t, "s1", last.Get("Mcp-Session-Id"))
	require.Equal(t, "2025-11-25", last.Get("MCP-Protocol-Version"))
	require.Equal(t, "yes", last.Get("X-Own"))
	require.NoError(t, c.Close(t.Context()))
	require.Equal(t, []string{"s1"}, s.deleted)
}

func TestLostHTTPSessionIsBegunAnew(t *testing.T) {
	s := &site{post: func(w http.ResponseWriter, r *http.Request, id, _ string, _ object) {
		if r.Header.Get("Mcp-Session-Id") == "s1" {
			http.Error(w, "gone", http.StatusNotFound)
			return
		}
		result(w, json.RawMessage(id), `{}`)
	}}
	c := s.connect(t, client.Options{})
	var calls sync.WaitGroup
	for range 8 {
		calls.Go(func() {
			if err := c.Ping(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
	require.Equal(t, 2, s.session, "one new session for all")
}

func TestStreamIsResumed(t *testing.T) {
	after := make(chan string, 10)
	s := &site{
		post: func(w http.ResponseWriter, _ *http.Request, _, _ string, _ object) {
			event(w, "id: 7\nretry: 1\ndata: ")
		},
	}
	s.get = func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("Last-Event-ID")
		if id == "" {
			http.Error(w, "no", http.StatusMethodNotAllowed)
			return
		}
		after <- id
		if id == "7" {
			event(w, "id: 8\ndata: {\"jsonrpc\":\"2.0\",\ndata: \"method\":\"notifications/message\",\"params\":{\"level\":\"info\",\"data\":1}}")
			return // it breaks off once more
		}
		event(w, ": a comment\nid: 9\ndata: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"content\":[]}}")
	}
	said := make(chan string, 1)
	c := s.connect(t, client.Options{Message: func(_ context.Context, p mcptypes.LoggingMessageParams) { said <- p.Data.String() }})
	_, err := c.CallTool(t.Context(), "x", nil)
	require.NoError(t, err)
	require.Equal(t, "7", <-after)
	require.Equal(t, "8", <-after)
	require.Equal(t, "1", <-said)
}

func TestStreamThatCannotBeResumedFailsItsCall(t *testing.T) {
	s := &site{post: func(w http.ResponseWriter, _ *http.Request, _, _ string, _ object) { event(w, "data: ") }}
	c := s.connect(t, client.Options{})
	_, err := c.CallTool(t.Context(), "x", nil)
	require.ErrorContains(t, err, "the stream ended before the answer")
}

func TestRequestsOfServerOverHTTP(t *testing.T) {
	for _, place := range []string{"the stream of the call", "the stream of its own"} {
		t.Run(place, func(t *testing.T) {
			asked, answered := make(chan struct{}), make(chan string, 1)
			const question = `data: {"jsonrpc":"2.0","id":"q","method":"roots/list"}`
			s := &site{}
			s.post = func(w http.ResponseWriter, r *http.Request, id, method string, params object) {
				if method == "" {
					answered <- string(params["result"])
					return
				}
				event(w, ": open")
				if place == "the stream of the call" {
					event(w, question)
				} else {
					close(asked)
				}
				select {
				case answer := <-answered:
					event(w, `data: {"jsonrpc":"2.0","id":`+id+`,"result":{"content":[],"structuredContent":`+answer+`}}`)
				case <-r.Context().Done():
				}
			}
			if place != "the stream of the call" {
				s.get = func(w http.ResponseWriter, r *http.Request) {
					event(w, ": open")
					select {
					case <-asked:
						event(w, question)
					case <-r.Context().Done():
					}
					<-r.Context().Done()
				}
			}
			c := s.connect(t, client.Options{Roots: func(context.Context) ([]mcptypes.Root, error) {
				return []mcptypes.Root{{URI: "file:///w"}}, nil
			}})
			r, err := c.CallTool(t.Context(), "x", nil)
			require.NoError(t, err)
			require.JSONEq(t, `{"roots":[{"uri":"file:///w"}]}`, r.StructuredContent.String())
		})
	}
}

func TestHTTPFailuresAreErrors(t *testing.T) {
	tests := []struct {
		name    string
		answer  func(w http.ResponseWriter, id string)
		wantErr string
	}{
		{"status", func(w http.ResponseWriter, _ string) { http.Error(w, "on fire", http.StatusBadGateway) }, `HTTP 502 Bad Gateway: "on fire`},
		{"refusal", func(w http.ResponseWriter, id string) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32001,"message":"mismatch"}}`, id)
		}, "mismatch (code -32001)"},
		{"content type", func(w http.ResponseWriter, _ string) { _, _ = io.WriteString(w, "<html>") }, `answer of the content type "text/html"`},
		{"accepted", func(w http.ResponseWriter, _ string) { w.WriteHeader(http.StatusAccepted) }, "HTTP 202 in answer to a request"},
		{"too long", func(w http.ResponseWriter, _ string) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, strings.Repeat(" ", 2<<20))
		}, "over the limit of 1048576 bytes"},
		{"too long an event", func(w http.ResponseWriter, _ string) { event(w, "data: "+strings.Repeat("x", 2<<20)) }, "over the limit of 1048576 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &site{post: func(w http.ResponseWriter, _ *http.Request, id, _ string, _ object) { tt.answer(w, id) }}
			c := s.connect(t, client.Options{Limits: jsonrpc.Limits{MaxMessage: 1 << 20}})
			require.ErrorContains(t, c.Ping(t.Context()), tt.wantErr)
			require.NoError(t, c.Err(), "the session goes on")
		})
	}
	_, err := client.ConnectHTTP(t.Context(), client.HTTP{URL: "ftp://x"}, client.Options{})
	require.ErrorContains(t, err, "no HTTP URL")
}

func TestStatelessHeaders(t *testing.T) {
	tools := `{"resultType":"complete","ttlMs":0,"cacheScope":"private","tools":[
		{"name":"größe","inputSchema":{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},"n":{"type":"integer","x-mcp-header":"N"},"other":{"type":"string"}}}},
		{"name":"bad","inputSchema":{"type":"object","properties":{"a":{"type":"string","x-mcp-header":"A B"}}}}]}`
	s := &site{post: func(w http.ResponseWriter, _ *http.Request, id, method string, _ object) {
		switch method {
		case "server/discover":
			result(w, json.RawMessage(id), discovered)
		case "tools/list":
			result(w, json.RawMessage(id), tools)
		default:
			result(w, json.RawMessage(id), `{"resultType":"complete","content":[]}`)
		}
	}}
	c := s.connect(t, client.Options{Revisions: []string{client.Stateless}})
	var names []string
	for tool, err := range c.Tools(t.Context()) {
		require.NoError(t, err)
		names = append(names, tool.Name)
	}
	require.Equal(t, []string{"größe"}, names)
	_, err := c.CallTool(t.Context(), "größe", map[string]any{"region": " x", "n": 7, "other": "y"})
	require.NoError(t, err)
	h := s.headers[len(s.headers)-1]
	require.Equal(t, "2026-07-28", h.Get("MCP-Protocol-Version"))
	require.Equal(t, "tools/call", h.Get("Mcp-Method"))
	require.Equal(t, "=?base64?Z3LDtsOfZQ==?=", h.Get("Mcp-Name"))
	require.Equal(t, "=?base64?IHg=?=", h.Get("Mcp-Param-Region"))
	require.Equal(t, "7", h.Get("Mcp-Param-N"))
	require.Empty(t, h.Get("Mcp-Param-Other"))
}
