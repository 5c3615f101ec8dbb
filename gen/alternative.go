package gen

import (
	"fmt"
	"slices"

	"github.com/atombender/go-jsonschema/pkg/schemas"
)

// variantsOf returns the alternatives of a schema but for null, and where they stand.
func variantsOf(schema *schemas.Type, at string) []property {
	var out []property
	key, list := "anyOf", schema.AnyOf
	if len(schema.OneOf) > 0 {
		key, list = "oneOf", schema.OneOf
	}
	for i, variant := range list {
		if !isNullType(variant) && variant.Not == nil {
			out = append(out, property{variant, fmt.Sprintf("%s/%s/%d", at, key, i)})
		}
	}
	return out
}

// hasOther reports whether a schema's alternatives are open: one of them stands
// for what the others are not.
func hasOther(schema *schemas.Type) bool {
	return slices.ContainsFunc(append(slices.Clone(schema.AnyOf), schema.OneOf...), func(s *schemas.Type) bool { return s.Not != nil })
}

func isNullType(s *schemas.Type) bool { return len(s.Type) == 1 && s.Type[0] == "null" }

// withoutNull returns a schema that allows null as it is for other values: the
// schema itself where null is one of several variants, which variantsOf leaves out.
func withoutNull(schema *schemas.Type) (*schemas.Type, bool) {
	if i := slices.Index(schema.Type, "null"); i >= 0 && len(schema.Type) > 1 {
		rest := *schema
		rest.Type = slices.Delete(slices.Clone(schema.Type), i, i+1)
		return &rest, true
	}
	if !slices.ContainsFunc(append(slices.Clone(schema.AnyOf), schema.OneOf...), isNullType) {
		return nil, false
	}
	if variants := variantsOf(schema, ""); len(variants) == 1 && !hasOther(schema) {
		return variants[0].schema, true
	}
	return schema, true
}

// scalars decides alternatives that are all scalars, or arrays of one: a string or an integer
// is an id, anything wider keeps its JSON.
func scalars(variants []property) (*Type, bool) {
	seen := map[string]bool{}
	for _, v := range variants {
		if v.schema.Ref != "" || len(v.schema.Type) == 0 || v.schema.Const != nil || len(v.schema.Enum) > 0 {
			return nil, false
		}
		for _, name := range v.schema.Type {
			if name == "object" {
				return nil, false
			}
			if items := v.schema.Items; name == "array" && (items == nil || len(items.Type) != 1 || items.Type[0] == "object") {
				return nil, false
			}
			seen[name] = true
		}
	}
	switch {
	case len(seen) == 2 && seen["string"] && seen["integer"]:
		return &Type{Kind: ID}, true
	case len(seen) == 2 && seen["number"] && seen["integer"], len(seen) == 1 && seen["number"]:
		return &Type{Kind: Float}, true
	case len(seen) == 1 && seen["string"]:
		return &Type{Kind: String}, true
	case len(seen) == 1 && seen["boolean"]:
		return &Type{Kind: Bool}, true
	case len(seen) == 1 && seen["integer"]:
		return &Type{Kind: Int}, true
	}
	return &Type{Kind: Raw}, true
}
