package gen

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// base is a small protocol; the tests below edit it.
const base = `{"$defs": {
	"ClientRequest": {"anyOf": [{"$ref": "#/$defs/OpenRequest"}, {"$ref": "#/$defs/CloseRequest"}]},
	"ServerNotification": {"anyOf": [{"$ref": "#/$defs/MovedNotification"}]},
	"OpenRequest": {"type": "object", "required": ["method", "params"], "properties": {
		"method": {"const": "open", "type": "string"}, "params": {"$ref": "#/$defs/OpenParams"}}},
	"OpenParams": {"type": "object", "required": ["path"], "properties": {
		"path": {"type": "string", "minLength": 1, "description": "Where."},
		"mode": {"$ref": "#/$defs/Mode"},
		"limit": {"type": "integer", "minimum": 0, "maximum": 10, "default": 5},
		"note": {"type": ["string", "null"]},
		"ids": {"type": "array", "items": {"type": "string"}},
		"labels": {"type": "object", "additionalProperties": {"type": "string"}}}},
	"OpenResult": {"type": "object", "required": ["handle"], "properties": {
		"handle": {"type": "integer"}, "warning": {"type": "string"}, "part": {"$ref": "#/$defs/Part"}}},
	"Mode": {"type": "string", "enum": ["read", "write"]},
	"Part": {"anyOf": [{"$ref": "#/$defs/TextPart"}, {"$ref": "#/$defs/FilePart"}]},
	"TextPart": {"type": "object", "required": ["type", "text"], "properties": {"type": {"const": "text", "type": "string"}, "text": {"type": "string"}}},
	"FilePart": {"type": "object", "required": ["type", "path"], "properties": {"type": {"const": "file", "type": "string"}, "path": {"type": "string"}}},
	"CloseRequest": {"type": "object", "required": ["method"], "properties": {"method": {"const": "close", "type": "string"}}},
	"CloseResult": {"type": "object"},
	"MovedNotification": {"type": "object", "required": ["method", "params"], "properties": {
		"method": {"const": "moved", "type": "string"},
		"params": {"type": "object", "required": ["to"], "properties": {"to": {"type": "string"}}, "additionalProperties": false}}}
}}`

func sourceOf(revision, schema string) Source {
	return Source{Package: "sample", Import: "example.com/sample", Revision: revision, Path: revision + ".json",
		Schema: []byte(schema), Directions: []string{"ClientRequest", "ServerNotification"}}
}

// edited is the base with JSON Merge Patches applied to its definitions.
func edited(t *testing.T, patch string) string {
	t.Helper()
	root, err := parseJSON([]byte(base))
	require.NoError(t, err)
	change, err := parseJSON([]byte(patch))
	require.NoError(t, err)
	text, err := json.Marshal(mergePatch(root, map[string]any{"$defs": change}))
	require.NoError(t, err)
	return string(text)
}

