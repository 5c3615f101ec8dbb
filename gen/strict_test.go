package gen

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestStrict: what cannot become right code stops the build, with its path, the
// construct, and what an overlay can do.
func TestStrict(t *testing.T) {
	const object = `{"type": "object", "properties": {"x": %s}}`
	tests := []struct{ name, schema, want string }{
		{"unknown keyword", fmt.Sprintf(object, `{"type": "string", "frobnicate": 1}`),
			`/$defs/A/properties/x: keyword "frobnicate" is not supported; an overlay can patch it, or give the place the type "Raw"`},
		{"patternProperties", `{"type": "object", "patternProperties": {"^a": {"type": "string"}}}`, `/$defs/A: keyword "patternProperties" is not supported`},
		{"not", fmt.Sprintf(object, `{"not": {"type": "string"}}`), `/$defs/A/properties/x: keyword "not" is not supported`},
		{"if", fmt.Sprintf(object, `{"if": {}, "then": {}}`), `/$defs/A/properties/x: keyword "if" is not supported`},
		{"prefixItems", fmt.Sprintf(object, `{"type": "array", "prefixItems": [{"type": "string"}]}`), `/$defs/A/properties/x: keyword "prefixItems" is not supported`},
		{"tuple", fmt.Sprintf(object, `{"type": "array", "items": [{"type": "string"}]}`), `/$defs/A/properties/x/items: a tuple is not supported`},
		{"nested definitions", fmt.Sprintf(object, `{"$defs": {"B": {}}, "$ref": "#/$defs/B"}`), `/$defs/A/properties/x: keyword "$defs" is not supported`},
		{"deep keyword", fmt.Sprintf(object, `{"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"dependentRequired": {}}}]}}`),
			`/$defs/A/properties/x/items/anyOf/1/additionalProperties: keyword "dependentRequired" is not supported`},
		{"false", `{"type": "array", "items": false}`, `/$defs/A/items: a schema that allows no value is not supported`},
		{"no schema", fmt.Sprintf(object, `"string"`), `/$defs/A/properties/x: want a schema, got a string`},
		{"type", fmt.Sprintf(object, `{"type": "text"}`), `/$defs/A/properties/x/type: type "text" is not supported`},
		{"type of a kind", fmt.Sprintf(object, `{"type": 1}`), `/$defs/A/properties/x/type: want a type or a list of types, got a number`},
		{"required of a kind", `{"type": "object", "required": true}`, `/$defs/A/required: want a list of names, got a boolean`},
		{"empty enum", fmt.Sprintf(object, `{"type": "string", "enum": []}`), `/$defs/A/properties/x/enum: want a list of values, got an empty array`},
		{"empty anyOf", fmt.Sprintf(object, `{"anyOf": []}`), `/$defs/A/properties/x/anyOf: want a list of schemas, got an empty array`},
		{"enum of objects", fmt.Sprintf(object, `{"enum": [{"a": 1}]}`), `/$defs/A/properties/x: an enum of objects or arrays is not supported`},
		{"const of a kind", fmt.Sprintf(object, `{"const": 1.5}`), `/$defs/A/properties/x: const 1.5: only strings, booleans and integers are supported`},
		{"anyOf and oneOf", fmt.Sprintf(object, `{"anyOf": [{"type": "string"}], "oneOf": [{"type": "string"}]}`), `/$defs/A/properties/x: anyOf beside oneOf is not supported`},
		{"enum beside a reference", fmt.Sprintf(object, `{"$ref": "#/$defs/A", "enum": ["a"]}`), `/$defs/A/properties/x: keyword "enum" beside $ref is not supported`},
		{"lost reference", fmt.Sprintf(object, `{"$ref": "#/$defs/B"}`), `/$defs/A/properties/x: $ref "#/$defs/B": no such definition`},
		{"reference to a part", fmt.Sprintf(object, `{"$ref": "#/$defs/A/properties/x"}`), `/$defs/A/properties/x: $ref "#/$defs/A/properties/x" is not supported: only whole definitions can be referred to`},
		{"reference to a file", fmt.Sprintf(object, `{"$ref": "other.json#/$defs/A"}`), `/$defs/A/properties/x: $ref "other.json#/$defs/A" is not supported`},
		{"reference to the root", fmt.Sprintf(object, `{"$ref": "#"}`), `/$defs/A/properties/x: $ref "#" is not supported`},
		{"endless array", `{"type": "array", "items": {"$ref": "#/$defs/A"}}`, `/$defs/A: refers to itself without an object between`},
		{"endless alias", `{"$ref": "#/$defs/A"}`, `/$defs/A: refers to itself without an object between`},
		{"endless allOf", `{"allOf": [{"$ref": "#/$defs/A"}, {"type": "object", "properties": {"y": {}}}]}`, `/$defs/A/allOf/0: allOf leads back to itself`},
		{"endless object", `{"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/$defs/A"}}}`, `/$defs/A/properties/a: an A that requires itself can never end`},
		{"allOf with a union", `{"allOf": [{"type": "object", "properties": {"y": {}}}, {"anyOf": [{"type": "string"}, {"type": "object", "properties": {"z": {}}}]}]}`, `/$defs/A/allOf/1: a part of an allOf must be an object`},
		{"union nothing tells apart", `{"anyOf": [{"type": "object", "title": "b", "properties": {"x": {}}}, {"type": "object", "title": "c", "properties": {"y": {}}}]}`,
			`/$defs/A: nothing tells AB, AC apart; an overlay can name the union's key, or give the place the type "Raw"`},
		{"constants of two kinds", `{"anyOf": [{"type": "object", "title": "b", "required": ["k"], "properties": {"k": {"const": "x"}}}, {"type": "object", "title": "c", "required": ["k"], "properties": {"k": {"const": 1}}}, {"type": "object", "title": "d", "required": ["k"], "properties": {"k": {"type": "integer"}}}]}`,
			`/$defs/A: nothing tells AB, AC, AD apart`},
		{"constants of two kinds for a named key", `{"anyOf": [{"type": "object", "title": "b", "required": ["k"], "properties": {"k": {"const": "x"}}}, {"type": "object", "title": "c", "required": ["k"], "properties": {"k": {"const": 1}}}], "discriminator": {"propertyName": "k"}}`,
			`/$defs/A: the constants of "k" are strings in some variants and integers in others; an overlay can patch it`},
		{"two lists in a union", `{"anyOf": [{"type": "array", "items": {"type": "object", "properties": {"x": {}}}}, {"type": "array"}]}`, `/$defs/A: more than one variant is JSON of kind array`},
		{"union of a map", `{"anyOf": [{"type": "object", "title": "b", "required": ["x"], "properties": {"x": {}}}, {"type": "object"}]}`, `/$defs/A: more than one variant is JSON of kind object`},
		{"fields of one name", `{"type": "object", "properties": {"mimeType": {}, "mime-type": {}}}`, `/$defs/A/properties/mimeType: Go field MIMEType is already that of "mime-type"; an overlay can name one of them`},
		{"member name with a quote", `{"type": "object", "properties": {"a\"b": {}}}`, `/$defs/A/properties/a"b: a member name that JSON must escape is not supported`},
		{"types of one name", `{"type": "object", "properties": {"b": {"type": "object", "properties": {"c": {}}}}}, "AB": {"type": "object", "properties": {"d": {}}}`,
			`/$defs/A/properties/b: Go name AB is already that of /$defs/AB; an overlay can name one of them`},
		{"types that differ by case", `{"type": "object", "properties": {"c": {}}}, "a": {"type": "string", "enum": ["x", "y"]}`, `/$defs/a: Go name A is already that of /$defs/A`},
		{"a type like a union's decoder", `{"type": "object", "properties": {"u": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/DecodeAU"}]}}}, "DecodeAU": {"type": "object", "required": ["x"], "properties": {"x": {}}}`, `/$defs/A/properties/u: Go name DecodeAU is already that of /$defs/DecodeAU`},
		{"enum values of one name", `{"type": "string", "enum": ["a-b", "a_b"]}`, `/$defs/A/enum/1: Go name AAB is already that of /$defs/A/enum/0`},
		{"a request nothing answers", `{}, "XRequest": {"type": "object", "properties": {"method": {"const": "x"}}}`, `/$defs/XRequest: nothing says what answers it: no definition "XResult", no "XResponse" with a member result, no EmptyResult; an overlay can name its result, or omit it`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Generate(Source{Package: "p", Import: "example.com/p", Path: "s.json", Schema: fmt.Appendf(nil, `{"$defs": {"A": %s}}`, tt.schema)})
			assert.ErrorContains(t, err, "s.json: "+tt.want)
		})
	}
}

