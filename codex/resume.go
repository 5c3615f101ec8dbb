package codex

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/codex/rollout"
	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// ErrLive is returned for a conversation that cannot be resumed because it is
// running.
var ErrLive = errors.New("the conversation is running")

// A Resumed is a conversation that goes on where its rollout ends.
type Resumed struct {
	Conversation *Conversation
	// Configured is the event that says what it runs with, and everything that
	// was recorded of what clients were told.
	Configured *mcpprotocol.SessionConfiguredEvent
	// Messages are the recorded events as a client is told them.
	Messages []mcpprotocol.EventMsg
}

// Resume brings back the conversation whose rollout is at path. One that is in
// memory already is returned as it is. With anew it gets the settings of c all
// the same, unless a turn of it runs: that is an [ErrLive].
func (m *Manager) Resume(ctx context.Context, path string, c *config.Conversation, anew bool) (*Resumed, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("resume conversation: %w", err)
	}
	release, err := m.claim(ctx, path)
	if err != nil {
		return nil, err
	}
	defer release()
	live, err := m.recordedAt(ctx, path)
	if err != nil {
		return nil, err
	}
	if live != nil && !anew {
		return m.rejoin(live)
	}
	if live != nil {
		if live.Turn() != nil {
			return nil, fmt.Errorf("resume conversation %s with other settings: %w", live.id, ErrLive)
		}
		if err := m.Drop(ctx, live.id); err != nil {
			return nil, err
		}
	}
	return m.restore(ctx, path, c, nil)
}

// rejoin is what resuming comes to for a conversation that is in memory.
func (m *Manager) rejoin(c *Conversation) (*Resumed, error) {
	saved, err := rollout.Read(m.options.Config.Home(), c.RolloutPath())
	if err != nil {
		return nil, err
	}
	return m.resumed(c, saved), nil
}

func (m *Manager) resumed(c *Conversation, saved *rollout.Saved) *Resumed {
	configured := m.configured(c)
	configured.InitialMessages = saved.Events
	return &Resumed{Conversation: c, Configured: configured, Messages: saved.InitialMessages()}
}

// Wake returns a conversation that is in memory, or brings it back: with the
// settings it had when it left, or else with those of its last recorded turn.
func (m *Manager) Wake(ctx context.Context, id mcpprotocol.ConversationID) (*Conversation, error) {
	c, kept, err := m.present(ctx, id)
	if c != nil || err != nil {
		return c, err
	}
	path := kept.path
	if path == "" {
		path, err = rollout.Find(ctx, m.options.Config.Home(), id)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w: %q", ErrUnknownConversation, string(id))
		}
		if err != nil {
			return nil, err
		}
	}
	release, err := m.claim(ctx, path)
	if err != nil {
		return nil, err
	}
	defer release()
	// Whoever had the claim before may have brought it back.
	c, kept, err = m.present(ctx, id)
	if c != nil || err != nil {
		return c, err
	}
	resumed, err := m.restore(ctx, path, nil, kept)
	if err != nil {
		return nil, err
	}
	return resumed.Conversation, nil
}

// restore makes a conversation of a rollout. It runs with the settings of c, or
// without c with those that were kept, or without these with the recorded ones.
func (m *Manager) restore(ctx context.Context, path string, c *config.Conversation, kept *absent) (*Resumed, error) {
	recorder, saved, err := rollout.Resume(m.options.Config.Home(), path, nil)
	if err != nil {
		return nil, err
	}
	resumed, err := m.revive(ctx, c, kept, recorder, saved)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("resume conversation %s: %w", saved.Meta.ID, err), recorder.Close())
	}
	return resumed, nil
}

func (m *Manager) revive(ctx context.Context, c *config.Conversation, kept *absent, recorder Recorder, saved *rollout.Saved) (*Resumed, error) {
	id, err := ParseConversationID(string(saved.Meta.ID))
	if err != nil {
		return nil, err
	}
	recorded := recordedSettings(saved)
	var settings *Settings
	switch {
	case c != nil:
	case kept != nil && kept.config != nil:
		c, settings = kept.config, &kept.settings
	default:
		if c, err = m.options.Config.Resolve(requestOf(saved, recorded)); err != nil {
			return nil, err
		}
		settings = recorded
	}
	conversation, failures, err := m.assemble(ctx, id, c, recorder)
	if err != nil {
		return nil, err
	}
	if settings != nil {
		conversation.settings = *settings
	}
	conversation.told = conversation.settings
	if recorded != nil {
		conversation.told = *recorded
	}
	if kept != nil {
		conversation.submission = kept.submission
	}
	conversation.instructions = c.UserInstructions()
	conversation.recall(saved.History)
	if err := m.start(conversation, failures); err != nil {
		return nil, err
	}
	return m.resumed(conversation, saved), nil
}

// recall makes what was recorded the history.
func (c *Conversation) recall(entries []rollout.Entry) {
	for _, entry := range entries {
		if entry.Item != nil {
			c.history.add(entry.Item)
			continue
		}
		c.history = compacted(c.history, c.initial(), entry.Summary)
		c.compacts++
	}
}

// recordedSettings are what the last turn ran with, nil where that is not
// recorded or makes no sense.
func recordedSettings(saved *rollout.Saved) *Settings {
	t := saved.Context
	if t == nil || !t.ApprovalPolicy.Valid() || !filepath.IsAbs(t.Cwd) || t.Model == "" {
		return nil
	}
	if _, unknown := t.SandboxPolicy.(*mcpprotocol.UnknownSandboxPolicy); unknown || t.SandboxPolicy == nil {
		return nil
	}
	return &Settings{
		Cwd: t.Cwd, Approval: t.ApprovalPolicy, Sandbox: t.SandboxPolicy, Model: t.Model, Effort: t.Effort, Summary: t.Summary,
	}
}

// requestOf asks for a configuration like the recorded one.
func requestOf(saved *rollout.Saved, recorded *Settings) config.Request {
	if recorded != nil {
		return config.Request{Cwd: recorded.Cwd, Model: recorded.Model, Approval: recorded.Approval}
	}
	if filepath.IsAbs(saved.Meta.Cwd) {
		return config.Request{Cwd: saved.Meta.Cwd}
	}
	return config.Request{}
}

// Archive moves the rollout of a conversation to the archive and ends the
// conversation if it is in memory. A path that is not that of the
// conversation's rollout is a [rollout.ErrPath].
func (m *Manager) Archive(ctx context.Context, id mcpprotocol.ConversationID, path string) error {
	home := m.options.Config.Home()
	if err := rollout.CheckArchive(home, path, id); err != nil {
		return err
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("archive conversation: %w", err)
	}
	release, err := m.claim(ctx, path)
	if err != nil {
		return err
	}
	defer release()
	ending, cancel := context.WithTimeout(ctx, leaveTime)
	defer cancel()
	if err := m.Drop(ending, id); err != nil {
		m.log.Warn("archive a conversation that does not end", "conversation", id, "error", err)
	}
	return rollout.Archive(home, path, id)
}
