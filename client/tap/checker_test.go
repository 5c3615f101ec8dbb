package tap

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	opening = `c {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}
s {"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"s","version":"1"}}}
c {"jsonrpc":"2.0","method":"notifications/initialized"}
`
	stateless = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"}}`
)

// notes checks a conversation: c and s say who sends a line.
func notes(t *testing.T, conversation string) []Note {
	t.Helper()
	c := NewChecker()
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
		{"answered twice", opening + `s {"jsonrpc":"2.0","id":1,"result":{}}`, "id: 1 was answered before, or cancelled"},
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
		{"request without id", opening + `c {"jsonrpc":"2.0","method":"tools/list"}`, "tools/list is no notification"},
		{"unknown revision", `c {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}
s {"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2031-01-01","capabilities":{},"serverInfo":{"name":"s","version":"1"}}}`, `result.protocolVersion: there is no revision "2031-01-01"`},
		{"cancelled nothing", opening + `c {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}`, "params.requestId: there is no request 7"},
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
