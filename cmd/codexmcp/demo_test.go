package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

func TestDemo(t *testing.T) {
	newHome(t, "model = 5 # of no account: the demonstration has a home of its own")
	t.Setenv(programVariable, "1") // for the server that it starts
	r := runWith(t, "", "demo")
	require.Equal(t, 0, r.code, r.err)
	require.Empty(t, r.err)
	for _, line := range []string{
		"asked     Allow Codex to run `mkdir poems` in `", "event     the command ended with exit code 0\n",
		"asked     Allow Codex to change these files?\n          add `poems/haiku.txt`\n", "event     edits poems/haiku.txt\n",
		"          +++ b/poems/haiku.txt\n", "result    completed: " + demoReply + "\n", "demo      all of it was seen: ",
	} {
		require.Contains(t, r.out, line)
	}
}

// What was not seen is an error, each by its name.
func TestDemoMissesWhatIsMissing(t *testing.T) {
	seen := func() (d *demonstration, first, second *mcpprotocol.CodexToolResult) {
		done := mcpprotocol.CodexToolResult{ConversationID: "c", Status: mcpprotocol.TurnStatusCompleted, Message: demoReply}
		other := done
		return &demonstration{out: writerFunc(func(p []byte) (int, error) { return len(p), nil }), asked: 2, ran: 1, patched: 1, started: 2}, &done, &other
	}
	for _, test := range []struct {
		missing string
		without func(d *demonstration, second *mcpprotocol.CodexToolResult)
	}{
		{"two completed turns", func(_ *demonstration, r *mcpprotocol.CodexToolResult) { r.Status = mcpprotocol.TurnStatusFailed }},
		{"one conversation", func(_ *demonstration, r *mcpprotocol.CodexToolResult) { r.ConversationID = "d" }},
		{"two turns that begin", func(d *demonstration, _ *mcpprotocol.CodexToolResult) { d.started-- }},
		{"two questions for approval", func(d *demonstration, _ *mcpprotocol.CodexToolResult) { d.asked = 0 }},
		{"a command that succeeds", func(d *demonstration, _ *mcpprotocol.CodexToolResult) { d.ran = 0 }},
		{"a patch that is applied", func(d *demonstration, _ *mcpprotocol.CodexToolResult) { d.patched = 0 }},
		{"the scripted answer", func(_ *demonstration, r *mcpprotocol.CodexToolResult) { r.Message = "" }},
	} {
		d, first, second := seen()
		test.without(d, second)
		require.EqualError(t, d.check(first, second, demoPoem, 4), "not seen: "+test.missing)
	}
	d, first, second := seen()
	require.NoError(t, d.check(first, second, demoPoem, 4))
	require.EqualError(t, d.check(first, second, "", 3), "not seen: the poem of the patch\nnot seen: four requests to the model")
}
