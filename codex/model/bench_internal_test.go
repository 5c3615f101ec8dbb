package model

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// A long conversation: what encoding costs for each request of a turn.
func BenchmarkRequestBody(b *testing.B) {
	request := Request{ConversationID: "c", Model: "m", Instructions: strings.Repeat("Be brief. ", 1000)}
	for i := range 200 {
		id := fmt.Sprintf("call_%d", i)
		request.Input = append(request.Input,
			&mcpprotocol.MessageItem{Role: "user", Content: []mcpprotocol.ContentItem{&mcpprotocol.InputTextContent{Text: "go on"}}},
			functionCall(id, "shell", `{"command":["cat","file.go"]}`),
			&mcpprotocol.FunctionCallOutputItem{CallID: id, Output: strings.Repeat("func main() {\n\t<\"x\">\n}\n", 100)},
			assistantMessage("There it is."))
	}
	b.Run("chat", func(b *testing.B) {
		for b.Loop() {
			body, err := chatBody(request)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(body)))
		}
	})
	b.Run("responses", func(b *testing.B) {
		for b.Loop() {
			body, err := responsesBody(request, false)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(body)))
		}
	})
}

// A long answer in small pieces.
func BenchmarkAnswer(b *testing.B) {
	read := func(stream string, read func(*answer) error) func(*testing.B) {
		return func(b *testing.B) {
			b.SetBytes(int64(len(stream)))
			for b.Loop() {
				a := newAnswer(b.Context(), DefaultStreamIdleTimeout)
				a.read(io.NopCloser(strings.NewReader(stream)), "")
				if err := read(a); err != nil {
					b.Fatal(err)
				}
				a.close()
			}
		}
	}
	all := func(Event) bool { return true }
	b.Run("chat", read(strings.Repeat(`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"word "},"finish_reason":null}]}`+"\n\n", 1000)+
		"data: [DONE]\n\n", func(a *answer) error { return readChat(a, false, all) }))
	b.Run("responses", read(strings.Repeat(`data: {"type":"response.output_text.delta","item_id":"msg_1","output_index":1,"content_index":0,"delta":"word "}`+"\n\n", 1000)+
		`data: {"type":"response.completed","response":{"id":"r"}}`+"\n\n", func(a *answer) error { return readResponses(a, false, false, all) }))
}
