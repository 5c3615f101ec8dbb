package exec

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	osexec "os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex/sandbox"
)

// marker is a variable by which the processes of a test are found.
const marker = "CODEXMCP_TEST_MARKER="

// survivors returns the processes whose environment has the marker.
func survivors(mark string) []string {
	var found []string
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return []string{err.Error()}
	}
	for _, entry := range entries {
		if _, err := strconv.Atoi(entry.Name()); err != nil {
			continue
		}
		env, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "environ"))
		if err != nil || !bytes.Contains(env, []byte(marker+mark)) {
			continue
		}
		line, _ := os.ReadFile(filepath.Join("/proc", entry.Name(), "cmdline"))
		found = append(found, entry.Name()+" "+string(bytes.ReplaceAll(line, []byte{0}, []byte(" "))))
	}
	return found
}

func requireGone(t *testing.T, mark string) {
	t.Helper()
	require.Eventually(t, func() bool { return len(survivors(mark)) == 0 }, soon, time.Millisecond,
		"%q", survivors(mark))
}

// daemons are scripts that try to leave something behind.
var daemons = map[string]string{
	"background":       "sleep 100 & echo hi",
	"session":          "setsid sleep 100 & sleep 100",
	"daemon":           "(setsid sh -c 'sleep 100 & sleep 100' >/dev/null 2>&1 </dev/null &) ; echo hi",
	"ignores signals":  "trap '' TERM INT HUP QUIT; (trap '' TERM; sleep 100; sleep 100) & echo hi; sleep 100",
	"many":             "for i in 1 2 3 4 5 6 7 8; do (setsid sleep 100 &); done; sleep 100",
	"flood":            "(setsid sh -c 'yes; sleep 100' &); yes",
	"forks all along":  "(setsid sh -c 'while :; do sleep 100 & sleep 0.01; done' &) ; sleep 0.05",
	"closes its pipes": "exec >/dev/null 2>&1; setsid sleep 100 & sleep 100",
	"signals parent":   "kill -TERM $PPID; kill -INT $PPID; kill -HUP $PPID; setsid sleep 100 & sleep 100",
}

func TestNothingIsLeftBehind(t *testing.T) {
	policies := map[string]*sandbox.Policy{"full access": nil}
	if support := sandbox.Check(Self); support.Err == nil {
		policies["sandbox"] = &sandbox.Policy{Mode: sandbox.WorkspaceWrite, Root: t.TempDir()}
	}
	for kind, policy := range policies {
		for name, script := range daemons {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				mark := t.Name()
				command := shell(script)
				command.Env = append(command.Env, marker+mark)
				command.Timeout = 300 * time.Millisecond
				command.Sandbox = policy
				started := time.Now()
				_, err := Run(t.Context(), command)
				require.NoError(t, err)
				require.Less(t, time.Since(started), soon)
				require.Empty(t, survivors(mark), "when Run returns, all is gone")
			})
		}
	}
}

// serveArg makes the test binary a server that runs one command.
const serveArg = "serve"

func serveCommand(args []string) {
	command := shell(args[1])
	command.Env = append(command.Env, marker+args[0])
	command.Timeout = time.Minute
	command.OnOutput = func(_ Stream, chunk []byte) { _, _ = os.Stdout.Write(chunk) }
	if args[2] != "" {
		command.Sandbox = &sandbox.Policy{Mode: sandbox.WorkspaceWrite, Root: args[2]}
	}
	_, _ = Run(context.Background(), command)
}

func TestNothingOutlivesTheServer(t *testing.T) {
	roots := map[string]string{"full access": ""}
	if support := sandbox.Check(Self); support.Err == nil {
		roots["sandbox"] = t.TempDir()
	}
	for kind, root := range roots {
		t.Run(kind, func(t *testing.T) {
			mark := t.Name()
			server := osexec.CommandContext(t.Context(), testBinary(t), serveArg, mark,
				"(setsid sleep 100 >/dev/null 2>&1 &) ; sleep 100 & trap '' TERM; echo ready; sleep 100", root)
			output, err := server.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, server.Start())
			_, err = output.Read(make([]byte, 6))
			require.NoError(t, err)
			require.NotEmpty(t, survivors(mark))
			require.NoError(t, server.Process.Signal(syscall.SIGKILL))
			_ = server.Wait()
			requireGone(t, mark)
		})
	}
}

