package gen

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// unite makes an allOf with a union of objects in it a union: each variant has
// what stands beside.
func (r *reducer) unite(at string, list []any, out map[string]any) {
	if has(out, "anyOf", "oneOf") {
		return
	}
	for i, part := range list {
		key, variants := r.unionOf(part.(map[string]any))
		ref, _ := part.(map[string]any)["$ref"].(string)
		if variants == nil || ref != "" && r.uniting[ref] {
			continue // what leads back to itself has no end
		}
		r.uniting[ref] = true
		defer delete(r.uniting, ref)
		rest := slices.Delete(slices.Clone(list), i, i+1)
		united := make([]any, len(variants))
		for j, v := range variants {
			if united[j] = v; isOther(v) {
				continue
			}
			merged := map[string]any{"type": "object", "allOf": append(slices.Clone(rest), v)}
			for _, k := range []string{"title", "description"} {
				if text, ok := v.(map[string]any)[k]; ok {
					merged[k] = text
				}
			}
			r.unite(fmt.Sprintf("%s/%s/%d", at, key, j), merged["allOf"].([]any), merged)
			united[j] = merged
		}
		delete(out, "allOf")
		delete(out, "type")
		out[key] = united
		if hint := r.hints[at]; hint == nil || hint.Union == nil {
			if name, ok := definitionOf(ref); ok && r.hints[below("", name)] != nil {
				r.hints[at] = &Entry{At: at, Union: r.hints[below("", name)].Union}
			}
		}
		return
	}
}

// resolved follows the references of a reduced schema as far as they lead
// somewhere new, and returns what is there, reduced.
func (r *reducer) resolved(schema map[string]any) map[string]any {
	ref, _ := schema["$ref"].(string)
	name, local := definitionOf(ref)
	if !local {
		return schema
	}
	reduced, err := r.definition(name)
	if err != nil || reduced == nil || reflect.DeepEqual(reduced, schema) {
		return schema
	}
	return r.resolved(reduced)
}

// unionOf returns the variants of a reduced schema that is a union of objects,
// or refers to one.
func (r *reducer) unionOf(schema map[string]any) (string, []any) {
	schema = r.resolved(schema)
	for _, key := range []string{"anyOf", "oneOf"} {
		list, ok := schema[key].([]any)
		if ok && !slices.ContainsFunc(list, func(v any) bool {
			s := v.(map[string]any)
			return !isOther(v) && s["type"] != "object" && !has(s, "$ref", "allOf", "properties")
		}) {
			return key, list
		}
	}
	return "", nil
}

// union reduces anyOf and oneOf, which mean the same here.
func (r *reducer) union(at string, out map[string]any) error {
	object := has(out, "properties", "allOf")
	for _, key := range []string{"anyOf", "oneOf"} {
		if list, ok := out[key].([]any); ok && object && !slices.ContainsFunc(list, func(v any) bool { return !onlyRequires(v) }) {
			delete(out, key) // which members come together is no matter of types
		}
	}
	if has(out, "anyOf") && has(out, "oneOf") {
		return errAt(at, "anyOf beside oneOf is not supported"+remedy)
	}
	key := "anyOf"
	if has(out, "oneOf") {
		key = "oneOf"
	}
	list, ok := out[key].([]any)
	if !ok {
		return nil
	}
	if name, scalar := out["type"].(string); scalar && name != "object" {
		for _, v := range list {
			if v := v.(map[string]any); !has(v, "type", "$ref", "anyOf", "oneOf", "allOf", "const") {
				v["type"] = name
			}
		}
	}
	delete(out, "type")
	if slices.ContainsFunc(list, func(v any) bool { return saysNothing(r.resolved(v.(map[string]any))) }) {
		delete(out, key)
		return nil
	}
	if object || has(out, "required") {
		r.distribute(at, key, list, out)
		return nil
	}
	var values []place
	for i := range list {
		if isOther(list[i]) {
			return nil // a union, whatever else there is
		}
		if !isNull(list[i]) {
			values = append(values, place{path: fmt.Sprintf("%s/%s/%d", at, key, i), list: list, index: i})
		}
	}
	simple, ok := r.alternatives(at, values)
	switch {
	case len(values) == 0:
		simple = map[string]any{"type": "null"}
	case len(values) == 1:
		simple, _ = list[values[0].index].(map[string]any)
		r.keepValues(at, values[0].path)
	case !ok:
		return nil // with its nulls, because paths count them
	}
	delete(out, key)
	replace(out, simple)
	if 0 < len(values) && len(values) < len(list) {
		out["nullable"] = true
	}
	return nil
}

