package gen

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/atombender/go-jsonschema/pkg/schemas"
)

// keywords is every schema keyword the generator understands. Anything else
// stops the build: new syntax must not silently become an untyped value.
var keywords = map[string]bool{
	"$schema": true, "$defs": true, "$ref": true,
	"type": true, "const": true, "enum": true, "default": true, "format": true,
	"properties": true, "required": true, "additionalProperties": true,
	"items": true, "minItems": true, "maxItems": true,
	"anyOf": true, "oneOf": true, "allOf": true,
	"minimum": true, "maximum": true, "minLength": true, "maxLength": true, "pattern": true,
	"title": true, "description": true,
}

// load checks a schema document strictly and parses it.
func load(root map[string]any) (*schemas.Schema, error) {
	if err := checkSchema("", root); err != nil {
		return nil, err
	}
	text, err := marshalIndent(root)
	if err != nil {
		return nil, err
	}
	s, err := schemas.FromJSONReader(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	if len(s.Definitions) == 0 {
		return nil, fmt.Errorf("schema: no definitions")
	}
	return s, nil
}

// checkSchema walks one schema and refuses keywords the generator does not know.
func checkSchema(path string, node any) error {
	if _, isBool := node.(bool); isBool {
		return nil
	}
	schema, ok := node.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: want a schema, got %s", orRoot(path), jsonKind(node))
	}
	for _, key := range slices.Sorted(maps.Keys(schema)) {
		at := path + "/" + key
		if !keywords[key] {
			return fmt.Errorf("%s: keyword %q is not supported", orRoot(path), key)
		}
		var err error
		switch key {
		case "properties", "$defs":
			err = checkEach(at, schema[key])
		case "items", "additionalProperties":
			err = checkSchema(at, schema[key])
		case "anyOf", "oneOf", "allOf":
			err = checkList(at, schema[key])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func checkEach(path string, node any) error {
	named, ok := node.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: want an object, got %s", path, jsonKind(node))
	}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if err := checkSchema(path+"/"+name, named[name]); err != nil {
			return err
		}
	}
	return nil
}

func checkList(path string, node any) error {
	list, ok := node.([]any)
	if !ok || len(list) == 0 {
		return fmt.Errorf("%s: want a list of schemas, got %s", path, jsonKind(node))
	}
	for i, item := range list {
		if err := checkSchema(fmt.Sprintf("%s/%d", path, i), item); err != nil {
			return err
		}
	}
	return nil
}

func orRoot(path string) string {
	if path == "" {
		return "schema"
	}
	return path
}
