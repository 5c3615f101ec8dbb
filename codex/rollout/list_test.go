package rollout_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex/rollout"
	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// uuid returns the n-th id, in order.
func uuid(n int) string { return fmt.Sprintf("01990000-0000-7000-8000-%012x", n) }

func line(kind, payload string) string {
	return `{"timestamp":"2025-01-01T03:04:05.000Z","type":"` + kind + `","payload":` + payload + "}\n"
}

func metaLine(id string) string {
	return line("session_meta", `{"id":"`+id+`","timestamp":"2025-01-01T03:04:05.000Z","cwd":"/srv/x","originator":"codex_cli_rs","cli_version":"0.36.0","instructions":null}`)
}

func messageLine(text string) string {
	return line("response_item", fmt.Sprintf(`{"type":"message","role":"user","content":[{"type":"input_text","text":%q}]}`, text))
}

func userLine(text string) string {
	return line("event_msg", fmt.Sprintf(`{"type":"user_message","message":%q,"kind":"plain"}`, text))
}

func talk(id, text string) string {
	return metaLine(id) + messageLine("<environment_context>\n  <cwd>/srv/x</cwd>\n</environment_context>") + messageLine(text) + userLine(text)
}

// fileName is a path below sessions.
func fileName(at time.Time, id string) string {
	return at.Format("2006/01/02/") + "rollout-" + at.Format("2006-01-02T15-04-05-") + id + ".jsonl"
}

