package codex

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/codex/model"
	"github.com/codexmcp/codexmcp/codex/safety"
	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// ErrClosed is returned for what is said to a conversation that has ended.
var ErrClosed = errors.New("the conversation has ended")

// ErrBusy is returned for input that wants a turn of its own while one runs.
var ErrBusy = errors.New("the conversation is busy: a turn of it is running")

// ErrEmptyInput is returned for input without items.
var ErrEmptyInput = errors.New("the input has no items")

// inboxSize is how many submissions may wait for the conversation's goroutine.
const inboxSize = 64

// maxPending is how many messages may wait for a turn that is busy.
const maxPending = 64

// A Recorder keeps what a conversation says, so that it can be resumed.
type Recorder interface {
	Path() string
	Items(items ...mcpprotocol.ResponseItem) error
	Event(msg mcpprotocol.EventMsg) error
	TurnContext(turn mcpprotocol.TurnContext) error
	Compacted(message string) error
	Close() error
}

// options are what a conversation needs from its manager.
type options struct {
	ApprovalTimeout time.Duration // none when zero
	Model           model.Client
	Recorder        Recorder
	Log             *slog.Logger
	Execute         Executor
	Tools           ToolSet
	Instructions    string
	Environ         []string    // of the server
	Shell           string      // the login shell's name, for the model
	ShellPath       string      // where it is
	Program         string      // this program, which applies patches
	Helper          string      // this program, which confines commands; empty if it cannot
	Sandboxed       func() bool // whether commands can be confined
	Protected       []string    // paths that no command in the sandbox may write
}

// A Conversation is one session with the model. Its methods may be called by
// any number of goroutines.
type Conversation struct {
	id     mcpprotocol.ConversationID
	config *config.Conversation
	// instructions are the user's, read when the conversation began.
	instructions string
	options      options
	log          *slog.Logger
	feed         *feed
	inbox        chan func()
	quit         chan struct{}   // closed to end the goroutine
	done         chan struct{}   // closed when the goroutine has ended
	living       context.Context // ends with the conversation
	die          context.CancelFunc
	notifying    sync.WaitGroup // programs that are told of a turn's end
	created      time.Time

	// mu protects what follows.
	mu         sync.Mutex
	submission int
	closed     bool
	current    *turn
	lastUsed   time.Time

	// What follows belongs to the conversation's goroutine and to the turn it runs.
	settings Settings
	told     Settings // what the model knows of its environment
	history  history
	usage    usage
	approved safety.Approved // commands approved for the session

	// unprotected are those approved to run where paths cannot be protected.
	unprotected safety.Approved
	compacts    int
}

// Input is what a user says.
type Input struct {
	Items []mcpprotocol.InputItem
	// Settings, if set, apply to the turn that this input begins.
	Settings *Settings
	// ID is the id of the turn this input begins. Empty means the next
	// submission number.
	ID string
	// Listener, if set, is told of the turn this input is part of, from here to
	// its terminal event; where nobody else listens also of what came before, and
	// of what belongs to no turn. In the turn that this input begins its approver and its
	// delegate are asked before any other.
	Listener *Listener
	// Alone refuses to join a turn that runs: that is [ErrBusy].
	Alone bool
}

// ID returns the conversation's id.
func (c *Conversation) ID() mcpprotocol.ConversationID { return c.id }

// RolloutPath is where the conversation is recorded.
func (c *Conversation) RolloutPath() string { return c.options.Recorder.Path() }

// Listen adds a listener. One that comes when there is none is told what
// happened while nobody listened. The returned function removes it.
func (c *Conversation) Listen(l *Listener) (remove func()) {
	return c.feed.add(l, func(Event) bool { return true })
}

// Send says something. The input begins a turn, or joins the one that runs; the
// turn it is part of is returned. A turn that is about to end is waited for.
func (c *Conversation) Send(ctx context.Context, input Input) (*Turn, error) {
	if len(input.Items) == 0 {
		return nil, ErrEmptyInput
	}
	type accepted struct {
		turn *Turn
		err  error
	}
	answer := make(chan accepted, 1)
	err := c.do(func() {
		turn, err := c.accept(ctx, &input)
		answer <- accepted{turn, err}
	}, &input)
	if err != nil {
		return nil, err
	}
	select {
	case a := <-answer:
		return a.turn, a.err
	case <-c.done:
		return nil, ErrClosed
	}
}

