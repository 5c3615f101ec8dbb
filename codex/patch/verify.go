package patch

import (
	"fmt"
	"io/fs"
	"path/filepath"
)

// A Change is what a patch does to one file, all its sections taken together.
type Change struct {
	Kind Kind

	// Path is the file: absolute if the directory was, in the patch's spelling.
	Path string

	// MovePath is where an updated file goes, spelled like Path. Empty means that
	// it stays.
	MovePath string

	// Old is the file's content on disk. It is empty for a file that is added,
	// also when that replaces one.
	Old string

	// New is the file's content after the patch, empty for one that is deleted.
	New string

	// UnifiedDiff leads from Old to New of an update, with one line of context and
	// no file headers.
	UnifiedDiff string
}

// Paths returns the paths the changes write to or remove.
func Paths(changes []Change) []string {
	var paths []string
	for _, c := range changes {
		paths = append(paths, c.Path)
		if c.MovePath != "" {
			paths = append(paths, c.MovePath)
		}
	}
	return paths
}

// Verify returns what the patch would change in the files on disk, whose paths are
// taken against dir, without changing anything. It fails where [Apply] would fail
// because a file cannot be read or its lines do not match.
func Verify(p *Patch, dir string) ([]Change, error) {
	v := verifier{dir: dir, at: make(map[string]*tracked)}
	for _, s := range p.Sections {
		path := v.name(s.Path)
		var err error
		switch s.Kind {
		case Add:
			v.add(path, s.Content)
		case Delete:
			err = v.delete(path)
		case Update:
			err = v.update(path, s)
		}
		if err != nil {
			return nil, fmt.Errorf("%s %q: %w", s.Kind, path.shown, err)
		}
	}
	return v.changes(), nil
}

// A name is a path as it is shown and as it is opened.
type name struct{ shown, clean string }

// A tracked file is one that the patch has touched. It may have been moved and
// other files may have come to where it was.
type tracked struct {
	from, to         name // before and after
	existed, exists  bool
	added            bool // the patch adds it, also if it existed
	replaced         bool // another file was moved over it
	content, updated string
}

// A verifier carries out a patch in memory, so that a section sees what the ones
// before it did.
type verifier struct {
	dir   string
	files []*tracked
	at    map[string]*tracked // by clean path, as it is now
}

func (v *verifier) name(path string) name {
	shown := join(v.dir, path)
	return name{shown, filepath.Clean(shown)}
}

func (v *verifier) track(t *tracked) *tracked {
	v.files = append(v.files, t)
	v.at[t.to.clean] = t
	return t
}

func (v *verifier) load(path name) (*tracked, error) {
	if t, ok := v.at[path.clean]; ok {
		if !t.exists {
			return nil, fs.ErrNotExist
		}
		return t, nil
	}
	content, err := readText(path.clean)
	if err != nil {
		return nil, err
	}
	return v.track(&tracked{from: path, to: path, existed: true, exists: true, content: content, updated: content}), nil
}

func (v *verifier) add(path name, content string) {
	t, ok := v.at[path.clean]
	if !ok {
		t = v.track(&tracked{from: path, to: path, added: true})
		if present(path.clean) {
			// Only shown if more happens to it: what cannot be read counts as empty.
			t.existed = true
			t.content, _ = readText(path.clean)
		}
	}
	t.added = t.added || !t.exists
	t.exists, t.updated = true, content
}

func (v *verifier) delete(path name) error {
	t, err := v.load(path)
	if err != nil {
		return err
	}
	t.exists, t.updated = false, ""
	return nil
}

func (v *verifier) update(path name, s Section) error {
	t, err := v.load(path)
	if err != nil {
		return err
	}
	if t.updated, err = update(t.updated, s.Hunks); err != nil {
		return err
	}
	if s.MovePath == "" {
		return nil
	}
	dest := v.name(s.MovePath)
	if dest.clean == t.to.clean {
		return nil
	}
	there, ok := v.at[dest.clean]
	if !ok && present(dest.clean) {
		there = v.track(&tracked{from: dest, to: dest, existed: true})
		there.content, _ = readText(dest.clean) // as in add
	}
	if there != nil {
		there.exists, there.replaced = false, there.to == there.from
	}
	v.track(&tracked{from: t.to, to: t.to}) // nothing is left there
	t.to = dest
	v.at[dest.clean] = t
	return nil
}

// changes returns the net effect per file, in the order they were first touched.
func (v *verifier) changes() []Change {
	var changes []Change
	told := make(map[*tracked]bool)
	for _, t := range v.files {
		if told[t] {
			continue
		}
		there := v.at[t.from.clean]
		if t.replaced && there.exists {
			continue // the move tells it
		}
		// Something else may stand now where an existing file was: then that is an
		// update of the place, and what was moved away is new where it went.
		if t.existed && there != t && there != nil && there.exists {
			told[there] = true
			changes = append(changes, updateOf(t.from, t.content, there.updated))
			if left := v.at[there.from.clean]; there.existed && !left.exists {
				changes = append(changes, Change{Kind: Delete, Path: there.from.shown, Old: there.content})
			}
			if t.exists {
				changes = append(changes, Change{Kind: Add, Path: t.to.shown, New: t.updated})
			}
			continue
		}
		switch {
		case t.added && t.exists && t.to.clean == t.from.clean:
			changes = append(changes, Change{Kind: Add, Path: t.to.shown, New: t.updated})
		case t.existed && t.exists:
			c := updateOf(t.from, t.content, t.updated)
			if t.to.clean != t.from.clean {
				c.MovePath = t.to.shown
			}
			changes = append(changes, c)
		case t.existed:
			changes = append(changes, Change{Kind: Delete, Path: t.from.shown, Old: t.content})
		case t.exists:
			changes = append(changes, Change{Kind: Add, Path: t.to.shown, New: t.updated})
		}
	}
	return changes
}

func updateOf(path name, old, new string) Change {
	return Change{Kind: Update, Path: path.shown, Old: old, New: new, UnifiedDiff: UnifiedDiff(old, new, 1)}
}
