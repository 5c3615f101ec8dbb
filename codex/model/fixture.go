package model

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"time"
)

// openFixture answers with the events in a file, for work without a network. Each line of the file
// is a line of the stream and followed by an empty one.
func openFixture(ctx context.Context, path string, idle time.Duration) (*answer, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("CODEX_RS_SSE_FIXTURE: %w", err)
	}
	a := newAnswer(ctx, idle)
	a.read(&spacedLines{in: bufio.NewReader(file), Closer: file}, "text/event-stream")
	return a, nil
}

// spacedLines adds an empty line to each line.
type spacedLines struct {
	in      *bufio.Reader
	pending []byte // given out next
	ended   bool   // pending is the end of a line, so that an empty one is due
	io.Closer
}

func (s *spacedLines) Read(p []byte) (int, error) {
	switch {
	case len(s.pending) > 0:
	case s.ended:
		s.pending, s.ended = []byte{'\n'}, false
	default:
		part, err := s.in.ReadSlice('\n')
		if len(part) == 0 {
			return 0, err
		}
		s.pending, s.ended = part, part[len(part)-1] == '\n'
	}
	n := copy(p, s.pending)
	s.pending = s.pending[n:]
	return n, nil
}
