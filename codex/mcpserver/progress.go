package mcpserver

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/server"
)

// progress tells the caller of a tool, if it asked, that its turn moves. What
// grows is the time in seconds, told to the millisecond: nobody knows how much
// work is left.
type progress struct {
	ctx     context.Context
	started time.Time
	log     *slog.Logger
	mu      sync.Mutex // keeps reports in the order of their times
	told    time.Duration
}

// event reports what is worth a word.
func (p *progress) event(msg mcpprotocol.EventMsg) {
	switch m := msg.(type) {
	case *mcpprotocol.TaskStartedEvent:
		p.report("started")
	case *mcpprotocol.ExecCommandBeginEvent:
		p.report("runs " + firstWord(m.Command))
	case *mcpprotocol.PatchApplyBeginEvent:
		p.report("edits files")
	case *mcpprotocol.MCPToolCallBeginEvent:
		p.report("calls " + m.Invocation.Server + "." + m.Invocation.Tool)
	case *mcpprotocol.ExecApprovalRequestEvent, *mcpprotocol.ApplyPatchApprovalRequestEvent:
		p.report("waits for approval")
	case *mcpprotocol.PlanUpdateEvent:
		p.report("has a plan")
	case *mcpprotocol.StreamErrorEvent:
		p.report("asks the model again")
	}
}

// report sends one report.
func (p *progress) report(message string) {
	if !server.HasProgress(p.ctx) || p.ctx.Err() != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = max(p.told+time.Millisecond, time.Since(p.started).Round(time.Millisecond))
	if err := server.Progress(p.ctx, p.told.Seconds(), nil, message); err != nil {
		p.log.Debug("send progress", "error", err)
	}
}

// firstWord is the program of a command.
func firstWord(command []string) string {
	if len(command) == 0 {
		return "a command"
	}
	return strings.TrimSpace(command[0])
}
