package mcpserver_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex/mcpserver"
	"github.com/codexmcp/codexmcp/codex/model/scripted"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

func conversationTools(o *mcpserver.Options) { o.ConversationTools = true }

// tool calls a tool that succeeds and returns its structured content.
func (c *wireClient) tool(name string, arguments object) object {
	c.t.Helper()
	result := c.result("tools/call", object{"name": name, "arguments": arguments})
	require.NotEqual(c.t, true, result["isError"], "%v", result)
	structured, ok := result["structuredContent"].(object)
	require.True(c.t, ok, "%v", result)
	text := result["content"].([]any)[0].(object)["text"].(string)
	require.JSONEq(c.t, encode(c.t, structured), text)
	return structured
}

// toolError calls a tool that fails and returns what it says.
func (c *wireClient) toolError(name string, arguments object) string {
	c.t.Helper()
	result := c.result("tools/call", object{"name": name, "arguments": arguments})
	require.Equal(c.t, true, result["isError"], "%v", result)
	return result["content"].([]any)[0].(object)["text"].(string)
}

// await asks for the status until the conversation is in a state, and returns
// that status and the types of all events on the way.
func (c *wireClient) await(id, state string) (status object, kinds []string) {
	c.t.Helper()
	arguments := object{"conversation_id": id, "wait_ms": 20_000}
	for {
		status = c.tool("conversation_status", arguments)
		arguments["cursor"] = status["next_cursor"]
		for _, e := range status["events"].([]any) {
			kinds = append(kinds, e.(object)["msg"].(object)["type"].(string))
		}
		if status["state"] == state {
			return status, kinds
		}
	}
}

// What tools/list shows is a contract: without the conversation tools it has
// codex and codex-reply only.
func TestToolsGolden(t *testing.T) {
	tests := map[string]func(*mcpserver.Options){"tools.json": nil, "tools_conversations.json": conversationTools}
	for name, options := range tests {
		t.Run(name, func(t *testing.T) {
			c, _ := start(t, setup{options: options})
			c.initialize(`{}`)
			c.send(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)
			encoded, err := json.Marshal(c.response(1)["result"])
			require.NoError(t, err)
			var got bytes.Buffer
			require.NoError(t, json.Indent(&got, encoded, "", "  "))
			got.WriteByte('\n')
			file := filepath.Join("testdata", name)
			if *update {
				require.NoError(t, os.WriteFile(file, got.Bytes(), 0o600))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(want), got.String())
		})
	}
}

// A client that can only call tools works with a conversation in the background.
func TestConversationTools(t *testing.T) {
	reply, open := held(t, "one")
	reply.Usage = &scripted.Usage{Input: 5, Output: 2}
	c, endpoint := start(t, setup{options: conversationTools, replies: []scripted.Reply{reply, text("two")}})
	c.initialize(`{}`)
	created := c.tool("conversation_create", object{"prompt": "hello", "model": "chosen"})
	id := created["conversation_id"].(string)
	require.Equal(t, "chosen", created["model"])
	require.Equal(t, "0", created["turn_id"])
	asked(t, endpoint, 1)
	status := c.tool("conversation_status", object{"conversation_id": id})
	require.Equal(t, "running", status["state"])
	require.NotContains(t, status, "last_status")

	require.Contains(t, c.toolError("conversation_send_message",
		object{"conversation_id": id, "content": []any{object{"type": "text", "text": "x"}}}), "busy")
	open()
	status, kinds := c.await(id, "idle")
	require.Equal(t, []string{"task_started", "agent_message", "token_count", "task_complete"}, kinds)
	require.Equal(t, "completed", status["last_status"])
	require.Equal(t, "one", status["last_message"])
	require.EqualValues(t, 7, status["usage"].(object)["total_tokens"])

	file := filepath.Join(t.TempDir(), "notes.txt")
	require.NoError(t, os.WriteFile(file, []byte("what the file says"), 0o600))
	sent := c.tool("conversation_send_message", object{"conversation_id": strings.ToUpper(id), "content": []any{
		object{"type": "text", "text": "look"},
		object{"type": "image", "image_url": "data:image/png;base64,AAAA"},
		object{"type": "file", "path": file},
	}})
	require.Equal(t, id, sent["conversation_id"])
	_, messages := asked(t, endpoint, 2)
	said := encode(t, messages)
	require.Contains(t, said, "what the file says")
	require.Contains(t, said, "data:image/png;base64,AAAA")
	status, _ = c.await(id, "idle")
	require.Equal(t, sent["turn_id"], status["turn_id"])
	require.Equal(t, "two", status["last_message"])

	status = c.tool("conversation_status", object{"conversation_id": id, "limit": 1})
	require.Len(t, status["events"], 1, "from the oldest kept event")
	require.EqualValues(t, 1, status["next_cursor"])
	require.EqualValues(t, 0, status["missed"])
	status = c.tool("conversation_status", object{"conversation_id": id, "cursor": 1000})
	require.NotEmpty(t, status["events"])
	require.Zero(t, c.seen("task_started"), "nobody listens")
}

