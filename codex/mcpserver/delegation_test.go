//go:build unix

package mcpserver_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex"
	"github.com/codexmcp/codexmcp/codex/exec"
	"github.com/codexmcp/codexmcp/codex/mcpserver"
	"github.com/codexmcp/codexmcp/codex/model/scripted"
)

// Rough edge 41: the approval of one retry is that of one run. Approval for the
// session is for the session.
func TestEdge41ApprovalOfARetry(t *testing.T) {
	tests := []struct {
		decision  string
		questions int
	}{{"approved", 2}, {"approved_for_session", 1}}
	for _, tt := range tests {
		t.Run(tt.decision, func(t *testing.T) {
			run := shellCall(t, "c", "touch", "/nowhere/x")
			c, _ := start(t, setup{
				replies: []scripted.Reply{run, run, text("done")},
				config:  []string{`approval_policy = "on-failure"`, `sandbox_mode = "read-only"`},
				manager: func(o *codex.Options) {
					// A sandbox that denies everything.
					o.Execute = func(ctx context.Context, command exec.Command) (exec.Result, error) {
						command.Argv = []string{"true"}
						if command.Sandbox != nil {
							command.Argv = []string{"sh", "-c", "echo touch: Permission denied >&2; exit 1"}
						}
						command.Sandbox, command.Helper = nil, ""
						return exec.Run(ctx, command)
					}
				},
			})
			id := c.begin(object{})
			c.say(id, "go")
			for range tt.questions {
				c.answer(c.request("execCommandApproval"), object{"decision": tt.decision})
			}
			c.event("task_complete")
			require.Equal(t, tt.questions, c.seen("exec_approval_request"))
		})
	}
}

// alive reports whether a process is there and no zombie.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || !strings.Contains(string(status), ") Z ")
}

// Rough edge 36: a timeout ends a command with everything it has started, and is
// not held up by it.
func TestEdge36TimeoutEndsTheGroup(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	call := scripted.Reply{Calls: []scripted.Call{{ID: "c1", Name: "shell", Arguments: encode(t, object{
		"command": []string{"sh", "-c", "sleep 60 & echo $! > " + file + "; wait"}, "timeout_ms": 500})}}}
	c, endpoint := start(t, setup{replies: []scripted.Reply{call, text("done")}, config: unconfined})
	id := c.begin(object{})
	began := time.Now()
	c.say(id, "go")
	require.EqualValues(t, 124, c.event("exec_command_end")["msg"].(object)["exit_code"])
	require.Less(t, time.Since(began), 10*time.Second)
	_, messages := asked(t, endpoint, 2)
	require.Contains(t, messages[len(messages)-1]["content"], "124")
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return !alive(pid) }, patience, 5*time.Millisecond)
}

// The end of input ends the server in the middle of a turn, with every child.
func TestEndOfInputEndsChildren(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pids")
	script := `sleep 60 & echo $! $$ > ` + file + `.part; mv ` + file + `.part ` + file + `; wait`
	call := scripted.Reply{Calls: []scripted.Call{{ID: "c1", Name: "shell",
		Arguments: encode(t, object{"command": []string{"sh", "-c", script}, "timeout_ms": 60_000})}}}
	for _, tool := range []bool{true, false} {
		t.Run("tool "+strconv.FormatBool(tool), func(t *testing.T) {
			require.NoError(t, os.RemoveAll(file))
			c, _ := start(t, setup{replies: []scripted.Reply{call}, config: unconfined})
			if tool {
				c.call(1, "codex", object{"prompt": "go"})
			} else {
				c.say(c.begin(object{}), "go")
			}
			var pids []string
			require.Eventually(t, func() bool {
				data, err := os.ReadFile(file)
				pids = strings.Fields(string(data))
				return err == nil && len(pids) == 2
			}, patience, 5*time.Millisecond)
			began := time.Now()
			c.stop()
			require.Less(t, time.Since(began), 10*time.Second)
			for _, pid := range pids {
				number, err := strconv.Atoi(pid)
				require.NoError(t, err)
				require.Eventually(t, func() bool { return !alive(number) }, patience, 5*time.Millisecond)
			}
		})
	}
}

