package rollout

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/codexmcp/codexmcp/codex/gitinfo"
	"github.com/codexmcp/codexmcp/mcpprotocol"
)

const (
	sessionsDir = "sessions"

	// nameTimeFormat is how a file's name has the local time of its creation.
	nameTimeFormat = "2006-01-02T15-04-05"
)

// Options describe a conversation that begins.
type Options struct {
	// Home is the folder that has the folder sessions.
	Home string

	// ConversationID is the conversation's id, a UUID.
	ConversationID mcpprotocol.ConversationID

	// Cwd is the working directory.
	Cwd string

	// Originator and Version name the program that records.
	Originator, Version string

	// Instructions are the user's, those of the project included; "" when there
	// are none.
	Instructions string

	// Now tells the time, also that of the lines; nil means time.Now. The date
	// and time in the file's path are in its location.
	Now func() time.Time

	// Git tells what git knows of the folder dir, nil for nothing, and as much
	// as it has found out when ctx is done. A nil Git means [gitinfo.Collect].
	Git func(ctx context.Context, dir string) *mcpprotocol.GitInfo
}

// Create makes the file of a conversation that begins, and the folders it is
// in. The file exists when Create returns; its first line follows as soon as
// git has answered.
func Create(o Options) (*Recorder, error) {
	r, err := create(o)
	if err != nil {
		return nil, fmt.Errorf("creating a rollout in %q: %w", filepath.Join(o.Home, sessionsDir), err)
	}
	return r, nil
}

func create(o Options) (*Recorder, error) {
	if !validID(string(o.ConversationID)) {
		return nil, fmt.Errorf("%q is no conversation id", o.ConversationID)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Git == nil {
		o.Git = gitinfo.Collect
	}
	began := o.Now()
	file, path, err := createFile(o.Home, began, string(o.ConversationID))
	if err != nil {
		return nil, err
	}
	if err := lock(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &Recorder{path: path, room: maxWaiting, now: o.Now, file: file, begun: make(chan struct{}), hurry: cancel}
	meta := mcpprotocol.SessionMeta{
		ID:         o.ConversationID,
		Timestamp:  stamp(began),
		Cwd:        valid(o.Cwd),
		Originator: valid(o.Originator),
		CliVersion: valid(o.Version),
	}
	if text := valid(o.Instructions); text != "" {
		meta.Instructions = &text
	}
	go func() {
		defer cancel()
		meta.Git = o.Git(ctx, o.Cwd)
		r.begin(encodeLine(began, "session_meta", &meta))
	}()
	return r, nil
}

// createFile makes the file in the folder of its day. Symbolic links inside of
// sessions do not lead out of it.
func createFile(home string, at time.Time, id string) (*os.File, string, error) {
	sessions := filepath.Join(home, sessionsDir)
	if err := os.MkdirAll(sessions, 0o700); err != nil {
		return nil, "", err
	}
	root, err := os.OpenRoot(sessions)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = root.Close() }()
	day := filepath.Join(at.Format("2006"), at.Format("01"), at.Format("02"))
	if err := root.MkdirAll(day, 0o700); err != nil {
		return nil, "", err
	}
	name := filepath.Join(day, "rollout-"+at.Format(nameTimeFormat)+"-"+id+".jsonl")
	file, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, "", err
	}
	path, err := filepath.Abs(filepath.Join(sessions, name))
	if err != nil {
		return nil, "", errors.Join(err, file.Close())
	}
	return file, path, nil
}

// validID reports whether id is a UUID as it is written in file names.
func validID(id string) bool {
	if len(id) != 36 {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
		default:
			return false
		}
	}
	return true
}
