package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
)

// site serves s over HTTP until the test ends.
func site(t testing.TB, s *server.Server, o *server.HTTPOptions) (*httptest.Server, *server.HTTP) {
	t.Helper()
	h := server.HTTPHandler(s, o)
	web := httptest.NewServer(h)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(t, h.Close(ctx))
		web.CloseClientConnections()
		web.Close()
	})
	return web, h
}

// a reply is an HTTP response and what was in it.
type reply struct {
	*http.Response
	body string
}

// post sends a message with headers given as pairs.
func post(t testing.TB, web *httptest.Server, body string, headers ...string) reply {
	t.Helper()
	resp := start(t, web, http.MethodPost, body, headers...)
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return reply{resp, string(data)}
}

func start(t testing.TB, web *httptest.Server, method, body string, headers ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, web.URL, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	for i := 0; i < len(headers); i += 2 {
		switch name, value := headers[i], headers[i+1]; {
		case name == "Host":
			req.Host = value
		case value == "":
			req.Header.Del(name)
		default:
			req.Header.Set(name, value)
		}
	}
	client := web.Client()
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	require.NoError(t, err)
	return resp
}

// initialize opens a session and returns its id.
func initialize(t testing.TB, web *httptest.Server, revision, capabilities string, headers ...string) string {
	t.Helper()
	r := post(t, web, `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"`+revision+`","capabilities":`+capabilities+
		`,"clientInfo":{"name":"t","version":"1"}}}`, headers...)
	require.Equal(t, http.StatusOK, r.StatusCode, r.body)
	id := r.Header.Get("Mcp-Session-Id")
	require.NotEmpty(t, id)
	return id
}

// an event is one of a stream.
type event struct{ id, data string }

// events reads the events of a stream that have data.
func events(t testing.TB, body io.Reader, n int) []event {
	t.Helper()
	var out []event
	var e event
	lines := bufio.NewScanner(body)
	for len(out) < n && lines.Scan() {
		switch line := lines.Text(); {
		case strings.HasPrefix(line, "id: "):
			e.id = line[4:]
		case strings.HasPrefix(line, "data: "):
			e.data = line[6:]
		case line == "":
			if e.data != "" {
				out = append(out, e)
			}
			e = event{}
		}
	}
	require.Len(t, out, n)
	return out
}

// chatty is a server whose tools talk while they run.
func chatty(t testing.TB) *server.Server {
	t.Helper()
	s := rich(t, nil)
	require.NoError(t, server.AddTool(s, mcptypes.Tool{Name: "count"}, func(ctx context.Context, in struct {
		N int `json:"n"`
	}) (string, error) {
		for i := range in.N {
			if err := server.Progress(ctx, float64(i), nil, ""); err != nil {
				return "", err
			}
		}
		return "counted", nil
	}))
	require.NoError(t, server.AddTool(s, mcptypes.Tool{Name: "roots"}, func(ctx context.Context, _ struct{}) (string, error) {
		roots, err := server.Roots(ctx)
		return fmt.Sprint(len(roots)), err
	}))
	return s
}

func TestHTTPAnswersAreJSONWhereNothingElseIsToSay(t *testing.T) {
	web, _ := site(t, chatty(t), nil)
	id := initialize(t, web, "2025-06-18", `{}`)
	r := post(t, web, `{"jsonrpc":"2.0","method":"notifications/initialized"}`, "Mcp-Session-Id", id)
	require.Equal(t, http.StatusAccepted, r.StatusCode)
	require.Empty(t, r.body)
	r = post(t, web, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"sum","arguments":{"a":1,"b":2}}}`, "Mcp-Session-Id", id)
	require.Equal(t, "application/json", r.Header.Get("Content-Type"))
	validatorOf(t, "2025-06-18").check(t, "tools/call", []byte(r.body))
	require.Contains(t, r.body, `"sum":3`)
}

func TestHTTPNotificationsComeBeforeTheAnswerInOrder(t *testing.T) {
	web, _ := site(t, chatty(t), nil)
	for _, revision := range handshakes {
		id := initialize(t, web, revision, `{}`)
		resp := start(t, web, http.MethodPost, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"count","arguments":{"n":50},"_meta":{"progressToken":"p"}}}`, "Mcp-Session-Id", id)
		require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
		for i, e := range events(t, resp.Body, 51) {
			validatorOf(t, revision).check(t, "tools/call", []byte(e.data))
			if i < 50 {
				require.Contains(t, e.data, fmt.Sprintf(`"progress":%d`, i))
			} else {
				require.Contains(t, e.data, "counted")
			}
		}
		require.NoError(t, resp.Body.Close())
	}
}

