package interop

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/client"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
)

// nodeVariable names a folder with the packages of node/package.json and the
// scripts beside it; .ci/interop.sh makes one.
const nodeVariable = "CODEXMCP_INTEROP_NODE"

// patience is how long anything may take.
const patience = 30 * time.Second

// node is a command that runs a program of node's.
func node(t *testing.T, script string, args ...string) *exec.Cmd {
	t.Helper()
	dir := os.Getenv(nodeVariable)
	require.NotEmpty(t, dir, "%s is not set: run .ci/interop.sh", nodeVariable)
	cmd := exec.Command(filepath.Join(dir, "node_modules/node/bin/node"), append([]string{script}, args...)...)
	cmd.Dir = dir
	return cmd
}

// program builds a program of this module.
func program(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), filepath.Base(dir))
	out, err := exec.Command("go", "build", "-o", path, dir).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return path
}

// A peer starts a server that others wrote, as a child or over HTTP.
type peer struct {
	name     string
	stdio    func(t *testing.T) *exec.Cmd
	http     func(t *testing.T) (url string)
	onePager bool // lists come in one page
}

// listening starts a server that prints its URL.
func listening(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	url, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(url)
}

func peers() []peer {
	ofGo := func(name, dir string) peer {
		return peer{
			name:  name,
			stdio: func(t *testing.T) *exec.Cmd { return exec.Command(program(t, dir)) },
			http:  func(t *testing.T) string { return listening(t, exec.Command(program(t, dir), "-http", "127.0.0.1:0")) },
		}
	}
	return []peer{
		ofGo("official Go SDK", "./server-gosdk"),
		ofGo("mcp-go", "./server-mcpgo"),
		{
			name:     "TypeScript SDK",
			stdio:    func(t *testing.T) *exec.Cmd { return node(t, "server.mjs") },
			http:     func(t *testing.T) string { return listening(t, node(t, "server.mjs", "--http")) },
			onePager: true,
		},
	}
}

// handshakes are the revisions in which a server can ask in the course of a call.
func handshakes() []string {
	return slices.DeleteFunc(slices.Clone(client.Revisions), func(r string) bool { return r == client.Stateless })
}

// open opens a session with a server, over either transport.
func open(t *testing.T, p peer, overHTTP bool, o client.Options) *client.Session {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var session *client.Session
	var err error
	o.Info, o.CallTimeout = mcptypes.Implementation{Name: "interop", Version: "1"}, patience
	if overHTTP {
		session, err = client.ConnectHTTP(ctx, client.HTTP{URL: p.http(t)}, o)
	} else {
		cmd := p.stdio(t)
		cmd.Env = client.Environment(os.Environ(), nil)
		transport, startErr := client.Command(cmd, jsonrpc.Limits{})
		require.NoError(t, startErr)
		session, err = client.Connect(ctx, transport, o)
	}
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		require.NoError(t, session.Close(ctx))
	})
	return session
}

// Our client uses all that servers built with other libraries offer.
func TestOurClientWithServersOfOthers(t *testing.T) {
	for _, p := range peers() {
		for _, overHTTP := range []bool{false, true} {
			transport := map[bool]string{false: "stdio", true: "HTTP"}[overHTTP]
			t.Run(p.name+" over "+transport, func(t *testing.T) {
				t.Parallel()
				surface(t, p, overHTTP)
			})
			t.Run(p.name+" over "+transport+" as it likes", func(t *testing.T) {
				t.Parallel()
				session := open(t, p, overHTTP, client.Options{})
				t.Log("revision", session.Revision())
				require.Equal(t, "hello", call(t, session, "echo", map[string]any{"text": "hello"}))
			})
		}
	}
}

// call calls a tool and returns its text.
func call(t *testing.T, s *client.Session, name string, arguments any) string {
	t.Helper()
	result, err := s.CallTool(t.Context(), name, arguments)
	require.NoError(t, err)
	require.NotEmpty(t, result.Content)
	return result.Content[0].(*mcptypes.TextContent).Text
}