func TestDiffClassifies(t *testing.T) {
	tests := []struct {
		name, patch string
		want        []string // kind name breaks
	}{
		{"nothing", `{}`, nil},
		{"description", `{"Mode": {"description": "How."}, "OpenParams": {"properties": {"path": {"description": "Which."}}}}`, nil},
		{"title and examples", `{"OpenParams": {"title": "T", "examples": [{}]}}`, nil},
		{"additionalProperties true is nothing", `{"OpenParams": {"additionalProperties": true}}`, nil},
		{"order of required", `{"TextPart": {"required": ["text", "type"]}}`, nil},

		{"optional member added", `{"OpenParams": {"properties": {"new": {"type": "string"}}}}`, []string{"member added OpenParams.new none"}},
		{"required member added to params", `{"OpenParams": {"required": ["path", "new"], "properties": {"new": {"type": "string"}}}}`, []string{"member added OpenParams.new writers"}},
		{"required member added to a result", `{"OpenResult": {"required": ["handle", "new"], "properties": {"new": {"type": "string"}}}}`, []string{"member added OpenResult.new writers"}},
		{"optional member added to a closed object", `{"MovedNotification": {"properties": {"params": {"properties": {"from": {"type": "string"}}}}}}`, []string{"member added MovedNotification.params.from readers"}},
		{"optional member removed", `{"OpenParams": {"properties": {"mode": null}}}`, []string{"member removed OpenParams.mode none"}},
		{"required member removed", `{"OpenResult": {"required": [], "properties": {"handle": null}}}`, []string{"member removed OpenResult.handle readers"}},
		{"required member removed from a closed object", `{"MovedNotification": {"properties": {"params": {"required": [], "properties": {"to": null}}}}}`, []string{"member removed MovedNotification.params.to both"}},
		{"member renamed", `{"OpenResult": {"required": ["id"], "properties": {"handle": null, "id": {"type": "integer"}}}}`, []string{"member removed OpenResult.handle readers", "member added OpenResult.id writers"}},
		{"optional to required in params", `{"OpenParams": {"required": ["path", "mode"]}}`, []string{"member now required OpenParams.mode writers"}},
		{"optional to required in a result", `{"OpenResult": {"required": ["handle", "warning"]}}`, []string{"member now required OpenResult.warning writers"}},
		{"required to optional in params", `{"OpenParams": {"required": []}}`, []string{"member now optional OpenParams.path readers"}},
		{"required to optional in a result", `{"OpenResult": {"required": []}}`, []string{"member now optional OpenResult.handle readers"}},
		{"params of a message now required", `{"CloseRequest": {"required": ["method", "params"], "properties": {"params": {"type": "object"}}}}`, []string{"member added CloseRequest.params writers"}},

		{"type changed", `{"OpenResult": {"properties": {"handle": {"type": "string"}}}}`, []string{"retyped OpenResult.handle both"}},
		{"integer to number", `{"OpenResult": {"properties": {"handle": {"type": "number"}}}}`, []string{"retyped OpenResult.handle readers"}},
		{"integer to string or integer", `{"OpenResult": {"properties": {"handle": {"type": ["string", "integer"]}}}}`, []string{"retyped OpenResult.handle readers"}},
		{"string to anything", `{"OpenResult": {"properties": {"warning": {"type": null}}}}`, []string{"retyped OpenResult.warning readers"}},
		{"item type changed", `{"OpenParams": {"properties": {"ids": {"items": {"type": "integer"}}}}}`, []string{"retyped OpenParams.ids[] both"}},
		{"value type changed", `{"OpenParams": {"properties": {"labels": {"additionalProperties": {"type": "number"}}}}}`, []string{"retyped OpenParams.labels{} both"}},
		{"string to object", `{"OpenResult": {"properties": {"warning": {"type": null, "$ref": "#/$defs/TextPart"}}}}`, []string{"retyped OpenResult.warning both"}},
		{"refers to another definition", `{"OpenParams": {"properties": {"mode": {"$ref": "#/$defs/TextPart"}}}}`, []string{"retyped OpenParams.mode both"}},
		{"null allowed", `{"OpenResult": {"properties": {"handle": {"type": ["integer", "null"]}}}}`, []string{"null allowed OpenResult.handle readers"}},
		{"null refused", `{"OpenParams": {"properties": {"note": {"type": "string"}}}}`, []string{"null refused OpenParams.note writers"}},
		{"null allowed by anyOf", `{"OpenParams": {"properties": {"mode": {"$ref": null, "anyOf": [{"$ref": "#/$defs/Mode"}, {"type": "null"}]}}}}`, []string{"null allowed OpenParams.mode readers"}},

		{"value added", `{"Mode": {"enum": ["read", "write", "append"]}}`, []string{"value added Mode readers"}},
		{"value removed", `{"Mode": {"enum": ["read"]}}`, []string{"value removed Mode writers"}},
		{"value renamed", `{"Mode": {"enum": ["read", "modify"]}}`, []string{"value removed Mode writers", "value added Mode readers"}},
		{"enumeration opened", `{"Mode": {"enum": null}}`, []string{"enumeration opened Mode readers"}},
		{"enumeration closed", `{"OpenResult": {"properties": {"warning": {"enum": ["old", "new"]}}}}`, []string{"enumeration closed OpenResult.warning writers"}},
		{"constant changed", `{"TextPart": {"properties": {"type": {"const": "words"}}}}`, []string{"constant changed TextPart.type both"}},

		{"variant added", `{"Part": {"anyOf": [{"$ref": "#/$defs/TextPart"}, {"$ref": "#/$defs/FilePart"}, {"$ref": "#/$defs/LinkPart"}]},
			"LinkPart": {"type": "object", "required": ["type"], "properties": {"type": {"const": "link", "type": "string"}}}}`, []string{"definition added LinkPart none", "variant added Part readers"}},
		{"variant removed", `{"Part": {"anyOf": [{"$ref": "#/$defs/TextPart"}]}}`, []string{"variant removed Part writers"}},

		{"method added", `{"ClientRequest": {"anyOf": [{"$ref": "#/$defs/OpenRequest"}, {"$ref": "#/$defs/CloseRequest"}, {"$ref": "#/$defs/SyncRequest"}]},
			"SyncRequest": {"type": "object", "required": ["method"], "properties": {"method": {"const": "sync", "type": "string"}}}, "SyncResult": {"type": "object"}}`, []string{"method added sync none", "definition added SyncResult none"}},
		{"method removed", `{"ClientRequest": {"anyOf": [{"$ref": "#/$defs/OpenRequest"}]}, "CloseRequest": null, "CloseResult": null}`, []string{"method removed close writers", "definition removed CloseResult none"}},
		{"method renamed", `{"CloseRequest": {"properties": {"method": {"const": "shut"}}}}`, []string{"method removed close writers", "method added shut none"}},
		{"message renamed", `{"ClientRequest": {"anyOf": [{"$ref": "#/$defs/OpenRequest"}, {"$ref": "#/$defs/ShutRequest"}]}, "CloseRequest": null, "CloseResult": null,
			"ShutRequest": {"type": "object", "required": ["method"], "properties": {"method": {"const": "close", "type": "string"}}}, "ShutResult": {"type": "object"}}`, []string{"definition removed CloseResult none", "definition added ShutResult none"}},
		{"method retyped", `{"CloseResult": null, "CloseResponse": {"type": "object", "properties": {"result": {"type": "object", "required": ["left"], "properties": {"left": {"type": "integer"}}}}}}`, []string{"method retyped close writers", "definition removed CloseResult none", "definition added CloseResponse none"}},

		{"object closed", `{"TextPart": {"additionalProperties": false}}`, []string{"unknown members refused TextPart writers"}},
		{"object opened", `{"MovedNotification": {"properties": {"params": {"additionalProperties": null}}}}`, []string{"unknown members allowed MovedNotification.params readers"}},
		{"unknown members typed", `{"TextPart": {"additionalProperties": {"type": "string"}}}`, []string{"retyped TextPart writers"}},

		{"lower bound raised", `{"OpenParams": {"properties": {"limit": {"minimum": 1}}}}`, []string{"bound tightened OpenParams.limit writers"}},
		{"upper bound raised", `{"OpenParams": {"properties": {"limit": {"maximum": 100}}}}`, []string{"bound loosened OpenParams.limit readers"}},
		{"bound dropped", `{"OpenParams": {"properties": {"path": {"minLength": null}}}}`, []string{"bound loosened OpenParams.path readers"}},
		{"bound added", `{"OpenParams": {"properties": {"ids": {"maxItems": 10}}}}`, []string{"bound tightened OpenParams.ids writers"}},
		{"pattern added", `{"OpenParams": {"properties": {"path": {"pattern": "^/"}}}}`, []string{"constraint added OpenParams.path writers"}},
		{"format added", `{"OpenParams": {"properties": {"path": {"format": "uri"}}}}`, []string{"constraint added OpenParams.path writers"}},
		{"default changed", `{"OpenParams": {"properties": {"limit": {"default": 6}}}}`, []string{"default changed OpenParams.limit both"}},
		{"default dropped", `{"OpenParams": {"properties": {"limit": {"default": null}}}}`, []string{"default dropped OpenParams.limit none"}},

		{"definition added", `{"Extra": {"type": "object"}}`, []string{"definition added Extra none"}},
		{"definition renamed", `{"Mode": null, "Access": {"type": "string", "enum": ["read", "write"]}, "OpenParams": {"properties": {"mode": {"$ref": "#/$defs/Access"}}}}`,
			[]string{"definition renamed Access none", "reference renamed OpenParams.mode none"}},
		{"inline object moved into a definition", `{"MovedNotification": {"properties": {"params": {"type": null, "required": null, "properties": null, "additionalProperties": null, "$ref": "#/$defs/MovedParams"}}},
			"MovedParams": {"type": "object", "required": ["to"], "properties": {"to": {"type": "string"}}, "additionalProperties": false}}`, []string{"definition added MovedParams none"}},
		{"members moved into an allOf", `{"FilePart": {"properties": null, "required": null, "allOf": [{"type": "object", "required": ["type"], "properties": {"type": {"const": "file", "type": "string"}}},
			{"type": "object", "required": ["path"], "properties": {"path": {"type": "string"}}}]}}`, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			report, err := Diff(sourceOf("1", base), sourceOf("2", edited(t, test.patch)))
			require.NoError(t, err)
			require.Empty(t, report.Notes)
			var got []string
			for _, c := range report.Changes {
				got = append(got, fmt.Sprintf("%s %s %s", c.Kind, c.Name, c.Breaks))
			}
			assert.ElementsMatch(t, test.want, got)

			// Going back breaks readers where going forth breaks writers. Only
			// methods differ: one that comes breaks nobody.
			back, err := Diff(sourceOf("2", edited(t, test.patch)), sourceOf("1", base))
			require.NoError(t, err)
			if !slices.ContainsFunc(report.Changes, (*Change).isMethod) {
				assert.Equal(t, report.Breaks()&BreaksReaders != 0, back.Breaks()&BreaksWriters != 0)
				assert.Equal(t, report.Breaks()&BreaksWriters != 0, back.Breaks()&BreaksReaders != 0)
				assert.Len(t, back.Changes, len(report.Changes))
			}
		})
	}
}

