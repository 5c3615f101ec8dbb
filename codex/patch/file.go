package patch

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// MaxFileSize is the size in bytes of the largest file that a patch can touch.
const MaxFileSize = 64 << 20

// join returns path as seen from dir. It keeps the spelling of path, which people
// and clients get to see; [filepath.Clean] makes the path that is opened.
func join(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return strings.TrimSuffix(dir, string(filepath.Separator)) + string(filepath.Separator) + path
}

// readText returns the content of a regular file.
func readText(path string) (string, error) {
	data, err := readFile(path)
	if err != nil {
		return "", err
	}
	if !utf8.Valid(data) {
		return "", errors.New("not a text file: it is not valid UTF-8")
	}
	return string(data), nil
}

func readFile(path string) (data []byte, err error) {
	// Asked before it is opened: opening a pipe would wait for its other end.
	info, err := os.Stat(path)
	if err != nil {
		return nil, cause(err)
	}
	if err := checkRegular(info); err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, cause(err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	data, err = io.ReadAll(io.LimitReader(file, MaxFileSize+1))
	if err != nil {
		return nil, cause(err)
	}
	if len(data) > MaxFileSize {
		return nil, errTooLarge
	}
	return data, nil
}

var errTooLarge = fmt.Errorf("larger than %d bytes", MaxFileSize)

func checkRegular(info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return errors.New("is a directory")
	case !info.Mode().IsRegular():
		return errors.New("not a regular file")
	case info.Size() > MaxFileSize:
		return errTooLarge
	default:
		return nil
	}
}

// cause returns err without the name of the file, which whoever handles it adds in
// the patch's spelling.
func cause(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}

// writeText makes content the content of the file at path. A file that exists
// keeps its permissions and, behind a symbolic link, its place; a new one gets the
// permissions like if that is given.
func writeText(path, content string, like fs.FileInfo) error {
	if len(content) > MaxFileSize {
		return errTooLarge
	}
	target, info, err := resolve(path)
	if err != nil {
		return err
	}
	if info != nil {
		// Replacing a file needs no permission to write it, so it is asked for here.
		existing, err := os.OpenFile(target, os.O_WRONLY, 0)
		if err != nil {
			return cause(err)
		}
		if err := existing.Close(); err != nil {
			return cause(err)
		}
		like = info
	}
	temp, err := createBeside(target)
	if errors.Is(err, fs.ErrPermission) && info != nil {
		return cause(os.WriteFile(target, []byte(content), 0o666)) // its folder takes no new files
	}
	if err != nil {
		return cause(err)
	}
	if err := finish(temp, content, like, target); err != nil {
		return errors.Join(cause(err), discard(temp.Name()))
	}
	return nil
}

// resolve follows the symbolic link that path may be. The info is nil when there is
// no file yet.
func resolve(path string) (string, fs.FileInfo, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path, nil, nil
	}
	if err != nil {
		return "", nil, cause(err)
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		// A link to nothing is an error: what it would create was not looked at.
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return "", nil, fmt.Errorf("follow the symbolic link: %w", cause(err))
		}
		if info, err = os.Stat(path); err != nil {
			return "", nil, cause(err)
		}
	}
	if err := checkRegular(info); err != nil {
		return "", nil, err
	}
	return path, info, nil
}

// createBeside creates a file in the folder of path with default permissions.
func createBeside(path string) (*os.File, error) {
	name := filepath.Join(filepath.Dir(path), ".patch-"+rand.Text())
	return os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
}

func finish(temp *os.File, content string, like fs.FileInfo, target string) error {
	_, err := temp.WriteString(content)
	if err == nil && like != nil {
		err = temp.Chmod(like.Mode().Perm())
	}
	if err := errors.Join(err, temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), target)
}

func discard(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// present reports whether there is anything at path.
func present(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// remove removes a file or a symbolic link, but no folder.
func remove(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return cause(err)
	}
	if info.IsDir() {
		return errors.New("is a directory")
	}
	return cause(os.Remove(path))
}
