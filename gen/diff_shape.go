package gen

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// An alternative is one kind of value that a schema allows.
type alternative struct {
	kind string // of JSON; any for every kind
	ref  string // the definition it is, if it is one
	at   string
	// values are those of a constant or an enumeration, as JSON; open is set
	// when others are allowed too.
	values   []string
	constant bool
	open     bool
	// keywords are bounds, formats and whatever else narrows values.
	keywords map[string]any
	// members of an object by name, with their places, and what others may be.
	members  map[string]string
	required []string
	rest     any
	restAt   string
	items    string // the place of an array's items
}

// A shape is what a schema allows, references followed.
type shape struct {
	at           string
	null         bool
	alternatives []*alternative
	defaulted    any
}

// shape reads the schema at a place. What a union refers to is taken in.
func (s *side) shape(at string) *shape {
	if s.shapes[at] == nil {
		s.shapes[at] = s.read(at, s.node(at), nil)
	}
	return s.shapes[at]
}

// node is shape's view of a place: a schema that is true allows anything.
func (s *side) node(at string) map[string]any {
	if schema := s.schema(at); schema != nil {
		return schema
	}
	return map[string]any{}
}

func (s *side) read(at string, schema map[string]any, within []string) *shape {
	out := &shape{at: at, defaulted: schema["default"], null: schema["nullable"] == true}
	ref, _ := schema["$ref"].(string)
	name, local := definitionOf(ref)
	switch {
	case ref == "":
	case !local || s.defs[name] == nil:
		out.alternatives = []*alternative{{kind: "object", ref: ref, at: at}}
		return out
	case slices.Contains(within, name):
		return out
	default:
		target := s.read(below("", name), s.node(below("", name)), append(slices.Clone(within), name))
		out.at, out.alternatives, out.null = target.at, target.alternatives, out.null || target.null
		if out.defaulted == nil {
			out.defaulted = target.defaulted
		}
		for _, a := range out.alternatives {
			if a.at == target.at && a.kind != "any" {
				a.ref = name
			}
		}
		return out
	}
	if kind := s.free[definitionAt(at)]; kind != "" && isDefinition(at) {
		out.alternatives = []*alternative{{kind: kind, at: at}}
		return out
	}
	if isDefinition(at) {
		within = append(slices.Clone(within), definitionAt(at))
	}
	for _, key := range []string{"anyOf", "oneOf"} {
		list, _ := schema[key].([]any)
		if slices.ContainsFunc(list, func(v any) bool { return !onlyRequires(v) }) {
			for i := range list {
				variantAt := fmt.Sprintf("%s/%s/%d", at, key, i)
				variant := s.read(variantAt, s.node(variantAt), within)
				out.null = out.null || variant.null
				out.alternatives = append(out.alternatives, variant.alternatives...)
			}
		}
	}
	own := s.own(at, schema, out)
	if len(out.alternatives) == 0 {
		out.alternatives = own
	} else if len(own) == 1 && len(own[0].members)+len(own[0].required) > 0 {
		for _, a := range out.alternatives {
			a.extend(own[0]) // members beside a union belong to every variant
		}
	}
	s.conjunction(at, schema, out, within)
	out.join()
	return out
}

