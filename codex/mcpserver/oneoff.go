package mcpserver

import (
	"context"
	"errors"

	"github.com/codexmcp/codexmcp/codex"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/server"
)

// addOneOff registers execOneOffCommand.
func (h *handler) addOneOff(s *server.Server) {
	server.Handle(s, mcpprotocol.ExecOneOffCommand, h.execOneOffCommand)
}

func (h *handler) execOneOffCommand(ctx context.Context, p mcpprotocol.ExecOneOffCommandParams) (result mcpprotocol.ExecOneOffCommandResult, err error) {
	if unknown, ok := p.SandboxPolicy.(*mcpprotocol.UnknownSandboxPolicy); ok {
		return result, jsonrpc.InvalidParamsf("params.sandboxPolicy.mode: %q is not one of read-only, workspace-write, danger-full-access", unknown.Tag)
	}
	if p.TimeoutMs != nil && *p.TimeoutMs < 0 {
		return result, jsonrpc.InvalidParamsf("params.timeoutMs: %d is negative", *p.TimeoutMs)
	}
	ran, err := h.manager.RunOneOff(ctx, codex.OneOff{
		Argv: p.Command, Dir: p.Cwd, Sandbox: p.SandboxPolicy, TimeoutMs: p.TimeoutMs,
	})
	if errors.Is(err, codex.ErrEmptyCommand) {
		return result, refuse(err)
	}
	if err != nil {
		return result, err
	}
	result.ExitCode, result.Stdout, result.Stderr = int64(ran.ExitCode), ran.Stdout.String(), ran.Stderr.String()
	return result, nil
}