// TestManyMembers: an object may have 64 members, which is what one word can count.
func TestManyMembers(t *testing.T) {
	for _, n := range []int{64, 65} {
		members := ""
		for i := range n {
			members += fmt.Sprintf(`,"m%d":{}`, i)
		}
		_, err := Generate(Source{Package: "p", Import: "example.com/p", Path: "s.json", Schema: fmt.Appendf(nil, `{"$defs":{"A":{"properties":{%s}}}}`, members[1:])})
		if n == 64 {
			require.NoError(t, err)
		} else {
			require.EqualError(t, err, "s.json: /$defs/A: 65 members, at most 64 are supported")
		}
	}
}

func TestStrictDocuments(t *testing.T) {
	tests := []struct{ name, schema, want string }{
		{"no JSON", `{`, "s.json: unexpected EOF"},
		{"more than one", `{"$defs": {}} {}`, "s.json: data after the first JSON value"},
		{"a list", `[]`, "s.json: want an object, got an array"},
		{"no definitions", `{"type": "object"}`, "s.json: schema: no definitions"},
		{"both dialects", `{"definitions": {}, "$defs": {}}`, "s.json: schema: has both definitions and $defs"},
		{"keyword of the root", `{"$defs": {"A": {}}, "unevaluatedProperties": false}`, `s.json: schema: keyword "unevaluatedProperties" is not supported`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Generate(Source{Package: "p", Import: "example.com/p", Path: "s.json", Schema: []byte(tt.schema)})
			assert.EqualError(t, err, tt.want)
		})
	}
}

