package mcpserver_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex"
	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/codex/mcpserver"
	"github.com/codexmcp/codexmcp/codex/model"
	"github.com/codexmcp/codexmcp/codex/model/scripted"
	"github.com/codexmcp/codexmcp/mcpprotocol"
)

var lastID atomic.Int64

// ask sends a request and returns its response.
func (c *wireClient) ask(method string, params any) message {
	c.t.Helper()
	id := fmt.Sprintf("ask-%d", lastID.Add(1))
	c.send(`{"jsonrpc":"2.0","id":"` + id + `","method":"` + method + `","params":` + encode(c.t, params) + `}`)
	return c.response(id)
}

// result sends a request and returns its result.
func (c *wireClient) result(method string, params any) map[string]any {
	c.t.Helper()
	m := c.ask(method, params)
	result, ok := m["result"].(map[string]any)
	require.True(c.t, ok, "%v is no result", m)
	return result
}

// refusal sends a request and returns the code of its error.
func (c *wireClient) refusal(method string, params any) int {
	c.t.Helper()
	m := c.ask(method, params)
	e, ok := m["error"].(map[string]any)
	require.True(c.t, ok, "%v is no error", m)
	return int(e["code"].(float64))
}

type object = map[string]any

func textInput(text string) []any {
	return []any{object{"type": "text", "data": object{"text": text}}}
}

// converse begins a conversation, listens to it and runs a turn.
func converse(c *wireClient, prompt string) (id, path string) {
	c.t.Helper()
	begun := c.result("newConversation", object{})
	id, path = begun["conversationId"].(string), begun["rolloutPath"].(string)
	c.result("addConversationListener", object{"conversationId": id})
	c.result("sendUserMessage", object{"conversationId": id, "items": textInput(prompt)})
	c.event("task_complete")
	return id, path
}

// within runs f as a subtest, so that its server has ended when it returns.
func within(t *testing.T, name string, f func(*testing.T)) {
	t.Helper()
	require.True(t, t.Run(name, f))
}

func TestResumeBringsAConversationBack(t *testing.T) {
	home := t.TempDir()
	var id, path string
	within(t, "before", func(t *testing.T) {
		c, _ := start(t, setup{home: home, replies: []scripted.Reply{text("one")}})
		id, path = converse(c, "first")
	})
	within(t, "after", func(t *testing.T) {
		c, endpoint := start(t, setup{home: home, replies: []scripted.Reply{text("two")}})
		c.send(`{"jsonrpc":"2.0","id":"r","method":"resumeConversation","params":` + encode(t, object{"path": path}) + `}`)
		configured := c.wait("a first message", func(message) bool { return true })
		require.Equal(t, "codex/event", configured["method"], "the event comes before the response")
		params := configured["params"].(object)
		require.NotContains(t, params, "_meta")
		require.Equal(t, "", params["id"])
		msg := params["msg"].(object)
		require.Equal(t, "session_configured", msg["type"])
		require.Equal(t, id, msg["session_id"])
		result := c.response("r")["result"].(object)
		require.Equal(t, id, result["conversationId"])
		require.Equal(t, "mock-model", result["model"])
		var kinds []string
		for _, m := range result["initialMessages"].([]any) {
			kinds = append(kinds, m.(object)["type"].(string))
		}
		require.Contains(t, kinds, "user_message")
		require.Contains(t, kinds, "agent_message")

		c.result("addConversationListener", object{"conversationId": id})
		c.result("sendUserMessage", object{"conversationId": id, "items": textInput("second")})
		c.event("task_complete")
		sent := string(endpoint.Requests()[0].Body)
		for _, said := range []string{`first`, `one`, `second`} {
			require.Contains(t, sent, said)
		}
	})
}