func TestDiffNamesGoIdentifiersAndPeers(t *testing.T) {
	tests := []struct {
		name, patch      string
		want             string // Go identifiers
		writers, readers string
		methods          string
	}{
		{"field added", `{"OpenParams": {"properties": {"new": {"type": "string"}}}}`, "OpenParams.New (added)", "client", "server", "open"},
		{"field removed", `{"OpenParams": {"properties": {"mode": null}}}`, "OpenParams.Mode (removed)", "client", "server", "open"},
		{"field retyped", `{"OpenResult": {"properties": {"handle": {"type": "string"}}}}`, "OpenResult.Handle (int64 to string)", "server", "client", "open"},
		{"field now a pointer", `{"OpenResult": {"required": []}}`, "OpenResult.Handle (int64 to *int64)", "server", "client", "open"},
		{"constant", `{"Mode": {"enum": ["read", "write", "append"]}}`, "ModeAppend (added)", "client", "server", ""},
		{"discriminator", `{"TextPart": {"properties": {"type": {"const": "words"}}}}`, "TextPart", "server", "client", ""},
		{"inline params", `{"MovedNotification": {"properties": {"params": {"properties": {"from": {"type": "string"}}}}}}`, "MovedParams.From (added)", "server", "client", "moved"},
		{"nothing in Go", `{"OpenParams": {"properties": {"limit": {"minimum": 1}}}}`, "OpenParams.Limit", "client", "server", "open"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			report, err := Diff(sourceOf("1", base), sourceOf("2", edited(t, test.patch)))
			require.NoError(t, err)
			require.Len(t, report.Changes, 1)
			c := report.Changes[0]
			assert.Equal(t, test.want, goNames(c.Go))
			assert.Equal(t, test.writers, strings.Join(c.Writers, " "))
			assert.Equal(t, test.readers, strings.Join(c.Readers, " "))
			assert.Equal(t, test.methods, strings.Join(c.Methods, " "))
		})
	}
}

