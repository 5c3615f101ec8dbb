package client

import (
	"bytes"
	"io"
	"sync"
)

// stderrTail is how much of what a server wrote to stderr is kept, in bytes.
const stderrTail = 16 << 10

// tail keeps the last part of what is written to it.
type tail struct {
	next io.Writer
	mu   sync.Mutex // protects kept
	kept []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - stderrTail; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	t.mu.Unlock()
	if t.next != nil {
		// Whoever watches as well may fail; the server must be able to go on.
		_, _ = t.next.Write(p)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.ToValidUTF8(t.kept, []byte("\uFFFD")))
}
