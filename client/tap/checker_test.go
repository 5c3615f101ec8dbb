package tap

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	opening = `c {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}
s {"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}}
c {"jsonrpc":"2.0","method":"notifications/initialized"}
`
	stateless = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"}}`
)

// notes checks a conversation: c and s say who sends a line.
func notes(t *testing.T, conversation string) []Note {
	t.Helper()
	c := NewChecker()
	c.Known = func(from Side, method string) bool { return from == Client && method == "newConversation" }
	at := time.Unix(0, 0)
	var all []Note
	for line := range strings.Lines(conversation) {
		from, text := Server, strings.TrimSuffix(line[2:], "\n")
		if line[0] == 'c' {
			from = Client
		}
		at = at.Add(time.Millisecond)
		all = append(all, c.Message(from, []byte(text), at))
	}
	return all
}

func TestFaultsAreFound(t *testing.T) {
	tests := []struct{ name, conversation, want string }{
		{"nothing", opening + `c {"jsonrpc":"2.0","id":2,"method":"tools/list"}
s {"jsonrpc":"2.0","id":2,"result":{"tools":[]}}`, ""},
		{"own methods", opening + `c {"jsonrpc":"2.0","id":2,"method":"newConversation","params":{}}`, ""},
		{"not JSON", opening + `s INFO started`, "want a value at byte 0"},
		{"member twice", opening + `s {"jsonrpc":"2.0","jsonrpc":"2.0","method":"ping","id":4}`, `duplicate member "jsonrpc"`},
		{"array", opening + `s []`, "a batch, which only revision 2025-03-26 has"},
		{"no version", opening + `s {"id":9,"method":"ping"}`, "jsonrpc: missing"},
		{"wrong version", opening + `s {"jsonrpc":2.0,"id":9,"method":"ping"}`, `jsonrpc: want "2.0", got 2.0`},
		{"null id", opening + `c {"jsonrpc":"2.0","id":null,"method":"ping"}`, "id: want a string or an integer, got null"},
		{"id again", opening + `c {"jsonrpc":"2.0","id":1,"method":"ping"}`, "id: 1 was used before"},
		{"before the handshake", `c {"jsonrpc":"2.0","id":1,"method":"tools/list"}`, "a request before initialize was answered"},
		{"no such request", opening + `s {"jsonrpc":"2.0","id":"2","result":{}}`, `id: there is no request "2"`},
		{"answered twice", opening + `s {"jsonrpc":"2.0","id":1,"result":{}}`, "id: 1 was answered before"},
		{"both", opening + `c {"jsonrpc":"2.0","id":2,"method":"ping"}
s {"jsonrpc":"2.0","id":2,"result":{},"error":{"code":1,"message":"x"}}`, "both result and error"},
		{"nothing said", opening + `s {"jsonrpc":"2.0"}`, "neither method, result nor error"},
		{"bad error", opening + `c {"jsonrpc":"2.0","id":2,"method":"ping"}
s {"jsonrpc":"2.0","id":2,"error":{"code":"1"}}`, `error.code: want an integer, got "1"; error.message: missing`},
		{"params missing", opening + `c {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"arguments":{}}}`, "params.name: missing"},
		{"params of another type", opening + `c {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":5}}`, "params.name: want string, got number"},
		{"result of another type", opening + `c {"jsonrpc":"2.0","id":2,"method":"tools/list"}
s {"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"a","inputSchema":{"type":"array"}}]}}`, `result.tools[0].inputSchema.type: want "object", got "array"`},
		{"content without text", opening + `c {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"a"}}
s {"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text"}]}}`, `result.content[0].text: missing`},
		{"request without id", opening + `c {"jsonrpc":"2.0","method":"tools/list"}`, "id: missing, and tools/list is a request"},
		{"unknown revision", `c {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}
s {"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2031-01-01","capabilities":{},"serverInfo":{"name":"s","version":"1"}}}`, `result.protocolVersion: there is no revision "2031-01-01"`},
		{"cancelled nothing", opening + `c {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}`, "params.requestId: there is no request 7"},
		{"cancelled and answered", opening + `c {"jsonrpc":"2.0","id":2,"method":"ping"}
c {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}
s {"jsonrpc":"2.0","id":2,"result":{}}`, ""},
		{"notification with an id", opening + `s {"jsonrpc":"2.0","id":4,"method":"notifications/tools/list_changed"}`, "id: notifications/tools/list_changed is a notification, which has none"},
		{"unknown method", opening + `c {"jsonrpc":"2.0","id":2,"method":"tools/run","params":{}}`, `method: revision 2025-06-18 has no "tools/run"`},
		{"method of the other side", opening + `s {"jsonrpc":"2.0","id":2,"method":"ping"}
c {"jsonrpc":"2.0","id":2,"result":{}}
s {"jsonrpc":"2.0","id":3,"method":"tools/list"}`, "method: a server does not send tools/list in revision 2025-06-18"},
		{"method of a later revision", opening + `c {"jsonrpc":"2.0","id":2,"method":"tasks/list"}`, `method: revision 2025-06-18 has no "tasks/list"`},
		{"capability of the server", opening + `c {"jsonrpc":"2.0","id":2,"method":"resources/subscribe","params":{"uri":"a://b"}}`, "the server did not declare the capability resources.subscribe"},
		{"capability of the client", opening + `s {"jsonrpc":"2.0","id":2,"method":"roots/list"}`, "the client did not declare the capability roots"},
		{"changes that were not announced", opening + `s {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`, "the server did not declare the capability tools.listChanged"},
		{"server before the handshake", `s {"jsonrpc":"2.0","id":1,"method":"roots/list"}`, "a request before initialize was answered"},
		{"server before initialized", strings.Join(strings.SplitAfter(opening, "\n")[:2], "") + `s {"jsonrpc":"2.0","id":1,"method":"roots/list"}`, "a request before notifications/initialized"},
		{"initialized before the answer", `c {"jsonrpc":"2.0","method":"notifications/initialized"}`, "notifications/initialized before initialize was answered"},
		{"initialize again", opening + strings.Replace(strings.SplitN(opening, "\n", 2)[0], `"id":1`, `"id":2`, 1), "initialize comes again"},
		{"revision nobody has", strings.Replace(strings.SplitN(opening, "\n", 2)[0], "2025-06-18", "2025-06-19", 1), `params.protocolVersion: there is no revision "2025-06-19"`},
		{"revision without a handshake", strings.SplitN(opening, "\n", 2)[0] + "\n" + strings.Replace(strings.Split(opening, "\n")[1], "2025-06-18", "2026-07-28", 1), "revision 2026-07-28 has no handshake"},
		{"another revision than was agreed on", opening + `c {"jsonrpc":"2.0","id":2,"method":"tools/list","params":{` + stateless + `}}`, `"2026-07-28", but "2025-06-18" was agreed on`},
		{"handshake after a question that old servers do not know", `c {"jsonrpc":"2.0","id":7,"method":"server/discover","params":{` + stateless + `}}
s {"jsonrpc":"2.0","id":7,"error":{"code":-32601,"message":"unknown"}}
` + opening + `c {"jsonrpc":"2.0","id":2,"method":"ping"}`, ""},
		{"handshake in a stateless conversation", `c {"jsonrpc":"2.0","id":1,"method":"tools/list","params":{` + stateless + `}}
s {"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","tools":[],"ttlMs":0,"cacheScope":"private"}}
` + strings.Replace(strings.SplitN(opening, "\n", 2)[0], `"id":1`, `"id":2`, 1), "initialize in a conversation of revision 2026-07-28"},
		{"initialize cancelled", strings.SplitN(opening, "\n", 2)[0] + `
c {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`, "initialize must not be cancelled"},
		{"progress of nothing", opening + `s {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"t","progress":1}}`, `no request that waits for an answer has the token "t"`},
		{"progress goes back", opening + `c {"jsonrpc":"2.0","id":2,"method":"tools/list","params":{"_meta":{"progressToken":"t"}}}
s {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"t","progress":2}}
s {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"t","progress":2}}`, "params.progress: want more than 2"},
		{"result of another method", opening + `c {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"a"}}
s {"jsonrpc":"2.0","id":2,"result":{"tools":[]}}`, "result.content: missing"},
		{"id of another type", opening + `c {"jsonrpc":"2.0","id":2,"method":"ping"}
s {"jsonrpc":"2.0","id":"2","result":{}}`, `id: there is no request "2"`},
		{"answer without an id", opening + `s {"jsonrpc":"2.0","result":{}}`, "id: missing"},
		{"question and answer in one", opening + `c {"jsonrpc":"2.0","id":2,"method":"ping","result":{}}`, "both a method and an answer"},
		{"fault in a batch", strings.ReplaceAll(opening, "2025-06-18", "2025-03-26") + `c [{"jsonrpc":"2.0","id":2,"method":"ping"},{"jsonrpc":"1.0","id":3,"method":"ping"}]`, `[1] jsonrpc: want "2.0", got "1.0"`},
		{"invalid UTF-8", "s {\"a\":\"\xff\"}", "UTF-8"},
		{"duplicate member", `s {"jsonrpc":"2.0","id":1,"id":2}`, "duplicate"},
		{"stateless", `c {"jsonrpc":"2.0","id":1,"method":"tools/list","params":{` + stateless + `}}
s {"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","tools":[],"ttlMs":0,"cacheScope":"private"}}`, ""},
		{"stateless without a type", `c {"jsonrpc":"2.0","id":1,"method":"tools/list","params":{` + stateless + `}}
s {"jsonrpc":"2.0","id":1,"result":{"tools":[],"ttlMs":0,"cacheScope":"private"}}`, "result.resultType: missing"},
		{"input required", `c {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a",` + stateless + `}}
s {"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","requestState":5}}`, "result.requestState: want string, got number"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all := notes(t, tt.conversation)
			last := all[len(all)-1]
			for _, n := range all[:len(all)-1] {
				require.Empty(t, n.Faults, n.Method)
			}
			if got := strings.Join(last.Faults, "; "); tt.want == "" || !strings.Contains(got, tt.want) {
				require.Equal(t, tt.want, got)
			}
		})
	}
}

func TestRemarks(t *testing.T) {
	all := notes(t, strings.Replace(opening, "2025-06-18", "2025-11-25", 1))
	require.Empty(t, all[1].Faults)
	require.Equal(t, []string{"the client asked for revision 2025-11-25, the server wants 2025-06-18"}, all[1].Remarks)
}

func TestNotes(t *testing.T) {
	all := notes(t, opening+`c {"jsonrpc":"2.0","id":"x","method":"tools/call","params":{"name":"a"}}
s {"jsonrpc":"2.0","id":"x","result":{"content":[],"isError":true}}`)
	require.Equal(t, "CallToolRequest", all[3].Type)
	answer := all[4]
	require.Equal(t, "CallToolResult", answer.Type)
	require.Equal(t, "tools/call", answer.Method)
	require.Equal(t, time.Millisecond, answer.Latency)
	require.True(t, answer.Failed)
}

func TestAllRevisionsHaveRules(t *testing.T) {
	for _, revision := range []string{"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"} {
		r, err := loadRules(revision)
		require.NoError(t, err)
		for name := range r.types {
			_, err := r.compile(name)
			require.NoError(t, err, name)
		}
	}
}