// all takes a whole list.
func all[T any](t *testing.T, items func(func(T, error) bool)) []T {
	t.Helper()
	var got []T
	for item, err := range items {
		require.NoError(t, err)
		got = append(got, item)
	}
	return got
}

// told waits for what a server tells of.
func told[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		require.FailNow(t, "nothing was told")
		panic("not reached")
	}
}

// surface uses everything of a server that has one of everything.
func surface(t *testing.T, p peer, overHTTP bool) {
	logged, changed, updated := make(chan string, 100), make(chan string, 100), make(chan string, 100)
	session := open(t, p, overHTTP, client.Options{
		Revisions: handshakes(),
		Elicit: func(_ context.Context, q mcptypes.ElicitParams) (mcptypes.ElicitResult, error) {
			answer := mcptypes.ElicitResult{Action: mcptypes.ElicitActionAccept}
			return answer, answer.Content.SetValue("name", "Ada")
		},
		CreateMessage: func(_ context.Context, q mcptypes.CreateMessageParams) (mcptypes.CreateMessageResult, error) {
			return mcptypes.CreateMessageResult{Model: "m", Role: mcptypes.RoleAssistant, Content: mcptypes.Text("Paris")}, nil
		},
		Roots: func(context.Context) ([]mcptypes.Root, error) {
			return []mcptypes.Root{{URI: "file:///workspace"}}, nil
		},
		Message:         func(_ context.Context, m mcptypes.LoggingMessageParams) { logged <- m.Data.String() },
		ToolsChanged:    func(context.Context) { changed <- "tools" },
		ResourceUpdated: func(_ context.Context, uri string) { updated <- uri },
	})
	ctx := t.Context()
	require.NoError(t, session.Ping(ctx))

	tools := all(t, session.Tools(ctx))
	require.Len(t, tools, 12, "of all pages")
	page, err := client.Call(ctx, session, mcptypes.ListTools, mcptypes.ListToolsParams{})
	require.NoError(t, err)
	require.Equal(t, p.onePager, page.NextCursor == "")
	require.Equal(t, "hello", call(t, session, "echo", map[string]any{"text": "hello"}))
	failed, err := session.CallTool(ctx, "fail", nil)
	require.NoError(t, err)
	require.True(t, *failed.IsError)
	require.Contains(t, failed.Content[0].(*mcptypes.TextContent).Text, "it failed")
	picture, err := session.CallTool(ctx, "picture", nil)
	require.NoError(t, err)
	data, err := picture.Content[0].(*mcptypes.ImageContent).Bytes()
	require.NoError(t, err)
	require.Equal(t, "pixels", string(data))

	var steps []float64
	result, err := session.CallTool(client.WithProgress(ctx, func(p mcptypes.ProgressParams) { steps = append(steps, p.Progress) }), "steps", nil)
	require.NoError(t, err)
	require.Equal(t, mcptypes.Text("done"), result.Content[0])
	require.Equal(t, []float64{1, 2, 3}, steps, "told before the answer")

	require.NoError(t, session.SetLevel(ctx, mcptypes.LoggingLevelDebug))
	require.Equal(t, "logged", call(t, session, "log", nil))
	require.Equal(t, `"at work"`, told(t, logged))

	require.Equal(t, "accept Ada", call(t, session, "ask", nil))
	require.Equal(t, "Paris", call(t, session, "sample", nil))
	require.Equal(t, "file:///workspace", call(t, session, "roots", nil))

	cancelling, cancel := context.WithCancel(ctx)
	_, err = session.CallTool(client.WithProgress(cancelling, func(mcptypes.ProgressParams) { cancel() }), "slow", nil)
	require.ErrorIs(t, err, context.Canceled)
	require.Eventually(t, func() bool { return call(t, session, "cancelled", nil) == "1" }, patience, 10*time.Millisecond)

	resources := all(t, session.Resources(ctx))
	require.Len(t, resources, 3)
	require.Len(t, all(t, session.ResourceTemplates(ctx)), 1)
	for uri, want := range map[string]string{"test://text": "the text of test://text", "test://item/7": "the text of test://item/7"} {
		read, err := session.ReadResource(ctx, uri)
		require.NoError(t, err)
		require.Equal(t, want, read.Contents[0].(*mcptypes.TextResourceContents).Text)
	}
	read, err := session.ReadResource(ctx, "test://blob")
	require.NoError(t, err)
	require.Equal(t, "aGVsbG8=", read.Contents[0].(*mcptypes.BlobResourceContents).Blob)
	_, err = session.ReadResource(ctx, "test://nothing")
	require.Error(t, err)
	require.NoError(t, session.Subscribe(ctx, "test://text"))
	call(t, session, "touch", nil)
	require.Equal(t, "test://text", told(t, updated))
	require.NoError(t, session.Unsubscribe(ctx, "test://text"))

	require.Len(t, all(t, session.Prompts(ctx)), 1)
	prompt, err := session.GetPrompt(ctx, "greet", map[string]string{"name": "Ada"})
	require.NoError(t, err)
	require.Equal(t, "Hello Ada", prompt.Messages[0].Content.(*mcptypes.TextContent).Text)
	completed, err := session.Complete(ctx, mcptypes.CompleteParams{
		Ref: &mcptypes.PromptReference{Name: "greet"}, Argument: mcptypes.CompleteParamsArgument{Name: "name", Value: "A"},
	})
	require.NoError(t, err)
	require.Equal(t, []string{"Ada", "Adam"}, completed.Completion.Values)

	call(t, session, "grow", nil)
	require.Equal(t, "tools", told(t, changed))
	require.Len(t, all(t, session.Tools(ctx)), 13)
	require.Equal(t, "here", call(t, session, "grown", nil))
	_, err = client.Call(ctx, session, mcptypes.CallTool, mcptypes.CallToolParams{Name: "nobody has this"})
	var refused *jsonrpc.Error
	if err != nil {
		require.ErrorAs(t, err, &refused)
	}
}

