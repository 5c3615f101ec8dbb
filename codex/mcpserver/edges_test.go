package mcpserver_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex"
	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/codex/model"
	"github.com/codexmcp/codexmcp/codex/model/scripted"
)

// unconfined is a configuration in which commands run without questions and
// without a sandbox.
var unconfined = []string{`approval_policy = "never"`, `sandbox_mode = "danger-full-access"`}

// begin starts a conversation that the client listens to.
func (c *wireClient) begin(params object) string {
	c.t.Helper()
	id := c.result("newConversation", params)["conversationId"].(string)
	c.result("addConversationListener", object{"conversationId": id})
	return id
}

// say sends a message to a conversation.
func (c *wireClient) say(id, message string) {
	c.t.Helper()
	c.result("sendUserMessage", object{"conversationId": id, "items": textInput(message)})
}

// call calls a tool and does not wait.
func (c *wireClient) call(id any, tool string, arguments object) {
	c.t.Helper()
	c.send(encode(c.t, object{"jsonrpc": "2.0", "id": id, "method": "tools/call",
		"params": object{"name": tool, "arguments": arguments, "_meta": object{"progressToken": id}}}))
}

// answer answers a request of the server.
func (c *wireClient) answer(request message, result any) {
	c.t.Helper()
	c.send(encode(c.t, object{"jsonrpc": "2.0", "id": request["id"], "result": result}))
}

