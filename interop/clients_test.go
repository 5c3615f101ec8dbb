package interop

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	mcpgo "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	mcpgotypes "github.com/mark3labs/mcp-go/mcp"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/require"
)

// ourServer builds examples/everything.
func ourServer(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "everything")
	out, err := exec.Command("go", "build", "-C", "..", "-o", path, "./examples/everything").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return path
}

// ourURL starts our server over HTTP.
func ourURL(t *testing.T, program string) string {
	t.Helper()
	cmd := exec.Command(program, "-http", "127.0.0.1:0")
	said, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(said).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(strings.TrimPrefix(line, "listening at "))
}

// onBoth runs a test over both transports.
func onBoth(t *testing.T, test func(t *testing.T, program string, overHTTP bool)) {
	program := ourServer(t)
	t.Run("stdio", func(t *testing.T) { test(t, program, false) })
	t.Run("HTTP", func(t *testing.T) { test(t, program, true) })
}

// The official Go SDK's client uses all that our server offers.
func TestGoSDKClientWithOurServer(t *testing.T) {
	onBoth(t, func(t *testing.T, program string, overHTTP bool) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		logged, progressed, changed := make(chan any, 10), make(chan float64, 10), make(chan bool, 10)
		c := mcp.NewClient(&mcp.Implementation{Name: "go-sdk", Version: "1"}, &mcp.ClientOptions{
			ElicitationHandler: func(context.Context, *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
				return &mcp.ElicitResult{Action: "accept", Content: map[string]any{"response": "yes"}}, nil
			},
			CreateMessageHandler: func(context.Context, *mcp.CreateMessageRequest) (*mcp.CreateMessageResult, error) {
				return &mcp.CreateMessageResult{Model: "m", Role: "assistant", Content: &mcp.TextContent{Text: "Paris"}}, nil
			},
			LoggingMessageHandler:       func(_ context.Context, r *mcp.LoggingMessageRequest) { logged <- r.Params.Data },
			ProgressNotificationHandler: func(_ context.Context, r *mcp.ProgressNotificationClientRequest) { progressed <- r.Params.Progress },
			ToolListChangedHandler:      func(context.Context, *mcp.ToolListChangedRequest) { changed <- true },
		})
		c.AddRoots(&mcp.Root{URI: "file:///workspace"})
		var with mcp.Transport = &mcp.CommandTransport{Command: exec.Command(program)}
		if overHTTP {
			with = &mcp.StreamableClientTransport{Endpoint: ourURL(t, program)}
		}
		session, err := c.Connect(ctx, with, &mcp.ClientSessionOptions{ProtocolVersion: "2025-11-25"})
		require.NoError(t, err)
		defer func() { require.NoError(t, session.Close()) }()
		require.NoError(t, session.Ping(ctx, nil))
		call := func(name string, arguments map[string]any) string {
			params := &mcp.CallToolParams{Name: name}
			if arguments != nil {
				params.Arguments = arguments // a nil map would go out as null, which arguments cannot be
			}
			params.SetProgressToken(name)
			result, err := session.CallTool(ctx, params)
			require.NoError(t, err, name)
			require.False(t, result.IsError, name)
			return result.Content[0].(*mcp.TextContent).Text
		}
		tools := 0
		for _, err := range session.Tools(ctx, nil) {
			require.NoError(t, err)
			tools++
		}
		require.Greater(t, tools, 20)
		require.NotEmpty(t, call("test_simple_text", nil))
		failed, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "test_error_handling"})
		require.NoError(t, err)
		require.True(t, failed.IsError)
		mixed, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "test_multiple_content_types"})
		require.NoError(t, err)
		require.IsType(t, &mcp.ImageContent{}, mixed.Content[1])
		require.IsType(t, &mcp.EmbeddedResource{}, mixed.Content[2])
		sum, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "test_structured_content", Arguments: map[string]any{"a": 2, "b": 3}})
		require.NoError(t, err)
		require.NotNil(t, sum.StructuredContent)
		call("test_tool_with_progress", nil)
		require.InDelta(t, 0, told(t, progressed), 0)
		require.NoError(t, session.SetLoggingLevel(ctx, &mcp.SetLoggingLevelParams{Level: "debug"}))
		call("test_tool_with_logging", nil)
		require.NotNil(t, told(t, logged))
		require.Contains(t, call("test_sampling", map[string]any{"prompt": "the capital?"}), "Paris")
		require.Contains(t, call("test_elicitation", map[string]any{"message": "sure?"}), "accept")
		call("test_trigger_tool_change", nil)
		require.True(t, told(t, changed))

		for _, uri := range []string{"test://static-text", "test://static-binary", "test://template/7/data"} {
			read, err := session.ReadResource(ctx, &mcp.ReadResourceParams{URI: uri})
			require.NoError(t, err)
			require.Len(t, read.Contents, 1)
		}
		require.NoError(t, session.Subscribe(ctx, &mcp.SubscribeParams{URI: "test://watched-resource"}))
		require.NoError(t, session.Unsubscribe(ctx, &mcp.UnsubscribeParams{URI: "test://watched-resource"}))
		prompt, err := session.GetPrompt(ctx, &mcp.GetPromptParams{Name: "test_prompt_with_arguments", Arguments: map[string]string{"arg1": "a", "arg2": "b"}})
		require.NoError(t, err)
		require.Len(t, prompt.Messages, 1)
		completed, err := session.Complete(ctx, &mcp.CompleteParams{
			Ref: &mcp.CompleteReference{Type: "ref/prompt", Name: "test_prompt_with_arguments"}, Argument: mcp.CompleteParamsArgument{Name: "arg1", Value: "x"}})
		require.NoError(t, err)
		require.NotEmpty(t, completed.Completion.Values)
	})
}

