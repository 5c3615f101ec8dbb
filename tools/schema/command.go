package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/codexmcp/codexmcp/gen"
)

// command is the program's tree of commands.
func command() *cobra.Command {
	root := &cobra.Command{
		Use:   "schema",
		Short: "Keep the protocol schemas and the Go code generated from them",
		Long: `schema keeps the protocol schemas under schema/ and the code generated from them.

A pin is the wire structure of a published schema: its definitions without
prose, in a normal form. Overlays say what the published JSON lost and how a
construct becomes Go. Generating reads only these files; only "pin", "verify" and
"upgrade" touch the network, and only when given a URL.

To change how something is generated: edit schema/overlays or gen, then generate.
To take a newly published schema: upgrade. To see what it would change: diff.`,
		Example: `  go run ./tools/schema generate
  go run ./tools/schema check
  go run ./tools/schema diff 2025-03-26 2025-06-18
  go run ./tools/schema upgrade 2027-01-15 schema.json`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          misuse(cobra.NoArgs),
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return errMisuse{err} })
	root.AddCommand(generateCommand(), checkCommand(), pinCommand(), verifyCommand(), diffCommand(), upgradeCommand())
	return root
}

func generateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "generate",
		Short: "Write everything that is generated",
		Long: `generate writes the Go packages that schema/packages.json lists, and what else is
made from their schemas: TypeScript declarations, JSON Schemas, reference pages. It
removes generated files that are no longer made. It never touches the network, and
the same inputs give the same bytes. It can be run from any folder of the module.`,
		Example: "  go run ./tools/schema generate\n  make generate",
		Args:    misuse(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := openProject()
			if err != nil {
				return err
			}
			files, err := p.generate()
			if files == nil {
				return err
			}
			return errors.Join(p.write(files), err)
		},
	}
}

func checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Fail if a pin, an overlay or a generated file is not what it should be",
		Long: `check generates everything in memory and compares it, bytes and set of files,
with what is there. It also compares each pin with the hash recorded for it.
It changes nothing; it names every file that differs and what to run.`,
		Example: "  go run ./tools/schema check\n  make drift",
		Args:    misuse(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := openProject()
			if err != nil {
				return err
			}
			files, err := p.generate()
			if err != nil {
				return err
			}
			return errors.Join(p.checkPins(), p.checkFiles(files))
		},
	}
}

// A project is a module with schemas: the folder everything is relative to.
type project struct {
	root     string
	manifest *gen.Manifest
}

// openProject finds the module that holds schema/packages.json, from the
// working directory upwards.
func openProject() (*project, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	for {
		data, err := os.ReadFile(filepath.Join(dir, "schema", "packages.json"))
		if err == nil {
			m, err := gen.ParseManifest(data)
			if err != nil {
				return nil, err
			}
			return &project{root: dir, manifest: m}, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return nil, fmt.Errorf("no schema/packages.json here or above")
		}
		dir = parent
	}
}

func (p *project) path(name string) string { return filepath.Join(p.root, filepath.FromSlash(name)) }

func (p *project) read(name string) ([]byte, error) { return os.ReadFile(p.path(name)) }

// generate returns every generated file by its path from the root.
func (p *project) generate() (map[string][]byte, error) { return p.manifest.Generate(p.read) }

// write brings the generated files on disk to what they should be.
func (p *project) write(files map[string][]byte) error {
	existing, err := p.existing()
	if err != nil {
		return err
	}
	for _, name := range existing {
		if _, wanted := files[name]; !wanted {
			if err := os.Remove(p.path(name)); err != nil {
				return err
			}
		}
	}
	for name, data := range files {
		if err := writeFile(p.path(name), data); err != nil {
			return err
		}
	}
	return nil
}

// checkFiles compares the generated files on disk with what they should be.
func (p *project) checkFiles(files map[string][]byte) error {
	existing, err := p.existing()
	if err != nil {
		return err
	}
	drift := gen.Drift(files, existing, p.read)
	if len(drift) == 0 {
		return nil
	}
	var errs []error
	for _, d := range drift {
		errs = append(errs, fmt.Errorf("%s: run %s", d, p.manifest.Command))
	}
	return errors.Join(errs...)
}

// existing lists the generated files on disk.
func (p *project) existing() ([]string, error) {
	var names []string
	for _, pattern := range p.manifest.Patterns() {
		found, err := filepath.Glob(p.path(pattern))
		if err != nil {
			return nil, err
		}
		for _, name := range found {
			rel, err := filepath.Rel(p.root, name)
			if err != nil {
				return nil, err
			}
			names = append(names, filepath.ToSlash(rel))
		}
	}
	return names, nil
}
