package rollout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

const (
	// maxWaiting is how many bytes may wait to be written.
	maxWaiting = 64 << 20

	// patience is how long an event, or Close, waits for what git knows.
	patience = time.Second
)

// ErrInUse is returned for a file that has a [Recorder] already, in this
// process or another one.
var ErrInUse = errors.New("the conversation is in use")

// A Recorder appends to one rollout file. Its methods may be called from
// several goroutines; lines are in the order of the calls.
type Recorder struct {
	path  string
	room  int // how many bytes may wait
	now   func() time.Time
	begun chan struct{}      // closed once the first line need not be waited for
	hurry context.CancelFunc // ends the wait for what git knows; nil in a resumed recorder

	mu       sync.Mutex // protects what follows
	file     *os.File   // nil once closed
	size     int64      // of the file as far as it is whole lines of ours
	torn     bool       // whether half a line may stand at its end
	started  bool       // whether lines may be written
	waiting  [][]byte   // lines not yet written, oldest first
	waits    int        // their size
	unwell   bool       // whether the last write failed
	overflow bool       // whether lines were lost since then
	unsaid   error      // what failed while nobody was there to hear it
}

// Path returns the file's absolute path.
func (r *Recorder) Path() string { return r.path }

// Items records what the model is told or says. Items of a kind that is not
// kept are left out.
//
// Like the other recording methods, Items returns an error for something that
// has no JSON form, and for a file that cannot be written: once, until writing
// works again. What is waiting is then written first.
func (r *Recorder) Items(items ...mcpprotocol.ResponseItem) error {
	lines := make([][]byte, 0, len(items))
	var errs []error
	for _, item := range items {
		stored := storedItem(item)
		if stored == nil {
			continue
		}
		line, err := encodeLine(r.now(), "response_item", stored)
		if err != nil {
			errs = append(errs, fmt.Errorf("recording: %w", err))
			continue
		}
		lines = append(lines, line)
	}
	return errors.Join(append(errs, r.append(lines...))...)
}

// Event records an event, if it is one that a client is told again when the
// conversation is resumed; else it does nothing. When it returns, the event and
// all that was recorded before it have been written, so that a client may see
// it: an event does not wait long for git.
func (r *Recorder) Event(msg mcpprotocol.EventMsg) error {
	if !persisted(msg) {
		return nil
	}
	r.settle()
	return r.record("event_msg", msg)
}

// settle makes sure that the first line is written, if need be without all that
// git knows.
func (r *Recorder) settle() {
	select {
	case <-r.begun:
		return
	default:
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-r.begun:
	case <-late.C:
		r.hurry()
		<-r.begun
	}
}

// TurnContext records the settings of a model request.
func (r *Recorder) TurnContext(settings mcpprotocol.TurnContext) error {
	return r.record("turn_context", &settings)
}

// Compacted records that message took the place of the history so far.
func (r *Recorder) Compacted(message string) error {
	return r.record("compacted", &mcpprotocol.CompactedItem{Message: message})
}

func (r *Recorder) record(kind string, payload payload) error {
	line, err := encodeLine(r.now(), kind, payload)
	if err != nil {
		return fmt.Errorf("recording: %w", err)
	}
	return r.append(line)
}

// Flush returns when everything recorded so far has been handed to the system,
// or with the reason why some of it has not.
func (r *Recorder) Flush() error {
	<-r.begun
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return r.failure(fs.ErrClosed)
	}
	r.unsaid = nil
	return r.write()
}

// Close writes what waits and gives the file back. It does not wait long for
// git. Further calls do nothing; a closed recorder records nothing more.
func (r *Recorder) Close() error {
	r.settle()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return nil
	}
	err := r.write()
	if closeErr := r.file.Close(); err == nil && closeErr != nil {
		err = r.failure(closeErr)
	}
	r.file, r.waiting, r.waits = nil, nil, 0
	return err
}

var errOverflow = errors.New("too much waits to be written; what follows is lost")

// append writes lines behind those that wait, or lets them wait too.
func (r *Recorder) append(lines ...[]byte) error {
	if len(lines) == 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for !r.started && r.waits > r.room/2 {
		r.mu.Unlock()
		<-r.begun
		r.mu.Lock()
	}
	if r.file == nil {
		return r.failure(fs.ErrClosed)
	}
	var errs []error
	say := func(err error, known bool) {
		if err != nil && !known {
			errs = append(errs, err)
		}
	}
	say(r.unsaid, false)
	r.unsaid = nil
	for _, line := range lines {
		known := r.unwell
		if r.started && r.waits > 0 {
			say(r.write(), known)
		}
		if known = r.overflow; known || r.waits > 0 && r.waits+len(line) > r.room {
			r.overflow = true
			say(r.failure(errOverflow), known)
			break
		}
		r.waiting = append(r.waiting, line)
		r.waits += len(line)
	}
	if known := r.unwell; r.started {
		say(r.write(), known)
	}
	return errors.Join(errs...)
}

// begin puts first, if there is one, before everything that waits, and from
// then on lets lines be written.
func (r *Recorder) begin(first []byte, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer close(r.begun)
	r.started = true
	if first != nil {
		r.waiting = append([][]byte{first}, r.waiting...)
		r.waits += len(first)
	}
	if err == nil {
		err = r.write()
	}
	r.unsaid = err
}

// write writes the lines that wait, each in one go.
func (r *Recorder) write() error {
	err := r.drain()
	r.unwell = err != nil
	r.overflow = r.overflow && r.unwell
	return err
}

func (r *Recorder) drain() error {
	for len(r.waiting) > 0 {
		line := r.waiting[0]
		if r.torn {
			line = append([]byte{'\n'}, line...)
		}
		n, err := r.file.Write(line)
		if err != nil {
			r.takeBack(int64(n))
			return r.failure(err)
		}
		r.size += int64(n)
		r.torn = false
		r.waits -= len(r.waiting[0])
		r.waiting[0] = nil
		r.waiting = r.waiting[1:]
	}
	r.waiting = nil
	return nil
}

// takeBack removes the n bytes that a failed write left at the end of the file.
// Where that is impossible, the next line begins with a line end.
func (r *Recorder) takeBack(n int64) {
	if n == 0 {
		return
	}
	info, err := r.file.Stat()
	if err == nil && info.Size() == r.size+n {
		err = r.file.Truncate(r.size)
		if err == nil {
			return
		}
	}
	r.size += n
	r.torn = true
}

func (r *Recorder) failure(err error) error {
	return fmt.Errorf("writing the rollout %q: %w", r.path, withoutPath(err))
}
