package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitMisuse = 2
)

// errMisuse marks an error in how the program was called.
type errMisuse struct{ error }

func (e errMisuse) Unwrap() error { return e.error }

// run is the whole program. Stdout carries protocol messages or what was asked
// for, and nothing else; everything meant for people goes to stderr.
func run(ctx context.Context, args []string, in io.Reader, out, errw io.Writer) int {
	root := command()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errw)
	called, err := root.ExecuteContextC(ctx)
	var misuse errMisuse
	var passedOn exitError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &passedOn):
		return int(passedOn)
	case errors.As(err, &misuse):
		_, _ = fmt.Fprintf(errw, "codexmcp: %v\n\nRun '%s --help' for usage.\n", err, called.CommandPath())
		return exitMisuse
	}
	_, _ = fmt.Fprintf(errw, "codexmcp: %v\n", err)
	return exitFailed
}

// command is the program's tree of commands.
func command() *cobra.Command {
	root := &cobra.Command{
		Use:   "codexmcp",
		Short: "The Codex MCP server and the tools around it",
		Long: `codexmcp serves Codex conversations to MCP clients: the tools codex and
codex-reply and the Codex methods, over stdio or HTTP.

Try it without account or network: codexmcp demo`,
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return errMisuse{errors.New("a command is missing")}
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return errMisuse{err} })
	root.AddCommand(serveCommand(), demoCommand(), loginCommand(), logoutCommand(), mcpCommand(), configCommand(), schemaCommand(), clientCommand(), tapCommand(), sandboxCommand())
	markMisuse(root)
	return root
}

// noArgs refuses arguments. Where a command was wanted, those it could have been
// are named.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if !cmd.HasAvailableSubCommands() {
		return fmt.Errorf("%s takes no arguments: %q", cmd.Name(), args[0])
	}
	cmd.SuggestionsMinimumDistance = 2
	if similar := cmd.SuggestionsFor(args[0]); len(similar) > 0 {
		return fmt.Errorf("unknown command %q; did you mean %s?", args[0], strings.Join(similar, " or "))
	}
	return fmt.Errorf("unknown command %q", args[0])
}

// oneArg wants one argument, of which what says what it is.
func oneArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("%s wants %s, got %d arguments", cmd.Name(), what, len(args))
		}
		return nil
	}
}

// markMisuse makes wrong arguments of c and of the commands below it an
// [errMisuse].
func markMisuse(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return errMisuse{err}
			}
			return nil
		}
	}
	for _, below := range c.Commands() {
		markMisuse(below)
	}
}

// group is a command that only has others below it.
func group(name, short, long string) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, Long: long, Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			return errMisuse{errors.New(name + ": a command is missing")}
		},
	}
}
