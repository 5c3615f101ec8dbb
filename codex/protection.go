package codex

import (
	"errors"
	"fmt"
	"slices"

	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/codex/exec"
	"github.com/codexmcp/codexmcp/codex/safety"
	"github.com/codexmcp/codexmcp/codex/sandbox"
	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// SandboxPolicy is what commands may do that run under the wanted policy in the
// workspace at root: that policy, and what the configuration protects and hides
// from all of them, its own folder first.
func SandboxPolicy(c *config.Conversation, wanted mcpprotocol.SandboxPolicy, root string) (sandbox.Policy, error) {
	policy, err := sandbox.FromProtocol(wanted, root)
	policy.Protected, policy.Hidden = slices.Clone(c.Protected), c.Hidden
	policy.Home, policy.Secrets = c.Home, config.Secrets
	return policy, err
}

// sandboxPolicy is the policy of the turn's commands.
func (t *turn) sandboxPolicy() (sandbox.Policy, error) {
	policy, err := SandboxPolicy(t.c.config, t.settings.Sandbox, t.settings.Cwd)
	policy.Protected = append(policy.Protected, t.c.options.Protected...)
	return policy, err
}

// concede sees to a command in the sandbox on a machine that cannot protect
// paths in the folders it may write. One that is known to only read runs where
// nothing can be written. About another a person is asked, if the configuration
// and the policy want that; approved, it runs in the sandbox without that
// protection. Else it is left to fail. The refusal is what the model is told.
func (t *turn) concede(call *shellCall, cwd string) (refusal string, ok bool) {
	command, err := t.prepare(*call, cwd, true)
	if err != nil {
		return "", true // execute says so
	}
	var unprotected *sandbox.UnprotectedError
	switch {
	case !errors.As(exec.Unprotected(command), &unprotected):
	case safety.IsKnownSafe(call.argv):
		call.reads = true
	case t.c.unprotected.Has(call.argv):
		call.unprotected = true
	case t.c.config.Unprotected == config.UnprotectedAsk && t.settings.Approval != mcpprotocol.AskForApprovalNever:
		reason := fmt.Sprintf("this machine cannot protect %q from the command; run it in the sandbox without that?", unprotected.Paths)
		call.unprotected, refusal = t.askToRun(*call, cwd, reason, &t.c.unprotected)
		return refusal, call.unprotected
	}
	return "", true
}
