package mcptypes_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/mcptypes/mcp20241105"
	"github.com/codexmcp/codexmcp/mcptypes/mcp20250326"
	"github.com/codexmcp/codexmcp/mcptypes/mcp20251125"
	"github.com/codexmcp/codexmcp/mcptypes/mcp20260728"
	"github.com/codexmcp/codexmcp/wire"
)

// again decodes text into v and encodes v.
func again(t *testing.T, text string, v wire.Value) string {
	t.Helper()
	require.NoError(t, wire.Unmarshal([]byte(text), v))
	out, err := wire.Append(nil, v)
	require.NoError(t, err)
	return string(out)
}

// TestUserAgent: a Codex server adds user_agent to what it says about itself. Other
// servers do not know the member, clients do not send it, and to other revisions
// it is unknown, which loses nothing. Once it was required, and no other server
// could be talked to.
func TestUserAgent(t *testing.T) {
	const absent = `{"capabilities":{},"protocolVersion":"2025-06-18","serverInfo":{"name":"s","version":"1"}}`
	const present = `{"capabilities":{},"protocolVersion":"2025-06-18","serverInfo":{"name":"codex","user_agent":"codex/0.36.0 (Linux)","version":"1"}}`

	var result mcptypes.InitializeResult
	assert.JSONEq(t, absent, again(t, absent, &result))
	assert.Empty(t, result.ServerInfo.UserAgent)
	assert.JSONEq(t, present, again(t, present, &result))
	assert.Equal(t, "codex/0.36.0 (Linux)", result.ServerInfo.UserAgent)
	assert.Zero(t, result.ServerInfo.Extra.Len())

	sent, err := wire.Append(nil, &mcptypes.InitializeParams{ClientInfo: mcptypes.Implementation{Name: "c", Version: "1"}})
	require.NoError(t, err)
	assert.NotContains(t, string(sent), "user_agent")

	for name, v := range map[string]wire.Value{
		"2024-11-05": new(mcp20241105.Implementation), "2025-03-26": new(mcp20250326.Implementation),
		"2025-11-25": new(mcp20251125.Implementation), "2026-07-28": new(mcp20260728.Implementation),
	} {
		const text = `{"name":"codex","version":"1","user_agent":"codex/0.36.0"}`
		assert.JSONEq(t, text, again(t, text, v), name)
	}
	for _, text := range []string{`{"name":"s","version":"1","userAgent":"a"}`, `{"name":"s","version":"1","User_Agent":"a"}`, `{"name":"s","version":"1","user_agent":""}`, `{"name":"s","version":"1","user_agent":null}`} {
		var i mcptypes.Implementation
		assert.JSONEq(t, text, again(t, text, &i))
		assert.Empty(t, i.UserAgent, text)
	}
}

// TestNumbers: what a typed number cannot hold is an error that names it, and
// whatever it holds is written back digit for digit.
func TestNumbers(t *testing.T) {
	var p mcptypes.ProgressParams
	for _, number := range []string{"9007199254740993", "-0", "1.0", "1e2", "0.1", "123456789.123456789123456789"} {
		text := `{"progress":` + number + `,"progressToken":18446744073709551616}`
		out := again(t, text, &p)
		assert.True(t, number == "1.0" || number == "1e2" || out == text, "%s became %s", text, out)
	}
	err := wire.Unmarshal([]byte(`{"progress":1e400,"progressToken":1}`), &p)
	assert.ErrorContains(t, err, "progress: ")
	var m mcptypes.CreateMessageParams
	err = wire.Unmarshal([]byte(`{"maxTokens":9223372036854775808,"messages":[]}`), &m)
	assert.ErrorContains(t, err, "maxTokens: ")
	err = wire.Unmarshal([]byte(`{"maxTokens":1.5,"messages":[]}`), &m)
	assert.ErrorContains(t, err, "maxTokens: ")
}

