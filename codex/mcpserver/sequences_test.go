package mcpserver_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/codexmcp/codexmcp/codex/model/scripted"
)

// TestSequences lets clients do whatever they like, in any order, and looks at
// what must hold all the same: every request is answered once, a cancelled one at
// most; every turn has one terminal event for everybody who hears of it; nothing is
// left running. CODEXMCP_SEQUENCES says how many sequences, CODEXMCP_SEED which.
func TestSequences(t *testing.T) {
	sequences, seed := 100, uint64(time.Now().UnixNano())
	if text := os.Getenv("CODEXMCP_SEQUENCES"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(t, err)
		sequences = n
	}
	if text := os.Getenv("CODEXMCP_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
		seed = n
	}
	t.Logf("seed %d", seed)
	for i := range sequences {
		before := goleak.IgnoreCurrent()
		one := &sequence{random: rand.New(rand.NewPCG(seed, uint64(i))), mark: fmt.Sprintf("300.%d%d", os.Getpid(), i)}
		ok := t.Run(strconv.Itoa(i), one.run)
		require.True(t, ok, "sequence %d of seed %d", i, seed)
		require.NoError(t, goleak.Find(before), "sequence %d of seed %d", i, seed)
		require.Eventually(t, func() bool { return len(processes(one.mark)) == 0 }, patience, time.Millisecond,
			"processes of sequence %d of seed %d", i, seed)
	}
}

// processes returns the processes that have a word in their command line.
func processes(word string) []string {
	var found []string
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(line), word) {
			found = append(found, file)
		}
	}
	return found
}

// A sequence is one client and what it has done.
type sequence struct {
	random *rand.Rand
	mark   string // in the command line of whatever runs for long
	c      *wireClient

	requests  []string        // by id, in order
	cancelled map[string]bool // requests
	calls     []string        // tool calls among the requests
	listened  []string        // conversations
	answered  map[string]bool // requests of the server
}

func (s *sequence) run(t *testing.T) {
	s.cancelled, s.answered = map[string]bool{}, map[string]bool{}
	var replies []scripted.Reply
	for range 30 {
		replies = append(replies, s.reply(t))
	}
	policy := pick(s, "never", "untrusted")
	s.c, _ = start(t, setup{
		replies:  replies,
		config:   []string{`approval_policy = "` + policy + `"`, `sandbox_mode = "danger-full-access"`},
		provider: []string{`request_max_retries = 0`, `stream_max_retries = 1`},
	})
	s.c.initialize(pick(s, `{}`, `{"elicitation":{}}`))
	s.begin()
	for range 5 + s.random.IntN(25) {
		s.act()
	}
	if s.random.IntN(3) > 0 {
		s.settle(t)
	}
	s.c.stop()
	s.check(t)
}

// reply is something a model may say.
func (s *sequence) reply(t *testing.T) scripted.Reply {
	long := "sleep " + s.mark + " & sleep " + s.mark
	switch s.random.IntN(9) {
	case 0:
		return shellCall(t, "quick", "sh", "-c", "echo hi")
	case 1, 2:
		return scripted.Reply{Calls: []scripted.Call{{ID: "long", Name: "shell",
			Arguments: encode(t, object{"command": []string{"sh", "-c", long}, "timeout_ms": 60_000})}}}
	case 3:
		return scripted.Reply{Text: []string{"hm"}, End: scripted.EndHang}
	case 4:
		return scripted.Reply{Status: 400, Body: "no"}
	case 5:
		return scripted.Reply{Text: []string{"half"}, End: scripted.EndDrop}
	case 6:
		two := shellCall(t, "one", "true")
		two.Calls = append(two.Calls, shellCall(t, "two", "sh", "-c", "exit 1").Calls...)
		return two
	}
	return text("said")
}

