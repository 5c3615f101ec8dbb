package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Names of the files in the home folder.
const (
	FileName    = "config.toml"
	docFileName = "AGENTS.md"
	historyName = "history.jsonl"
	dotenvName  = ".env"
)

// Secrets are the names in the home folder of what commands of a model must not
// read: credentials, and the configuration, which may hold some.
var Secrets = []string{FileName, "auth.json", dotenvName}

// Limits on what is read from disk.
const (
	maxConfigSize       = 4 << 20
	maxDotenvSize       = 1 << 20
	maxInstructionsSize = 1 << 20
)

// FindHome returns the folder of configuration and state: CODEX_HOME, which
// must exist and is returned without symbolic links, or else .codex in the
// user's home folder, which may be missing.
func FindHome(environ []string) (string, error) {
	if home := lookup(environ, "CODEX_HOME"); home != "" {
		abs, err := filepath.Abs(home)
		if err == nil {
			abs, err = filepath.EvalSymlinks(abs)
		}
		if err != nil {
			return "", fmt.Errorf("CODEX_HOME %q: %w", home, err)
		}
		info, err := os.Stat(abs)
		if err != nil {
			return "", fmt.Errorf("CODEX_HOME %q: %w", home, err)
		}
		if !info.IsDir() {
			return "", fmt.Errorf("CODEX_HOME %q: not a folder", home)
		}
		return abs, nil
	}
	user := lookup(environ, "HOME")
	if user == "" {
		var err error
		if user, err = os.UserHomeDir(); err != nil {
			return "", fmt.Errorf("finding the home folder: %w", err)
		}
	}
	return filepath.Join(user, ".codex"), nil
}

// lookup returns the value of name in environ, the last one when there are
// several, and "" when there is none.
func lookup(environ []string, name string) string {
	for i := len(environ) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(environ[i], name+"="); ok {
			return value
		}
	}
	return ""
}

// readBounded returns the content of a regular file. The file may be missing
// (then ok is false); one larger than limit is an error.
func readBounded(path string, limit int64) (content []byte, ok bool, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	if !info.Mode().IsRegular() {
		return nil, false, fmt.Errorf("%s: not a regular file", path)
	}
	content, cut, err := readAtMost(path, limit)
	if err != nil {
		return nil, false, err
	}
	if cut {
		return nil, false, fmt.Errorf("%s: larger than %d bytes", path, limit)
	}
	return content, true, nil
}
