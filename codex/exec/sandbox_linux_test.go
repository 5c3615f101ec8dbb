package exec

import (
	"context"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex/sandbox"
)

// sandboxed runs a script in the workspace of a new scene.
func sandboxed(t *testing.T, mode sandbox.Mode, script string) (scene, Result) {
	t.Helper()
	requireSandbox(t)
	s := newScene(t)
	command := shell(s.vars.Replace(script))
	command.Dir = s.dir + "/ws"
	command.Sandbox = s.policy(mode, false)
	result, err := Run(t.Context(), command)
	require.NoError(t, err)
	return s, result
}

func TestSandboxKeepsExitCodeAndOutput(t *testing.T) {
	_, result := sandboxed(t, sandbox.ReadOnly, "cat file; echo oops >&2; echo x > new; exit 3")
	require.Equal(t, 3, result.ExitCode)
	require.Equal(t, "inside", result.Stdout.String())
	require.True(t, strings.HasPrefix(result.Stderr.String(), "oops\n"))
	reason, denied := sandbox.Denial(sandbox.Policy{}, result.Stderr.String(), result.Denied...)
	require.True(t, denied)
	require.Contains(t, reason, "new: Permission denied")
}

func TestSandboxNamesRefusedCalls(t *testing.T) {
	requireSandbox(t)
	for what, want := range map[string]string{
		"udp":               "socket AF_INET",
		"unix /run/x.sock":  `connect "/run/x.sock"`,
		"unix @abstract":    `connect "@abstract"`,
		"ptrace 1":          "ptrace",
		"chmod OUT/file":    "OUT/file",
		"unshare 268435456": "a new namespace",
	} {
		t.Run(what, func(t *testing.T) {
			s := newScene(t)
			result, err := Run(t.Context(), Command{
				Argv:    append([]string{testBinary(t), attemptArg}, strings.Fields(s.vars.Replace(what))...),
				Env:     testEnv(),
				Sandbox: s.policy(sandbox.WorkspaceWrite, false),
				Helper:  Self,
			})
			require.NoError(t, err)
			require.Contains(t, strings.Join(result.Denied, "\n"), s.vars.Replace(want))
		})
	}
}

func TestSandboxedFilesKeepTheirAttributes(t *testing.T) {
	script := `
		set -e
		chmod 640 file; stat -c '%a' file
		touch -d '2001-02-03 04:05:06 UTC' file; TZ=UTC stat -c '%y' file
		touch fresh; [ fresh -nt file ] && echo newer
		cp -p file copy; stat -c '%a %Y' copy
		ln -s file soft; touch -h -d '2002-02-03 UTC' soft; stat -c '%Y' soft; stat -c '%Y' file
		chmod +x soft; stat -c '%a' file
		mkdir -m 700 d; tar cf d.tar d file; rm -r d; tar xpf d.tar; stat -c '%a' d
		chown $(id -u):$(id -g) file; chown -h $(id -u) soft
		exec 3< file; chmod 600 /proc/self/fd/3; stat -c '%a' file
		chmod 644 missing 2>&1 || true
		(cd conf; chmod 604 ../file; stat -c '%a' ../file)`
	s, result := sandboxed(t, sandbox.WorkspaceWrite, script)
	require.Empty(t, result.Stderr.String())
	require.Equal(t, `640
2001-02-03 04:05:06.000000000 +0000
newer
640 981173106
1012694400
981173106
751
700
600
chmod: cannot access 'missing': No such file or directory
604
`, result.Stdout.String())
	info, err := os.Stat(filepath.Join(s.dir, "ws", "file"))
	require.NoError(t, err)
	require.EqualValues(t, 0o604, info.Mode())
}

func TestSandboxRootIsTheTurnsFolder(t *testing.T) {
	requireSandbox(t)
	s := newScene(t)
	command := shell("echo x > new && echo written; echo y > " + s.dir + "/ws/new && echo written inside")
	command.Dir = s.dir + "/out"
	command.Sandbox = s.policy(sandbox.WorkspaceWrite, false)
	result, err := Run(t.Context(), command)
	require.NoError(t, err)
	require.Equal(t, "written inside\n", result.Stdout.String())
	require.NoFileExists(t, filepath.Join(s.dir, "out", "new"))
}

func TestSandboxTemporaryFolder(t *testing.T) {
	requireSandbox(t)
	s := newScene(t)
	for excluded, want := range map[bool]string{false: "written\n", true: ""} {
		command := shell("echo x > $TMPDIR/new && echo written")
		command.Env = append(command.Env, "TMPDIR="+s.dir+"/out")
		command.Sandbox = s.policy(sandbox.WorkspaceWrite, false)
		command.Sandbox.ExcludeTmpdir = excluded
		result, err := Run(t.Context(), command)
		require.NoError(t, err)
		require.Equal(t, want, result.Stdout.String())
	}
}

func TestSandboxFindsNoProgram(t *testing.T) {
	requireSandbox(t)
	s := newScene(t)
	for program, code := range map[string]int{"nope-not-there": 127, "/nope/missing": 127, s.dir + "/ws/file": 126} {
		_, err := Run(t.Context(), Command{
			Argv: []string{program}, Env: testEnv(), Sandbox: s.policy(sandbox.ReadOnly, false), Helper: Self,
		})
		var failed *StartError
		require.ErrorAs(t, err, &failed)
		require.Equal(t, code, failed.ExitCode())
	}
}

