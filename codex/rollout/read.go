package rollout

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Read returns what the rollout file at path has, without taking it: somebody
// may be appending to it. A path below the folder sessions in home must not lead
// out of it.
func Read(home, path string) (*Saved, error) {
	saved, err := readFile(home, path)
	if err != nil {
		return nil, fmt.Errorf("reading the rollout %q: %w", path, withoutPath(err))
	}
	return saved, nil
}

func readFile(home, path string) (saved *Saved, err error) {
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	if err := checkInside(home, path); err != nil {
		return nil, err
	}
	file, err := openRegular(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%d bytes are too many", info.Size())
	}
	saved, _, err = read(io.LimitReader(file, maxFile))
	return saved, err
}
