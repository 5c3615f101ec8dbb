package exec

import (
	"bufio"
	"context"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/codexmcp/codexmcp/codex/sandbox"
)

// A supervised is a command below a helper, as the server sees it.
type supervised struct {
	helper  *os.Process
	life    *os.File
	reports *bufio.Reader
	file    *os.File
	denied  []string
}

// startSupervised starts command through the helper.
func startSupervised(command Command, outputs *pipes) (process, error) {
	o := order{argv: command.Argv, dir: command.Dir}
	env := command.Env
	attr := &syscall.SysProcAttr{Setsid: true}
	if policy := command.Sandbox; policy != nil && !policy.FullAccess() {
		plan, err := policy.Resolve(lookupEnv(env, "TMPDIR"))
		if err != nil {
			return nil, err
		}
		support := sandbox.Check(command.Helper)
		if support.Err != nil {
			return nil, support.Err
		}
		if err := support.Unprotected(plan); err != nil && !policy.AllowUnprotected {
			return nil, err
		}
		o.plan, o.namespaces = plan, support.Namespaces
		attr = o.namespaces.SysProcAttr()
	}
	lifeRead, lifeWrite, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _ = lifeRead.Close() }()
	reportRead, reportWrite, err := os.Pipe()
	if err != nil {
		_ = lifeWrite.Close()
		return nil, err
	}
	defer func() { _ = reportWrite.Close() }()
	null, err := os.Open(os.DevNull)
	if err == nil {
		defer func() { _ = null.Close() }()
		s := &supervised{life: lifeWrite, file: reportRead, reports: bufio.NewReader(reportRead)}
		s.helper, err = os.StartProcess(command.Helper, o.args(), &os.ProcAttr{
			Env:   append([]string{}, env...),
			Files: []*os.File{null, outputs.writers[0], outputs.writers[1], lifeRead, reportWrite},
			Sys:   attr,
		})
		if err == nil {
			return s, nil
		}
	}
	_ = lifeWrite.Close()
	_ = reportRead.Close()
	return nil, fmt.Errorf("start the helper: %w", err)
}

// next returns the helper's next word and what follows it. Refused calls, which
// may be reported at any time, are collected on the way.
func (s *supervised) next() (word, rest string, err error) {
	for {
		line, err := s.reports.ReadString('\n')
		if err != nil {
			return "", "", err
		}
		word, rest, _ = strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if word != "denied" {
			return word, rest, nil
		}
		s.denied = append(s.denied, rest)
	}
}

// begin waits until the command has started.
func (s *supervised) begin(program string) error {
	word, rest, err := s.next()
	switch {
	case err != nil:
		return fmt.Errorf("run %q: the helper ended without a word", program)
	case word == "started":
		return nil
	case word != "failed":
		return fmt.Errorf("run %q: %s", program, rest)
	}
	number, dir, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(number)
	if err != nil {
		return fmt.Errorf("run %q: the helper said %q", program, rest)
	}
	var reason error = syscall.Errno(n)
	if dir != "" {
		reason = &fs.PathError{Op: "chdir", Path: dir, Err: reason}
	}
	return &StartError{Program: program, Err: reason}
}

func (s *supervised) wait() (exit, error) {
	word, rest, err := s.next()
	if err != nil {
		// The helper was killed, and with it the command.
		return exit{code: -1, signal: syscall.SIGKILL, denied: s.denied}, nil
	}
	number, err := strconv.Atoi(rest)
	if err != nil {
		return exit{}, fmt.Errorf("the helper said %q", rest)
	}
	if word == "killed" {
		return exit{code: -1, signal: syscall.Signal(number), denied: s.denied}, nil
	}
	return exit{code: number, denied: s.denied}, nil
}

func (s *supervised) kill() { _ = s.life.Close() }

func (s *supervised) release() {
	s.kill()
	stuck := time.AfterFunc(sweepTime+time.Second, func() { _ = s.helper.Kill() })
	defer stuck.Stop()
	_, _ = s.helper.Wait()
	_ = s.file.Close()
}

// lookupEnv returns the last value of name in env.
func lookupEnv(env []string, name string) string {
	var found string
	for _, entry := range env {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			found = value
		}
	}
	return found
}

// start starts command below a helper, or in a group of its own without one.
func start(ctx context.Context, command Command, outputs *pipes) (process, error) {
	if command.Helper == "" {
		if command.Sandbox != nil && !command.Sandbox.FullAccess() {
			return nil, fmt.Errorf("run %q in a sandbox: no helper program", command.Argv[0])
		}
		return startGroup(command, outputs)
	}
	process, err := startSupervised(command, outputs)
	if err != nil {
		return nil, err
	}
	s := process.(*supervised)
	stop := context.AfterFunc(ctx, s.kill)
	defer stop()
	if err := s.begin(command.Argv[0]); err != nil {
		s.release()
		return nil, err
	}
	return s, nil
}
