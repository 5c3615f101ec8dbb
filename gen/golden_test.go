package gen

import (
	"flag"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the goldens in testdata")

// A golden is one archive in testdata: a schema, perhaps an overlay, and what
// becomes of them. Its prose says which rule or bug it holds.
type golden struct {
	path    string
	archive *txtar.Archive
}

func goldens() ([]*golden, error) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		return nil, err
	}
	var all []*golden
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			return nil, err
		}
		all = append(all, &golden{path, archive})
	}
	return all, nil
}

func (g *golden) name() string { return strings.TrimSuffix(filepath.Base(g.path), ".txtar") }

func (g *golden) file(name string) ([]byte, bool) {
	for _, f := range g.archive.Files {
		if f.Name == name {
			return f.Data, true
		}
	}
	return nil, false
}

func (g *golden) source() (Source, error) {
	schema, _ := g.file("schema.json")
	src := Source{Package: g.name(), Import: module + "/gen/testdata/codecs/" + g.name(), Title: "Golden", Revision: "1", Path: "schema.json", Schema: schema}
	if text, ok := g.file("overlay.json"); ok {
		o, err := ParseOverlay("overlay.json", text)
		if err != nil {
			return src, err
		}
		src.Overlays = append(src.Overlays, o)
	}
	if text, ok := g.file("directions"); ok {
		src.Directions = strings.Fields(string(text))
	}
	return src, nil
}

// goldenPackages are the models of all goldens.
func goldenPackages() ([]*Package, error) {
	all, err := goldens()
	if err != nil {
		return nil, err
	}
	var packages []*Package
	for _, g := range all {
		src, err := g.source()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", g.path, err)
		}
		p, err := Build(src)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", g.path, err)
		}
		packages = append(packages, p)
	}
	return packages, nil
}

func TestGoldens(t *testing.T) {
	all, err := goldens()
	require.NoError(t, err)
	require.NotEmpty(t, all)
	for _, g := range all {
		t.Run(g.name(), func(t *testing.T) {
			require.NotEmpty(t, strings.TrimSpace(string(g.archive.Comment)), "no prose says what this golden holds")
			src, err := g.source()
			require.NoError(t, err)
			files, err := Generate(src)
			require.NoError(t, err)
			for _, o := range src.Overlays {
				require.NoError(t, o.Unused())
			}
			typeCheck(t, src.Import, files)
			compared := 0
			for i, f := range g.archive.Files {
				if !strings.HasSuffix(f.Name, "_gen.go") {
					continue
				}
				compared++
				made, ok := files[f.Name]
				require.True(t, ok, "%s is not generated", f.Name)
				if *update {
					g.archive.Files[i].Data = made
				} else {
					require.Equal(t, string(f.Data), string(made), "%s: run go test ./gen -update and review the difference", f.Name)
				}
			}
			require.NotZero(t, compared, "no golden: add an empty -- types_gen.go -- and run go test ./gen -update")
			if *update {
				require.NoError(t, os.WriteFile(g.path, txtar.Format(g.archive), 0o644))
			}
		})
	}
}

// TestGoldenValues decodes and encodes what the goldens accept, and tries what they reject.
func TestGoldenValues(t *testing.T) {
	all, err := goldens()
	require.NoError(t, err)
	c := useCodecs(t)
	for _, g := range all {
		t.Run(g.name(), func(t *testing.T) {
			accept, _ := g.file("accept")
			for line := range strings.Lines(string(accept)) {
				typ, text, _ := strings.Cut(strings.TrimSpace(line), " ")
				got, err := c.ask("roundtrip", g.name()+"."+typ, []byte(text))
				if assert.NoError(t, err, line) {
					assert.NoError(t, equalJSON([]byte(text), got), line)
				}
			}
			reject, _ := g.file("reject")
			for line := range strings.Lines(string(reject)) {
				value, want, ok := strings.Cut(strings.TrimSpace(line), " => ")
				require.True(t, ok, "want TYPE JSON => ERROR, got %s", line)
				typ, text, _ := strings.Cut(value, " ")
				_, err := c.ask("roundtrip", g.name()+"."+typ, []byte(text))
				assert.ErrorContains(t, err, want, line)
			}
		})
	}
}

// typeCheck compiles files in memory as far as types go.
func typeCheck(t *testing.T, path string, files map[string][]byte) {
	t.Helper()
	fset := token.NewFileSet()
	var parsed []*ast.File
	for _, name := range sortedKeys(files) {
		f, err := parser.ParseFile(fset, name, files[name], parser.SkipObjectResolution)
		require.NoError(t, err)
		parsed = append(parsed, f)
	}
	known, err := exports()
	require.NoError(t, err)
	config := types.Config{Importer: importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		file, ok := known[path]
		if !ok {
			return nil, fmt.Errorf("generated code imports %q: only the standard library and wire are allowed", path)
		}
		return os.Open(file)
	})}
	_, err = config.Check(path, fset, parsed, nil)
	require.NoError(t, err)
}