func TestStrictOverlays(t *testing.T) {
	const schema = `{"$defs": {"A": {"type": "object", "properties": {"x": {"type": "object", "properties": {"y": {}}}, "z": {"type": "string"}}}}}`
	tests := []struct{ name, overlay, want string }{
		{"unknown member", `{"entrys": []}`, `overlay o.json: json: unknown field "entrys"`},
		{"no place", `{"entries": [{"at": "A", "omit": true, "why": "w"}]}`, `overlay o.json entry 0: at "A": want a path that begins with /`},
		{"no reason", `{"entries": [{"at": "/A", "omit": true}]}`, `overlay o.json entry 0 at "/A": why: missing`},
		{"nothing to do", `{"entries": [{"at": "/A", "why": "w"}]}`, `overlay o.json entry 0 at "/A": says nothing to do`},
		{"no such type", `{"entries": [{"at": "/A", "type": "string", "why": "w"}]}`, `overlay o.json entry 0 at "/A": type "string": want Raw or Members`},
		{"matches nothing", `{"entries": [{"at": "/B", "omit": true, "why": "w"}, {"at": "/A/properties/q*", "type": "Raw", "why": "w"}]}`, `overlay o.json: matches nothing: entry at /B, entry at /A/properties/q*`},
		{"matches nothing in its revision", `{"entries": [{"at": "/B", "omit": true, "revisions": ["1"], "why": "w"}]}`, `s.json: overlay o.json at "/B": matches nothing in 1`},
		{"changes nothing", `{"entries": [{"at": "/A", "patch": {"type": "object"}, "why": "w"}]}`, `overlay o.json: matches nothing: entry at /A`},
		{"patch makes no schema", `{"entries": [{"at": "/A/properties/z", "patch": {"type": "text"}, "why": "w"}]}`, `s.json: /$defs/A/properties/z/type: type "text" is not supported`},
		{"named twice", `{"entries": [{"at": "/A", "name": "B", "why": "w"}, {"at": "/*", "name": "C", "why": "w"}]}`, `s.json: overlay o.json at "/*": /A is named twice: "B" and "C"`},
		{"no such union value", `{"entries": [{"at": "/A", "patch": {"properties": {"u": {"anyOf": [{"$ref": "#/$defs/A"}, {"type": "string"}]}}}, "why": "w"}, {"at": "/A/properties/u", "union": {"key": "k", "values": {"v": "B"}}, "why": "w"}]}`, `s.json: /$defs/A/properties/u: union value "v": no definition "B"`},
		{"doc of nothing", `{"docs": {"B": {"doc": "B is b."}}}`, `overlay o.json: matches nothing: docs.B`},
		{"doc of no member", `{"docs": {"A": {"doc": "A is a.", "members": {"q": "Q."}}}}`, `overlay o.json: matches nothing: docs.A.q`},
		{"empty doc", `{"docs": {"A": {"doc": ""}}}`, `overlay o.json: docs.A.doc: missing`},
		{"method of nothing", `{"methods": {"m": "M."}}`, `overlay o.json: matches nothing: methods.m`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o, err := ParseOverlay("o.json", []byte(tt.overlay))
			if err == nil {
				_, err = Generate(Source{Package: "p", Import: "example.com/p", Revision: "1", Path: "s.json", Schema: []byte(schema), Overlays: []*Overlay{o}})
			}
			if err == nil {
				err = o.Unused()
			}
			assert.EqualError(t, err, tt.want)
		})
	}
}

func TestStrictManifests(t *testing.T) {
	const manifest = `{"module": "example.com", "packages": [{"dir": "p", "name": "p", "schema": "s.json"}%s]}`
	tests := []struct{ name, text, want string }{
		{"unknown member", `{"modul": ""}`, `manifest: json: unknown field "modul"`},
		{"empty", `{}`, `manifest: want a module and packages`},
		{"folder outside", fmt.Sprintf(manifest, `,{"dir": "../q", "name": "q", "schema": "s.json"}`), `manifest: packages[1].dir "../q": want a folder below the module's root`},
		{"folder twice", fmt.Sprintf(manifest, `,{"dir": "p", "name": "q", "schema": "s.json"}`), `manifest: packages[1].dir "p": is already that of another package`},
		{"no Go name", fmt.Sprintf(manifest, `,{"dir": "q", "name": "type", "schema": "s.json"}`), `manifest: packages[1].name "type": want the name of a Go package`},
		{"no schema", fmt.Sprintf(manifest, `,{"dir": "q", "name": "q"}`), `manifest: packages[1].schema: missing`},
		{"import of nothing", fmt.Sprintf(manifest, `,{"dir": "q", "name": "q", "schema": "s.json", "imports": {"r": "r"}}`), `package q: imports "r", which is not generated before it`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := ParseManifest([]byte(tt.text))
			if err == nil {
				_, err = m.Generate(func(string) ([]byte, error) { return []byte(`{"$defs": {"A": {}}}`), nil })
			}
			assert.EqualError(t, err, tt.want)
		})
	}
}
