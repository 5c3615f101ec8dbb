package rollout_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex/rollout"
	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/wire"
)

const id = "01990001-0000-7000-8000-00000000000a"

// noon is when everything happens, in a zone that is not UTC.
var noon = time.Date(2025, 9, 8, 0, 30, 5, 123_456_789, time.FixedZone("", 2*3600))

func options(home string) rollout.Options {
	return rollout.Options{
		Home:           home,
		ConversationID: id,
		Cwd:            "/srv/x",
		Originator:     "codexmcp",
		Version:        "1.0.0",
		Now:            func() time.Time { return noon },
		Git:            func(context.Context, string) *mcpprotocol.GitInfo { return nil },
	}
}

func userText(text string) *mcpprotocol.MessageItem {
	return &mcpprotocol.MessageItem{Role: "user", Content: []mcpprotocol.ContentItem{&mcpprotocol.InputTextContent{Text: text}}}
}

func create(t *testing.T, o rollout.Options) *rollout.Recorder {
	t.Helper()
	r, err := rollout.Create(o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

func TestLines(t *testing.T) {
	home := t.TempDir()
	r := create(t, options(home))
	require.Equal(t, filepath.Join(home, "sessions", "2025", "09", "08", "rollout-2025-09-08T00-30-05-"+id+".jsonl"), r.Path())

	null, err := wire.ParseRaw([]byte("null"))
	require.NoError(t, err)
	timeout := int64(5)
	require.NoError(t, r.Items(
		&mcpprotocol.MessageItem{ID: "msg_1", Role: "assistant", Content: []mcpprotocol.ContentItem{&mcpprotocol.OutputTextContent{Text: "hi"}}},
		&mcpprotocol.MessageItem{Role: "assistant", Extra: wire.MembersOf(wire.Member{Name: "id", Value: null})},
		&mcpprotocol.ReasoningItem{ID: "rs_1"},
		&mcpprotocol.ReasoningItem{Content: []mcpprotocol.ReasoningContent{&mcpprotocol.ReasoningText{Text: "a"}}, EncryptedContent: "E"},
		&mcpprotocol.ReasoningItem{Content: []mcpprotocol.ReasoningContent{&mcpprotocol.ReasoningPlainText{Text: "a"}}},
		&mcpprotocol.LocalShellCallItem{ID: "l", Status: "completed", Action: mcpprotocol.LocalShellAction{Command: []string{"ls"}, TimeoutMs: &timeout}},
		&mcpprotocol.FunctionCallItem{ID: "f", CallID: "c", Name: "shell", Arguments: "{}"},
		&mcpprotocol.FunctionCallOutputItem{CallID: "c", Output: "o"},
		&mcpprotocol.CustomToolCallItem{ID: "f", CallID: "c", Name: "n", Input: "i", Status: "completed"},
		&mcpprotocol.CustomToolCallOutputItem{CallID: "c", Output: "o"},
		&mcpprotocol.WebSearchCallItem{},
		&mcpprotocol.UnknownResponseItem{Tag: "x", Raw: null},
	))
	require.NoError(t, r.Event(&mcpprotocol.UserMessageEvent{Message: "hello", Kind: "plain"}))
	require.NoError(t, r.Event(&mcpprotocol.TaskStartedEvent{}))
	require.NoError(t, r.Event(&mcpprotocol.TokenCountEvent{}))
	require.NoError(t, r.TurnContext(mcpprotocol.TurnContext{
		Cwd: "/srv/x", ApprovalPolicy: "never", Model: "m", SandboxPolicy: &mcpprotocol.DangerFullAccessPolicy{}, Summary: "auto",
	}))
	require.NoError(t, r.Compacted("short"))
	require.NoError(t, r.Close())

	want := read(t, filepath.Join("testdata", "lines.jsonl"))
	require.Equal(t, strings.Split(want, "\n"), strings.Split(read(t, r.Path()), "\n"))
}
