package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/codexmcp/codexmcp/gen"
)

// formats are the forms of a report.
var formats = map[string]func(*gen.Report) ([]byte, error){
	"text":     (*gen.Report).Text,
	"json":     (*gen.Report).JSON,
	"markdown": (*gen.Report).Markdown,
}

func diffCommand() *cobra.Command {
	var format, as string
	cmd := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Say what changed between two schemas, and whom it breaks",
		Long: `diff compares two schemas and reports what changed on the wire: definitions,
members, values, variants and methods that came, went or changed their type;
what is required; constants, null, bounds and defaults. Descriptions don't count.

OLD and NEW are revisions, as in schema/packages.json, or files: a pin, or a
schema as published.

For each change it says whom it breaks. Writers are programs that write by OLD:
they break where NEW refuses what OLD allows. Readers are programs that read by
OLD: they break where NEW allows what OLD doesn't know. Behind it stands which
peer writes and reads the place, and which Go identifiers the change touches; at
the end are all Go identifiers that were added, removed or changed. A line that
begins with ! breaks somebody. The rules are in the documentation of gen.Diff.`,
		Example: `  what a client has to know about the newest revision
    go run ./tools/schema diff 2025-06-18 2026-07-28
  what a schema that was edited by hand would change, as a page
    go run ./tools/schema diff 2025-06-18 edited.json --format markdown
  two files, read with the names and overlays of a revision
    go run ./tools/schema diff before.json after.json --as 2025-11-25`,
		Args: misuse(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			write := formats[format]
			if write == nil {
				return errMisuse{fmt.Errorf("diff: format %q: want text, json or markdown", format)}
			}
			p, err := openProject()
			if err != nil {
				return err
			}
			report, err := p.diff(args[0], args[1], as)
			if err != nil {
				return fmt.Errorf("diff: %w", err)
			}
			return printReport(cmd.OutOrStdout(), report, write)
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "form of the report: text, json or markdown")
	cmd.Flags().StringVar(&as, "as", "", "revision whose overlays a file is read with (default the one it has most in common with)")
	return cmd
}

func printReport(out io.Writer, report *gen.Report, write func(*gen.Report) ([]byte, error)) error {
	text, err := write(report)
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}

// diff compares two revisions or files.
func (p *project) diff(old, new, as string) (*gen.Report, error) {
	sources, _, err := p.manifest.Load(p.read)
	if err != nil {
		return nil, err
	}
	byRevision := map[string]gen.Source{}
	for _, src := range sources {
		if slices.Contains(p.revisions(), src.Revision) {
			byRevision[src.Revision] = src
		}
	}
	if _, known := byRevision[as]; as != "" && !known {
		return nil, fmt.Errorf("--as %q: no such revision; revisions are %s", as, strings.Join(p.revisions(), ", "))
	}
	var sides []gen.Source
	for _, name := range []string{old, new} {
		src, known := byRevision[name]
		if !known {
			if src, err = p.fileSource(name, sources, byRevision[as]); err != nil {
				return nil, err
			}
		}
		sides = append(sides, src)
	}
	return gen.Diff(sides[0], sides[1])
}

// fileSource is a file, with names and overlays as a model has them: without
// one, as the revision that has most in common with the file.
func (p *project) fileSource(name string, sources []gen.Source, model gen.Source) (gen.Source, error) {
	data, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return model, fmt.Errorf("%q is neither a file nor a revision; revisions are %s", name, strings.Join(p.revisions(), ", "))
	}
	if err != nil {
		return model, err
	}
	if model.Revision == "" {
		if model, err = closest(sources, data); err != nil {
			return model, fmt.Errorf("%s: %w", name, err)
		}
	}
	model.Schema, model.Path = data, name
	model.Like = append([]string{model.Revision}, model.Like...)
	model.Revision = name
	return model, nil
}

// closest is the source that has most definitions in common with a schema, or
// one without overlays if none has any.
func closest(sources []gen.Source, schema []byte) (gen.Source, error) {
	best, most := gen.Source{Package: "schema", Import: "schema", Directions: sources[0].Directions}, 0
	own, err := definitions(schema)
	if err != nil {
		return best, err
	}
	for _, src := range sources {
		others, err := definitions(src.Schema)
		if err != nil {
			return best, err
		}
		same := 0
		for name, text := range others {
			if own[name] == text {
				same++
			}
		}
		if same > most {
			best, most = src, same
		}
	}
	return best, nil
}

// definitions are a schema's definitions in normal form, by name.
func definitions(schema []byte) (map[string]string, error) {
	form, err := gen.Normalize(schema)
	if err != nil {
		return nil, err
	}
	var root struct {
		Defs map[string]json.RawMessage `json:"$defs"`
	}
	if err := json.Unmarshal(form, &root); err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for name, text := range root.Defs {
		texts[name] = string(text)
	}
	return texts, nil
}

// revisions are those that only one package has, so that they name a schema.
func (p *project) revisions() []string {
	packages := map[string]int{}
	for _, pkg := range p.manifest.Packages {
		packages[pkg.Revision]++
	}
	maps.DeleteFunc(packages, func(_ string, n int) bool { return n > 1 })
	return slices.Sorted(maps.Keys(packages))
}

// isPin reports whether a schema is the pin of a published one.
func isPin(path string) bool { return strings.HasPrefix(path, "schema/mcp/") }
