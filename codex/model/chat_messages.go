package model

import (
	"slices"
	"strings"

	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/wire"
)

// encodeChatMessages writes a settled conversation in the chat API's terms, as the value of the
// member messages. A message of the assistant and the calls behind it are one message there, as they
// came from the model, and the outputs of all its calls follow at once, wherever they were recorded.
func encodeChatMessages(e *wire.Encoder, instructions string, input []mcpprotocol.ResponseItem) {
	c := chatHistory{
		Encoder:  e,
		input:    input,
		outputs:  pairOutputs(input),
		thoughts: attachReasoning(input),
		told:     map[int]bool{},
	}
	e.Array()
	c.message("system", instructions)
	for i := 0; i < len(input); {
		switch x := input[i].(type) {
		case *mcpprotocol.MessageItem:
			if x.Role == "assistant" {
				i = c.assistant(i)
				continue
			}
			c.other(x)
		case *mcpprotocol.FunctionCallItem, *mcpprotocol.CustomToolCallItem, *mcpprotocol.LocalShellCallItem:
			i = c.assistant(i)
			continue
		case *mcpprotocol.FunctionCallOutputItem, *mcpprotocol.CustomToolCallOutputItem:
			c.output(i)
		}
		i++
	}
	e.EndArray()
}

type chatHistory struct {
	*wire.Encoder
	input    []mcpprotocol.ResponseItem
	outputs  map[int]int    // of calls
	thoughts map[int]string // by the item that shows them
	told     map[int]bool   // outputs that are written already
	said     string         // the last text of the assistant
}

func (c *chatHistory) end() { c.EndObject(wire.Members{}, nil) }

func (c *chatHistory) message(role, text string) {
	c.Object()
	c.Const(`"role":`, role)
	c.String(`"content":`, text)
	c.end()
}

// assistant writes what the model said from item i on, as one message, with the outputs of its calls.
// A text like the one before it is not said again. It returns the item behind.
func (c *chatHistory) assistant(i int) int {
	text, reasoning, repeated := "", "", false
	message, speaks := c.input[i].(*mcpprotocol.MessageItem)
	if speaks {
		text, reasoning = textOf(message.Content), c.thoughts[i]
		repeated = text != "" && text == c.said
		c.said = text
		i++
	}
	var calls []int
	for ; i < len(c.input); i++ {
		if _, ok := c.input[i].(*mcpprotocol.ReasoningItem); ok {
			continue
		}
		if !isCall(c.input[i]) {
			break
		}
		calls = append(calls, i)
		reasoning += c.thoughts[i]
	}
	if repeated && len(calls) == 0 {
		return i
	}
	c.Object()
	c.Const(`"role":`, "assistant")
	if speaks && !repeated {
		c.String(`"content":`, text)
	} else {
		c.Key(`"content":`)
		c.Null()
	}
	if len(calls) > 0 {
		c.Key(`"tool_calls":`)
		c.Array()
		for _, call := range calls {
			c.call(c.input[call])
		}
		c.EndArray()
	}
	if reasoning != "" {
		c.String(`"reasoning":`, reasoning)
	}
	c.end()
	for _, call := range calls {
		if output, ok := c.outputs[call]; ok {
			c.output(output)
		}
	}
	return i
}

// call writes a call. One of the built-in shell, which this API lacks, is told as one of the function
// of the same purpose.
func (c *chatHistory) call(item mcpprotocol.ResponseItem) {
	id, _ := callID(item)
	kind, name, key, input := "function", "", `"arguments":`, ""
	switch x := item.(type) {
	case *mcpprotocol.FunctionCallItem:
		name, input = x.Name, x.Arguments
	case *mcpprotocol.LocalShellCallItem:
		name, input = "shell", shellArguments(x.Action)
	case *mcpprotocol.CustomToolCallItem:
		kind, name, key, input = "custom", x.Name, `"input":`, x.Input
	}
	c.Object()
	c.String(`"id":`, id)
	c.Const(`"type":`, kind)
	c.Name(kind)
	c.Object()
	c.String(`"name":`, name)
	c.String(key, input)
	c.end()
	c.end()
}