func TestHTTPServerAsksDuringACall(t *testing.T) {
	web, _ := site(t, chatty(t), nil)
	id := initialize(t, web, "2025-06-18", `{"roots":{}}`)
	resp := start(t, web, http.MethodPost, `{"jsonrpc":"2.0","id":"x","method":"tools/call","params":{"name":"roots"}}`, "Mcp-Session-Id", id)
	asked := events(t, resp.Body, 1)
	require.Contains(t, asked[0].data, "roots/list")
	r := post(t, web, `{"jsonrpc":"2.0","id":1,"result":{"roots":[{"uri":"file:///a"}]}}`, "Mcp-Session-Id", id)
	require.Equal(t, http.StatusAccepted, r.StatusCode)
	rest, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Contains(t, string(rest), `"text":"1"`)
}

func TestHTTPSessionsEndAndBelongToSomebody(t *testing.T) {
	web, _ := site(t, chatty(t), &server.HTTPOptions{Owner: func(r *http.Request) string { return r.Header.Get("X-User") }})
	id := initialize(t, web, "2025-06-18", `{}`, "X-User", "ada")
	ping := `{"jsonrpc":"2.0","id":1,"method":"ping"}`
	require.Equal(t, http.StatusOK, post(t, web, ping, "Mcp-Session-Id", id, "X-User", "ada").StatusCode)
	require.Equal(t, http.StatusNotFound, post(t, web, ping, "Mcp-Session-Id", id, "X-User", "eve").StatusCode)
	require.Equal(t, http.StatusNotFound, post(t, web, ping, "Mcp-Session-Id", "guess").StatusCode)
	for _, want := range []int{http.StatusNoContent, http.StatusNotFound} {
		resp := start(t, web, http.MethodDelete, "", "Mcp-Session-Id", id, "X-User", "ada")
		require.NoError(t, resp.Body.Close())
		require.Equal(t, want, resp.StatusCode)
	}
	require.Equal(t, http.StatusNotFound, post(t, web, ping, "Mcp-Session-Id", id, "X-User", "ada").StatusCode)
}

