package auth

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestMain lets the test binary stand for other processes.
func TestMain(m *testing.M) {
	if home := os.Getenv("AUTH_TEST_HOME"); home != "" {
		if err := child(home); err != nil {
			fmt.Println("failed:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child does what a starting server does when told to go.
func child(home string) error {
	early := os.Getenv("AUTH_TEST_WHEN") == "early"
	fmt.Println("ready")
	newManager := func() (*Manager, error) {
		return New(Options{Home: home, Issuer: os.Getenv("AUTH_TEST_ISSUER")})
	}
	var m *Manager
	var err error
	if early {
		if m, err = newManager(); err != nil {
			return err
		}
	}
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return err
	}
	if !early {
		if m, err = newManager(); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	switch os.Getenv("AUTH_TEST_DO") {
	case "asked":
		s := m.Status(ctx, true, true)
		fmt.Println(s.Token.Reveal())
		return s.RenewalError
	case "refused":
		c, err := m.Credential(ctx)
		if err != nil {
			return err
		}
		if c.Token.Reveal() == "access-0" {
			if err := m.Renew(ctx, c); err != nil {
				return err
			}
		}
		fallthrough
	default:
		c, err := m.Credential(ctx)
		fmt.Println(c.Token.Reveal())
		return err
	}
}

// TestProcessesRenewOnce starts twenty processes that share a home folder and
// all want new tokens at the same moment.
func TestProcessesRenewOnce(t *testing.T) {
	const processes = 20
	tests := []struct {
		do, when string
		age      time.Duration
	}{
		{"old", "early", 29 * 24 * time.Hour},
		{"old", "late", 29 * 24 * time.Hour},
		{"asked", "early", time.Hour},
		{"asked", "late", time.Hour},
		{"refused", "late", time.Hour},
	}
	for _, test := range tests {
		t.Run(test.do+" "+test.when, func(t *testing.T) {
			server := newAuthServer(t)
			home := t.TempDir()
			putTokens(t, home, "access-0", "refresh-0", time.Now().Add(-test.age))
			type process struct {
				cmd *exec.Cmd
				in  io.WriteCloser
				out *bufio.Reader
			}
			var all []process
			for range processes {
				cmd := exec.CommandContext(t.Context(), os.Args[0])
				cmd.Env = append(os.Environ(), "AUTH_TEST_HOME="+home, "AUTH_TEST_ISSUER="+server.URL,
					"AUTH_TEST_DO="+test.do, "AUTH_TEST_WHEN="+test.when)
				in, err := cmd.StdinPipe()
				require.NoError(t, err)
				out, err := cmd.StdoutPipe()
				require.NoError(t, err)
				require.NoError(t, cmd.Start())
				all = append(all, process{cmd, in, bufio.NewReader(out)})
			}
			for _, p := range all {
				line, err := p.out.ReadString('\n')
				require.NoError(t, err)
				require.Equal(t, "ready\n", line)
			}
			for _, p := range all {
				_, err := io.WriteString(p.in, "go\n")
				require.NoError(t, err)
			}
			for _, p := range all {
				text, err := io.ReadAll(p.out)
				require.NoError(t, err)
				require.Equal(t, "access-1\n", string(text))
				require.NoError(t, p.cmd.Wait())
			}
			require.Equal(t, 1, server.count())
			readFile(t, home)
		})
	}
}
