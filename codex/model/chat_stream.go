package model

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/respjson"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

const (
	maxCalls = 128 // tool calls in one answer
	// usageGrace is how long the usage, which comes behind the end of the answer, is waited for.
	usageGrace = 2 * time.Second
)

var errTextTooLarge = fmt.Errorf("a text or the arguments of a call are larger than %d bytes", maxTextBytes)

// A chatAnswer puts the pieces of a chat completion together.
type chatAnswer struct {
	id        string
	text      strings.Builder
	reasoning strings.Builder
	calls     []*chatToolCall
	usage     *mcpprotocol.TokenUsage
}

type chatToolCall struct {
	index     int64
	id, name  string
	arguments strings.Builder
}

// readChat turns the chunks of the chat API into our events. Text and reasoning become whole items,
// and so do all tool calls, in their order. Data that is not JSON is skipped.
func readChat(a *answer, deltas bool, emit func(Event) bool) error {
	var c chatAnswer
	for {
		data, err := a.next()
		if errors.Is(err, io.EOF) {
			return c.ended(a, emit)
		}
		if err != nil {
			return err
		}
		if bytes.Equal(bytes.TrimSpace(data), []byte("[DONE]")) {
			return c.complete(a, "stop", emit)
		}
		var chunk openai.ChatCompletionChunk
		if json.Unmarshal(data, &chunk) != nil {
			continue
		}
		if failure, ok := chunk.JSON.ExtraFields["error"]; ok && failure.Raw() != "null" {
			details := object([]byte(failure.Raw()))
			return failed(str(details["code"]), cmp.Or(str(details["message"]), str([]byte(failure.Raw()))))
		}
		c.id = cmp.Or(c.id, chunk.ID)
		if chunk.JSON.Usage.Valid() {
			c.usage = chatUsage(chunk.Usage)
		}
		for i := range chunk.Choices {
			choice := &chunk.Choices[i]
			if choice.Index != 0 {
				continue
			}
			if err := c.add(choice, deltas, emit); err != nil {
				return err
			}
			if choice.FinishReason != "" {
				return c.complete(a, choice.FinishReason, emit)
			}
		}
	}
}

// add takes in one chunk.
func (c *chatAnswer) add(choice *openai.ChatCompletionChunkChoice, deltas bool, emit func(Event) bool) error {
	reasoning := reasoningDelta(choice.Delta.JSON.ExtraFields["reasoning"])
	if message, ok := choice.JSON.ExtraFields["message"]; ok && reasoning == "" {
		reasoning = reasoningOf(object([]byte(message.Raw()))["reasoning"])
	}
	if reasoning != "" {
		c.reasoning.WriteString(reasoning)
		if deltas && !emit(RawReasoningDelta{reasoning}) {
			return errStopped
		}
	}
	if text := choice.Delta.Content + choice.Delta.Refusal; text != "" {
		c.text.WriteString(text)
		if deltas && !emit(TextDelta{text}) {
			return errStopped
		}
	}
	for _, delta := range choice.Delta.ToolCalls {
		call, err := c.call(delta)
		if err != nil {
			return err
		}
		call.id = cmp.Or(call.id, delta.ID)
		call.name = cmp.Or(call.name, delta.Function.Name)
		call.arguments.WriteString(delta.Function.Arguments)
		if call.arguments.Len() > maxTextBytes {
			return errTextTooLarge
		}
	}
	if c.text.Len() > maxTextBytes || c.reasoning.Len() > maxTextBytes {
		return errTextTooLarge
	}
	return nil
}

// call finds the call that a delta belongs to. The index says which; some servers give all calls
// the same one, and then a new id begins a new call.
func (c *chatAnswer) call(delta openai.ChatCompletionChunkChoiceDeltaToolCall) (*chatToolCall, error) {
	for i := len(c.calls) - 1; i >= 0; i-- {
		call := c.calls[i]
		if call.index != delta.Index {
			continue
		}
		if delta.ID != "" && call.id != "" && delta.ID != call.id && delta.Function.Name != "" {
			break
		}
		return call, nil
	}
	if len(c.calls) == maxCalls {
		return nil, fmt.Errorf("the model made more than %d calls at once", maxCalls)
	}
	call := &chatToolCall{index: delta.Index}
	c.calls = append(c.calls, call)
	return call, nil
}

// ended decides what an answer is worth that just ended, without a reason: text is taken as it is,
// but a call may lack its second half.
func (c *chatAnswer) ended(a *answer, emit func(Event) bool) error {
	if len(c.calls) > 0 || c.text.Len() == 0 {
		return a.unfinished("a finish reason")
	}
	return c.complete(a, "stop", emit)
}

// complete gives out the items and then the end. An answer that was cut off gives its text and then
// an error.
func (c *chatAnswer) complete(a *answer, reason string, emit func(Event) bool) error {
	cutOff := reason == "length" || reason == "content_filter"
	for _, item := range c.items(!cutOff) {
		if !emit(ItemDone{item}) {
			return errStopped
		}
	}
	c.awaitUsage(a)
	if err := a.parent.Err(); err != nil {
		return err
	}
	if cutOff {
		return &IncompleteError{reason, c.usage}
	}
	if !emit(Completed{c.id, c.usage}) {
		return errStopped
	}
	a.drain()
	return nil
}

func (c *chatAnswer) items(withCalls bool) []mcpprotocol.ResponseItem {
	var items []mcpprotocol.ResponseItem
	if c.reasoning.Len() > 0 {
		items = append(items, rawReasoning(c.reasoning.String()))
	}
	if c.text.Len() > 0 {
		items = append(items, assistantMessage(c.text.String()))
	}
	if !withCalls {
		return items
	}
	for _, call := range c.calls {
		id := call.id
		if id == "" {
			id = "call_" + uuid.NewString()
		}
		items = append(items, functionCall(id, call.name, call.arguments.String()))
	}
	return items
}

// awaitUsage reads on behind the end of the answer, for a while: the usage has a chunk of its own.
// The answer is complete whatever becomes of that.
func (c *chatAnswer) awaitUsage(a *answer) {
	a.idle = min(a.idle, usageGrace)
	for range 64 {
		data, err := a.next()
		if err != nil {
			return
		}
		var chunk openai.ChatCompletionChunk
		if json.Unmarshal(data, &chunk) != nil {
			return // the end mark
		}
		if chunk.JSON.Usage.Valid() {
			c.usage = chatUsage(chunk.Usage)
		}
	}
}

func reasoningDelta(field respjson.Field) string { return reasoningOf([]byte(field.Raw())) }

// reasoningOf reads reasoning: a string, or an object with it as text or content.
func reasoningOf(value []byte) string {
	if text := str(value); text != "" {
		return text
	}
	members := object(value)
	return cmp.Or(str(members["text"]), str(members["content"]))
}

func chatUsage(usage openai.CompletionUsage) *mcpprotocol.TokenUsage {
	return &mcpprotocol.TokenUsage{
		InputTokens:           usage.PromptTokens,
		CachedInputTokens:     usage.PromptTokensDetails.CachedTokens,
		OutputTokens:          usage.CompletionTokens,
		ReasoningOutputTokens: usage.CompletionTokensDetails.ReasoningTokens,
		TotalTokens:           usage.TotalTokens,
	}
}
