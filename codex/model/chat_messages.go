package model

import (
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/param"

	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/wire"
)

// chatMessages tells a settled conversation in the chat API's terms. A message of the assistant and
// the calls behind it are one message there, as they came from the model, and the outputs of all
// its calls follow at once, wherever they were recorded.
func chatMessages(instructions string, input []mcpprotocol.ResponseItem) []openai.ChatCompletionMessageParamUnion {
	c := chatHistory{
		input:    input,
		outputs:  pairOutputs(input),
		thoughts: attachReasoning(input),
		told:     map[int]bool{},
		messages: []openai.ChatCompletionMessageParamUnion{openai.SystemMessage(instructions)},
	}
	for i := 0; i < len(input); {
		switch x := input[i].(type) {
		case *mcpprotocol.MessageItem:
			if x.Role == "assistant" {
				i = c.assistant(i)
				continue
			}
			c.messages = append(c.messages, otherMessage(x))
		case *mcpprotocol.FunctionCallItem, *mcpprotocol.CustomToolCallItem, *mcpprotocol.LocalShellCallItem:
			i = c.assistant(i)
			continue
		case *mcpprotocol.FunctionCallOutputItem, *mcpprotocol.CustomToolCallOutputItem:
			c.output(i)
		}
		i++
	}
	return c.messages
}

type chatHistory struct {
	input    []mcpprotocol.ResponseItem
	outputs  map[int]int    // of calls
	thoughts map[int]string // by the item that shows them
	told     map[int]bool   // outputs that stand in messages already
	messages []openai.ChatCompletionMessageParamUnion
}

// assistant adds what the model said from item i on, as one message, with the outputs of its calls.
// It returns the item behind.
func (c *chatHistory) assistant(i int) int {
	message := openai.ChatCompletionAssistantMessageParam{
		Content: param.NullStruct[openai.ChatCompletionAssistantMessageParamContentUnion](),
	}
	var reasoning strings.Builder
	var calls []int
	if x, ok := c.input[i].(*mcpprotocol.MessageItem); ok {
		message.Content = openai.ChatCompletionAssistantMessageParamContentUnion{
			OfString: openai.String(textOf(x.Content)),
		}
		reasoning.WriteString(c.thoughts[i])
		i++
	}
	for ; i < len(c.input); i++ {
		if _, ok := c.input[i].(*mcpprotocol.ReasoningItem); ok {
			continue
		}
		if !isCall(c.input[i]) {
			break
		}
		message.ToolCalls = append(message.ToolCalls, chatCall(c.input[i]))
		calls = append(calls, i)
		reasoning.WriteString(c.thoughts[i])
	}
	if reasoning.Len() > 0 {
		message.SetExtraFields(map[string]any{"reasoning": reasoning.String()})
	}
	c.messages = append(c.messages, openai.ChatCompletionMessageParamUnion{OfAssistant: &message})
	for _, call := range calls {
		if output, ok := c.outputs[call]; ok {
			c.output(output)
		}
	}
	return i
}

// output adds the output of a call, once.
func (c *chatHistory) output(i int) {
	if c.told[i] {
		return
	}
	c.told[i] = true
	switch x := c.input[i].(type) {
	case *mcpprotocol.FunctionCallOutputItem:
		c.messages = append(c.messages, openai.ToolMessage(x.Output, x.CallID))
	case *mcpprotocol.CustomToolCallOutputItem:
		c.messages = append(c.messages, openai.ToolMessage(x.Output, x.CallID))
	}
}

// chatCall is a call as the chat API has it. A call of the built-in shell, which that API lacks, is
// told as one of the function of the same purpose.
func chatCall(item mcpprotocol.ResponseItem) openai.ChatCompletionMessageToolCallUnionParam {
	id, _ := callID(item)
	name, arguments := "", ""
	switch x := item.(type) {
	case *mcpprotocol.FunctionCallItem:
		name, arguments = x.Name, x.Arguments
	case *mcpprotocol.LocalShellCallItem:
		name, arguments = "shell", shellArguments(x.Action)
	case *mcpprotocol.CustomToolCallItem:
		return openai.ChatCompletionMessageToolCallUnionParam{
			OfCustom: &openai.ChatCompletionMessageCustomToolCallParam{
				ID:     id,
				Custom: openai.ChatCompletionMessageCustomToolCallCustomParam{Name: x.Name, Input: x.Input},
			},
		}
	}
	return openai.ChatCompletionMessageToolCallUnionParam{
		OfFunction: &openai.ChatCompletionMessageFunctionToolCallParam{
			ID:       id,
			Function: openai.ChatCompletionMessageFunctionToolCallFunctionParam{Name: name, Arguments: arguments},
		},
	}
}

// otherMessage is a message of anybody but the assistant. Only one with images is told in parts, for
// that is what every server understands.
func otherMessage(x *mcpprotocol.MessageItem) openai.ChatCompletionMessageParamUnion {
	text := textOf(x.Content)
	switch x.Role {
	case "system":
		return openai.SystemMessage(text)
	case "developer":
		return openai.DeveloperMessage(text)
	}
	var parts []openai.ChatCompletionContentPartUnionParam
	images := false
	for _, part := range x.Content {
		switch p := part.(type) {
		case *mcpprotocol.InputTextContent:
			parts = append(parts, openai.TextContentPart(p.Text))
		case *mcpprotocol.OutputTextContent:
			parts = append(parts, openai.TextContentPart(p.Text))
		case *mcpprotocol.InputImageContent:
			images = true
			parts = append(parts, openai.ImageContentPart(
				openai.ChatCompletionContentPartImageImageURLParam{URL: p.ImageURL}))
		}
	}
	if images {
		return openai.UserMessage(parts)
	}
	return openai.UserMessage(text)
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