// handlers answer what a server asks an mcp-go client.
type handlers struct{}

func (handlers) Elicit(context.Context, mcpgotypes.ElicitationRequest) (*mcpgotypes.ElicitationResult, error) {
	return &mcpgotypes.ElicitationResult{ElicitationResponse: mcpgotypes.ElicitationResponse{
		Action: mcpgotypes.ElicitationResponseActionAccept, Content: map[string]any{"response": "yes"}}}, nil
}

func (handlers) CreateMessage(context.Context, mcpgotypes.CreateMessageRequest) (*mcpgotypes.CreateMessageResult, error) {
	return &mcpgotypes.CreateMessageResult{Model: "m", SamplingMessage: mcpgotypes.SamplingMessage{
		Role: mcpgotypes.RoleAssistant, Content: mcpgotypes.NewTextContent("Paris")}}, nil
}

func (handlers) ListRoots(context.Context, mcpgotypes.ListRootsRequest) (*mcpgotypes.ListRootsResult, error) {
	return &mcpgotypes.ListRootsResult{Roots: []mcpgotypes.Root{{URI: "file:///workspace"}}}, nil
}

// The client of mcp-go uses what our server offers and it knows of.
func TestMCPGoClientWithOurServer(t *testing.T) {
	onBoth(t, func(t *testing.T, program string, overHTTP bool) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		var with transport.Interface = transport.NewStdio(program, nil)
		if overHTTP {
			var err error
			with, err = transport.NewStreamableHTTP(ourURL(t, program), transport.WithContinuousListening())
			require.NoError(t, err)
		}
		c := mcpgo.NewClient(with, mcpgo.WithElicitationHandler(handlers{}), mcpgo.WithSamplingHandler(handlers{}),
			mcpgo.WithRootsHandler(handlers{}), mcpgo.WithLegacyProtocolOnly())
		notified := make(chan string, 100)
		c.OnNotification(func(n mcpgotypes.JSONRPCNotification) { notified <- n.Method })
		require.NoError(t, c.Start(ctx))
		defer func() { _ = c.Close() }() // it reports how it killed the server
		_, err := c.Initialize(ctx, mcpgotypes.InitializeRequest{Params: mcpgotypes.InitializeParams{
			ProtocolVersion: "2025-11-25", ClientInfo: mcpgotypes.Implementation{Name: "mcp-go", Version: "1"}}})
		require.NoError(t, err)
		require.NoError(t, c.Ping(ctx))
		tools, err := c.ListTools(ctx, mcpgotypes.ListToolsRequest{})
		require.NoError(t, err)
		require.Greater(t, len(tools.Tools), 20)
		call := func(name string, arguments map[string]any) *mcpgotypes.CallToolResult {
			params := mcpgotypes.CallToolParams{Name: name, Meta: &mcpgotypes.Meta{ProgressToken: name}}
			if arguments != nil {
				params.Arguments = arguments // a nil map would go out as null, which arguments cannot be
			}
			result, err := c.CallTool(ctx, mcpgotypes.CallToolRequest{Params: params})
			require.NoError(t, err, name)
			return result
		}
		text := func(r *mcpgotypes.CallToolResult) string { return mcpgotypes.GetTextFromContent(r.Content[0]) }
		require.NotEmpty(t, text(call("test_simple_text", nil)))
		require.True(t, call("test_error_handling", nil).IsError)
		require.Len(t, call("test_multiple_content_types", nil).Content, 3)
		require.NotNil(t, call("test_structured_content", map[string]any{"a": 2, "b": 3}).StructuredContent)
		call("test_tool_with_progress", nil)
		require.Equal(t, "notifications/progress", told(t, notified))
		require.NoError(t, c.SetLevel(ctx, mcpgotypes.SetLevelRequest{Params: mcpgotypes.SetLevelParams{Level: mcpgotypes.LoggingLevelDebug}}))
		require.Contains(t, text(call("test_sampling", map[string]any{"prompt": "the capital?"})), "Paris")
		require.Contains(t, text(call("test_elicitation", map[string]any{"message": "sure?"})), "accept")

		resources, err := c.ListResources(ctx, mcpgotypes.ListResourcesRequest{})
		require.NoError(t, err)
		require.NotEmpty(t, resources.Resources)
		for _, uri := range []string{"test://static-text", "test://static-binary", "test://template/7/data"} {
			read, err := c.ReadResource(ctx, mcpgotypes.ReadResourceRequest{Params: mcpgotypes.ReadResourceParams{URI: uri}})
			require.NoError(t, err)
			require.Len(t, read.Contents, 1)
		}
		prompt, err := c.GetPrompt(ctx, mcpgotypes.GetPromptRequest{Params: mcpgotypes.GetPromptParams{
			Name: "test_prompt_with_arguments", Arguments: map[string]string{"arg1": "a", "arg2": "b"}}})
		require.NoError(t, err)
		require.Len(t, prompt.Messages, 1)
		completed, err := c.Complete(ctx, mcpgotypes.CompleteRequest{Params: mcpgotypes.CompleteParams{
			Ref: mcpgotypes.PromptReference{Type: "ref/prompt", Name: "test_prompt_with_arguments"}, Argument: mcpgotypes.CompleteArgument{Name: "arg1", Value: "x"}}})
		require.NoError(t, err)
		require.NotEmpty(t, completed.Completion.Values)
	})
}

// The TypeScript SDK's client uses all that our server offers.
func TestTypeScriptClientWithOurServer(t *testing.T) {
	onBoth(t, func(t *testing.T, program string, overHTTP bool) {
		if overHTTP {
			program = ourURL(t, program)
		}
		cmd := node(t, "everything.mjs", program)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		require.NoError(t, err)
		require.Equal(t, "ok\n", string(out))
	})
}
