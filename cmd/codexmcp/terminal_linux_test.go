package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// openTerminal returns the two ends of a terminal: what a person types into and
// what the program reads from.
func openTerminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = person.Close() })
	require.NoError(t, unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = program.Close() })
	return person, program
}

// echoes reports whether a terminal shows what is typed.
func echoes(t *testing.T, terminal *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	require.NoError(t, err)
	return state.Lflag&unix.ECHO != 0
}

func TestAPersonIsAskedForTheKey(t *testing.T) {
	tests := []struct{ name, typed, offered, want string }{
		{"typed", "sk-typed\n", "", "sk-typed"},
		{"offered", "\n", "sk-offered-0123456789", "sk-offered-0123456789"},
		{"typed instead", "sk-typed\n", "sk-offered-0123456789", "sk-typed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			home := newHome(t, "")
			t.Setenv(keyVariable, tt.offered)
			person, program := openTerminal(t)
			var out, errw bytes.Buffer
			ended := make(chan int, 1)
			go func() { ended <- run(context.Background(), []string{"login", "--api-key"}, program, &out, &errw) }()
			require.Eventually(t, func() bool { return !echoes(t, program) }, soon, time.Millisecond)
			_, err := person.WriteString(tt.typed)
			require.NoError(t, err)
			require.Equal(t, 0, <-ended)
			require.True(t, echoes(t, program), "the terminal is as it was")
			require.Contains(t, errw.String(), "API key")
			require.NotContains(t, errw.String(), tt.want)
			stored, err := os.ReadFile(filepath.Join(home, "auth.json"))
			require.NoError(t, err)
			require.Contains(t, string(stored), tt.want)
		})
	}
}

func TestAskingForTheKeyCanBeGivenUp(t *testing.T) {
	home := newHome(t, "")
	person, program := openTerminal(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var out, errw bytes.Buffer
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"login", "--api-key"}, program, &out, &errw) }()
	require.Eventually(t, func() bool { return !echoes(t, program) }, soon, time.Millisecond)
	cancel()
	require.Equal(t, 1, <-ended)
	require.True(t, echoes(t, program), "the terminal is as it was")
	require.NoFileExists(t, filepath.Join(home, "auth.json"))
	_, err := person.WriteString("\n") // the read that was given up ends
	require.NoError(t, err)
}

// Who starts the server by hand is told what it waits for.
func TestServingATerminal(t *testing.T) {
	newHome(t, "")
	person, program := openTerminal(t)
	said, errw := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		var out bytes.Buffer
		ended <- run(context.Background(), []string{"serve"}, program, &out, errw)
	}()
	line, err := bufio.NewReader(said).ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, "Waiting for an MCP client on stdin")
	_, err = person.WriteString("\x04") // Ctrl-D
	require.NoError(t, err)
	require.Equal(t, 0, <-ended)
}
