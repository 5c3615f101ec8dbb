package codex

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/codexmcp/codexmcp/codex/exec"
	"github.com/codexmcp/codexmcp/codex/patch"
	"github.com/codexmcp/codexmcp/codex/safety"
	"github.com/codexmcp/codexmcp/codex/sandbox"
	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/wire"
)

// maxDeltas is how many events of output one stream of a command may cause.
const maxDeltas = 10_000

// An Executor runs commands; [exec.Run] is one.
type Executor func(ctx context.Context, command exec.Command) (exec.Result, error)

// A shellCall is a command the model wants to run.
type shellCall struct {
	id            string
	argv          []string
	workdir       string
	timeout       time.Duration
	escalated     bool
	justification string
	reads         bool // it needs no more than to read, whatever the policy allows
	unprotected   bool // it may run where the machine cannot protect paths
}

// callOf reads the arguments of the shell tool.
func callOf(id string, a *mcpprotocol.ShellToolArguments) (shellCall, error) {
	limit := a.TimeoutMs
	switch {
	case limit == nil:
		limit = a.Timeout
	case a.Timeout != nil:
		return shellCall{}, errors.New("timeout and timeout_ms are the same: give one")
	}
	if limit != nil && *limit < 0 {
		return shellCall{}, fmt.Errorf("timeout_ms: %d is negative", *limit)
	}
	return shellCall{
		id: id, argv: a.Command, workdir: a.Workdir, justification: a.Justification, timeout: timeoutOf(limit),
		escalated: a.WithEscalatedPermissions != nil && *a.WithEscalatedPermissions,
	}, nil
}

// timeoutOf is a limit in milliseconds as a duration: the default without one,
// and none at all is at once.
func timeoutOf(ms *int64) time.Duration {
	switch {
	case ms == nil:
		return exec.DefaultTimeout
	case *ms <= 0:
		return time.Nanosecond
	case *ms > math.MaxInt64/int64(time.Millisecond):
		return math.MaxInt64
	}
	return time.Duration(*ms) * time.Millisecond
}

// localShell runs a call of the shell that some models have built in.
func (t *turn) localShell(i *mcpprotocol.LocalShellCallItem) string {
	return t.shell(shellCall{
		id: i.CallID, argv: i.Action.Command, workdir: i.Action.WorkingDirectory, timeout: timeoutOf(i.Action.TimeoutMs),
	})
}

// shell runs a command, or the patch that it is, and returns what the model is
// told of it.
func (t *turn) shell(call shellCall) string {
	if call.timeout == 0 {
		call.timeout = exec.DefaultTimeout
	}
	cwd := t.settings.Cwd
	if call.workdir != "" {
		cwd = t.resolve(call.workdir)
	}
	if len(call.argv) == 0 || call.argv[0] == "" {
		return t.execute(call, cwd, false).told // it says that there is nothing to run
	}
	found, err := patch.Recognize(call.argv)
	if err != nil {
		return fmt.Sprintf("the patch was not applied: %v", err)
	}
	if found != nil {
		return t.patch(call, found, cwd)
	}
	decision := safety.DecideCommand(
		safety.Command{Argv: call.argv, Approved: t.c.approved.Has(call.argv), Escalated: call.escalated}, t.policies())
	switch decision.Outcome {
	case safety.Ask:
		allowed, refusal := t.askToRun(call, cwd, call.justification, &t.c.approved)
		if !allowed {
			return refusal
		}
		decision.Sandboxed = false
	case safety.Run:
		if !decision.Sandboxed {
			break
		}
		if refusal, ok := t.concede(&call, cwd); !ok {
			return refusal
		}
	default:
		return "the command was not run: " + decision.Reason
	}
	return t.command(call, cwd, decision.Sandboxed)
}

// policies are what the turn allows.
func (t *turn) policies() safety.Policies {
	return safety.Policies{Approval: t.settings.Approval, Sandbox: t.settings.Sandbox, SandboxAvailable: t.c.options.Sandboxed()}
}

