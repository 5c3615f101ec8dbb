package rollout

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// maxFile is the largest file that is resumed.
const maxFile = 512 << 20

// Why a file cannot be resumed, other than the system's reasons.
var (
	// ErrEmpty is returned for a file without a line.
	ErrEmpty = errors.New("the file is empty")

	// ErrNoSession is returned for a file that says of no conversation.
	ErrNoSession = errors.New("no conversation id in the file")
)

// A Saved is what a rollout file has of a conversation.
type Saved struct {
	// Meta is how the conversation began.
	Meta mcpprotocol.SessionMeta

	// Context is the settings of the last model request, nil when there was none.
	Context *mcpprotocol.TurnContext

	// History is what the model was told and said, in order.
	History []Entry

	// Events are those that a client is told again, in order.
	Events []mcpprotocol.EventMsg

	// Skipped is how many lines made no sense.
	Skipped int

	// said are messages that clients were told of and whose items have not come yet.
	said []string
}

// settle makes up for a program that was killed between telling a message and
// writing its item: the event stands for the item.
func (s *Saved) settle() {
	for _, text := range s.said {
		s.History = append(s.History, Entry{Item: &mcpprotocol.MessageItem{
			Role: "assistant", Content: []mcpprotocol.ContentItem{&mcpprotocol.OutputTextContent{Text: text}},
		}})
	}
	s.said = nil
}

// An Entry is an item of the history, or the place where a summary took that of
// everything before it.
type Entry struct {
	// Item is nil for a summary.
	Item mcpprotocol.ResponseItem

	// Summary is the text that stands for what came before.
	Summary string
}

// InitialMessages returns the events as a client is told them: of user messages
// only those that say they are plain.
func (s *Saved) InitialMessages() []mcpprotocol.EventMsg {
	messages := make([]mcpprotocol.EventMsg, 0, len(s.Events))
	for _, event := range s.Events {
		user, ok := event.(*mcpprotocol.UserMessageEvent)
		if ok && user.Kind != mcpprotocol.InputMessageKindPlain {
			continue
		}
		messages = append(messages, event)
	}
	return messages
}

// Resume reads the rollout file at path and returns what it has, and a recorder
// that appends to it. A last line that was torn off is removed. A path below
// the folder sessions in home must not lead out of it. now tells the time of
// the lines to come; nil means time.Now.
func Resume(home, path string, now func() time.Time) (*Recorder, *Saved, error) {
	r, saved, err := resume(home, path, now)
	if err != nil {
		return nil, nil, fmt.Errorf("resuming the rollout %q: %w", path, withoutPath(err))
	}
	return r, saved, nil
}

func resume(home, path string, now func() time.Time) (*Recorder, *Saved, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, nil, err
	}
	if err := checkInside(home, path); err != nil {
		return nil, nil, err
	}
	file, err := openRegular(path, os.O_RDWR|os.O_APPEND)
	if err != nil {
		return nil, nil, err
	}
	if now == nil {
		now = time.Now
	}
	begun := make(chan struct{})
	close(begun)
	r := &Recorder{path: path, room: maxWaiting, now: now, begun: begun, file: file, started: true}
	err = lock(file)
	var saved *Saved
	if err == nil {
		saved, err = r.load()
	}
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return r, saved, nil
}

// load reads the file and makes it end in a whole line.
func (r *Recorder) load() (*Saved, error) {
	info, err := r.file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%d bytes are too many", info.Size())
	}
	saved, end, err := read(io.LimitReader(r.file, maxFile))
	if err != nil {
		return nil, err
	}
	r.size, r.torn = end.size, end.open
	if end.torn > 0 {
		r.size += end.torn
		r.torn = r.file.Truncate(end.size) != nil
		if !r.torn {
			r.size = end.size
		}
	}
	return saved, nil
}

// An ending is how a file ends.
type ending struct {
	size int64 // of the lines that count, the last one's missing line end not included
	open bool  // whether the last line has no line end, though it is whole
	torn int64 // size of what follows and is no whole line
}

// read reads a rollout file.
func read(in io.Reader) (*Saved, ending, error) {
	var (
		saved Saved
		found bool // the first session_meta
		blank = true
		end   ending
	)
	lines := newLines(in, maxLine)
	for lines.next() {
		text := bytes.TrimSpace(lines.text)
		ok := len(text) == 0 && !lines.long
		if !ok {
			blank = false
			ok = !lines.long && saved.add(text, &found)
			if !ok && lines.ended {
				saved.Skipped++
			}
		}
		switch {
		case lines.ended:
			end.size = lines.offset
		case ok:
			end.size, end.open = lines.offset, true
		default:
			end.torn = lines.offset - end.size
		}
	}
	switch {
	case lines.err != nil:
		return nil, end, lines.err
	case blank:
		return nil, end, ErrEmpty
	case !found:
		return nil, end, ErrNoSession
	}
	saved.settle()
	return &saved, end, nil
}

// add takes in a line. It reports false for one that makes no sense.
func (s *Saved) add(text []byte, found *bool) bool {
	line, err := decodeLine(text)
	if err != nil {
		return false
	}
	switch x := line.(type) {
	case *mcpprotocol.SessionMetaLine:
		if !validID(string(x.Payload.ID)) {
			return false
		}
		if !*found {
			s.Meta, *found = x.Payload, true
		}
	case *mcpprotocol.ResponseItemLine:
		if storedItem(x.Payload) != nil {
			s.History = append(s.History, Entry{Item: x.Payload})
			s.said = nil
		}
	case *mcpprotocol.EventMsgLine:
		if _, unknown := x.Payload.(*mcpprotocol.UnknownEventMsg); unknown {
			return false
		}
		s.Events = append(s.Events, x.Payload)
		if message, ok := x.Payload.(*mcpprotocol.AgentMessageEvent); ok {
			s.said = append(s.said, message.Message)
		}
	case *mcpprotocol.TurnContextLine:
		s.Context = &x.Payload
		s.said = nil
	case *mcpprotocol.CompactedLine:
		s.History = append(s.History, Entry{Summary: x.Payload.Message})
	default:
		return false
	}
	return true
}

// openRegular opens the file at path if it is one, and neither a symbolic link
// nor anything that reading could wait for.
func openRegular(path string, flags int) (*os.File, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errNotRegular
	}
	file, err := os.OpenFile(path, flags|openFlags, 0)
	if err != nil {
		return nil, err
	}
	if info, err = file.Stat(); err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

var errNotRegular = errors.New("not a regular file")

// withoutPath returns the reason of a system's error, for a text that has the
// path already.
func withoutPath(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
