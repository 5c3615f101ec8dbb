//go:build unix

package config

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/wire"
)

func write(t *testing.T, path string, lines ...string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644))
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

func TestFindHome(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(dir, link))
	resolved, err := filepath.EvalSymlinks(dir)
	require.NoError(t, err)

	got, err := FindHome([]string{"CODEX_HOME=" + link})
	require.NoError(t, err)
	require.Equal(t, resolved, got)
	got, err = FindHome([]string{"HOME=/home/u", "CODEX_HOME="})
	require.NoError(t, err)
	require.Equal(t, "/home/u/.codex", got)
	_, err = FindHome([]string{"CODEX_HOME=" + link + "/nope"})
	require.ErrorContains(t, err, "CODEX_HOME")
	write(t, filepath.Join(dir, "file"))
	_, err = FindHome([]string{"CODEX_HOME=" + link + "/file"})
	require.ErrorContains(t, err, "not a folder")
}

func TestDotenv(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, ".env"),
		`# comment`, ``, `FOO=new`, `BAR="a\nb $HOME x" # why`, `BAZ='lit $HOME'`, `export Q=1 # c`,
		`bad line here`, `W = spaced value`, `codex_HOME=/evil`, `Z=after#nocomment`, `V=$FOO/x`,
		`M="two`, `lines"`, `E=`, `U=${FOO}y`, `P=esc\ aped`, `A:b=2`, `J=a"b"'c'`, `D=$`, `N=1`, `X="open`)
	vars, err := Dotenv(dir, []string{"HOME=/h", "FOO=old"})
	require.ErrorContains(t, err, ".env:7: expected NAME=value")
	require.ErrorContains(t, err, ".env:8: W: a value with blanks needs quotes")
	require.ErrorContains(t, err, ".env:17: expected NAME=value")
	require.ErrorContains(t, err, ".env:21: X: the closing quote is missing")
	require.Equal(t, []Variable{
		{"FOO", "new"}, {"BAR", "a\nb /h x"}, {"BAZ", "lit $HOME"}, {"Q", "1"}, {"Z", "after#nocomment"},
		{"V", "old/x"}, {"M", "two\nlines"}, {"E", ""}, {"U", "oldy"}, {"P", "esc aped"}, {"J", "abc"}, {"D", "$"}, {"N", "1"},
	}, vars)

	vars, err = Dotenv(t.TempDir(), nil)
	require.NoError(t, err)
	require.Empty(t, vars)
	write(t, filepath.Join(dir, ".env"), "A=1\r", "B=$A\r", "")
	vars, err = Dotenv(dir, nil)
	require.NoError(t, err)
	require.Equal(t, []Variable{{"A", "1"}, {"B", "1"}}, vars)
}

func FuzzDotenv(f *testing.F) {
	f.Add("A=1\nB=\"x\ny\" # z\nexport C='$A'\nD=${A}\n=\nE=\\")
	f.Fuzz(func(t *testing.T, text string) {
		p := dotenvParser{rest: text, line: 1}
		for p.rest != "" {
			before := len(p.rest)
			_, _, _ = p.next()
			require.Less(t, len(p.rest), before)
		}
	})
}

func TestReplaceFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	path := filepath.Join(dir, "f")
	mode := func() os.FileMode {
		info, err := os.Stat(path)
		require.NoError(t, err)
		return info.Mode().Perm()
	}
	require.NoError(t, ReplaceFile(path, []byte("a"), 0))
	require.Equal(t, os.FileMode(0o600), mode())
	require.NoError(t, os.Chmod(path, 0o644))
	require.NoError(t, ReplaceFile(path, []byte("b"), 0))
	require.Equal(t, os.FileMode(0o644), mode(), "kept")
	require.NoError(t, ReplaceFile(path, []byte("c"), 0o600))
	require.Equal(t, os.FileMode(0o600), mode(), "demanded")

	link := filepath.Join(dir, "link")
	require.NoError(t, os.Symlink(path, link))
	require.NoError(t, ReplaceFile(link, []byte("d"), 0))
	require.Equal(t, "d", readText(t, path))
	info, err := os.Lstat(link)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&os.ModeSymlink, "the link stays")

	require.Error(t, ReplaceFile(dir, []byte("x"), 0))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 2, "nothing is left behind")
}

func TestLockExcludes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	unlock, err := Lock(t.Context(), path)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = Lock(ctx, path)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, unlock())
	unlock, err = Lock(t.Context(), path)
	require.NoError(t, err)
	require.NoError(t, unlock())
}

func TestSpecialFilesDoNotBlock(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{FileName, ".env", "history.jsonl"} {
		require.NoError(t, syscall.Mkfifo(filepath.Join(dir, name), 0o600))
	}
	_, err := load(t, dir)
	require.ErrorContains(t, err, "not a regular file")
	_, err = Dotenv(dir, nil)
	require.ErrorContains(t, err, "not a regular file")
	id, _ := HistoryMetadata(dir)
	require.Zero(t, id)
}

