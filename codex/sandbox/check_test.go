package sandbox_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex/exec"
	"github.com/codexmcp/codexmcp/codex/sandbox"
)

func TestMain(m *testing.M) {
	if code, ok := exec.Main(os.Args); ok {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

func TestCheckSaysWhatThereIs(t *testing.T) {
	support := sandbox.Check(exec.Self)
	text := support.String()
	t.Log("\n" + text)
	require.Contains(t, text, support.Kind)
	if support.Landlock > 0 {
		require.NoError(t, support.Err, "the kernel has Landlock, so that commands can be confined")
		require.Equal(t, support, sandbox.Check(exec.Self))
	}
}

func TestCheckNeedsAHelper(t *testing.T) {
	if sandbox.Check(exec.Self).Landlock == 0 {
		t.Skip("this system has no helper")
	}
	support := sandbox.Check("/nope/helper")
	require.ErrorContains(t, support.Err, "/nope/helper")
	require.NotEmpty(t, support.Missing)
}
