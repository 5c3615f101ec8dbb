package codex

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/codex/exec"
	"github.com/codexmcp/codexmcp/codex/model"
	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// ErrUnknownConversation is returned for an id that no conversation has.
var ErrUnknownConversation = errors.New("no such conversation")

// Options are what a manager needs from the program around it.
type Options struct {
	// Config is the configuration of the process.
	Config *config.Base
	// NewModel makes the client of a conversation's model endpoint.
	NewModel func(*config.Conversation) (model.Client, error)
	// NewRecorder opens the rollout of a new conversation.
	NewRecorder func(id mcpprotocol.ConversationID, c *config.Conversation, instructions string) (Recorder, error)
	// NewTools starts the external servers of a conversation. It returns what
	// kept any of them from starting beside those that did. What the servers ask
	// is put to d. May be nil.
	NewTools func(ctx context.Context, c *config.Conversation, d Delegate) (ToolSet, []error)
	// Execute runs commands; nil means [exec.Run].
	Execute Executor
	// Program is this program's path: started with [PatchArg] it applies a patch.
	Program string
	// Helper is the program that confines commands and ends what they leave
	// behind, see [exec.Command]. Empty means that there is none.
	Helper string
	// Sandboxed says whether commands can be confined on this machine. Where they
	// cannot, the policies that rely on it ask. It is asked when the first command
	// is to run, since finding out takes a process. Nil means that they cannot.
	Sandboxed func() bool
	// Protected are paths that no command in the sandbox may write, beside those
	// of the configuration: what the program itself relies on.
	Protected []string
	// ApprovalTimeout is how long an approval may take; none when zero, since a
	// person may be away.
	ApprovalTimeout time.Duration
	// IdleTime is how long a conversation stays in memory that nobody listens to
	// and that has no turn; [DefaultIdleTime] when zero, for ever when negative. It
	// comes back when it is spoken to.
	IdleTime time.Duration
	// MaxConversations is how many conversations are in memory at most;
	// [DefaultMaxConversations] when zero.
	MaxConversations int
	// Log is told what goes wrong beside the protocol. Nil means nowhere.
	Log *slog.Logger
}

// A Manager holds the conversations of a process.
type Manager struct {
	options Options
	log     *slog.Logger

	// mu protects what follows.
	mu            sync.Mutex
	conversations map[mcpprotocol.ConversationID]*Conversation
	presence      presence
	closed        bool
	keepEvents    bool
}

// NewManager returns a manager without conversations.
func NewManager(options Options) *Manager {
	log := options.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if options.Sandboxed == nil {
		options.Sandboxed = func() bool { return false }
	}
	if options.Execute == nil {
		options.Execute = exec.Run
	}
	if options.IdleTime == 0 {
		options.IdleTime = DefaultIdleTime
	}
	if options.MaxConversations <= 0 {
		options.MaxConversations = DefaultMaxConversations
	}
	return &Manager{
		options: options, log: log, presence: newPresence(), conversations: map[mcpprotocol.ConversationID]*Conversation{},
	}
}

// KeepEvents lets the conversations that begin from now on keep their latest
// events for [Conversation.Events].
func (m *Manager) KeepEvents() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keepEvents = true
}

// Conversations returns the conversations in memory, the newest first.
func (m *Manager) Conversations() []*Conversation {
	m.mu.Lock()
	all := slices.Collect(maps.Values(m.conversations))
	m.mu.Unlock()
	slices.SortFunc(all, func(a, b *Conversation) int {
		return cmp.Or(b.created.Compare(a.created), cmp.Compare(b.id, a.id))
	})
	return all
}

// Config is the configuration of the process.
func (m *Manager) Config() *config.Base { return m.options.Config }

// New starts a conversation. What it says first is the session_configured
// event, which is returned and not sent to listeners.
func (m *Manager) New(ctx context.Context, c *config.Conversation) (*Conversation, *mcpprotocol.SessionConfiguredEvent, error) {
	if p := c.Project; p != nil && !p.Trusted {
		m.log.Warn("the project's configuration is not trusted and not used", "path", p.Path, "sha256", p.Hash, "error", p.Err)
	}
	id := mcpprotocol.ConversationID(uuid.NewString())
	instructions := c.UserInstructions()
	recorder, err := m.options.NewRecorder(id, c, instructions)
	if err != nil {
		return nil, nil, fmt.Errorf("start conversation: %w", err)
	}
	conversation, failures, err := m.assemble(ctx, id, c, recorder)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("start conversation: %w", err), recorder.Close())
	}
	conversation.instructions = instructions
	conversation.told = conversation.settings
	conversation.remember(conversation.initial()...)
	if err := m.start(conversation, failures); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("start conversation: %w", err), recorder.Close())
	}
	return conversation, m.configured(conversation), nil
}

