package interop

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex/model/scripted"
)

// buildServer builds the program once per test that needs it.
func buildServer(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "codexmcp")
	out, err := exec.Command("go", "build", "-C", "..", "-o", program, "./cmd/codexmcp").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return program
}

// serve is the server as a command, with a home and a model of its own.
func serve(t *testing.T, program string, replies ...scripted.Reply) *exec.Cmd {
	t.Helper()
	endpoint, err := scripted.Start(replies...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, endpoint.Close()) })
	cmd := exec.Command(program, "serve", "-c", "model=mock", "-c", "model_provider=mock",
		"-c", `model_providers.mock={name="Mock", base_url="`+endpoint.URL()+`", wire_api="responses"}`)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "CODEX_HOME="+t.TempDir())
	cmd.Stderr = os.Stderr
	return cmd
}

// The official Go SDK's client runs two turns and is asked about a command.
func TestGoSDKClient(t *testing.T) {
	program := buildServer(t) // before the clock starts: a cold build cache takes its time
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	asked := make(chan string, 1)
	client := mcp.NewClient(&mcp.Implementation{Name: "go-sdk", Version: "1"}, &mcp.ClientOptions{
		ElicitationHandler: func(_ context.Context, r *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
			asked <- r.Params.Message
			return &mcp.ElicitResult{Action: "accept", Content: map[string]any{}}, nil
		},
	})
	cmd := serve(t, program,
		scripted.Reply{Calls: []scripted.Call{{ID: "c1", Name: "shell", Arguments: `{"command":["touch","made-by-a-command"]}`}}},
		scripted.Reply{Text: []string{"done"}, Usage: &scripted.Usage{Input: 3, Output: 4}},
		scripted.Reply{Text: []string{"again"}})
	session, err := client.Connect(ctx, &mcp.CommandTransport{Command: cmd}, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, session.Close()) }()
	require.Equal(t, "codex-mcp-server", session.InitializeResult().ServerInfo.Name)

	tools, err := session.ListTools(ctx, nil)
	require.NoError(t, err)
	require.Len(t, tools.Tools, 2)
	require.Equal(t, "codex", tools.Tools[0].Name)
	require.NotNil(t, tools.Tools[0].OutputSchema)

	result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "codex", Arguments: map[string]any{
		"prompt": "make a file", "approval-policy": "untrusted", "sandbox": "danger-full-access",
	}})
	require.NoError(t, err)
	require.False(t, result.IsError)
	require.Equal(t, "done", result.Content[0].(*mcp.TextContent).Text)
	require.Contains(t, <-asked, "touch made-by-a-command")
	require.FileExists(t, filepath.Join(cmd.Dir, "made-by-a-command"))
	var structured struct {
		ConversationID string `json:"conversationId"`
		Status         string `json:"status"`
	}
	text, err := json.Marshal(result.StructuredContent)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &structured))
	require.Equal(t, "completed", structured.Status)

	result, err = session.CallTool(ctx, &mcp.CallToolParams{Name: "codex-reply", Arguments: map[string]any{
		"prompt": "and now", "conversationId": structured.ConversationID,
	}})
	require.NoError(t, err)
	require.Equal(t, "again", result.Content[0].(*mcp.TextContent).Text)
}
