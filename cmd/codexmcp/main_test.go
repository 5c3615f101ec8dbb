package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
)

// programVariable makes the test binary the program itself.
const programVariable = "CODEXMCP_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(programVariable) != "" {
		main()
	}
	if code, done := helper(os.Args); done {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// A ran is what came of running the program.
type ran struct {
	code     int
	out, err string
}

// runWith runs the program on an input.
func runWith(t *testing.T, in string, args ...string) ran {
	t.Helper()
	var out, errw bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	code := run(ctx, args, strings.NewReader(in), &out, &errw)
	return ran{code, out.String(), errw.String()}
}

// newHome makes a home folder for the program and returns it.
func newHome(t *testing.T, config string) string {
	t.Helper()
	home := t.TempDir()
	t.Setenv("CODEX_HOME", home)
	if config != "" {
		if err := os.WriteFile(home+"/config.toml", []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return home
}