// Two conversations at once do not disturb each other: one waits for its model,
// the other goes on, and each hears its own.
func TestConversationsAtOnce(t *testing.T) {
	slow, open := held(t, "slow answer")
	slow.When = "to the slow one"
	quick := text("quick answer")
	quick.When = "to the quick one"
	c, endpoint := start(t, setup{replies: []scripted.Reply{slow, quick}})
	one, other := c.begin(object{}), c.begin(object{})
	c.say(one, "to the slow one")
	asked(t, endpoint, 1)
	c.say(other, "to the quick one")
	done := c.event("task_complete")
	require.Equal(t, other, done["conversationId"])
	require.Equal(t, "quick answer", done["msg"].(object)["last_agent_message"])
	c.result("interruptConversation", object{"conversationId": other})
	open()
	done = c.event("task_complete")
	require.Equal(t, one, done["conversationId"])
	require.Equal(t, "slow answer", done["msg"].(object)["last_agent_message"])
	require.Zero(t, c.seen("turn_aborted"))
}

// Whoever waits for a tool hears from it all the time.
func TestProgressWhileNothingHappens(t *testing.T) {
	require.LessOrEqual(t, mcpserver.DefaultProgressInterval, 15*time.Second)
	reply, open := held(t, "done")
	c, _ := start(t, setup{
		replies: []scripted.Reply{reply},
		options: func(o *mcpserver.Options) { o.ProgressInterval = 5 * time.Millisecond },
	})
	c.initialize(`{}`)
	c.call("p", "codex", object{"prompt": "go"})
	last := -1.0
	for range 5 {
		m := c.wait("progress", func(m message) bool { return m["method"] == "notifications/progress" })["params"].(object)
		require.Equal(t, "p", m["progressToken"])
		require.Greater(t, m["progress"], last)
		last = m["progress"].(float64)
	}
	open()
	require.Equal(t, "done", c.toolText("p"))
}

// Events can be turned off, by the client and by the server.
func TestEventsTurnedOff(t *testing.T) {
	tests := []struct {
		name, capabilities string
		off                bool
		want               bool
	}{
		{"by default", `{}`, false, true},
		{"wanted", `{"experimental":{"codex/events":{"enabled":true}}}`, false, true},
		{"not wanted", `{"experimental":{"codex/events":{"enabled":false}}}`, false, false},
		{"off for everybody", `{"experimental":{"codex/events":{"enabled":true}}}`, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := start(t, setup{
				replies: []scripted.Reply{text("hi")},
				options: func(o *mcpserver.Options) { o.NoEvents = tt.off },
			})
			c.initialize(tt.capabilities)
			c.call(1, "codex", object{"prompt": "go"})
			require.Equal(t, "hi", c.toolText(1))
			require.Equal(t, tt.want, c.seen("session_configured") == 1)
			require.Equal(t, tt.want, c.seen("task_complete") == 1)
		})
	}
}

// A client that cannot ask is not asked, and the model learns why.
func TestClientThatCannotAsk(t *testing.T) {
	c, endpoint := start(t, setup{
		replies: []scripted.Reply{shellCall(t, "c1", "touch", "x"), text("done")},
		config:  []string{`approval_policy = "untrusted"`},
	})
	c.initialize(`{}`)
	c.call(1, "codex", object{"prompt": "go"})
	require.Equal(t, "done", c.toolText(1))
	_, messages := asked(t, endpoint, 2)
	require.Contains(t, messages[len(messages)-1]["content"], "did not declare elicitation")
}

// A question shows what will run: nothing in it can hide or turn text around.
func TestQuestionHidesNothing(t *testing.T) {
	c, _ := start(t, setup{
		replies: []scripted.Reply{shellCall(t, "c1", "rm", "a\u202eb\x1b[2K\r", "new\nline")},
		config:  []string{`approval_policy = "untrusted"`},
	})
	c.initialize(`{"elicitation":{}}`)
	c.call(1, "codex", object{"prompt": "go"})
	params := c.request("elicitation/create")["params"].(object)
	for _, hidden := range []string{"\u202e", "\x1b", "\r", "\n"} {
		require.NotContains(t, params["message"], hidden)
	}
	require.Equal(t, []any{"rm", "a\u202eb\x1b[2K\r", "new\nline"}, params["codex_command"], "but it is not changed")
	c.cancel(1)
	c.event("turn_aborted")
}

// A question about a patch names its files: not every client shows more.
func TestQuestionNamesTheFiles(t *testing.T) {
	patch := "*** Begin Patch\n*** Add File: a\u202eb.txt\n+x\n*** Delete File: c.txt\n*** Update File: d.txt\n*** Move to: e.txt\n@@\n-old\n+new\n*** End Patch"
	work := t.TempDir()
	for _, name := range []string{"c.txt", "d.txt"} {
		require.NoError(t, os.WriteFile(filepath.Join(work, name), []byte("old\n"), 0o600))
	}
	c, _ := start(t, setup{
		replies: []scripted.Reply{shellCall(t, "c1", "apply_patch", patch)},
		config:  []string{`approval_policy = "untrusted"`},
	})
	c.initialize(`{"elicitation":{}}`)
	c.call(1, "codex", object{"prompt": "go", "cwd": work, "sandbox": "workspace-write"})
	params := c.request("elicitation/create")["params"].(object)
	require.Equal(t, strings.ReplaceAll("Allow Codex to change these files?\nadd `W/a\\u202eb.txt`\ndelete `W/c.txt`\nmove `W/d.txt` to `W/e.txt`", "W", work),
		params["message"])
	c.cancel(1)
	c.event("turn_aborted")
}