// TestDiffSurvivesAnything puts what does not belong there at every place of a schema.
func TestDiffSurvivesAnything(t *testing.T) {
	for _, wrong := range []any{nil, "x", []any{map[string]any{}}} {
		root, err := parseJSON([]byte(base))
		require.NoError(t, err)
		var visit func(node any)
		visit = func(node any) {
			try := func(set func(v any), was any) {
				set(wrong)
				text, err := json.Marshal(root)
				require.NoError(t, err)
				for _, sides := range [][2]string{{base, string(text)}, {string(text), string(text)}} {
					if report, err := Diff(sourceOf("1", sides[0]), sourceOf("2", sides[1])); err == nil {
						_, err = report.Markdown()
						require.NoError(t, err)
						require.False(t, sides[0] == sides[1] && len(report.Notes) == 0 && len(report.Changes) > 0, "%s", text)
					}
				}
				set(was)
				visit(was)
			}
			switch n := node.(type) {
			case map[string]any:
				for _, key := range sortedKeys(n) {
					try(func(v any) { n[key] = v }, n[key])
				}
			case []any:
				for i := range n {
					try(func(v any) { n[i] = v }, n[i])
				}
			}
		}
		visit(root)
	}
}

func TestDiffWithoutModelSaysSo(t *testing.T) {
	report, err := Diff(sourceOf("1", base), sourceOf("2", edited(t, `{"OpenParams": {"properties": {"path": {"patternProperties": {}}}}}`)))
	require.NoError(t, err)
	require.Len(t, report.Notes, 1)
	assert.Contains(t, report.Notes[0], "/$defs/OpenParams/properties/path")
	assert.Equal(t, BreaksWriters, report.Breaks())
	assert.Empty(t, report.Go)
}

