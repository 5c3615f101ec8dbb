package exec

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/codexmcp/codexmcp/codex/sandbox"
	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/wire"
)

// Self names the running program, for [Command.Helper]. It stays right when
// the program's file is replaced or deleted.
const Self = "/proc/self/exe"

// init does the helper's work before the packages that come after this one are
// initialized. The helper starts once for each command, which would else wait
// for whatever a big program sets up, several times as long as all the rest.
func init() {
	if code, ok := Main(os.Args); ok {
		os.Exit(code) //nolint:forbidigo // the helper is a program of its own, this its main
	}
}

// Main does the helper's work if args, which are os.Args, ask for it, and
// returns the code to exit with. Every program with this package does so by
// itself when it starts, and need not call it.
func Main(args []string) (code int, handled bool) {
	if len(args) == 0 || filepath.Base(args[0]) != sandbox.HelperName {
		return 0, false
	}
	return helperMain(args[1:]), true
}

// runPolicy runs a command under a policy for whoever starts the helper as the
// original's is started: FOLDER POLICY -- COMMAND..., the policy as JSON.
func runPolicy(args []string) int {
	code, err := runUnder(args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", sandbox.HelperName, err)
	}
	return code
}

func runUnder(args []string) (int, error) {
	if len(args) < 4 || args[2] != "--" {
		return 2, errors.New("usage: FOLDER POLICY -- COMMAND")
	}
	d := wire.NewDecoder(args[1])
	wanted := mcpprotocol.DecodeSandboxPolicy(&d)
	if err := d.End(); err != nil {
		return 2, fmt.Errorf("policy: %w", err)
	}
	policy, err := sandbox.FromProtocol(wanted, args[0])
	if err != nil {
		return 2, err
	}
	result, err := Run(context.Background(), Command{
		Argv:      args[3:],
		Env:       slices.Concat(os.Environ(), policy.Environment()),
		Timeout:   time.Duration(math.MaxInt64),
		MaxOutput: 1,
		Sandbox:   &policy,
		Helper:    Self,
		OnOutput: func(stream Stream, chunk []byte) {
			out := os.Stdout
			if stream == Stderr {
				out = os.Stderr
			}
			_, _ = out.Write(chunk)
		},
	})
	var failed *StartError
	if errors.As(err, &failed) {
		return failed.ExitCode(), err
	}
	if err != nil {
		return 1, err
	}
	if result.Signal != 0 {
		return 128 + int(result.Signal), nil
	}
	return result.ExitCode, nil
}
