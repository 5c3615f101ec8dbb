package codex

import (
	"context"

	"github.com/codexmcp/codexmcp/codex/exec"
	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// An Executor runs commands.
type Executor interface {
	Run(ctx context.Context, command exec.Command, policy mcpprotocol.SandboxPolicy, cwd string) (exec.Result, error)
}

// A shellCall is a command the model wants to run.
type shellCall struct {
	id   string
	argv []string
}

func callOf(id string, a *mcpprotocol.ShellToolArguments) shellCall {
	return shellCall{id: id, argv: a.Command}
}
func (t *turn) shell(call shellCall) string { return "unsupported call: shell" }
func (t *turn) localShell(id string, i *mcpprotocol.LocalShellCallItem) string {
	return "unsupported call: local_shell"
}
func (t *turn) emitDiff()      {}
func (t *turn) compact() error { return nil }