// askToRun asks a person whether a command may run, and remembers in approved
// what holds for the session. If not it returns what the model is told.
func (t *turn) askToRun(call shellCall, cwd, reason string, approved *safety.Approved) (allowed bool, refusal string) {
	t.emitLive(&mcpprotocol.ExecApprovalRequestEvent{CallID: call.id, Command: call.argv, Cwd: cwd, Reason: reason})
	decision, why := t.approve(func(ctx context.Context, a Approver) (mcpprotocol.ReviewDecision, error) {
		return a.ApproveExec(ctx, ExecApproval{
			ConversationID: t.c.id, TurnID: t.handle.id, CallID: call.id, Command: call.argv, Cwd: cwd, Reason: reason,
		})
	})
	switch decision {
	case mcpprotocol.ReviewDecisionApproved:
		return true, ""
	case mcpprotocol.ReviewDecisionApprovedForSession:
		approved.Add(call.argv)
		return true, ""
	}
	return false, t.refused(decision, "the command", why)
}

// refused is what the model is told of a denial. An abort ends the turn too.
func (t *turn) refused(decision mcpprotocol.ReviewDecision, what, why string) string {
	if decision == mcpprotocol.ReviewDecisionAbort {
		t.interrupt()
		return what + " was rejected by the user, who ended the turn"
	}
	if why != "" {
		return fmt.Sprintf("%s was rejected: %s", what, why)
	}
	return what + " was rejected by the user"
}

// command runs a command and, where the policy is to ask after a failure in the
// sandbox, once more without it.
func (t *turn) command(call shellCall, cwd string, sandboxed bool) string {
	o := t.execute(call, cwd, sandboxed)
	if !o.denied || t.ctx.Err() != nil {
		return o.told
	}
	switch t.settings.Approval {
	case mcpprotocol.AskForApprovalOnFailure, mcpprotocol.AskForApprovalUntrusted:
	default:
		return o.told
	}
	t.emitLive(&mcpprotocol.BackgroundEvent{Message: "the command failed in the sandbox: " + o.reason})
	allowed, refusal := t.askToRun(call, cwd, "the command failed in the sandbox; run it again without?", &t.c.approved)
	if !allowed {
		return refusal
	}
	t.emitLive(&mcpprotocol.BackgroundEvent{Message: "running the command again without the sandbox"})
	return t.execute(call, cwd, false).told
}

// An outcome is what came of one run of a command.
type outcome struct {
	told   string // to the model
	denied bool   // the sandbox kept the command from what it wanted
	reason string // of the denial
	result *exec.Result
}

// execute runs a command once and tells the listeners from its begin to its end.
func (t *turn) execute(call shellCall, cwd string, sandboxed bool) outcome {
	t.emitLive(&mcpprotocol.ExecCommandBeginEvent{
		CallID: call.id, Command: call.argv, Cwd: cwd, ParsedCmd: safety.ParseCommand(call.argv),
	})
	command, err := t.prepare(call, cwd, sandboxed)
	if err != nil {
		return t.failed(call.id, err)
	}
	command.Argv = t.inProfile(call.argv)
	var deltas [2]int
	command.OnOutput = func(stream exec.Stream, chunk []byte) {
		i := 0
		if stream == exec.Stderr {
			i = 1
		}
		if deltas[i]++; deltas[i] > maxDeltas {
			return
		}
		t.c.feed.emit(Event{ID: t.handle.id, Msg: &mcpprotocol.ExecCommandOutputDeltaEvent{
			CallID: call.id, Stream: mcpprotocol.ExecOutputStream(stream), Chunk: base64.StdEncoding.EncodeToString(chunk),
		}})
	}
	result, err := t.c.options.Execute(t.ctx, command)
	if err != nil {
		return t.failed(call.id, err)
	}
	return t.ended(call, result, command.Sandbox)
}

// prepare is a command with what the turn gives it: folder, environment, limits.
func (t *turn) prepare(call shellCall, cwd string, sandboxed bool) (exec.Command, error) {
	policy, err := t.sandboxPolicy()
	if err != nil {
		return exec.Command{}, err
	}
	policy.AllowUnprotected = call.unprotected
	if call.reads {
		policy.Mode = sandbox.ReadOnly
	}
	command := exec.Command{
		Argv: call.argv, Dir: cwd, Timeout: call.timeout, Helper: t.c.options.Helper,
		Env: append(t.c.config.ShellEnvironment.Build(t.c.options.Environ), policy.Environment()...),
	}
	if sandboxed {
		command.Sandbox = &policy
	}
	return command, nil
}

