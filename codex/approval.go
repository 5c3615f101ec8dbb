package codex

import (
	"context"
	"fmt"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// An Approver asks a person. An error means that nobody could be asked or that
// the answer made no sense; it counts as a denial.
type Approver interface {
	ApproveExec(ctx context.Context, request ExecApproval) (mcpprotocol.ReviewDecision, error)
	ApprovePatch(ctx context.Context, request PatchApproval) (mcpprotocol.ReviewDecision, error)
}

// An ExecApproval asks whether a command may run.
type ExecApproval struct {
	ConversationID mcpprotocol.ConversationID
	TurnID, CallID string
	Command        []string
	Cwd            string
	Reason         string // why it is asked, if there is something to say
}

// A PatchApproval asks whether files may be changed.
type PatchApproval struct {
	ConversationID mcpprotocol.ConversationID
	TurnID, CallID string
	Changes        map[string]mcpprotocol.FileChange
	Reason         string
	GrantRoot      string
}

// approve puts a question to the turn's own approver, or to the first listener
// that can be asked, for which it waits. The answer takes a submission number,
// as that of every client does. For a denial that no person spoke there is a
// reason.
func (t *turn) approve(ask func(context.Context, Approver) (mcpprotocol.ReviewDecision, error)) (decision mcpprotocol.ReviewDecision, reason string) {
	ctx := t.ctx
	if limit := t.c.options.ApprovalTimeout; limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, fmt.Errorf("nobody answered within %s", limit))
		defer cancel()
	}
	approver, err := t.whoApproves(ctx)
	if err == nil {
		decision, err = ask(ctx, approver)
		t.c.nextSubmission()
	}
	t.c.feed.answered()
	switch {
	case t.ctx.Err() != nil:
		return mcpprotocol.ReviewDecisionDenied, ""
	case err != nil && ctx.Err() != nil:
		err = context.Cause(ctx)
	case err == nil && !decision.Valid():
		err = fmt.Errorf("the answer %q is none", decision)
	}
	if err != nil {
		t.c.log.Info("approval counts as denied", "conversation", t.c.id, "reason", err)
		return mcpprotocol.ReviewDecisionDenied, err.Error()
	}
	return decision, ""
}

// whoApproves waits for somebody to ask.
func (t *turn) whoApproves(ctx context.Context) (Approver, error) {
	if t.approver != nil {
		return t.approver, nil
	}
	for {
		approver, changed := t.c.feed.approver()
		if approver != nil {
			return approver, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