// act does one thing a client may do.
func (s *sequence) act() {
	switch s.random.IntN(16) {
	case 0:
		s.begin()
	case 1, 2:
		s.request("sendUserMessage", object{"conversationId": pick(s, s.listened...), "items": textInput("hello")})
	case 3:
		s.calls = append(s.calls, s.request("tools/call", object{"name": "codex", "arguments": object{"prompt": "go"}}))
	case 4, 5:
		if all := s.conversations(); len(all) > 0 {
			s.calls = append(s.calls, s.request("tools/call", object{"name": "codex-reply",
				"arguments": object{"prompt": "go on", "conversationId": pick(s, all...)}}))
		}
	case 6:
		if len(s.calls) > 0 {
			id := pick(s, s.calls...)
			s.cancelled[id] = true
			s.c.cancel(id)
		}
	case 7:
		if all := s.conversations(); len(all) > 0 {
			s.request("interruptConversation", object{"conversationId": pick(s, all...)})
		}
	case 8, 9:
		s.approve()
	default:
		s.c.news(15 * time.Millisecond)
	}
}

// begin begins a conversation.
func (s *sequence) begin() {
	id := s.c.result("newConversation", object{})["conversationId"].(string)
	s.c.result("addConversationListener", object{"conversationId": id})
	s.listened = append(s.listened, id)
}

func (s *sequence) request(method string, params object) string {
	id := fmt.Sprintf("q%d", len(s.requests))
	s.requests = append(s.requests, id)
	s.c.send(encode(s.c.t, object{"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
	return id
}

// approve answers what the server has asked, one way or another.
func (s *sequence) approve() {
	for _, m := range s.c.pending() {
		id := encode(s.c.t, m["id"])
		if m["method"] == nil || m["id"] == nil || s.answered[id] {
			continue
		}
		s.answered[id] = true
		s.c.send(`{"jsonrpc":"2.0","id":` + id + `,` + pick(s, `"result":{"decision":"approved"}`, `"result":{"decision":"denied"}`,
			`"result":{"decision":"abort"}`, `"result":{"action":"accept"}`, `"result":[]`, `"error":{"code":1,"message":"no"}`) + `}`)
	}
}

// conversations are those the client knows of.
func (s *sequence) conversations() []string {
	all := append([]string(nil), s.listened...)
	for _, m := range s.c.pending() {
		if eventType(m) == "session_configured" {
			all = append(all, m["params"].(object)["msg"].(object)["session_id"].(string))
		}
	}
	return all
}

// responses counts the responses to each request.
func (s *sequence) responses() map[string]int {
	counts := map[string]int{}
	for _, m := range s.c.pending() {
		if id, ok := m["id"].(string); ok && m["method"] == nil {
			counts[id]++
		}
	}
	return counts
}

// settle ends every turn and waits until everything is answered.
func (s *sequence) settle(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		s.approve()
		for _, id := range s.conversations() {
			s.c.result("interruptConversation", object{"conversationId": id})
		}
		counts := s.responses()
		for _, id := range s.requests {
			if counts[id] == 0 && !s.cancelled[id] {
				return false
			}
		}
		for _, ends := range s.turns() { // that of a cancelled call may still be on its way
			if ends == 0 {
				return false
			}
		}
		return true
	}, patience, time.Millisecond)
	for _, m := range s.c.pending() {
		require.NotContains(t, fmt.Sprint(m["error"]), "-32603", "%v", m)
	}
	for turn, ends := range s.turns() {
		require.Equal(t, 1, ends, "terminal events of turn %q", turn)
	}
}

// turns counts the terminal events of every turn, for each who hears of it.
func (s *sequence) turns() map[string]int {
	ends := map[string]int{}
	for _, m := range s.c.pending() {
		kind := eventType(m)
		if kind == "" {
			continue
		}
		params := m["params"].(object)
		turn := encode(s.c.t, []any{params["conversationId"], params["_meta"], params["id"]})
		switch kind {
		case "task_started":
			ends[turn] += 0
		case "task_complete", "turn_aborted":
			ends[turn]++
		}
	}
	return ends
}

// check looks at what must hold however the sequence ended.
func (s *sequence) check(t *testing.T) {
	t.Helper()
	for id, n := range s.responses() {
		require.Equal(t, 1, n, "responses to %q", id)
	}
	for turn, ends := range s.turns() {
		require.LessOrEqual(t, ends, 1, "terminal events of turn %q", turn)
	}
}

// pick takes one of several.
func pick[T any](s *sequence, from ...T) T { return from[s.random.IntN(len(from))] }