// A command of the model may have made such a link.
func TestUserInstructionsAreNotSecrets(t *testing.T) {
	home, work := t.TempDir(), t.TempDir()
	write(t, filepath.Join(home, "auth.json"), "hush")
	write(t, filepath.Join(home, "AGENTS.md"), "mine")
	write(t, filepath.Join(work, "keys"), "hush")
	write(t, filepath.Join(work, "README.md"), "the project's")
	c := &Conversation{Home: home, Cwd: work, ProjectDocMax: 1000, Hidden: []string{"keys"}}
	doc := filepath.Join(work, "AGENTS.md")
	for target, want := range map[string]string{
		filepath.Join(home, "auth.json"): "mine",
		"keys":                           "mine",
		"README.md":                      "mine" + docSeparator + "the project's",
	} {
		_ = os.Remove(doc)
		require.NoError(t, os.Symlink(target, doc))
		require.Equal(t, want, c.UserInstructions(), target)
	}
}

func TestUserInstructions(t *testing.T) {
	dir := t.TempDir()
	sub := filepath.Join(dir, "repo", "a", "b")
	require.NoError(t, os.MkdirAll(sub, 0o755))
	get := func(cwd string, max int64) string {
		c := &Conversation{Home: filepath.Join(dir, "home"), Cwd: cwd, ProjectDocMax: max}
		return c.UserInstructions()
	}
	require.Empty(t, get(sub, 1000))
	write(t, filepath.Join(sub, "AGENTS.md"), "sub\n")
	write(t, filepath.Join(dir, "repo", "AGENTS.md"), "root\n")
	require.Equal(t, "sub\n", get(sub, 1000), "outside of a repository only the folder itself")
	write(t, filepath.Join(dir, "repo", ".git"), "gitdir: elsewhere")
	write(t, filepath.Join(dir, "repo", "a", "AGENTS.md"), " \n")
	write(t, filepath.Join(dir, "AGENTS.md"), "outside\n")
	require.Equal(t, "root\n\n\nsub\n", get(sub, 1000))
	require.Equal(t, "root\n\n\ns", get(sub, 6), "one budget for all, blank files are free")
	require.Equal(t, "root\n", get(sub, 5))
	require.Empty(t, get(sub, 0))
	write(t, filepath.Join(dir, "home", "AGENTS.md"), "\nhome rules \n")
	require.Equal(t, "home rules\n\n--- project-doc ---\n\nroot\n\n\nsub\n", get(sub, 1000))
	require.Equal(t, "home rules", get(filepath.Join(dir, "missing"), 1000))
	write(t, filepath.Join(sub, "AGENTS.md"), "a\xffb")
	require.Equal(t, "home rules\n\n--- project-doc ---\n\nroot\n\n\na\ufffdb", get(sub, 1000))
	require.NoError(t, os.Remove(filepath.Join(sub, "AGENTS.md")))
	require.NoError(t, syscall.Mkfifo(filepath.Join(sub, "AGENTS.md"), 0o600))
	require.Equal(t, "home rules\n\n--- project-doc ---\n\nroot\n", get(sub, 1000))
}

func TestHistoryMetadata(t *testing.T) {
	dir := t.TempDir()
	id, entries := HistoryMetadata(dir)
	require.Zero(t, id)
	require.Zero(t, entries)
	write(t, filepath.Join(dir, "history.jsonl"), "{}", "{}", "torn")
	id, entries = HistoryMetadata(dir)
	require.NotZero(t, id)
	require.Equal(t, 2, entries)
}

func TestSaved(t *testing.T) {
	dir := home(t,
		`model = "gpt-x"`, `sandbox_mode = "workspace-write"`, `profile = "fast"`, `tools = { web_search_request = true }`,
		`[sandbox_workspace_write]`, `writable_roots = ["rel"]`,
		`[profiles.fast]`, `approval_policy = "never"`, `disable_response_storage = true`)
	base, err := load(t, dir, "model=option", "profile=fast")
	require.NoError(t, err)
	saved, err := base.Saved()
	require.NoError(t, err)
	text, err := wire.Append(nil, &saved)
	require.NoError(t, err)
	require.JSONEq(t, `{
		"model": "gpt-x", "sandboxMode": "workspace-write", "profile": "fast", "tools": {"webSearch": true},
		"sandboxSettings": {"writableRoots": ["rel"], "networkAccess": false, "excludeTmpdirEnvVar": false, "excludeSlashTmp": false},
		"profiles": {"fast": {"approvalPolicy": "never", "model": null, "modelProvider": null, "modelReasoningEffort": null,
			"modelReasoningSummary": null, "modelVerbosity": null, "chatgptBaseUrl": null}}
	}`, string(text))

	require.NoError(t, os.Remove(filepath.Join(dir, FileName)))
	saved, err = base.Saved()
	require.NoError(t, err)
	text, err = wire.Append(nil, &saved)
	require.NoError(t, err)
	require.JSONEq(t, `{"profiles": {}}`, string(text))
	write(t, filepath.Join(dir, FileName), `model = = 3`)
	_, err = base.Saved()
	require.ErrorContains(t, err, "config.toml:1:9")
}

