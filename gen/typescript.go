package gen

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"
)

// TypeScript returns declarations of a package's protocol, by file name:
//
//	types.ts    every definition of the schema, by its name there
//	NAME.ts     what it takes from the package it imports as NAME
//	methods.ts  params and results by method, for each direction
//	index.ts    all of them
//
// Objects are interfaces, and open: what a newer peer sends beside the declared
// members is no error. Integers and numbers are number, as JSON.parse gives them.
// Requests have an id, which schemas leave to the connection. Aliases are further
// names by which types are exported.
func TypeScript(pkg *Package, aliases map[string]string) (map[string][]byte, error) {
	b, err := bundleOf(pkg)
	if err != nil {
		return nil, err
	}
	w := &tsWriter{pkg: pkg, bundle: b}
	main := &tsFile{Pkg: pkg}
	files := map[string]*tsFile{"types.ts": main}
	for _, name := range slices.Sorted(maps.Keys(b.defs)) {
		file := main
		if from := b.from[name]; from != "" {
			if files[from+".ts"] == nil {
				files[from+".ts"] = &tsFile{Pkg: pkg}
			}
			file = files[from+".ts"]
		}
		file.Decls = append(file.Decls, w.declaration(name))
	}
	for _, alias := range slices.Sorted(maps.Keys(aliases)) {
		of := aliases[alias]
		if b.defs[of] == nil {
			return nil, fmt.Errorf("alias %q: no definition %q", alias, of)
		}
		if b.defs[alias] != nil {
			return nil, fmt.Errorf("alias %q: is a definition", alias)
		}
		main.Decls = append(main.Decls, &tsDecl{Name: alias, Doc: fmt.Sprintf("Another name of %s.", tsName(of)), Type: w.name(of)})
	}
	files["methods.ts"] = w.methods()

	out := map[string][]byte{}
	for name, file := range files {
		file.Imports = w.imports(name, file)
		if out[name], err = file.render("typescript.tmpl"); err != nil {
			return nil, err
		}
	}
	index := &tsFile{Pkg: pkg}
	for _, name := range slices.Sorted(maps.Keys(out)) {
		index.Exports = append(index.Exports, strings.TrimSuffix(name, ".ts"))
	}
	if out["index.ts"], err = index.render("typescript.tmpl"); err != nil {
		return nil, err
	}
	return out, nil
}

// A tsFile is what a file of declarations holds.
type tsFile struct {
	Pkg     *Package
	Imports []tsImport
	Decls   []*tsDecl
	Exports []string
}

// A tsImport is what a file takes from another.
type tsImport struct {
	File  string
	Names []string
}

// A tsDecl is an interface, if it has members, or another type.
type tsDecl struct {
	Name, Doc, Type string
	Interface       bool
	uses            []string
}

// Wrapped reports whether the type begins on a line of its own.
func (d *tsDecl) Wrapped() bool { return strings.HasPrefix(d.Type, "\n") }

func (f *tsFile) render(name string) ([]byte, error) {
	t, err := template.New(name).Funcs(template.FuncMap{"doc": tsDoc, "join": strings.Join}).ParseFS(templateFiles, "templates/"+name)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, f); err != nil {
		return nil, err
	}
	return append(bytes.TrimSpace(out.Bytes()), '\n'), nil
}

// A tsWriter turns schemas into TypeScript.
type tsWriter struct {
	pkg    *Package
	bundle *bundle
	uses   map[string]bool // definitions named since the declaration began
}

// declaration is what a definition becomes.
func (w *tsWriter) declaration(name string) *tsDecl {
	w.uses = map[string]bool{}
	schema, _ := w.bundle.defs[name].(map[string]any)
	decl := &tsDecl{Name: tsName(name)}
	decl.Doc, _ = schema["description"].(string)
	if i := slices.IndexFunc(w.pkg.Methods, func(m *Method) bool { return m.def == name && m.Request }); i >= 0 {
		schema = withID(schema)
	}
	properties, _ := schema["properties"].(map[string]any)
	decl.Interface = len(properties) > 0 && !has(schema, "anyOf", "oneOf", "allOf", "$ref") && schema["type"] == "object"
	decl.Type = wrapUnion(w.typeOf(schema, ""))
	decl.uses = slices.Sorted(maps.Keys(w.uses))
	return decl
}

// withID is a request with the id that its connection gives it.
func withID(schema map[string]any) map[string]any {
	request := maps.Clone(schema)
	properties, _ := schema["properties"].(map[string]any)
	if properties["id"] != nil {
		return schema
	}
	properties = maps.Clone(properties)
	properties["id"] = map[string]any{"type": []any{"string", "integer"}, "description": "The request's id, which its response repeats."}
	required, _ := schema["required"].([]any)
	request["properties"], request["required"] = properties, append(slices.Clone(required), "id")
	return request
}

// methods declares, for each direction, what each method takes and gives.
func (w *tsWriter) methods() *tsFile {
	file := &tsFile{Pkg: w.pkg}
	for _, d := range w.pkg.Directions {
		if len(d.Methods) == 0 {
			continue
		}
		w.uses = map[string]bool{}
		var b strings.Builder
		b.WriteString("{\n")
		for _, m := range d.Methods {
			b.WriteString(tsDoc("  ", beginWith(m.Doc, m.Name, m.Wire)))
			fmt.Fprintf(&b, "  %s: { ", tsKey(m.Wire))
			switch {
			case m.paramsAt == "":
				b.WriteString("params?: undefined")
			case m.ParamsRequired:
				b.WriteString("params: " + w.at(m.paramsAt))
			default:
				b.WriteString("params?: " + w.at(m.paramsAt))
			}
			if m.resultAt != "" {
				b.WriteString("; result: " + w.at(m.resultAt))
			}
			b.WriteString(" };\n")
		}
		b.WriteString("}")
		what := "takes and gives"
		if !d.Methods[0].Request {
			what = "tells"
		}
		doc := fmt.Sprintf("%s says what each %s %s, by method.", d.Name, strings.ToLower(strings.Join(words(strings.TrimSuffix(d.Name, "s")), " ")), what)
		file.Decls = append(file.Decls, &tsDecl{Name: d.Name, Doc: doc, Type: b.String(), Interface: true, uses: slices.Sorted(maps.Keys(w.uses))})
	}
	return file
}

// at is the type of what stands at a place: a definition by its name.
func (w *tsWriter) at(at string) string {
	if isDefinition(at) {
		return w.name(definitionAt(at))
	}
	s := &side{defs: w.bundle.defs}
	return w.typeOf(s.schema(at), "  ")
}

// name names a definition, and remembers that it is used.
func (w *tsWriter) name(definition string) string {
	w.uses[definition] = true
	return tsName(definition)
}

// imports lists what a file's declarations use of other files.
func (w *tsWriter) imports(name string, file *tsFile) []tsImport {
	byFile := map[string]map[string]bool{}
	for _, d := range file.Decls {
		for _, used := range d.uses {
			from := "types"
			if w.bundle.from[used] != "" {
				from = w.bundle.from[used]
			}
			if from+".ts" == name {
				continue
			}
			if byFile[from] == nil {
				byFile[from] = map[string]bool{}
			}
			byFile[from][tsName(used)] = true
		}
	}
	var out []tsImport
	for _, from := range slices.Sorted(maps.Keys(byFile)) {
		out = append(out, tsImport{from, slices.Sorted(maps.Keys(byFile[from]))})
	}
	return out
}