func (c *wireClient) cancel(id any) {
	c.t.Helper()
	c.send(encode(c.t, object{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": object{"requestId": id}}))
}

// toolText is the text of a tool call's result.
func (c *wireClient) toolText(id any) string {
	c.t.Helper()
	result, ok := c.response(id)["result"].(map[string]any)
	require.True(c.t, ok)
	return result["content"].([]any)[0].(map[string]any)["text"].(string)
}

// seen counts the messages of a type of event that nobody waited for.
func (c *wireClient) seen(kind string) int {
	n := 0
	for _, m := range c.pending() {
		if eventType(m) == kind {
			n++
		}
	}
	return n
}

// asked waits for the nth request to the model and returns its body and the
// messages (chat) or items (responses) in it.
func asked(t *testing.T, endpoint *scripted.Server, n int) (body object, messages []object) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(t, endpoint.Wait(ctx, n))
	require.NoError(t, json.Unmarshal(endpoint.Requests()[n-1].Body, &body))
	list, _ := body["messages"].([]any)
	if list == nil {
		list, _ = body["input"].([]any)
	}
	for _, m := range list {
		messages = append(messages, m.(map[string]any))
	}
	return body, messages
}

// held is a reply that waits until the test lets it go.
func held(t *testing.T, parts ...string) (scripted.Reply, func()) {
	t.Helper()
	gate := make(chan struct{})
	reply := scripted.Reply{Text: parts, Hold: gate}
	open := func() {
		select {
		case <-gate:
		default:
			close(gate)
		}
	}
	t.Cleanup(open)
	return reply, open
}

// Rough edge 6: an interrupt is answered also when nothing runs and nobody
// listens.
func TestEdge06InterruptWithoutATurn(t *testing.T) {
	c, _ := start(t, setup{})
	id := c.result("newConversation", object{})["conversationId"]
	require.Equal(t, object{"abortReason": "interrupted"}, c.result("interruptConversation", object{"conversationId": id}))
}

// Rough edge 7: every one of several interrupts is answered.
func TestEdge07InterruptsAtOnce(t *testing.T) {
	reply, _ := held(t, "never")
	c, endpoint := start(t, setup{replies: []scripted.Reply{reply}})
	id := c.begin(object{})
	c.say(id, "hello")
	asked(t, endpoint, 1)
	for _, request := range []string{"a", "b", "c"} {
		c.send(`{"jsonrpc":"2.0","id":"` + request + `","method":"interruptConversation","params":{"conversationId":"` + id + `"}}`)
	}
	for _, request := range []string{"c", "b", "a"} {
		require.Equal(t, object{"abortReason": "interrupted"}, c.response(request)["result"])
	}
	c.event("turn_aborted")
	require.Zero(t, c.seen("turn_aborted"))
}

// Rough edge 8: an error in place of an answer denies, and the turn goes on. So
// does whatever makes no sense. Both shapes of an answer are understood.
func TestEdge08AnswersToApprovals(t *testing.T) {
	tests := []struct{ name, answer, ran string }{
		{"error", `"error":{"code":-32000,"message":"nobody is here"}`, "rejected: ask for approval"},
		{"nonsense", `"result":{"yes":true}`, "rejected: "},
		{"unknown decision", `"result":{"decision":"maybe"}`, "maybe"},
		{"approved", `"result":{"decision":"approved"}`, "exit_code"},
		{"approved for session", `"result":{"decision":"approved_for_session"}`, "exit_code"},
		{"denied", `"result":{"decision":"denied"}`, "rejected by the user"},
		{"accept", `"result":{"action":"accept","content":{}}`, "exit_code"},
		{"decline", `"result":{"action":"decline"}`, "rejected by the user"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, endpoint := start(t, setup{
				replies: []scripted.Reply{shellCall(t, "c1", "sh", "-c", "exit 3"), text("done")},
				config:  []string{`approval_policy = "untrusted"`},
			})
			c.initialize(`{"elicitation":{}}`)
			c.call(1, "codex", object{"prompt": "go"})
			question := c.request("elicitation/create")
			require.Equal(t, "1", question["params"].(object)["codex_mcp_tool_call_id"])
			c.send(`{"jsonrpc":"2.0","id":` + encode(t, question["id"]) + `,` + tt.answer + `}`)
			result := c.response(1)["result"].(object)
			require.Equal(t, "completed", result["structuredContent"].(object)["status"])
			_, messages := asked(t, endpoint, 2)
			require.Contains(t, messages[len(messages)-1]["content"], tt.ran)
		})
	}
}

// Rough edge 9: an approval that nobody answers is denied if it is configured
// so, also when nobody listens.
func TestEdge09ApprovalTimeout(t *testing.T) {
	s := setup{
		replies: []scripted.Reply{shellCall(t, "c1", "touch", "x"), text("done")},
		config:  []string{`approval_policy = "untrusted"`},
		manager: func(o *codex.Options) { o.ApprovalTimeout = 20 * time.Millisecond },
	}
	for _, listens := range []bool{true, false} {
		c, endpoint := start(t, s)
		id := c.result("newConversation", object{})["conversationId"].(string)
		if listens {
			c.result("addConversationListener", object{"conversationId": id})
		}
		c.say(id, "go")
		_, messages := asked(t, endpoint, 2)
		require.Contains(t, messages[len(messages)-1]["content"], "nobody answered within 20ms")
	}
}

// Rough edge 10: a call whose turn is ended by the answer to an approval has a
// result, and is over.
func TestEdge10AbortHasAResult(t *testing.T) {
	for _, answer := range []object{{"decision": "abort"}, {"action": "cancel"}} {
		c, _ := start(t, setup{
			replies: []scripted.Reply{shellCall(t, "c1", "touch", "x"), text("fresh")},
			config:  []string{`approval_policy = "untrusted"`},
		})
		c.initialize(`{"elicitation":{}}`)
		c.call(1, "codex", object{"prompt": "go"})
		id := c.event("session_configured")["msg"].(object)["session_id"]
		c.answer(c.request("elicitation/create"), answer)
		result := c.response(1)["result"].(object)
		require.Equal(t, "interrupted", result["structuredContent"].(object)["status"])
		require.Equal(t, true, result["isError"])
		c.event("turn_aborted")
		require.Zero(t, c.seen("task_complete"))
		c.call(2, "codex-reply", object{"prompt": "again", "conversationId": id})
		require.Equal(t, "fresh", c.toolText(2))
	}
}

// Rough edge 11: a call whose turn cannot begin is answered.
func TestEdge11TurnThatCannotBegin(t *testing.T) {
	c, _ := start(t, setup{manager: func(o *codex.Options) {
		o.NewModel = func(*config.Conversation) (model.Client, error) { return nil, errors.New("no such endpoint") }
	}})
	c.call(1, "codex", object{"prompt": "go"})
	require.Contains(t, c.toolText(1), "no such endpoint")
}

// Rough edge 12: every listener hears everything, in the same order.
func TestEdge12EveryListenerHearsEverything(t *testing.T) {
	c, _ := start(t, setup{replies: []scripted.Reply{text("hi")}})
	id := c.begin(object{})
	c.result("addConversationListener", object{"conversationId": id})
	c.say(id, "hello")
	for _, kind := range []string{"task_started", "agent_message", "token_count", "task_complete"} {
		c.event(kind)
		c.event(kind)
	}
	require.Zero(t, len(c.pending()))
}

// Rough edge 13: a cancelled call is over. The next one has its own events and
// its own answer.
func TestEdge13CancelledCallIsOver(t *testing.T) {
	reply, _ := held(t, "never")
	c, endpoint := start(t, setup{replies: []scripted.Reply{reply, text("fresh")}})
	c.initialize(`{}`)
	c.call("old", "codex", object{"prompt": "go"})
	id := c.event("session_configured")["msg"].(object)["session_id"]
	asked(t, endpoint, 1)
	c.cancel("old")
	require.Equal(t, object{"requestId": "old"}, c.event("turn_aborted")["_meta"])
	c.call("new", "codex-reply", object{"prompt": "again", "conversationId": id})
	require.Equal(t, "fresh", c.toolText("new"))
	for _, m := range c.pending() {
		require.NotEqual(t, "old", m["id"], "a cancelled request is not answered")
		if eventType(m) == "agent_message" {
			require.Equal(t, object{"requestId": "new"}, m["params"].(object)["_meta"])
		}
	}
}

// Rough edge 14: nothing of a failed call reaches the next one.
func TestEdge14FailedCallIsOver(t *testing.T) {
	c, _ := start(t, setup{replies: []scripted.Reply{{Status: 400, Body: "no"}, text("fine")}})
	c.initialize(`{}`)
	c.call(1, "codex", object{"prompt": "go"})
	id := c.event("session_configured")["msg"].(object)["session_id"]
	require.Contains(t, c.toolText(1), "400")
	c.call(2, "codex-reply", object{"prompt": "again", "conversationId": id})
	require.Equal(t, "fine", c.toolText(2))
	require.Equal(t, 2, c.seen("task_complete"))
}

// Rough edge 15: a task within the turn does not end the call.
func TestEdge15CompactionDoesNotEndTheCall(t *testing.T) {
	large := &scripted.Usage{Input: 900, Output: 100}
	call := shellCall(t, "c1", "true")
	call.Usage = large
	c, endpoint := start(t, setup{
		replies: []scripted.Reply{call, {Text: []string{"the summary"}, Usage: &scripted.Usage{Input: 10, Output: 1}}, text("the answer")},
		config:  append([]string{`model_auto_compact_token_limit = 500`}, unconfined...),
	})
	c.initialize(`{}`)
	c.call(1, "codex", object{"prompt": "go"})
	require.Equal(t, "the answer", c.toolText(1))
	require.Equal(t, "auto-compact-0", c.event("task_complete")["id"])
	require.Equal(t, "1", c.event("task_complete")["id"])
	_, messages := asked(t, endpoint, 3)
	require.Contains(t, messages[len(messages)-1]["content"], "the summary")
}

// Rough edge 16: an external server that does not start does not end a call, whose
// turn goes on without it.
func TestEdge16BrokenServerDoesNotEndTheCall(t *testing.T) {
	c, _ := start(t, setup{
		replies: []scripted.Reply{text("done all the same")},
		config:  []string{`mcp_servers = { broken = { command = "nothing-of-this-name" } }`},
		manager: func(o *codex.Options) {
			o.NewTools = func(context.Context, *config.Conversation, codex.Delegate) (codex.ToolSet, []error) {
				return nil, []error{errors.New(`MCP server "broken" did not start`)}
			}
		},
	})
	c.initialize(`{}`)
	c.call(1, "codex", object{"prompt": "go"})
	require.Equal(t, "done all the same", c.toolText(1))
	failure := c.event("error")
	require.Equal(t, "", failure["id"])
	require.Contains(t, failure["msg"].(object)["message"], "broken")
}

// Rough edge 17: a failure is a result as strict clients want it.
func TestEdge17FailureIsAResult(t *testing.T) {
	c, _ := start(t, setup{replies: []scripted.Reply{{Status: 400, Body: "no"}}})
	c.initialize(`{}`)
	c.call(1, "codex", object{"prompt": "go"})
	result := c.response(1)["result"].(object)
	require.NotContains(t, result, "error")
	require.Equal(t, true, result["isError"])
	require.Contains(t, result["content"].([]any)[0].(object)["text"], "400")
	require.Equal(t, "failed", result["structuredContent"].(object)["status"])
}

// Rough edge 19: a conversation with a listener is archived at once, and the
// listener hears of it.
func TestEdge19ArchiveWithListener(t *testing.T) {
	c, _ := start(t, setup{replies: []scripted.Reply{text("hi")}})
	begun := c.result("newConversation", object{})
	c.result("addConversationListener", object{"conversationId": begun["conversationId"]})
	began := time.Now()
	c.result("archiveConversation", object{"conversationId": begun["conversationId"], "rolloutPath": begun["rolloutPath"]})
	require.Less(t, time.Since(began), 8*time.Second)
	c.event("shutdown_complete")
}

// Rough edge 20: a listener and a tool call on one conversation both hear
// everything.
func TestEdge20ListenerBesideToolCall(t *testing.T) {
	c, _ := start(t, setup{replies: []scripted.Reply{text("hi")}})
	id := c.begin(object{})
	c.call(7, "codex-reply", object{"prompt": "go", "conversationId": id})
	require.Equal(t, "hi", c.toolText(7))
	for _, kind := range []string{"task_started", "agent_message", "token_count", "task_complete"} {
		one, other := c.event(kind), c.event(kind)
		require.NotEqual(t, one["_meta"] == nil, other["_meta"] == nil, "%v and %v", one, other)
	}
}

// Rough edge 21: a message without items is refused, and does no harm.
func TestEdge21EmptyMessage(t *testing.T) {
	c, _ := start(t, setup{replies: []scripted.Reply{text("hi")}})
	id := c.begin(object{})
	require.Equal(t, -32600, c.refusal("sendUserMessage", object{"conversationId": id, "items": []any{}}))
	c.say(id, "hello")
	c.event("task_complete")
}

// Rough edge 22: what is said while the model answers is put to it in the same
// turn, and once.
func TestEdge22MessageDuringAnAnswer(t *testing.T) {
	reply, open := held(t, "one")
	c, endpoint := start(t, setup{replies: []scripted.Reply{reply, text("two")}})
	id := c.begin(object{})
	c.say(id, "first")
	asked(t, endpoint, 1)
	c.say(id, "second")
	open()
	require.Equal(t, "two", c.event("task_complete")["msg"].(object)["last_agent_message"])
	_, messages := asked(t, endpoint, 2)
	all := encode(t, messages)
	require.Equal(t, 1, strings.Count(all, "second"))
	require.Less(t, strings.Index(all, `"one"`), strings.Index(all, `"second"`))
	require.Equal(t, 1, c.seen("task_started"))
}

// Rough edge 23: an image that the model looks at is sent once.
func TestEdge23ViewedImageIsSentOnce(t *testing.T) {
	picture := filepath.Join(t.TempDir(), "p.png")
	require.NoError(t, os.WriteFile(picture, []byte("not really a picture"), 0o600))
	look := scripted.Reply{Calls: []scripted.Call{{ID: "v", Name: "view_image", Arguments: encode(t, object{"path": picture})}}}
	c, endpoint := start(t, setup{replies: []scripted.Reply{look, text("seen")}})
	id := c.begin(object{})
	c.say(id, "look")
	c.event("task_complete")
	_, messages := asked(t, endpoint, 2)
	require.Equal(t, 1, strings.Count(encode(t, messages), "data:image/png"))
}

// Rough edge 24: on the chat API images are sent, several calls of one answer
// run, usage is known, and an answer that was cut off is a failure.
func TestEdge24ChatAPI(t *testing.T) {
	two := scripted.Reply{Calls: []scripted.Call{
		{ID: "a", Name: "shell", Arguments: `{"command":["echo","first"]}`},
		{ID: "b", Name: "shell", Arguments: `{"command":["echo","second"]}`},
	}, Usage: &scripted.Usage{Input: 7, Output: 3}}
	cut := scripted.Reply{Text: []string{"half"}, End: scripted.EndCutOff, Usage: &scripted.Usage{Input: 5, Output: 5}}
	c, endpoint := start(t, setup{replies: []scripted.Reply{two, cut}, config: unconfined})
	id := c.begin(object{})
	c.result("sendUserMessage", object{"conversationId": id, "items": []any{
		object{"type": "image", "data": object{"image_url": "data:image/png;base64,AAAA"}},
	}})
	require.Contains(t, c.event("error")["msg"].(object)["message"], "length")
	body, messages := asked(t, endpoint, 1)
	require.Contains(t, encode(t, messages), "data:image/png;base64,AAAA")
	require.Equal(t, object{"include_usage": true}, body["stream_options"])
	_, messages = asked(t, endpoint, 2)
	require.Contains(t, encode(t, messages), "first")
	require.Contains(t, encode(t, messages), "second")
	info := c.event("token_count")["msg"].(object)["info"].(object)
	require.EqualValues(t, 10, info["total_token_usage"].(object)["total_tokens"])
	// What the failed answer took counts as well.
	info = c.event("token_count")["msg"].(object)["info"].(object)
	require.EqualValues(t, 20, info["total_token_usage"].(object)["total_tokens"])
}

// Rough edge 25: a turn's own model is the one that is asked, for that turn.
func TestEdge25ModelOfATurn(t *testing.T) {
	for _, api := range []string{"chat", "responses"} {
		c, endpoint := start(t, setup{wire: api, replies: []scripted.Reply{text("hi"), text("hi")}})
		id := c.begin(object{})
		c.sayWith(id, "unheard-of")
		body, _ := asked(t, endpoint, 1)
		require.Equal(t, "unheard-of", body["model"])
		c.event("task_complete")
		c.say(id, "back")
		body, _ = asked(t, endpoint, 2)
		require.Equal(t, "mock-model", body["model"])
		c.event("task_complete")
	}
}

// Rough edge 26: the model is told where a turn works and what it may do, when
// that is news.
func TestEdge26EnvironmentOfATurn(t *testing.T) {
	c, endpoint := start(t, setup{replies: []scripted.Reply{text("hi"), text("hi")}})
	id, dir := c.begin(object{}), t.TempDir()
	c.result("sendUserTurn", object{
		"conversationId": id, "items": textInput("go"), "cwd": dir, "approvalPolicy": "never",
		"sandboxPolicy": object{"mode": "danger-full-access"}, "model": "mock-model", "summary": "auto",
	})
	_, messages := asked(t, endpoint, 1)
	told := messages[len(messages)-2]["content"]
	require.Contains(t, told, "<cwd>"+dir+"</cwd>")
	require.Contains(t, told, "<approval_policy>never<")
	require.Contains(t, told, "<sandbox_mode>danger-full-access<")
	c.event("task_complete")
	c.say(id, "back")
	_, messages = asked(t, endpoint, 2)
	require.Contains(t, messages[len(messages)-2]["content"], "<sandbox_mode>read-only")
	c.event("task_complete")
}

// Rough edge 27: what a turn did before it was interrupted stays known to the
// model.
func TestEdge27InterruptKeepsWhatRan(t *testing.T) {
	reply, _ := held(t, "never")
	c, endpoint := start(t, setup{
		replies: []scripted.Reply{shellCall(t, "c1", "echo", "marker"), reply, text("ok")},
		config:  unconfined,
	})
	id := c.begin(object{})
	c.say(id, "go")
	asked(t, endpoint, 2)
	c.result("interruptConversation", object{"conversationId": id})
	c.say(id, "what happened?")
	_, messages := asked(t, endpoint, 3)
	for i, m := range messages {
		if m["tool_calls"] != nil {
			require.Equal(t, "tool", messages[i+1]["role"])
			require.Contains(t, messages[i+1]["content"], "marker")
			c.event("task_complete")
			return
		}
	}
	require.Fail(t, "the call is not in the history", "%v", messages)
}

// Rough edge 27: an answer that breaks off after a call is asked for again, and
// the call runs once.
func TestEdge27BrokenAnswerRunsNothingTwice(t *testing.T) {
	file := filepath.Join(t.TempDir(), "runs")
	broken := shellCall(t, "c1", "sh", "-c", "echo x >> "+file)
	broken.End = scripted.EndDrop
	whole := broken
	whole.End = scripted.EndComplete
	c, _ := start(t, setup{
		replies: []scripted.Reply{broken, whole, text("ok")}, config: unconfined, wire: "responses",
		provider: []string{`request_max_retries = 0`, `stream_max_retries = 2`},
	})
	id := c.begin(object{})
	c.say(id, "go")
	c.event("task_complete")
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "x\n", string(data))
}