// TestNothingIsLeftUnderStress runs many commands of every kind and ends them
// at random. Set CODEXMCP_STRESS to how many.
func TestNothingIsLeftUnderStress(t *testing.T) {
	count := 200
	if text := os.Getenv("CODEXMCP_STRESS"); text != "" {
		count = number(text)
	}
	if testing.Short() || raceBuild {
		count = 40
	}
	var scripts []string
	for _, script := range daemons {
		scripts = append(scripts, script)
	}
	scripts = append(scripts, "exit 3", "true", "head -c 3000000 /dev/zero", "kill -9 $$")
	mark := t.Name()
	policies := []*sandbox.Policy{nil}
	if support := sandbox.Check(Self); support.Err == nil {
		policies = append(policies,
			&sandbox.Policy{Mode: sandbox.ReadOnly, Root: t.TempDir()},
			&sandbox.Policy{Mode: sandbox.WorkspaceWrite, Root: t.TempDir()})
	}
	one := func(i int) error {
		random := rand.New(rand.NewPCG(uint64(i), 1)) //nolint:gosec // to be the same each time
		command := shell(scripts[random.IntN(len(scripts))])
		command.Env = append(command.Env, marker+mark)
		command.Timeout = time.Duration(random.IntN(150)+1) * time.Millisecond
		command.Sandbox = policies[random.IntN(len(policies))]
		command.MaxOutput = 10_000
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if random.IntN(3) == 0 {
			time.AfterFunc(time.Duration(random.IntN(100))*time.Millisecond, cancel)
		}
		started := time.Now()
		result, err := Run(ctx, command)
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("%q: %w", command.Argv, err)
		}
		if took := time.Since(started); took > 2*soon {
			return fmt.Errorf("%q took %v", command.Argv, took)
		}
		if kept := len(result.Aggregated.Bytes()); kept > 11_000 {
			return fmt.Errorf("%q: kept %d bytes", command.Argv, kept)
		}
		return nil
	}
	batch := func(from, to int) {
		errs := make(chan error, to-from)
		var workers sync.WaitGroup
		work := make(chan int)
		for range 4 {
			workers.Go(func() {
				for i := range work {
					errs <- one(i)
				}
			})
		}
		for i := from; i < to; i++ {
			work <- i
		}
		close(work)
		workers.Wait()
		close(errs)
		for err := range errs {
			require.NoError(t, err)
		}
	}
	batch(0, count/4) // so that what is allocated once is
	memory, files, goroutines := resources(t)
	batch(count/4, count)
	require.Empty(t, survivors(mark))
	memoryAfter, filesAfter, goroutinesAfter := resources(t)
	require.Less(t, memoryAfter, memory+4<<20)
	require.LessOrEqual(t, filesAfter, files+2)
	require.LessOrEqual(t, goroutinesAfter, goroutines+2)
}

func resources(t *testing.T) (memory uint64, files, goroutines int) {
	t.Helper()
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return stats.HeapAlloc, len(entries), runtime.NumGoroutine()
}

func TestInheritedDescriptorsStayOut(t *testing.T) {
	outside, err := os.Create(filepath.Join(t.TempDir(), "outside"))
	require.NoError(t, err)
	defer func() { require.NoError(t, outside.Close()) }()
	const inherited = 200
	require.NoError(t, syscall.Dup3(int(outside.Fd()), inherited, 0)) // as a careless parent leaves it open
	defer func() { require.NoError(t, syscall.Close(inherited)) }()
	result, err := Run(t.Context(), Command{
		Argv: []string{testBinary(t), attemptArg, "write-fd", strconv.Itoa(inherited)}, Helper: Self,
	})
	require.NoError(t, err)
	require.Equal(t, "EBADF", result.Stdout.String())
}

// BenchmarkSandbox starts a command in four ways that take turns, with all that a
// conversation gives a sandbox, a repository and a home folder, and reports the
// least that each took.
func BenchmarkSandbox(b *testing.B) {
	requireSandbox(b)
	s := newScene(b)
	home := filepath.Join(s.dir, "home")
	for _, name := range []string{"auth.json", "config.toml", "AGENTS.md", "history.jsonl", "log/x", "prompts/x", "sessions/x"} {
		require.NoError(b, os.MkdirAll(filepath.Dir(filepath.Join(home, name)), 0o700))
		require.NoError(b, os.WriteFile(filepath.Join(home, name), nil, 0o600))
	}
	full := s.policy(sandbox.WorkspaceWrite, false)
	full.Home, full.Secrets = home, []string{"auth.json", "config.toml"}
	rows := []struct {
		name    string
		command Command
		least   time.Duration
	}{
		{name: "by-itself"},
		{name: "below-a-helper", command: Command{Helper: Self}},
		{name: "read-only", command: Command{Helper: Self, Sandbox: &sandbox.Policy{Root: s.dir, Home: home, Secrets: full.Secrets}}},
		{name: "workspace-write", command: Command{Helper: Self, Sandbox: full}},
	}
	for b.Loop() {
		for i := range rows {
			row := &rows[i]
			row.command.Argv = []string{"/bin/true"}
			started := time.Now()
			_, err := Run(b.Context(), row.command)
			took := time.Since(started)
			require.NoError(b, err)
			if row.least == 0 || took < row.least {
				row.least = took
			}
		}
	}
	for _, row := range rows {
		b.ReportMetric(float64(row.least)/float64(time.Millisecond), "ms/"+row.name)
	}
}
