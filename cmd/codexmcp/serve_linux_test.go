package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// runOneOff lets the program run a script under a policy.
func (p *program) runOneOff(policy, script string) map[string]any {
	p.t.Helper()
	return p.must("execOneOffCommand", map[string]any{
		"command": []string{"sh", "-c", script}, "sandboxPolicy": map[string]any{"mode": policy}, "timeoutMs": 20_000,
	})
}

// Rough edge 43: an interrupt ends the server, also after it has run commands.
func TestEdge43InterruptEndsTheServer(t *testing.T) {
	p := startProgram(t, t.TempDir(), 0)
	require.Equal(t, "hi\n", p.runOneOff("danger-full-access", "echo hi")["stdout"])
	require.NoError(t, p.cmd.Process.Signal(os.Interrupt))
	require.NoError(t, p.cmd.Wait())
}

// Rough edge 46, as far as it goes: scripts find the program that applies
// patches. No command can put another program in its place, or before others.
func TestEdge46ScriptsFindApplyPatch(t *testing.T) {
	p := startProgram(t, t.TempDir(), 0)
	result := p.runOneOff("workspace-write", `
		first=${PATH%%:*}
		case $first in */codexmcp-*) ;; *) echo "what is first: $first"; esac
		echo '#!/bin/sh' > $first/git; rm $first/apply_patch; mv $first $first.old; ln -sf /bin/true $first/apply_patch
		apply_patch '*** Begin Patch
*** Add File: made
+by a patch
*** End Patch'`)
	require.NotContains(t, result["stdout"], "what is first")
	require.Equal(t, 4, strings.Count(result["stderr"].(string), "Permission denied"), result["stderr"])
	text, err := os.ReadFile(filepath.Join(p.cmd.Dir, "made"))
	require.NoError(t, err)
	require.Equal(t, "by a patch\n", string(text))
}