// distribute gives the members beside a union to each of its variants.
func (r *reducer) distribute(at, key string, list []any, out map[string]any) {
	base := map[string]any{"type": "object"}
	for _, k := range []string{"properties", "required", "allOf", "additionalProperties"} {
		if has(out, k) {
			base[k] = out[k]
			delete(out, k)
		}
	}
	variants := make([]any, len(list))
	for i, v := range list {
		v := v.(map[string]any)
		if variants[i] = v; isOther(v) {
			continue
		}
		merged := map[string]any{"allOf": []any{base, v}}
		for _, k := range []string{"title", "description"} {
			if has(v, k) {
				merged[k] = v[k]
			}
		}
		r.unite(fmt.Sprintf("%s/%s/%d", at, key, i), merged["allOf"].([]any), merged)
		variants[i] = merged
	}
	out[key] = variants
}

// alternatives turns variants that are all strings into an enumeration, a
// reference to one or a string, variants that are all integers into one, and
// those that are all arrays into one.
func (r *reducer) alternatives(at string, variants []place) (map[string]any, bool) {
	if list, ok := arrays(variants); ok {
		return list, true
	}
	integers, single, open := true, true, false
	refs := map[any]bool{}
	set := &stringSet{known: map[string]value{}, within: map[string]bool{}}
	allStrings := true
	for _, v := range variants {
		schema, _ := v.value().(map[string]any)
		integers = integers && (schema["type"] == "integer" || isInteger(schema["const"]))
		open = open || schema["type"] == "string" && !has(schema, "const", "enum")
		single = single && !has(schema, "const", "enum")
		if has(schema, "$ref") {
			refs[schema["$ref"]] = true
		}
		allStrings = allStrings && r.strings(v.path, schema, set)
	}
	switch {
	case integers:
		return map[string]any{"type": "integer"}, true
	case !allStrings || len(variants) == 1:
		return nil, false
	case len(refs) == 1 && single:
		return map[string]any{"$ref": slices.Collect(maps.Keys(refs))[0]}, true
	case len(set.values) == 0:
		return map[string]any{"type": "string"}, true
	case len(set.values) == 1 && !open:
		return map[string]any{"type": "string", "const": set.values[0]}, true
	}
	r.values[at] = set.known
	return map[string]any{"type": "string", "enum": set.values}, true
}

// arrays makes alternatives that are all arrays an array of the alternatives.
func arrays(variants []place) (map[string]any, bool) {
	var items []any
	for _, v := range variants {
		schema, _ := v.value().(map[string]any)
		if schema["type"] != "array" || !has(schema, "items") {
			return nil, false
		}
		items = append(items, schema["items"])
	}
	return map[string]any{"type": "array", "items": map[string]any{"anyOf": items}}, len(items) > 1
}

// A stringSet is what alternatives of strings add up to.
type stringSet struct {
	values []any
	known  map[string]value
	within map[string]bool // definitions on the way
}

func (s *stringSet) add(text string, v value) {
	if _, twice := s.known[text]; !twice {
		s.known[text] = v
		s.values = append(s.values, text)
	}
}

// strings adds a variant to the set if it is a string, a constant string, an
// enumeration of strings, or refers to one of these.
func (r *reducer) strings(at string, variant map[string]any, set *stringSet) bool {
	if constant, ok := variant["const"].(string); ok {
		doc, _ := variant["description"].(string)
		set.add(constant, value{doc, at})
		return true
	}
	if values, ok := stringList(variant["enum"]); ok {
		for _, text := range values {
			set.add(text, r.values[at][text])
		}
		return true
	}
	ref, ok := variant["$ref"].(string)
	if !ok {
		return variant["type"] == "string" && !has(variant, "const")
	}
	name, _ := definitionOf(ref)
	if set.within[name] {
		return false
	}
	set.within[name] = true
	defer delete(set.within, name)
	reduced, err := r.definition(name)
	return err == nil && reduced != nil && r.strings(below("", name), reduced, set)
}

// isOther reports whether a reduced variant stands for all that the others are not.
func isOther(schema any) bool {
	s, ok := schema.(map[string]any)
	return ok && has(s, "not")
}

// onlyRequires reports whether a reduced schema says no more than which
// members must be there.
func onlyRequires(schema any) bool {
	s, ok := schema.(map[string]any)
	for key := range s {
		if key != "title" && key != "description" && key != "required" && (key != "type" || s[key] != "object") {
			return false
		}
	}
	return ok && has(s, "required")
}