// Rough edge 28: a request that will never do is not sent again.
func TestEdge28RefusedRequestIsNotRepeated(t *testing.T) {
	c, endpoint := start(t, setup{
		replies:  []scripted.Reply{{Status: 400, Body: "{}", Forever: true}},
		provider: []string{`request_max_retries = 3`, `stream_max_retries = 2`},
	})
	id := c.begin(object{})
	c.say(id, "go")
	c.event("task_complete")
	require.Len(t, endpoint.Requests(), 1)
}

// Rough edge 29: an answer is over when it says so, though the stream stays open.
func TestEdge29CompletedEndsTheAnswer(t *testing.T) {
	c, _ := start(t, setup{wire: "responses", replies: []scripted.Reply{{Text: []string{"hi"}, End: scripted.EndOpen}}})
	id := c.begin(object{})
	c.say(id, "go")
	require.Equal(t, "hi", c.event("task_complete")["msg"].(object)["last_agent_message"])
}

// Rough edge 30: a call that an interrupt cut short has an output of its kind, right
// behind it.
func TestEdge30InterruptedCallHasItsOutput(t *testing.T) {
	c, endpoint := start(t, setup{
		wire: "responses", config: unconfined,
		replies: []scripted.Reply{
			{Calls: []scripted.Call{
				{ID: "c1", Name: "shell", Arguments: `{"command":["sleep","60"]}`},
				{ID: "c2", Name: "shell", Arguments: `{"command":["echo","never"]}`},
			}},
			text("ok"),
		},
	})
	id := c.begin(object{})
	c.say(id, "go")
	c.event("exec_command_begin")
	c.result("interruptConversation", object{"conversationId": id})
	c.say(id, "what happened?")
	_, items := asked(t, endpoint, 2)
	calls := 0
	for i, item := range items {
		if item["type"] == "function_call" {
			calls++
			require.Equal(t, "function_call_output", items[i+1]["type"])
			require.Equal(t, item["call_id"], items[i+1]["call_id"])
		}
	}
	require.Positive(t, calls)
	c.event("task_complete")
}

