package scripted

import (
	"encoding/json"
	"fmt"
	"strings"
)

type object = map[string]any

// chatData is a reply as the chat completions API streams it.
func (r Reply) chatData(serial int) ([]string, error) {
	var b builder
	id := fmt.Sprintf("chatcmpl-%d", serial)
	chunk := func(delta object, finish any) {
		b.add(object{"id": id, "object": "chat.completion.chunk", "created": 1, "model": "scripted",
			"choices": []object{{"index": 0, "delta": delta, "finish_reason": finish}}})
	}
	for _, piece := range append(append([]string(nil), r.Reasoning...), r.RawReasoning...) {
		chunk(object{"role": "assistant", "reasoning": piece}, nil)
	}
	for _, piece := range r.Text {
		chunk(object{"role": "assistant", "content": piece}, nil)
	}
	for i, call := range r.Calls {
		// In two halves, for a client must be able to put them together.
		half := len(call.Arguments) / 2
		chunk(object{"role": "assistant", "content": nil, "tool_calls": []object{{
			"index": i, "id": call.ID, "type": "function",
			"function": object{"name": call.Name, "arguments": call.Arguments[:half]},
		}}}, nil)
		chunk(object{"tool_calls": []object{{
			"index": i, "function": object{"arguments": call.Arguments[half:]},
		}}}, nil)
	}
	switch r.End {
	case EndComplete, EndOpen, EndCutOff:
		finish := "stop"
		switch {
		case r.End == EndCutOff && r.Code != "":
			finish = r.Code
		case r.End == EndCutOff:
			finish = "length"
		case len(r.Calls) > 0:
			finish = "tool_calls"
		}
		chunk(object{}, finish)
		if u := r.Usage; u != nil {
			b.add(object{"id": id, "object": "chat.completion.chunk", "choices": []object{}, "usage": object{
				"prompt_tokens": u.Input, "completion_tokens": u.Output, "total_tokens": u.Input + u.Output,
				"prompt_tokens_details":     object{"cached_tokens": u.CachedInput},
				"completion_tokens_details": object{"reasoning_tokens": u.ReasoningOutput},
			}})
		}
		b.data = append(b.data, "[DONE]")
	case EndFailed:
		b.add(object{"error": object{"code": r.Code, "message": r.Message}})
	case EndSilent, EndDrop, EndRefuse, EndHang:
	}
	return b.data, b.err
}

// responsesData is a reply as the responses API streams it.
func (r Reply) responsesData(serial int) ([]string, error) {
	var b builder
	id := fmt.Sprintf("resp_%d", serial)
	event := func(kind string, members object) {
		members["type"] = kind
		b.add(members)
	}
	event("response.created", object{"response": object{"id": id}})
	if len(r.Reasoning)+len(r.RawReasoning) > 0 || r.EncryptedReasoning != "" {
		r.responsesReasoning(fmt.Sprintf("rs_%d", serial), event)
	}
	if len(r.Text) > 0 {
		item := fmt.Sprintf("msg_%d", serial)
		for _, piece := range r.Text {
			event("response.output_text.delta", object{"item_id": item, "output_index": 1, "content_index": 0, "delta": piece})
		}
		event("response.output_item.done", object{"output_index": 1, "item": object{
			"type": "message", "id": item, "role": "assistant", "status": "completed",
			"content": []object{{"type": "output_text", "text": strings.Join(r.Text, ""), "annotations": []object{}}},
		}})
	}
	for i, call := range r.Calls {
		event("response.output_item.done", object{"output_index": 2 + i, "item": object{
			"type": "function_call", "id": fmt.Sprintf("fc_%d_%d", serial, i), "status": "completed",
			"call_id": call.ID, "name": call.Name, "arguments": call.Arguments,
		}})
	}
	for i, item := range r.Items {
		event("response.output_item.done", object{"output_index": 2 + len(r.Calls) + i, "item": item})
	}
	response := object{"id": id}
	if u := r.Usage; u != nil {
		response["usage"] = object{
			"input_tokens": u.Input, "output_tokens": u.Output, "total_tokens": u.Input + u.Output,
			"input_tokens_details":  object{"cached_tokens": u.CachedInput},
			"output_tokens_details": object{"reasoning_tokens": u.ReasoningOutput},
		}
	}
	switch r.End {
	case EndComplete, EndOpen:
		event("response.completed", object{"response": response})
	case EndFailed:
		response["error"] = object{"code": r.Code, "message": r.Message}
		event("response.failed", object{"response": response})
	case EndCutOff:
		reason := r.Code
		if reason == "" {
			reason = "max_output_tokens"
		}
		response["incomplete_details"] = object{"reason": reason}
		event("response.incomplete", object{"response": response})
	case EndSilent, EndDrop, EndRefuse, EndHang:
	}
	return b.data, b.err
}

func (r Reply) responsesReasoning(id string, event func(string, object)) {
	summary := []object{}
	for i, section := range r.Reasoning {
		event("response.reasoning_summary_part.added", object{"item_id": id, "output_index": 0, "summary_index": i})
		event("response.reasoning_summary_text.delta",
			object{"item_id": id, "output_index": 0, "summary_index": i, "delta": section})
		summary = append(summary, object{"type": "summary_text", "text": section})
	}
	for _, piece := range r.RawReasoning {
		event("response.reasoning_text.delta", object{"item_id": id, "output_index": 0, "content_index": 0, "delta": piece})
	}
	item := object{"type": "reasoning", "id": id, "summary": summary}
	if len(r.RawReasoning) > 0 {
		item["content"] = []object{{"type": "reasoning_text", "text": strings.Join(r.RawReasoning, "")}}
	}
	if r.EncryptedReasoning != "" {
		item["encrypted_content"] = r.EncryptedReasoning
	}
	event("response.output_item.done", object{"output_index": 0, "item": item})
}

type builder struct {
	data []string
	err  error
}

func (b *builder) add(value object) {
	text, err := json.Marshal(value)
	if err != nil && b.err == nil {
		b.err = fmt.Errorf("render a scripted reply: %w", err)
	}
	b.data = append(b.data, string(text))
}