// Output and errors that are not UTF-8 reach clients and the model, cleaned.
func TestOutputThatIsNotUTF8(t *testing.T) {
	c, endpoint := start(t, setup{
		replies: []scripted.Reply{shellCall(t, "c1", "printf", `a\377b`), {Status: 400, Body: "no\xffpe"}},
		config:  unconfined,
	})
	c.initialize(`{}`)
	c.call(1, "codex", object{"prompt": "go"})
	require.Contains(t, c.toolText(1), "400")
	require.Equal(t, "a\uFFFDb", c.event("exec_command_end")["msg"].(object)["stdout"])
	_, messages := asked(t, endpoint, 2)
	require.Contains(t, messages[len(messages)-1]["content"], "a\uFFFDb")
	c.event("error")
}

// What is said to a turn that fails is not lost: the next one knows it.
func TestMessageToATurnThatFails(t *testing.T) {
	gate := make(chan struct{})
	c, endpoint := start(t, setup{replies: []scripted.Reply{
		{Text: []string{"half"}, Hold: gate, HoldAfter: 1, End: scripted.EndCutOff}, text("ok"),
	}})
	id := c.begin(object{})
	c.say(id, "first")
	asked(t, endpoint, 1)
	c.say(id, "second")
	close(gate)
	c.event("error")
	c.event("task_complete")
	c.say(id, "third")
	_, messages := asked(t, endpoint, 2)
	require.Equal(t, 1, strings.Count(encode(t, messages), "second"))
	c.event("task_complete")
}

// A message that is too much for a busy turn is refused, not kept for ever.
func TestMessagesThatWaitAreBounded(t *testing.T) {
	reply, open := held(t, "one")
	c, endpoint := start(t, setup{replies: []scripted.Reply{reply, text("two")}})
	id := c.begin(object{})
	c.say(id, "go")
	asked(t, endpoint, 1)
	for range 64 {
		c.say(id, "more")
	}
	require.Equal(t, -32600, c.refusal("sendUserMessage", object{"conversationId": id, "items": textInput("too much")}))
	open()
	c.event("task_complete")
}

// An interrupt while the history is summed up ends that task too, and the model
// is told again where it works after a turn with settings of its own.
func TestInterruptedCompaction(t *testing.T) {
	first := scripted.Reply{Text: []string{"hi"}, Usage: &scripted.Usage{Input: 900, Output: 100}}
	summary, _ := held(t, "never")
	c, endpoint := start(t, setup{
		replies: []scripted.Reply{first, summary, text("fine")}, config: []string{`model_auto_compact_token_limit = 500`},
	})
	id := c.begin(object{})
	c.say(id, "go")
	asked(t, endpoint, 2)
	c.result("interruptConversation", object{"conversationId": id})
	require.Equal(t, "auto-compact-0", c.event("turn_aborted")["id"])
	require.Equal(t, "0", c.event("turn_aborted")["id"])
	c.say(id, "on")
	_, messages := asked(t, endpoint, 3)
	require.Contains(t, encode(t, messages), `"go"`)
	c.event("task_complete")
}

// After a summary the model still knows where a turn with settings of its own works.
func TestCompactionKeepsTheTurnsSettings(t *testing.T) {
	call := shellCall(t, "c1", "true")
	call.Usage = &scripted.Usage{Input: 900, Output: 100}
	c, endpoint := start(t, setup{
		replies: []scripted.Reply{call, {Text: []string{"sum"}, Usage: &scripted.Usage{Input: 1, Output: 1}}, text("done")},
		config:  []string{`model_auto_compact_token_limit = 500`},
	})
	id, dir := c.begin(object{}), t.TempDir()
	c.result("sendUserTurn", object{
		"conversationId": id, "items": textInput("go"), "cwd": dir, "approvalPolicy": "never",
		"sandboxPolicy": object{"mode": "danger-full-access"}, "model": "mock-model", "summary": "auto",
	})
	_, messages := asked(t, endpoint, 3)
	require.Contains(t, messages[len(messages)-1]["content"], "<cwd>"+dir)
	c.event("task_complete")
	c.event("task_complete")
}
