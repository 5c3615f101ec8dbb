package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/codexmcp/codexmcp/codex"
	"github.com/codexmcp/codexmcp/codex/safety"
	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
	"github.com/codexmcp/codexmcp/wire"
)

// errCannotAsk is why an approval is denied that a client cannot put to anybody.
var errCannotAsk = errors.New("the client cannot ask its user: it did not declare elicitation")

// An elicitor asks the client's user in the course of a tool call.
type elicitor struct {
	ctx     context.Context // of the tool call, to which the question belongs
	session *server.Session
	call    string // the tool call's id
}

// The two elicitations, whose answers may have the form of this protocol or of
// the Codex one.
var (
	elicitExec  = wire.Request[mcpprotocol.ExecApprovalElicitParams, mcpprotocol.ApprovalResponse]{Method: mcptypes.Elicit.Method}
	elicitPatch = wire.Request[mcpprotocol.PatchApprovalElicitParams, mcpprotocol.ApprovalResponse]{Method: mcptypes.Elicit.Method}
)

func (e elicitor) ApproveExec(ctx context.Context, a codex.ExecApproval) (mcpprotocol.ReviewDecision, error) {
	message := fmt.Sprintf("Allow Codex to run `%s` in `%s`?", safety.Visible(safety.Quote(a.Command)), safety.Visible(a.Cwd))
	if a.Reason != "" {
		message = safety.Visible(a.Reason) + "\n" + message
	}
	return elicit(ctx, e, elicitExec, mcpprotocol.ExecApprovalElicitParams{
		Message: message, RequestedSchema: noFields(), CodexMCPToolCallID: e.call,
		CodexEventID: a.TurnID, CodexCallID: a.CallID, CodexCommand: a.Command, CodexCwd: a.Cwd,
	})
}

func (e elicitor) ApprovePatch(ctx context.Context, a codex.PatchApproval) (mcpprotocol.ReviewDecision, error) {
	message := "Allow Codex to change these files?" + listChanges(a.Changes)
	if a.Reason != "" {
		message = safety.Visible(a.Reason) + "\n" + message
	}
	return elicit(ctx, e, elicitPatch, mcpprotocol.PatchApprovalElicitParams{
		Message: message, RequestedSchema: noFields(), CodexMCPToolCallID: e.call,
		CodexEventID: a.TurnID, CodexCallID: a.CallID, CodexChanges: a.Changes,
		CodexReason: a.Reason, CodexGrantRoot: a.GrantRoot,
	})
}

// maxListed is how many files a question names.
const maxListed = 20

// listChanges says what would become of each file, one a line.
func listChanges(changes map[string]mcpprotocol.FileChange) string {
	var list strings.Builder
	for i, path := range slices.Sorted(maps.Keys(changes)) {
		if i == maxListed {
			fmt.Fprintf(&list, "\nand %d more", len(changes)-i)
			break
		}
		does, to := "edit", ""
		switch change := changes[path].(type) {
		case *mcpprotocol.AddFileChange:
			does = "add"
		case *mcpprotocol.DeleteFileChange:
			does = "delete"
		case *mcpprotocol.UpdateFileChange:
			if change.Update.MovePath != nil {
				does, to = "move", fmt.Sprintf(" to `%s`", safety.Visible(*change.Update.MovePath))
			}
		}
		fmt.Fprintf(&list, "\n%s `%s`%s", does, safety.Visible(path), to)
	}
	return list.String()
}

// elicit puts a question to the client in the course of the tool call, for as
// long as ctx lives.
func elicit[P any](ctx context.Context, e elicitor, m wire.Request[P, mcpprotocol.ApprovalResponse], params P) (mcpprotocol.ReviewDecision, error) {
	if !canElicit(e.session) {
		return "", errCannotAsk
	}
	asking, cancel := within(e.ctx, ctx)
	defer cancel()
	response, err := server.Ask(asking, e.session, m, params)
	if err != nil {
		return "", fmt.Errorf("ask for approval: %w", err)
	}
	return decide(response.Decision, response.Action)
}

// within is the context of a request, which a message to the client belongs to,
// for as long as ctx lives as well.
func within(request, ctx context.Context) (context.Context, context.CancelFunc) {
	asking, cancel := context.WithCancelCause(request)
	stop := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	return asking, func() {
		stop()
		cancel(nil)
	}
}

// noFields is the form of a question that wants nothing but a yes or no.
func noFields() mcpprotocol.ApprovalFormSchema {
	return mcpprotocol.ApprovalFormSchema{Properties: wire.MembersOf()}
}

// decide reads an answer in either form.
func decide(decision mcpprotocol.ReviewDecision, action mcpprotocol.ElicitAction) (mcpprotocol.ReviewDecision, error) {
	switch {
	case decision.Valid():
		return decision, nil
	case decision != "":
		return "", fmt.Errorf("the decision %q is not one of approved, approved_for_session, denied, abort", decision)
	}
	switch action {
	case mcpprotocol.ElicitActionAccept:
		return mcpprotocol.ReviewDecisionApproved, nil
	case mcpprotocol.ElicitActionDecline:
		return mcpprotocol.ReviewDecisionDenied, nil
	case mcpprotocol.ElicitActionCancel:
		return mcpprotocol.ReviewDecisionAbort, nil
	}
	return "", fmt.Errorf("the answer has neither a decision nor a known action (%q)", strings.TrimSpace(string(action)))
}

// An asker asks the client that listens to a conversation.
type asker struct{ session *server.Session }

func (a asker) ApproveExec(ctx context.Context, e codex.ExecApproval) (mcpprotocol.ReviewDecision, error) {
	response, err := server.Ask(ctx, a.session, mcpprotocol.ExecCommandApproval, mcpprotocol.ExecCommandApprovalParams{
		ConversationID: e.ConversationID, CallID: e.CallID, Command: e.Command, Cwd: e.Cwd, Reason: e.Reason,
	})
	if err != nil {
		return "", fmt.Errorf("ask for approval: %w", err)
	}
	return decide(response.Decision, response.Action)
}

func (a asker) ApprovePatch(ctx context.Context, p codex.PatchApproval) (mcpprotocol.ReviewDecision, error) {
	response, err := server.Ask(ctx, a.session, mcpprotocol.ApplyPatchApproval, mcpprotocol.ApplyPatchApprovalParams{
		ConversationID: p.ConversationID, CallID: p.CallID, FileChanges: p.Changes, Reason: p.Reason, GrantRoot: p.GrantRoot,
	})
	if err != nil {
		return "", fmt.Errorf("ask for approval: %w", err)
	}
	return decide(response.Decision, response.Action)
}
