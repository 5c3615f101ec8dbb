package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex/model/scripted"
	"github.com/codexmcp/codexmcp/codex/rollout"
	"github.com/codexmcp/codexmcp/wire"
)

// kills is how often the program is killed at least.
const kills = 6

// A seen is what a client was told before the program was killed.
type seen struct {
	conversation, path string
	messages           []string // of agent_message events
	calls              []string // of exec_command_end events
}

// Whatever a client was told of is in the rollout, at whatever moment the program
// is killed, and the conversation goes on from there.
func TestKilledProgramLosesNothingThatWasTold(t *testing.T) {
	var script []scripted.Reply
	for i := range 2000 {
		script = append(script,
			scripted.Reply{Calls: []scripted.Call{{ID: fmt.Sprintf("call_%d.", i), Name: "shell", Arguments: `{"command":["true"]}`}}},
			scripted.Reply{Text: []string{fmt.Sprintf("message %d.", i)}})
	}
	endpoint, err := scripted.Start(script...)
	require.NoError(t, err)
	defer func() { require.NoError(t, endpoint.Close()) }()
	newHome(t, `model = "m"
model_provider = "p"
approval_policy = "never"
sandbox_mode = "danger-full-access"
[model_providers.p]
name = "P"
base_url = "`+endpoint.URL()+`"
wire_api = "chat"
request_max_retries = 0
stream_max_retries = 0
`)
	var told seen
	for i := 0; i < kills || len(told.messages) == 0 || len(told.calls) == 0; i++ { // until it had time to tell something
		killed(t, &told, time.Duration(rand.Int64N(int64(50*time.Millisecond*time.Duration(i+1)))))
		if told.path == "" {
			continue
		}
		saved, err := rollout.Read(os.Getenv("CODEX_HOME"), told.path)
		if errors.Is(err, rollout.ErrEmpty) && len(told.messages)+len(told.calls) == 0 {
			told.path = "" // it was killed before there was anything to keep
			continue
		}
		require.NoError(t, err)
		said, ended := items(t, saved, "message"), items(t, saved, "function_call_output")
		for _, message := range told.messages {
			require.Contains(t, said, message)
		}
		for _, call := range told.calls {
			require.Contains(t, ended, call)
		}
	}
}

// killed runs turns of one conversation in a program of its own and kills it
// after a time, which counts from the first turn.
func killed(t *testing.T, told *seen, after time.Duration) {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(program, "serve")
	cmd.Env = append(os.Environ(), programVariable+"=1")
	cmd.Dir = t.TempDir()
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	}()
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 8<<20)
	send := func(id, method string, params any) {
		text, err := json.Marshal(map[string]any{"id": id, "method": method, "params": params})
		require.NoError(t, err)
		_, _ = io.WriteString(in, string(text)+"\n") // it may be dead already
	}
	answer := func(id string) map[string]any {
		for lines.Scan() {
			if m := decode(t, lines.Bytes()); m["id"] == id {
				result, ok := m["result"].(map[string]any)
				require.True(t, ok, "%s", lines.Bytes())
				return result
			}
		}
		require.FailNow(t, "no answer", "%s: %v", id, lines.Err())
		return nil
	}
	if told.path == "" {
		send("begin", "newConversation", map[string]any{})
		begun := answer("begin")
		told.conversation, told.path = begun["conversationId"].(string), begun["rolloutPath"].(string)
	} else {
		send("resume", "resumeConversation", map[string]any{"path": told.path})
		require.Equal(t, told.conversation, answer("resume")["conversationId"])
	}
	send("listen", "addConversationListener", map[string]any{"conversationId": told.conversation})
	answer("listen")
	say := func(i int) {
		send(fmt.Sprint("say", i), "sendUserMessage", map[string]any{
			"conversationId": told.conversation,
			"items":          []any{map[string]any{"type": "text", "data": map[string]any{"text": "go on"}}},
		})
	}
	say(0)
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	for i := 1; lines.Scan(); {
		m := decode(t, lines.Bytes())
		params, _ := m["params"].(map[string]any)
		msg, _ := params["msg"].(map[string]any)
		switch msg["type"] {
		case "agent_message":
			told.messages = append(told.messages, msg["message"].(string))
		case "exec_command_end":
			told.calls = append(told.calls, msg["call_id"].(string))
		case "task_complete":
			say(i)
			i++
		}
	}
}

// decode reads a line, nil for the half one that a killed program leaves.
func decode(t *testing.T, line []byte) map[string]any {
	t.Helper()
	var m map[string]any
	if json.Unmarshal(line, &m) != nil {
		return nil
	}
	return m
}

// items are the recorded items of a kind, in one text.
func items(t *testing.T, saved *rollout.Saved, kind string) string {
	t.Helper()
	var all strings.Builder
	for _, entry := range saved.History {
		if entry.Item != nil && entry.Item.Type() == kind {
			text, err := wire.RawOf(entry.Item)
			require.NoError(t, err)
			all.WriteString(text.String() + "\n")
		}
	}
	return all.String()
}
