package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/codexmcp/codexmcp/gen"
)

const packagesFile = "schema/packages.json"

func upgradeCommand() *cobra.Command {
	var origin pin
	var format string
	cmd := &cobra.Command{
		Use:   "upgrade REVISION FILE|URL",
		Short: "Move a pin, regenerate, and report what changed",
		Long: `upgrade takes a published schema all the way: it pins it as REVISION, generates
all packages again, compiles what was generated, and prints what changed against
the pin that REVISION had before or, for a new revision, against the newest one
that is older (see "schema diff" for how to read the report).

A new revision gets a package of its own, mcptypes/mcpYYYYMMDD, which is entered
in schema/packages.json so that go generate makes it from then on. Overlay entries
for the revision before it count for it too, as far as they match.

If anything fails, nothing is changed: the error names the path in the schema and
the construct that has no Go type. Resolve it with an entry in schema/overlays (it
can be limited to the revision) and run upgrade again.`,
		Example: `  a dated schema was published again
    go run ./tools/schema upgrade 2025-06-18 schema.json --commit 2ebb806
  a new revision, straight from its repository
    go run ./tools/schema upgrade 2027-01-15 https://example.com/2027-01-15/schema.json \
        --repository https://example.com/protocol --commit 1a2b3c4 --path schema/2027-01-15/schema.json
  see first what a file would change
    go run ./tools/schema diff 2025-06-18 schema.json`,
		Args: misuse(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			write := formats[format]
			if write == nil {
				return errMisuse{fmt.Errorf("upgrade: format %q: want text, json or markdown", format)}
			}
			p, err := openProject()
			if err != nil {
				return err
			}
			report, err := p.upgrade(cmd.Context(), args[0], args[1], origin)
			if err != nil {
				return fmt.Errorf("upgrade %s: %w", args[0], err)
			}
			if err := printReport(cmd.OutOrStdout(), report, write); err != nil {
				return err
			}
			return p.next(cmd.ErrOrStderr(), args[0])
		},
	}
	originFlags(cmd, &origin)
	cmd.Flags().StringVar(&format, "format", "text", "form of the report: text, json or markdown")
	return cmd
}

// next tells a person what is left to do.
func (p *project) next(out io.Writer, revision string) error {
	_, err := fmt.Fprintf(out, "\n%s is pinned and generated. Next: document new types in schema/overlays/docs.json, run make check, and commit it all as one.\n", revision)
	return err
}

// upgrade moves or makes a pin with all that follows from it, or changes nothing.
func (p *project) upgrade(ctx context.Context, revision, from string, origin pin) (*gen.Report, error) {
	old := predecessor(p.manifest, revision)
	if old < 0 {
		return nil, fmt.Errorf("no pin that is older to compare with; use schema pin and an entry in %s", packagesFile)
	}
	files, err := p.pinned(ctx, revision, from, origin)
	if err != nil {
		return nil, err
	}
	packages, err := p.read(packagesFile)
	if err != nil {
		return nil, err
	}
	if p.manifest.Packages[old].Revision != revision {
		added, err := newPackage(p.manifest, old, revision)
		if err != nil {
			return nil, err
		}
		if packages, err = insertPackage(packages, old, added); err != nil {
			return nil, err
		}
		files[packagesFile] = packages
	}
	next := &project{root: p.root}
	if next.manifest, err = gen.ParseManifest(packages); err != nil {
		return nil, err
	}
	read := func(name string) ([]byte, error) {
		if data, changed := files[name]; changed {
			return data, nil
		}
		return p.read(name)
	}
	generated, err := next.manifest.Generate(read)
	if err != nil {
		return nil, err
	}
	before, _, err := p.manifest.Load(p.read)
	if err != nil {
		return nil, err
	}
	after, _, err := next.manifest.Load(read)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(next.manifest.Packages, func(m gen.ManifestPackage) bool { return m.Schema == pinPath(revision) })
	report, err := gen.Diff(before[old], after[i])
	if err != nil {
		return nil, err
	}
	if before[old].Revision == revision {
		report.Old += " as it was"
	}
	return report, next.apply(ctx, files, generated)
}

// predecessor is the package of a revision, else that of the newest older one.
func predecessor(m *gen.Manifest, revision string) int {
	best := -1
	for i, p := range m.Packages {
		if isPin(p.Schema) && p.Revision <= revision && (best < 0 || p.Revision > m.Packages[best].Revision) {
			best = i
		}
	}
	return best
}