func TestResumeGoesOnAfterASummary(t *testing.T) {
	home := t.TempDir()
	folder := filepath.Join(home, "sessions", "2025", "01", "02")
	require.NoError(t, os.MkdirAll(folder, 0o700))
	const id = "01990001-0000-7000-8000-000000000001"
	path := filepath.Join(folder, "rollout-2025-01-02T03-04-05-"+id+".jsonl")
	line := func(kind, payload string) string {
		return `{"timestamp":"2025-01-02T03:04:05.000Z","type":"` + kind + `","payload":` + payload + "}\n"
	}
	require.NoError(t, os.WriteFile(path, []byte(
		line("session_meta", `{"id":"`+id+`","timestamp":"2025-01-02T03:04:05.000Z","cwd":"/srv","originator":"x","cli_version":"0","instructions":null}`)+
			line("response_item", `{"type":"message","role":"user","content":[{"type":"input_text","text":"long ago"}]}`)+
			line("response_item", `{"type":"message","role":"assistant","content":[{"type":"output_text","text":"forgotten"}]}`)+
			line("compacted", `{"message":"in short"}`)+
			line("response_item", `{"type":"message","role":"user","content":[{"type":"input_text","text":"recently"}]}`)), 0o600))
	c, endpoint := start(t, setup{home: home, replies: []scripted.Reply{text("on we go")}})
	c.result("resumeConversation", object{"path": path})
	c.result("addConversationListener", object{"conversationId": id})
	c.result("sendUserMessage", object{"conversationId": id, "items": textInput("now")})
	c.event("task_complete")
	sent := string(endpoint.Requests()[0].Body)
	for _, said := range []string{"long ago", "in short", "recently", "now"} {
		require.Contains(t, sent, said)
	}
	require.NotContains(t, sent, "forgotten")
}

func TestResumeRefuses(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(home, "empty.jsonl"), nil, 0o600))
	require.NoError(t, os.MkdirAll(filepath.Join(home, "sessions"), 0o700))
	outside := filepath.Join(t.TempDir(), "x.jsonl")
	require.NoError(t, os.WriteFile(outside, []byte("{}\n"), 0o600))
	require.NoError(t, os.Symlink(outside, filepath.Join(home, "sessions", "link.jsonl")))
	c, _ := start(t, setup{home: home})
	tests := []struct {
		name   string
		params object
		code   int
	}{
		{"missing file", object{"path": filepath.Join(home, "sessions", "nope.jsonl")}, -32603},
		{"empty file", object{"path": filepath.Join(home, "empty.jsonl")}, -32603},
		{"symbolic link", object{"path": filepath.Join(home, "sessions", "link.jsonl")}, -32603},
		{"unknown profile", object{"path": filepath.Join(home, "empty.jsonl"), "overrides": object{"profile": "nope"}}, -32600},
		{"unknown value", object{"path": filepath.Join(home, "empty.jsonl"), "overrides": object{"sandbox": "nope"}}, -32602},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.code, c.refusal("resumeConversation", tt.params))
		})
	}
}

// Rough edge 58: a live conversation never gets a second engine.
func Test58ResumingALiveConversation(t *testing.T) {
	hold := make(chan struct{})
	c, endpoint := start(t, setup{replies: []scripted.Reply{text("one"), {Text: []string{"two"}, Hold: hold}, text("three")}})
	id, path := converse(c, "first")
	resumed := c.result("resumeConversation", object{"path": path})
	require.Equal(t, id, resumed["conversationId"])
	require.NotEmpty(t, resumed["initialMessages"])

	c.result("sendUserMessage", object{"conversationId": id, "items": textInput("second")})
	c.event("task_started")
	require.Equal(t, -32600, c.refusal("resumeConversation", object{"path": path, "overrides": object{"model": "other"}}),
		"a turn runs")
	close(hold)
	require.Equal(t, "two", c.event("task_complete")["msg"].(object)["last_agent_message"], "the listener is still there")

	resumed = c.result("resumeConversation", object{"path": path, "overrides": object{"model": "other"}})
	require.Equal(t, id, resumed["conversationId"])
	require.Equal(t, "other", resumed["model"])
	c.result("addConversationListener", object{"conversationId": id})
	c.result("sendUserMessage", object{"conversationId": id, "items": textInput("third")})
	c.event("task_complete")
	requests := endpoint.Requests()
	require.Contains(t, string(requests[len(requests)-1].Body), `"other"`)
}

