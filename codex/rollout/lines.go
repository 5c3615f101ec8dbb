package rollout

import (
	"bufio"
	"errors"
	"io"
)

// lines are the lines of a text, as [bufio.Scanner] has them; but a line that
// is too long is no failure.
type lines struct {
	in     *bufio.Reader
	limit  int
	buffer []byte

	text   []byte // the line, valid until the next one
	long   bool   // whether it is longer than the limit, and text not all of it
	ended  bool   // whether it has a line end
	offset int64  // where it ends
	err    error
}

func newLines(in io.Reader, limit int) *lines {
	return &lines{in: bufio.NewReaderSize(in, 32<<10), limit: limit}
}

// reset begins with another text.
func (l *lines) reset(in io.Reader) {
	l.in.Reset(in)
	*l = lines{in: l.in, limit: l.limit, buffer: l.buffer}
}

// next goes to the next line, if there is one.
func (l *lines) next() bool {
	if l.err != nil {
		return false
	}
	l.buffer, l.text, l.long, l.ended = l.buffer[:0], nil, false, false
	began := l.offset
	for {
		part, err := l.in.ReadSlice('\n')
		l.offset += int64(len(part))
		l.ended = err == nil
		switch {
		case l.long:
		case l.ended && len(l.buffer) == 0:
			l.text = part
		case len(l.buffer)+len(part) > l.limit:
			l.long = true
		default:
			l.buffer = append(l.buffer, part...)
			l.text = l.buffer
		}
		switch {
		case l.ended:
			return true
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return l.offset > began
		default:
			l.err = err
			return false
		}
	}
}
