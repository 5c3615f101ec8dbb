package mcpclient

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex"
	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/codex/model"
	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/mcptypes"
)

// entry is a fake server as a configuration has it.
func entry(t *testing.T, name, mode string) config.MCPServer {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	return config.MCPServer{Name: name, Command: program, Env: map[string]string{
		fakeVariable: mode, "ONCE": filepath.Join(t.TempDir(), "once"), "SECRET": "given",
	}}
}

// start starts a pool that must come up whole.
func start(t *testing.T, o Options, servers ...config.MCPServer) *Pool {
	t.Helper()
	p, errs := New(t.Context(), servers, o)
	t.Cleanup(p.Close)
	require.Empty(t, errs)
	return p
}

func names(p *Pool) []string {
	var all []string
	for _, spec := range p.Specs() {
		all = append(all, spec.(model.FunctionTool).Name)
	}
	return all
}

// call calls a tool and returns what the model sees, and the last event.
func call(t *testing.T, p *Pool, name, arguments string) (string, mcpprotocol.EventMsg) {
	t.Helper()
	var events []mcpprotocol.EventMsg
	output, known := p.Call(t.Context(), codex.ToolCall{Name: name, CallID: "c", Arguments: arguments,
		Emit: func(msg mcpprotocol.EventMsg) { events = append(events, msg) }})
	require.True(t, known, name)
	if len(events) == 0 {
		return output, nil
	}
	require.Len(t, events, 2, "a call begins and ends")
	require.IsType(t, &mcpprotocol.MCPToolCallBeginEvent{}, events[0])
	for _, e := range events {
		_, err := e.(interface {
			AppendJSON([]byte) ([]byte, error)
		}).AppendJSON(nil)
		require.NoError(t, err)
	}
	return output, events[1]
}

func TestEdge53AllPagesAreListed(t *testing.T) {
	p := start(t, Options{}, entry(t, "b", "normal"), entry(t, "a", "normal"))
	require.Equal(t, []string{"a__ask", "a__die", "a__dieOnce", "a__echo", "b__ask", "b__die", "b__dieOnce", "b__echo"}, names(p))
}

func TestCallEndsWithResult(t *testing.T) {
	p := start(t, Options{}, entry(t, "s", "normal"))
	output, end := call(t, p, "s__echo", `{"text":"hi"}`)
	require.Equal(t, `[{"text":"hi","type":"text"}]`, output)
	require.IsType(t, &mcpprotocol.MCPToolCallOk{}, end.(*mcpprotocol.MCPToolCallEndEvent).Result)

	output, end = call(t, p, "s__echo", "")
	require.Equal(t, `[{"text":"","type":"text"}]`, output)
	require.Equal(t, "null", end.(*mcpprotocol.MCPToolCallEndEvent).Invocation.Arguments.String())

	output, end = call(t, p, "s__echo", `{"text`)
	require.Nil(t, end, "nothing was called")
	require.Contains(t, output, "the arguments of s__echo cannot be read")

	_, known := p.Call(t.Context(), codex.ToolCall{Name: "s__other"})
	require.False(t, known)
}

// Rough edge 53: the cause of an error reaches the model and the listeners.
func TestEdge53ErrorsHaveCauses(t *testing.T) {
	p := start(t, Options{}, entry(t, "s", "normal"))
	output, end := call(t, p, "s__echo", `{"text":"refuse"}`)
	require.Contains(t, output, "not today (code -32000)")
	refusal, ok := end.(*mcpprotocol.MCPToolCallEndEvent).Result.(*mcpprotocol.MCPToolCallErr)
	require.True(t, ok)
	require.Equal(t, output, refusal.Err)
}

// Rough edge 52: neither a silent server nor one that dies is waited for.
func TestEdge52CallOfDeadOrSilentServerEnds(t *testing.T) {
	p := start(t, Options{CallTimeout: 300 * time.Millisecond}, entry(t, "s", "normal"))
	output, _ := call(t, p, "s__echo", `{"text":"silence"}`)
	require.Contains(t, output, "no answer within 300ms")

	p = start(t, Options{}, entry(t, "s", "normal"))
	output, _ = call(t, p, "s__die", "")
	require.Contains(t, output, "exit status 4")
	require.Contains(t, output, "out of memory", "its last words")
	output, _ = call(t, p, "s__echo", `{"text":"hi"}`)
	require.Contains(t, output, "not started again before", "a server that dies is left alone for a moment")
	require.Eventually(t, func() bool {
		output, _ = call(t, p, "s__echo", `{"text":"hi"}`)
		return output == `[{"text":"hi","type":"text"}]`
	}, 20*time.Second, 50*time.Millisecond)
}

