package rollout_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
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

func TestFirstLineWaitsForGit(t *testing.T) {
	o := options(t.TempDir())
	o.Instructions = "be kind"
	answer := make(chan *mcpprotocol.GitInfo)
	o.Git = func(_ context.Context, dir string) *mcpprotocol.GitInfo {
		require.Equal(t, "/srv/x", dir)
		return <-answer
	}
	r := create(t, o)
	require.NoError(t, r.Items(userText("one")))
	require.Empty(t, read(t, r.Path()))
	answer <- &mcpprotocol.GitInfo{CommitHash: "c0ffee", Branch: "main", RepositoryURL: "https://example.com/x.git"}
	require.NoError(t, r.Flush())
	require.NoError(t, r.Items(userText("two")))
	text := read(t, r.Path())
	_, saved := resumeAfter(t, r, o.Home)
	require.Equal(t, []string{"one", "two"}, texts(saved))
	require.Equal(t, "be kind", *saved.Meta.Instructions)
	require.Equal(t, &mcpprotocol.GitInfo{CommitHash: "c0ffee", Branch: "main", RepositoryURL: "https://example.com/x.git"}, saved.Meta.Git)
	require.Equal(t, text, read(t, r.Path()), "Close adds nothing")
}

func resumeAfter(t *testing.T, r *rollout.Recorder, home string) (*rollout.Recorder, *rollout.Saved) {
	t.Helper()
	require.NoError(t, r.Close())
	return resume(t, home, r.Path())
}

// A git that hangs keeps neither an event from being written nor the file from
// being closed.
func TestGitHangs(t *testing.T) {
	for name, end := range map[string]func(r *rollout.Recorder) error{
		"event": func(r *rollout.Recorder) error { return r.Event(&mcpprotocol.UserMessageEvent{Message: "one"}) },
		"close": (*rollout.Recorder).Close,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := options(t.TempDir())
				o.Git = func(ctx context.Context, _ string) *mcpprotocol.GitInfo {
					<-ctx.Done()
					return &mcpprotocol.GitInfo{Branch: "main"}
				}
				r := create(t, o)
				require.NoError(t, r.Items(userText("one")))
				require.NoError(t, r.Event(&mcpprotocol.TaskStartedEvent{}))
				require.Empty(t, read(t, r.Path()))
				began := time.Now()
				require.NoError(t, end(r))
				require.Less(t, time.Since(began), 5*time.Second)
				require.NoError(t, r.Close())
				_, saved := resume(t, o.Home, r.Path())
				require.Equal(t, "main", saved.Meta.Git.Branch)
				require.Equal(t, []string{"one"}, texts(saved))
			})
		})
	}
}

func TestClosed(t *testing.T) {
	r := create(t, options(t.TempDir()))
	require.NoError(t, r.Close())
	require.NoError(t, r.Close(), "again")
	require.ErrorIs(t, r.Items(userText("x")), os.ErrClosed)
	require.ErrorIs(t, r.Event(&mcpprotocol.AgentMessageEvent{}), os.ErrClosed)
	require.ErrorIs(t, r.Flush(), os.ErrClosed)
	require.Equal(t, 1, strings.Count(read(t, r.Path()), "\n"))
}

func TestManyGoroutinesRecord(t *testing.T) {
	home := t.TempDir()
	r := create(t, options(home))
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				assert.NoError(t, r.Items(userText("a"), userText("b")))
			}
		})
	}
	group.Wait()
	_, saved := resumeAfter(t, r, home)
	require.Zero(t, saved.Skipped)
	require.Equal(t, strings.Repeat("ab", 400), strings.Join(texts(saved), ""))
}

func TestWhatHasNoJSON(t *testing.T) {
	home := t.TempDir()
	r := create(t, options(home))
	err := r.Items(userText("one"), userText("\xff"), userText("two"))
	require.ErrorContains(t, err, "UTF-8")
	require.NoError(t, r.Items(userText("three")))
	_, saved := resumeAfter(t, r, home)
	require.Equal(t, []string{"one", "two", "three"}, texts(saved))
}

func TestCreateRefuses(t *testing.T) {
	for _, id := range []mcpprotocol.ConversationID{"", "x", "../../../x", id + "x", "0199000100007000800000000000000a/../"} {
		o := options(t.TempDir())
		o.ConversationID = id
		_, err := rollout.Create(o)
		require.ErrorContains(t, err, strconv.Quote(string(id)))
	}
	o := options(t.TempDir())
	require.NoError(t, create(t, o).Close())
	_, err := rollout.Create(o)
	require.ErrorIs(t, err, os.ErrExist, "two conversations of one id")
	require.NoError(t, os.WriteFile(filepath.Join(o.Home, "file"), nil, 0o600))
	o.Home = filepath.Join(o.Home, "file")
	_, err = rollout.Create(o)
	require.ErrorContains(t, err, strconv.Quote(filepath.Join(o.Home, "sessions")))
}

// Conversations are nobody else's business.
func TestFilesArePrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the system has other permissions")
	}
	home := t.TempDir()
	r := create(t, options(home))
	require.NoError(t, r.Close())
	for path := r.Path(); path != home; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077, path)
	}
}
