package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// soon is how long a test waits for what must come.
const soon = 30 * time.Second

// A serving is the program's server at the other end of a pair of pipes.
type serving struct {
	t     *testing.T
	in    *io.PipeWriter
	lines *bufio.Scanner
	errw  bytes.Buffer
	ended chan int
}

func startServing(t *testing.T, args ...string) *serving {
	t.Helper()
	in, toServer := io.Pipe()
	fromServer, out := io.Pipe()
	s := &serving{t: t, in: toServer, lines: bufio.NewScanner(fromServer), ended: make(chan int, 1)}
	s.lines.Buffer(nil, 1<<20)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	go func() {
		code := run(ctx, append([]string{"serve"}, args...), in, out, &s.errw)
		_ = out.Close()
		s.ended <- code
	}()
	return s
}

// ask sends a request and returns its response.
func (s *serving) ask(method, params string) map[string]any {
	s.t.Helper()
	_, err := io.WriteString(s.in, `{"jsonrpc":"2.0","id":"`+method+`","method":"`+method+`","params":`+params+"}\n")
	require.NoError(s.t, err)
	for s.lines.Scan() {
		var m map[string]any
		require.NoError(s.t, json.Unmarshal(s.lines.Bytes(), &m))
		if m["id"] == method {
			return m
		}
	}
	require.FailNow(s.t, "no response", "%s: %v", method, s.lines.Err())
	return nil
}

// exit is the exit code, once the program has ended by itself.
func (s *serving) exit() int {
	s.t.Helper()
	go func() {
		for s.lines.Scan() { // what it says at last is read
			continue
		}
	}()
	select {
	case code := <-s.ended:
		return code
	case <-time.After(soon):
		require.FailNow(s.t, "the program does not end")
		return -1
	}
}

// Rough edge 47: options of the program hold for every conversation.
func Test47OptionsHoldForNewConversations(t *testing.T) {
	newHome(t, "model = \"from-file\"\n")
	s := startServing(t, "-c", "model=from-option")
	result := s.ask("newConversation", `{}`)["result"].(map[string]any)
	require.Equal(t, "from-option", result["model"])
	result = s.ask("newConversation", `{"model":"from-call"}`)["result"].(map[string]any)
	require.Equal(t, "from-call", result["model"])
	require.NoError(t, s.in.Close())
	require.Equal(t, 0, s.exit())
}

// Rough edge 49: who cannot start says so at once, while stdin is open.
func Test49FatalStartErrorsEndTheProgramAtOnce(t *testing.T) {
	tests := []struct {
		name, config string
		args         []string
		home, says   string
	}{
		{"bad option", "", []string{"-c", "nonsense"}, "", "nonsense"},
		{"bad value", "", []string{"-c", "sandbox_mode=nope"}, "", "sandbox_mode"},
		{"bad file", "model = = 3", nil, "", "config.toml"},
		{"no home", "", nil, "/no/such/folder", "/no/such/folder"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			newHome(t, tt.config)
			if tt.home != "" {
				t.Setenv("CODEX_HOME", tt.home)
			}
			s := startServing(t, tt.args...)
			require.Equal(t, 1, s.exit())
			require.Contains(t, s.errw.String(), tt.says)
		})
	}
}

// Rough edge 50: a login that nobody completes does not keep the program alive.
func Test50PendingLoginEndsWithTheInput(t *testing.T) {
	newHome(t, "")
	s := startServing(t)
	s.ask("loginChatGpt", `{}`) // refused where the port is taken: the end is the same
	require.NoError(t, s.in.Close())
	require.Equal(t, 0, s.exit())
}
