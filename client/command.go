package client

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/codexmcp/codexmcp/jsonrpc"
)

const (
	// exitTime is how long a server may take to end once its stdin is closed.
	exitTime = 2 * time.Second
	// stderrTail is how much of what a server wrote to stderr is kept, in bytes.
	stderrTail = 16 << 10
)

// A CommandTransport is a server that runs as a child process and speaks on its
// stdin and stdout.
type CommandTransport struct {
	jsonrpc.Transport
	cmd    *exec.Cmd
	stdin  io.Closer
	stderr *tail
	exited chan struct{}
	close  func() error
	status error // how the process ended; set before exited is closed
}

// Command starts a server as a child process in a process group of its own.
// Closing the transport closes its stdin, and ends the whole group when the
// server does not end by itself. What it writes to stderr is kept, the last
// part of it, and goes to cmd.Stderr as well if that is set.
func Command(cmd *exec.Cmd, limits jsonrpc.Limits) (*CommandTransport, error) {
	t := &CommandTransport{cmd: cmd, stderr: &tail{next: cmd.Stderr}, exited: make(chan struct{})}
	cmd.Stderr = t.stderr
	cmd.WaitDelay = exitTime
	ownGroup(cmd)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start %q: %w", cmd.Path, err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %q: %w", cmd.Path, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %q: %w", cmd.Path, err)
	}
	t.stdin = stdin
	drained := make(chan struct{})
	t.Transport = jsonrpc.Lines(&watched{Reader: stdout, end: sync.OnceFunc(func() { close(drained) })}, stdin, limits)
	t.close = sync.OnceValue(t.shutdown)
	go func() {
		defer close(t.exited)
		<-drained // all output is read before the pipes are closed
		t.status = cmd.Wait()
	}()
	return t, nil
}

// Close ends the server.
func (t *CommandTransport) Close() error { return t.close() }

func (t *CommandTransport) shutdown() error {
	err := t.stdin.Close()
	ended := time.NewTimer(exitTime)
	defer ended.Stop()
	select {
	case <-t.exited:
	case <-ended.C:
	}
	killGroup(t.cmd)
	return errors.Join(ignoreClosed(err), t.Transport.Close())
}

// Stderr is the last part of what the server wrote to stderr.
func (t *CommandTransport) Stderr() string { return t.stderr.String() }

// Explain adds to an error what the server said before it ended.
func (t *CommandTransport) Explain(err error) error {
	select {
	case <-t.exited:
	case <-time.After(exitTime):
		return err
	}
	status := "exit status 0"
	if t.status != nil {
		status = t.status.Error()
	}
	if said := strings.TrimSpace(t.Stderr()); said != "" {
		return fmt.Errorf("%w (server ended: %s; stderr: %s)", err, status, said)
	}
	return fmt.Errorf("%w (server ended: %s)", err, status)
}

// A watched reader tells when there is nothing more to read.
type watched struct {
	io.Reader
	end func()
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if err != nil {
		w.end()
	}
	return n, err
}

// Close makes a Read that waits return, by way of whoever closes the pipe.
func (w *watched) Close() error {
	w.end()
	if c, ok := w.Reader.(io.Closer); ok {
		return ignoreClosed(c.Close())
	}
	return nil
}

func ignoreClosed(err error) error {
	if err != nil && strings.Contains(err.Error(), "file already closed") {
		return nil
	}
	return err
}

// tail keeps the last part of what is written to it.
type tail struct {
	next io.Writer
	mu   sync.Mutex // protects kept
	kept []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - stderrTail; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	t.mu.Unlock()
	if t.next != nil {
		return t.next.Write(p)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.ToValidUTF8(t.kept, []byte("\uFFFD")))
}

var _ jsonrpc.Transport = (*CommandTransport)(nil)