// assemble builds a conversation that does not run yet.
func (m *Manager) assemble(ctx context.Context, id mcpprotocol.ConversationID, c *config.Conversation, recorder Recorder) (*Conversation, []error, error) {
	client, err := m.options.NewModel(c)
	if err != nil {
		return nil, nil, err
	}
	m.mu.Lock()
	keep := m.keepEvents
	m.mu.Unlock()
	shell := loginShell()
	living, die := context.WithCancel(context.Background())
	conversation := &Conversation{
		living: living, die: die,
		id: id, config: c, log: m.log, feed: newFeed(keep), created: time.Now(),
		options: options{
			ApprovalTimeout: m.options.ApprovalTimeout, Model: client, Recorder: recorder, Log: m.log,
			Execute: m.options.Execute,
			Environ: m.options.Config.Environ(), Shell: shellName(shell), ShellPath: shell,
			Program: m.options.Program, Helper: m.options.Helper, Sandboxed: m.options.Sandboxed, Protected: m.options.Protected,
		},
		inbox: make(chan func(), inboxSize), quit: make(chan struct{}), done: make(chan struct{}),
		lastUsed: time.Now(),
		settings: Settings{
			Cwd: c.Cwd, Approval: c.Approval, Sandbox: c.Sandbox,
			Model: c.Model, Effort: c.ReasoningEffort, Summary: c.ReasoningSummary,
		},
	}
	var failures []error
	if m.options.NewTools != nil && len(c.MCPServers) > 0 {
		conversation.options.Tools, failures = m.options.NewTools(ctx, c, switchboard{conversation})
	}
	return conversation, failures, nil
}

// start registers a conversation and lets it run. What kept external servers
// from starting is told to its first listener. When it fails the recorder is
// left to the caller.
func (m *Manager) start(c *Conversation, failures []error) error {
	if err := m.admit(c); err != nil {
		c.die()
		if c.options.Tools != nil {
			c.options.Tools.Close()
		}
		return err
	}
	for _, err := range failures {
		c.feed.emit(Event{Msg: &mcpprotocol.ErrorEvent{Message: err.Error()}})
	}
	go c.run()
	return nil
}

// configured is the event that says what a conversation runs with.
func (m *Manager) configured(c *Conversation) *mcpprotocol.SessionConfiguredEvent {
	logID, entries := config.HistoryMetadata(c.config.Home)
	return &mcpprotocol.SessionConfiguredEvent{
		SessionID: c.id, Model: c.config.Model, ReasoningEffort: c.config.ReasoningEffort,
		HistoryLogID: int64(logID), HistoryEntryCount: int64(entries), RolloutPath: c.RolloutPath(),
	}
}

// Drop ends a conversation and forgets it.
func (m *Manager) Drop(ctx context.Context, id mcpprotocol.ConversationID) error {
	m.mu.Lock()
	c, leaving := m.conversations[id], m.presence.leaving[id]
	delete(m.conversations, id)
	delete(m.presence.absent, id)
	m.mu.Unlock()
	switch {
	case c != nil:
		return c.Close(ctx)
	case leaving != nil:
		return leaving.wait(ctx)
	}
	return nil
}

// Close ends all conversations at once. It returns when they have ended, or
// when ctx does.
func (m *Manager) Close(ctx context.Context) error {
	m.mu.Lock()
	m.closed = true
	all := slices.Collect(maps.Values(m.conversations))
	for _, d := range m.presence.leaving {
		all = append(all, d.conversation)
	}
	clear(m.conversations)
	if m.presence.sweeper != nil {
		m.presence.sweeper.Stop()
	}
	m.mu.Unlock()
	errs := make([]error, len(all))
	var ended sync.WaitGroup
	for i, c := range all {
		ended.Go(func() { errs[i] = c.Close(ctx) })
	}
	ended.Wait()
	return errors.Join(errs...)
}

// ParseConversationID reads an id in any of the usual forms of a UUID and
// returns it in its canonical one.
func ParseConversationID(text string) (mcpprotocol.ConversationID, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return "", fmt.Errorf("conversation id %q: %w", text, err)
	}
	return mcpprotocol.ConversationID(id.String()), nil
}
