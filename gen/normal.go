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
	if err := modernize(top); err != nil {
		return nil, err
	}
	normal := normalizeSchema(top).(map[string]any)
	normal["$schema"] = dialect
	return marshalIndent(normal)
}

// dialect is what every schema is brought to.
const dialect = "https://json-schema.org/draft/2020-12/schema"

// modernize brings an older dialect to the one used here, in place: its
// definitions are called $defs, and what stood beside a $ref is ignored, as
// it was then.
func modernize(root map[string]any) error {
	defs, old := root["definitions"]
	if old {
		if _, both := root["$defs"]; both {
			return fmt.Errorf("schema: has both definitions and $defs")
		}
		delete(root, "definitions")
		root["$defs"] = defs
	}
	version, _ := root["$schema"].(string)
	root["$schema"] = dialect
	refs(root, func(schema map[string]any, ref string) {
		if name, ok := strings.CutPrefix(ref, "#/definitions/"); ok {
			schema["$ref"] = "#/$defs/" + name
		}
		for key := range schema {
			if strings.Contains(version, "/draft-0") && key != "$ref" && key != "default" && !slices.Contains(proseKeywords, key) {
				delete(schema, key)
			}
		}
	})
	return nil
}

// refs visits every schema that has a $ref.
func refs(node any, visit func(schema map[string]any, ref string)) {
	switch n := node.(type) {
	case map[string]any:
		if ref, ok := n["$ref"].(string); ok {
			visit(n, ref)
		}
		for key, value := range n {
			switch {
			case isData(key):
			case namesSchemas(key):
				named, _ := value.(map[string]any)
				for _, schema := range named {
					refs(schema, visit)
				}
			default:
				refs(value, visit)
			}
		}
	case []any:
		for _, item := range n {
			refs(item, visit)
		}
	}
}

// isData reports whether a keyword's value is no schema, but JSON of any kind.
func isData(key string) bool {
	return slices.Contains([]string{"const", "default", "enum", "examples", "required"}, key) || isAnnotation(key)
}

// isAnnotation reports whether a keyword is a private one of the schema's author.
func isAnnotation(key string) bool {
	return strings.HasPrefix(key, "x-") || strings.HasPrefix(key, "_")
}

// namesSchemas reports whether a keyword's value is schemas by name.
func namesSchemas(key string) bool {
	return slices.Contains([]string{"properties", "$defs", "patternProperties", "dependentSchemas"}, key)
}

// normalizeSchema drops prose from a schema and everything below it.
func normalizeSchema(node any) any {
	switch n := node.(type) {
	case map[string]any:
		out := make(map[string]any, len(n))
		for key, value := range n {
			switch {
			case slices.Contains(proseKeywords, key):
			case isData(key):
				out[key] = value
			case namesSchemas(key):
				out[key] = normalizeEach(value)
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