// TestErrors: an error names the path and the offence.
func TestErrors(t *testing.T) {
	tests := []struct{ text, want string }{
		{`{"content":[{"type":"text"}]}`, "content[0].text: missing"},
		{`{"content":[{"type":"text","text":1}]}`, "content[0].text: want a string, got the number 1"},
		{`{"content":[{"type":"resource","resource":{"text":"a"}}]}`, "content[0].resource.uri: missing"},
		{`{"content":null}`, "content: want an array, got null"},
		{`{"content":[],"content":[]}`, `duplicate member "content"`},
		{`{"content":[{"type":"text","text":"a","_meta":{"k":1,"k":2}}]}`, `content[0]._meta: duplicate member "k"`},
		{`{"content":[],"structuredContent":{"k":1,"\u006b":2}}`, `structuredContent: duplicate member "k"`},
		{`{}`, "content: missing"},
		{`[]`, "want an object, got an array"},
		{"{\"content\":[{\"type\":\"text\",\"text\":\"\xff\"}]}", "content[0].text: "},
		{`{"content":[{"type":"text","text":"\ud800"}]}`, "content[0].text: "},
	}
	for _, tt := range tests {
		var r mcptypes.CallToolResult
		assert.ErrorContains(t, wire.Unmarshal([]byte(tt.text), &r), tt.want, tt.text)
		assert.Error(t, json.Unmarshal([]byte(tt.text), &r), tt.text)
	}
}

// TestRequiredLists: a required list that is nil is an empty one on the wire.
func TestRequiredLists(t *testing.T) {
	text, err := wire.Append(nil, new(mcptypes.ListToolsResult))
	require.NoError(t, err)
	assert.Equal(t, `{"tools":[]}`, string(text))
}

// TestIncomplete: a value that lacks what its JSON must have is an error, not wrong JSON.
func TestIncomplete(t *testing.T) {
	_, err := wire.Append(nil, &mcptypes.CallToolResult{Content: []mcptypes.ContentBlock{nil}})
	assert.EqualError(t, err, "content[0]: ContentBlock: missing")
	_, err = wire.Append(nil, &mcptypes.Tool{Name: "t"})
	assert.EqualError(t, err, "inputSchema: missing")
	_, err = wire.Append(nil, &mcptypes.Tool{Name: "\xff"})
	assert.Error(t, err)
}

// TestDirections: a method that goes both ways is listed both ways.
func TestDirections(t *testing.T) {
	for _, list := range [][]string{mcptypes.ClientRequests, mcptypes.ServerRequests} {
		assert.Contains(t, list, mcptypes.Ping.Method)
	}
	for _, list := range [][]string{mcptypes.ClientNotifications, mcptypes.ServerNotifications} {
		assert.Contains(t, list, mcptypes.Progress.Method)
		assert.Contains(t, list, mcptypes.Cancelled.Method)
	}
	assert.NotContains(t, mcptypes.ServerRequests, mcptypes.CallTool.Method)
	assert.NotContains(t, mcptypes.ClientRequests, mcptypes.CreateMessage.Method)
}

// TestOutcome: from 2026-07-28 on a call may be answered by a request for input.
func TestOutcome(t *testing.T) {
	var r mcp20260728.CallToolRequestResult
	tests := []struct {
		text string
		want mcp20260728.CallToolOutcome
	}{
		{`{"content":[],"resultType":"complete"}`, &mcp20260728.CallToolResult{}},
		{`{"resultType":"input_required","requestState":"s"}`, &mcp20260728.InputRequiredResult{}},
		{`{"resultType":"postponed","until":1}`, &mcp20260728.UnknownCallToolOutcome{}},
	}
	for _, tt := range tests {
		assert.JSONEq(t, tt.text, again(t, tt.text, &r))
		assert.IsType(t, tt.want, r.CallToolOutcome)
	}
}

// TestEncodingJSON: the codecs hold inside types of one's own too.
func TestEncodingJSON(t *testing.T) {
	const text = `{"Tool":{"inputSchema":{"a":1.0},"name":"t","x":1e400},"ID":18446744073709551616}`
	var own struct {
		Tool mcptypes.Tool
		ID   mcptypes.RequestID
	}
	require.NoError(t, json.Unmarshal([]byte(text), &own))
	out, err := json.Marshal(own)
	require.NoError(t, err)
	assert.Equal(t, text, string(out))
}
