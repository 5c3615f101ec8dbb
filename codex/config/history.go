package config

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// HistoryMetadata returns what session_configured tells of the message history
// in home: the number of the file, by which it is known again, and how many
// entries it has. Both are 0 when there is none.
func HistoryMetadata(home string) (logID uint64, entries int) {
	path := filepath.Join(home, historyName)
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return 0, 0
	}
	f, err := os.Open(path)
	if err != nil {
		return 0, 0
	}
	defer f.Close() //nolint:errcheck // only read from
	// The file may grow meanwhile; count what was there.
	rest := io.LimitReader(f, info.Size())
	buffer := make([]byte, 64<<10)
	for {
		n, err := rest.Read(buffer)
		entries += bytes.Count(buffer[:n], []byte{'\n'})
		if errors.Is(err, io.EOF) {
			return inode(info), entries
		}
		if err != nil {
			return inode(info), 0
		}
	}
}
