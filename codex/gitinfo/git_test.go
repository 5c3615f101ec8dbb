package gitinfo_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex/gitinfo"
	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// TestMain gives git a user, and nobody's configuration.
func TestMain(m *testing.M) {
	for name, value := range map[string]string{
		"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_COUNT": "0",
		"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com",
		"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com",
	} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	command := exec.Command("git", args...)
	command.Dir = dir
	out, err := command.CombinedOutput()
	require.NoError(t, err, "git %q: %s", args, out)
	return strings.TrimSpace(string(out))
}

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
}

// commit makes a commit in which a.txt has text.
func commit(t *testing.T, dir, text string) string {
	t.Helper()
	write(t, filepath.Join(dir, "a.txt"), text)
	git(t, dir, "add", "-A")
	git(t, dir, "commit", "-q", "-m", "x")
	return git(t, dir, "rev-parse", "HEAD")
}

// pushed makes a work tree with one commit that its remote origin has too.
func pushed(t *testing.T) (dir, sha string) {
	t.Helper()
	root := t.TempDir()
	dir = filepath.Join(root, "work")
	git(t, root, "init", "-q", "-b", "main", "work")
	git(t, root, "init", "-q", "-b", "main", "--bare", "remote.git")
	sha = commit(t, dir, "one\n")
	git(t, dir, "remote", "add", "origin", filepath.Join(root, "remote.git"))
	git(t, dir, "push", "-q", "-u", "origin", "main")
	return dir, sha
}

func TestCollect(t *testing.T) {
	require.Nil(t, gitinfo.Collect(t.Context(), t.TempDir()))
	require.Nil(t, gitinfo.Collect(t.Context(), filepath.Join(t.TempDir(), "missing")))

	empty := t.TempDir()
	git(t, empty, "init", "-q", "-b", "main")
	require.Equal(t, &mcpprotocol.GitInfo{}, gitinfo.Collect(t.Context(), empty))

	dir, sha := pushed(t)
	url := filepath.Join(filepath.Dir(dir), "remote.git")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "sub"), 0o755))
	want := &mcpprotocol.GitInfo{CommitHash: sha, Branch: "main", RepositoryURL: url}
	require.Equal(t, want, gitinfo.Collect(t.Context(), filepath.Join(dir, "sub")))

	git(t, dir, "checkout", "-q", "--detach")
	git(t, dir, "remote", "remove", "origin")
	require.Equal(t, &mcpprotocol.GitInfo{CommitHash: sha}, gitinfo.Collect(t.Context(), dir))
}

func TestDiffToRemote(t *testing.T) {
	dir, sha := pushed(t)
	diff, err := gitinfo.DiffToRemote(t.Context(), dir)
	require.NoError(t, err)
	require.Equal(t, gitinfo.Diff{SHA: sha}, diff)

	commit(t, dir, "one\ntwo\n")
	write(t, filepath.Join(dir, "a.txt"), "one\ntwo\nthree\n")
	write(t, filepath.Join(dir, ".gitignore"), "*.o\n")
	write(t, filepath.Join(dir, "sub", "-new file"), "new\n")
	write(t, filepath.Join(dir, "x.o"), "ignored\n")
	write(t, filepath.Join(dir, "nested", "x"), "x\n")
	git(t, filepath.Join(dir, "nested"), "init", "-q")
	git(t, dir, "config", "diff.noprefix", "true")
	git(t, dir, "config", "color.ui", "always")
	want := `diff --git a/a.txt b/a.txt
index 5626abf..4cb29ea 100644
--- a/a.txt
+++ b/a.txt
@@ -1 +1,3 @@
 one
+two
+three
diff --git a/.gitignore b/.gitignore
new file mode 100644
index 0000000..5761abc
--- /dev/null
+++ b/.gitignore
@@ -0,0 +1 @@
+*.o
diff --git a/sub/-new file b/sub/-new file
new file mode 100644
index 0000000..3e75765
--- /dev/null
+++ b/sub/-new file	
@@ -0,0 +1 @@
+new
`
	for _, from := range []string{dir, filepath.Join(dir, "sub")} {
		diff, err = gitinfo.DiffToRemote(t.Context(), from)
		require.NoError(t, err)
		require.Equal(t, sha, diff.SHA)
		require.Equal(t, want, diff.Text)
	}
}

func TestDiffIsText(t *testing.T) {
	dir, _ := pushed(t)
	write(t, filepath.Join(dir, "latin"), "caf\xe9\n")
	write(t, filepath.Join(dir, "binary"), "\x00\x01")
	diff, err := gitinfo.DiffToRemote(t.Context(), dir)
	require.NoError(t, err)
	require.Contains(t, diff.Text, "+caf\uFFFD\n")
	require.Contains(t, diff.Text, "GIT binary patch")
}

func TestClosestPushedCommit(t *testing.T) {
	dir, first := pushed(t)
	git(t, dir, "checkout", "-q", "-b", "feature")
	second := commit(t, dir, "two\n")
	sha := func() string {
		t.Helper()
		diff, err := gitinfo.DiffToRemote(t.Context(), dir)
		require.NoError(t, err)
		return diff.SHA
	}
	require.Equal(t, first, sha(), "the default branch")
	git(t, dir, "push", "-q", "origin", "feature")
	third := commit(t, dir, "three\n")
	require.Equal(t, second, sha(), "the branch of the same name")
	git(t, dir, "push", "-q", "origin", "HEAD:refs/heads/elsewhere")
	require.Equal(t, third, sha(), "a branch that has all")
	git(t, dir, "checkout", "-q", "--detach")
	require.Equal(t, third, sha(), "detached")

	// Another remote does not count where origin has the branch.
	other := filepath.Join(filepath.Dir(dir), "other.git")
	git(t, dir, "init", "-q", "--bare", other)
	git(t, dir, "remote", "add", "a-other", other)
	git(t, dir, "checkout", "-q", "main")
	commit(t, dir, "four\n")
	git(t, dir, "push", "-q", "a-other", "HEAD:refs/heads/main")
	require.Equal(t, first, sha())
}

