package gen

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/atombender/go-jsonschema/pkg/schemas"
)

// structural are the keywords that decide what a schema becomes.
var structural = []string{
	"$ref", "type", "const", "enum", "format", "nullable",
	"properties", "required", "additionalProperties", "items",
	"anyOf", "oneOf", "allOf", "discriminator", "title", "description",
}

// constraints are the keywords that narrow the values of a type, and those
// that only tell about it. They change no Go type.
var constraints = []string{
	"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
	"minLength", "maxLength", "pattern", "contentEncoding", "contentMediaType",
	"minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "propertyNames",
	"default", "examples", "$comment", "deprecated", "readOnly", "writeOnly",
	"markdownDescription", "enumDescriptions",
}

// remedy is what a person can do about a schema that cannot become Go.
const remedy = `; an overlay can patch it, or give the place the type "Raw"`

// load checks the definitions of a schema document strictly and parses them.
// What it does not know stops the build: new syntax must not silently become
// an untyped value. Below a place that an overlay gives a Go type it does not look.
func load(root map[string]any, hints map[string]*Entry) (*document, error) {
	for _, key := range slices.Sorted(maps.Keys(root)) {
		if !known(key) && key != "$schema" && key != "$id" && key != "$defs" {
			return nil, fmt.Errorf("schema: keyword %q is not supported", key)
		}
	}
	defs, ok := root["$defs"].(map[string]any)
	if !ok || len(defs) == 0 {
		return nil, fmt.Errorf("schema: no definitions")
	}
	c := &checker{hints: hints}
	r := &reducer{defs: defs, hints: hints, values: map[string]map[string]value{}, reduced: map[string]map[string]any{}, reducing: map[string]bool{}, uniting: map[string]bool{}}
	for _, name := range slices.Sorted(maps.Keys(defs)) {
		if err := c.schema(below("", name), defs[name]); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(defs)) {
		if _, err := r.definition(name); err != nil {
			return nil, err
		}
	}
	text, err := marshalIndent(map[string]any{"$defs": r.reduced})
	if err != nil {
		return nil, err
	}
	s, err := schemas.FromJSONReader(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	return &document{s.Definitions, r.values}, nil
}

// A document is a checked schema.
type document struct {
	defs schemas.Definitions
	// values are the values of enumerations, by the enumeration's path.
	values map[string]map[string]value
}

// below is the path of a part of what stands at a path.
func below(at, part string) string {
	return at + "/" + pointer.Replace(part)
}

// pointer escapes a part of a JSON pointer, unpointer undoes it.
var (
	pointer   = strings.NewReplacer("~", "~0", "/", "~1")
	unpointer = strings.NewReplacer("~1", "/", "~0", "~")
)

// errAt is an error about the schema at a path below the definitions.
func errAt(at, format string, args ...any) error {
	return fmt.Errorf("/$defs%s: "+format, append([]any{at}, args...)...)
}

// known reports whether a keyword is understood. Those that begin with x- or _
// are annotations of the schema's author.
func known(key string) bool {
	return slices.Contains(structural, key) || slices.Contains(constraints, key) || isAnnotation(key)
}

// A checker refuses what the generator does not know, and what is no schema.
type checker struct{ hints map[string]*Entry }

func (c *checker) schema(at string, node any) error {
	if h := c.hints[at]; h != nil && h.Type != "" {
		return nil
	}
	if _, isBool := node.(bool); isBool {
		return nil
	}
	schema, ok := node.(map[string]any)
	if !ok {
		return errAt(at, "want a schema, got %s", jsonKind(node))
	}
	for _, key := range slices.Sorted(maps.Keys(schema)) {
		if !known(key) {
			return errAt(at, "keyword %q is not supported"+remedy, key)
		}
		if err := c.keyword(below(at, key), key, schema[key]); err != nil {
			return err
		}
	}
	return nil
}

// keyword checks the value of one structural keyword.
func (c *checker) keyword(at, key string, value any) error {
	want := ""
	switch key {
	case "properties":
		named, ok := value.(map[string]any)
		if !ok {
			want = "an object"
		}
		for _, name := range slices.Sorted(maps.Keys(named)) {
			if err := c.schema(below(at, name), named[name]); err != nil {
				return err
			}
		}
	case "items":
		if _, tuple := value.([]any); tuple {
			return errAt(at, "a tuple is not supported"+remedy)
		}
		return c.schema(at, value)
	case "additionalProperties":
		return c.schema(at, value)
	case "anyOf", "oneOf", "allOf":
		list, _ := value.([]any)
		if len(list) == 0 {
			want = "a list of schemas"
		}
		for i, item := range list {
			if _, other := otherwise(item); other && key != "allOf" {
				continue
			}
			if err := c.schema(fmt.Sprintf("%s/%d", at, i), item); err != nil {
				return err
			}
		}
	case "type":
		names, ok := stringList(value)
		if name, single := value.(string); single {
			names, ok = []string{name}, true
		}
		if !ok || len(names) == 0 {
			want = "a type or a list of types"
		}
		for _, name := range names {
			if !slices.Contains([]string{"string", "integer", "number", "boolean", "array", "object", "null"}, name) {
				return errAt(at, "type %q is not supported", name)
			}
		}
	case "required":
		if _, ok := stringList(value); !ok {
			want = "a list of names"
		}
	case "enum":
		if list, _ := value.([]any); len(list) == 0 {
			want = "a list of values"
		}
	case "$ref", "format", "title", "description":
		if _, ok := value.(string); !ok {
			want = "a string"
		}
	case "nullable":
		if _, ok := value.(bool); !ok {
			want = "a boolean"
		}
	case "discriminator":
		if d, _ := value.(map[string]any); d["propertyName"] == nil {
			want = "an object with a propertyName"
		}
	}
	if want != "" {
		return errAt(at, "want %s, got %s", want, describe(value))
	}
	return nil
}

// otherwise reports whether a variant stands for all that the others are not: it
// has a not with the constants of the others. That is what a union's unknown
// variant is for. The key is the member that has the constants.
func otherwise(variant any) (key string, ok bool) {
	schema, _ := variant.(map[string]any)
	not, _ := schema["not"].(map[string]any)
	excluded, _ := not["anyOf"].([]any)
	if excluded == nil {
		excluded = []any{not}
	}
	for _, item := range excluded {
		other, _ := item.(map[string]any)
		properties, _ := other["properties"].(map[string]any)
		for name, p := range properties {
			if member, _ := p.(map[string]any); len(properties) == 1 && has(member, "const") && (key == "" || key == name) {
				key, ok = name, true
				continue
			}
			return "", false
		}
	}
	return key, ok
}

// stringList returns a list of strings.
func stringList(value any) ([]string, bool) {
	list, ok := value.([]any)
	var out []string
	for _, item := range list {
		s, isString := item.(string)
		if !isString {
			return nil, false
		}
		out = append(out, s)
	}
	return out, ok
}

// describe names a value's kind, and says where it is empty.
func describe(value any) string {
	if list, ok := value.([]any); ok && len(list) == 0 {
		return "an empty array"
	}
	return jsonKind(value)
}
