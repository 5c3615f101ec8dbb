package gen

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/atombender/go-jsonschema/pkg/schemas"
)

// isStruct reports whether a schema is an object with known members.
func (b *builder) isStruct(at string, schema *schemas.Type) bool {
	if h := b.hints[at]; h != nil && h.Type != "" {
		return false
	}
	if schema.Ref != "" || len(schema.AnyOf)+len(schema.OneOf) > 0 {
		return false
	}
	return len(schema.Properties)+len(schema.AllOf)+len(schema.Required) > 0
}

// buildStruct claims a struct's names. Its members follow when all types are known.
func (b *builder) buildStruct(t *Type, at string, schema *schemas.Type) error {
	if err := b.take(at, t.Name, unexported(t.Name)+"Members"); err != nil {
		return err
	}
	t.strct = &Struct{Name: t.Name, At: at, Doc: b.doc(t.Name, schema)}
	b.pkg.Structs = append(b.pkg.Structs, t.strct)
	b.members = append(b.members, func() error { return b.buildMembers(t.strct, at, schema) })
	return nil
}

// buildMembers fills in a struct's members.
func (b *builder) buildMembers(s *Struct, at string, schema *schemas.Type) error {
	properties, required, err := b.flatten(at, schema, nil)
	if err != nil {
		return err
	}
	for _, wire := range required {
		if _, described := properties[wire]; !described {
			properties[wire] = property{&schemas.Type{}, below(below(at, "properties"), wire)}
		}
	}
	names := map[string]string{}
	for _, name := range generated {
		names[name] = "the generated code"
	}
	for _, wire := range slices.Sorted(maps.Keys(properties)) {
		property := properties[wire]
		field := &Field{Wire: wire, Name: goName(wire), Required: slices.Contains(required, wire), At: property.at}
		if strconv.Quote(wire) != jsonQuote(wire) || strings.ContainsAny(wire, "\\\"") {
			return errAt(property.at, "a member name that JSON must escape is not supported")
		}
		hint := b.hints[property.at]
		if hint != nil && hint.Name != "" && !b.needsName(property.schema) {
			field.Name = hint.Name
		} else if slices.Contains(generated, field.Name) {
			field.Name += "Value"
		}
		if field.Type, err = b.typeOf(property.schema, property.at, b.owner(s, at, property)+goName(wire)); err != nil {
			return err
		}
		if !field.Required || field.Type.Nullable {
			field.Type = variable(field.Type)
		}
		if !isConst(field.Type) {
			if other, clash := names[field.Name]; clash {
				return errAt(property.at, "Go field %s is already that of %q; an overlay can name one of them", field.Name, other)
			}
			names[field.Name] = wire
		}
		field.Doc = b.memberDoc(s.Name, wire, property.schema)
		s.Fields = append(s.Fields, field)
	}
	if len(s.Fields) > 64 {
		return errAt(at, "%d members, at most 64 are supported", len(s.Fields))
	}
	return nil
}

// owner is the name after which a member's anonymous type is called: that of the
// object, or of the definition it has the member from.
func (b *builder) owner(s *Struct, at string, p property) string {
	if strings.HasPrefix(p.at, at+"/") {
		return s.Name
	}
	definition, _, _ := strings.Cut(p.at[1:], "/")
	if h := b.hints["/"+definition]; h != nil && h.Name != "" {
		return h.Name
	}
	return b.definitionName(unpointer.Replace(definition))
}

// isConst reports whether a member of the type is no field.
func isConst(t *Type) bool { return t.Kind == ConstString || t.Kind == ConstInt || t.Kind == ConstBool }

// needsName reports whether a property's own schema becomes a named type, so
// that an overlay's name is the type's and not the field's.
func (b *builder) needsName(schema *schemas.Type) bool {
	if rest, ok := withoutNull(schema); ok && rest != schema {
		return b.needsName(rest)
	}
	return schema.Ref == "" && (len(schema.Properties) > 0 || len(schema.AllOf) > 0 || len(schema.Enum) > 0 || len(variantsOf(schema, "")) > 1 || hasOther(schema))
}

// A property is a schema and where it stands.
type property struct {
	schema *schemas.Type
	at     string
}

// flatten merges an object's own members with those of its allOf. Where two
// describe one member the later, narrower one counts.
func (b *builder) flatten(at string, schema *schemas.Type, within []string) (map[string]property, []string, error) {
	if slices.Contains(within, at) {
		return nil, nil, errAt(at, "allOf leads back to itself")
	}
	within = append(within, at)
	if schema.Const != nil || len(schema.Enum)+len(variantsOf(schema, at)) > 0 || len(schema.Type) > 0 && schema.Type[0] != "object" {
		return nil, nil, errAt(at, "a part of an allOf must be an object"+remedy)
	}
	properties, required := map[string]property{}, []string{}
	for i, part := range schema.AllOf {
		partAt := fmt.Sprintf("%s/allOf/%d", at, i)
		for part.Ref != "" {
			name, local := definitionOf(part.Ref)
			target, ok := b.defs[name]
			if !local || !ok {
				return nil, nil, errAt(partAt, "$ref %q: no such definition", part.Ref)
			}
			if slices.Contains(within, below("", name)) {
				return nil, nil, errAt(partAt, "allOf leads back to itself")
			}
			part, partAt = target, below("", name)
			if part.Ref != "" {
				within = append(within, partAt)
			}
		}
		more, needs, err := b.flatten(partAt, part, within)
		if err != nil {
			return nil, nil, err
		}
		maps.Copy(properties, more)
		required = append(required, needs...)
	}
	for wire, p := range schema.Properties {
		properties[wire] = property{p, below(below(at, "properties"), wire)}
	}
	required = append(required, schema.Required...)
	slices.Sort(required)
	return properties, slices.Compact(required), nil
}
