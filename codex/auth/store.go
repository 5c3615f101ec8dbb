package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/wire"
)

// FileName is the name of the file with the credentials in the home folder.
const FileName = "auth.json"

const maxFileSize = 1 << 20

// A store is auth.json of one home folder.
type store struct{ path string }

func newStore(home string) store { return store{filepath.Join(home, FileName)} }

// A stamp tells one state of the file from another without reading it.
type stamp struct {
	modified time.Time
	size     int64
	info     os.FileInfo // nil: no file
}

func (s store) stamp() stamp {
	info, err := os.Stat(s.path)
	if err != nil {
		return stamp{}
	}
	return stamp{info.ModTime(), info.Size(), info}
}

func (s stamp) equal(other stamp) bool {
	if s.info == nil || other.info == nil {
		return s.info == nil && other.info == nil
	}
	return s.modified.Equal(other.modified) && s.size == other.size && os.SameFile(s.info, other.info)
}

// read returns the content of the file, nil if there is none.
func (s store) read() (*mcpprotocol.AuthFile, error) {
	info, err := os.Stat(s.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFileSize {
		return nil, fmt.Errorf("%s: not a regular file of at most %d bytes", s.path, maxFileSize)
	}
	f, err := os.Open(s.path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read from
	text, err := io.ReadAll(io.LimitReader(f, maxFileSize))
	if err != nil {
		return nil, err
	}
	file := &mcpprotocol.AuthFile{}
	if err := wire.Unmarshal(text, file); err != nil {
		// The cause could quote a secret.
		return nil, fmt.Errorf("%s: not a file of credentials", s.path)
	}
	return file, nil
}

// write replaces the file.
func (s store) write(file *mcpprotocol.AuthFile) error {
	text, err := wire.Append(nil, file)
	if err != nil {
		return fmt.Errorf("writing %s: the credentials cannot be encoded", s.path)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, text, "", "  "); err != nil {
		return fmt.Errorf("writing %s: the credentials cannot be encoded", s.path)
	}
	return config.ReplaceFile(s.path, pretty.Bytes(), 0o600)
}

// remove deletes the file, which may be missing.
func (s store) remove() error {
	if err := os.Remove(s.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// keyFile is auth.json after a login with an API key.
func keyFile(key Secret) *mcpprotocol.AuthFile {
	file := &mcpprotocol.AuthFile{APIKey: key.Reveal()}
	if key.Reveal() == "" {
		file.Extra.Set(keyMember, emptyString)
	}
	return file
}

// tokenFile is auth.json after a login with a ChatGPT account. The account may
// have come with an API key, else key is the zero Secret.
func tokenFile(key Secret, tokens *mcpprotocol.AuthTokens, now time.Time) *mcpprotocol.AuthFile {
	file := &mcpprotocol.AuthFile{APIKey: key.Reveal(), Tokens: tokens, LastRefresh: formatTime(now)}
	if file.APIKey == "" {
		file.Extra.Set(keyMember, null)
	}
	if tokens.AccountID == "" {
		tokens.Extra.Set("account_id", null)
	}
	return file
}

func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

var (
	null        = literal("null")
	emptyString = literal(`""`)
)

func literal(text string) wire.Raw {
	raw, err := wire.ParseRaw([]byte(text))
	if err != nil {
		return wire.Raw{}
	}
	return raw
}
