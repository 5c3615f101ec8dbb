package mcpserver_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOneOffCommands(t *testing.T) {
	c, _ := start(t, setup{config: []string{`sandbox_mode = "danger-full-access"`}})
	result := c.result("execOneOffCommand", object{"command": []string{"sh", "-c", "echo out; echo err >&2; exit 4"}})
	require.Equal(t, object{"exitCode": 4.0, "stdout": "out\n", "stderr": "err\n"}, result)
	dir := t.TempDir()
	result = c.result("execOneOffCommand", object{"command": []string{"pwd"}, "cwd": dir})
	require.Equal(t, dir+"\n", result["stdout"])
	tests := []struct {
		name   string
		params object
		code   int
	}{
		{"empty", object{"command": []string{}}, -32600},
		{"missing program", object{"command": []string{"/no/such/program"}}, -32603},
		{"out of time", object{"command": []string{"sleep", "60"}, "timeoutMs": 50}, -32603},
		{"killed", object{"command": []string{"sh", "-c", "kill -9 $$"}}, -32603},
		{"negative time", object{"command": []string{"true"}, "timeoutMs": -1}, -32602},
		{"unknown policy", object{"command": []string{"true"}, "sandboxPolicy": object{"mode": "nope"}}, -32602},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { require.Equal(t, tt.code, c.refusal("execOneOffCommand", tt.params)) })
	}
}

// A command that takes its time holds nobody up.
func TestOneOffCommandsRunBesideOthers(t *testing.T) {
	c, _ := start(t, setup{config: []string{`sandbox_mode = "danger-full-access"`}})
	gate := filepath.Join(t.TempDir(), "gate")
	c.send(`{"jsonrpc":"2.0","id":"slow","method":"execOneOffCommand","params":` +
		encode(t, object{"command": []string{"sh", "-c", `until [ -e "$0" ]; do sleep 0.01; done; echo late`, gate}}) + `}`)
	require.Equal(t, "early\n", c.result("execOneOffCommand", object{"command": []string{"echo", "early"}})["stdout"])
	require.NoError(t, os.WriteFile(gate, nil, 0o600))
	require.Equal(t, "late\n", c.response("slow")["result"].(object)["stdout"])
}
