//go:build unix

package rollout_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex/rollout"
	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// child is set in a process that a test starts from the test's own program.
const child = "ROLLOUT_TEST_CHILD"

// again runs the test that calls it in another process, as the user uid if that
// is not zero, with home in child's place, and returns what it prints.
func again(t *testing.T, home string, uid uint32) string {
	t.Helper()
	program := os.Args[0]
	if uid != 0 { // the program's folder may be root's alone
		text, err := os.ReadFile(program)
		require.NoError(t, err)
		program = filepath.Join(filepath.Dir(home), "program")
		require.NoError(t, os.WriteFile(program, text, 0o755))
	}
	command := exec.Command(program, "-test.run=^"+t.Name()+"$", "-test.count=1")
	command.Env = append(os.Environ(), child+"="+home)
	if uid != 0 {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
		command.Dir = home
	}
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

// TestFileSizeLimit runs out of room while a line is being written, and gets
// room again: nothing is lost, nothing is torn, and the failure is told once.
func TestFileSizeLimit(t *testing.T) {
	home := os.Getenv(child)
	if home == "" {
		home = t.TempDir()
		out := again(t, home, 0)
		require.Contains(t, out, "PASS")
		return
	}
	setLimit := func(size uint64) {
		var limit syscall.Rlimit
		require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit))
		limit.Cur = size
		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
	}
	r := create(t, options(home))
	require.NoError(t, r.Items(userText("one")))
	require.NoError(t, r.Flush())
	whole := read(t, r.Path())

	setLimit(uint64(len(whole) + 20))
	err := r.Items(userText("two"))
	require.ErrorIs(t, err, syscall.EFBIG)
	require.ErrorContains(t, err, strconv.Quote(r.Path()))
	require.Equal(t, whole, read(t, r.Path()), "nothing is left of the line")
	require.NoError(t, r.Items(userText("three"), userText("four")), "told already")
	require.Error(t, r.Flush())

	setLimit(1 << 30)
	require.NoError(t, r.Items(userText("five")))
	require.NoError(t, r.Flush())

	setLimit(uint64(len(read(t, r.Path())) + 1))
	require.Error(t, r.Items(userText("six")), "a new failure")
	require.Error(t, r.Close(), "and now it is lost")
	setLimit(1 << 30)
	_, saved := resume(t, home, r.Path())
	require.Zero(t, saved.Skipped)
	require.Equal(t, []string{"one", "two", "three", "four", "five"}, texts(saved))
	fmt.Println("done")
}

// TestFullDiskAtTheBeginning has no room even for the first line.
func TestFullDiskAtTheBeginning(t *testing.T) {
	home := os.Getenv(child)
	if home == "" {
		home = t.TempDir()
		again(t, home, 0)
		return
	}
	limit := syscall.Rlimit{Cur: 100, Max: 1 << 30}
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
	r := create(t, options(home))
	require.ErrorIs(t, r.Flush(), syscall.EFBIG)
	require.Empty(t, read(t, r.Path()))
	require.NoError(t, r.Items(userText("one")))
	limit.Cur = 1 << 20
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
	require.NoError(t, r.Close())
	_, saved := resume(t, home, r.Path())
	require.Equal(t, []string{"one"}, texts(saved))
}

// TestHomeThatMayNotBeWritten says so; the user is not root.
func TestHomeThatMayNotBeWritten(t *testing.T) {
	if home := os.Getenv(child); home != "" {
		_, err := rollout.Create(options(home))
		require.ErrorIs(t, err, os.ErrPermission)
		require.ErrorContains(t, err, strconv.Quote(filepath.Join(home, "sessions")))
		path := filepath.Join(home, "sessions", fileName(newYear, uuid(1)))
		_, _, err = rollout.Resume(home, path, nil)
		require.ErrorIs(t, err, os.ErrPermission)
		require.ErrorContains(t, err, strconv.Quote(path))
		err = rollout.Archive(home, path, mcpprotocol.ConversationID(uuid(1)))
		require.ErrorIs(t, err, os.ErrPermission)
		page, err := rollout.List(t.Context(), home, "", 25)
		require.NoError(t, err)
		require.Equal(t, []string{"mine"}, previews(page), "one may be read, the other not")
		return
	}
	home := filepath.Join(t.TempDir(), "home")
	require.NoError(t, os.Mkdir(home, 0o755))
	for folder := home; folder != filepath.Dir(os.TempDir()) && folder != "/"; folder = filepath.Dir(folder) {
		if folder != os.TempDir() {
			require.NoError(t, os.Chmod(folder, 0o755))
		}
	}
	readable := put(t, home, fileName(newYear, uuid(1)), talk(uuid(1), "mine"))
	secret := put(t, home, fileName(newYear.AddDate(0, 0, 1), uuid(2)), talk(uuid(2), "secret"))
	var folders []string
	require.NoError(t, filepath.WalkDir(home, func(path string, entry os.DirEntry, err error) error {
		if entry.IsDir() {
			folders = append(folders, path)
		}
		return err
	}))
	require.NoError(t, os.Chmod(readable, 0o444))
	require.NoError(t, os.Chmod(secret, 0o000))
	for _, folder := range folders {
		require.NoError(t, os.Chmod(folder, 0o555))
	}
	defer func() {
		for _, folder := range folders {
			require.NoError(t, os.Chmod(folder, 0o755))
		}
	}()
	uid := uint32(0)
	if os.Getuid() == 0 {
		uid = 65534 // root may write anything
	}
	again(t, home, uid)
}

// TestKill ends the process that records at once: what it was told had been
// written is there.
func TestKill(t *testing.T) {
	if home := os.Getenv(child); home != "" {
		r := create(t, options(home))
		require.NoError(t, r.Flush())
		for n := 0; ; n++ {
			require.NoError(t, r.Items(userText(fmt.Sprint(n, strings.Repeat(" word", n%100)))))
			fmt.Println("recorded", n)
		}
	}
	for _, want := range []int{0, 1, 7, 50, 200} {
		home := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		command := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestKill$")
		command.Env = append(os.Environ(), child+"="+home)
		var out bytes.Buffer
		command.Stdout = writerFunc(func(text []byte) (int, error) {
			if out.Write(text); strings.Count(out.String(), "recorded") > want {
				cancel()
			}
			return len(text), nil
		})
		var exit *exec.ExitError
		require.True(t, errors.As(command.Run(), &exit))
		cancel()

		path, err := rollout.Find(t.Context(), home, id)
		require.NoError(t, err)
		r, saved := resume(t, home, path)
		require.NoError(t, r.Close())
		require.Zero(t, saved.Skipped)
		require.GreaterOrEqual(t, len(saved.History), strings.Count(out.String(), "recorded"))
		for n, text := range texts(saved) {
			require.Equal(t, fmt.Sprint(n, strings.Repeat(" word", n%100)), text)
		}
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(text []byte) (int, error) { return f(text) }

// TestOneRecorderAmongProcesses opens the file of another process.
func TestOneRecorderAmongProcesses(t *testing.T) {
	if home := os.Getenv(child); home != "" {
		path, err := rollout.Find(t.Context(), home, id)
		require.NoError(t, err)
		_, _, err = rollout.Resume(home, path, nil)
		require.ErrorIs(t, err, rollout.ErrInUse)
		return
	}
	home := t.TempDir()
	r := create(t, options(home))
	require.NoError(t, r.Flush())
	again(t, home, 0)
}
