package rollout_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex/rollout"
	"github.com/codexmcp/codexmcp/mcpprotocol"
)

func resume(t *testing.T, home, path string) (*rollout.Recorder, *rollout.Saved) {
	t.Helper()
	r, saved, err := rollout.Resume(home, path, func() time.Time { return noon })
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Close() })
	return r, saved
}

// texts tells a history in short.
func texts(saved *rollout.Saved) []string {
	var all []string
	for _, entry := range saved.History {
		switch x := entry.Item.(type) {
		case nil:
			all = append(all, "summary "+entry.Summary)
		case *mcpprotocol.MessageItem:
			all = append(all, x.Content[0].(*mcpprotocol.InputTextContent).Text)
		default:
			all = append(all, x.Type())
		}
	}
	return all
}

func TestResume(t *testing.T) {
	home := t.TempDir()
	path := put(t, home, fileName(newYear, uuid(1)), talk(uuid(1), "one")+
		line("turn_context", `{"cwd":"/a","approval_policy":"never","sandbox_policy":{"mode":"read-only"},"model":"m1","summary":"auto"}`)+
		"\n   \nnot json\n{}\n"+
		line("response_item", `{"type":"reasoning","summary":[],"content":null,"encrypted_content":"E"}`)+
		line("response_item", `{"type":"function_call","name":"shell","arguments":"{}","call_id":"c"}`)+
		line("response_item", `{"type":"function_call_output","call_id":"c","output":"o"}`)+
		line("response_item", `{"type":"from_the_future"}`)+
		line("response_item", `{"type":"message","role":"user"}`)+ // without its content
		line("event_msg", `{"type":"user_message","message":"i","kind":"user_instructions"}`)+
		line("event_msg", `{"type":"user_message","message":"of no kind"}`)+
		line("event_msg", `{"type":"from_the_future"}`)+
		line("from_the_future", `{}`)+
		metaLine(uuid(2))+ // the first one counts
		line("compacted", `{"message":"short"}`)+
		messageLine("two")+
		line("event_msg", `{"type":"agent_message","message":"hi","unknown":1}`)+
		line("turn_context", `{"cwd":"/b","approval_policy":"never","sandbox_policy":{"mode":"read-only"},"model":"m2","summary":"auto"}`))
	before := read(t, path)
	r, saved := resume(t, home, path)
	require.Equal(t, path, r.Path())
	require.Equal(t, uuid(1), string(saved.Meta.ID))
	require.Equal(t, "/srv/x", saved.Meta.Cwd)
	require.Equal(t, []string{
		"<environment_context>\n  <cwd>/srv/x</cwd>\n</environment_context>", "one",
		"reasoning", "function_call", "function_call_output", "summary short", "two",
	}, texts(saved))
	require.Equal(t, 5, saved.Skipped)
	require.Equal(t, "m2", saved.Context.Model)
	require.Len(t, saved.Events, 4)
	require.Len(t, saved.InitialMessages(), 2)
	require.Equal(t, []string{"one", "hi"}, []string{
		saved.InitialMessages()[0].(*mcpprotocol.UserMessageEvent).Message,
		saved.InitialMessages()[1].(*mcpprotocol.AgentMessageEvent).Message,
	})
	require.Equal(t, before, read(t, path), "resuming alone changes nothing")

	require.NoError(t, r.Compacted("x"))
	require.NoError(t, r.Close())
	require.Equal(t, before+`{"timestamp":"2025-09-07T22:30:05.123Z","type":"compacted","payload":{"message":"x"}}`+"\n", read(t, path))
}

