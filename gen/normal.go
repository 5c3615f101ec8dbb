package gen

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// proseKeywords are the keywords a pin leaves out: they say nothing about the
// wire, and their texts are their authors'.
var proseKeywords = []string{"description", "title", "examples", "$comment"}

// Normalize returns the wire structure of a published JSON Schema in this
// project's normal form: definitions under $defs whatever the dialect called
// them, every object's keys sorted, prose keywords dropped, two spaces of
// indentation. Properties that happen to be named like a dropped keyword stay.
//
// The result is deterministic: the same wire structure gives the same bytes.
func Normalize(published []byte) ([]byte, error) {
	root, err := parseJSON(published)
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	top, ok := root.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("schema: want an object, got %s", jsonKind(root))
	}
	if defs, old := top["definitions"]; old {
		if _, both := top["$defs"]; both {
			return nil, fmt.Errorf("schema: has both definitions and $defs")
		}
		delete(top, "definitions")
		top["$defs"] = defs
	}
	normal := normalizeSchema(top).(map[string]any)
	normal["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	return marshalIndent(normal)
}

// normalizeSchema drops prose from a schema and everything below it.
func normalizeSchema(node any) any {
	switch n := node.(type) {
	case map[string]any:
		out := make(map[string]any, len(n))
		for key, value := range n {
			switch {
			case slices.Contains(proseKeywords, key):
			case key == "properties" || key == "$defs":
				out[key] = normalizeEach(value)
			case key == "const" || key == "default" || key == "enum":
				out[key] = value
			case key == "$ref":
				out[key] = normalizeRef(value)
			default:
				out[key] = normalizeSchema(value)
			}
		}
		return out
	case []any:
		out := make([]any, len(n))
		for i, item := range n {
			out[i] = normalizeSchema(item)
		}
		return out
	default:
		return node
	}
}

// normalizeEach handles a map whose keys are names, not keywords.
func normalizeEach(node any) any {
	named, ok := node.(map[string]any)
	if !ok {
		return node
	}
	out := make(map[string]any, len(named))
	for name, schema := range named {
		out[name] = normalizeSchema(schema)
	}
	return out
}

func normalizeRef(node any) any {
	ref, ok := node.(string)
	if !ok {
		return node
	}
	if name, old := strings.CutPrefix(ref, "#/definitions/"); old {
		return "#/$defs/" + name
	}
	return ref
}

// parseJSON reads exactly one JSON value and keeps numbers as they are written.
func parseJSON(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, fmt.Errorf("data after the first JSON value")
	}
	return v, nil
}

// marshalIndent writes v as the project keeps JSON: sorted keys, two spaces,
// a final newline, no HTML escapes.
func marshalIndent(v any) ([]byte, error) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

func jsonKind(v any) string {
	switch v.(type) {
	case map[string]any:
		return "an object"
	case []any:
		return "an array"
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case nil:
		return "null"
	default:
		return "a number"
	}
}