// What cannot be done is said in the result.
func TestConversationToolErrors(t *testing.T) {
	c, _ := start(t, setup{options: conversationTools})
	c.initialize(`{}`)
	id := c.tool("conversation_create", object{})["conversation_id"]
	unknown := "0b7c6b0c-1b1b-4b1b-8b1b-0b7c6b0c1b1b"
	binary := filepath.Join(t.TempDir(), "binary")
	require.NoError(t, os.WriteFile(binary, []byte{0, 1, 2}, 0o600))
	tests := []struct {
		name, tool string
		arguments  object
		want       string
	}{
		{"unknown conversation", "conversation_status", object{"conversation_id": unknown}, unknown},
		{"unknown conversation to say something to", "conversation_send_message",
			object{"conversation_id": unknown, "content": []any{object{"type": "text", "text": "x"}}}, unknown},
		{"unknown conversation to interrupt", "conversation_interrupt", object{"conversation_id": unknown}, unknown},
		{"no id", "conversation_status", object{"conversation_id": "five"}, "five"},
		{"empty content", "conversation_send_message", object{"conversation_id": id, "content": []any{}}, "content"},
		{"empty text", "conversation_send_message",
			object{"conversation_id": id, "content": []any{object{"type": "text", "text": ""}}}, "empty"},
		{"unknown kind", "conversation_send_message", object{"conversation_id": id, "content": []any{object{"type": "sound"}}}, "content"},
		{"no such file", "conversation_send_message",
			object{"conversation_id": id, "content": []any{object{"type": "file", "path": "/no/such/file"}}}, "/no/such/file"},
		{"binary file", "conversation_send_message",
			object{"conversation_id": id, "content": []any{object{"type": "file", "path": binary}}}, "neither an image nor text"},
		{"no URL", "conversation_send_message",
			object{"conversation_id": id, "content": []any{object{"type": "image", "image_url": "file:///etc/passwd"}}}, "image_url"},
		{"unknown profile", "conversation_create", object{"profile": "nope"}, "nope"},
		{"unknown cursor", "conversations_list", object{"cursor": "yesterday"}, "yesterday"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Contains(t, c.toolError(tt.tool, tt.arguments), tt.want)
		})
	}
}

// A turn in the background asks its client for approval, and can be interrupted
// while it waits.
func TestConversationToolsApprovalAndInterrupt(t *testing.T) {
	c, _ := start(t, setup{
		options: conversationTools, config: []string{`approval_policy = "untrusted"`, `sandbox_mode = "danger-full-access"`},
		replies: []scripted.Reply{shellCall(t, "c1", "true"), shellCall(t, "c1", "touch", "x"), shellCall(t, "c2", "touch", "y")},
	})
	c.initialize(`{"elicitation":{}}`)
	id := c.tool("conversation_create", object{"prompt": "go"})["conversation_id"].(string)
	_, kinds := c.await(id, "awaiting_approval")
	require.Contains(t, kinds, "exec_approval_request")
	c.answer(c.request("elicitation/create"), object{"action": "accept"})
	c.request("elicitation/create")
	require.Equal(t, true, c.tool("conversation_interrupt", object{"conversation_id": id})["interrupted"])
	status := c.tool("conversation_status", object{"conversation_id": id})
	require.Equal(t, "idle", status["state"])
	require.Equal(t, "interrupted", status["last_status"])
	require.Equal(t, false, c.tool("conversation_interrupt", object{"conversation_id": id})["interrupted"])
}

// The list has every conversation once, the newest first, page by page.
func TestConversationsList(t *testing.T) {
	c, _ := start(t, setup{options: conversationTools})
	c.initialize(`{}`)
	var want []string
	for range 5 {
		want = append([]string{c.tool("conversation_create", object{})["conversation_id"].(string)}, want...)
	}
	other := c.result("newConversation", object{})["conversationId"].(string)
	want = append([]string{other}, want...)
	var got []string
	arguments := object{"limit": 2}
	for {
		page := c.tool("conversations_list", arguments)
		for _, one := range page["conversations"].([]any) {
			got = append(got, one.(object)["conversation_id"].(string))
			require.Equal(t, "idle", one.(object)["state"])
			require.Equal(t, "mock-model", one.(object)["model"])
		}
		if page["next_cursor"] == nil {
			break
		}
		arguments["cursor"] = page["next_cursor"]
	}
	require.Equal(t, want, got)
}