// output writes the output of a call, once.
func (c *chatHistory) output(i int) {
	if c.told[i] {
		return
	}
	c.told[i] = true
	id, text := "", ""
	switch x := c.input[i].(type) {
	case *mcpprotocol.FunctionCallOutputItem:
		id, text = x.CallID, x.Output
	case *mcpprotocol.CustomToolCallOutputItem:
		id, text = x.CallID, x.Output
	}
	c.Object()
	c.Const(`"role":`, "tool")
	c.String(`"tool_call_id":`, id)
	c.String(`"content":`, text)
	c.end()
}

// other writes a message of anybody but the assistant. Only one with images is told in parts, for
// plain text is what every server understands.
func (c *chatHistory) other(x *mcpprotocol.MessageItem) {
	role := "user"
	if x.Role == "system" || x.Role == "developer" {
		role = x.Role
	}
	if role != "user" || !hasImage(x.Content) {
		c.message(role, textOf(x.Content))
		return
	}
	c.Object()
	c.Const(`"role":`, role)
	c.Key(`"content":`)
	c.Array()
	for _, part := range x.Content {
		c.Object()
		switch p := part.(type) {
		case *mcpprotocol.InputImageContent:
			c.Const(`"type":`, "image_url")
			c.Key(`"image_url":`)
			c.Object()
			c.String(`"url":`, p.ImageURL)
			c.end()
		default:
			c.Const(`"type":`, "text")
			c.String(`"text":`, textOf([]mcpprotocol.ContentItem{p}))
		}
		c.end()
	}
	c.EndArray()
	c.end()
}

func hasImage(content []mcpprotocol.ContentItem) bool {
	return slices.ContainsFunc(content, func(part mcpprotocol.ContentItem) bool {
		_, ok := part.(*mcpprotocol.InputImageContent)
		return ok
	})
}

func textOf(content []mcpprotocol.ContentItem) string {
	var text strings.Builder
	for _, part := range content {
		switch p := part.(type) {
		case *mcpprotocol.InputTextContent:
			text.WriteString(p.Text)
		case *mcpprotocol.OutputTextContent:
			text.WriteString(p.Text)
		}
	}
	return text.String()
}

// attachReasoning says which items show reasoning, and what: that of the current turn only, and
// none when it is the user's turn to have spoken last. Reasoning belongs to the message before it,
// or else to the message or call behind it.
func attachReasoning(input []mcpprotocol.ResponseItem) map[int]string {
	lastUser, lastOther := -1, -1
	for i, item := range input {
		switch x := item.(type) {
		case *mcpprotocol.MessageItem:
			if x.Role == "user" {
				lastUser = i
				continue
			}
			lastOther = i
		case *mcpprotocol.ReasoningItem:
		default:
			lastOther = i
		}
	}
	if lastOther < lastUser {
		return nil
	}
	thoughts := map[int]string{}
	for i := lastUser + 1; i < len(input); i++ {
		x, ok := input[i].(*mcpprotocol.ReasoningItem)
		if !ok {
			continue
		}
		text := reasoningText(x)
		switch {
		case strings.TrimSpace(text) == "":
		case i > 0 && isAssistant(input[i-1]):
			thoughts[i-1] += text
		case i+1 < len(input) && (isAssistant(input[i+1]) || isCall(input[i+1])):
			thoughts[i+1] += text
		}
	}
	return thoughts
}

func shellArguments(action mcpprotocol.LocalShellAction) string {
	arguments := mcpprotocol.ShellToolArguments{
		Command: action.Command, Workdir: action.WorkingDirectory, TimeoutMs: action.TimeoutMs,
	}
	text, err := wire.Append(nil, &arguments)
	if err != nil {
		return "{}" // nothing in it that cannot be encoded
	}
	return string(text)
}

func isAssistant(item mcpprotocol.ResponseItem) bool {
	x, ok := item.(*mcpprotocol.MessageItem)
	return ok && x.Role == "assistant"
}

func isCall(item mcpprotocol.ResponseItem) bool {
	_, ok := callID(item)
	return ok
}

func reasoningText(x *mcpprotocol.ReasoningItem) string {
	var text strings.Builder
	for _, part := range x.Content {
		switch p := part.(type) {
		case *mcpprotocol.ReasoningText:
			text.WriteString(p.Text)
		case *mcpprotocol.ReasoningPlainText:
			text.WriteString(p.Text)
		}
	}
	return text.String()
}
