package mcpclient

import (
	"errors"
	"fmt"
	"strings"

	"github.com/codexmcp/codexmcp/wire"
)

const (
	// maxSchema is how long the schema of a tool may be, in bytes.
	maxSchema = 256 << 10
	// maxSchemaDepth is how deep it may be nested.
	maxSchemaDepth = 64
)

// parametersOf makes the schema of a function's parameters from that of a
// tool's arguments; see the package documentation.
func parametersOf(input wire.Raw) (wire.Raw, error) {
	if len(input.String()) > maxSchema {
		return wire.Raw{}, fmt.Errorf("schema of %d bytes is over the limit of %d bytes", len(input.String()), maxSchema)
	}
	root, err := rootOf(input)
	if err != nil {
		return wire.Raw{}, err
	}
	for _, name := range []string{"$schema", "$id", "$ref", "anyOf", "oneOf", "allOf", "not", "enum"} {
		root.Delete(name)
	}
	root.Set("type", typeObject)
	return adapted(root, 0)
}

// rootOf is the schema itself, or what it refers to.
func rootOf(input wire.Raw) (wire.Members, error) {
	root := wire.MembersOf()
	if input.Kind() != wire.KindObject {
		return root, nil
	}
	if err := input.Decode(&root); err != nil {
		return root, err
	}
	ref, ok := root.Get("$ref")
	if !ok {
		return root, nil
	}
	var pointer string
	if err := ref.Decode(&pointer); err != nil || !strings.HasPrefix(pointer, "#/") {
		return root, fmt.Errorf("schema refers to %s", ref)
	}
	at := input
	for step := range strings.SplitSeq(pointer[2:], "/") {
		var m wire.Members
		if at.Kind() != wire.KindObject || at.Decode(&m) != nil {
			return root, fmt.Errorf("schema refers to %q, which is not there", pointer)
		}
		at, _ = m.Get(strings.NewReplacer("~1", "/", "~0", "~").Replace(step))
	}
	if at.Kind() != wire.KindObject {
		return root, fmt.Errorf("schema refers to %q, which is not there", pointer)
	}
	var target wire.Members
	if err := at.Decode(&target); err != nil {
		return root, err
	}
	for name, value := range target.All() {
		root.Set(name, value)
	}
	return root, nil
}

var (
	typeObject = text("object")
	typeNumber = text("number")
	typeString = text("string")
	typeArray  = text("array")
)

// text is a word as a JSON string.
func text(word string) wire.Raw {
	raw, err := wire.ParseRaw([]byte(`"` + word + `"`))
	if err != nil {
		return wire.Raw{}
	}
	return raw
}

// adapted is a schema as the model API takes it, and what is in it likewise.
func adapted(schema wire.Members, depth int) (wire.Raw, error) {
	if depth > maxSchemaDepth {
		return wire.Raw{}, fmt.Errorf("schema is nested deeper than %d", maxSchemaDepth)
	}
	schema = schema.Clone()
	adaptType(&schema)
	kind, _ := schema.Get("type")
	if kind.String() == typeObject.String() {
		if p, ok := schema.Get("properties"); !ok || p.Kind() != wire.KindObject {
			schema.Set("properties", wire.EmptyObject())
		}
	}
	if kind.String() == typeArray.String() {
		if items, ok := schema.Get("items"); !ok || items.Kind() == wire.KindArray {
			if err := schema.SetValue("items", wire.MembersOf(wire.Member{Name: "type", Value: typeString})); err != nil {
				return wire.Raw{}, err
			}
		}
	}
	for keyword, value := range schema.Clone().All() {
		var err error
		switch keyword {
		case "properties", "patternProperties", "$defs", "definitions", "dependentSchemas":
			value, err = adaptedMembers(value, depth)
		case "items", "additionalProperties", "contains", "propertyNames", "not", "if", "then", "else":
			value, err = adaptedOne(value, depth, keyword == "additionalProperties")
		case "anyOf", "oneOf", "allOf", "prefixItems":
			value, err = adaptedList(value, depth)
		default:
			continue
		}
		if err != nil {
			return wire.Raw{}, err
		}
		schema.Set(keyword, value)
	}
	return wire.RawOf(&object{schema})
}

// adaptType says what type a schema is of, as far as that can be told.
func adaptType(schema *wire.Members) {
	kind, given := schema.Get("type")
	switch kind.Kind() {
	case wire.KindString:
		if kind.String() == `"integer"` {
			schema.Set("type", typeNumber)
		}
		return
	case wire.KindArray:
		var kinds []string
		if kind.Decode(&kinds) == nil && len(kinds) > 0 {
			for i := range kinds {
				if kinds[i] == "integer" {
					kinds[i] = "number"
				}
			}
			if raw, err := wire.RawOf(kinds); err == nil {
				schema.Set("type", raw)
			}
			return
		}
	}
	has := func(names ...string) bool {
		for _, name := range names {
			if _, ok := schema.Get(name); ok {
				return true
			}
		}
		return false
	}
	switch {
	case !given && has("$ref", "anyOf", "oneOf", "allOf", "not", "if"):
		// These say it.
	case has("properties", "required", "additionalProperties"):
		schema.Set("type", typeObject)
	case has("items", "prefixItems"):
		schema.Set("type", typeArray)
	case has("enum", "const", "format"):
		schema.Set("type", typeString)
	case has("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"):
		schema.Set("type", typeNumber)
	default:
		schema.Set("type", typeString)
	}
}

func adaptedOne(value wire.Raw, depth int, booleans bool) (wire.Raw, error) {
	if booleans && value.Kind() == wire.KindBool {
		return value, nil
	}
	schema := wire.MembersOf()
	switch value.Kind() {
	case wire.KindObject:
		if err := value.Decode(&schema); err != nil {
			return value, err
		}
	case wire.KindBool:
	default:
		return value, fmt.Errorf("schema: want an object or a boolean, got %s", value.Kind())
	}
	return adapted(schema, depth+1)
}

func adaptedMembers(value wire.Raw, depth int) (wire.Raw, error) {
	var all wire.Members
	if value.Kind() != wire.KindObject {
		return value, errors.New("schema: want an object of schemas")
	}
	if err := value.Decode(&all); err != nil {
		return value, err
	}
	for name, one := range all.Clone().All() {
		schema, err := adaptedOne(one, depth, false)
		if err != nil {
			return value, fmt.Errorf("%q: %w", name, err)
		}
		all.Set(name, schema)
	}
	return wire.RawOf(&object{all})
}

func adaptedList(value wire.Raw, depth int) (wire.Raw, error) {
	var all []wire.Raw
	if err := value.Decode(&all); err != nil {
		return value, err
	}
	for i, one := range all {
		schema, err := adaptedOne(one, depth, false)
		if err != nil {
			return value, err
		}
		all[i] = schema
	}
	return wire.RawOf(all)
}

// An object encodes as its members.
type object struct{ members wire.Members }

func (o *object) EncodeJSON(e *wire.Encoder) { e.MembersValue(o.members) }
func (o *object) DecodeJSON(d *wire.Decoder) { o.members = d.Members() }
