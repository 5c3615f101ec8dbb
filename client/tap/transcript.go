package tap

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"github.com/codexmcp/codexmcp/client/tap/transcript"
	"github.com/codexmcp/codexmcp/wire"
)

// maxLine is how long a line of a transcript, or a message, may be.
const maxLine = 64 << 20

// An Entry is one line of a transcript: what one side sent the other.
type Entry struct {
	Time time.Time
	From Side
	// Line is what was sent, byte for byte, without the end of the line.
	Line []byte
	// Broken is why a line of the transcript is none; then it has nothing else.
	Broken error
}

// AppendJSON appends the entry as a line of a transcript, without its end.
func (e *Entry) AppendJSON(to []byte) ([]byte, error) {
	entry := transcript.Entry{Time: e.Time.UTC().Format(time.RFC3339Nano), From: e.From}
	var err error
	switch {
	case isMessage(e.Line):
		entry.Message, err = wire.ParseRaw(e.Line)
	case utf8.Valid(e.Line):
		entry.Text = string(e.Line)
	default:
		entry.Base64 = base64.StdEncoding.EncodeToString(e.Line)
	}
	if err != nil {
		return to, err
	}
	return entry.AppendJSON(to)
}

// isMessage reports whether a line can stand in a transcript as it is.
func isMessage(line []byte) bool {
	_, err := wire.ParseRaw(line)
	return err == nil
}

// ReadTranscript reads the entries of a transcript. What a line has as its message
// is kept as it is written there, whatever is wrong with it.
func ReadTranscript(r io.Reader) ([]Entry, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	var entries []Entry
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			continue
		}
		e, err := parseEntry(lines.Bytes())
		if err != nil {
			e = Entry{Broken: fmt.Errorf("no entry of a transcript: %w", err)}
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

func parseEntry(line []byte) (Entry, error) {
	// Not the generated type: it would refuse messages that are to be looked at
	// because something is wrong with them.
	var members map[string]json.RawMessage
	if err := json.Unmarshal(line, &members); err != nil {
		return Entry{}, err
	}
	var text, binary string
	var e Entry
	for _, field := range []struct {
		name string
		into any
	}{{"time", &e.Time}, {"from", &e.From}, {"text", &text}, {"base64", &binary}} {
		if raw, ok := members[field.name]; ok {
			if err := json.Unmarshal(raw, field.into); err != nil {
				return Entry{}, fmt.Errorf("%s: %w", field.name, err)
			}
		}
	}
	if !e.From.Valid() {
		return Entry{}, fmt.Errorf("from: %q is no side", string(e.From))
	}
	message, isMessage := members["message"]
	switch {
	case isMessage:
		e.Line = message
	case binary != "":
		var err error
		if e.Line, err = base64.StdEncoding.DecodeString(binary); err != nil {
			return Entry{}, fmt.Errorf("base64: %w", err)
		}
	case members["text"] != nil:
		e.Line = []byte(text)
	default:
		return Entry{}, errors.New("neither message, text nor base64")
	}
	return e, nil
}