func TestResumeErrors(t *testing.T) {
	home := t.TempDir()
	outside := filepath.Join(t.TempDir(), "rollout.jsonl")
	require.NoError(t, os.WriteFile(outside, []byte(talk(uuid(1), "x")), 0o600))
	sessions := filepath.Join(home, "sessions")
	put(t, home, "empty.jsonl", "")
	put(t, home, "blank.jsonl", "\n \r\n\n")
	put(t, home, "broken.jsonl", "not json\n")
	put(t, home, "silent.jsonl", messageLine("x"))
	put(t, home, "torn.jsonl", strings.TrimSuffix(metaLine(uuid(1)), "}\n"))
	put(t, home, "bad-id.jsonl", metaLine("x"))
	symlink(t, outside, filepath.Join(sessions, "link.jsonl"))
	symlink(t, filepath.Dir(outside), filepath.Join(sessions, "2025"))
	pipe(t, filepath.Join(sessions, "pipe.jsonl"))
	for name, want := range map[string]error{
		"missing.jsonl":                  os.ErrNotExist,
		"empty.jsonl":                    rollout.ErrEmpty,
		"blank.jsonl":                    rollout.ErrEmpty,
		"broken.jsonl":                   rollout.ErrNoSession,
		"silent.jsonl":                   rollout.ErrNoSession,
		"torn.jsonl":                     rollout.ErrNoSession,
		"bad-id.jsonl":                   rollout.ErrNoSession,
		"":                               nil,
		"link.jsonl":                     nil,
		"pipe.jsonl":                     nil,
		"2025/" + filepath.Base(outside): nil,
	} {
		path := filepath.Join(sessions, name)
		before, _ := os.ReadFile(outside)
		_, _, err := rollout.Resume(home, path, nil)
		require.ErrorContains(t, err, fmt.Sprintf("%q", path))
		if want != nil {
			require.ErrorIs(t, err, want, name)
		}
		require.Equal(t, string(before), read(t, outside), name)
	}
}

func TestOneRecorderForAFile(t *testing.T) {
	home := t.TempDir()
	r := create(t, options(home))
	require.NoError(t, r.Flush())
	_, _, err := rollout.Resume(home, r.Path(), nil)
	require.ErrorIs(t, err, rollout.ErrInUse)
	require.NoError(t, r.Close())

	second, _ := resume(t, home, r.Path())
	_, _, err = rollout.Resume(home, r.Path(), nil)
	require.ErrorIs(t, err, rollout.ErrInUse)
	require.NoError(t, second.Close())
	resume(t, home, r.Path())
}

// A process that dies while it writes leaves a line that ends anywhere.
func TestResumeMendsATornLine(t *testing.T) {
	home := t.TempDir()
	whole := talk(uuid(1), "one")
	last := messageLine("two “")
	for cut := 0; cut <= len(last); cut++ {
		path := put(t, home, fileName(newYear, uuid(1)), whole+last[:cut])
		r, saved := resume(t, home, path)
		want := []string{"one"}
		if cut >= len(last)-1 { // all but the line end
			want = append(want, "two “")
		}
		require.Equal(t, want, texts(saved)[1:], "cut at %d", cut)
		require.Zero(t, saved.Skipped)
		require.NoError(t, r.Items(userText("three")))
		require.NoError(t, r.Close())

		r, saved = resume(t, home, path)
		require.NoError(t, r.Close())
		require.Equal(t, append(want, "three"), texts(saved)[1:], "cut at %d", cut)
		require.Zero(t, saved.Skipped)
		text := read(t, path)
		require.Equal(t, 4+len(want), strings.Count(text, "\n"), "cut at %d: every line once", cut)
		require.NotContains(t, text, "\n\n")
	}
	// What a file system leaves that had no time to write the data.
	path := put(t, home, fileName(newYear, uuid(1)), whole+strings.Repeat("\x00", 5000))
	r, _ := resume(t, home, path)
	require.NoError(t, r.Close())
	require.Equal(t, whole, read(t, path))
}