func TestSetDefaultModel(t *testing.T) {
	tests := []struct {
		name, in string
		option   string
		model    string
		effort   mcpprotocol.ReasoningEffort
		want     string
	}{
		{"top", "# mine\nmodel = \"a\" # b\n", "", "n", "high", "# mine\nmodel = \"n\" # b\nmodel_reasoning_effort = \"high\"\n"},
		{"clear", "model = \"a\"\nmodel_reasoning_effort = \"low\"\nx = 1\n", "", "", "", "x = 1\n"},
		{"nothing to clear", "x = 1", "", "", "", "x = 1"},
		{"profile of the file", "profile = \"p\"\nmodel = \"a\"\n", "", "n", "", "profile = \"p\"\nmodel = \"a\"\n\n[profiles.p]\nmodel = \"n\"\n"},
		{"profile of the start", "[profiles.p]\nmodel = \"a\"\n\n[profiles.q]\n", "profile=q", "n", "", "[profiles.p]\nmodel = \"a\"\n\n[profiles.q]\nmodel = \"n\"\n"},
		{"wrong elsewhere", "notify = 5\n", "notify=[]", "n", "", "notify = 5\nmodel = \"n\"\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			var options []string
			if test.option != "" {
				options = append(options, test.option)
			}
			path := filepath.Join(dir, FileName)
			write(t, path, strings.Replace(test.in, "profile = \"p\"\n", "", 1)) // must load before the profile exists
			base, err := load(t, dir, options...)
			require.NoError(t, err)
			write(t, path, test.in)
			require.NoError(t, base.SetDefaultModel(t.Context(), test.model, test.effort))
			require.Equal(t, test.want, readText(t, path))
		})
	}
	dir := t.TempDir()
	base, err := load(t, dir)
	require.NoError(t, err)
	require.NoError(t, base.SetDefaultModel(t.Context(), "", ""))
	require.NoFileExists(t, filepath.Join(dir, FileName))
	require.NoError(t, base.SetDefaultModel(t.Context(), "m", ""))
	require.Equal(t, "model = \"m\"\n", readText(t, filepath.Join(dir, FileName)))
	require.Error(t, base.SetDefaultModel(t.Context(), "m", "lots"))
}

func TestAddAndRemoveServer(t *testing.T) {
	dir := home(t, `# mine`, `model = "m" # why`, ``, `# the old one`, `[mcp_servers.old]`, `command = "o" # cmd`,
		`args = ["1"]`, `extra = true`, `env = { A = "1", B = "2" }`, ``, `# last`, `[profiles.p]`)
	path := filepath.Join(dir, FileName)
	require.NoError(t, AddServer(t.Context(), dir, MCPServer{
		Name: "new", Command: "n", Args: []string{"-a", "b c"}, Env: map[string]string{"K": "v"}, StartupTimeout: time.Minute,
	}))
	require.NoError(t, AddServer(t.Context(), dir, MCPServer{Name: "old", Command: "o2", Env: map[string]string{"B": "3", "C": "4"}}))
	require.Equal(t, `# mine
model = "m" # why

# the old one
[mcp_servers.old]
command = "o2" # cmd
extra = true
env = { B = "3", C = "4" }

[mcp_servers.new]
command = "n"
args = ["-a", "b c"]
startup_timeout_ms = 60000

[mcp_servers.new.env]
K = "v"

# last
[profiles.p]
`, readText(t, path))
	base, err := load(t, dir)
	require.NoError(t, err)
	require.Equal(t, []string{"-a", "b c"}, base.Initial().MCPServers[1].Args)

	found, err := RemoveServer(t.Context(), dir, "new")
	require.NoError(t, err)
	require.True(t, found)
	found, err = RemoveServer(t.Context(), dir, "old")
	require.NoError(t, err)
	require.True(t, found)
	found, err = RemoveServer(t.Context(), dir, "old")
	require.NoError(t, err)
	require.False(t, found)
	require.Equal(t, "# mine\nmodel = \"m\" # why\n\n# the old one\n\n# last\n[profiles.p]\n", readText(t, path))

	require.Error(t, AddServer(t.Context(), dir, MCPServer{Name: "a b", Command: "x"}))
	require.Error(t, AddServer(t.Context(), dir, MCPServer{Name: "a"}))
	require.Error(t, AddServer(t.Context(), dir, MCPServer{Name: "a", Command: "x", Env: map[string]string{"A=B": "x"}}))
}

func TestConcurrentChangesAllArrive(t *testing.T) {
	dir := t.TempDir()
	done := make(chan error)
	names := []string{"a", "b", "c", "d", "e", "f"}
	for _, name := range names {
		go func() { done <- AddServer(t.Context(), dir, MCPServer{Name: name, Command: name}) }()
	}
	for range names {
		require.NoError(t, <-done)
	}
	base, err := load(t, dir)
	require.NoError(t, err)
	require.Len(t, base.Initial().MCPServers, len(names))
}
