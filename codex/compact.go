package codex

import (
	"errors"
	"fmt"
	"strings"

	"github.com/codexmcp/codexmcp/codex/model"
	"github.com/codexmcp/codexmcp/codex/prompt"
	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// compact replaces a history that has grown too long by a summary that the
// model writes. Listeners see it as a task of its own within the turn. A history
// that is still too long right afterwards is an error.
func (t *turn) compact() error {
	if t.compacted {
		return errors.New("the conversation is over the token limit even after it was summed up; start a new one")
	}
	t.compacted = true
	id := fmt.Sprintf("auto-compact-%d", t.c.compacts)
	t.c.compacts++
	emit := func(msg mcpprotocol.EventMsg) { t.c.feed.emit(Event{ID: id, Msg: msg}) }
	emit(&mcpprotocol.TaskStartedEvent{ModelContextWindow: t.contextWindow()})
	summary, err := t.summarize()
	if t.ctx.Err() != nil {
		emit(&mcpprotocol.TurnAbortedEvent{Reason: mcpprotocol.TurnAbortReasonInterrupted})
		return t.ctx.Err()
	}
	if err != nil {
		emit(&mcpprotocol.TaskCompleteEvent{})
		return fmt.Errorf("sum up the conversation: %w", err)
	}
	t.c.record(t.c.options.Recorder.Compacted(summary))
	t.c.history = compacted(t.c.history, t.c.initial(), summary)
	t.c.told = t.c.settings
	emit(&mcpprotocol.AgentMessageEvent{Message: "The conversation had grown long and was summed up."})
	emit(&mcpprotocol.TaskCompleteEvent{})
	return nil
}

// summarize asks the model for a summary, again when the answer breaks off.
func (t *turn) summarize() (summary string, err error) {
	request := t.request()
	request.Instructions = prompt.Compact
	request.Tools = nil
	request.Input = append(request.Input, userMessage(prompt.CompactRequest))
	err = t.insist(func() (err error) {
		summary, err = t.askFor(request)
		return err
	})
	return summary, err
}

// askFor sends a request and returns the last text of the answer.
func (t *turn) askFor(request model.Request) (string, error) {
	text := ""
	for event, err := range t.c.options.Model.Stream(t.ctx, request) {
		if err != nil {
			return "", err
		}
		switch e := event.(type) {
		case model.ItemDone:
			if m, ok := e.Item.(*mcpprotocol.MessageItem); ok {
				if texts := outputTexts(m); len(texts) > 0 {
					text = texts[len(texts)-1]
				}
			}
		case model.Completed:
			t.count(e.Usage)
		}
	}
	return text, nil
}

// compacted is a history summed up: the beginning of the conversation, then
// what the user had asked and the summary.
func compacted(h history, initial []mcpprotocol.ResponseItem, summary string) history {
	var asked []string
	for _, item := range h.items {
		m, ok := item.(*mcpprotocol.MessageItem)
		if !ok || m.Role != "user" {
			continue
		}
		for _, c := range m.Content {
			if text, ok := c.(*mcpprotocol.InputTextContent); ok && kindOf(text.Text) == mcpprotocol.InputMessageKindPlain {
				asked = append(asked, text.Text)
			}
		}
	}
	said := strings.Join(asked, "\n\n")
	if said == "" {
		said = prompt.NoRequests
	}
	var out history
	out.add(initial...)
	out.add(userMessage(fmt.Sprintf(prompt.Bridge, said, summary)))
	return out
}
