//go:build unix

package rollout_test

import (
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func symlink(t *testing.T, to, path string) {
	t.Helper()
	require.NoError(t, os.Symlink(to, path))
}

// pipe makes a named pipe: opening it would wait for a writer.
func pipe(t *testing.T, path string) {
	t.Helper()
	require.NoError(t, syscall.Mkfifo(path, 0o600))
}
