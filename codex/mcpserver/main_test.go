package mcpserver_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/codexmcp/codexmcp/codex"
	"github.com/codexmcp/codexmcp/codex/exec"
	"github.com/codexmcp/codexmcp/codex/patch"
)

// TestMain lets the test binary be the program's own helper processes, and sees
// to it that the tests leave no goroutine behind.
func TestMain(m *testing.M) {
	if code, done := exec.Main(os.Args); done {
		os.Exit(code)
	}
	if len(os.Args) > 1 && os.Args[1] == codex.PatchArg {
		os.Exit(patch.Run(".", os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
	}
	// Under the race detector every helper would else take a second to exit.
	if os.Getenv("GORACE") == "" {
		if err := os.Setenv("GORACE", "atexit_sleep_ms=0"); err != nil {
			panic(err)
		}
	}
	goleak.VerifyTestMain(m)
}
