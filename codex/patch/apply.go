package patch

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// An Outcome lists the files that were changed, as the patch spells them.
type Outcome struct {
	Added    []string
	Modified []string // those that were moved by their new path
	Deleted  []string
}

// String returns the summary a model gets: a line of its own and then a line per
// file, which starts with A, M or D.
func (o Outcome) String() string {
	var b strings.Builder
	b.WriteString("Applied the patch. Changed files:\n")
	for _, list := range []struct {
		mark  string
		paths []string
	}{{"A", o.Added}, {"M", o.Modified}, {"D", o.Deleted}} {
		for _, path := range list.paths {
			fmt.Fprintf(&b, "%s %s\n", list.mark, path)
		}
	}
	return b.String()
}

// Apply changes the files on disk, whose paths are taken against dir, in the
// patch's order. It stops at the first section that fails; the outcome then lists
// what was done before.
func Apply(p *Patch, dir string) (Outcome, error) {
	var done Outcome
	if len(p.Sections) == 0 {
		return done, errEmpty
	}
	for _, s := range p.Sections {
		path := filepath.Clean(join(dir, s.Path))
		var err error
		switch s.Kind {
		case Add:
			if err = create(path, s.Content, nil); err == nil {
				done.Added = append(done.Added, s.Path)
			}
		case Delete:
			if err = remove(path); err == nil {
				done.Deleted = append(done.Deleted, s.Path)
			}
		case Update:
			shown := s.Path
			if s.MovePath != "" {
				shown = s.MovePath
			}
			if err = applyUpdate(s, path, dir); err == nil {
				done.Modified = append(done.Modified, shown)
			}
		}
		if err != nil {
			return done, fmt.Errorf("%s %q: %w", s.Kind, s.Path, err)
		}
	}
	return done, nil
}

// create writes a file and, where they are missing, its parents.
func create(path, content string, like os.FileInfo) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return fmt.Errorf("create its folder: %w", cause(err))
	}
	return writeText(path, content, like)
}

func applyUpdate(s Section, path, dir string) error {
	old, err := readText(path)
	if err != nil {
		return err
	}
	content, err := update(old, s.Hunks)
	if err != nil {
		return err
	}
	if s.MovePath == "" {
		return writeText(path, content, nil)
	}
	info, err := os.Stat(path)
	if err != nil {
		return cause(err)
	}
	dest := filepath.Clean(join(dir, s.MovePath))
	if there, err := os.Stat(dest); err == nil && os.SameFile(info, there) {
		return writeText(path, content, nil)
	}
	if err := create(dest, content, info); err != nil {
		return fmt.Errorf("move to %q: %w", s.MovePath, err)
	}
	return remove(path)
}
