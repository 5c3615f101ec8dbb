package mcpserver_test

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex"
	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/codex/model"
	"github.com/codexmcp/codexmcp/codex/model/scripted"
)

// sayWith begins a turn with a model of its own.
func (c *wireClient) sayWith(id, model string) {
	c.t.Helper()
	c.result("sendUserTurn", object{
		"conversationId": id, "items": textInput("go"), "cwd": c.t.TempDir(), "approvalPolicy": "never",
		"sandboxPolicy": object{"mode": "danger-full-access"}, "model": model, "effort": "high", "summary": "detailed",
	})
}

// A model that nobody knows is taken for one of the conversation's family, but
// asked by its own name.
func TestFamilyOfATurnsModel(t *testing.T) {
	reasoning := object{"effort": "high", "summary": "detailed"}
	tests := []struct {
		own, summaries, turn string
		reasoning            any
		window               any
	}{
		{"gpt-5", "", "unheard-of", reasoning, 272000.0},
		{"gpt-5", "", "gpt-4.1", nil, 1047576.0},
		{"gpt-5", "false", "gpt-5", nil, 272000.0},
		{"gpt-5", "false", "unheard-of", nil, 272000.0},
		{"mine", "", "o3", reasoning, 200000.0},
		{"mine", "true", "unheard-of", reasoning, 777.0},
		{"mine", "", "unheard-of", nil, 777.0},
	}
	for _, test := range tests {
		t.Run(test.own+" "+test.summaries+" "+test.turn, func(t *testing.T) {
			config := []string{`model_context_window = 777`}
			if test.own == "gpt-5" {
				config = nil
			}
			if test.summaries != "" {
				config = append(config, "model_supports_reasoning_summaries = "+test.summaries)
			}
			c, endpoint := start(t, setup{wire: "responses", config: config, replies: []scripted.Reply{text("hi")}})
			id := c.begin(object{"model": test.own})
			c.sayWith(id, test.turn)
			body, _ := asked(t, endpoint, 1)
			require.Equal(t, test.turn, body["model"])
			require.Equal(t, test.reasoning, body["reasoning"])
			require.Equal(t, test.window, c.event("task_started")["msg"].(object)["model_context_window"])
			c.event("task_complete")
		})
	}
}

// Arguments that do not fit are told to the model, which can do better: with
// what is wrong about them.
func TestShellArgumentsThatDoNotFit(t *testing.T) {
	tests := []struct{ arguments, told string }{
		{`{"command":"ls -l"}`, `command: want an array, got the string "ls -l"`},
		{`{"command":["ls",1]}`, `command[1]: want a string, got the number 1`},
		{`{"command":["ls"],"timeout_ms":1.5}`, `timeout_ms: want an integer, got "1.5"`},
		{`{"command":["ls"],"timeout_ms":-1}`, `timeout_ms: -1 is negative`},
		{`{"command":["ls"],"timeout":5,"timeout_ms":6}`, `timeout and timeout_ms are the same`},
		{`{"command":["ls"],"with_escalated_permissions":"yes"}`, `with_escalated_permissions: want a boolean, got the string "yes"`},
		{`{}`, `command: missing`},
		{`ls`, `unexpected 'l'`},
		{``, `unexpected end`},
	}
	var replies []scripted.Reply
	for _, test := range tests {
		replies = append(replies, scripted.Reply{Calls: []scripted.Call{{ID: "c", Name: "shell", Arguments: test.arguments}}})
	}
	c, endpoint := start(t, setup{config: unconfined, replies: append(replies, text("done"))})
	c.say(c.begin(object{}), "go")
	c.event("task_complete")
	require.Zero(t, c.seen("exec_command_begin"))
	for i, test := range tests {
		_, messages := asked(t, endpoint, i+2)
		require.Contains(t, messages[len(messages)-1]["content"], test.told)
	}
}

// A folder is told as the model wrote it, behind that of the turn.
func TestWorkdirAsWritten(t *testing.T) {
	reply := func(workdir string) scripted.Reply {
		return scripted.Reply{Calls: []scripted.Call{{ID: "c", Name: "shell", Arguments: encode(t, object{"command": []string{"true"}, "workdir": workdir})}}}
	}
	c, _ := start(t, setup{config: unconfined, replies: []scripted.Reply{reply("../"), reply("/"), text("done")}})
	cwd := t.TempDir()
	c.say(c.begin(object{"cwd": cwd}), "go")
	for _, want := range []string{cwd + "/../", "/"} {
		require.Equal(t, want, c.event("exec_command_begin")["msg"].(object)["cwd"])
		require.EqualValues(t, 0, c.event("exec_command_end")["msg"].(object)["exit_code"])
	}
	c.event("task_complete")
}

// A command that a signal ends has no exit code; what it wrote is told all the same.
func TestSignalledCommand(t *testing.T) {
	c, endpoint := start(t, setup{config: unconfined, replies: []scripted.Reply{
		shellCall(t, "c1", "sh", "-c", "echo begun; kill -9 $$"), text("done"),
	}})
	c.say(c.begin(object{}), "go")
	end := c.event("exec_command_end")["msg"].(object)
	require.EqualValues(t, -1, end["exit_code"])
	require.Empty(t, end["stdout"])
	require.Contains(t, end["stderr"], "signal 9")
	require.Contains(t, end["aggregated_output"], "begun\n")
	_, messages := asked(t, endpoint, 2)
	require.Contains(t, messages[len(messages)-1]["content"], "begun\n")
	c.event("task_complete")
}