// put writes a file below home's sessions and returns its path.
func put(t testing.TB, home, name, text string) string {
	t.Helper()
	path := filepath.Join(home, "sessions", filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

var newYear = time.Date(2025, 1, 1, 3, 4, 5, 0, time.UTC)

func previews(page mcpprotocol.ListConversationsResult) []string {
	var all []string
	for _, item := range page.Items {
		all = append(all, item.Preview)
	}
	return all
}

func TestListPages(t *testing.T) {
	home := t.TempDir()
	// Three a day, two of them in the same second.
	var want []string
	for n := range 9 {
		at := newYear.AddDate(0, n/3*11, n/3).Add(time.Duration(n%3/2) * time.Hour)
		put(t, home, fileName(at, uuid(n)), talk(uuid(n), fmt.Sprint("text ", n)))
		want = append(want, fmt.Sprint("text ", n))
	}
	slices.Reverse(want)
	for size := 1; size <= 10; size++ {
		var got []string
		cursor := ""
		for pages := 1; ; pages++ {
			page, err := rollout.List(t.Context(), home, cursor, size)
			require.NoError(t, err)
			got = append(got, previews(page)...)
			if cursor = page.NextCursor; cursor == "" {
				require.Equal(t, (len(want)+size-1)/size, pages, "pages of %d", size)
				break
			}
			require.Len(t, page.Items, size)
		}
		require.Equal(t, want, got, "pages of %d", size)
	}

	page, err := rollout.List(t.Context(), home, "2025-01-01T03-04-05|"+uuid(0), 25)
	require.NoError(t, err)
	require.NotNil(t, page.Items)
	require.Empty(t, page.Items, "after the oldest")

	page, err = rollout.List(t.Context(), home, "2025-06-01T00-00-00|"+strings.ToUpper(uuid(0)), 25)
	require.NoError(t, err)
	require.Equal(t, []string{"text 2", "text 1", "text 0"}, previews(page), "a cursor between the files")

	page, err = rollout.List(t.Context(), home, "", 0)
	require.NoError(t, err)
	require.Empty(t, page.Items)
	require.Empty(t, page.NextCursor)
}

func TestListItem(t *testing.T) {
	home := t.TempDir()
	path := put(t, home, fileName(newYear, uuid(1)), talk(uuid(1), "hello"))
	page, err := rollout.List(t.Context(), home, "", rollout.DefaultPageSize)
	require.NoError(t, err)
	require.Equal(t, []mcpprotocol.ConversationSummary{{
		ConversationID: mcpprotocol.ConversationID(uuid(1)), Path: path, Preview: "hello", Timestamp: "2025-01-01T03:04:05.000Z",
	}}, page.Items)
}

func TestListRefusesBadCursors(t *testing.T) {
	for _, cursor := range []string{
		"x", "|", "2025-01-01T03-04-05", "2025-01-01T03-04-05|x", "2025-13-01T03-04-05|" + uuid(1),
		"2025-01-01T03:04:05|" + uuid(1), uuid(1), "2025-1-1T3-4-5|" + uuid(1),
	} {
		_, err := rollout.List(t.Context(), t.TempDir(), cursor, 25)
		require.ErrorIs(t, err, rollout.ErrCursor, cursor)
		require.ErrorContains(t, err, fmt.Sprintf("%q", cursor))
	}
}

func TestListWithoutSessions(t *testing.T) {
	page, err := rollout.List(t.Context(), filepath.Join(t.TempDir(), "none"), "", 25)
	require.NoError(t, err)
	require.Empty(t, page.Items)
}

func TestPreviews(t *testing.T) {
	assistant := line("response_item", `{"type":"message","role":"assistant","content":[{"type":"output_text","text":"said"}]}`)
	image := line("response_item", `{"type":"message","role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,`+strings.Repeat("A", 1<<20)+`"}]}`)
	long := strings.Repeat("é", 10_000)
	tests := []struct{ name, text, want string }{
		{"the user's first words", talk(uuid(1), "one") + messageLine("two") + userLine("two"), "one"},
		{"instructions and environment", metaLine(uuid(1)) + messageLine("<user_instructions>\n\nx\n\n</user_instructions>") + messageLine("a <tag>") + userLine("a <tag>"), "a <tag>"},
		{"marker", talk(uuid(1), "# Context\nfile.go\n\n## My request for Codex:\n fix it \n"), "fix it"},
		{"session after the words", messageLine("late") + userLine("late") + metaLine(uuid(1)), "late"},
		{"words after the event", metaLine(uuid(1)) + userLine("event") + messageLine("after"), "after"},
		{"tagged event first", metaLine(uuid(1)) + messageLine("<user_instructions>x</user_instructions>") + line("event_msg", `{"type":"user_message","message":"x","kind":"user_instructions"}`) + messageLine("real") + userLine("real"), "real"},
		{"blank words", metaLine(uuid(1)) + messageLine("  ") + userLine("  "), "  "},
		{"image only", metaLine(uuid(1)) + image + line("event_msg", `{"type":"user_message","message":"","kind":"plain","images":["data:image/png;base64,AAAA"]}`), ""},
		{"image and text", metaLine(uuid(1)) + image + messageLine("see") + userLine("see"), "see"},
		{"long head", metaLine(uuid(1)) + strings.Repeat(assistant, 5000) + messageLine("far") + userLine("far"), "far"},
		{"broken lines", "not json\n\n{}\n" + metaLine(uuid(1)) + "{\"type\":\n" + messageLine("x") + userLine("x"), "x"},
		{"torn end", talk(uuid(1), "x") + `{"timestamp`, "x"},
		{"long text", talk(uuid(1), long), long[:4096]},

		{"empty file", "", "-"},
		{"no session", messageLine("x") + userLine("x"), "-"},
		{"no user message", metaLine(uuid(1)) + messageLine("x"), "-"},
		{"only what programs say", metaLine(uuid(1)) + messageLine("<user_instructions>x</user_instructions>") + userLine("x"), "-"},
		{"event only", metaLine(uuid(1)) + userLine("event"), "-"},
		{"words far behind the event", metaLine(uuid(1)) + userLine("x") + strings.Repeat(assistant, 10) + messageLine("far"), "-"},
		{"no json", "not json\n", "-"},
		{"bad id", strings.ReplaceAll(talk("../../x", "x"), "\n", "\n"), "-"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			home := t.TempDir()
			put(t, home, fileName(newYear, uuid(1)), test.text)
			page, err := rollout.List(t.Context(), home, "", 25)
			require.NoError(t, err)
			if test.want == "-" {
				require.Empty(t, page.Items)
				return
			}
			require.Equal(t, []string{test.want}, previews(page))
		})
	}
}

func TestListIgnoresWhatIsNoRollout(t *testing.T) {
	home, outside := t.TempDir(), t.TempDir()
	text := talk(uuid(9), "no")
	good := put(t, home, fileName(newYear, uuid(1)), talk(uuid(1), "yes"))
	for _, name := range []string{
		"2025/01/01/rollout-bad-name.jsonl",
		"2025/01/01/rollout-2025-01-01T03-04-05-" + uuid(2) + ".json",
		"2025/01/01/rollout-2025-01-01T03:04:05-" + uuid(2) + ".jsonl",
		"2025/01/01/rollout-2025-01-01T03-04-05-" + uuid(2)[1:] + ".jsonl",
		"2025/01/01/rollout-2025-01-01T33-04-05-" + uuid(2) + ".jsonl",
		"2025/01/01/xrollout-2025-01-01T03-04-05-" + uuid(2) + ".jsonl",
		"2025/01/1/rollout-2025-01-01T03-04-05-" + uuid(2) + ".jsonl",
		"2025/xx/01/rollout-2025-01-01T03-04-05-" + uuid(2) + ".jsonl",
		"2025/rollout-2025-01-01T03-04-05-" + uuid(2) + ".jsonl",
		"rollout-2025-01-01T03-04-05-" + uuid(2) + ".jsonl",
	} {
		put(t, home, name, text)
	}
	day := filepath.Dir(good)
	require.NoError(t, os.Mkdir(filepath.Join(day, "rollout-2025-01-01T03-04-06-"+uuid(3)+".jsonl"), 0o700))
	elsewhere := put(t, outside, fileName(newYear.AddDate(1, 0, 0), uuid(4)), text)
	symlink(t, elsewhere, filepath.Join(day, "rollout-2025-01-01T03-04-07-"+uuid(5)+".jsonl"))
	symlink(t, good, filepath.Join(day, "rollout-2025-01-01T03-04-08-"+uuid(6)+".jsonl"))
	symlink(t, filepath.Join(outside, "sessions", "2026"), filepath.Join(home, "sessions", "2026"))
	symlink(t, filepath.Join(outside, "sessions", "2026", "01"), filepath.Join(home, "sessions", "2025", "02"))
	symlink(t, filepath.Dir(elsewhere), filepath.Join(home, "sessions", "2025", "01", "02"))
	pipe(t, filepath.Join(day, "rollout-2025-01-01T03-04-09-"+uuid(7)+".jsonl"))

	page, err := rollout.List(t.Context(), home, "", 25)
	require.NoError(t, err)
	require.Equal(t, []string{"yes"}, previews(page))
}

// A file that was copied to another day's folder is listed there, once.
func TestListFileInAnotherFolder(t *testing.T) {
	home := t.TempDir()
	put(t, home, fileName(newYear, uuid(1)), talk(uuid(1), "one"))
	put(t, home, "2025/01/03/"+filepath.Base(fileName(newYear.AddDate(1, 0, 0), uuid(2))), talk(uuid(2), "moved"))
	put(t, home, fileName(newYear.AddDate(0, 0, 4), uuid(3)), talk(uuid(3), "three"))
	var got []string
	cursor := ""
	for range 3 {
		page, err := rollout.List(t.Context(), home, cursor, 1)
		require.NoError(t, err)
		got, cursor = append(got, previews(page)...), page.NextCursor
	}
	require.Equal(t, []string{"three", "moved", "one"}, got)
	require.Empty(t, cursor)
}

// Most conversations are opened and never spoken to: they cost a page little,
// and none of them makes it end.
func TestListPassesManySilentConversations(t *testing.T) {
	home := t.TempDir()
	put(t, home, fileName(newYear, uuid(1)), talk(uuid(1), "old"))
	for n := range 300 {
		put(t, home, fileName(newYear.Add(time.Duration(n+1)*time.Minute), uuid(n+2)), metaLine(uuid(n+2)))
	}
	put(t, home, fileName(newYear.Add(10*time.Hour), uuid(400)), talk(uuid(400), "new"))
	page, err := rollout.List(t.Context(), home, "", 2)
	require.NoError(t, err)
	require.Equal(t, []string{"new", "old"}, previews(page))
	require.Empty(t, page.NextCursor)
}

func TestFind(t *testing.T) {
	home := t.TempDir()
	for n := range 5 {
		put(t, home, fileName(newYear.AddDate(0, n, n), uuid(n)), "")
	}
	older := put(t, home, fileName(newYear, uuid(7)), "")
	newer := put(t, home, fileName(newYear.Add(time.Minute), uuid(7)), "")
	require.NotEqual(t, older, newer)
	path, err := rollout.Find(t.Context(), home, mcpprotocol.ConversationID(strings.ToUpper(uuid(7))))
	require.NoError(t, err)
	require.Equal(t, newer, path)
	path, err = rollout.Find(t.Context(), home, mcpprotocol.ConversationID(uuid(2)))
	require.NoError(t, err)
	require.Equal(t, filepath.Join(home, "sessions", fileName(newYear.AddDate(0, 2, 2), uuid(2))), path)
	for _, id := range []string{uuid(99), "", "x", "../../" + uuid(2)} {
		_, err = rollout.Find(t.Context(), home, mcpprotocol.ConversationID(id))
		require.ErrorIs(t, err, os.ErrNotExist, id)
	}
}

func BenchmarkList(b *testing.B) {
	const files = 10_000
	text := metaLine(uuid(1)) + messageLine("<user_instructions>\n"+strings.Repeat("some words ", 500)+"</user_instructions>") + talk(uuid(1), "hello")
	for _, days := range []int{1, 100} {
		b.Run(fmt.Sprintf("%d files in %d days", files, days), func(b *testing.B) {
			home := b.TempDir()
			for n := range files {
				at := newYear.AddDate(0, 0, n%days).Add(time.Duration(n/days) * time.Second)
				put(b, home, fileName(at, uuid(n)), text)
			}
			b.Run("page", func(b *testing.B) {
				for b.Loop() {
					page, err := rollout.List(b.Context(), home, "", rollout.DefaultPageSize)
					require.NoError(b, err)
					require.Len(b, page.Items, rollout.DefaultPageSize)
				}
			})
			b.Run("find the oldest", func(b *testing.B) {
				for b.Loop() {
					_, err := rollout.Find(b.Context(), home, mcpprotocol.ConversationID(uuid(0)))
					require.NoError(b, err)
				}
			})
		})
	}
}
