package exec

import (
	"fmt"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	if code, ok := Main(os.Args); ok {
		os.Exit(code)
	}
	if len(os.Args) > 2 && os.Args[1] == attemptArg {
		attempt(os.Args[2:])
		os.Exit(0)
	}
	if len(os.Args) > 4 && os.Args[1] == serveArg {
		serveCommand(os.Args[2:])
		os.Exit(0)
	}
	if len(os.Args) > 2 && os.Args[1] == lockArg {
		fmt.Fprintln(os.Stderr, lock(os.Args[2:]))
		os.Exit(1)
	}
	if len(os.Args) > 2 && os.Args[1] == bareArg {
		fmt.Fprintln(os.Stderr, bare(os.Args[2:]))
		os.Exit(1)
	}
	os.Exit(m.Run())
}
