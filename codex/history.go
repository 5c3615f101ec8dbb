package codex

import (
	"slices"
	"strings"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// history is what the model is sent, item by item. Only the goroutine that
// runs the conversation's turn touches it.
type history struct{ items []mcpprotocol.ResponseItem }

func (h *history) add(items ...mcpprotocol.ResponseItem) {
	for _, item := range items {
		if keep(item) {
			h.items = append(h.items, item)
		}
	}
}

// snapshot is the history as one request sends it.
func (h *history) snapshot() []mcpprotocol.ResponseItem { return slices.Clone(h.items) }

// keep reports whether an item belongs into the history: system messages,
// searches and items of unknown kinds do not.
func keep(item mcpprotocol.ResponseItem) bool {
	switch i := item.(type) {
	case *mcpprotocol.MessageItem:
		return i.Role != "system"
	case *mcpprotocol.ReasoningItem, *mcpprotocol.FunctionCallItem, *mcpprotocol.FunctionCallOutputItem,
		*mcpprotocol.CustomToolCallItem, *mcpprotocol.CustomToolCallOutputItem, *mcpprotocol.LocalShellCallItem:
		return true
	}
	return false
}

// userMessage is a message of the user with one text.
func userMessage(text string) *mcpprotocol.MessageItem {
	return &mcpprotocol.MessageItem{Role: "user", Content: []mcpprotocol.ContentItem{&mcpprotocol.InputTextContent{Text: text}}}
}

// outputTexts are the texts of an assistant's message.
func outputTexts(m *mcpprotocol.MessageItem) []string {
	var texts []string
	if m.Role != "assistant" {
		return nil
	}
	for _, c := range m.Content {
		if text, ok := c.(*mcpprotocol.OutputTextContent); ok {
			texts = append(texts, text.Text)
		}
	}
	return texts
}

// kindOf tells what the engine itself put into the conversation from what the
// user said.
func kindOf(text string) mcpprotocol.InputMessageKind {
	text = strings.TrimSpace(text)
	switch {
	case strings.HasPrefix(text, environmentOpen):
		return mcpprotocol.InputMessageKindEnvironmentContext
	case strings.HasPrefix(text, instructionsOpen):
		return mcpprotocol.InputMessageKindUserInstructions
	}
	return mcpprotocol.InputMessageKindPlain
}
