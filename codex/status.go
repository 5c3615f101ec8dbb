package codex

import (
	"context"
	"time"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// A Status is what a conversation is doing and what came of it so far. It says
// what its events have said, no more and no less.
type Status struct {
	State mcpprotocol.ConversationState
	// TurnID is the turn that runs or ran last, empty before the first.
	TurnID string
	// LastStatus is how the last turn that is over ended, empty before the first.
	LastStatus mcpprotocol.TurnStatus
	// LastMessage is the last thing the model said.
	LastMessage string
	// Usage is what the conversation has taken, nil where the model API does not say.
	Usage *mcpprotocol.TokenUsage

	failed bool // whether the turn that runs has told of an error
}

// note takes in an event.
func (s *Status) note(e Event) {
	if _, started := e.Msg.(*mcpprotocol.TaskStartedEvent); started && s.State == mcpprotocol.ConversationStateIdle {
		s.State, s.TurnID, s.failed = mcpprotocol.ConversationStateRunning, e.ID, false
		return
	}
	if e.ID != s.TurnID || s.State == mcpprotocol.ConversationStateIdle {
		return // of a task within the turn, or of none
	}
	switch m := e.Msg.(type) {
	case *mcpprotocol.ExecApprovalRequestEvent, *mcpprotocol.ApplyPatchApprovalRequestEvent:
		s.State = mcpprotocol.ConversationStateAwaitingApproval
	case *mcpprotocol.AgentMessageEvent:
		s.LastMessage = m.Message
	case *mcpprotocol.TokenCountEvent:
		if m.Info != nil {
			s.Usage = &m.Info.TotalTokenUsage
		}
	case *mcpprotocol.ErrorEvent:
		s.failed = true
	case *mcpprotocol.TurnAbortedEvent:
		s.State, s.LastStatus = mcpprotocol.ConversationStateIdle, mcpprotocol.TurnStatusInterrupted
	case *mcpprotocol.TaskCompleteEvent:
		s.State, s.LastStatus = mcpprotocol.ConversationStateIdle, mcpprotocol.TurnStatusCompleted
		if s.failed {
			s.LastStatus = mcpprotocol.TurnStatusFailed
		}
	}
}

// answered notes that an approval has been answered.
func (f *feed) answered() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.status.State == mcpprotocol.ConversationStateAwaitingApproval {
		f.status.State = mcpprotocol.ConversationStateRunning
	}
}

// Status is what the conversation is doing.
func (c *Conversation) Status() Status {
	c.feed.mu.Lock()
	defer c.feed.mu.Unlock()
	return c.feed.status
}

// Created is when the conversation came into memory.
func (c *Conversation) Created() time.Time { return c.created }

// Cwd is where the conversation works.
func (c *Conversation) Cwd() string { return c.config.Cwd }

// Model is the model the conversation asks.
func (c *Conversation) Model() string { return c.config.Model }

// A Report is what Events found, all of it of one moment.
type Report struct {
	Status Status
	Events []Event
	// Next is where to go on, Missed how many events from the place asked for are
	// no longer kept.
	Next, Missed int64
}

// Events returns the events from a place on, at most limit of them and not many
// more than maxBytes in JSON. A negative place is that of the oldest event that
// is kept. When there is none it waits for one until ctx ends. Events are kept
// if [Manager.KeepEvents] was called before the conversation began.
func (c *Conversation) Events(ctx context.Context, from int64, limit, maxBytes int) Report {
	f := c.feed
	for {
		f.mu.Lock()
		place := from
		if place < 0 {
			place = f.log.next - int64(len(f.log.kept))
		}
		var r Report
		r.Status = f.status
		r.Events, r.Next, r.Missed = f.log.since(place, limit, maxBytes)
		changed := f.change()
		f.mu.Unlock()
		if len(r.Events) > 0 {
			return r
		}
		select {
		case <-changed:
		case <-c.done:
			return r
		case <-ctx.Done():
			return r
		}
	}
}
