package rollout

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

const archiveDir = "archived_sessions"

// ErrPath is returned for a path that is not that of the conversation's file.
var ErrPath = errors.New("not a rollout of the conversation")

// CheckArchive tells whether [Archive] would take path for the file of the
// conversation id; the error is an [ErrPath] if not.
func CheckArchive(home, path string, id mcpprotocol.ConversationID) error {
	_, err := archived(home, path, id)
	return err
}

// Archive moves the file at path, which must be the one of the conversation id
// and really be in the folder sessions, to the folder archived_sessions.
func Archive(home, path string, id mcpprotocol.ConversationID) error {
	from, err := archived(home, path, id)
	if err != nil {
		return err
	}
	folder := filepath.Join(home, archiveDir)
	to := filepath.Join(folder, filepath.Base(from))
	if err = os.MkdirAll(folder, 0o700); err == nil {
		if _, err = os.Lstat(to); err == nil {
			err = fs.ErrExist
		} else if errors.Is(err, fs.ErrNotExist) {
			err = os.Rename(from, to)
		}
	}
	if err != nil {
		return fmt.Errorf("archiving the rollout %q: %w", path, err)
	}
	return nil
}

// archived returns where the file that is to be archived really is.
func archived(home, path string, id mcpprotocol.ConversationID) (string, error) {
	refuse := func(format string, args ...any) (string, error) {
		return "", fmt.Errorf("archiving the rollout %q of %q: %w: "+format, append([]any{path, id, ErrPath}, args...)...)
	}
	file, ok := realPath(home, path)
	if !ok {
		return refuse("it must be in the folder %s", sessionsDir)
	}
	if !validID(string(id)) || !strings.HasSuffix(filepath.Base(file), string(id)+".jsonl") {
		return refuse("it belongs to another")
	}
	if info, err := os.Lstat(file); err != nil || !info.Mode().IsRegular() {
		return refuse("it is no regular file")
	}
	return file, nil
}

// checkInside refuses a path that only seems to be in the folder sessions.
func checkInside(home, path string) error {
	home, err := filepath.Abs(home)
	if err != nil {
		return err
	}
	if !within(filepath.Join(home, sessionsDir), path) {
		return nil
	}
	if _, err := os.Lstat(path); err != nil {
		return err
	}
	if _, ok := realPath(home, path); !ok {
		return errors.New("a symbolic link leads out of the folder " + sessionsDir)
	}
	return nil
}

// realPath returns path without symbolic links, if that is in the folder
// sessions.
func realPath(home, path string) (string, bool) {
	sessions, err := filepath.EvalSymlinks(filepath.Join(home, sessionsDir))
	if err == nil {
		sessions, err = filepath.Abs(sessions)
	}
	if err != nil {
		return "", false
	}
	if path, err = filepath.Abs(path); err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil || !within(sessions, path) {
		return "", false
	}
	return path, true
}

// within reports whether path is below folder. Both are absolute and clean.
func within(folder, path string) bool {
	relative, err := filepath.Rel(folder, path)
	return err == nil && relative != "." && filepath.IsLocal(relative)
}