// Our client uses all that the reference server of the MCP project offers.
func TestOurClientWithServerEverything(t *testing.T) {
	const script = "node_modules/@modelcontextprotocol/server-everything/dist/index.js"
	p := peer{
		stdio: func(t *testing.T) *exec.Cmd { return node(t, script, "stdio") },
		http: func(t *testing.T) string {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			port := l.Addr().(*net.TCPAddr).Port
			require.NoError(t, l.Close())
			cmd := node(t, script, "streamableHttp")
			cmd.Env = append(os.Environ(), "PORT="+strconv.Itoa(port))
			said, err := cmd.StderrPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			t.Cleanup(func() {
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
			})
			for lines := bufio.NewScanner(said); lines.Scan(); {
				if strings.Contains(lines.Text(), "listening") {
					break
				}
			}
			return "http://127.0.0.1:" + strconv.Itoa(port) + "/mcp"
		},
	}
	for _, overHTTP := range []bool{false, true} {
		t.Run(map[bool]string{false: "stdio", true: "HTTP"}[overHTTP], func(t *testing.T) {
			t.Parallel()
			everything(t, p, overHTTP)
		})
	}
}

func everything(t *testing.T, p peer, overHTTP bool) {
	updated := make(chan string, 100)
	logged := make(chan string, 100)
	session := open(t, p, overHTTP, client.Options{
		Revisions: handshakes(),
		Elicit: func(context.Context, mcptypes.ElicitParams) (mcptypes.ElicitResult, error) {
			return mcptypes.ElicitResult{Action: mcptypes.ElicitActionDecline}, nil
		},
		CreateMessage: func(context.Context, mcptypes.CreateMessageParams) (mcptypes.CreateMessageResult, error) {
			return mcptypes.CreateMessageResult{Model: "m", Role: mcptypes.RoleAssistant, Content: mcptypes.Text("Paris")}, nil
		},
		Roots: func(context.Context) ([]mcptypes.Root, error) {
			return []mcptypes.Root{{URI: "file:///workspace"}}, nil
		},
		ResourceUpdated: func(_ context.Context, uri string) { updated <- uri },
		Message:         func(_ context.Context, m mcptypes.LoggingMessageParams) { logged <- m.Data.String() },
	})
	ctx := t.Context()
	require.NotEmpty(t, session.Server().Instructions)
	require.Eventually(t, func() bool { // some of its tools come when it knows its client
		return slices.ContainsFunc(all(t, session.Tools(ctx)), func(tool mcptypes.Tool) bool { return tool.Name == "trigger-elicitation-request" })
	}, patience, 20*time.Millisecond)
	require.Contains(t, call(t, session, "echo", map[string]any{"message": "hello"}), "hello")
	require.Contains(t, call(t, session, "get-sum", map[string]any{"a": 2, "b": 3}), "5")
	structured, err := session.CallTool(ctx, "get-structured-content", map[string]any{"location": "New York"})
	require.NoError(t, err)
	require.Contains(t, structured.StructuredContent.String(), "temperature")
	image, err := session.CallTool(ctx, "get-tiny-image", nil)
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(image.Content, func(b mcptypes.ContentBlock) bool { _, ok := b.(*mcptypes.ImageContent); return ok }))
	links, err := session.CallTool(ctx, "get-resource-links", map[string]any{"count": 2})
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(links.Content, func(b mcptypes.ContentBlock) bool { _, ok := b.(*mcptypes.ResourceLink); return ok }))
	reference, err := session.CallTool(ctx, "get-resource-reference", map[string]any{"resourceType": "Text", "resourceId": 1})
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(reference.Content, func(b mcptypes.ContentBlock) bool { _, ok := b.(*mcptypes.EmbeddedResource); return ok }))
	steps := 0
	_, err = session.CallTool(client.WithProgress(ctx, func(mcptypes.ProgressParams) { steps++ }),
		"trigger-long-running-operation", map[string]any{"duration": 0.1, "steps": 2})
	require.NoError(t, err)
	require.Positive(t, steps)
	sampled, err := session.CallTool(ctx, "trigger-sampling-request", map[string]any{"prompt": "the capital?", "maxTokens": 9})
	require.NoError(t, err)
	require.Contains(t, sampled.Content[0].(*mcptypes.TextContent).Text, "Paris")
	elicited, err := session.CallTool(ctx, "trigger-elicitation-request", nil)
	require.NoError(t, err)
	require.Contains(t, elicited.Content[0].(*mcptypes.TextContent).Text, "decline")
	require.Contains(t, call(t, session, "get-roots-list", nil), "file:///workspace")

	resources := all(t, session.Resources(ctx))
	require.NotEmpty(t, resources)
	read, err := session.ReadResource(ctx, resources[0].URI)
	require.NoError(t, err)
	require.NotEmpty(t, read.Contents)
	require.Len(t, all(t, session.ResourceTemplates(ctx)), 2)
	require.NoError(t, session.Subscribe(ctx, "demo://resource/dynamic/text/1"))
	call(t, session, "toggle-subscriber-updates", nil)
	require.Equal(t, "demo://resource/dynamic/text/1", told(t, updated))
	call(t, session, "toggle-subscriber-updates", nil)
	require.NoError(t, session.SetLevel(ctx, mcptypes.LoggingLevelDebug))
	call(t, session, "toggle-simulated-logging", nil)
	require.NotEmpty(t, told(t, logged))

	require.Len(t, all(t, session.Prompts(ctx)), 4)
	prompt, err := session.GetPrompt(ctx, "args-prompt", map[string]string{"city": "Paris"})
	require.NoError(t, err)
	require.NotEmpty(t, prompt.Messages)
	completed, err := session.Complete(ctx, mcptypes.CompleteParams{
		Ref: &mcptypes.PromptReference{Name: "completable-prompt"}, Argument: mcptypes.CompleteParamsArgument{Name: "department", Value: "E"},
	})
	require.NoError(t, err)
	require.Contains(t, completed.Completion.Values, "Engineering")
}
