package mcpserver_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A refusal is a line that gets an error.
type refusal struct {
	name, line string
	id         any
	code       int
}

// refuses checks that a server answers each of the lines with its error, once, and that
// the session goes on.
func refuses(t *testing.T, refusals []refusal) {
	t.Helper()
	c, _ := start(t, setup{})
	c.initialize(`{}`)
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			c.send(tt.line)
			require.Equal(t, tt.code, c.code(tt.id))
			c.send(`{"jsonrpc":"2.0","id":"still","method":"ping"}`)
			require.Equal(t, map[string]any{}, c.response("still")["result"])
		})
	}
	require.Empty(t, c.pending(), "one answer each, and no more")
}

// Rough edge 1: an unknown method is answered.
func TestEdge01UnknownMethod(t *testing.T) {
	refuses(t, []refusal{
		{"unknown", `{"jsonrpc":"2.0","id":1,"method":"noSuchMethod"}`, 1, -32601},
		{"with params", `{"jsonrpc":"2.0","id":"a","method":"tools/nothing","params":{"x":[1]}}`, "a", -32601},
		{"of another case", `{"jsonrpc":"2.0","id":2,"method":"newconversation","params":{}}`, 2, -32601},
		{"empty", `{"jsonrpc":"2.0","id":3,"method":""}`, 3, -32601},
	})
}

// Rough edge 2: params that do not fit are answered.
func TestEdge02UnfitParams(t *testing.T) {
	refuses(t, []refusal{
		{"no params of a Codex method", `{"jsonrpc":"2.0","id":2,"method":"sendUserMessage"}`, 2, -32602},
		{"no params, all of them optional", `{"jsonrpc":"2.0","id":2,"method":"newConversation"}`, 2, -32602},
		{"missing member", `{"jsonrpc":"2.0","id":3,"method":"sendUserMessage","params":{"items":[]}}`, 3, -32602},
		{"wrong type", `{"jsonrpc":"2.0","id":4,"method":"newConversation","params":{"model":7}}`, 4, -32602},
		{"unknown value", `{"jsonrpc":"2.0","id":5,"method":"newConversation","params":{"approvalPolicy":"sometimes"}}`, 5, -32602},
		{"no UUID", `{"jsonrpc":"2.0","id":5,"method":"interruptConversation","params":{"conversationId":"seven"}}`, 5, -32602},
		{"params of an MCP method", `{"jsonrpc":"2.0","id":6,"method":"tools/call","params":{}}`, 6, -32602},
		{"no params of an MCP method", `{"jsonrpc":"2.0","id":7,"method":"tools/call"}`, 7, -32602},
	})
}

// Rough edge 3: methods for what this server does not have are answered: lists are
// empty.
func TestEdge03FeaturesThatAreNotThere(t *testing.T) {
	refuses(t, []refusal{
		{"resources", `{"jsonrpc":"2.0","id":8,"method":"resources/read","params":{"uri":"x:y"}}`, 8, -32002},
		{"prompts", `{"jsonrpc":"2.0","id":9,"method":"prompts/get","params":{"name":"x"}}`, 9, -32602},
		{"logging", `{"jsonrpc":"2.0","id":10,"method":"logging/setLevel","params":{"level":"loud"}}`, 10, -32602},
		{"completion", `{"jsonrpc":"2.0","id":11,"method":"completion/complete","params":{}}`, 11, -32602},
	})
	c, _ := start(t, setup{})
	c.initialize(`{}`)
	for method, list := range map[string]string{
		"resources/list": "resources", "resources/templates/list": "resourceTemplates", "prompts/list": "prompts",
	} {
		t.Run(method, func(t *testing.T) {
			c.send(`{"jsonrpc":"2.0","id":0,"method":"` + method + `"}`)
			require.Equal(t, map[string]any{list: []any{}}, c.response(0)["result"])
		})
	}
}

// Rough edge 4: what is no message is refused, with a null id.
func TestEdge04NoMessage(t *testing.T) {
	refuses(t, []refusal{
		{"not JSON", `{"jsonrpc":`, nil, -32700},
		{"invalid UTF-8", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pi\xffng\"}", nil, -32700},
		{"batch", `[{"jsonrpc":"2.0","id":1,"method":"ping"}]`, nil, -32600},
		{"a number", `12`, nil, -32600},
		{"an object without a method", `{"jsonrpc":"2.0"}`, nil, -32600},
	})
}

// Rough edge 5: a request whose id is none is refused, and is no notification.
func TestEdge05UnusableID(t *testing.T) {
	refuses(t, []refusal{
		{"fraction", `{"jsonrpc":"2.0","id":1.5,"method":"ping"}`, nil, -32600},
		{"null", `{"jsonrpc":"2.0","id":null,"method":"ping"}`, nil, -32600},
		{"boolean", `{"jsonrpc":"2.0","id":true,"method":"ping"}`, nil, -32600},
		{"object", `{"jsonrpc":"2.0","id":{},"method":"ping"}`, nil, -32600},
	})
}

