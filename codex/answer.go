package codex

import (
	"slices"

	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/codex/model"
	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// An answer is one answer of the model.
type answer struct {
	items []mcpprotocol.ResponseItem
	// told is how many of items the listeners have been told of already.
	told  int
	usage *mcpprotocol.TokenUsage
}

// ask sends one request and takes in the answer. Listeners are told of what
// arrives up to the first call of a tool; what follows that is told in its turn,
// after the tool has run. With an error the answer is what came before it.
func (t *turn) ask() (*answer, error) {
	a := &answer{}
	calling := false
	for event, err := range t.c.options.Model.Stream(t.ctx, t.request()) {
		if err != nil {
			return a, err
		}
		switch e := event.(type) {
		case model.TextDelta:
			t.emitLive(&mcpprotocol.AgentMessageDeltaEvent{Delta: e.Text})
		case model.ReasoningDelta:
			t.emitLive(&mcpprotocol.AgentReasoningDeltaEvent{Delta: e.Text})
		case model.RawReasoningDelta:
			if t.c.config.ShowRawReasoning {
				t.emitLive(&mcpprotocol.AgentReasoningRawContentDeltaEvent{Delta: e.Text})
			}
		case model.ReasoningSectionBreak:
			t.emitLive(&mcpprotocol.AgentReasoningSectionBreakEvent{})
		case model.WebSearchStarted:
			t.emitLive(&mcpprotocol.WebSearchBeginEvent{CallID: e.CallID})
		case model.ItemDone:
			a.items = append(a.items, e.Item)
			if calling = calling || isCall(e.Item); !calling {
				t.tell(e.Item)
				a.told++
			}
		case model.Completed:
			a.usage = e.Usage
		}
	}
	return a, nil
}

// isCall reports whether an item wants a tool to run.
func isCall(item mcpprotocol.ResponseItem) bool {
	switch item.(type) {
	case *mcpprotocol.FunctionCallItem, *mcpprotocol.CustomToolCallItem, *mcpprotocol.LocalShellCallItem:
		return true
	}
	return false
}

// tell tells the listeners of a finished item that is no call.
func (t *turn) tell(item mcpprotocol.ResponseItem) {
	switch i := item.(type) {
	case *mcpprotocol.MessageItem:
		for _, text := range outputTexts(i) {
			t.emit(&mcpprotocol.AgentMessageEvent{Message: text})
		}
	case *mcpprotocol.ReasoningItem:
		for _, s := range i.Summary {
			t.emit(&mcpprotocol.AgentReasoningEvent{Text: s.Text})
		}
		if t.c.config.ShowRawReasoning {
			for _, c := range i.Content {
				if text := reasoningText(c); text != "" {
					t.emit(&mcpprotocol.AgentReasoningRawContentEvent{Text: text})
				}
			}
		}
	case *mcpprotocol.WebSearchCallItem:
		if i.Action.Type == "search" {
			t.emitLive(&mcpprotocol.WebSearchEndEvent{CallID: i.ID, Query: i.Action.Query})
		}
	}
}

// reasoningText is the text of a piece of raw reasoning.
func reasoningText(c mcpprotocol.ReasoningContent) string {
	switch c := c.(type) {
	case *mcpprotocol.ReasoningText:
		return c.Text
	case *mcpprotocol.ReasoningPlainText:
		return c.Text
	}
	return ""
}

// settle records a whole answer, runs its tools in order and tells what is left
// to tell.
func (t *turn) settle(a *answer) (*step, error) {
	t.count(a.usage)
	counted := &mcpprotocol.TokenCountEvent{Info: t.c.usage.info()}
	t.c.record(t.c.options.Recorder.Event(counted))
	s := &step{called: slices.ContainsFunc(a.items, isCall)}
	if a.usage != nil {
		s.tokens = t.c.usage.inWindow()
	}
	for i, item := range a.items {
		t.c.remember(item)
		if !s.called {
			t.repeatReasoning(item)
		}
		if m, ok := item.(*mcpprotocol.MessageItem); ok {
			if texts := outputTexts(m); len(texts) > 0 {
				text := texts[len(texts)-1]
				s.text = &text
			}
		}
		if !isCall(item) {
			if i >= a.told {
				t.tell(item)
			}
			continue
		}
		if err := t.ctx.Err(); err != nil {
			return s, err
		}
		t.c.remember(t.call(item)...)
		t.release()
	}
	if s.called {
		t.repeatReasoning(a.items...)
	}
	if err := t.ctx.Err(); err != nil {
		return s, err
	}
	t.emitLive(counted)
	t.emitDiff()
	return s, nil
}

// repeatReasoning records the reasoning of a chat answer once more: behind the
// calls it led to, or else at once. Rollouts of the original have it so, but for
// those with raw reasoning, and are read by programs that expect it; the history
// has it once.
func (t *turn) repeatReasoning(items ...mcpprotocol.ResponseItem) {
	if t.c.config.Provider.WireAPI != model.WireAPIChat || t.c.config.ShowRawReasoning {
		return
	}
	for _, item := range items {
		if _, ok := item.(*mcpprotocol.ReasoningItem); ok {
			t.c.record(t.c.options.Recorder.Items(item))
		}
	}
}

// request is what the model is asked next.
func (t *turn) request() model.Request {
	c := t.c
	family := t.family()
	request := model.Request{
		ConversationID:   string(c.id),
		Model:            t.settings.Model,
		Instructions:     t.instructions(family),
		Input:            c.history.snapshot(),
		Tools:            t.tools(family),
		ShowRawReasoning: c.config.ShowRawReasoning,
	}
	if family.ReasoningSummaries {
		request.Reasoning = &model.Reasoning{Effort: t.settings.Effort, Summary: t.settings.Summary}
	}
	if family.Name == "gpt-5" {
		request.Verbosity = c.config.Verbosity
	}
	return request
}

// family is that of the turn's model. One that nobody knows is taken for one like
// the conversation's own.
func (t *turn) family() config.Family {
	own := t.c.config.Family
	if t.settings.Model == own.Slug {
		return own
	}
	if family, known := config.FamilyOf(t.settings.Model); known {
		return family
	}
	return own
}

// contextWindow is how many tokens the turn's model can take, nil if unknown.
func (t *turn) contextWindow() *int64 {
	if t.settings.Model != t.c.config.Model {
		if limits, ok := config.LimitsOf(t.family().Slug); ok {
			return &limits.ContextWindow
		}
	}
	return t.c.config.ContextWindow
}

// usage is what a conversation has taken.
type usage struct {
	total, last mcpprotocol.TokenUsage
	known       bool
	window      *int64
}

// count adds what an answer took.
func (t *turn) count(u *mcpprotocol.TokenUsage) {
	if u == nil {
		return
	}
	if t.usage == nil {
		t.usage = &mcpprotocol.TokenUsage{}
	}
	addUsage(t.usage, u)
	total := &t.c.usage
	addUsage(&total.total, u)
	total.last = *u
	if !total.known {
		total.known, total.window = true, t.contextWindow()
	}
}

func addUsage(sum, u *mcpprotocol.TokenUsage) {
	sum.InputTokens += u.InputTokens
	sum.CachedInputTokens += u.CachedInputTokens
	sum.OutputTokens += u.OutputTokens
	sum.ReasoningOutputTokens += u.ReasoningOutputTokens
	sum.TotalTokens += u.TotalTokens
}

// info is the usage as an event has it, nil as long as nothing is known.
func (u *usage) info() *mcpprotocol.TokenUsageInfo {
	if !u.known {
		return nil
	}
	return &mcpprotocol.TokenUsageInfo{TotalTokenUsage: u.total, LastTokenUsage: u.last, ModelContextWindow: u.window}
}

// inWindow is how many tokens the history takes up in the context window.
func (u *usage) inWindow() int64 {
	return max(u.last.TotalTokens-u.last.ReasoningOutputTokens, 0)
}