// accept puts input into the turn that runs, or else begins one.
func (c *Conversation) accept(ctx context.Context, input *Input) (*Turn, error) {
	if current := c.running(); current != nil {
		joined, err := current.join(input)
		switch {
		case err != nil:
			return nil, err
		case joined:
			return current.handle, nil
		}
		<-current.handle.done
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return c.begin(input), nil
}

// running is the turn that runs, nil without one.
func (c *Conversation) running() *turn {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current
}

// Interrupt ends the turn that runs and returns when its turn_aborted has gone
// out. It reports whether there was one.
func (c *Conversation) Interrupt(ctx context.Context) (bool, error) {
	aborted := make(chan bool, 1)
	err := c.do(func() {
		current := c.running()
		if current == nil {
			aborted <- false
			return
		}
		current.interrupt()
		<-current.handle.done
		aborted <- current.handle.Result().Status == mcpprotocol.TurnStatusInterrupted
	}, nil)
	if err != nil {
		return false, err
	}
	select {
	case was := <-aborted:
		return was, nil
	case <-c.done:
		return false, ErrClosed
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// Turn returns the turn that runs, or nil.
func (c *Conversation) Turn() *Turn {
	if current := c.running(); current != nil {
		return current.handle
	}
	return nil
}

// Close interrupts what runs, records the end and frees what the conversation
// holds. It returns when all of it has ended or when ctx does.
func (c *Conversation) Close(ctx context.Context) error {
	c.mu.Lock()
	if !c.closed {
		c.closed = true
		close(c.quit)
	}
	current := c.current
	c.mu.Unlock()
	if current != nil {
		current.interrupt()
	}
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("close conversation %s: %w", c.id, ctx.Err())
	}
}

// do hands work to the conversation's goroutine. A submission number is taken
// in the same order; it becomes the id of input that has none.
func (c *Conversation) do(work func(), input *Input) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return ErrClosed
	}
	if input == nil || input.ID == "" {
		id := strconv.Itoa(c.submission)
		c.submission++
		if input != nil {
			input.ID = id
		}
	}
	c.lastUsed = time.Now()
	select {
	case c.inbox <- work:
		return nil
	default:
		return fmt.Errorf("conversation %s: %d submissions wait already", c.id, inboxSize)
	}
}

// nextSubmission takes a submission number.
func (c *Conversation) nextSubmission() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.submission++
}

// run is the conversation's goroutine.
func (c *Conversation) run() {
	defer close(c.done)
	defer c.end()
	for {
		select {
		case work := <-c.inbox:
			work()
		case <-c.quit:
			return
		}
	}
}

// end waits for the turn that runs and frees what the conversation holds.
func (c *Conversation) end() {
	if current := c.running(); current != nil {
		current.interrupt()
		<-current.handle.done
	}
	c.endNotifying()
	c.feed.emit(Event{Msg: &mcpprotocol.ShutdownCompleteEvent{}})
	if err := c.options.Recorder.Close(); err != nil {
		c.log.Error("close rollout", "conversation", c.id, "error", err)
	}
	if c.options.Tools != nil {
		c.options.Tools.Close()
	}
}

// begin starts a turn in a goroutine of its own, so that the conversation's
// stays free for an interrupt or for more input.
func (c *Conversation) begin(input *Input) *Turn {
	settings := c.settings
	if input.Settings != nil {
		settings = *input.Settings
	}
	ctx, cancel := context.WithCancelCause(c.living)
	t := &turn{
		c: c, ctx: ctx, cancel: cancel, settings: settings,
		pending: [][]mcpprotocol.InputItem{input.Items},
		handle:  &Turn{id: input.ID, done: make(chan struct{})},
	}
	t.handle.interrupt = func() {
		c.nextSubmission()
		t.interrupt()
	}
	if l := input.Listener; l != nil {
		t.approver, t.delegate = l.Approver, l.Delegate
		t.listen(l)
	}
	c.mu.Lock()
	c.current = t
	c.mu.Unlock()
	go func() {
		defer cancel(nil)
		result := t.run()
		for _, leave := range t.leave {
			leave()
		}
		c.mu.Lock()
		c.current = nil
		c.lastUsed = time.Now()
		c.mu.Unlock()
		t.handle.finish(result)
	}()
	return t.handle
}

// initial is how the history begins: what the user wants every conversation to
// know, and where this one works.
func (c *Conversation) initial() []mcpprotocol.ResponseItem {
	var items []mcpprotocol.ResponseItem
	if c.instructions != "" {
		items = append(items, userMessage(userInstructions(c.instructions)))
	}
	return append(items, userMessage(environmentContext(c.settings, c.options.Shell)))
}

// record keeps a line of the rollout. A conversation goes on without it: what is
// lost is only the way back after a restart, and the log says so.
func (c *Conversation) record(err error) {
	if err != nil {
		c.log.Error("record rollout", "conversation", c.id, "path", c.options.Recorder.Path(), "error", err)
	}
}

// remember adds items to the history and to the rollout.
func (c *Conversation) remember(items ...mcpprotocol.ResponseItem) {
	c.history.add(items...)
	c.record(c.options.Recorder.Items(items...))
}
