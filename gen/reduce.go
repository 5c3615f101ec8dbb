package gen

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A reducer rewrites checked schemas into the few forms that build knows:
// what only narrows values is dropped, and of two ways to say a thing one is
// left. It changes no path, so that overlays and errors mean the same places.
type reducer struct {
	defs  map[string]any
	hints map[string]*Entry
	// values are the values of enumerations, by the enumeration's path.
	values   map[string]map[string]value
	reduced  map[string]map[string]any // definitions
	reducing map[string]bool           // definitions on the way
	uniting  map[string]bool           // references to unions on the way
}

// A value is one value of an enumeration: what it means and where it stands.
type value struct{ doc, at string }

// definition returns the reduced form of a definition, once for all who ask. One
// that is asked for on the way to itself is not there.
func (r *reducer) definition(name string) (map[string]any, error) {
	target, found := r.defs[name]
	if done := r.reduced[name]; done != nil || !found || r.reducing[name] {
		return done, nil
	}
	r.reducing[name] = true
	defer delete(r.reducing, name)
	reduced, err := r.schema(below("", name), target)
	if err == nil {
		r.reduced[name] = reduced
	}
	return reduced, err
}

// schema returns the reduced form of the schema at a path.
func (r *reducer) schema(at string, node any) (map[string]any, error) {
	schema, ok := node.(map[string]any)
	if h := r.hints[at]; h != nil && h.Type != "" {
		schema = map[string]any{"description": schema["description"]}
	} else if !ok && node != true {
		return nil, errAt(at, "a schema that allows no value is not supported"+remedy)
	}
	out := map[string]any{}
	for _, key := range structural {
		if value, has := schema[key]; has && (value != nil || key == "const") {
			out[key] = value
		}
	}
	for _, step := range []func(string, map[string]any) error{
		r.parts, r.reference, r.conjunction, r.enumeration, r.union, r.types,
	} {
		if err := step(at, out); err != nil {
			return nil, err
		}
	}
	if out["nullable"] == true {
		addNull(out)
	}
	delete(out, "nullable")
	return out, nil
}

// parts reduces what a schema consists of.
func (r *reducer) parts(at string, out map[string]any) error {
	var err error
	if properties, ok := out["properties"].(map[string]any); ok {
		reduced := map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			if properties[name] == false {
				continue
			}
			if reduced[name], err = r.schema(below(below(at, "properties"), name), properties[name]); err != nil {
				return err
			}
		}
		out["properties"] = reduced
	}
	if more, has := out["additionalProperties"]; has {
		if len(out) == 1 {
			out["type"] = "object"
		}
		// Unknown members are kept whether or not the schema allows them.
		if delete(out, "additionalProperties"); more != false {
			if out["additionalProperties"], err = r.schema(below(at, "additionalProperties"), more); err != nil {
				return err
			}
		}
	}
	if items, has := out["items"]; has {
		if out["items"], err = r.schema(below(at, "items"), items); err != nil {
			return err
		}
	}
	for _, key := range []string{"allOf", "anyOf", "oneOf"} {
		list, _ := out[key].([]any)
		reduced := make([]any, len(list))
		for i, part := range list {
			if member, other := otherwise(part); other && key != "allOf" {
				reduced[i] = map[string]any{"not": map[string]any{}}
				r.discriminator(at, map[string]any{"propertyName": member})
				continue
			}
			if reduced[i], err = r.schema(fmt.Sprintf("%s/%s/%d", at, key, i), part); err != nil {
				return err
			}
		}
		if list != nil {
			out[key] = reduced
		}
	}
	if d, ok := out["discriminator"].(map[string]any); ok {
		r.discriminator(at, d)
	}
	delete(out, "discriminator")
	return nil
}

// discriminator takes what a schema says about a union as an overlay would say
// it. An overlay counts more.
func (r *reducer) discriminator(at string, d map[string]any) {
	hint := &UnionHint{Values: map[string]string{}}
	hint.Key, _ = d["propertyName"].(string)
	mapping, _ := d["mapping"].(map[string]any)
	for value, ref := range mapping {
		name, _ := definitionOf(fmt.Sprint(ref))
		if _, ok := r.defs[name]; ok {
			hint.Values[value] = name
		}
	}
	if r.hints[at] == nil {
		r.hints[at] = &Entry{At: at}
	}
	if r.hints[at].Union == nil {
		r.hints[at].Union = hint
	}
}

// reference moves a $ref with structure beside it into an allOf.
func (r *reducer) reference(at string, out map[string]any) error {
	ref, ok := out["$ref"]
	if !ok {
		return nil
	}
	delete(out, "type")
	if !has(out, "properties", "required", "allOf", "anyOf", "oneOf") {
		return alone(at, "$ref", out)
	}
	delete(out, "$ref")
	list, _ := out["allOf"].([]any)
	out["allOf"] = append([]any{map[string]any{"$ref": ref}}, list...)
	return nil
}

// conjunction drops the parts of an allOf that say nothing, and the allOf
// when a single part is all there is.
func (r *reducer) conjunction(at string, out map[string]any) error {
	list, ok := out["allOf"].([]any)
	if !ok {
		return nil
	}
	parts := list
	list = slices.DeleteFunc(slices.Clone(list), saysNothing)
	out["allOf"] = list
	switch {
	case len(list) == 0:
		delete(out, "allOf")
	case len(list) == 1 && !has(out, "properties", "required", "anyOf", "oneOf"):
		if err := alone(at, "allOf", out); err != nil {
			return err
		}
		only := slices.IndexFunc(parts, func(part any) bool { return !saysNothing(part) })
		replace(out, list[0])
		r.keepValues(at, fmt.Sprintf("%s/allOf/%d", at, only))
	default:
		r.unite(at, list, out)
	}
	return nil
}