// Rough edge 31: the diff of a turn is sent when it changes. (The path of a file
// outside of a work tree keeps its slash, a//abs: clients take the a/ off.)
func TestEdge31DiffOnChange(t *testing.T) {
	patch := "*** Begin Patch\n*** Add File: new.txt\n+hello\n*** End Patch"
	c, _ := start(t, setup{
		replies: []scripted.Reply{shellCall(t, "c1", "apply_patch", patch), shellCall(t, "c2", "true"), text("done")},
		config:  unconfined,
	})
	id := c.begin(object{})
	c.say(id, "go")
	c.event("task_complete")
	require.Contains(t, c.event("turn_diff")["msg"].(object)["unified_diff"], "+hello")
	require.Zero(t, c.seen("turn_diff"))
	require.Equal(t, true, c.event("patch_apply_end")["msg"].(object)["success"])
}

// Rough edge 32: the program that is told of a turn's end is told what the user
// said, and has no part in the protocol's streams.
func TestEdge32Notify(t *testing.T) {
	file := filepath.Join(t.TempDir(), "told")
	script := `echo noise; echo noise >&2; printf %s "$1" > ` + file + `.part && mv ` + file + `.part ` + file
	c, _ := start(t, setup{
		replies: []scripted.Reply{text("bye")},
		config:  []string{`notify = ["sh", "-c", ` + encode(t, script) + `, "sh"]`},
	})
	id := c.begin(object{})
	c.say(id, "hello")
	c.event("task_complete")
	var told object
	require.Eventually(t, func() bool {
		data, err := os.ReadFile(file)
		return err == nil && json.Unmarshal(data, &told) == nil
	}, patience, 5*time.Millisecond)
	require.Equal(t, []any{"hello"}, told["input-messages"])
	require.Equal(t, "bye", told["last-assistant-message"])
}

// Rough edge 33: a command that is interrupted ends, for listeners too.
func TestEdge33InterruptedCommandEnds(t *testing.T) {
	c, _ := start(t, setup{replies: []scripted.Reply{shellCall(t, "c1", "sleep", "60")}, config: unconfined})
	id := c.begin(object{})
	c.say(id, "go")
	c.event("exec_command_begin")
	c.result("interruptConversation", object{"conversationId": id})
	var kinds []string
	for _, m := range c.pending() {
		if kind := eventType(m); kind == "exec_command_end" || kind == "turn_aborted" {
			kinds = append(kinds, kind)
		}
	}
	require.Equal(t, []string{"exec_command_end", "turn_aborted"}, kinds)
}

// Rough edge 64: credentials go to those providers only that ask for them.
func TestEdge64NoCredentialsForOthers(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(home, "auth.json"), []byte(`{"OPENAI_API_KEY":"sk-secret"}`), 0o600))
	c, endpoint := start(t, setup{home: home, wire: "responses", replies: []scripted.Reply{text("hi")}})
	id := c.begin(object{})
	c.say(id, "go")
	c.event("task_complete")
	require.NotContains(t, encode(t, endpoint.Requests()[0].Header), "Authorization")
}
