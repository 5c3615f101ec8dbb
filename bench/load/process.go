//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A target is a running server that calls can be made to.
type target interface {
	calls(n int) error // makes n calls and waits for the answers
	answerSize() int
	cpu() (time.Duration, error) // that the server has taken so far
	close() error
}

// A process is a server's.
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    io.ReadCloser
	errors *bufio.Reader // stderr, of a server that speaks HTTP
	stop   context.CancelFunc
}

// start starts a contender.
func start(ctx context.Context, o *options, c contender, args ...string) (*process, error) {
	ctx, stop := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, filepath.Join(o.dir, c.program), args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(unix.SIGTERM) }
	cmd.WaitDelay = 2 * time.Second
	cmd.Stderr = os.Stderr
	p := &process{cmd: cmd, stop: stop}
	var err error
	if p.in, err = cmd.StdinPipe(); err == nil {
		p.out, err = cmd.StdoutPipe()
	}
	if err == nil && slices.Contains(args, "-http") {
		cmd.Stderr = nil
		var stderr io.ReadCloser
		stderr, err = cmd.StderrPipe()
		p.errors = bufio.NewReader(stderr)
	}
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		stop()
		return nil, err
	}
	return p, nil
}

// address waits until a server says where it listens.
func (p *process) address() (string, error) {
	for {
		line, err := p.errors.ReadString('\n')
		if _, after, ok := strings.Cut(line, "http://"); ok {
			address, _, _ := strings.Cut(after, "/")
			return address, nil
		}
		if err != nil {
			return "", fmt.Errorf("wait for the server to listen: %w", err)
		}
	}
}

// cpu reads the CPU clock of the process, as clock_getcpuclockid(3) names it.
func (p *process) cpu() (time.Duration, error) {
	var at unix.Timespec
	if err := unix.ClockGettime(int32(^p.cmd.Process.Pid<<3|2), &at); err != nil {
		return 0, fmt.Errorf("read CPU clock: %w", err)
	}
	return time.Duration(at.Nano()), nil
}

// memory is how many bytes of the process are in memory.
func (p *process) memory() (int, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
			return kb << 10, err
		}
	}
	return 0, errors.New("no VmRSS")
}

// close ends the process.
func (p *process) close() error {
	err := p.in.Close()
	p.stop()
	if ended := p.cmd.Wait(); p.cmd.ProcessState == nil { // how it ended does not matter
		err = errors.Join(err, ended)
	}
	return err
}