// Rough edge 61: a revision is agreed on, not echoed.
func TestEdge61RevisionIsNegotiated(t *testing.T) {
	tests := []struct{ asked, want string }{
		{"2025-06-18", "2025-06-18"},
		{"2025-03-26", "2025-03-26"},
		{"2024-11-05", "2024-11-05"},
		{"2025-11-25", "2025-11-25"},
		{"1999-01-01", "2025-11-25"},
	}
	for _, tt := range tests {
		t.Run(tt.asked, func(t *testing.T) {
			c, _ := start(t, setup{})
			c.send(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"` + tt.asked + `","capabilities":{},"clientInfo":{"name":"a","version":"b"}}}`)
			result := c.response(1)["result"].(map[string]any)
			require.Equal(t, tt.want, result["protocolVersion"])
			require.Equal(t, map[string]any{"tools": map[string]any{"listChanged": true}}, result["capabilities"])
			require.Contains(t, result["serverInfo"].(map[string]any)["user_agent"], "(a; b)")
		})
	}
}

// Clients of the original may ask before they introduce themselves.
func TestRequestBeforeInitialize(t *testing.T) {
	c, _ := start(t, setup{})
	c.send(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)
	require.Len(t, c.response(1)["result"].(map[string]any)["tools"], 2)
	c.initialize(`{}`)
	c.send(`{"jsonrpc":"2.0","id":2,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"a","version":"b"}}}`)
	require.Equal(t, -32600, c.code(2), "but only once")
}

// The tool's result is what a strict client accepts, with what it names.
func TestCodexTool(t *testing.T) {
	reply := text("Hi ", "there")
	c, _ := start(t, setup{replies: []scriptedReply{reply, text("more")}})
	c.initialize(`{}`)
	c.send(`{"jsonrpc":"2.0","id":"call-1","method":"tools/call","params":{"name":"codex","arguments":{"prompt":"hello"},"_meta":{"progressToken":"p"}}}`)
	configured := c.event("session_configured")
	require.Equal(t, map[string]any{"requestId": "call-1"}, configured["_meta"])
	id := configured["msg"].(map[string]any)["session_id"].(string)
	require.Equal(t, "call-1", c.event("task_complete")["id"])
	result := c.response("call-1")["result"].(map[string]any)
	require.Equal(t, []any{map[string]any{"type": "text", "text": "Hi there"}}, result["content"])
	structured := result["structuredContent"].(map[string]any)
	require.Equal(t, id, structured["conversationId"])
	require.Equal(t, "completed", structured["status"])
	require.Equal(t, "Hi there", structured["message"])
	progress := c.wait("progress", func(m message) bool { return m["method"] == "notifications/progress" })
	require.Equal(t, "p", progress["params"].(map[string]any)["progressToken"])

	c.send(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"codex-reply","arguments":{"prompt":"go on","conversationId":"` + strings.ToUpper(id) + `"}}}`)
	result = c.response(2)["result"].(map[string]any)
	require.Equal(t, "more", result["structuredContent"].(map[string]any)["message"])
}

// What a tool cannot do is a result that a model can read.
func TestToolErrors(t *testing.T) {
	tests := []struct{ name, tool, arguments, want string }{
		{"unknown tool", "codez", `{}`, "codez"},
		{"no prompt", "codex", `{}`, "prompt: missing"},
		{"bad enum", "codex", `{"prompt":"x","sandbox":"none"}`, "sandbox"},
		{"wrong type", "codex", `{"prompt":7}`, "prompt: want a string"},
		{"unknown profile", "codex", `{"prompt":"x","profile":"nope"}`, "nope"},
		{"no such conversation", "codex-reply", `{"prompt":"x","conversationId":"0b7c6b0c-1b1b-4b1b-8b1b-0b7c6b0c1b1b"}`, "0b7c6b0c-1b1b-4b1b-8b1b-0b7c6b0c1b1b"},
		{"no id", "codex-reply", `{"prompt":"x","conversationId":"five"}`, "five"},
		{"snake case", "codex-reply", `{"prompt":"x","conversation_id":"five"}`, "conversationId: missing"},
	}
	c, _ := start(t, setup{})
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c.send(encode(t, map[string]any{"jsonrpc": "2.0", "id": i, "method": "tools/call",
				"params": map[string]any{"name": tt.tool, "arguments": rawJSON(tt.arguments)}}))
			result := c.response(i)["result"].(map[string]any)
			require.Equal(t, true, result["isError"])
			block := result["content"].([]any)[0].(map[string]any)
			require.Contains(t, block["text"], tt.want)
		})
	}
}