func TestHTTPRefusesWhatIsNotForIt(t *testing.T) {
	web, _ := site(t, chatty(t), &server.HTTPOptions{MaxBody: 100 << 10, AllowedOrigins: []string{"https://app.example.com"}})
	id := initialize(t, web, "2025-06-18", `{}`)
	ping := `{"jsonrpc":"2.0","id":1,"method":"ping"}`
	tests := []struct {
		name, body string
		want       int
		headers    []string
	}{
		{"fine", ping, 200, nil},
		{"type", ping, 415, []string{"Content-Type", "text/plain"}},
		{"no type", ping, 415, []string{"Content-Type", ""}},
		{"charset", ping, 200, []string{"Content-Type", "application/json; charset=UTF-8"}},
		{"other charset", ping, 415, []string{"Content-Type", "application/json; charset=latin1"}},
		{"accept json", ping, 406, []string{"Accept", "application/json"}},
		{"accept events", ping, 406, []string{"Accept", "text/event-stream"}},
		{"accept anything", ping, 200, []string{"Accept", "*/*"}},
		{"accept no events", ping, 406, []string{"Accept", "application/json, text/event-stream;q=0"}},
		{"body", `"` + strings.Repeat("x", 200<<10) + `"`, 413, nil},
		{"no JSON", `{`, 400, nil},
		{"no message", `7`, 400, nil},
		{"batch", `[` + ping + `]`, 400, nil},
		{"revision", ping, 400, []string{"Mcp-Protocol-Version", "1999-01-01"}},
		{"own revision", ping, 200, []string{"Mcp-Protocol-Version", "2025-06-18"}},
		{"no session", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, 400, []string{"Mcp-Session-Id", ""}},
		{"origin", ping, 403, []string{"Origin", "https://evil.example"}},
		{"own origin", ping, 200, []string{"Origin", "https://app.example.com"}},
		{"own origin, other scheme", ping, 403, []string{"Origin", "http://app.example.com"}},
		{"own origin, other port", ping, 403, []string{"Origin", "https://app.example.com:444"}},
		{"local origin", ping, 200, []string{"Origin", "http://localhost:6274"}},
		{"local origin in mixed case", ping, 200, []string{"Origin", "HTTP://LocalHost:6274"}},
		{"local IPv6 origin", ping, 200, []string{"Origin", "http://[::1]:6274"}},
		{"origin with a port that is a name", ping, 403, []string{"Origin", "http://127.0.0.1:evil.com"}},
		{"origin that begins as a local one", ping, 403, []string{"Origin", "http://127.0.0.1.evil.com"}},
		{"origin with a user", ping, 403, []string{"Origin", "http://localhost@evil.com"}},
		{"IPv6 origin elsewhere", ping, 403, []string{"Origin", "http://[2001:db8::1]"}},
		{"null origin", ping, 403, []string{"Origin", "null"}},
		{"path in origin", ping, 403, []string{"Origin", "http://localhost/x"}},
		{"host", ping, 403, []string{"Host", "evil.example"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := post(t, web, tt.body, append([]string{"Mcp-Session-Id", id}, tt.headers...)...)
			require.Equal(t, tt.want, r.StatusCode, r.body)
		})
	}
	for method, want := range map[string]int{http.MethodPut: 405, http.MethodOptions: 204, http.MethodGet: 400, http.MethodDelete: 400} {
		resp := start(t, web, method, "")
		require.NoError(t, resp.Body.Close())
		require.Equal(t, want, resp.StatusCode)
	}
}