// own is what a schema's own keywords allow.
func (s *side) own(at string, schema map[string]any, out *shape) []*alternative {
	kinds, _ := stringList(schema["type"])
	if kind, ok := schema["type"].(string); ok {
		kinds = []string{kind}
	}
	values, _ := schema["enum"].([]any)
	constant, isConst := schema["const"]
	if isConst {
		values = []any{constant}
	}
	if len(kinds) == 0 {
		switch {
		case len(values) > 0:
			for _, v := range values {
				kinds = append(kinds, typeOfJSON(v))
			}
		case has(schema, "properties", "required", "additionalProperties"):
			kinds = []string{"object"}
		case has(schema, "items"):
			kinds = []string{"array"}
		case !has(schema, "anyOf", "oneOf", "allOf"):
			kinds = []string{"any"}
		}
	}
	slices.Sort(kinds)
	var list []*alternative
	for _, kind := range slices.Compact(kinds) {
		if kind == "null" {
			out.null = true
			continue
		}
		a := &alternative{kind: kind, at: at, constant: isConst, keywords: map[string]any{}, members: map[string]string{}}
		if isDefinition(at) {
			a.ref = definitionAt(at)
		}
		for _, v := range values {
			if v == nil {
				out.null = true
			} else if k := typeOfJSON(v); k == kind || kind == "number" && k == "integer" {
				a.values = append(a.values, jsonText(v))
			}
		}
		for key, value := range schema {
			if narrows(key, kind) {
				a.keywords[key] = value
			}
		}
		if kind == "object" {
			properties, _ := schema["properties"].(map[string]any)
			for name := range properties {
				a.members[name] = below(at+"/properties", name)
			}
			a.required, _ = stringList(schema["required"])
			a.rest, a.restAt = schema["additionalProperties"], at+"/additionalProperties"
		}
		if has(schema, "items") && kind == "array" {
			a.items = at + "/items"
		}
		list = append(list, a)
	}
	return list
}

// conjunction adds what the parts of an allOf say to every object.
func (s *side) conjunction(at string, schema map[string]any, out *shape, within []string) {
	parts, _ := schema["allOf"].([]any)
	for i := range parts {
		partAt := fmt.Sprintf("%s/allOf/%d", at, i)
		part := s.read(partAt, s.node(partAt), within)
		if len(out.alternatives) == 0 {
			out.alternatives, out.null = part.alternatives, out.null || part.null
			for _, a := range out.alternatives {
				a.ref, a.at = "", at
				if isDefinition(at) {
					a.ref = definitionAt(at)
				}
			}
			continue
		}
		for _, a := range out.alternatives {
			for _, b := range part.alternatives {
				a.extend(b)
			}
		}
	}
}

// extend adds another object's members.
func (a *alternative) extend(b *alternative) {
	if a.kind != "object" || b.kind != "object" || a.members == nil {
		return
	}
	members := maps.Clone(b.members)
	maps.Copy(members, a.members)
	a.members = members
	a.required = slices.Concat(a.required, b.required)
	if a.rest == nil {
		a.rest, a.restAt = b.rest, b.restAt
	}
}

// join makes one alternative of those that differ in values only.
func (s *shape) join() {
	var out []*alternative
	for _, a := range s.alternatives {
		i := slices.IndexFunc(out, func(b *alternative) bool {
			return a.kind == b.kind && a.kind != "object" && a.kind != "array" && (len(a.values) > 0 || len(b.values) > 0)
		})
		if i < 0 {
			out = append(out, a)
			continue
		}
		joined := *out[i]
		joined.open = joined.open || a.open || len(a.values) == 0 || len(joined.values) == 0
		joined.values = slices.Concat(joined.values, a.values)
		joined.constant, joined.ref = false, ""
		out[i] = &joined
	}
	s.alternatives = out
}

// narrows reports whether a keyword narrows the values of a kind.
func narrows(key, kind string) bool {
	if slices.Contains(structural, key) && key != "format" || slices.Contains(proseKeywords, key) || isAnnotation(key) {
		return false
	}
	if slices.Contains([]string{"default", "deprecated", "readOnly", "writeOnly", "$schema", "$id", "$anchor"}, key) {
		return false
	}
	of, known := boundsOf[key]
	return !known || slices.Contains(of.kinds, kind)
}

// A bound is a keyword that limits values of some kinds from one side.
type bound struct {
	kinds []string
	upper bool
}

var boundsOf = map[string]bound{
	"minimum": {[]string{"number", "integer"}, false}, "maximum": {[]string{"number", "integer"}, true},
	"exclusiveMinimum": {[]string{"number", "integer"}, false}, "exclusiveMaximum": {[]string{"number", "integer"}, true},
	"minLength": {[]string{"string"}, false}, "maxLength": {[]string{"string"}, true},
	"minItems": {[]string{"array"}, false}, "maxItems": {[]string{"array"}, true},
	"minProperties": {[]string{"object"}, false}, "maxProperties": {[]string{"object"}, true},
}

// jsonText is a value as JSON, on one line.
func jsonText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}