// inProfile wraps a command so that the user's login shell sets up its
// environment, if the configuration wants it.
func (t *turn) inProfile(argv []string) []string {
	shell := t.c.options.ShellPath
	if !t.c.config.ShellEnvironment.UseProfile || shell == "" {
		return argv
	}
	script := safety.Quote(argv)
	if len(argv) == 3 && argv[0] == "bash" && argv[1] == "-lc" {
		script = argv[2]
	}
	return []string{shell, "-lc", script}
}

// failed tells that a command did not start.
func (t *turn) failed(id string, err error) outcome {
	text := clean(err.Error())
	t.hold(&mcpprotocol.ExecCommandEndEvent{CallID: id, ExitCode: -1, Stderr: text, AggregatedOutput: text, FormattedOutput: text})
	return outcome{told: "the command did not run: " + text}
}

// ended tells how a command ended.
func (t *turn) ended(call shellCall, result exec.Result, policy *sandbox.Policy) outcome {
	o := outcome{result: &result}
	all := result.Aggregated.String()
	formatted := all
	if result.TimedOut {
		formatted = fmt.Sprintf("stopped after %d ms\n%s", result.Duration.Milliseconds(), all)
	}
	formatted = exec.Truncate(formatted)
	o.reason, o.denied = denial(result, policy)
	exitCode := int64(result.ExitCode)
	end := &mcpprotocol.ExecCommandEndEvent{
		CallID: call.id, Stdout: result.Stdout.String(), Stderr: result.Stderr.String(), AggregatedOutput: all,
		ExitCode: exitCode, Duration: durationOf(result.Duration), FormattedOutput: formatted,
	}
	switch {
	case result.Interrupted:
		o.told = "the command was interrupted by the user; what it wrote:\n" + formatted
	case result.Signal != 0 && !result.TimedOut:
		// Clients of the original take this for a command that did not run to its end.
		o.told = fmt.Sprintf("the command was ended by signal %d (%s)", int(result.Signal), result.Signal)
		end.Stdout, end.Stderr = "", o.told
		if all != "" {
			o.told += "; what it wrote:\n" + formatted
		}
		end.AggregatedOutput, end.FormattedOutput = o.told, o.told
	case o.denied:
		o.told = toolOutput(strings.TrimSuffix(formatted, "\n")+"\n["+o.reason+"]", exitCode, result.Duration)
	default:
		o.told = toolOutput(formatted, exitCode, result.Duration)
	}
	t.hold(end)
	return o
}

// denial reports whether the sandbox kept a command from something, as far as
// what it wrote shows.
func denial(result exec.Result, policy *sandbox.Policy) (reason string, denied bool) {
	if policy == nil || policy.FullAccess() || result.ExitCode == 0 || result.ExitCode == 127 || result.TimedOut || result.Interrupted {
		return "", false
	}
	return sandbox.Denial(*policy, result.Stderr.String(), result.Denied...)
}

// toolOutput is the result of a command as models are used to get it: the
// output first, a duration of one decimal.
func toolOutput(text string, exitCode int64, took time.Duration) string {
	e := wire.NewEncoder(nil)
	e.Object()
	e.String(`"output":`, clean(text))
	e.Key(`"metadata":`)
	e.Object()
	e.Int(`"exit_code":`, exitCode)
	e.Float(`"duration_seconds":`, math.Round(took.Seconds()*10)/10, wire.Members{})
	e.EndObject(wire.Members{}, nil)
	e.EndObject(wire.Members{}, nil)
	encoded, err := e.Result()
	if err != nil {
		return text
	}
	return string(encoded)
}

// clean replaces what is not UTF-8, which nothing that is sent may contain.
func clean(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

func durationOf(d time.Duration) mcpprotocol.Duration {
	return mcpprotocol.Duration{Secs: int64(d / time.Second), Nanos: int64(d % time.Second)}
}