// TestSandboxWithoutNamespaces is about machines that allow none: writing and
// the network are confined just the same, and nothing is left behind.
func TestSandboxWithoutNamespaces(t *testing.T) {
	requireSandbox(t)
	s := newScene(t)
	mark := t.Name()
	script := s.vars.Replace(`
		echo x > new && echo inside; echo x > OUT/new && echo outside; chmod 600 OUT/file && echo mode
		kill -9 $PPID && echo killed; kill -9 SERVER && echo killed
		setsid sleep 100 & exit 5`)
	plan, err := s.policy(sandbox.WorkspaceWrite, false).Resolve("")
	require.NoError(t, err)
	outputs, err := newPipes(Command{})
	require.NoError(t, err)
	defer outputs.close()
	o := order{argv: []string{"sh", "-c", script}, dir: s.dir + "/ws", plan: plan}
	helper, err := launch(Self, o, append(testEnv(), marker+mark), outputs)
	require.NoError(t, err)
	outputs.closeWriters()
	outputs.read()
	require.NoError(t, helper.begin("sh"))
	how, err := helper.wait()
	require.NoError(t, err)
	require.Equal(t, 5, how.code)
	helper.release()
	outputs.drain(time.Second)
	require.Empty(t, survivors(mark))
	stdout, _, _ := outputs.results()
	if sandbox.Check(Self).Landlock >= 6 { // older kernels let signals pass
		require.Equal(t, "inside\n", stdout.String())
	}
	require.NoFileExists(t, filepath.Join(s.dir, "out", "new"))
}

func TestSandboxNeedsAHelper(t *testing.T) {
	_, err := Run(t.Context(), Command{Argv: []string{"true"}, Sandbox: &sandbox.Policy{}})
	require.ErrorContains(t, err, "no helper")
	_, err = Run(t.Context(), Command{Argv: []string{"true"}, Sandbox: &sandbox.Policy{}, Helper: "/nope/helper"})
	require.ErrorContains(t, err, "/nope/helper")
	_, err = Run(t.Context(), Command{Argv: []string{"true"}, Helper: "/bin/true"})
	require.ErrorContains(t, err, "helper ended without a word")
	_, err = Run(t.Context(), Command{Argv: []string{"true"}, Sandbox: &sandbox.Policy{Mode: "moon"}, Helper: Self})
	require.Error(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	started := time.Now()
	_, _ = Run(ctx, Command{Argv: []string{"sleep", "100"}, Helper: Self, Env: testEnv()})
	require.Less(t, time.Since(started), soon)
}

// TestHelperByHand starts the helper as the original's is started.
func TestHelperByHand(t *testing.T) {
	requireSandbox(t)
	s := newScene(t)
	tests := []struct {
		name   string
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{"runs", []string{s.dir, `{"mode":"read-only"}`, "--", "sh", "-c", "echo $CODEX_SANDBOX_NETWORK_DISABLED; exit 3"}, 3, "1\n", ""},
		{"confines", []string{s.dir, `{"mode":"read-only"}`, "--", "sh", "-c", "echo x > " + s.dir + "/new"}, 2, "", "Permission denied"},
		{"allows", []string{s.dir, `{"mode":"workspace-write"}`, "--", "sh", "-c", "echo x > " + s.dir + "/new"}, 0, "", ""},
		{"signal", []string{s.dir, `{"mode":"read-only"}`, "--", "sh", "-c", "kill -9 $$"}, 137, "", ""},
		{"full access", []string{s.dir, `{"mode":"danger-full-access"}`, "--", "echo", "hi"}, 0, "hi\n", ""},
		{"not found", []string{s.dir, `{"mode":"read-only"}`, "--", "/nope/missing"}, 127, "", "no such file"},
		{"not executable", []string{s.dir, `{"mode":"read-only"}`, "--", s.dir + "/ws/file"}, 126, "", "permission denied"},
		{"bad policy", []string{s.dir, `{"mode":"moon"}`, "--", "true"}, 2, "", `"moon"`},
		{"no policy", []string{s.dir, `{`, "--", "true"}, 2, "", "policy"},
		{"no command", []string{s.dir}, 2, "", "usage"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr strings.Builder
			cmd := osexec.Cmd{Path: testBinary(t), Args: append([]string{sandbox.HelperName}, test.args...), Env: testEnv(), Stdout: &stdout, Stderr: &stderr}
			err := cmd.Run()
			if test.code == 0 {
				require.NoError(t, err, "%s", stderr.String())
			}
			require.Equal(t, test.code, cmd.ProcessState.ExitCode(), "%s", stderr.String())
			require.Equal(t, test.stdout, stdout.String())
			require.Contains(t, stderr.String(), test.stderr)
		})
	}
}

func TestHelperRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, args := range [][]string{
		{}, {"--"}, {"--dir=/"}, {"--moon", "--", "true"}, {"--sandbox=moon", "--", "true"},
	} {
		_, err := parseOrder(args)
		require.Error(t, err, "%q", args)
	}
	o := order{argv: []string{"--", "--dir=/x"}, dir: "/d"}
	got, err := parseOrder(o.args()[2:])
	require.NoError(t, err)
	require.Equal(t, o, got)
}

func TestHelperLeavesSignalsToTheCommand(t *testing.T) {
	result, err := Run(t.Context(), shell(`trap 'echo caught; exit 0' TERM; kill -TERM $PPID; sleep 0.05; kill -TERM $$`))
	require.NoError(t, err)
	require.Equal(t, "caught\n", result.Stdout.String())
	require.Equal(t, syscall.Signal(0), result.Signal)
}