func TestHosts(t *testing.T) {
	h := server.HTTPHandler(chatty(t), &server.HTTPOptions{AllowedHosts: []string{"mcp.example.com", "other.example.com:8443"}})
	at := func(local string) context.Context {
		address, err := net.ResolveTCPAddr("tcp", local)
		require.NoError(t, err)
		return context.WithValue(t.Context(), http.LocalAddrContextKey, net.Addr(address))
	}
	tests := []struct {
		host, local string
		want        bool
	}{
		{"127.0.0.1:8080", "127.0.0.1:8080", true},
		{"127.0.0.1", "127.0.0.1:8080", true},
		{"127.0.0.2:1", "127.0.0.1:8080", true},
		{"localhost:8080", "127.0.0.1:8080", true},
		{"LocalHost:8080", "127.0.0.1:8080", true},
		{"localhost.:8080", "127.0.0.1:8080", true},
		{"[::1]:8080", "[::1]:8080", true},
		{"[::1]", "127.0.0.1:8080", true},
		{"[::ffff:127.0.0.1]:80", "127.0.0.1:8080", true},
		{"MCP.Example.com", "127.0.0.1:8080", true},
		{"mcp.example.com:9", "127.0.0.1:8080", true},
		{"other.example.com:8443", "127.0.0.1:8080", true},
		{"other.example.com", "127.0.0.1:8080", false},
		{"127.0.0.1:evil.com", "127.0.0.1:8080", false},
		{"127.0.0.1.evil.com", "127.0.0.1:8080", false},
		{"localhost.evil.com", "127.0.0.1:8080", false},
		{"evil.com:127.0.0.1", "127.0.0.1:8080", false},
		{"localhost@evil.com", "127.0.0.1:8080", false},
		{"evil.com#localhost", "127.0.0.1:8080", false},
		{"::1", "[::1]:8080", false},
		{"[::1", "[::1]:8080", false},
		{"[::1]evil", "[::1]:8080", false},
		{"[::1%25lo]:80", "[::1]:8080", false},
		{"[127.0.0.1]", "127.0.0.1:8080", false},
		{"localhost:", "127.0.0.1:8080", false},
		{"localhost:99999", "127.0.0.1:8080", false},
		{"", "127.0.0.1:8080", false},
		{"192.0.2.1:8080", "127.0.0.1:8080", false},
		{"192.0.2.1:8080", "192.0.2.1:8080", true},
		{"192.0.2.2:8080", "192.0.2.1:8080", false},
		{"localhost:8080", "192.0.2.1:8080", false},
		{"evil.com", "192.0.2.1:8080", false},
	}
	for _, tt := range tests {
		t.Run(tt.host+" at "+tt.local, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"ping"}`)).WithContext(at(tt.local))
			r.Host = tt.host
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Accept", "*/*")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			require.Equal(t, tt.want, w.Code == http.StatusOK, "%d %s", w.Code, w.Body)
		})
	}
}

func TestHTTPStandaloneStreamAndResumption(t *testing.T) {
	s := chatty(t)
	web, _ := site(t, s, nil)
	id := initialize(t, web, "2025-11-25", `{}`)
	stream := func(headers ...string) *http.Response {
		resp := start(t, web, http.MethodGet, "", append([]string{"Mcp-Session-Id", id}, headers...)...)
		require.Equal(t, http.StatusOK, resp.StatusCode)
		return resp
	}
	first := stream()
	require.True(t, s.RemoveTool("all"))
	got := events(t, first.Body, 1)
	require.Contains(t, got[0].data, "tools/list_changed")
	require.NoError(t, first.Body.Close())
	require.True(t, s.RemovePrompt("p"))
	second := stream("Last-Event-ID", got[0].id)
	got = append(got, events(t, second.Body, 1)...)
	require.Contains(t, got[1].data, "prompts/list_changed")
	third := stream("Last-Event-ID", got[0].id) // again, while another reads
	require.Equal(t, got[1], events(t, third.Body, 1)[0])
	_, err := io.ReadAll(second.Body) // it has been replaced
	require.NoError(t, err)
	require.NoError(t, third.Body.Close())
	for _, bad := range []string{"x", "99-1", "0-", "-"} {
		resp := start(t, web, http.MethodGet, "", "Mcp-Session-Id", id, "Last-Event-ID", bad)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusBadRequest, resp.StatusCode)
	}
}

func TestHTTPAnswerIsFetchedAfterACut(t *testing.T) {
	s := chatty(t)
	gate := make(chan struct{})
	require.NoError(t, server.AddTool(s, mcptypes.Tool{Name: "later"}, func(ctx context.Context, in struct {
		Close bool `json:"close"`
	}) (string, error) {
		if in.Close && !server.CloseStream(ctx) {
			return "", fmt.Errorf("no stream to close")
		}
		if err := server.Progress(ctx, 1, nil, ""); err != nil {
			return "", err
		}
		<-gate
		return "at last", nil
	}))
	web, _ := site(t, s, nil)
	for _, revision := range []string{"2025-03-26", "2025-11-25"} {
		for _, closes := range []bool{false, true} {
			if closes && revision != "2025-11-25" {
				continue
			}
			id := initialize(t, web, revision, `{}`)
			ctx, cut := context.WithCancel(t.Context())
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, web.URL, strings.NewReader(fmt.Sprintf(
				`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"later","arguments":{"close":%v},"_meta":{"progressToken":1}}}`, closes)))
			require.NoError(t, err)
			req.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"*/*"}, "Mcp-Session-Id": {id}}
			resp, err := web.Client().Do(req)
			require.NoError(t, err)
			var last string
			if closes {
				body, err := io.ReadAll(resp.Body) // ends before the answer
				require.NoError(t, err)
				_, after, _ := strings.Cut(string(body), "id: ")
				last, _, _ = strings.Cut(after, "\n")
			} else {
				last = events(t, resp.Body, 1)[0].id
			}
			cut()
			require.NoError(t, resp.Body.Close())
			again := start(t, web, http.MethodGet, "", "Mcp-Session-Id", id, "Last-Event-ID", last)
			gate <- struct{}{}
			rest, err := io.ReadAll(again.Body)
			require.NoError(t, err)
			require.NoError(t, again.Body.Close())
			require.Contains(t, string(rest), "at last")
			require.Equal(t, closes, strings.Contains(string(rest), "progress"))
		}
	}
}

func TestHTTPBatches(t *testing.T) {
	web, _ := site(t, chatty(t), nil)
	id := initialize(t, web, "2025-03-26", `{}`)
	r := post(t, web, `[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"notifications/initialized"},{"jsonrpc":"2.0","id":2,"method":"nope"}]`, "Mcp-Session-Id", id)
	require.Equal(t, http.StatusOK, r.StatusCode)
	var answers []json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(r.body), &answers))
	require.Len(t, answers, 2)
}

const modernMeta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`