// alone refuses what would narrow the type that a reference or a single part names.
func alone(at, key string, out map[string]any) error {
	for _, beside := range []string{"const", "enum", "items"} {
		if has(out, beside) {
			return errAt(at, "keyword %q beside %s is not supported"+remedy, beside, key)
		}
	}
	delete(out, "additionalProperties")
	delete(out, "format")
	return nil
}

// enumeration gives an enumeration the type of its values, and makes one of a
// single value a constant. Only strings stay an enumeration.
func (r *reducer) enumeration(at string, out map[string]any) error {
	if value, ok := out["const"]; ok && value == nil {
		delete(out, "const")
		out["type"] = "null"
	}
	values, ok := out["enum"].([]any)
	if !ok {
		return nil
	}
	delete(out, "enum")
	kept, kinds := []any{}, []any{}
	known := map[string]value{}
	for i, item := range values {
		kind := typeOfJSON(item)
		switch kind {
		case "null":
			out["nullable"] = true
			continue
		case "object", "array":
			return errAt(at, "an enum of objects or arrays is not supported"+remedy)
		}
		if !slices.Contains(kept, item) {
			kept = append(kept, item)
			known[fmt.Sprint(item)] = value{at: fmt.Sprintf("%s/enum/%d", at, i)}
		}
		if !slices.Contains(kinds, any(kind)) {
			kinds = append(kinds, kind)
		}
	}
	strs, allStrings := stringList(kept)
	switch {
	case len(kept) == 0:
		delete(out, "nullable")
		out["type"] = "null"
	case len(kept) == 1 && strings.Count(at, "/") > 1:
		out["const"] = kept[0]
		out["type"] = kinds[0]
	case allStrings && len(strs) > 0:
		out["enum"] = kept
		out["type"] = "string"
		r.values[at] = known
	default:
		out["type"] = kinds
	}
	return nil
}

// types splits a list of types where one of them has structure of its own.
func (r *reducer) types(_ string, out map[string]any) error {
	names, ok := stringList(out["type"])
	if !ok {
		return nil
	}
	slices.Sort(names)
	names = slices.Compact(names)
	values := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == "null" })
	if len(values) < len(names) && len(values) > 0 {
		out["nullable"] = true
	}
	if len(values) < 2 || has(out, "const") {
		out["type"] = append(values, names...)[0]
		return nil
	}
	if !slices.Contains(values, "object") && !slices.Contains(values, "array") {
		out["type"] = values
		return nil
	}
	delete(out, "type")
	if !has(out, "properties", "required", "additionalProperties", "items", "allOf") {
		delete(out, "nullable") // plain JSON of several kinds is kept raw
		return nil
	}
	object, array := map[string]any{"type": "object"}, map[string]any{"type": "array"}
	for _, key := range []string{"properties", "required", "additionalProperties", "allOf"} {
		if has(out, key) {
			object[key] = out[key]
			delete(out, key)
		}
	}
	if has(out, "items") {
		array["items"] = out["items"]
		delete(out, "items")
	}
	var variants []any
	for _, name := range values {
		switch name {
		case "object":
			variants = append(variants, object)
		case "array":
			variants = append(variants, array)
		default:
			variants = append(variants, map[string]any{"type": name})
		}
	}
	out["anyOf"] = variants
	return nil
}

// addNull makes a reduced schema allow null.
func addNull(out map[string]any) {
	null := map[string]any{"type": "null"}
	switch t := out["type"].(type) {
	case string:
		if t != "null" && !has(out, "const") {
			out["type"] = []any{t, "null"}
			return
		}
	case []string:
		out["type"] = append(slices.Clone(t), "null")
		return
	}
	for _, key := range []string{"anyOf", "oneOf"} {
		if list, ok := out[key].([]any); ok {
			if !slices.ContainsFunc(list, isNull) {
				out[key] = append(slices.Clone(list), null)
			}
			return
		}
	}
	if saysNothing(out) || out["type"] == "null" {
		return
	}
	inner := maps.Clone(out)
	delete(inner, "nullable")
	delete(inner, "description")
	delete(inner, "title")
	for key := range inner {
		delete(out, key)
	}
	out["anyOf"] = []any{inner, null}
}

// keepValues notes that the enumeration at one path has become that of another.
func (r *reducer) keepValues(at, was string) {
	if known, ok := r.values[was]; ok {
		r.values[at] = known
	}
}

// replace makes out what another schema is, with its own words where it has any.
func replace(out map[string]any, with any) {
	other := with.(map[string]any)
	for _, key := range structural {
		if key != "title" && key != "description" && key != "nullable" {
			delete(out, key)
		}
	}
	for key, value := range other {
		if !has(out, key) {
			out[key] = value
		}
	}
}

func has(schema map[string]any, keys ...string) bool {
	return slices.ContainsFunc(keys, func(key string) bool { _, ok := schema[key]; return ok })
}

func isNull(schema any) bool {
	s, ok := schema.(map[string]any)
	return ok && s["type"] == "null"
}

// saysNothing reports whether a reduced schema allows every value.
func saysNothing(schema any) bool {
	s, ok := schema.(map[string]any)
	for key := range s {
		if key != "title" && key != "description" {
			return false
		}
	}
	return ok
}

func typeOfJSON(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case map[string]any:
		return "object"
	case []any:
		return "array"
	default:
		if isInteger(v) {
			return "integer"
		}
		return "number"
	}
}

func isInteger(value any) bool {
	n, ok := value.(json.Number)
	return ok && !strings.ContainsAny(n.String(), ".eE")
}
