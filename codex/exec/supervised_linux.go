package exec

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/codexmcp/codexmcp/codex/sandbox"
)

// startTime bounds how long the helper may take to start a command.
const startTime = 10 * time.Second

// A supervised is a command below a helper, as the server sees it.
type supervised struct {
	helper  *os.Process
	life    *os.File
	reports *bufio.Reader
	file    *os.File
	denied  []string
}

// orderOf says what the helper has to do for command.
func orderOf(command Command) (order, error) {
	o := order{argv: command.Argv, dir: command.Dir}
	policy := command.Sandbox
	if policy == nil || policy.FullAccess() {
		return o, nil
	}
	support := sandbox.Check(command.Helper)
	if support.Err != nil {
		return order{}, support.Err
	}
	plan, err := policy.Resolve(lookupEnv(command.Env, "TMPDIR"))
	if err != nil {
		return order{}, err
	}
	if !policy.AllowUnprotected {
		if err := support.Unprotected(plan); err != nil {
			return order{}, err
		}
	}
	o.plan, o.namespaces = plan, support.Namespaces
	return o, nil
}

// Unprotected returns the [*sandbox.UnprotectedError] because of which Run would
// not run command, if there is one.
func Unprotected(command Command) error {
	if command.Helper == "" {
		return nil
	}
	var unprotected *sandbox.UnprotectedError
	if _, err := orderOf(command); !errors.As(err, &unprotected) {
		return nil
	}
	return unprotected
}

// launch starts the helper with an order.
func launch(helper string, o order, env []string, outputs *pipes) (*supervised, error) {
	var files [3]*os.File // the command's stdin, our lifeline, our reports
	defer func() {
		for _, file := range files {
			_ = file.Close()
		}
	}()
	s := &supervised{}
	var err error
	if files[0], err = os.Open(os.DevNull); err == nil {
		files[1], s.life, err = os.Pipe()
	}
	if err == nil {
		s.file, files[2], err = os.Pipe()
	}
	if err == nil {
		s.helper, err = os.StartProcess(helper, o.args(), &os.ProcAttr{
			Env:   append([]string{}, env...), // never nil, which would be our own
			Files: []*os.File{files[0], outputs.writers[0], outputs.writers[1], files[1], files[2]},
			Sys:   o.namespaces.SysProcAttr(),
		})
	}
	if err != nil {
		_ = s.life.Close()
		_ = s.file.Close()
		return nil, fmt.Errorf("start the helper: %w", err)
	}
	s.reports = bufio.NewReader(s.file)
	return s, nil
}

// next returns the helper's next word and what follows it; nothing when it has
// ended. Refused calls, which may be reported at any time, are collected on the
// way.
func (s *supervised) next() (word, rest string) {
	for {
		line, err := s.reports.ReadString('\n')
		if err != nil {
			return "", ""
		}
		word, rest, _ = strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if word != "denied" {
			return word, rest
		}
		s.denied = append(s.denied, rest)
	}
}

// begin waits until the command has started.
func (s *supervised) begin(program string) error {
	word, rest := s.next()
	switch word {
	case "started":
		return nil
	case "":
		return fmt.Errorf("run %q: the helper ended without a word", program)
	case "failed":
	default:
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
	word, rest := s.next()
	if word == "" {
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
	o, err := orderOf(command)
	if err != nil {
		return nil, fmt.Errorf("run %q: %w", command.Argv[0], err)
	}
	s, err := launch(command.Helper, o, command.Env, outputs)
	if err != nil {
		return nil, fmt.Errorf("run %q: %w", command.Argv[0], err)
	}
	defer context.AfterFunc(ctx, s.kill)()
	// A program that is no helper of ours would have us wait for ever.
	defer time.AfterFunc(startTime, func() { _ = s.helper.Kill() }).Stop()
	if err := s.begin(command.Argv[0]); err != nil {
		s.release()
		return nil, err
	}
	return s, nil
}
