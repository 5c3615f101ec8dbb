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

	"github.com/stretchr/testify/assert"
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

// TestSandboxUnprotected is about paths in the workspace that a machine without
// namespaces cannot protect: the command does not run, unless that is accepted,
// and is confined otherwise.
func TestSandboxUnprotected(t *testing.T) {
	support := requireSandbox(t)
	s := newScene(t)
	command := shell(s.vars.Replace(`
		echo x > new && echo inside; echo x > OUT/new && echo outside; chmod 600 OUT/file && echo mode
		echo x > .git/config && echo git; cat DIR/hidden/key && echo hidden; exit 5`))
	command.Dir = s.dir + "/ws"
	command.Sandbox = s.policy(sandbox.WorkspaceWrite, false)
	command.Sandbox.AllowUnprotected = false
	if support.Namespaces.Mount {
		require.NoError(t, Unprotected(command))
		return
	}
	_, err := Run(t.Context(), command)
	var unprotected *sandbox.UnprotectedError
	require.ErrorAs(t, err, &unprotected)
	require.Equal(t, []string{s.dir + "/ws/.git", s.dir + "/ws/conf/locked", s.dir + "/ws/secret", s.dir + "/ws/vault"}, unprotected.Paths)
	require.Equal(t, unprotected, Unprotected(command))

	command.Sandbox.AllowUnprotected = true
	require.NoError(t, Unprotected(command))
	result, err := Run(t.Context(), command)
	require.NoError(t, err)
	require.Equal(t, 5, result.ExitCode)
	require.Equal(t, "inside\ngit\n", result.Stdout.String())
	require.NoFileExists(t, filepath.Join(s.dir, "out", "new"))

	command.Sandbox.AllowUnprotected, command.Sandbox.Mode = false, sandbox.ReadOnly
	result, err = Run(t.Context(), command)
	require.NoError(t, err, "nothing can be written, so that nothing is unprotected")
	require.Empty(t, result.Stdout.String())
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

// TestSandboxHome is about a home folder of settings and credentials, wherever
// it lies: the secrets are not read, nothing is written, all else goes on.
func TestSandboxHome(t *testing.T) {
	support := requireSandbox(t)
	tests := []struct{ name, home, workspace string }{
		{"beside the workspace", "home", "ws"},
		{"in the workspace", "ws/home", "ws"},
		{"around the workspace", "home", "home/projects/ws"},
		{"is the workspace", "home", "home"},
	}
	for _, test := range tests {
		for _, mode := range []sandbox.Mode{sandbox.ReadOnly, sandbox.WorkspaceWrite} {
			t.Run(test.name+"/"+string(mode), func(t *testing.T) {
				s := newScene(t)
				require.NoError(t, os.RemoveAll(s.dir+"/ws/.git"))
				home, workspace := filepath.Join(s.dir, test.home), filepath.Join(s.dir, test.workspace)
				secrets := []string{"auth.json", "config.toml", "auth.json.bak", ".env"}
				for _, name := range append([]string{"AGENTS.md", "sessions/old", "elsewhere/.env", "projects/ws/file"}, secrets...) {
					at := filepath.Join(home, name)
					require.NoError(t, os.MkdirAll(filepath.Dir(at), 0o700))
					require.NoError(t, os.WriteFile(at, []byte("content of "+name), 0o600))
				}
				require.NoError(t, os.MkdirAll(workspace, 0o700))
				require.NoError(t, os.Remove(filepath.Join(home, ".env")))
				require.NoError(t, os.Symlink("elsewhere/.env", filepath.Join(home, ".env")))
				policy := &sandbox.Policy{
					Mode: mode, Root: workspace, ExcludeSlashTmp: true, ExcludeTmpdir: true,
					Home: home, Secrets: []string{"auth.json", "config.toml", ".env"},
				}
				command := shell(strings.NewReplacer("HOME", home, "WS", workspace).Replace(`
					cat HOME/AGENTS.md; echo; cat HOME/sessions/old; echo; ls HOME | grep -c AGENTS
					cat HOME/auth.json HOME/config.toml HOME/auth.json.bak HOME/.env HOME/elsewhere/.env
					cat /proc/self/root/HOME/auth.json
					ln HOME/auth.json WS/hard && cat WS/hard
					mv HOME HOME-moved && cat HOME-moved/auth.json
					mv HOME/auth.json HOME/moved && cat HOME/moved
					cp -r HOME WS/copy; cat WS/copy/auth.json
					echo bad > HOME/AGENTS.md; echo bad > HOME/config.toml; echo bad > HOME/new
					mkdir HOME/prompts; rm HOME/sessions/old; chmod 777 HOME/AGENTS.md HOME; ln -s / HOME/link
					echo x > WS/written && echo wrote`))
				command.Dir = workspace
				command.Sandbox = policy
				command.Timeout = 30 * time.Second
				if !support.Namespaces.Mount && mode == sandbox.WorkspaceWrite && strings.HasPrefix(home, workspace) {
					_, err := Run(t.Context(), command)
					var unprotected *sandbox.UnprotectedError
					require.ErrorAs(t, err, &unprotected)
					require.Contains(t, unprotected.Paths, home)
					require.ErrorAs(t, Unprotected(command), &unprotected)
					return
				}
				require.NoError(t, Unprotected(command))
				result, err := Run(t.Context(), command)
				require.NoError(t, err)
				want := "content of AGENTS.md\ncontent of sessions/old\n1\n"
				if mode == sandbox.WorkspaceWrite && home != workspace {
					want += "wrote\n"
				}
				require.Equal(t, want, result.Stdout.String(), "%s", result.Stderr.String())
				require.Contains(t, result.Stderr.String(), "auth.json: Permission denied")
				for _, name := range append([]string{"AGENTS.md", "sessions/old"}, secrets...) {
					text, err := os.ReadFile(filepath.Join(home, name))
					require.NoError(t, err)
					require.Contains(t, string(text), "content of ")
				}
				entries, err := os.ReadDir(home)
				require.NoError(t, err)
				require.Len(t, entries, 8)
			})
		}
	}
}

// TestSandboxHomeWhileItChanges has a secret replaced and made while a command
// runs, as a login does.
func TestSandboxHomeWhileItChanges(t *testing.T) {
	support := requireSandbox(t)
	for _, inside := range []bool{false, true} {
		s := newScene(t)
		require.NoError(t, os.RemoveAll(s.dir+"/ws/.git"))
		home := s.dir + "/home"
		if inside {
			home = s.dir + "/ws/home"
		}
		require.NoError(t, os.Mkdir(home, 0o700))
		require.NoError(t, os.WriteFile(home+"/auth.json", []byte("old"), 0o600))
		command := shell(`while ! grep -q over ws-sign; do
				cat ` + home + `/auth.json ` + home + `/config.toml 2>/dev/null; echo ready; sleep 0.01
			done; ls ` + s.dir)
		command.Dir = s.dir + "/ws"
		require.NoError(t, os.WriteFile(s.dir+"/ws/ws-sign", nil, 0o600))
		command.Sandbox = &sandbox.Policy{
			Mode: sandbox.WorkspaceWrite, Root: s.dir + "/ws", ExcludeSlashTmp: true, ExcludeTmpdir: true,
			Home: home, Secrets: []string{"auth.json", "config.toml"},
		}
		if inside && !support.Namespaces.Mount {
			continue // see TestSandboxHome
		}
		rounds := 0
		command.OnOutput = func(Stream, []byte) {
			switch rounds++; rounds {
			case 1:
				assert.NoError(t, os.WriteFile(home+"/new", []byte("new"), 0o600))
				assert.NoError(t, os.Rename(home+"/new", home+"/auth.json"))
				assert.NoError(t, os.WriteFile(home+"/config.toml", []byte("new"), 0o600))
			case 5:
				assert.NoError(t, os.WriteFile(s.dir+"/ws/ws-sign", []byte("over"), 0o600))
			}
		}
		result, err := Run(t.Context(), command)
		require.NoError(t, err)
		require.Zero(t, result.ExitCode, "%s", result.Stderr.String())
		require.NotContains(t, result.Stdout.String(), "old")
		require.NotContains(t, result.Stdout.String(), "new")
	}
}
