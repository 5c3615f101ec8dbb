package codex

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/codexmcp/codexmcp/codex/exec"
	"github.com/codexmcp/codexmcp/codex/patch"
	"github.com/codexmcp/codexmcp/codex/safety"
	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// PatchArg is the argument by which the program is told to apply the patch that
// follows it, as the helper that a patch runs in.
const PatchArg = "--codex-run-as-apply-patch"

// patch applies a patch after a look at what it would do, and returns what the
// model is told of it. It runs as a command, so that the sandbox bounds what it
// can write, whatever links lie in its way.
func (t *turn) patch(call shellCall, found *patch.Call, cwd string) string {
	dir := found.Dir(cwd)
	changes, err := patch.Verify(found.Patch, dir)
	if err != nil {
		return fmt.Sprintf("the patch was not applied: %v", err)
	}
	decision := safety.DecidePatch(safety.Patch{
		Paths: patch.Paths(changes), Cwd: t.settings.Cwd, Tmpdir: os.Getenv("TMPDIR"), Protected: t.kept(),
	}, t.policies())
	call.unprotected = true // where the machine cannot protect paths, we have looked at those of the patch
	files := fileChanges(changes)
	asked := decision.Outcome == safety.Ask
	switch decision.Outcome {
	case safety.Ask:
		if allowed, refusal := t.askToPatch(call.id, files, ""); !allowed {
			return refusal
		}
		decision.Sandboxed = false
	case safety.Run:
	default:
		return "the patch was not applied: " + decision.Reason
	}
	o := t.apply(call, found, dir, changes, files, decision.Sandboxed, asked)
	if !o.denied || t.ctx.Err() != nil || t.settings.Approval != mcpprotocol.AskForApprovalOnFailure {
		return o.told
	}
	t.emitLive(&mcpprotocol.BackgroundEvent{Message: "the patch failed in the sandbox: " + o.reason})
	if allowed, refusal := t.askToPatch(call.id, files, "the patch failed in the sandbox; apply it without?"); !allowed {
		return refusal
	}
	return t.apply(call, found, dir, changes, files, false, true).told
}

// kept are the paths that no patch may change without a question.
func (t *turn) kept() []string {
	c := t.c.config
	return slices.Concat(c.Protected, c.Hidden, t.c.options.Protected, []string{c.Home})
}

// askToPatch asks a person whether files may be changed. If not it returns what
// the model is told.
func (t *turn) askToPatch(id string, files map[string]mcpprotocol.FileChange, reason string) (allowed bool, refusal string) {
	t.emitLive(&mcpprotocol.ApplyPatchApprovalRequestEvent{CallID: id, Changes: files, Reason: reason})
	decision, why := t.approve(func(ctx context.Context, a Approver) (mcpprotocol.ReviewDecision, error) {
		return a.ApprovePatch(ctx, PatchApproval{
			ConversationID: t.c.id, TurnID: t.handle.id, CallID: id, Changes: files, Reason: reason,
		})
	})
	if decision == mcpprotocol.ReviewDecisionApproved || decision == mcpprotocol.ReviewDecisionApprovedForSession {
		return true, ""
	}
	return false, t.refused(decision, "the patch", why)
}

// apply runs the helper that applies a patch.
func (t *turn) apply(call shellCall, found *patch.Call, dir string, changes []patch.Change,
	files map[string]mcpprotocol.FileChange, sandboxed, asked bool) outcome {
	t.emitLive(&mcpprotocol.PatchApplyBeginEvent{CallID: call.id, AutoApproved: !asked, Changes: files})
	t.diffs.Touch(changes)
	end := &mcpprotocol.PatchApplyEndEvent{CallID: call.id}
	var o outcome
	command, err := t.prepare(call, dir, sandboxed)
	if err == nil {
		command.Argv = []string{t.c.options.Program, PatchArg, found.Patch.Text}
		command.Env = nil
		var result exec.Result
		if result, err = t.c.options.Execute(t.ctx, command); err == nil {
			end.Stdout, end.Stderr, end.Success = result.Stdout.String(), result.Stderr.String(), result.ExitCode == 0
			o.reason, o.denied = denial(result, command.Sandbox)
			o.told = toolOutput(result.Aggregated.String(), int64(result.ExitCode), result.Duration)
		}
	}
	if err != nil {
		end.Stderr = clean(err.Error())
		o.told = fmt.Sprintf("the patch was not applied: %s", end.Stderr)
	}
	t.hold(end)
	t.emitDiff()
	return o
}

// fileChanges are changes as clients are told of them.
func fileChanges(changes []patch.Change) map[string]mcpprotocol.FileChange {
	files := make(map[string]mcpprotocol.FileChange, len(changes))
	for _, c := range changes {
		switch c.Kind {
		case patch.Add:
			files[c.Path] = &mcpprotocol.AddFileChange{Add: mcpprotocol.AddedFile{Content: c.New}}
		case patch.Delete:
			files[c.Path] = &mcpprotocol.DeleteFileChange{Delete: mcpprotocol.DeletedFile{Content: c.Old}}
		case patch.Update:
			update := mcpprotocol.UpdatedFile{UnifiedDiff: c.UnifiedDiff}
			if c.MovePath != "" {
				update.MovePath = &c.MovePath
			}
			files[c.Path] = &mcpprotocol.UpdateFileChange{Update: update}
		}
	}
	return files
}

// emitDiff tells what the turn has changed so far, when that is news.
func (t *turn) emitDiff() {
	if diff, changed := t.diffs.Next(); changed && diff != "" {
		t.emitLive(&mcpprotocol.TurnDiffEvent{UnifiedDiff: diff})
	}
}
