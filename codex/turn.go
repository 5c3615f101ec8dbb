package codex

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/codexmcp/codexmcp/codex/model"
	"github.com/codexmcp/codexmcp/codex/patch"
	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// A Turn is the work that one input caused: from task_started to its terminal
// event.
type Turn struct {
	id        string
	done      chan struct{}
	interrupt func()

	result TurnResult // set before done is closed
}

// A TurnResult is how a turn ended.
type TurnResult struct {
	Status mcpprotocol.TurnStatus
	// Message is the last thing the model said, or the error that ended the turn.
	Message string
	// Usage is what the turn took, nil where the model API does not say.
	Usage *mcpprotocol.TokenUsage
}

// ID is the id of the turn's events.
func (t *Turn) ID() string { return t.id }

// Done is closed when the turn's terminal event has been delivered to every
// listener.
func (t *Turn) Done() <-chan struct{} { return t.done }

// Result is how the turn ended. It is zero before Done.
func (t *Turn) Result() TurnResult {
	select {
	case <-t.done:
		return t.result
	default:
		return TurnResult{}
	}
}

// Interrupt ends the turn and does not wait until it has ended. It does nothing
// to one that has.
func (t *Turn) Interrupt() {
	select {
	case <-t.done:
	default:
		t.interrupt()
	}
}

func (t *Turn) finish(result TurnResult) {
	t.result = result
	close(t.done)
}

// errInterrupted is the cause of a turn's end when somebody wanted it.
var errInterrupted = errors.New("interrupted")

// A turn is a running Turn, owned by its goroutine but for what mu protects.
type turn struct {
	c        *Conversation
	ctx      context.Context
	cancel   context.CancelCauseFunc
	handle   *Turn
	settings Settings
	approver Approver
	delegate Delegate
	diffs    patch.TurnDiff
	usage    *mcpprotocol.TokenUsage
	// compacted is set when the last step ended with a summary of the history.
	compacted bool
	held      mcpprotocol.EventMsg // see hold
	heard     []string             // what the user said

	mu      sync.Mutex
	pending [][]mcpprotocol.InputItem
	over    bool     // no more input is taken
	leave   []func() // what removes those who listen to this turn only
}

// join adds input to the turn. It reports false for a turn that is ending: its
// terminal event may be out already.
func (t *turn) join(input *Input) (bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.over || t.ctx.Err() != nil:
		return false, nil
	case input.Alone:
		return false, ErrBusy
	case len(t.pending) == maxPending:
		return false, fmt.Errorf("conversation %s: %d messages wait already", t.c.id, maxPending)
	}
	t.pending = append(t.pending, input.Items)
	if input.Listener != nil {
		t.listen(input.Listener)
	}
	return true, nil
}

// listen adds a listener until the turn's end. What nobody has heard of other
// turns is not for it. t.mu is held once the turn runs.
func (t *turn) listen(l *Listener) {
	if l.Event != nil {
		t.leave = append(t.leave, t.c.feed.add(l, func(e Event) bool { return e.ID == "" || e.ID == t.handle.id }))
	}
}

// take returns the input that waits. When there is none and the turn could end,
// it ends: no input is taken afterwards.
func (t *turn) take(mayEnd bool) (inputs [][]mcpprotocol.InputItem, ended bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	inputs, t.pending = t.pending, nil
	if len(inputs) == 0 && mayEnd {
		t.over = true
	}
	return inputs, t.over
}

func (t *turn) interrupt() { t.cancel(errInterrupted) }

// emit delivers an event of the turn and records it where rollouts have it.
func (t *turn) emit(msg mcpprotocol.EventMsg) {
	t.release()
	t.c.record(t.c.options.Recorder.Event(msg))
	t.c.feed.emit(Event{ID: t.handle.id, Msg: msg})
}

// run steps the model until it has nothing more to do, fails or is interrupted.
func (t *turn) run() TurnResult {
	t.emitLive(&mcpprotocol.TaskStartedEvent{ModelContextWindow: t.contextWindow()})
	var last string
	err := t.guarded(&last)
	t.mu.Lock()
	t.over = true
	unheard := t.pending
	t.mu.Unlock()
	switch {
	case t.ctx.Err() != nil:
		t.emit(&mcpprotocol.TurnAbortedEvent{Reason: mcpprotocol.TurnAbortReasonInterrupted})
		return TurnResult{Status: mcpprotocol.TurnStatusInterrupted, Message: last, Usage: t.usage}
	case err != nil:
		for _, items := range unheard {
			t.hear(items) // so that the next turn knows what was said in this one
		}
		text := clean(err.Error())
		t.emitLive(&mcpprotocol.ErrorEvent{Message: text})
		t.emitLive(&mcpprotocol.TaskCompleteEvent{})
		return TurnResult{Status: mcpprotocol.TurnStatusFailed, Message: text, Usage: t.usage}
	}
	done := &mcpprotocol.TaskCompleteEvent{}
	if last != "" {
		done.LastAgentMessage = &last
	}
	t.emitLive(done)
	t.notify(last)
	return TurnResult{Status: mcpprotocol.TurnStatusCompleted, Message: last, Usage: t.usage}
}

