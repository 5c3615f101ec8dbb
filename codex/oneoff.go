package codex

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/codexmcp/codexmcp/codex/exec"
	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// oneOffOutput is how many bytes of each output of a one-off command are kept.
const oneOffOutput = 8 << 20

// ErrEmptyCommand is returned for a command without a program.
var ErrEmptyCommand = errors.New("the command is empty")

// A OneOff is a command that belongs to no conversation: a client wants it.
type OneOff struct {
	Argv []string
	// Dir is where it runs; the configured folder when empty.
	Dir string
	// Sandbox is what it may do; as configured when nil.
	Sandbox mcpprotocol.SandboxPolicy
	// TimeoutMs is how many milliseconds it has; 10,000 when nil.
	TimeoutMs *int64
}

// RunOneOff runs a command for a client. Nobody is asked: the sandbox is what
// keeps it from doing harm. An error means that it did not run to its end.
func (m *Manager) RunOneOff(ctx context.Context, o OneOff) (exec.Result, error) {
	if len(o.Argv) == 0 {
		return exec.Result{}, ErrEmptyCommand
	}
	c := m.options.Config.Initial()
	dir, wanted := c.Cwd, c.Sandbox
	if o.Dir != "" {
		dir = o.Dir
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(c.Cwd, dir)
		}
	}
	if o.Sandbox != nil {
		wanted = o.Sandbox
	}
	policy, err := SandboxPolicy(c, wanted, dir)
	if err != nil {
		return exec.Result{}, fmt.Errorf("run %q: %w", o.Argv[0], err)
	}
	policy.Protected = append(policy.Protected, m.options.Protected...)
	timeout := timeoutOf(o.TimeoutMs)
	result, err := m.options.Execute(ctx, exec.Command{
		Argv: o.Argv, Dir: dir, Timeout: timeout, MaxOutput: oneOffOutput, Helper: m.options.Helper, Sandbox: &policy,
		Env: append(c.ShellEnvironment.Build(m.options.Config.Environ()), policy.Environment()...),
	})
	switch {
	case err != nil:
		return result, err
	case result.Interrupted:
		return result, fmt.Errorf("run %q: %w", o.Argv[0], context.Cause(ctx))
	case result.TimedOut:
		return result, fmt.Errorf("run %q: its time of %s was up", o.Argv[0], timeout)
	case result.Signal != 0:
		return result, fmt.Errorf("run %q: ended by signal %d (%s)", o.Argv[0], int(result.Signal), result.Signal)
	}
	return result, nil
}