// newPackage is the entry of a new revision. It takes after an older one, but
// has only the overlays that all pinned revisions have.
func newPackage(m *gen.Manifest, old int, revision string) (gen.ManifestPackage, error) {
	added := m.Packages[old]
	digits := strings.ReplaceAll(revision, "-", "")
	if len(digits) != 8 || strings.Trim(digits, "0123456789") != "" {
		return added, fmt.Errorf("a new revision is called by its date, such as 2027-01-15")
	}
	added.Name = "mcp" + digits
	added.Dir = path.Join("mcptypes", added.Name)
	added.Like = append([]string{added.Revision}, added.Like...)
	added.Revision, added.Schema, added.Outputs, added.Schemas = revision, pinPath(revision), nil, nil
	added.Overlays = slices.DeleteFunc(slices.Clone(added.Overlays), func(overlay string) bool {
		return slices.ContainsFunc(m.Packages, func(p gen.ManifestPackage) bool {
			return isPin(p.Schema) && !slices.Contains(p.Overlays, overlay)
		})
	})
	return added, nil
}

// insertPackage adds an entry behind another, and leaves the rest as it is written.
func insertPackage(packages []byte, behind int, added gen.ManifestPackage) ([]byte, error) {
	entry, err := entryText(added)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(packages))
	for found := false; !found; {
		token, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", packagesFile, err)
		}
		found = token == "packages"
	}
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("%s: %w", packagesFile, err)
	}
	for range behind + 1 {
		var entry json.RawMessage
		if err := d.Decode(&entry); err != nil {
			return nil, fmt.Errorf("%s: %w", packagesFile, err)
		}
	}
	at := d.InputOffset()
	return slices.Concat(packages[:at], []byte(",\n    "), entry, packages[at:]), nil
}

// entryText writes an entry as the others are written: a line for each member.
func entryText(added gen.ManifestPackage) ([]byte, error) {
	text, err := json.Marshal(added)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	var lines []string
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		lines = append(lines, fmt.Sprintf("      %q: %s", name, bytes.ReplaceAll(value, []byte(`","`), []byte(`", "`))))
	}
	return []byte("{\n" + strings.Join(lines, ",\n") + "\n    }"), nil
}

// apply writes schema files and generated files and compiles what was
// generated. If something fails, it puts everything back.
func (p *project) apply(ctx context.Context, files, generated map[string][]byte) (err error) {
	existing, err := p.existing()
	if err != nil {
		return err
	}
	s := &snapshot{root: p.root}
	for _, list := range []map[string][]byte{files, generated} {
		for name := range list {
			s.keep(name)
		}
	}
	for _, name := range existing {
		s.keep(name)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.restore())
		}
	}()
	for name, data := range files {
		if err := writeFile(p.path(name), data); err != nil {
			return err
		}
	}
	if err := p.write(generated); err != nil {
		return err
	}
	return p.compile(ctx)
}

// compile builds the generated packages.
func (p *project) compile(ctx context.Context) error {
	args := []string{"build"}
	for _, pkg := range p.manifest.Packages {
		args = append(args, "./"+pkg.Dir)
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = p.root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("the generated packages do not compile: %w\n%s", err, bytes.TrimSpace(out))
	}
	return nil
}

// A snapshot remembers files as they are before they change.
type snapshot struct {
	root  string
	files map[string][]byte // nil for what does not exist
	err   error
}

func (s *snapshot) keep(name string) {
	if s.files == nil {
		s.files = map[string][]byte{}
	}
	data, err := os.ReadFile(filepath.Join(s.root, filepath.FromSlash(name)))
	switch {
	case errors.Is(err, os.ErrNotExist):
		s.files[name] = nil
	case err != nil:
		s.err = errors.Join(s.err, err)
	default:
		s.files[name] = append([]byte{}, data...)
	}
}

// restore puts every file back, and removes those that did not exist and the
// folders that are empty without them.
func (s *snapshot) restore() error {
	errs := s.err
	for name, data := range s.files {
		file := filepath.Join(s.root, filepath.FromSlash(name))
		if data != nil {
			errs = errors.Join(errs, writeFile(file, data))
			continue
		}
		if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = errors.Join(errs, err)
		}
		for dir := filepath.Dir(file); os.Remove(dir) == nil; { // fails unless it is empty, as it should
			dir = filepath.Dir(dir)
		}
	}
	return errs
}

// writeFile writes a file and the folders it lies in, unless it is so already.
func writeFile(name string, data []byte) error {
	if old, err := os.ReadFile(name); err == nil && bytes.Equal(old, data) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o644)
}
