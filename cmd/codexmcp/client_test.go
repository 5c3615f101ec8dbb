package main

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
)

// smallServer makes this process the server that the client commands are tried on.
const smallServer = "CODEXMCP_TEST_SMALL_SERVER"

func init() {
	if os.Getenv(smallServer) == "" {
		return
	}
	s := server.New(mcptypes.Implementation{Name: "small", Version: "1"}, nil)
	err := server.AddTool(s, mcptypes.Tool{Name: "join", Description: "Joins texts."}, func(_ context.Context, in struct {
		Text  string `json:"text" jsonschema:"description=What is repeated"`
		Times int    `json:"times,omitempty"`
	}) (string, error) {
		if in.Times > 3 {
			return "", jsonrpc.InvalidParamsf("too often")
		}
		return strings.Repeat(in.Text, max(in.Times, 1)), nil
	})
	if err == nil {
		err = s.Serve(context.Background(), server.Stdio())
	}
	if err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

func TestClientCommand(t *testing.T) {
	t.Setenv(smallServer, "1")
	program, err := os.Executable()
	require.NoError(t, err)
	tests := []struct {
		name string
		args []string
		code int
		want []string
	}{
		{"everything", nil, exitDone, []string{"small 1, revision", "Tools (1)", "join  Joins texts.", "text string (required): What is repeated"}},
		{"tools as JSON", []string{"tools", "--json"}, exitDone, []string{`"name": "join"`}},
		{"key=value", []string{"call", "join", "text=12", "times=2"}, exitDone, []string{"1212\n"}},
		{"JSON", []string{"call", "join", `{"text":"a"}`}, exitDone, []string{"a\n"}},
		{"insisting", []string{"--revision", "2025-03-26", "tools"}, exitDone, []string{"revision 2025-03-26"}},
		{"refused", []string{"call", "join", "text=a", "times=4"}, exitFailed, []string{"too often"}},
		{"no pair", []string{"call", "join", "text"}, exitMisuse, []string{`argument "text": want key=value`}},
		{"no verb", []string{"dance"}, exitMisuse, []string{`"dance" is none of`}},
		{"no URI", []string{"read"}, exitMisuse, []string{"read needs an argument"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := runWith(t, "", append(append([]string{"client"}, tt.args...), "--", program)...)
			require.Equal(t, tt.code, got.code, got.err)
			for _, want := range tt.want {
				require.Contains(t, got.out+got.err, want)
			}
		})
	}
	got := runWith(t, "", "client", "tools")
	require.Equal(t, exitMisuse, got.code)
	require.Contains(t, got.err, "want either --url or a command after --")
}

func TestTapCommand(t *testing.T) {
	t.Setenv(smallServer, "1")
	program, err := os.Executable()
	require.NoError(t, err)
	transcript := filepath.Join(t.TempDir(), "talk.jsonl")
	said := `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}
{"jsonrpc":"2.0","method":"notifications/initialized"}
{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"arguments":{}}}
not json
`
	got := runWith(t, said, "tap", "-t", transcript, "--", program)
	require.Equal(t, exitDone, got.code, got.err)
	require.Contains(t, got.err, "client → #2 tools/call CallToolRequest")
	require.Contains(t, got.err, "✗ params.name: missing")
	require.Contains(t, got.err, "server ← #2 tools/call failed")
	require.Contains(t, got.err, "no message not json")
	lines := strings.Split(strings.TrimSpace(got.out), "\n")
	for _, line := range lines {
		require.True(t, json.Valid([]byte(line)), "only what the server says is on stdout")
	}

	got = runWith(t, "", "tap", "--check", transcript)
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.out, "✗ params.name: missing")
	require.Contains(t, got.err, "of 7 messages have faults")

	got = runWith(t, said, "tap", "--replay", transcript)
	require.Equal(t, exitDone, got.code, got.err)
	require.Len(t, strings.Split(strings.TrimSpace(got.out), "\n"), len(lines))

	for _, args := range [][]string{{"tap"}, {"tap", "--check", "a", "--replay", "b"}, {"tap", "--replay", transcript, "--as", "me"}} {
		require.Equal(t, exitMisuse, runWith(t, "", args...).code, args)
	}
}

func TestInterview(t *testing.T) {
	question := mcptypes.ElicitParams{Message: "Who are you?", RequestedSchema: mcptypes.ElicitParamsRequestedSchema{
		Properties: map[string]mcptypes.PrimitiveSchemaDefinition{
			"age": &mcptypes.NumberSchema{Type: mcptypes.NumberSchemaTypeInteger}, "name": &mcptypes.StringSchema{}, "sure": &mcptypes.BooleanSchema{},
		}, Required: []string{"name"},
	}}
	tests := []struct {
		name, in string
		action   mcptypes.ElicitAction
		content  string
	}{
		{"all", "36\nAda\ntrue\n\n", mcptypes.ElicitActionAccept, `{"age":36,"name":"Ada","sure":true}`},
		{"only what is required", "\n\nAda\n\ny\n", mcptypes.ElicitActionAccept, `{"name":"Ada"}`},
		{"again until it fits", "old\n36\nAda\nmaybe\nfalse\n\n", mcptypes.ElicitActionAccept, `{"age":36,"name":"Ada","sure":false}`},
		{"no", "36\nAda\n\nno\n", mcptypes.ElicitActionDecline, ""},
		{"gone", "36\n", mcptypes.ElicitActionCancel, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var said strings.Builder
			v := &interview{in: bufio.NewReader(strings.NewReader(tt.in)), out: &said}
			result, err := v.elicit(t.Context(), question)
			require.NoError(t, err)
			require.Equal(t, tt.action, result.Action)
			if tt.content != "" {
				text, err := result.Content.MarshalJSON()
				require.NoError(t, err)
				require.JSONEq(t, tt.content, string(text))
			}
			require.Contains(t, said.String(), "The server asks: Who are you?")
		})
	}
}