func TestDiffToRemoteErrors(t *testing.T) {
	bare := t.TempDir()
	git(t, bare, "init", "-q", "-b", "main")
	local, _ := pushed(t)
	git(t, local, "remote", "remove", "origin")
	unpushed, _ := pushed(t)
	git(t, unpushed, "update-ref", "-d", "refs/remotes/origin/main")
	for name, dir := range map[string]string{
		"no repository": t.TempDir(),
		"missing":       filepath.Join(local, "missing"),
		"empty":         bare,
		"no remote":     local,
		"nothing there": unpushed,
	} {
		_, err := gitinfo.DiffToRemote(t.Context(), dir)
		require.ErrorContains(t, err, fmt.Sprintf("%q", dir), name)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir, _ := pushed(t)
	_, err := gitinfo.DiffToRemote(ctx, dir)
	require.ErrorIs(t, err, context.Canceled)
}

// A repository's configuration, which a command in a sandbox may have written,
// starts no program.
func TestRepositoryStartsNoProgram(t *testing.T) {
	dir, _ := pushed(t)
	mark := filepath.Join(t.TempDir(), "mark")
	script := filepath.Join(t.TempDir(), "script")
	require.NoError(t, os.WriteFile(script, []byte("#!/bin/sh\necho \"$0 $*\" >> '"+mark+"'\ncat\n"), 0o755))
	included := filepath.Join(dir, ".git", "more")
	write(t, included, "[filter \"in.cluded\"]\n\tclean = "+script+"\n\trequired = true\n")
	for key, value := range map[string]string{
		"core.fsmonitor": script, "core.pager": script, "core.sshCommand": script, "core.askPass": script,
		"diff.external": script, "diff.x.textconv": script, "diff.x.command": script,
		"filter.x.clean": script, "filter.x.process": script, "filter.x.required": "true",
		"credential.helper": script, "remote.origin.uploadpack": script, "include.path": included,
		"core.hooksPath": filepath.Dir(script),
	} {
		git(t, dir, "config", key, value)
	}
	write(t, filepath.Join(dir, ".gitattributes"), "*.txt diff=x filter=x\n*.md filter=in.cluded\n")
	write(t, filepath.Join(dir, "a.txt"), "changed\n")
	write(t, filepath.Join(dir, "b.md"), "new\n")
	write(t, filepath.Join(dir, "b.txt"), "new\n")
	diff, err := gitinfo.DiffToRemote(t.Context(), dir)
	require.NoError(t, err)
	require.Contains(t, diff.Text, "+changed\n")
	require.Contains(t, diff.Text, "+++ b/b.txt")
	require.NotNil(t, gitinfo.Collect(t.Context(), dir))
	require.NoFileExists(t, mark)
}

// GIT_DIR and its like are about somebody else's repository.
func TestEnvironmentPointsElsewhere(t *testing.T) {
	dir, sha := pushed(t)
	other, _ := pushed(t)
	commit(t, other, "other\n")
	t.Setenv("GIT_DIR", filepath.Join(other, ".git"))
	t.Setenv("GIT_WORK_TREE", other)
	require.Equal(t, sha, gitinfo.Collect(t.Context(), dir).CommitHash)
	diff, err := gitinfo.DiffToRemote(t.Context(), dir)
	require.NoError(t, err)
	require.Equal(t, gitinfo.Diff{SHA: sha}, diff)
}

// Secrets are none of git's business, nor of what git starts.
func TestEnvironmentHasNoSecrets(t *testing.T) {
	dir, _ := pushed(t)
	bin := t.TempDir()
	seen := filepath.Join(bin, "seen")
	require.NoError(t, os.WriteFile(filepath.Join(bin, "git"), []byte("#!/bin/sh\nenv > '"+seen+"'\n"), 0o755))
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("OPENAI_API_KEY", "secret")
	t.Setenv("SOME_PROVIDER_KEY", "secret")
	require.NotNil(t, gitinfo.Collect(t.Context(), dir))
	env, err := os.ReadFile(seen)
	require.NoError(t, err)
	require.NotContains(t, string(env), "secret")
	require.Contains(t, string(env), "GIT_TERMINAL_PROMPT=0\n")
}

// A git that hangs is ended, with all that it started.
func TestGitHangs(t *testing.T) {
	dir, _ := pushed(t)
	bin := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(bin, "git"), []byte("#!/bin/sh\nsleep 60 & wait\n"), 0o755))
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	require.Nil(t, gitinfo.Collect(ctx, dir))
	_, err := gitinfo.DiffToRemote(ctx, dir)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Less(t, time.Since(began), 10*time.Second)
}

func TestNoGit(t *testing.T) {
	dir, _ := pushed(t)
	t.Setenv("PATH", t.TempDir())
	require.Nil(t, gitinfo.Collect(t.Context(), dir))
	_, err := gitinfo.DiffToRemote(t.Context(), dir)
	require.ErrorContains(t, err, "git")
}