func TestHTTPHeadersSayWhatTheMessageSays(t *testing.T) {
	s := chatty(t)
	require.NoError(t, s.AddRawTool(mcptypes.Tool{Name: "région", InputSchema: raw(t, `{"type":"object","properties":{
		"region":{"type":"string","x-mcp-header":"Region"},"in":{"properties":{"n":{"type":"integer","x-mcp-header":"N"}}}}}`)},
		func(context.Context, mcptypes.CallToolParams) (mcptypes.CallToolResult, error) {
			return server.TextResult("ran"), nil
		}))
	web, _ := site(t, s, nil)
	list := `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{` + modernMeta + `}}`
	call := func(arguments string) string {
		return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"région","arguments":` + arguments + `,` + modernMeta + `}}`
	}
	const name = "=?base64?csOpZ2lvbg==?="
	tests := []struct {
		name, body string
		status     int
		code       string
		headers    []string
	}{
		{"fine", list, 200, "", nil},
		{"no version", list, 400, "-32020", []string{"Mcp-Protocol-Version", ""}},
		{"older version", list, 400, "-32020", []string{"Mcp-Protocol-Version", "2025-06-18"}},
		{"unknown version", strings.Replace(list, "2026-07-28", "2031-01-01", 1), 400, "-32022", []string{"Mcp-Protocol-Version", "2031-01-01"}},
		{"no method", list, 400, "-32020", []string{"Mcp-Method", ""}},
		{"other method", list, 400, "-32020", []string{"Mcp-Method", "Tools/List"}},
		{"no meta", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, 400, "-32602", nil},
		{"gone", strings.Replace(list, "tools/list", "ping", 1), 404, "-32601", []string{"Mcp-Method", "ping"}},
		{"unknown", strings.Replace(list, "tools/list", "nope", 1), 404, "-32601", []string{"Mcp-Method", "nope"}},
		{"session is ignored", list, 200, "", []string{"Mcp-Session-Id", "x"}},
		{"call", call(`{}`), 200, "", []string{"Mcp-Method", "tools/call", "Mcp-Name", name}},
		{"call without name", call(`{}`), 400, "-32020", []string{"Mcp-Method", "tools/call"}},
		{"call with another name", call(`{}`), 400, "-32020", []string{"Mcp-Method", "tools/call", "Mcp-Name", "other"}},
		{"argument", call(`{"region":"a"}`), 200, "", []string{"Mcp-Method", "tools/call", "Mcp-Name", name, "Mcp-Param-Region", "a"}},
		{"argument missing in headers", call(`{"region":"a"}`), 400, "-32020", []string{"Mcp-Method", "tools/call", "Mcp-Name", name}},
		{"argument differs", call(`{"region":"a"}`), 400, "-32020", []string{"Mcp-Method", "tools/call", "Mcp-Name", name, "Mcp-Param-Region", "b"}},
		{"bad base64", call(`{"region":"a"}`), 400, "-32020", []string{"Mcp-Method", "tools/call", "Mcp-Name", name, "Mcp-Param-Region", "=?base64?YQ?="}},
		{"literal", call(`{"region":"=?base64?x"}`), 200, "", []string{"Mcp-Method", "tools/call", "Mcp-Name", name, "Mcp-Param-Region", "=?base64?x"}},
		{"nested number", call(`{"in":{"n":42}}`), 200, "", []string{"Mcp-Method", "tools/call", "Mcp-Name", name, "Mcp-Param-N", "42.0"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := post(t, web, tt.body, append([]string{"Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/list"}, tt.headers...)...)
			require.Equal(t, tt.status, r.StatusCode, r.body)
			require.Contains(t, r.body, tt.code)
			require.Empty(t, r.Header.Get("Mcp-Session-Id"))
		})
	}
}

func TestHTTPListenEndsWithTheServer(t *testing.T) {
	s := chatty(t)
	web, h := site(t, s, nil)
	resp := start(t, web, http.MethodPost, `{"jsonrpc":"2.0","id":"L","method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},`+modernMeta+`}}`,
		"Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", "subscriptions/listen")
	validator := validatorOf(t, "2026-07-28")
	validator.check(t, "", []byte(events(t, resp.Body, 1)[0].data))
	require.True(t, s.RemoveTool("all"))
	validator.check(t, "", []byte(events(t, resp.Body, 1)[0].data))
	require.NoError(t, h.Close(t.Context()))
	validator.check(t, "subscriptions/listen", []byte(events(t, resp.Body, 1)[0].data))
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusServiceUnavailable, post(t, web, `{}`).StatusCode)
}