func TestArchive(t *testing.T) {
	home := t.TempDir()
	name := fileName(newYear, uuid(1))
	path := put(t, home, name, "x")
	id := mcpprotocol.ConversationID(uuid(1))
	require.NoError(t, rollout.CheckArchive(home, path, id))
	require.FileExists(t, path)
	require.NoError(t, rollout.Archive(home, path, id))
	require.NoFileExists(t, path)
	require.Equal(t, "x", read(t, filepath.Join(home, "archived_sessions", filepath.Base(name))))
	require.ErrorIs(t, rollout.Archive(home, path, id), rollout.ErrPath, "it is gone")

	put(t, home, name, "y")
	err := rollout.Archive(home, path, id)
	require.ErrorIs(t, err, os.ErrExist)
	require.NotErrorIs(t, err, rollout.ErrPath)
	require.Equal(t, "x", read(t, filepath.Join(home, "archived_sessions", filepath.Base(name))))
	require.Equal(t, "y", read(t, path))
}

func TestArchiveRefuses(t *testing.T) {
	home, outside := t.TempDir(), t.TempDir()
	inside := put(t, home, fileName(newYear, uuid(1)), "x")
	elsewhere := put(t, outside, fileName(newYear, uuid(1)), "x")
	base := filepath.Base(inside)
	sessions := filepath.Join(home, "sessions")
	beside := filepath.Join(home, base)
	require.NoError(t, os.WriteFile(beside, []byte("x"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(sessions, "folder-"+uuid(1)+".jsonl"), 0o700))
	symlink(t, elsewhere, filepath.Join(sessions, "link-"+uuid(1)+".jsonl"))
	symlink(t, filepath.Dir(elsewhere), filepath.Join(sessions, "2026"))
	pipe(t, filepath.Join(sessions, "pipe-"+uuid(1)+".jsonl"))
	for _, test := range []struct{ path, id string }{
		{elsewhere, uuid(1)},
		{beside, uuid(1)},
		{sessions + "/../" + base, uuid(1)},
		{sessions + "/2025/../../" + base, uuid(1)},
		{filepath.Join(sessions, "missing-"+uuid(1)+".jsonl"), uuid(1)},
		{filepath.Join(sessions, "link-"+uuid(1)+".jsonl"), uuid(1)},
		{filepath.Join(sessions, "2026", base), uuid(1)},
		{filepath.Join(sessions, "folder-"+uuid(1)+".jsonl"), uuid(1)},
		{filepath.Join(sessions, "pipe-"+uuid(1)+".jsonl"), uuid(1)},
		{sessions, uuid(1)},
		{"", uuid(1)},
		{inside, uuid(2)},
		{inside, ""},
		{inside, uuid(1)[1:]},
	} {
		err := rollout.Archive(home, test.path, mcpprotocol.ConversationID(test.id))
		require.ErrorIs(t, err, rollout.ErrPath, "%q %q", test.path, test.id)
		require.ErrorContains(t, err, fmt.Sprintf("%q", test.path))
	}
	require.FileExists(t, inside)
	require.FileExists(t, elsewhere)
	require.FileExists(t, beside)
	require.NoDirExists(t, filepath.Join(home, "archived_sessions"))
}

// The folder may be somewhere else altogether if the user made it so.
func TestLinkedSessionsFolder(t *testing.T) {
	home, disk := t.TempDir(), t.TempDir()
	require.NoError(t, os.Symlink(disk, filepath.Join(home, "sessions")))
	r := create(t, options(home))
	require.NoError(t, r.Items(&mcpprotocol.MessageItem{Role: "user", Content: []mcpprotocol.ContentItem{&mcpprotocol.InputTextContent{Text: "hello"}}}))
	require.NoError(t, r.Event(&mcpprotocol.UserMessageEvent{Message: "hello", Kind: "plain"}))
	require.NoError(t, r.Close())
	page, err := rollout.List(t.Context(), home, "", 25)
	require.NoError(t, err)
	require.Equal(t, []string{"hello"}, previews(page))
	require.Equal(t, r.Path(), page.Items[0].Path)
	r, _ = resume(t, home, r.Path())
	require.NoError(t, r.Close())
	require.NoError(t, rollout.CheckArchive(home, r.Path(), id))
}
