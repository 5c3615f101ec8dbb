package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
)

// A message is one of the corpus: what kind it is decides which types it is
// decoded to.
type message struct {
	name string
	kind kind
	text []byte
}

type kind int

const (
	ping kind = iota
	progress
	initializeRequest
	initializeResult
	callRequest
	callResult
	listResult
)

type object = map[string]any

// corpus makes the messages. Nothing in them is random.
func corpus() ([]message, error) {
	words := strings.Repeat("the quick brown fox jumps over the lazy dog ", 5000)
	escapes := strings.Repeat("line \"one\"\n\tc:\\path\\to\\файл — “日本語” 😀\r\n", 400)
	image := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("0123456789abcdef", 49152)))
	response := func(result object) object { return object{"jsonrpc": "2.0", "id": 7, "result": result} }
	texts := func(text string) object {
		return response(object{"content": []object{{"type": "text", "text": text}}})
	}
	var tools []object
	for i := range 100 {
		tools = append(tools, object{
			"name": fmt.Sprintf("tool_%03d", i), "title": fmt.Sprintf("Tool %d", i),
			"description": "Does one thing, and does it well enough that somebody wrote two sentences about it. This is the second one.",
			"inputSchema": object{"type": "object", "additionalProperties": false, "required": []string{"path", "mode"}, "properties": object{
				"path":    object{"type": "string", "description": "Where to look, absolute or from the root.", "minLength": 1},
				"mode":    object{"type": "string", "enum": []string{"read", "write", "append"}, "description": "How to open it."},
				"limit":   object{"type": "integer", "minimum": 0, "maximum": 1000, "default": 100},
				"filters": object{"type": "array", "items": object{"type": "object", "properties": object{"key": object{"type": "string"}, "value": object{"type": "string"}}}},
			}},
			"annotations": object{"readOnlyHint": i%2 == 0, "idempotentHint": true},
		})
	}
	all := []struct {
		name string
		kind kind
		body any
	}{
		{"ping", ping, object{"jsonrpc": "2.0", "id": 1, "method": "ping"}},
		{"progress", progress, object{"jsonrpc": "2.0", "method": "notifications/progress", "params": object{"progressToken": "token-1", "progress": 0.25, "total": 1, "message": "a quarter of it"}}},
		{"initialize request", initializeRequest, object{"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": object{"protocolVersion": "2025-06-18", "capabilities": object{"roots": object{"listChanged": true}, "sampling": object{}}, "clientInfo": object{"name": "bench", "title": "Benchmark", "version": "1.0.0"}}}},
		{"initialize result", initializeResult, response(object{"protocolVersion": "2025-06-18", "capabilities": object{"logging": object{}, "prompts": object{"listChanged": true}, "resources": object{"subscribe": true, "listChanged": true}, "tools": object{"listChanged": true}}, "serverInfo": object{"name": "server", "title": "A server", "version": "2.1.0"}, "instructions": "Ask the tools before you guess."})},
		{"tools/call 200 B", callRequest, object{"jsonrpc": "2.0", "id": 42, "method": "tools/call", "params": object{"name": "search_files", "arguments": object{"query": "func main", "path": "/src/project", "limit": 20, "caseSensitive": true, "exclude": []string{"vendor", "node_modules"}}}}},
		{"result 200 B", callResult, texts("Found 3 matches in 2 files. The first is in cmd/main.go at line 12, the others in internal/run.go at lines 40 and 96.")},
		{"all five content kinds", callResult, response(object{"content": []object{
			{"type": "text", "text": "A line of text.", "annotations": object{"audience": []string{"user"}, "priority": 0.5}},
			{"type": "image", "data": "iVBORw0KGgoAAAANSUhEUgAAAAE=", "mimeType": "image/png"},
			{"type": "audio", "data": "UklGRiQAAABXQVZFZm10IBAAAAA=", "mimeType": "audio/wav"},
			{"type": "resource_link", "uri": "file:///a/b.txt", "name": "b.txt", "mimeType": "text/plain", "size": 1234},
			{"type": "resource", "resource": object{"uri": "file:///c.txt", "mimeType": "text/plain", "text": "what c says"}},
		}, "structuredContent": object{"matches": 3, "files": []string{"a", "b"}}, "isError": false})},
		{"tools/list of 100", listResult, response(object{"tools": tools})},
		{"text 64 KB", callResult, texts(words[:64<<10])},
		{"image 1 MiB", callResult, response(object{"content": []object{{"type": "image", "data": image, "mimeType": "image/png"}}})},
		{"escape-heavy 16 KB", callResult, texts(escapes[:16<<10-4])},
	}
	var out []message
	for _, m := range all {
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(m.body); err != nil {
			return nil, err
		}
		out = append(out, message{m.name, m.kind, []byte(strings.TrimSpace(b.String()))})
	}
	return out, nil
}