// emitLive delivers an event that rollouts do not have.
func (t *turn) emitLive(msg mcpprotocol.EventMsg) {
	t.release()
	t.c.feed.emit(Event{ID: t.handle.id, Msg: msg})
}

// hold delivers an event when what it is about is recorded, or with the next
// one: after a crash the record has everything that a client has seen.
func (t *turn) hold(msg mcpprotocol.EventMsg) {
	t.release()
	t.held = msg
}

// release delivers the event that is held back.
func (t *turn) release() {
	if held := t.held; held != nil {
		t.held = nil
		t.c.feed.emit(Event{ID: t.handle.id, Msg: held})
	}
}

// guarded is steps; a panic ends the turn as an error does, and nothing else.
func (t *turn) guarded(last *string) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			t.c.log.Error("panic in a turn", "conversation", t.c.id, "turn", t.handle.id, "panic", fault, "stack", string(debug.Stack()))
			err = fmt.Errorf("internal error: %v", fault)
		}
	}()
	return t.steps(last)
}

// steps asks the model again as long as it calls tools or the user adds
// something. last is the model's last text.
func (t *turn) steps(last *string) error {
	inputs, _ := t.take(false)
	for {
		t.tellEnvironment()
		for _, items := range inputs {
			t.hear(items)
		}
		step, err := t.step()
		if step != nil && step.text != nil {
			*last = *step.text
		}
		if err != nil {
			return err
		}
		if err := t.ctx.Err(); err != nil {
			return err
		}
		if limit := t.c.config.AutoCompactLimit; limit != nil && step.tokens >= *limit && *limit > 0 {
			if err := t.compact(); err != nil {
				return err
			}
		} else {
			t.compacted = false
		}
		var ended bool
		if inputs, ended = t.take(!step.called); ended {
			if step.text == nil {
				*last = ""
			}
			return nil
		}
	}
}

// tellEnvironment tells the model where it works, when that is news.
func (t *turn) tellEnvironment() {
	if t.settings.sameEnvironment(t.c.told) {
		return
	}
	t.c.told = t.settings
	t.c.remember(userMessage(environmentContext(t.settings, t.c.options.Shell)))
}

// hear records what the user said.
func (t *turn) hear(items []mcpprotocol.InputItem) {
	message, text, images := t.message(items)
	if len(message.Content) == 0 {
		return
	}
	if text != "" {
		t.heard = append(t.heard, text)
	}
	t.c.remember(message)
	t.c.record(t.c.options.Recorder.Event(&mcpprotocol.UserMessageEvent{Message: text, Kind: kindOf(text), Images: images}))
}

// A step is what one answer of the model came to.
type step struct {
	text   *string // of the last message, nil without one
	called bool    // whether a tool was called, so that the model waits for its output
	tokens int64   // in the context window, 0 where unknown
}

// step asks the model once, again when the answer breaks off, and runs the
// tools it calls. Tools run when the whole answer is there, so that an answer
// that breaks off and is asked for again never runs one twice.
func (t *turn) step() (*step, error) {
	var a *answer
	err := t.insist(func() (err error) {
		t.c.record(t.c.options.Recorder.TurnContext(t.turnContext()))
		a, err = t.ask()
		return err
	})
	if err != nil {
		return nil, t.giveUp(a, err)
	}
	return t.settle(a)
}

// insist asks the model again when its answer breaks off, as often as is
// configured.
func (t *turn) insist(ask func() error) error {
	retries := t.c.config.Provider.StreamRetries()
	for attempt := 1; ; attempt++ {
		err := ask()
		if err == nil {
			return nil
		}
		delay, retryable := model.Retryable(err)
		if t.ctx.Err() != nil || !retryable || attempt > retries {
			return err
		}
		if delay == 0 {
			delay = model.Backoff(attempt)
		}
		t.emitLive(&mcpprotocol.StreamErrorEvent{Message: clean(fmt.Sprintf(
			"%v; asking again (%d/%d) in %s", err, attempt, retries, delay.Round(time.Millisecond)))})
		if err := t.wait(delay); err != nil {
			return err
		}
	}
}

// giveUp keeps what is worth keeping of an answer that broke off for good: what
// the listeners were told of, and what it took.
func (t *turn) giveUp(a *answer, err error) error {
	t.c.remember(a.items[:a.told]...)
	var incomplete *model.IncompleteError
	if errors.As(err, &incomplete) && incomplete.Usage != nil {
		t.count(incomplete.Usage)
		counted := &mcpprotocol.TokenCountEvent{Info: t.c.usage.info()}
		t.c.record(t.c.options.Recorder.Event(counted))
		t.emitLive(counted)
	}
	if t.ctx.Err() != nil {
		return t.ctx.Err()
	}
	return err
}

// wait waits, or returns the reason why the turn ends first.
func (t *turn) wait(d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-t.ctx.Done():
		return t.ctx.Err()
	}
}

// turnContext is the line of the rollout that says what a request ran with.
func (t *turn) turnContext() mcpprotocol.TurnContext {
	return mcpprotocol.TurnContext{
		Cwd: t.settings.Cwd, ApprovalPolicy: t.settings.Approval, SandboxPolicy: t.settings.Sandbox,
		Model: t.settings.Model, Effort: t.settings.Effort, Summary: t.settings.Summary,
	}
}
