package client

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// maxRetry is the longest time before a reconnect that a server can ask for.
const maxRetry = time.Minute

// An eventReader reads the events of a text/event-stream.
type eventReader struct {
	in    *bufio.Reader
	limit int
	begun bool

	id    string        // of the last event that had one
	retry time.Duration // the server's wish; zero when it has none
}

func newEventReader(r io.Reader, limit int) *eventReader {
	return &eventReader{in: bufio.NewReaderSize(r, 32<<10), limit: limit}
}

// next returns the data of the next event; an event without data is nil. At the
// end of the stream the error is io.EOF; an event that is cut off is dropped.
func (e *eventReader) next() ([]byte, error) {
	var data []byte
	id, some := "", false
	for {
		line, err := e.line()
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			if some {
				e.id = id
			}
			return bytes.TrimSuffix(data, []byte("\n")), nil
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "data":
			if len(data)+len(value) > e.limit {
				return nil, fmt.Errorf("event over the limit of %d bytes", e.limit)
			}
			data = append(append(data, value...), '\n')
		case "id":
			if bytes.IndexByte(value, 0) < 0 {
				id, some = string(value), true
			}
		case "retry":
			if ms, err := strconv.ParseUint(string(value), 10, 31); err == nil {
				e.retry = min(time.Duration(ms)*time.Millisecond, maxRetry)
			}
		}
	}
}

// line returns the next line without its end.
func (e *eventReader) line() ([]byte, error) {
	var line []byte
	for {
		part, err := e.in.ReadSlice('\n')
		if len(line)+len(part) > e.limit+1024 { // a field's name and the end
			return nil, fmt.Errorf("line over the limit of %d bytes", e.limit)
		}
		line = append(line, part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return nil, err
		}
		break
	}
	if !e.begun {
		e.begun = true
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
	}
	return bytes.TrimRight(line, "\r\n"), nil
}
