package jsonrpc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unsafe"
)

const (
	readSize  = 64 << 10  // of the buffer that lines are cut from,
	wideSize  = 256 << 10 // and when lines do not fit it
	writeSize = 256 << 10 // most bytes in one write, so that a slow reader is seen to make progress
	chunkSize = 64 << 10  // most bytes of small messages that are written together
	largeSize = 16 << 10  // messages from here on are not copied to be queued
	holdSize  = 64 << 10  // held output beyond this leaves at once
	waitSize  = 4 << 10   // a smaller queue waits for the other goroutines that are ready to write
)

// Lines is a [Transport] of newline-delimited JSON, the framing of stdio: one message per line. A carriage return
// before the newline is tolerated and blank lines are ignored. A line over Limits.MaxMessage is skipped without
// keeping it. Close closes r and w if they can be closed.
func Lines(r io.Reader, w io.Writer, limits Limits) Transport {
	limits = limits.withDefaults()
	return &lines{
		lineReader: lineReader{r: r, limit: limits.MaxMessage},
		outbox:     outbox{w: w, limits: limits},
	}
}

type lines struct {
	lineReader
	outbox
}

func (l *lines) Read(ctx context.Context) ([]byte, error) {
	for {
		line, err := l.next()
		if line != nil || err != nil {
			return line, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		l.Start()
		l.fill()
	}
}

func (l *lines) Close() error {
	l.fail(ErrClosed)
	var errs []error
	if c, ok := l.w.(io.Closer); ok {
		errs = append(errs, c.Close())
	}
	if c, ok := l.r.(io.Closer); ok {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// lineReader cuts a stream into lines. Only the reading goroutine touches it.
type lineReader struct {
	r        io.Reader
	limit    int
	buf      []byte // what was read and not yet cut is buf[from:to]
	from, to int
	long     *strings.Builder // the beginning of a line that did not fit buf; nil: none
	hint     int              // how long the next such line may be
	skipped  int              // bytes dropped of a line over the limit
	err      error            // why the stream ended
}

// next returns a line at hand, or nil when more must be read first.
func (l *lineReader) next() ([]byte, error) {
	for {
		rest := l.buf[l.from:l.to]
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			l.keep(rest)
			l.from, l.to = 0, 0
			if l.err == nil {
				return nil, nil
			}
			if line, err := l.cut(nil); line != nil || err != nil { // the last line may lack its newline
				return line, err
			}
			return nil, l.err
		}
		l.from += end + 1
		if line, err := l.cut(rest[:end]); line != nil || err != nil {
			return line, err
		}
	}
}

// keep adds part to the line that is not complete yet.
func (l *lineReader) keep(part []byte) {
	if len(part) == 0 {
		return
	}
	have := ""
	if l.long != nil {
		have = l.long.String()
	}
	need := len(have) + len(part)
	if l.skipped > 0 || need > l.limit+1 { // 1: a carriage return
		l.skipped += need
		l.long = nil
		return
	}
	if l.long == nil || need > l.long.Cap() {
		l.long = new(strings.Builder)
		l.long.Grow(max(need, min(max(l.hint, 2*len(have)), l.limit+1)))
		l.long.WriteString(have)
	}
	l.long.Write(part)
}

// cut ends the current line with its last part, and returns it if it holds anything.
func (l *lineReader) cut(part []byte) ([]byte, error) {
	if l.skipped == 0 && l.long == nil {
		if part = bytes.TrimSpace(part); len(part) <= l.limit {
			if len(part) == 0 {
				return nil, nil
			}
			return bytes.Clone(part), nil
		}
	}
	l.keep(part)
	line, size := "", l.skipped
	if l.long != nil {
		line = l.long.String()
		l.hint = len(line) + 16 // ids grow
	}
	l.long, l.skipped = nil, 0
	line = strings.TrimSpace(line)
	if size = max(size, len(line)); size > l.limit {
		return nil, &MessageError{CodeInvalidRequest, fmt.Sprintf("message of %d bytes is over the limit of %d bytes", size, l.limit)}
	}
	if len(line) == 0 {
		return nil, nil
	}
	return unsafe.Slice(unsafe.StringData(line), len(line)), nil // as it is never changed
}

// fill reads once.
func (l *lineReader) fill() {
	switch {
	case l.buf == nil:
		l.buf = make([]byte, readSize)
	case l.long != nil && l.long.Len() >= readSize && len(l.buf) < wideSize:
		l.buf = make([]byte, wideSize)
	}
	n, err := l.r.Read(l.buf)
	l.from, l.to, l.err = 0, n, err
}
