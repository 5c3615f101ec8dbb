package model

import (
	"encoding/json"
	"errors"
	"io"

	"github.com/openai/openai-go/v3/responses"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// fatalCodes are failures that another attempt does not mend.
var fatalCodes = map[string]bool{
	"context_length_exceeded": true,
	"insufficient_quota":      true,
	"invalid_prompt":          true,
	"usage_not_included":      true,
}

// readResponses turns the events of the responses API into ours, until the response is completed,
// has failed or breaks off. Data that is not JSON and events that nobody needs are skipped.
func readResponses(a *answer, rawReasoning, keepIDs bool, emit func(Event) bool) error {
	for {
		data, err := a.next()
		if errors.Is(err, io.EOF) {
			return a.unfinished("response.completed")
		}
		if err != nil {
			return err
		}
		var event responses.ResponseStreamEventUnion
		if json.Unmarshal(data, &event) != nil {
			continue
		}
		var out Event
		switch event.Type {
		case "response.created":
			out = Created{}
		case "response.output_text.delta":
			out = TextDelta{event.Delta}
		case "response.reasoning_summary_text.delta":
			out = ReasoningDelta{event.Delta}
		case "response.reasoning_text.delta":
			if rawReasoning {
				out = RawReasoningDelta{event.Delta}
			}
		case "response.reasoning_summary_part.added":
			out = ReasoningSectionBreak{}
		case "response.output_item.added":
			if event.Item.Type == "web_search_call" {
				out = WebSearchStarted{event.Item.ID}
			}
		case "response.output_item.done":
			if item, ok := decodeItem(event.JSON.Item.Raw(), keepIDs); ok {
				out = ItemDone{item}
			}
		case "response.completed":
			if !emit(Completed{event.Response.ID, responsesUsage(event.Response)}) {
				return errStopped
			}
			a.drain()
			return nil
		case "response.incomplete":
			return &IncompleteError{event.Response.IncompleteDetails.Reason, responsesUsage(event.Response)}
		case "response.failed":
			failure := event.Response.Error
			return failed(string(failure.Code), failure.Message)
		case "error":
			return failed(event.Code, event.Message)
		}
		if out != nil && !emit(out) {
			return errStopped
		}
	}
}

func failed(code, message string) error {
	e := &FailedError{Code: code, Message: message, fatal: fatalCodes[code]}
	if code == "rate_limit_exceeded" {
		e.Delay = hintedDelay(message)
	}
	return e
}

func responsesUsage(response responses.Response) *mcpprotocol.TokenUsage {
	if !response.JSON.Usage.Valid() {
		return nil
	}
	usage := response.Usage
	return &mcpprotocol.TokenUsage{
		InputTokens:           usage.InputTokens,
		CachedInputTokens:     usage.InputTokensDetails.CachedTokens,
		OutputTokens:          usage.OutputTokens,
		ReasoningOutputTokens: usage.OutputTokensDetails.ReasoningTokens,
		TotalTokens:           usage.TotalTokens,
	}
}