func TestCodexReplyAfterRestart(t *testing.T) {
	home := t.TempDir()
	call := func(c *wireClient, tool string, arguments object) object {
		return c.result("tools/call", object{"name": tool, "arguments": arguments})["structuredContent"].(object)
	}
	var id string
	work := t.TempDir()
	within(t, "before", func(t *testing.T) {
		c, _ := start(t, setup{home: home, replies: []scripted.Reply{text("one")}})
		id = call(c, "codex", object{
			"prompt": "first", "cwd": work, "model": "special", "sandbox": "workspace-write", "approval-policy": "never",
		})["conversationId"].(string)
	})
	within(t, "after", func(t *testing.T) {
		c, endpoint := start(t, setup{home: home, replies: []scripted.Reply{text("two")}})
		reply := call(c, "codex-reply", object{"conversationId": strings.ToUpper(id), "prompt": "second"})
		require.Equal(t, id, reply["conversationId"])
		require.Equal(t, "two", reply["message"])
		sent := string(endpoint.Requests()[0].Body)
		require.Contains(t, sent, `"special"`, "it goes on as it was")
		require.Contains(t, sent, work, "and where it was")
	})
	within(t, "unknown", func(t *testing.T) {
		c, _ := start(t, setup{home: home})
		require.Equal(t, -32600, c.refusal("sendUserMessage",
			object{"conversationId": "00000000-0000-4000-8000-000000000000", "items": textInput("x")}))
	})
}

// servers stand for the external servers of one conversation.
type servers struct{ closed chan struct{} }

func (s servers) Specs() []model.Tool                                 { return nil }
func (s servers) Call(context.Context, codex.ToolCall) (string, bool) { return "", false }
func (s servers) Close()                                              { close(s.closed) }

// Rough edge 63: a conversation that nobody uses leaves the memory, its external
// servers with it, and comes back when it is spoken to.
func Test63IdleConversationsLeaveTheMemory(t *testing.T) {
	closed := make(chan struct{})
	first := true
	c, endpoint := start(t, setup{
		config:  []string{`mcp_servers.x.command = "x"`},
		replies: []scripted.Reply{text("one"), text("two")},
		manager: func(o *codex.Options) {
			o.IdleTime = 250 * time.Millisecond
			o.NewTools = func(context.Context, *config.Conversation, codex.Delegate) (codex.ToolSet, []error) {
				if first {
					first = false
					return servers{closed}, nil
				}
				return servers{make(chan struct{})}, nil
			}
		},
	})
	begun := c.result("newConversation", object{"config": object{"model": "kept"}})
	id := begun["conversationId"]
	subscription := c.result("addConversationListener", object{"conversationId": id})["subscriptionId"]
	c.result("sendUserMessage", object{"conversationId": id, "items": textInput("first")})
	c.event("task_complete")
	select {
	case <-closed:
		t.Fatal("somebody listens")
	case <-time.After(time.Second): // four times the time it may be idle
	}
	c.result("removeConversationListener", object{"subscriptionId": subscription})
	select {
	case <-closed:
	case <-time.After(patience):
		t.Fatal("the conversation stays")
	}
	c.result("addConversationListener", object{"conversationId": id})
	c.result("sendUserMessage", object{"conversationId": id, "items": textInput("second")})
	done := c.event("task_complete")
	require.Equal(t, "1", done["id"], "submissions are counted on")
	sent := string(endpoint.Requests()[1].Body)
	for _, said := range []string{`"kept"`, "first", "one", "second"} {
		require.Contains(t, sent, said)
	}
}

func TestConversationsInMemoryAreBounded(t *testing.T) {
	c, _ := start(t, setup{manager: func(o *codex.Options) { o.MaxConversations = 2 }})
	for range 2 {
		id := c.result("newConversation", object{})["conversationId"]
		c.result("addConversationListener", object{"conversationId": id})
	}
	require.Equal(t, -32603, c.refusal("newConversation", object{}), "all of them are in use")
}

