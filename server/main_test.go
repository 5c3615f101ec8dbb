package server_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain fails when the tests leave a goroutine of this project behind.
func TestMain(m *testing.M) {
	code := m.Run()
	if left := leaked(); code == 0 && left != "" {
		fmt.Fprintln(os.Stderr, "goroutines left behind:\n\n"+left)
		code = 1
	}
	os.Exit(code)
}

// leaked returns the stacks of the project's goroutines that do not end in time.
func leaked() string {
	buf := make([]byte, 4<<20)
	for deadline := time.Now().Add(10 * time.Second); ; runtime.Gosched() {
		var left []string
		for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			if strings.Contains(stack, "codexmcp/") && !strings.Contains(stack, "server_test.TestMain") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 || time.Now().After(deadline) {
			return strings.Join(left, "\n\n")
		}
	}
}
