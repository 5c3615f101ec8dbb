// Command schema keeps the protocol schemas and the code generated from them.
// Run it without arguments for help.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

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

// misuse marks what check refuses.
func misuse(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return errMisuse{err}
		}
		return nil
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// execute runs the program and returns its exit code.
func execute(ctx context.Context, args []string, out, errw io.Writer) int {
	root := command()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errw)
	called, err := root.ExecuteContextC(ctx)
	switch _, wrong := errors.AsType[errMisuse](err); {
	case err == nil:
		return exitDone
	case wrong:
		_, _ = fmt.Fprintf(errw, "schema: %v\n\nRun '%s --help' for usage.\n", err, called.CommandPath())
		return exitMisuse
	}
	_, _ = fmt.Fprintf(errw, "schema: %v\n", err)
	return exitFailed
}
