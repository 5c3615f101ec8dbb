//go:build unix

package exec

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// soon is the time in which all that a killed command started has to be gone.
var soon = func() time.Duration {
	if raceBuild {
		return 10 * time.Second
	}
	return 2 * time.Second
}()

// testEnv lets programs be found, and those with the race detector, which our
// own helper is in tests, end at once.
func testEnv() []string { return []string{"PATH=" + os.Getenv("PATH"), "GORACE=atexit_sleep_ms=0"} }

func shell(script string) Command {
	return Command{Argv: []string{"sh", "-c", script}, Env: testEnv(), Helper: Self}
}

func TestRun(t *testing.T) {
	tests := []struct {
		name, script, stdout, stderr string
		code                         int
	}{
		{"success", "echo hi", "hi\n", "", 0},
		{"failure", "echo out; echo err >&2; exit 3", "out\n", "err\n", 3},
		{"no stdin", "cat; echo end", "end\n", "", 0},
		{"own group", `[ "$(ps -o pgid= -p $$ | tr -d ' ')" = $$ ] && echo leader`, "leader\n", "", 0},
		{"late writer", "(sleep 0.05; echo late) & echo early", "early\nlate\n", "", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			result, err := Run(t.Context(), shell(test.script))
			require.NoError(t, err)
			require.Equal(t, test.stdout, result.Stdout.String())
			require.Equal(t, test.stderr, result.Stderr.String())
			require.Equal(t, test.code, result.ExitCode)
			require.Positive(t, result.Duration)
		})
	}
}

func TestRunEnvironmentIsExact(t *testing.T) {
	result, err := Run(t.Context(), Command{Argv: []string{"env"}, Env: []string{"A=1", "B=\xff"}, Helper: Self})
	require.NoError(t, err)
	require.Equal(t, "A=1\nB=\xff\n", string(result.Stdout.Bytes()))

	result, err = Run(t.Context(), Command{Argv: []string{"env"}, Helper: Self})
	require.NoError(t, err)
	require.Empty(t, result.Stdout.String())
}

func TestRunStreamsInOrder(t *testing.T) {
	var streamed strings.Builder
	command := shell("for i in 1 2 3; do echo $i; sleep 0.02; echo e$i >&2; sleep 0.02; done; head -c 100000 /dev/zero")
	command.OnOutput = func(stream Stream, chunk []byte) {
		require.LessOrEqual(t, len(chunk), ChunkSize)
		streamed.Write(chunk)
	}
	result, err := Run(t.Context(), command)
	require.NoError(t, err)
	require.Equal(t, result.Aggregated.String(), streamed.String())
	require.True(t, strings.HasPrefix(streamed.String(), "1\ne1\n2\ne2\n3\ne3\n"))
	require.EqualValues(t, 100_000+15, result.Aggregated.Total())
}

func TestRunKeepsMemoryBounded(t *testing.T) {
	command := shell("head -c 20000000 /dev/zero")
	command.MaxOutput = 1000
	result, err := Run(t.Context(), command)
	require.NoError(t, err)
	require.EqualValues(t, 20_000_000, result.Stdout.Total())
	require.EqualValues(t, 20_000_000-1000, result.Stdout.Omitted())
	require.Less(t, len(result.Stdout.Bytes()), 1100)
}

func TestRunTimesOut(t *testing.T) {
	for name, script := range map[string]string{
		"sleeping":        "echo early; sleep 30",
		"grandchild":      "echo early; sleep 30 & wait",
		"ignores TERM":    "trap '' TERM INT HUP; echo early; sleep 30; sleep 30",
		"flood of output": "echo early; yes",
	} {
		t.Run(name, func(t *testing.T) {
			command := shell(script)
			command.Timeout = 100 * time.Millisecond
			started := time.Now()
			result, err := Run(t.Context(), command)
			require.NoError(t, err)
			require.Less(t, time.Since(started), soon)
			require.True(t, result.TimedOut)
			require.False(t, result.Interrupted)
			require.Equal(t, TimeoutExitCode, result.ExitCode)
			require.True(t, strings.HasPrefix(result.Stdout.String(), "early\n"))
		})
	}
}

func TestRunIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	command := shell("echo early; sleep 30")
	command.OnOutput = func(Stream, []byte) { cancel() }
	started := time.Now()
	result, err := Run(ctx, command)
	require.NoError(t, err)
	require.Less(t, time.Since(started), soon)
	require.True(t, result.Interrupted)
	require.Equal(t, syscall.SIGKILL, result.Signal)
	require.Equal(t, "early\n", result.Stdout.String())
}

func TestRunDoesNotWaitForGrandchildren(t *testing.T) {
	for name, script := range map[string]string{
		"in the group":  "sleep 30 & echo hi",
		"in a session":  "setsid sleep 30 & echo hi",
		"with no pipes": "sleep 30 >/dev/null 2>&1 & echo hi",
	} {
		t.Run(name, func(t *testing.T) {
			started := time.Now()
			result, err := Run(t.Context(), shell(script))
			require.NoError(t, err)
			require.Less(t, time.Since(started), soon)
			require.Equal(t, "hi\n", result.Stdout.String())
			require.Zero(t, result.ExitCode)
		})
	}
}

func TestRunReportsSignal(t *testing.T) {
	result, err := Run(t.Context(), shell("kill -TERM $$"))
	require.NoError(t, err)
	require.Equal(t, -1, result.ExitCode)
	require.Equal(t, syscall.SIGTERM, result.Signal)
	require.False(t, result.TimedOut || result.Interrupted)
}

func TestRunCannotStart(t *testing.T) {
	plainFile := filepath.Join(t.TempDir(), "plain")
	require.NoError(t, os.WriteFile(plainFile, []byte("x"), 0o600))
	tests := []struct {
		name     string
		command  Command
		exitCode int
		is       error
		text     string
	}{
		{"missing", Command{Argv: []string{"/nope/missing"}}, 127, fs.ErrNotExist, `start "/nope/missing": no such file or directory`},
		{"not in PATH", Command{Argv: []string{"nope-not-in-path"}}, 127, syscall.ENOENT, `start "nope-not-in-path": no such file or directory`},
		{"not executable", Command{Argv: []string{plainFile}}, 126, syscall.EACCES, "permission denied"},
		{"a folder", Command{Argv: []string{"/"}}, 126, syscall.EACCES, `start "/": permission denied`},
		{"no folder", Command{Argv: []string{"true"}, Dir: "/nope"}, 127, syscall.ENOENT, `start "true": chdir /nope: no such file or directory`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.command.Helper = Self
			_, err := Run(t.Context(), test.command)
			var failed *StartError
			require.ErrorAs(t, err, &failed)
			require.ErrorIs(t, err, test.is)
			require.ErrorContains(t, err, test.text)
			require.Equal(t, test.exitCode, failed.ExitCode())
		})
	}
	_, err := Run(t.Context(), Command{})
	require.ErrorContains(t, err, "empty")
}

func TestRunFindsProgramsLikeTheShell(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "bin", "hello")
	require.NoError(t, os.Mkdir(filepath.Dir(script), 0o700))
	require.NoError(t, os.WriteFile(script, []byte("echo hello $1\n"), 0o700)) //nolint:gosec // a script has to be executable
	for _, command := range []Command{
		{Argv: []string{"hello", "you"}, Dir: dir, Env: []string{"PATH=/nope:" + dir + "/bin"}},
		{Argv: []string{"hello", "you"}, Dir: dir, Env: []string{"PATH=bin"}},
		{Argv: []string{"./bin/hello", "you"}, Dir: dir},
		{Argv: []string{script, "you"}},
	} {
		command.Helper = Self
		result, err := Run(t.Context(), command)
		require.NoError(t, err)
		require.Equal(t, "hello you\n", result.Stdout.String())
	}
}

func TestRunManyAtOnce(t *testing.T) {
	var done atomic.Int32
	t.Run("commands", func(t *testing.T) {
		for range 16 {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				result, err := Run(t.Context(), shell("echo $$; exit 7"))
				require.NoError(t, err)
				require.Equal(t, 7, result.ExitCode)
				done.Add(1)
			})
		}
	})
	require.EqualValues(t, 16, done.Load())
}
