package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	ourexec "github.com/codexmcp/codexmcp/codex/exec"
	"github.com/codexmcp/codexmcp/codex/sandbox"
)

func TestSandboxCommand(t *testing.T) {
	support := sandbox.Check(ourexec.Self)
	if support.Landlock == 0 {
		t.Skip("this kernel has no Landlock")
	}
	require.NoError(t, support.Err)
	home := newHome(t, `sandbox_protection = {hidden = ["key"]}`)
	require.NoError(t, os.WriteFile(filepath.Join(home, "auth.json"), []byte("hush"), 0o600))
	dir := t.TempDir()
	t.Chdir(dir)
	require.NoError(t, os.WriteFile("key", []byte("hush"), 0o600))
	t.Setenv("SOME_TOKEN", "hush")
	tests := []struct {
		name, mode, script string
		code               int
		out, err           string
	}{
		{"runs", "read-only", "echo out; echo err >&2", 0, "out\n", "err\n"},
		{"own exit code", "read-only", "exit 7", 7, "", ""},
		{"refuses", "read-only", "echo x > f", 2, "", "codexmcp: the sandbox (read-only, no network) refused: sh: 1: cannot create f: Permission denied\n"},
		{"allows", "workspace-write", "echo x > f; cat f", 0, "x\n", ""},
		{"hides credentials", "workspace-write", "cat $CODEX_HOME/auth.json", 1, "", "auth.json: Permission denied"},
		{"hides what is configured", "read-only", "cat key", 1, "", "cat: key: Permission denied"},
		{"variables", "danger-full-access", "echo $SOME_TOKEN; cat key", 0, "\nhush", ""},
		{"network", "read-only", "echo $CODEX_SANDBOX_NETWORK_DISABLED", 0, "1\n", ""},
		{"signal", "read-only", "kill -9 $$", 137, "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := runWith(t, "", "sandbox", "--mode", test.mode, "--", "sh", "-c", test.script)
			require.Equal(t, test.code, got.code, got.err)
			require.Equal(t, test.out, got.out)
			require.Contains(t, got.err, test.err)
		})
	}
	require.Equal(t, 127, runWith(t, "", "sandbox", "--", "/no/such").code)
	require.Equal(t, exitMisuse, runWith(t, "", "sandbox").code)
	check := runWith(t, "", "sandbox", "check")
	require.Zero(t, check.code)
	require.Contains(t, check.out, "landlock")
}