func TestIdempotentCallIsRepeated(t *testing.T) {
	p := start(t, Options{}, entry(t, "s", "normal"))
	output, _ := call(t, p, "s__dieOnce", `{"text":"hi"}`)
	require.Equal(t, `[{"text":"hi","type":"text"}]`, output)
}

// Rough edge 54: what a server asks is answered, if only with a refusal.
func TestEdge54RequestsOfServerAreAnswered(t *testing.T) {
	p := start(t, Options{}, entry(t, "s", "normal"))
	output, _ := call(t, p, "s__ask", "")
	require.Contains(t, output, `\"id\":\"a\",\"result\":{}`)
	require.Contains(t, output, `-32601`)

	p = start(t, Options{Elicit: func(context.Context, string, mcptypes.ElicitParams) (mcptypes.ElicitResult, error) {
		return mcptypes.ElicitResult{Action: mcptypes.ElicitActionDecline}, nil
	}}, entry(t, "s", "normal"))
	output, _ = call(t, p, "s__ask", "")
	require.Contains(t, output, "decline")
}

func TestListIsRefreshed(t *testing.T) {
	p := start(t, Options{}, entry(t, "s", "normal"))
	call(t, p, "s__echo", `{"text":"change"}`)
	require.Eventually(t, func() bool { return strings.Join(names(p), " ") == "s__die s__echo s__new" }, 20*time.Second, 5*time.Millisecond)
}

func TestServersGetOnlyTheEnvironmentTheyNeed(t *testing.T) {
	p := start(t, Options{Environ: []string{"PATH=/bin", "LANG=C", "AWS_SECRET=hush"}}, entry(t, "s", "normal"))
	output, _ := call(t, p, "s__echo", `{"text":"environment"}`)
	require.Contains(t, output, "PATH=/bin")
	require.Contains(t, output, "SECRET=given")
	require.NotContains(t, output, "hush")
}

// Rough edge 16, as far as a pool goes: a broken server costs its own tools.
func TestEdge16BrokenServerCostsOnlyItsTools(t *testing.T) {
	p, errs := New(t.Context(), []config.MCPServer{
		entry(t, "bad name", "normal"), entry(t, "good", "normal"), {Name: "missing", Command: "/nope/missing"}, entry(t, "exits", "exits"),
	}, Options{})
	t.Cleanup(p.Close)
	require.Equal(t, []string{"good__ask", "good__die", "good__dieOnce", "good__echo"}, names(p))
	require.Len(t, errs, 3)
	require.ErrorContains(t, errs[0], `MCP server "bad name": a name may only have`)
	require.ErrorContains(t, errs[1], `MCP server "missing": start "/nope/missing"`)
	require.ErrorContains(t, errs[2], "no licence found")
}

