package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/codexmcp/codexmcp/codex/model/scripted"
	"github.com/codexmcp/codexmcp/codex/rollout"
)

// A program is the server as a process of its own.
type program struct {
	t     *testing.T
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Scanner
	errw  lockedBuffer
	heard func(message any) // told of every message, if set
}

// A lockedBuffer may be read while a process writes.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// startProgram runs the server in home, as the user uid unless that is zero.
func startProgram(t *testing.T, home string, uid uint32) *program {
	t.Helper()
	path, err := os.Executable()
	require.NoError(t, err)
	work := t.TempDir()
	if uid != 0 { // the program's folder may be root's alone
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		path = filepath.Join(work, "program")
		require.NoError(t, os.WriteFile(path, text, 0o755))
		reachable(t, work)
	}
	cmd := exec.Command(path, "serve")
	cmd.Env = append(os.Environ(), programVariable+"=1", "CODEX_HOME="+home)
	cmd.Dir = work
	if uid != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	}
	return startServer(t, cmd)
}

// startServer runs a server as a process of its own.
func startServer(t *testing.T, cmd *exec.Cmd) *program {
	t.Helper()
	p := &program{t: t, cmd: cmd}
	cmd.Stderr = &p.errw
	var err error
	p.in, err = p.cmd.StdinPipe()
	require.NoError(t, err)
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	p.lines = bufio.NewScanner(out)
	p.lines.Buffer(nil, 8<<20)
	require.NoError(t, p.cmd.Start())
	deadline := time.AfterFunc(soon, func() { _ = p.cmd.Process.Kill() })
	t.Cleanup(func() {
		deadline.Stop()
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	})
	return p
}

// reachable lets every user into the folders above and including dir.
func reachable(t *testing.T, dir string) {
	t.Helper()
	for ; dir != os.TempDir() && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		require.NoError(t, os.Chmod(dir, 0o755))
	}
}

// next returns the next message that is wanted.
func (p *program) next(wanted func(map[string]any) bool) map[string]any {
	p.t.Helper()
	for p.lines.Scan() {
		var m map[string]any
		require.NoError(p.t, json.Unmarshal(p.lines.Bytes(), &m))
		if p.heard != nil {
			p.heard(m)
		}
		if wanted(m) {
			return m
		}
	}
	require.FailNow(p.t, "the server has ended", "%v\n%s", p.lines.Err(), p.errw.String())
	return nil
}

func (p *program) send(id, method string, params any) {
	p.t.Helper()
	text, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "method": method, "params": params})
	require.NoError(p.t, err)
	_, err = p.in.Write(append(text, '\n'))
	require.NoError(p.t, err)
}

// call sends a request. Either the result or the message of the error is
// returned.
func (p *program) call(method string, params any) (result map[string]any, refusal string) {
	p.t.Helper()
	p.send(method, method, params)
	m := p.next(func(m map[string]any) bool { return m["id"] == method })
	if failed, ok := m["error"].(map[string]any); ok {
		return nil, failed["message"].(string)
	}
	return m["result"].(map[string]any), ""
}

// must is a call that is answered with a result.
func (p *program) must(method string, params any) map[string]any {
	p.t.Helper()
	result, refusal := p.call(method, params)
	require.Empty(p.t, refusal, method)
	return result
}

// turn says something and waits for the end of the turn.
func (p *program) turn(conversation, text string) {
	p.t.Helper()
	p.send("say", "sendUserMessage", map[string]any{"conversationId": conversation, "items": []any{
		map[string]any{"type": "text", "data": map[string]any{"text": text}},
	}})
	answered, ended := false, false // in whatever order
	p.next(func(m map[string]any) bool {
		answered = answered || m["id"] == "say"
		ended = ended || m["method"] == "codex/event/task_complete"
		return answered && ended
	})
}

// exit closes the input and waits for the end.
func (p *program) exit() {
	p.t.Helper()
	require.NoError(p.t, p.in.Close())
	for p.lines.Scan() {
	}
	require.NoError(p.t, p.cmd.Wait())
}

// room limits how large a file the program may write: as if the disk were full.
func (p *program) room(bytes int64) {
	p.t.Helper()
	var limit unix.Rlimit
	require.NoError(p.t, unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_FSIZE, nil, &limit))
	limit.Cur = limit.Max
	if bytes >= 0 {
		limit.Cur = uint64(bytes)
	}
	require.NoError(p.t, unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_FSIZE, &limit, nil))
}

// answering is a configuration with a model that says yes.
func answering(t *testing.T) string {
	t.Helper()
	endpoint, err := scripted.Start(scripted.Reply{Forever: true, Text: []string{"yes"}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, endpoint.Close()) })
	return fmt.Sprintf("# mine\nmodel = \"m\"\nmodel_provider = \"p\"\n\n[model_providers.p]\nname = \"P\"\nbase_url = %q\nwire_api = \"chat\"\n", endpoint.URL())
}