func TestHTTPCutCancelsAStatelessRequest(t *testing.T) {
	s := chatty(t)
	ended := make(chan struct{})
	require.NoError(t, server.AddTool(s, mcptypes.Tool{Name: "wait"}, func(ctx context.Context, _ struct{}) (string, error) {
		if err := server.Progress(ctx, 1, nil, ""); err != nil {
			return "", err
		}
		<-ctx.Done()
		close(ended)
		return "", nil
	}))
	web, _ := site(t, s, nil)
	resp := start(t, web, http.MethodPost, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait",`+
		strings.Replace(modernMeta, `{"io`, `{"progressToken":1,"io`, 1)+`}}`,
		"Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "wait")
	events(t, resp.Body, 1)
	require.NoError(t, resp.Body.Close())
	<-ended
}

// TestHTTPAbandonedSessions opens far more sessions than are kept, one of which
// is in use meanwhile.
func TestHTTPAbandonedSessions(t *testing.T) {
	count := 20000
	if testing.Short() {
		count = 3000
	}
	h := server.HTTPHandler(chatty(t), &server.HTTPOptions{MaxSessions: 1000})
	serve := func(body, id string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader(body))
		r.Host = "localhost"
		r.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"*/*"}}
		if id != "" {
			r.Header.Set("Mcp-Session-Id", id)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	opening := `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`
	used := serve(opening, "").Header().Get("Mcp-Session-Id")
	memory := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	empty, full := memory(), uint64(0)
	for i := range count {
		require.Equal(t, http.StatusOK, serve(opening, "").Code)
		if i%500 == 0 {
			require.Equal(t, http.StatusOK, serve(`{"jsonrpc":"2.0","id":1,"method":"ping"}`, used).Code)
		}
		if i == 1500 {
			full = memory()
		}
	}
	require.Less(t, full-empty, uint64(1000*10<<10), "a held session takes too much")
	require.Less(t, memory(), full+2<<20)
	require.Less(t, runtime.NumGoroutine(), 100)
	require.NoError(t, h.Close(t.Context()))
}

