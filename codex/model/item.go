package model

import (
	"cmp"
	"slices"

	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/wire"
)

// decodeItem reads an item of an answer and makes it one that can be recorded and sent again: what
// the endpoint added for its own use is taken off, for it refuses to get that back, and members
// that are null for nothing are written as null. Items of an unknown type are for nobody.
func decodeItem(text string, keepID bool) (mcpprotocol.ResponseItem, bool) {
	d := wire.NewDecoder(text)
	item := mcpprotocol.DecodeResponseItem(&d)
	if d.End() != nil {
		return nil, false
	}
	var id *string
	switch x := item.(type) {
	case *mcpprotocol.MessageItem:
		id, x.Extra = &x.ID, wire.Members{}
		x.Content = cleanContent(x.Content)
	case *mcpprotocol.ReasoningItem:
		id, x.Extra = &x.ID, wire.Members{}
		cleanReasoning(x)
	case *mcpprotocol.LocalShellCallItem:
		id, x.Extra = &x.ID, wire.Members{}
		a := &x.Action
		a.Extra = wire.Members{}
		x.CallID = cmp.Or(x.CallID, x.ID) // its output has to name one
		null(&a.Extra, "timeout_ms", a.TimeoutMs == nil)
		null(&a.Extra, "working_directory", a.WorkingDirectory == "")
		null(&a.Extra, "env", a.Env == nil)
		null(&a.Extra, "user", a.User == "")
	case *mcpprotocol.FunctionCallItem:
		id, x.Extra = &x.ID, wire.Members{}
	case *mcpprotocol.CustomToolCallItem:
		id, x.Extra = &x.ID, wire.Members{}
	case *mcpprotocol.WebSearchCallItem:
		return x, true // told to people and forgotten
	default:
		return nil, false
	}
	if !keepID {
		*id = ""
	}
	return item, true
}

func null(extra *wire.Members, name string, absent bool) {
	if absent {
		extra.Set(name, rawNull)
	}
}

var rawNull, _ = wire.ParseRaw([]byte("null"))

// cleanContent drops what is no text and no image: a message is sent again without it. A refusal is
// what the model says, so it becomes text.
func cleanContent(content []mcpprotocol.ContentItem) []mcpprotocol.ContentItem {
	kept := content[:0]
	for _, part := range content {
		switch p := part.(type) {
		case *mcpprotocol.InputTextContent:
			p.Extra = wire.Members{}
		case *mcpprotocol.InputImageContent:
			p.Extra = wire.Members{}
		case *mcpprotocol.OutputTextContent:
			p.Extra = wire.Members{}
		case *mcpprotocol.UnknownContentItem:
			text := str(object(p.Raw.Bytes())["refusal"])
			if text == "" {
				continue
			}
			part = &mcpprotocol.OutputTextContent{Text: text}
		}
		kept = append(kept, part)
	}
	return kept
}

func cleanReasoning(x *mcpprotocol.ReasoningItem) {
	for i := range x.Summary {
		x.Summary[i].Extra = wire.Members{}
	}
	null(&x.Extra, "content", x.Content == nil)
	null(&x.Extra, "encrypted_content", x.EncryptedContent == "")
	x.Content = slices.DeleteFunc(x.Content, func(part mcpprotocol.ReasoningContent) bool {
		switch p := part.(type) {
		case *mcpprotocol.ReasoningText:
			p.Extra = wire.Members{}
		case *mcpprotocol.ReasoningPlainText:
			p.Extra = wire.Members{}
		default:
			return true
		}
		return false
	})
	// Plain text alone is not given back.
	if !slices.ContainsFunc(x.Content, func(part mcpprotocol.ReasoningContent) bool {
		_, ok := part.(*mcpprotocol.ReasoningText)
		return ok
	}) {
		x.Content = nil
	}
}

// assistantMessage, rawReasoning and functionCall are items as the responses API would have given
// them, made from an answer of the chat API.

func assistantMessage(text string) mcpprotocol.ResponseItem {
	return &mcpprotocol.MessageItem{
		Role:    "assistant",
		Content: []mcpprotocol.ContentItem{&mcpprotocol.OutputTextContent{Text: text}},
	}
}

func rawReasoning(text string) mcpprotocol.ResponseItem {
	item := &mcpprotocol.ReasoningItem{
		Summary: []mcpprotocol.ReasoningSummaryText{},
		Content: []mcpprotocol.ReasoningContent{&mcpprotocol.ReasoningText{Text: text}},
	}
	item.Extra.Set("encrypted_content", rawNull)
	return item
}

func functionCall(id, name, arguments string) mcpprotocol.ResponseItem {
	return &mcpprotocol.FunctionCallItem{CallID: id, Name: name, Arguments: arguments}
}
