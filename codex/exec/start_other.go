//go:build !linux

package exec

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/codexmcp/codexmcp/codex/sandbox"
)

// Self is empty: there is no helper on this system.
const Self = ""

// Main reports that there is no helper's work on this system.
func Main([]string) (code int, handled bool) { return 0, false }

// Unprotected returns nil: where there is a sandbox it protects what it is told to.
func Unprotected(Command) error { return nil }

// start starts command in a group of its own, through the system's sandbox if
// it is to be confined.
func start(_ context.Context, command Command, outputs *pipes) (process, error) {
	policy := command.Sandbox
	if policy == nil || policy.FullAccess() {
		return startGroup(command, outputs)
	}
	support := sandbox.Check("")
	if support.Err != nil {
		return nil, fmt.Errorf("run %q: %w", command.Argv[0], support.Err)
	}
	plan, err := policy.Resolve(os.Getenv("TMPDIR"))
	if err != nil {
		return nil, fmt.Errorf("run %q: %w", command.Argv[0], err)
	}
	command.Argv = plan.Seatbelt(command.Argv)
	command.Env = slices.Concat(command.Env, []string{"CODEX_SANDBOX=seatbelt"})
	return startGroup(command, outputs)
}