// manifest reads the project's own sources, by revision.
func manifest(t *testing.T) map[string]Source {
	t.Helper()
	read := func(path string) ([]byte, error) { return os.ReadFile(filepath.Join("..", path)) }
	text, err := read("schema/packages.json")
	require.NoError(t, err)
	m, err := ParseManifest(text)
	require.NoError(t, err)
	sources, _, err := m.Load(read)
	require.NoError(t, err)
	byRevision := map[string]Source{}
	for _, src := range sources {
		byRevision[src.Revision] = src
	}
	return byRevision
}

// TestDiffOfRevisions holds the reports of the steps between the pinned revisions.
func TestDiffOfRevisions(t *testing.T) {
	sources := manifest(t)
	revisions := []string{"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"}
	for i := 1; i < len(revisions); i++ {
		t.Run(revisions[i], func(t *testing.T) {
			report, err := Diff(sources[revisions[i-1]], sources[revisions[i]])
			require.NoError(t, err)
			require.Empty(t, report.Notes)
			text, err := report.Text()
			require.NoError(t, err)
			compareGolden(t, "diff/"+revisions[i]+".txt", text)
			page, err := report.Markdown()
			require.NoError(t, err)
			compareGolden(t, "diff/"+revisions[i]+".md", page)

			data, err := report.JSON()
			require.NoError(t, err)
			again, err := ParseReport(data)
			require.NoError(t, err)
			assert.Equal(t, report.Summary(), again.Summary())
			assert.Equal(t, report.Breaks(), again.Breaks())

			same, err := Diff(sources[revisions[i]], sources[revisions[i]])
			require.NoError(t, err)
			assert.Empty(t, same.Changes)
			assert.Empty(t, same.Go)
		})
	}
}

// compareGolden compares bytes with a file in testdata.
func compareGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", filepath.FromSlash(name))
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run go test ./gen -update and review the difference")
	require.Equal(t, string(want), string(got), "run go test ./gen -update and review the difference")
}