func TestHTTPIdleSessionsEnd(t *testing.T) {
	web, _ := site(t, chatty(t), &server.HTTPOptions{SessionIdle: 10 * time.Millisecond})
	id := initialize(t, web, "2025-06-18", `{}`)
	require.Eventually(t, func() bool {
		resp := start(t, web, http.MethodDelete, "", "Mcp-Session-Id", id)
		return resp.Body.Close() == nil && resp.StatusCode == http.StatusNotFound
	}, 10*time.Second, 50*time.Millisecond)
}

// TestHTTPBlackHoles has a client that sends half a body and one that reads nothing.
func TestHTTPBlackHoles(t *testing.T) {
	s := chatty(t)
	failed := make(chan error, 1)
	require.NoError(t, server.AddTool(s, mcptypes.Tool{Name: "flood"}, func(ctx context.Context, _ struct{}) (string, error) {
		text := strings.Repeat("x", 1<<20)
		for {
			if err := server.Progress(ctx, 1, nil, text); err != nil || ctx.Err() != nil {
				failed <- err
				return "", err
			}
		}
	}))
	web, _ := site(t, s, &server.HTTPOptions{ReadTimeout: 50 * time.Millisecond, WriteTimeout: 100 * time.Millisecond})
	dial := func(text string) net.Conn {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", web.Listener.Addr().String())
		require.NoError(t, err)
		_, err = io.WriteString(conn, text)
		require.NoError(t, err)
		return conn
	}
	head := "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: */*\r\n"
	half := dial(head + "Content-Length: 100\r\n\r\n{")
	answer, err := io.ReadAll(half)
	require.NoError(t, err)
	require.Contains(t, string(answer), "400 Bad Request")
	require.NoError(t, half.Close())
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"flood",` + strings.Replace(modernMeta, `{"io`, `{"progressToken":1,"io`, 1) + `}}`
	deaf := dial(head + fmt.Sprintf("Mcp-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: flood\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
	require.Error(t, <-failed)
	require.NoError(t, deaf.Close())
}

func TestHTTPManyAtOnce(t *testing.T) {
	s := chatty(t)
	web, _ := site(t, s, nil)
	var wg sync.WaitGroup
	for _, revision := range []string{"2025-06-18", "2025-11-25"} {
		id := initialize(t, web, revision, `{}`)
		for i := range 8 {
			wg.Go(func() {
				for j := range 20 {
					r := post(t, web, fmt.Sprintf(`{"jsonrpc":"2.0","id":"%d-%d","method":"tools/call","params":{"name":"count","arguments":{"n":3},"_meta":{"progressToken":"x"}}}`, i, j), "Mcp-Session-Id", id)
					if !strings.Contains(r.body, "counted") {
						t.Error(r.body)
					}
				}
			})
		}
	}
	wg.Wait()
}

func TestListenHTTP(t *testing.T) {
	require.ErrorContains(t, server.ListenHTTP(t.Context(), chatty(t), server.ListenOptions{Address: "0.0.0.0:0"}), "without a token")
	ctx, cancel := context.WithCancel(t.Context())
	urls, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- server.ListenHTTP(ctx, chatty(t), server.ListenOptions{Token: "secret", Ready: func(url string) { urls <- url }})
	}()
	web := &httptest.Server{URL: <-urls}
	for token, want := range map[string]int{"": 401, "Bearer other": 401, "Basic secret": 401, "Bearer secret": 200, "bearer secret": 200} {
		r := post(t, web, `{"jsonrpc":"2.0","id":1,"method":"ping"}`, "Authorization", token)
		require.Equal(t, want, r.StatusCode, token)
	}
	http.DefaultClient.CloseIdleConnections()
	cancel()
	require.NoError(t, <-ended)
}