func TestHostileServers(t *testing.T) {
	tests := []struct {
		mode    string
		wantErr string // of the start; empty means that the server is of use
	}{
		{"mute", "no answer within"},
		{"twice", ""},
		{"wrong ids", "2 responses of the server had ids that nobody waited for"},
		{"floods", ""},
		{"floods for ever", "no answer within"},
		{"floods stderr", ""},
		{"closes mid-line", "connection closed by the peer"},
		{"huge line", "1 lines from the server were no messages"},
		{"deep nesting", "nest"},
		{"invalid UTF-8", "1 lines from the server were no messages"},
		{"changing", `the server gives the cursor "again" twice`},
		{"exits", "exit status 3; stderr: no licence found"},
		{"forks", "server ended: exit status 0"},
		{"logs to stdout", ""},
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	for _, tt := range tests {
		t.Run(tt.mode, func(t *testing.T) {
			c := entry(t, "s", tt.mode)
			c.Env["LISTENER"] = listener.Addr().String()
			if strings.HasPrefix(tt.wantErr, "no answer") || strings.Contains(tt.wantErr, "lines from") || tt.mode == "wrong ids" {
				c.StartupTimeout = time.Second // these are found out by waiting
			}
			began := time.Now()
			p, errs := New(t.Context(), []config.MCPServer{c, entry(t, "other", "normal")}, Options{CallTimeout: 10 * time.Second})
			defer p.Close()
			require.Less(t, time.Since(began), 9*time.Second)
			output, _ := call(t, p, "other__echo", `{"text":"hi"}`)
			require.Equal(t, `[{"text":"hi","type":"text"}]`, output, "nobody else is touched")
			if tt.wantErr == "" {
				require.Empty(t, errs)
				output, _ = call(t, p, "s__echo", `{"text":"hi"}`)
				require.Equal(t, `[{"text":"hi","type":"text"}]`, output)
				return
			}
			require.Len(t, errs, 1)
			require.ErrorContains(t, errs[0], tt.wantErr)
		})
	}
	if left := leaked(); left != "" {
		t.Fatalf("goroutines are left:\n%s", left)
	}
}

// The same in the course of a call: it ends with an error that says what is
// wrong, or with the answer, and the server's other calls and other servers go on.
func TestHostileAnswersToCalls(t *testing.T) {
	tests := []struct{ mode, want string }{
		{"mute", "no answer within 2s"},
		{"twice", "[]"},
		{"wrong ids", "no answer within 2s"},
		{"floods", "[]"},
		{"floods for ever", "no answer within 2s"},
		{"floods stderr", "[]"},
		{"closes mid-line", "connection closed by the peer"},
		{"huge line", "1 lines from the server were no messages"},
		{"deep nesting", "nest"},
		{"invalid UTF-8", "invalid UTF-8"},
		{"logs to stdout", "[]"},
	}
	for _, tt := range tests {
		t.Run(tt.mode, func(t *testing.T) {
			before := openFiles(t)
			p, errs := New(t.Context(), []config.MCPServer{entry(t, "s", "normal"), entry(t, "other", "normal")}, Options{CallTimeout: 2 * time.Second})
			defer p.Close()
			require.Empty(t, errs)
			var memory runtime.MemStats
			runtime.ReadMemStats(&memory)
			allocated := memory.TotalAlloc
			output, _ := call(t, p, "s__echo", `{"text":"hostile: `+tt.mode+`"}`)
			require.Contains(t, output, tt.want)
			runtime.ReadMemStats(&memory)
			if tt.mode == "huge line" {
				require.Less(t, memory.TotalAlloc-allocated, uint64(hugeLine/2), "what is too long is not kept")
			}
			output, _ = call(t, p, "other__echo", `{"text":"hi"}`)
			require.Equal(t, `[{"text":"hi","type":"text"}]`, output, "nobody else is touched")
			p.Close()
			require.Eventually(t, func() bool { return openFiles(t) <= before }, 10*time.Second, 5*time.Millisecond, "files are left open")
		})
	}
	if left := leaked(); left != "" {
		t.Fatalf("goroutines are left:\n%s", left)
	}
}

// openFiles is how many files this process has open.
func openFiles(t *testing.T) int {
	t.Helper()
	if runtime.GOOS != "linux" {
		return 0
	}
	files, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(files)
}

// leaked returns the stacks of our goroutines that do not end in time.
func leaked() string {
	buf := make([]byte, 1<<20)
	for deadline := time.Now().Add(10 * time.Second); ; runtime.Gosched() {
		var left []string
		for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			if strings.Contains(stack, "codexmcp/") && !strings.Contains(stack, "testing.tRunner(") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 || time.Now().After(deadline) {
			return strings.Join(left, "\n\n")
		}
	}
}

// What a server leaves behind when it ends, or is closed, ends too.
func TestProcessGroupEnds(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	c := entry(t, "s", "forks")
	c.Env["LISTENER"] = listener.Addr().String()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		_, _ = conn.Read(make([]byte, 1))
		_ = conn.Close()
	}()
	p, errs := New(t.Context(), []config.MCPServer{c}, Options{})
	p.Close()
	require.Len(t, errs, 1)
	_ = listener.Close() // it may not even have come so far
	select {
	case <-gone:
	case <-time.After(10 * time.Second):
		t.Fatal("a process was left behind")
	}
}
