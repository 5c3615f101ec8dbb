package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/spf13/cobra"

	"github.com/codexmcp/codexmcp/codex"
	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/codex/exec"
	"github.com/codexmcp/codexmcp/codex/sandbox"
	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// sandboxCommand lets a person try what the model's commands may do.
func sandboxCommand() *cobra.Command {
	var mode string
	var overrides []string
	cmd := &cobra.Command{
		Use:   "sandbox -- CMD [ARG...]",
		Short: "Run a command as the model's commands run, or say what this machine supports",
		Long: `sandbox runs a command under the sandbox policy of the configuration, or the one
that --mode names, as a command of the model would run, and exits with its exit
code. "sandbox check" says what this machine supports.`,
		Example: "  codexmcp sandbox --mode workspace-write -- touch made-in-the-sandbox\n  codexmcp sandbox check",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("a command is missing: codexmcp sandbox -- CMD")
			}
			if m := mcpprotocol.SandboxMode(mode); mode != "" && !m.Valid() {
				return fmt.Errorf("--mode %q: want read-only, workspace-write or danger-full-access", mode)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			base, err := loadConfig(overrides)
			if err != nil {
				return err
			}
			c, err := base.Resolve(config.Request{Sandbox: mcpprotocol.SandboxMode(mode)})
			if err != nil {
				return err
			}
			return runSandboxed(cmd.Context(), c, args, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	addOverrides(cmd, &overrides)
	cmd.Flags().StringVar(&mode, "mode", "", "read-only, workspace-write or danger-full-access; that of the configuration if left out")
	cmd.AddCommand(&cobra.Command{
		Use:   "check",
		Short: "Say what this machine supports",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			support := sandbox.Check(exec.Self)
			if _, err := fmt.Fprintln(cmd.OutOrStdout(), support); err != nil {
				return err
			}
			return support.Err
		},
	})
	return cmd
}

// An exitError ends the program with the exit code of a command that it ran.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// runSandboxed runs a command and passes on what it writes.
func runSandboxed(ctx context.Context, c *config.Conversation, argv []string, out, errw io.Writer) error {
	policy, err := codex.SandboxPolicy(c, c.Sandbox, c.Cwd)
	if err != nil {
		return err
	}
	var broken error
	result, err := exec.Run(ctx, exec.Command{
		Argv: argv, Dir: c.Cwd, Sandbox: &policy, Helper: exec.Self, Timeout: math.MaxInt64,
		Env: append(c.ShellEnvironment.Build(os.Environ()), policy.Environment()...),
		OnOutput: func(stream exec.Stream, chunk []byte) {
			w := out
			if stream == exec.Stderr {
				w = errw
			}
			if _, err := w.Write(chunk); err != nil && broken == nil {
				broken = err
			}
		},
	})
	var start *exec.StartError
	switch {
	case errors.As(err, &start):
		_, _ = fmt.Fprintf(errw, "codexmcp: %v\n", err)
		return exitError(start.ExitCode())
	case err != nil:
		return err
	case broken != nil:
		return broken
	}
	if reason, denied := sandbox.Denial(policy, result.Stderr.String(), result.Denied...); denied && result.ExitCode != 0 {
		_, _ = fmt.Fprintf(errw, "codexmcp: %s\n", reason)
	}
	switch {
	case result.Signal != 0:
		return exitError(128 + int(result.Signal))
	case result.ExitCode != 0:
		return exitError(result.ExitCode)
	}
	return nil
}
