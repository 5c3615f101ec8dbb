package model

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Bounds of one streamed answer. They are far above what a model sends and only keep a broken or
// hostile endpoint from filling the memory.
const (
	maxEventBytes  = 32 << 20  // one server-sent event, all its data lines together
	maxAnswerBytes = 256 << 20 // one answer, everything on the wire
	maxTextBytes   = 16 << 20  // what is put together from deltas: one text, the arguments of one call
)

var (
	errEventTooLarge  = fmt.Errorf("a server-sent event is larger than %d bytes", maxEventBytes)
	errAnswerTooLarge = fmt.Errorf("the answer is larger than %d bytes", maxAnswerBytes)
)

// sseReader reads the data of server-sent events. It knows no event names and no ids, for neither
// API needs them, and it keeps its buffers from event to event.
type sseReader struct {
	in       *bufio.Reader
	maxEvent int
	maxTotal int64
	total    int64
	started  bool
	line     []byte // a line that did not fit into the buffer of in
	data     []byte
}

func newSSEReader(r io.Reader) *sseReader {
	return &sseReader{in: bufio.NewReaderSize(r, 8<<10), maxEvent: maxEventBytes, maxTotal: maxAnswerBytes}
}

// next returns the data of the next event that has any; it is valid until the next call. The error
// is io.EOF when the stream has ended between two events. An event that lacks only its empty last
// line is given out too: servers that hang up early are common, and a torn one is no valid JSON.
func (s *sseReader) next() ([]byte, error) {
	s.data = s.data[:0]
	hasData := false
	for {
		line, err := s.readLine()
		if err != nil && (!errors.Is(err, io.EOF) || len(line) == 0) {
			if errors.Is(err, io.EOF) && hasData {
				return s.data, nil
			}
			return nil, err
		}
		if len(line) == 0 {
			if hasData {
				return s.data, nil
			}
			continue
		}
		name, value, _ := bytes.Cut(line, []byte{':'})
		if string(name) != "data" {
			continue // a comment, or a field of no use here
		}
		value = bytes.TrimPrefix(value, []byte{' '})
		if len(s.data)+len(value)+1 > s.maxEvent {
			return nil, errEventTooLarge
		}
		if hasData {
			s.data = append(s.data, '\n')
		}
		s.data = append(s.data, value...)
		hasData = true
	}
}

// readLine returns a line without its end. With io.EOF it may return the rest of the input.
func (s *sseReader) readLine() ([]byte, error) {
	s.line = s.line[:0]
	for {
		part, err := s.in.ReadSlice('\n')
		if s.total += int64(len(part)); s.total > s.maxTotal {
			return nil, errAnswerTooLarge
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			if len(s.line)+len(part) > s.maxEvent {
				return nil, errEventTooLarge
			}
			s.line = append(s.line, part...)
			continue
		}
		if len(s.line) > 0 {
			s.line = append(s.line, part...)
			part = s.line
		}
		part = bytes.TrimSuffix(part, []byte{'\n'})
		part = bytes.TrimSuffix(part, []byte{'\r'})
		if !s.started {
			s.started = true
			part = bytes.TrimPrefix(part, []byte("\xef\xbb\xbf"))
		}
		return part, err
	}
}
