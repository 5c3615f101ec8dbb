package gen

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"go/token"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// A Source is everything one Go package is generated from.
type Source struct {
	// Package is the Go package's name, Import its import path.
	Package, Import string
	// Title names the protocol and Revision its version, for comments.
	Title, Revision string
	// Path is where Schema is kept, Command what a person runs to generate, for
	// the head of each file. Without one it is make generate.
	Path, Command string
	Schema        []byte
	// Overlays are applied in order.
	Overlays []*Overlay
	// Directions are the definitions that list which messages go which way.
	Directions []string
	// Schemas are definitions whose JSON Schema the package carries as text, with
	// references resolved: a program shows it to others.
	Schemas []string
	// Imports are packages whose types the schema refers to, by the name it
	// calls them: {"$ref": "mcp#/$defs/Tool"} is type Tool of Imports["mcp"].
	Imports map[string]*Package
	// Like are older revisions whose overlay entries count for this one too, as
	// far as they match.
	Like []string
}

// Generate returns the files of the source's package, by name.
func Generate(src Source) (map[string][]byte, error) {
	pkg, err := Build(src)
	if err != nil {
		return nil, err
	}
	return Render(pkg)
}

// Build returns the model of the source's package: all decisions, no text.
func Build(src Source) (*Package, error) {
	root, hints, err := src.overlaid()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", src.Path, err)
	}
	doc, err := load(root, hints)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", src.Path, err)
	}
	pkg := &Package{
		Name: src.Package, Import: src.Import, Title: src.Title, Revision: src.Revision, Source: src.Path, Command: cmp.Or(src.Command, makeGenerate),
		types: map[string]*Type{}, schemas: root["$defs"].(map[string]any), imports: src.Imports,
	}
	b := &builder{
		pkg: pkg, defs: doc.defs, values: doc.values, hints: hints, overlays: src.Overlays, imports: src.Imports,
		taken: map[string]string{}, placed: map[string]*Type{}, shared: map[string]*shared{}, unions: map[string]*Type{}, busy: map[string]bool{},
	}
	if err := b.build(src.Directions); err != nil {
		return nil, fmt.Errorf("%s: %w", src.Path, err)
	}
	if pkg.Schemas, err = inlineSchemas(root, src.Schemas); err != nil {
		return nil, fmt.Errorf("%s: %w", src.Path, err)
	}
	return pkg, nil
}

// Bundle returns the schema with the overlays applied, as JSON: what the
// generated types are generated from.
func Bundle(src Source) ([]byte, error) {
	root, _, err := src.overlaid()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", src.Path, err)
	}
	return marshalIndent(root)
}

func (src Source) overlaid() (map[string]any, map[string]*Entry, error) {
	parsed, err := parseJSON(src.Schema)
	if err != nil {
		return nil, nil, err
	}
	root, ok := parsed.(map[string]any)
	if !ok {
		return nil, nil, fmt.Errorf("want an object, got %s", jsonKind(parsed))
	}
	if err := modernize(root); err != nil {
		return nil, nil, err
	}
	defs, ok := root["$defs"].(map[string]any)
	if !ok {
		return nil, nil, fmt.Errorf("schema: no definitions")
	}
	hints, err := applyOverlays(defs, src.Overlays, src.Revision, src.Like)
	return root, hints, err
}

// build visits every definition that becomes Go. Directions and messages are
// no types by themselves.
func (b *builder) build(directions []string) error {
	for _, name := range slices.Sorted(maps.Keys(b.defs)) {
		if h := b.hints[below("", name)]; h != nil && h.Omit {
			continue
		}
		if _, message := messageOf(b.defs[name]); message || slices.Contains(directions, name) {
			continue
		}
		if _, err := b.definition(name); err != nil {
			return err
		}
	}
	if err := b.buildMethods(); err != nil {
		return err
	}
	if err := b.buildDirections(directions); err != nil {
		return err
	}
	// Building members finds further types with members.
	for len(b.members) > 0 {
		next := b.members[0]
		b.members = b.members[1:]
		if err := next(); err != nil {
			return err
		}
	}
	for _, next := range b.variants {
		if err := next(); err != nil {
			return err
		}
	}
	if err := b.finite(); err != nil {
		return err
	}
	b.sort()
	return nil
}