// Rough edge 55: no cursor after the last page, and no page for a bad cursor.
func Test55PagesEnd(t *testing.T) {
	c, _ := start(t, setup{replies: []scripted.Reply{text("one"), text("two"), text("three")}})
	for i := range 3 {
		converse(c, fmt.Sprintf("prompt %d", i))
	}
	seen := map[string]bool{}
	page := c.result("listConversations", object{"pageSize": 2})
	for range 3 {
		for _, item := range page["items"].([]any) {
			seen[item.(object)["preview"].(string)] = true
		}
		cursor, more := page["nextCursor"]
		if !more {
			break
		}
		page = c.result("listConversations", object{"pageSize": 2, "cursor": cursor})
	}
	require.NotContains(t, page, "nextCursor")
	require.Len(t, seen, 3)
	require.Equal(t, -32602, c.refusal("listConversations", object{"pageSize": -1}))
	require.Equal(t, -32602, c.refusal("listConversations", object{"cursor": "no page gave this"}))
}

// Rough edge 19: archiving a conversation that somebody listens to and whose
// turn runs neither takes long nor holds anybody up.
func Test19ArchivingALiveConversation(t *testing.T) {
	hold := make(chan struct{})
	defer close(hold)
	home := t.TempDir()
	c, _ := start(t, setup{home: home, replies: []scripted.Reply{{Text: []string{"never"}, Hold: hold}}})
	begun := c.result("newConversation", object{})
	id, path := begun["conversationId"].(string), begun["rolloutPath"].(string)
	c.result("addConversationListener", object{"conversationId": id})
	c.result("sendUserMessage", object{"conversationId": id, "items": textInput("first")})
	c.event("task_started")
	require.Equal(t, -32600, c.refusal("archiveConversation", object{"conversationId": id, "rolloutPath": home + "/config.toml"}))
	require.Equal(t, -32600, c.refusal("archiveConversation",
		object{"conversationId": "00000000-0000-4000-8000-000000000000", "rolloutPath": path}))
	require.Empty(t, c.result("archiveConversation", object{"conversationId": id, "rolloutPath": path}))
	c.event("turn_aborted")
	c.event("shutdown_complete")
	require.NoFileExists(t, path)
	require.FileExists(t, filepath.Join(home, "archived_sessions", filepath.Base(path)))
	require.Equal(t, -32600, c.refusal("sendUserMessage", object{"conversationId": id, "items": textInput("x")}))
}

func TestGitDiffToRemoteRefusesAFolderWithoutRepository(t *testing.T) {
	c, _ := start(t, setup{})
	require.Equal(t, -32600, c.refusal("gitDiffToRemote", object{"cwd": t.TempDir()}))
}

// Whoever speaks to a conversation that has to come back first, all get the same.
func TestManyWakeOneConversation(t *testing.T) {
	home := t.TempDir()
	var id, path string
	within(t, "before", func(t *testing.T) {
		c, _ := start(t, setup{home: home, replies: []scripted.Reply{text("one")}})
		id, path = converse(c, "first")
	})
	var manager *codex.Manager
	c, _ := start(t, setup{home: home, options: func(o *mcpserver.Options) { manager = o.Manager }})
	found := make(chan *codex.Conversation, 16)
	for range cap(found) {
		go func() {
			woken, err := manager.Wake(context.Background(), mcpprotocol.ConversationID(id))
			if err != nil {
				t.Error(err)
			}
			found <- woken
		}()
	}
	first := <-found
	for range cap(found) - 1 {
		require.Same(t, first, <-found)
	}
	require.Empty(t, c.result("archiveConversation", object{"conversationId": id, "rolloutPath": path}))
	_, err := manager.Wake(context.Background(), mcpprotocol.ConversationID(id))
	require.ErrorIs(t, err, codex.ErrUnknownConversation)
}
