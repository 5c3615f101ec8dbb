package patch

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// A TurnDiff adds up what patches change in the course of a turn. It remembers each
// file as it was before the first patch that touched it, and compares that with
// what is on disk when it is asked. It is not for concurrent use. The zero value
// is ready.
type TurnDiff struct {
	files []*touched
	roots map[string]string // git work tree by folder
	last  string
}

// touched is a file that patches have touched.
type touched struct {
	from   string // where it was at first
	path   string // where it is
	moving string // where the patch that is being applied moves it; mostly empty
	before snapshot
}

// settle takes note of a move that has succeeded.
func (t *touched) settle() {
	if t.moving != "" && present(t.moving) && !present(t.path) {
		t.path = t.moving
	}
	t.moving = ""
}

// Touch remembers the files that changes are about to change. It must be called
// right before they are applied.
func (d *TurnDiff) Touch(changes []Change) {
	d.settle()
	for _, c := range changes {
		file := d.at(c.Path)
		if file == nil {
			file = &touched{from: c.Path, path: c.Path, before: snap(filepath.Clean(c.Path))}
			d.files = append(d.files, file)
		}
		file.moving = c.MovePath
	}
}

func (d *TurnDiff) settle() {
	for _, file := range d.files {
		file.settle()
	}
}

func (d *TurnDiff) at(path string) *touched {
	for _, file := range d.files {
		if filepath.Clean(file.path) == filepath.Clean(path) {
			return file
		}
	}
	return nil
}

// Next returns the diff of all touched files, in git's style, and whether it is
// another one than Next returned before. It is empty while nothing has changed.
func (d *TurnDiff) Next() (diff string, changed bool) {
	d.settle()
	files := slices.Clone(d.files)
	slices.SortStableFunc(files, func(a, b *touched) int { return strings.Compare(a.path, b.path) })
	var b strings.Builder
	for _, file := range files {
		d.write(&b, file)
	}
	diff = b.String()
	changed = diff != d.last
	d.last = diff
	return diff, changed
}

func (d *TurnDiff) write(b *strings.Builder, file *touched) {
	old, now := file.before, snap(filepath.Clean(file.path))
	renamed := old.present() && now.present() && file.path != file.from
	same := old.mode == now.mode && old.oid == now.oid
	if same && !renamed {
		return
	}
	from, to := d.display(file.from), d.display(file.path)
	fmt.Fprintf(b, "diff --git a/%s b/%s\n", from, to)
	switch {
	case !old.present():
		fmt.Fprintf(b, "new file mode %s\n", now.mode)
	case !now.present():
		fmt.Fprintf(b, "deleted file mode %s\n", old.mode)
	case old.mode != now.mode:
		fmt.Fprintf(b, "old mode %s\nnew mode %s\n", old.mode, now.mode)
	}
	if same {
		fmt.Fprintf(b, "similarity index 100%%\nrename from %s\nrename to %s\n", from, to)
		return
	}
	fmt.Fprintf(b, "index %s..%s\n", old.oid, now.oid)
	oldName, newName := "a/"+from, "b/"+to
	if !old.present() {
		oldName = "/dev/null"
	}
	if !now.present() {
		newName = "/dev/null"
	}
	body := "Binary files differ\n"
	if old.text && now.text {
		body = UnifiedDiff(old.content, now.content, 3)
	}
	if body != "" {
		fmt.Fprintf(b, "--- %s\n+++ %s\n%s", oldName, newName, body)
	}
}

// display returns path relative to the git work tree it is in, with slashes. Any
// other path stays absolute, slash and all: "a//etc/hosts" gives the path back when
// its prefix is taken off, as readers of the original's diffs do.
func (d *TurnDiff) display(path string) string {
	clean := filepath.Clean(path)
	if root := d.root(filepath.Dir(clean)); root != "" {
		if relative, err := filepath.Rel(root, clean); err == nil {
			return filepath.ToSlash(relative)
		}
	}
	return filepath.ToSlash(path)
}

func (d *TurnDiff) root(folder string) string {
	if root, ok := d.roots[folder]; ok {
		return root
	}
	root := ""
	if present(filepath.Join(folder, ".git")) {
		root = folder
	} else if parent := filepath.Dir(folder); parent != folder {
		root = d.root(parent)
	}
	if d.roots == nil {
		d.roots = make(map[string]string)
	}
	d.roots[folder] = root
	return root
}

// maxShown is the size in bytes of the largest file whose lines are shown.
const maxShown = 4 << 20

// The modes that git knows.
const (
	modeFile       = "100644"
	modeExecutable = "100755"
	modeSymlink    = "120000"
)

var absentID = strings.Repeat("0", 2*sha1.Size)

// A snapshot is a file at some time.
type snapshot struct {
	mode    string // empty if there was none
	oid     string // of its blob
	content string // if text
	text    bool   // whether its content can be shown; nothing can
}

func (s snapshot) present() bool { return s.mode != "" }

// snap takes a snapshot. What is neither a file nor a symbolic link counts as
// absent, and so does what cannot be read.
func snap(path string) snapshot {
	absent := snapshot{oid: absentID, text: true}
	info, err := os.Lstat(path)
	if err != nil {
		return absent
	}
	var (
		data []byte
		mode = modeFile
	)
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(path)
		if err != nil {
			return absent
		}
		data, mode = []byte(target), modeSymlink
	case info.Mode().IsRegular():
		if info.Mode().Perm()&0o100 != 0 {
			mode = modeExecutable
		}
		if info.Size() > maxShown {
			return large(path, mode, info.Size())
		}
		if data, err = readFile(path); err != nil {
			return absent
		}
	default:
		return absent
	}
	s := snapshot{mode: mode, oid: blobID(data)}
	if utf8.Valid(data) {
		s.content, s.text = string(data), true
	}
	return s
}

func blobID(data []byte) string {
	h := sha1.New()
	_, _ = fmt.Fprintf(h, "blob %d\x00", len(data))
	_, _ = h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}

// large takes a snapshot of a file that is too large to show.
func large(path, mode string, size int64) snapshot {
	absent := snapshot{oid: absentID, text: true}
	file, err := os.Open(path)
	if err != nil {
		return absent
	}
	h := sha1.New()
	_, _ = fmt.Fprintf(h, "blob %d\x00", size)
	_, err = io.Copy(h, file)
	if err := errors.Join(err, file.Close()); err != nil {
		return absent
	}
	return snapshot{mode: mode, oid: hex.EncodeToString(h.Sum(nil))}
}
