package rollout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// maxFolder is how many entries of one folder are looked at.
const maxFolder = 1 << 20

// A position is where a file stands in the order of all: by the day of its
// folder, the time in its name, and its id. It is also the cursor of a page.
type position struct {
	time string // as in nameTimeFormat
	id   string // in lower case
}

func (p position) String() string { return p.time + "|" + p.id }

func (p position) compare(q position) int {
	if c := cmp.Compare(p.time, q.time); c != 0 {
		return c
	}
	return cmp.Compare(p.id, q.id)
}

// parsePosition reads a cursor.
func parsePosition(cursor string) (position, bool) {
	at, id, ok := strings.Cut(cursor, "|")
	if !ok || !validID(id) || !validTime(at) {
		return position{}, false
	}
	return position{at, strings.ToLower(id)}, true
}

// validTime reports whether text is a time in nameTimeFormat. It does not know
// how many days a month has.
func validTime(text string) bool {
	const form, greatest = "0000-00-00T00-00-00", "9999-12-31T23-59-60"
	if len(text) != len(form) {
		return false
	}
	for i := range len(form) {
		digit := text[i] >= '0' && text[i] <= '9'
		if digit != (form[i] == '0') || !digit && text[i] != form[i] {
			return false
		}
	}
	for _, at := range [...]int{5, 8, 11, 14, 17} {
		if text[at:at+2] > greatest[at:at+2] {
			return false
		}
	}
	return true
}

// A stored is what the name says of a file in the folder sessions, or of
// something that is no file.
type stored struct {
	position
	name string // in its folder
}

// parseName reads the name of a file in the folder of a day, which is 2006-01-02.
func parseName(name, day string) (stored, bool) {
	const prefix, suffix, idSize = "rollout-", ".jsonl", 36
	rest, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return stored{}, false
	}
	if rest, ok = strings.CutSuffix(rest, suffix); !ok || len(rest) != len(nameTimeFormat)+1+idSize {
		return stored{}, false
	}
	at, id := rest[:len(nameTimeFormat)], rest[len(nameTimeFormat)+1:]
	if rest[len(nameTimeFormat)] != '-' || !validID(id) || !validTime(at) {
		return stored{}, false
	}
	if at[:len(day)] != day {
		at = day + at[len(day):]
	}
	return stored{position{at, strings.ToLower(id)}, name}, true
}

// A day is a folder of files, open to read them.
type day struct {
	root   *os.Root
	path   string // absolute
	stored []stored
}

// regular reports whether name is a file, and neither a symbolic link nor
// anything that opening could wait for.
func (d day) regular(name string) bool {
	info, err := d.root.Lstat(name)
	return err == nil && info.Mode().IsRegular()
}

// days walks the folders of the days in sessions, the newest first, but none
// newer than the day of from if that is set. Symbolic links are not followed.
// It stops at the first error.
func days(ctx context.Context, home string, from *position) iter.Seq2[day, error] {
	return func(yield func(day, error) bool) {
		sessions, err := filepath.Abs(filepath.Join(home, sessionsDir))
		if err != nil {
			yield(day{}, err)
			return
		}
		root, err := os.OpenRoot(sessions)
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			yield(day{}, err)
			return
		}
		defer func() { _ = root.Close() }()
		last := ""
		if from != nil {
			last = from.time[:len(time.DateOnly)]
		}
		w := walker{ctx, root, sessions, last, yield}
		if _, err := w.walk(".", ""); err != nil {
			yield(day{}, err)
		}
	}
}

// A walker walks the folders of years, months and days.
type walker struct {
	ctx      context.Context
	root     *os.Root
	sessions string
	last     string // 2006-01-02, the newest day that counts; empty for all
	yield    func(day, error) bool
}

// digits is how many a folder has in its name that is in the one of date.
func digits(date string) int {
	if date == "" {
		return len("2006")
	}
	return len("01")
}

// walk goes through the folder name, which is of the date, a year or a year and
// a month. It reports whether to go on.
func (w *walker) walk(name, date string) (bool, error) {
	parts, err := folders(w.root, name, digits(date))
	if err != nil {
		return false, err
	}
	for _, part := range parts {
		if err := w.ctx.Err(); err != nil {
			return false, context.Cause(w.ctx)
		}
		below := strings.TrimPrefix(date+"-"+part, "-")
		if w.last != "" && below > w.last[:len(below)] {
			continue
		}
		next := w.walk
		if len(below) == len(time.DateOnly) {
			next = w.visit
		}
		if more, err := next(path.Join(name, part), below); err != nil || !more {
			return false, err
		}
	}
	return true, nil
}

// visit hands over the folder name, which is of the day date.
func (w *walker) visit(name, date string) (bool, error) {
	root, err := w.root.OpenRoot(name)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist), ignoreMissing(err)
	}
	defer func() { _ = root.Close() }()
	d := day{root: root, path: filepath.Join(w.sessions, filepath.FromSlash(name))}
	// Only names are read: asking what each file is takes many times as long.
	err = inFolder(root, ".", (*os.File).Readdirnames, func(name string) {
		if file, ok := parseName(name, date); ok {
			d.stored = append(d.stored, file)
		}
	})
	if err != nil {
		return false, err
	}
	return w.yield(d, nil), nil
}

// folders returns the names of the folders in name that are numbers of so many
// digits, the greatest first.
func folders(root *os.Root, name string, digits int) ([]string, error) {
	var found []string
	err := inFolder(root, name, (*os.File).ReadDir, func(entry fs.DirEntry) {
		if entry.IsDir() && len(entry.Name()) == digits && strings.Trim(entry.Name(), "0123456789") == "" {
			found = append(found, entry.Name())
		}
	})
	slices.SortFunc(found, func(a, b string) int { return cmp.Compare(b, a) })
	return found, ignoreMissing(err)
}

// inFolder calls visit for what read gives of the folder name, in no order.
func inFolder[T any](root *os.Root, name string, read func(*os.File, int) ([]T, error), visit func(T)) error {
	folder, err := root.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }()
	for range maxFolder / 1024 {
		some, err := read(folder, 1024)
		for _, entry := range some {
			visit(entry)
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
	return nil
}

// ignoreMissing ignores that a folder is gone: somebody may be tidying up.
func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Find returns the path of the file of the conversation id, the newest if there
// are several. The error is an [fs.ErrNotExist] when there is none. No file is
// opened.
func Find(ctx context.Context, home string, id mcpprotocol.ConversationID) (string, error) {
	want := strings.ToLower(string(id))
	for d, err := range days(ctx, home, nil) {
		if err != nil {
			return "", fmt.Errorf("looking for the conversation %q: %w", id, err)
		}
		found := slices.DeleteFunc(d.stored, func(s stored) bool { return s.id != want || !d.regular(s.name) })
		if len(found) > 0 {
			newest := slices.MaxFunc(found, func(a, b stored) int { return a.compare(b.position) })
			return filepath.Join(d.path, newest.name), nil
		}
	}
	return "", fmt.Errorf("looking for the conversation %q: %w", id, fs.ErrNotExist)
}