// With a full disk a conversation goes on, what changes a file fails and leaves it
// as it was, and once there is room again nothing of the conversation is missing.
func TestFullDisk(t *testing.T) {
	config := answering(t)
	home := newHome(t, config)
	p := startProgram(t, home, 0)
	p.must("loginApiKey", map[string]any{"apiKey": "sk-before"})
	begun := p.must("newConversation", map[string]any{})
	id, path := begun["conversationId"].(string), begun["rolloutPath"].(string)
	p.must("addConversationListener", map[string]any{"conversationId": id})
	p.turn(id, "there is room")
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	key, err := os.ReadFile(filepath.Join(home, "auth.json"))
	require.NoError(t, err)

	p.room(int64(len(whole)) + 10)
	p.turn(id, "the disk is full")
	p.turn(id, "it still is")
	require.Contains(t, p.errw.String(), path)
	require.Contains(t, p.errw.String(), syscall.EFBIG.Error())
	now, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(whole), string(now), "no half line")

	p.room(10)
	for method, params := range map[string]any{
		"setDefaultModel": map[string]any{"model": "another"},
		"loginApiKey":     map[string]any{"apiKey": "sk-after"},
	} {
		_, refusal := p.call(method, params)
		require.Contains(t, refusal, syscall.EFBIG.Error(), method)
		require.Contains(t, refusal, home, method)
		require.NotContains(t, refusal, "sk-after")
	}
	for name, want := range map[string]string{"config.toml": config, "auth.json": string(key)} {
		text, err := os.ReadFile(filepath.Join(home, name))
		require.NoError(t, err)
		require.Equal(t, want, string(text), name)
	}
	left, err := filepath.Glob(filepath.Join(home, "*.tmp"))
	require.NoError(t, err)
	require.Empty(t, left)

	p.room(-1)
	p.turn(id, "room again")
	p.must("setDefaultModel", map[string]any{"model": "another"})
	p.exit()
	saved, err := rollout.Read(home, path)
	require.NoError(t, err)
	require.Zero(t, saved.Skipped)
	said := items(t, saved, "message")
	for _, text := range []string{"there is room", "the disk is full", "it still is", "room again"} {
		require.Contains(t, said, text)
	}
}

// In a home that may not be written everything that would write says so, what
// only reads works, and nothing changes.
func TestHomeThatMayNotBeWritten(t *testing.T) {
	home := newHome(t, answering(t))
	first := startProgram(t, home, 0)
	begun := first.must("newConversation", map[string]any{})
	id, path := begun["conversationId"].(string), begun["rolloutPath"].(string)
	first.must("addConversationListener", map[string]any{"conversationId": id})
	first.turn(id, "hello")
	first.exit()

	reachable(t, home)
	locked := map[string]os.FileMode{}
	require.NoError(t, filepath.WalkDir(home, func(at string, entry os.DirEntry, err error) error {
		if err == nil {
			locked[at] = 0o444
			if entry.IsDir() {
				locked[at] = 0o555
			}
		}
		return err
	}))
	for at, mode := range locked {
		require.NoError(t, os.Chmod(at, mode))
	}
	defer func() {
		for at := range locked {
			require.NoError(t, os.Chmod(at, 0o755))
		}
	}()
	uid := uint32(0)
	if os.Getuid() == 0 {
		uid = 65534 // root may write anything
	}
	p := startProgram(t, home, uid)
	for method, c := range map[string]struct {
		params any
		names  string
	}{
		"newConversation":     {map[string]any{}, filepath.Join(home, "sessions")},
		"resumeConversation":  {map[string]any{"path": path}, path},
		"archiveConversation": {map[string]any{"conversationId": id, "rolloutPath": path}, path},
		"setDefaultModel":     {map[string]any{"model": "x"}, filepath.Join(home, "config.toml")},
		"loginApiKey":         {map[string]any{"apiKey": "sk-secret"}, filepath.Join(home, "auth.json")},
	} {
		_, refusal := p.call(method, c.params)
		require.Contains(t, refusal, "permission denied", method)
		require.Contains(t, refusal, c.names, method)
		require.NotContains(t, refusal, "sk-secret", method)
	}
	page := p.must("listConversations", map[string]any{})
	require.Len(t, page["items"], 1)
	require.Equal(t, "m", p.must("getUserSavedConfig", nil)["config"].(map[string]any)["model"])
	p.must("getAuthStatus", map[string]any{})
	p.exit()
	require.NoError(t, filepath.WalkDir(home, func(at string, _ os.DirEntry, err error) error {
		require.Contains(t, locked, at, "nothing is left behind")
		return err
	}))
}