// Empty base instructions are instructions; null ones are none.
func TestEmptyBaseInstructions(t *testing.T) {
	c, endpoint := start(t, setup{wire: "responses", replies: []scripted.Reply{text("hi"), text("hi")}})
	c.say(c.begin(object{"baseInstructions": ""}), "go")
	c.event("task_complete")
	body, _ := asked(t, endpoint, 1)
	require.Equal(t, "", body["instructions"])
	c.say(c.begin(object{"baseInstructions": nil}), "go")
	c.event("task_complete")
	body, _ = asked(t, endpoint, 2)
	require.NotEmpty(t, body["instructions"])
}

// An image that cannot be read is left out; the rest is said.
func TestUnreadableImageIsLeftOut(t *testing.T) {
	c, endpoint := start(t, setup{wire: "responses", replies: []scripted.Reply{text("hi")}})
	id := c.begin(object{})
	c.result("sendUserMessage", object{"conversationId": id, "items": []object{
		{"type": "localImage", "data": object{"path": t.TempDir() + "/none.png"}},
		{"type": "text", "data": object{"text": "look"}},
	}})
	c.event("task_complete")
	_, items := asked(t, endpoint, 1)
	require.Equal(t, []any{object{"type": "input_text", "text": "look"}}, items[len(items)-1]["content"])
	require.Zero(t, c.seen("background_event"))
}

// A rollout has a turn_context for every request to the model, and the reasoning of
// the chat API twice, as those of the original do.
func TestRolloutOfATurn(t *testing.T) {
	broken := scripted.Reply{Text: []string{"half"}, End: scripted.EndDrop}
	thought := scripted.Reply{Reasoning: []string{"hm"}, Text: []string{"done"}}
	call := shellCall(t, "c1", "true")
	call.Reasoning = []string{"so"}
	tests := []struct {
		name, api string
		config    []string
		replies   []scripted.Reply
		want      string
	}{
		{"asked again", "responses", nil, []scripted.Reply{broken, text("whole")},
			"turn_context agent_message turn_context agent_message token_count message"},
		{"reasoning", "chat", nil, []scripted.Reply{thought}, "turn_context agent_message token_count reasoning reasoning message"},
		{"reasoning of a call", "chat", nil, []scripted.Reply{call, text("done")},
			"turn_context token_count reasoning function_call function_call_output reasoning turn_context agent_message token_count message"},
		{"raw reasoning", "chat", []string{"show_raw_agent_reasoning = true"}, []scripted.Reply{thought},
			"turn_context agent_reasoning_raw_content agent_message token_count reasoning message"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, _ := start(t, setup{wire: test.api, config: append(test.config, unconfined...), replies: test.replies,
				provider: []string{`request_max_retries = 0`, `stream_max_retries = 1`}})
			begun := c.result("newConversation", object{})
			c.result("addConversationListener", object{"conversationId": begun["conversationId"]})
			c.say(begun["conversationId"].(string), "go")
			c.event("task_complete")
			c.stop()
			data, err := os.ReadFile(begun["rolloutPath"].(string))
			require.NoError(t, err)
			var kinds []string
			for line := range strings.Lines(string(data)) {
				var l struct {
					Type    string
					Payload struct{ Type string }
				}
				require.NoError(t, json.Unmarshal([]byte(line), &l))
				if l.Payload.Type == "" {
					l.Payload.Type = l.Type
				}
				kinds = append(kinds, l.Payload.Type)
			}
			require.Equal(t, "session_meta message message user_message "+test.want, strings.Join(kinds, " "))
		})
	}
}

// broken stands for external servers whose tools cannot be called.
type broken struct{}

func (broken) Specs() []model.Tool                                 { return nil }
func (broken) Call(context.Context, codex.ToolCall) (string, bool) { panic("out of order") }
func (broken) Close()                                              {}

// A panic ends the turn in which it came, and neither the conversation nor the server.
func TestPanicEndsItsTurn(t *testing.T) {
	c, endpoint := start(t, setup{
		config:  []string{`mcp_servers.x.command = "x"`},
		replies: []scripted.Reply{{Calls: []scripted.Call{{ID: "c", Name: "x__y"}}}, text("still here")},
		manager: func(o *codex.Options) {
			o.NewTools = func(context.Context, *config.Conversation, codex.Delegate) (codex.ToolSet, []error) {
				return broken{}, nil
			}
		},
	})
	id := c.begin(object{})
	c.say(id, "go")
	require.Equal(t, "internal error: out of order", c.event("error")["msg"].(object)["message"])
	c.event("task_complete")
	c.say(id, "and now?")
	require.Equal(t, "still here", c.event("agent_message")["msg"].(object)["message"])
	c.event("task_complete")
	_, messages := asked(t, endpoint, 2)
	require.Equal(t, "and now?", messages[len(messages)-1]["content"])
}
