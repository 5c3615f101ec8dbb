package tap

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// maxLine is how long a line of a transcript, or a message, may be.
const maxLine = 64 << 20

// An Entry is one line of a transcript: a message, or a line that was none.
type Entry struct {
	Time    time.Time       `json:"time"`
	From    Side            `json:"from"`
	Message json.RawMessage `json:"message,omitempty"`
	Text    string          `json:"text,omitempty"` // instead of a message
}

// NewEntry makes the entry of a line.
func NewEntry(from Side, line []byte, at time.Time) Entry {
	if json.Valid(line) {
		return Entry{Time: at, From: from, Message: line}
	}
	return Entry{Time: at, From: from, Text: string(line)}
}

// Line is the message as it was sent.
func (e *Entry) Line() []byte {
	if e.Message != nil {
		return e.Message
	}
	return []byte(e.Text)
}

// ReadTranscript reads the entries of a transcript.
func ReadTranscript(r io.Reader) ([]Entry, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	var entries []Entry
	for number := 1; lines.Scan(); number++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		var e Entry
		err := json.Unmarshal(lines.Bytes(), &e)
		if err == nil && e.From != Client && e.From != Server {
			err = fmt.Errorf("from: %q is no side", e.From)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		entries = append(entries, e)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read transcript: %w", err)
	}
	if len(entries) == 0 {
		return nil, errors.New("the transcript is empty")
	}
	return entries, nil
}
