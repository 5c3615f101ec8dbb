package gen

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// inlineSchemas returns the schemas of definitions with every reference
// replaced by what it refers to. What a reference says beside it (its
// description) counts over what it refers to.
func inlineSchemas(root map[string]any, names []string) ([]*Schema, error) {
	defs, _ := root["$defs"].(map[string]any)
	var out []*Schema
	for _, name := range names {
		schema, ok := defs[name]
		if !ok {
			return nil, fmt.Errorf("schemas: no definition %q", name)
		}
		resolved, err := inline(defs, schema, []string{name})
		if err != nil {
			return nil, fmt.Errorf("schemas: %s: %w", name, err)
		}
		// The definition's own description is a Go doc comment.
		delete(resolved.(map[string]any), "description")
		var text bytes.Buffer
		e := json.NewEncoder(&text)
		e.SetEscapeHTML(false)
		if err := e.Encode(resolved); err != nil {
			return nil, err
		}
		out = append(out, &Schema{Name: goName(name) + "Schema", Type: goName(name), Text: strings.TrimSpace(text.String())})
	}
	return out, nil
}

// inline resolves references below one value; path are the definitions on the
// way, which must not come again.
func inline(defs map[string]any, node any, path []string) (any, error) {
	switch n := node.(type) {
	case map[string]any:
		out := make(map[string]any, len(n))
		if ref, ok := n["$ref"].(string); ok {
			name, local := strings.CutPrefix(ref, "#/$defs/")
			target, found := defs[name]
			if !local || !found {
				return nil, fmt.Errorf("$ref %q cannot be inlined", ref)
			}
			if slices.Contains(path, name) {
				return nil, fmt.Errorf("$ref %q leads back to itself", ref)
			}
			resolved, err := inline(defs, target, append(slices.Clone(path), name))
			if err != nil {
				return nil, err
			}
			for key, value := range resolved.(map[string]any) {
				if key != "description" {
					out[key] = value
				}
			}
		}
		for key, value := range n {
			if key == "$ref" {
				continue
			}
			resolved, err := inline(defs, value, path)
			if err != nil {
				return nil, err
			}
			out[key] = resolved
		}
		return out, nil
	case []any:
		out := make([]any, len(n))
		for i, item := range n {
			resolved, err := inline(defs, item, path)
			if err != nil {
				return nil, err
			}
			out[i] = resolved
		}
		return out, nil
	default:
		return node, nil
	}
}
