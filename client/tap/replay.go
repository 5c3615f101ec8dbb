package tap

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/codexmcp/codexmcp/wire"
)

// Replay plays one side of a transcript to a peer that takes the other's: it
// sends what that side sent, in order, and waits for each message of the other
// side where the transcript has it. Answers carry the ids of the peer's
// own questions. It returns an error that names the first message of the peer
// that is of another kind or method than the transcript has it.
func Replay(ctx context.Context, entries []Entry, side Side, in io.Reader, out io.Writer) error {
	lines := bufio.NewReaderSize(in, 64<<10)
	ids := map[string]wire.Raw{} // of the peer's requests, by those in the transcript
	for i, e := range entries {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if e.Broken != nil {
			return fmt.Errorf("entry %d: %w", i+1, e.Broken)
		}
		recorded := shapeOf(e.Line)
		if e.From == side {
			line := slices.Clip(e.Line)
			if recorded.method == "" {
				if id, ok := ids[recorded.id]; ok {
					line = withID(line, id)
				}
			}
			if _, err := out.Write(append(line, '\n')); err != nil {
				return fmt.Errorf("entry %d: write: %w", i+1, err)
			}
			continue
		}
		line, err := readLine(lines)
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return fmt.Errorf("entry %d: the peer ended before its %s", i+1, recorded)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("entry %d: read: %w", i+1, err)
		}
		got := shapeOf(line)
		if got.method != recorded.method || (got.id == "") != (recorded.id == "") {
			return fmt.Errorf("entry %d: want a %s, got a %s", i+1, recorded, got)
		}
		if raw, err := wire.ParseRaw([]byte(got.id)); got.method != "" && got.id != "" && err == nil {
			ids[recorded.id] = raw
		}
	}
	return nil
}

// A shape is what tells messages apart.
type shape struct{ id, method string }

func (s shape) String() string {
	switch {
	case s.method == "":
		return "response"
	case s.id == "":
		return "notification " + s.method
	}
	return "request " + s.method
}

func shapeOf(line []byte) shape {
	var s shape
	var m wire.Members
	if m.UnmarshalJSON(line) != nil {
		return s
	}
	if id, ok := m.Get("id"); ok {
		s.id = id.String()
	}
	if method, ok := m.Get("method"); ok && method.Decode(&s.method) != nil {
		s.method = ""
	}
	return s
}

// withID is a message with another id.
func withID(line []byte, id wire.Raw) []byte {
	var m wire.Members
	if m.UnmarshalJSON(line) != nil {
		return line
	}
	m.Set("id", id)
	text, err := m.MarshalJSON()
	if err != nil {
		return line
	}
	return text
}
