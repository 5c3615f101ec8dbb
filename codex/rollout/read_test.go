package rollout

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// FuzzRead reads files from anywhere, mends them as resuming does, and reads
// them again.
func FuzzRead(f *testing.F) {
	const (
		meta = `{"timestamp":"2025-01-01T03:04:05.000Z","type":"session_meta","payload":{"id":"01990001-0000-7000-8000-000000000001",` +
			`"timestamp":"2025-01-01T03:04:05.000Z","cwd":"/srv/x","originator":"x","cli_version":"1","instructions":null}}` + "\n"
		item = `{"timestamp":"x","type":"response_item","payload":{"type":"message","role":"user","content":[{"type":"input_text","text":"x"}]}}` + "\n"
		user = `{"timestamp":"x","type":"event_msg","payload":{"type":"user_message","message":"x","kind":"plain"}}` + "\n"
	)
	f.Add(meta + item + user)
	f.Add(meta + item + user[:20])
	f.Add(meta + user[:len(user)-1])
	f.Add(meta + "\x00\xff\n\r\n  " + `{"timestamp":"x","type":"compacted","payload":{"message":""}}`)
	f.Fuzz(func(t *testing.T, text string) {
		summary, ok := summarize(newLines(strings.NewReader(text), 1000))
		require.LessOrEqual(t, len(summary.Preview), maxPreview)
		require.Equal(t, ok, ok && validID(string(summary.ConversationID)))

		first, end, err := read(strings.NewReader(text))
		if err != nil {
			return
		}
		mended := text[:end.size]
		if end.open {
			mended += "\n"
		}
		second, end, err := read(strings.NewReader(mended + item))
		require.NoError(t, err)
		require.Equal(t, ending{size: int64(len(mended + item))}, end)
		require.Equal(t, first.Meta, second.Meta)
		require.Equal(t, first.Skipped, second.Skipped)
		require.Equal(t, first.Events, second.Events)
		require.Len(t, second.History, len(first.History)+1)
	})
}

func TestLines(t *testing.T) {
	long := strings.Repeat("x", 100<<10)
	in := newLines(strings.NewReader("a\n\n"+long+"\nb\n"+long), 1000)
	type row struct {
		text        string
		long, ended bool
		offset      int64
	}
	var got []row
	for in.next() {
		if in.long {
			in.text = nil
		}
		got = append(got, row{string(in.text), in.long, in.ended, in.offset})
	}
	require.NoError(t, in.err)
	require.Equal(t, []row{
		{"a\n", false, true, 2},
		{"\n", false, true, 3},
		{"", true, true, 102404},
		{"b\n", false, true, 102406},
		{"", true, false, 204806},
	}, got)
}

// A file that stays unwritable does not fill the memory.
func TestWaitingLinesAreBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.jsonl")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	unwritable, err := os.Open(path)
	require.NoError(t, err)
	r := &Recorder{path: path, room: 1000, now: time.Now, file: unwritable, begun: make(chan struct{}), started: true}
	close(r.begun)
	err = r.Compacted("first")
	require.Error(t, err)
	require.NotErrorIs(t, err, errOverflow)
	told := 0
	for range 100 {
		if err := r.Compacted("and so on"); err != nil {
			require.ErrorIs(t, err, errOverflow)
			told++
		}
		require.LessOrEqual(t, r.waits, r.room)
	}
	require.Equal(t, 1, told)

	require.NoError(t, unwritable.Close())
	r.file, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	require.NoError(t, err)
	require.NoError(t, r.Compacted("last"))
	require.NoError(t, r.Close())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), "first")
	require.Contains(t, string(text), "last")
	require.Less(t, len(text), 1200)
	require.ErrorIs(t, r.Compacted("x"), fs.ErrClosed)
}

// What waits for git is bounded too: the next line then waits for it.
func TestLinesBeforeTheFirstAreBounded(t *testing.T) {
	answer := make(chan struct{})
	reply := sync.OnceFunc(func() { close(answer) })
	r, err := Create(Options{
		Home:           t.TempDir(),
		ConversationID: "01990001-0000-7000-8000-000000000001",
		Git: func(context.Context, string) *mcpprotocol.GitInfo {
			<-answer
			return &mcpprotocol.GitInfo{Branch: "main"}
		},
	})
	require.NoError(t, err)
	r.room = 1000
	most := 0
	for range 100 {
		r.mu.Lock()
		waits := r.waits
		r.mu.Unlock()
		if most = max(most, waits); waits > r.room/2 {
			reply() // else the next line would wait for ever
		}
		require.NoError(t, r.Compacted(strings.Repeat("x", 100)))
	}
	require.Greater(t, most, r.room/2)
	require.LessOrEqual(t, most, r.room)
	require.NoError(t, r.Close())
	text, err := os.ReadFile(r.Path())
	require.NoError(t, err)
	require.Equal(t, 101, strings.Count(string(text), "\n"))
	first, _, _ := strings.Cut(string(text), "\n")
	require.Contains(t, first, `"git":{"branch":"main"}`)
}
