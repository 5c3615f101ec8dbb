package gen

import (
	"encoding/json"
	"errors"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shapes is a protocol with every construct that other languages say in their
// own way. It takes types from another, and has one of the same name.
const shapes = `{"$defs": {
	"ClientRequest": {"anyOf": [{"$ref": "#/$defs/DrawRequest"}, {"$ref": "#/$defs/ClearRequest"}]},
	"DrawRequest": {"type": "object", "description": "Draw puts a shape on the page.", "required": ["method", "params"], "properties": {
		"method": {"const": "page/draw", "type": "string"}, "params": {"$ref": "#/$defs/DrawParams"}}},
	"DrawParams": {"type": "object", "description": "DrawParams is what to draw. It ends */ here.", "required": ["shape", "stamp"], "properties": {
		"shape": {"$ref": "#/$defs/Shape", "description": "What to draw."},
		"stamp": {"$ref": "base#/$defs/Stamp"},
		"ink": {"$ref": "base#/$defs/Ink"},
		"own-ink": {"$ref": "#/$defs/Ink"},
		"layer": {"type": ["integer", "null"], "minimum": 0, "default": 1},
		"tags": {"type": "array", "items": {"type": ["string", "integer"]}},
		"style": {"anyOf": [{"type": "string", "enum": ["plain", "bold|wide"]}, {"type": "string"}]},
		"extra": {},
		"size": {"type": "object", "required": ["w"], "properties": {"w": {"type": "number", "description": "How wide."}}, "additionalProperties": {}}}},
	"DrawResult": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}},
	"ClearRequest": {"type": "object", "required": ["method"], "properties": {"method": {"const": "clear", "type": "string"}}},
	"ClearResult": {"type": "object", "properties": {}},
	"Ink": {"type": "string", "enum": ["black", "red"], "description": "Ink is a colour."},
	"Shape": {"anyOf": [{"$ref": "#/$defs/Circle"}, {"$ref": "#/$defs/Group"}]},
	"Circle": {"type": "object", "required": ["kind", "r"], "properties": {"kind": {"const": "circle", "type": "string"}, "r": {"type": "number"}}},
	"Group": {"allOf": [{"$ref": "#/$defs/Named"}, {"type": "object", "required": ["kind", "of"], "properties": {
		"kind": {"const": "group", "type": "string"}, "of": {"type": "array", "items": {"$ref": "#/$defs/Shape"}}, "by": {"type": "object", "additionalProperties": {"$ref": "#/$defs/Shape"}}}}]},
	"Named": {"type": "object", "properties": {"name": {"type": "string"}}}
}}`

const stamps = `{"$defs": {
	"Stamp": {"type": "object", "required": ["at"], "properties": {"at": {"type": "string"}, "next": {"$ref": "#/$defs/Stamp"}, "ink": {"$ref": "#/$defs/Ink"}}},
	"Ink": {"type": "string", "enum": ["green", "blue"]},
	"Unused": {"type": "object", "properties": {"x": {"type": "string"}}}
}}`

// shapesPackage is the model of shapes.
func shapesPackage(t *testing.T) *Package {
	t.Helper()
	overlay, err := ParseOverlay("docs.json", []byte(`{"docs": {"Stamp": {"doc": "Stamp is when and how.", "members": {"at": "At is when."}}}}`))
	require.NoError(t, err)
	base, err := Build(Source{Package: "stamps", Import: "example.com/stamps", Title: "Stamps", Revision: "1", Path: "stamps.json", Schema: []byte(stamps), Overlays: []*Overlay{overlay}})
	require.NoError(t, err)
	pkg, err := Build(Source{Package: "shapes", Import: "example.com/shapes", Title: "Shapes", Revision: "2", Path: "shapes.json",
		Schema: []byte(shapes), Directions: []string{"ClientRequest"}, Imports: map[string]*Package{"base": base}})
	require.NoError(t, err)
	return pkg
}

func TestTypeScript(t *testing.T) {
	pkg := shapesPackage(t)
	files, err := TypeScript(pkg, map[string]string{"Picture": "Shape"})
	require.NoError(t, err)
	assert.Equal(t, []string{"base.ts", "index.ts", "methods.ts", "types.ts"}, sortedKeys(files))
	for name, text := range files {
		compareGolden(t, "typescript/"+name, text)
	}
	_, err = TypeScript(pkg, map[string]string{"Picture": "Nothing"})
	assert.ErrorContains(t, err, `alias "Picture": no definition "Nothing"`)
	_, err = TypeScript(pkg, map[string]string{"Ink": "Shape"})
	assert.ErrorContains(t, err, `alias "Ink": is a definition`)
}

func TestMarkdown(t *testing.T) {
	page, err := Markdown(shapesPackage(t), "docs/shapes.md", map[string]string{"example.com/stamps": "docs/more/stamps.md"})
	require.NoError(t, err)
	compareGolden(t, "markdown/shapes.md", page)
}

func TestJSONSchemaRefersToNothingOutside(t *testing.T) {
	text, err := JSONSchema(shapesPackage(t))
	require.NoError(t, err)
	compareGolden(t, "bundle/shapes.json", text)
	root, err := parseJSON(text)
	require.NoError(t, err)
	defs := root.(map[string]any)["$defs"].(map[string]any)
	refs(root, func(_ map[string]any, ref string) {
		name, ok := strings.CutPrefix(ref, "#/$defs/")
		assert.True(t, ok, ref)
		assert.Contains(t, defs, name)
	})
	assert.NotContains(t, defs, "Unused")
	assert.Equal(t, "at is when.", describedAt(defs, "Stamp", "at"))
}

func describedAt(defs map[string]any, definition, member string) string {
	property := defs[definition].(map[string]any)["properties"].(map[string]any)[member].(map[string]any)
	text, _ := property["description"].(string)
	return text
}

// TestPagesLinkToWhatIsThere follows every link of the project's own pages.
func TestPagesLinkToWhatIsThere(t *testing.T) {
	files := outputsOfProject(t)
	anchors := map[string][]string{}
	for name, text := range files {
		for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllSubmatch(text, -1) {
			anchor := slug(string(m[1]))
			assert.False(t, slices.Contains(anchors[name], anchor), "%s: two headings #%s", name, anchor)
			anchors[name] = append(anchors[name], anchor)
		}
	}
	pages := 0
	for name, text := range files {
		if !strings.HasSuffix(name, ".md") {
			continue
		}
		pages++
		for _, m := range regexp.MustCompile(`\]\(([^):]*)#([^)]+)\)`).FindAllSubmatch(text, -1) {
			target := name
			if len(m[1]) > 0 {
				target = path.Join(path.Dir(name), string(m[1]))
			}
			assert.Contains(t, anchors[target], string(m[2]), "%s links to %s", name, m[0])
		}
	}
	assert.Equal(t, 2, pages)
}

// outputsOfProject is what the project's manifest makes beside Go.
func outputsOfProject(t *testing.T) map[string][]byte {
	t.Helper()
	read := func(name string) ([]byte, error) { return os.ReadFile(path.Join("..", name)) }
	text, err := read("schema/packages.json")
	require.NoError(t, err)
	m, err := ParseManifest(text)
	require.NoError(t, err)
	files, err := m.Generate(read)
	require.NoError(t, err)
	for name := range files {
		if strings.HasSuffix(name, ".go") {
			delete(files, name)
		}
	}
	return files
}

func TestManifestOutputs(t *testing.T) {
	manifest := func(output string) *Manifest {
		m, err := ParseManifest([]byte(`{"module": "example.com/m", "packages": [{"dir": "shapes", "name": "shapes", "title": "Shapes", "revision": "1", "schema": "stamps.json", "outputs": [` + output + `]}]}`))
		require.NoError(t, err)
		return m
	}
	read := func(name string) ([]byte, error) {
		if name == "stamps.json" {
			return []byte(stamps), nil
		}
		return nil, errors.New("no such file")
	}
	m := manifest(`{"lang": "typescript", "path": "ts"}, {"lang": "json-schema", "path": "out/s.json"}, {"lang": "markdown", "path": "docs/s.md"}`)
	files, err := m.Generate(read)
	require.NoError(t, err)
	for _, want := range []string{"shapes/types_gen.go", "ts/types.ts", "ts/index.ts", "out/s.json", "docs/s.md"} {
		assert.Contains(t, files, want)
	}
	assert.Equal(t, []string{"shapes/*_gen.go", "ts/*.ts", "out/s.json", "docs/s.md"}, m.Patterns())
	assert.Equal(t, []string{"docs/s.md is missing", "ts/types.ts is missing", "ts/old.ts is not generated any more"},
		Drift(map[string][]byte{"ts/types.ts": nil, "docs/s.md": nil}, []string{"ts/old.ts"}, read))

	_, err = manifest(`{"lang": "cobol", "path": "x"}`).Generate(read)
	assert.ErrorContains(t, err, `output x: lang "cobol": want typescript, json-schema or markdown`)
}

// TestOutputsAreTheSameEveryTime holds that nothing depends on the order of maps.
func TestOutputsAreTheSameEveryTime(t *testing.T) {
	once := map[string]string{}
	for range 3 {
		pkg := shapesPackage(t)
		files, err := TypeScript(pkg, nil)
		require.NoError(t, err)
		files["page"], err = Markdown(pkg, "p.md", nil)
		require.NoError(t, err)
		files["schema"], err = JSONSchema(pkg)
		require.NoError(t, err)
		for name, text := range files {
			if before, ok := once[name]; ok {
				require.Equal(t, before, string(text), name)
			}
			once[name] = string(text)
		}
	}
	assert.True(t, json.Valid([]byte(once["schema"])))
}
