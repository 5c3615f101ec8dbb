package client

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/codexmcp/codexmcp/jsonrpc"
)

const (
	// exitTime is how long a server may take to end once its stdin is closed.
	exitTime = 2 * time.Second
	// lastWords is how long what an ended server wrote is still read for, when
	// processes it left behind keep its stdout open.
	lastWords = 500 * time.Millisecond
)

// A CommandTransport is a server that runs as a child process and speaks on its
// stdin and stdout.
type CommandTransport struct {
	jsonrpc.Transport
	cmd    *exec.Cmd
	stdin  *os.File
	stdout *os.File
	stderr *tail
	drain  *reader
	exited chan struct{} // closed when the process has ended and its group is gone
	said   chan struct{} // closed when stderr is at its end
	close  func() error
	status error // how the process ended; set before exited is closed
}

// Command starts a server as a child process in a process group of its own. It
// gets cmd.Env; [Environment] makes one that tells the server nothing it need
// not know. Closing the transport closes the server's stdin, and ends the whole
// group when the server does not end by itself. What it writes to stderr is
// kept, the last part of it, and goes to cmd.Stderr as well if that is set.
func Command(cmd *exec.Cmd, limits jsonrpc.Limits) (*CommandTransport, error) {
	t := &CommandTransport{cmd: cmd, stderr: &tail{next: cmd.Stderr}, exited: make(chan struct{}), said: make(chan struct{})}
	ownGroup(cmd)
	var pipes pipes
	input, stdin := pipes.open()
	stdout, output := pipes.open()
	stderr, complaints := pipes.open()
	if pipes.err == nil {
		// Plain files: nothing but the process itself is waited for.
		cmd.Stdin, cmd.Stdout, cmd.Stderr = input, output, complaints
		pipes.err = cmd.Start()
	}
	if pipes.err != nil {
		pipes.close(pipes.files...)
		return nil, fmt.Errorf("start %q: %w", cmd.Path, pipes.err)
	}
	pipes.close(input, output, complaints)
	t.stdin, t.stdout = stdin, stdout
	t.drain = &reader{Reader: stdout, end: make(chan struct{})}
	t.Transport = jsonrpc.Lines(t.drain, stdin, limits)
	t.close = sync.OnceValue(t.shutdown)
	go func() {
		defer close(t.said)
		_, _ = io.Copy(t.stderr, stderr) // it ends as the pipe does
		_ = stderr.Close()
	}()
	go t.wait(stderr)
	return t, nil
}

// wait waits for the process to end, and for what it left behind.
func (t *CommandTransport) wait(stderr *os.File) {
	defer close(t.exited)
	t.status = t.cmd.Wait()
	killGroup(t.cmd) // nobody may keep on speaking for a server that has ended
	last := time.NewTimer(lastWords)
	defer last.Stop()
	for _, end := range []<-chan struct{}{t.drain.end, t.said} {
		select {
		case <-end:
		case <-last.C:
			// Somebody has left the group and holds the pipes.
			_ = errors.Join(t.stdout.Close(), stderr.Close())
			return
		}
	}
}

// Close ends the server.
func (t *CommandTransport) Close() error { return t.close() }

func (t *CommandTransport) shutdown() error {
	err := t.Transport.Close() // with it the server's stdin
	ended := time.NewTimer(exitTime)
	defer ended.Stop()
	select {
	case <-t.exited:
	case <-ended.C:
		t.Kill()
		<-t.exited
	}
	return ignoreClosed(errors.Join(ignoreClosed(err), ignoreClosed(t.stdout.Close())))
}

// Kill ends the server and what it started at once.
func (t *CommandTransport) Kill() {
	select {
	case <-t.exited:
	default:
		killGroup(t.cmd)
	}
}

// Stderr is the last part of what the server wrote to stderr.
func (t *CommandTransport) Stderr() string { return t.stderr.String() }

// Exited is closed when the server has ended and what it started is gone, too.
func (t *CommandTransport) Exited() <-chan struct{} { return t.exited }

// Explain adds to an error what is known of the server: how it ended, if it
// did, and what it said on stderr.
func (t *CommandTransport) Explain(err error) error {
	var known []string
	if errors.Is(err, io.EOF) {
		// It hung up; how it ended will be known in a moment.
		select {
		case <-t.exited:
		case <-time.After(exitTime):
		}
	}
	select {
	case <-t.exited:
		status := "exit status 0"
		if t.status != nil {
			status = t.status.Error()
		}
		known = append(known, "server ended: "+status)
	default:
	}
	if said := strings.TrimSpace(t.Stderr()); said != "" {
		known = append(known, "stderr: "+said)
	}
	if len(known) == 0 {
		return err
	}
	return fmt.Errorf("%w (%s)", err, strings.Join(known, "; "))
}

// pipes opens pipes and remembers them.
type pipes struct {
	files []*os.File
	err   error
}

func (p *pipes) open() (r, w *os.File) {
	if p.err != nil {
		return nil, nil
	}
	if r, w, p.err = os.Pipe(); p.err == nil {
		p.files = append(p.files, r, w)
	}
	return r, w
}

// close closes ends that nobody uses; that cannot fail in a way that matters.
func (p *pipes) close(files ...*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}

// A reader tells when there is nothing more to read.
type reader struct {
	io.Reader
	once sync.Once
	end  chan struct{}
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if errors.Is(err, os.ErrClosed) {
		err = io.EOF // closed by wait: the server has ended
	}
	if err != nil {
		r.once.Do(func() { close(r.end) })
	}
	return n, err
}

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

var _ jsonrpc.Transport = (*CommandTransport)(nil)