// finite checks that no value must contain itself.
func (b *builder) finite() error {
	const open, done = 1, 2
	state := map[*Struct]int{}
	var visit func(s *Struct) error
	visit = func(s *Struct) error {
		state[s] = open
		for _, f := range s.Fields {
			inner := f.Type.strct
			if f.Type.Kind != StructKind || f.Type.Import != "" || !f.Required || f.Type.Nullable || state[inner] == done {
				continue
			}
			if state[inner] == open {
				return errAt(f.At, "%s that requires itself can never end", article(inner.Name))
			}
			if err := visit(inner); err != nil {
				return err
			}
		}
		state[s] = done
		return nil
	}
	for _, s := range b.pkg.Structs {
		if state[s] == 0 {
			if err := visit(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// sort puts everything into the order in which it is written.
func (b *builder) sort() {
	p := b.pkg
	byName := func(x, y string) int {
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	}
	slices.SortFunc(p.Structs, func(x, y *Struct) int { return byName(x.Name, y.Name) })
	slices.SortFunc(p.Unions, func(x, y *Union) int { return byName(x.Name, y.Name) })
	slices.SortFunc(p.Enums, func(x, y *Enum) int { return byName(x.Name, y.Name) })
	slices.SortFunc(p.Named, func(x, y *Named) int { return byName(x.Name, y.Name) })
	slices.SortFunc(p.Methods, func(x, y *Method) int { return byName(x.Name, y.Name) })
}

// makeGenerate is what a person runs to generate where nothing else is said.
const makeGenerate = "make generate"

// A Manifest lists the packages of a project: what `go generate` makes.
type Manifest struct {
	// Module is the Go module's path.
	Module string `json:"module"`
	// Command is what a person runs to generate, for messages; make generate if empty.
	Command string `json:"command,omitempty"`
	// Packages are generated in order, so that one can refer to those before it.
	Packages []ManifestPackage `json:"packages"`
}

// A ManifestPackage says what one package is generated from. Paths are
// relative to the module's root.
type ManifestPackage struct {
	Dir        string            `json:"dir"`
	Name       string            `json:"name"`
	Title      string            `json:"title"`
	Revision   string            `json:"revision"`
	Schema     string            `json:"schema"`
	Overlays   []string          `json:"overlays,omitempty"`
	Directions []string          `json:"directions,omitempty"`
	Schemas    []string          `json:"schemas,omitempty"`
	Imports    map[string]string `json:"imports,omitempty"` // name in $ref -> dir
	// Like are older revisions whose overlay entries count for this one too.
	Like []string `json:"like,omitempty"`
	// Outputs are what else is made from the schema, beside the Go package.
	Outputs []Output `json:"outputs,omitempty"`
}

// Load reads what a manifest names, through read, and returns the sources in
// order. Overlays are shared between packages, so that Unused can tell what
// none of them uses.
func (m *Manifest) Load(read func(path string) ([]byte, error)) ([]Source, []*Overlay, error) {
	sources, overlays, _, err := m.load(read)
	return sources, overlays, err
}

// load is Load with the models, by folder, which later packages need.
func (m *Manifest) load(read func(path string) ([]byte, error)) ([]Source, []*Overlay, map[string]*Package, error) {
	parsed := map[string]*Overlay{}
	var overlays []*Overlay
	var sources []Source
	built := map[string]*Package{}
	for _, p := range m.Packages {
		text, err := read(p.Schema)
		if err != nil {
			return nil, nil, nil, err
		}
		src := Source{
			Package: p.Name, Import: m.Module + "/" + p.Dir, Title: p.Title, Revision: p.Revision,
			Path: p.Schema, Command: m.Command, Schema: text, Directions: p.Directions, Schemas: p.Schemas, Imports: map[string]*Package{}, Like: p.Like,
		}
		for _, file := range p.Overlays {
			if parsed[file] == nil {
				data, err := read(file)
				if err != nil {
					return nil, nil, nil, err
				}
				if parsed[file], err = ParseOverlay(file, data); err != nil {
					return nil, nil, nil, err
				}
				overlays = append(overlays, parsed[file])
			}
			src.Overlays = append(src.Overlays, parsed[file])
		}
		for name, dir := range p.Imports {
			if built[dir] == nil {
				return nil, nil, nil, fmt.Errorf("package %s: imports %q, which is not generated before it", p.Dir, dir)
			}
			src.Imports[name] = built[dir]
		}
		if built[p.Dir], err = Build(src); err != nil {
			return nil, nil, nil, err
		}
		sources = append(sources, src)
	}
	return sources, overlays, built, nil
}

// ParseManifest reads a manifest file. Unknown members are errors.
func ParseManifest(data []byte) (*Manifest, error) {
	var m Manifest
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	if m.Module == "" || len(m.Packages) == 0 {
		return nil, fmt.Errorf("manifest: want a module and packages")
	}
	m.Command = cmp.Or(m.Command, makeGenerate)
	seen := map[string]bool{}
	for i, p := range m.Packages {
		switch {
		case !filepath.IsLocal(p.Dir) || p.Dir != path.Clean(p.Dir) || strings.Contains(p.Dir, `\`):
			return nil, fmt.Errorf("manifest: packages[%d].dir %q: want a folder below the module's root", i, p.Dir)
		case seen[p.Dir]:
			return nil, fmt.Errorf("manifest: packages[%d].dir %q: is already that of another package", i, p.Dir)
		case !token.IsIdentifier(p.Name):
			return nil, fmt.Errorf("manifest: packages[%d].name %q: want the name of a Go package", i, p.Name)
		case p.Schema == "":
			return nil, fmt.Errorf("manifest: packages[%d].schema: missing", i)
		}
		seen[p.Dir] = true
	}
	return &m, nil
}
