package gen

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/atombender/go-jsonschema/pkg/schemas"
)

// A builder turns a checked schema into a Package. Every decision about Go is
// made here and in union.go and method.go.
type builder struct {
	pkg      *Package
	defs     schemas.Definitions
	hints    map[string]*Entry
	overlays []*Overlay
	imports  map[string]*Package // by the name a $ref calls them

	taken  map[string]string // Go name -> where it comes from
	shared map[string]*shared
	unions map[string]*Type // by variants
	busy   map[string]bool
}

// shared remembers an anonymous schema that an overlay named, so that equal
// ones become one type.
type shared struct {
	schema *schemas.Type
	typ    *Type
}

// definition returns the type a definition becomes, building it when needed.
func (b *builder) definition(name string) (*Type, error) {
	if t, done := b.pkg.types[name]; done {
		return t, nil
	}
	schema, ok := b.defs[name]
	if !ok {
		return nil, fmt.Errorf("$ref to %q: no such definition", name)
	}
	at := "/" + name
	goType := b.definitionName(name)
	if h := b.hints[at]; h != nil && h.Name != "" {
		goType = h.Name
	}
	// An object or a union may refer to itself, so its type is known before its members.
	var t *Type
	switch {
	case b.isStruct(at, schema):
		t = &Type{Kind: StructKind, Name: goType}
		b.pkg.types[name] = t
		return t, b.buildStruct(t, at, schema)
	case b.isUnion(at, schema):
		t = &Type{Kind: UnionKind, Name: goType}
		b.pkg.types[name] = t
		return t, b.buildUnion(t, at, schema)
	}
	if b.busy[name] {
		return nil, fmt.Errorf("%s: refers to itself without an object between", at)
	}
	b.busy[name] = true
	defer delete(b.busy, name)
	t, err := b.typeOf(schema, at, goType)
	if err != nil {
		return nil, err
	}
	if t.Kind == ID && len(schema.Type) > 0 {
		if err := b.take(goType, at); err != nil {
			return nil, err
		}
		b.pkg.Aliases = append(b.pkg.Aliases, &Alias{Name: goType, Target: "RequestID", Doc: b.doc(goType, schema)})
	}
	b.pkg.types[name] = t
	return t, nil
}

// definitionName is the Go name of a definition: the params of a message drop
// the word that says which kind of message.
func (b *builder) definitionName(name string) string {
	for _, suffix := range []string{"RequestParams", "NotificationParams"} {
		if rest, ok := strings.CutSuffix(name, suffix); ok && rest != "" {
			return goName(rest + "Params")
		}
	}
	return goName(name)
}

// typeOf decides the Go type of a schema that stands at a path. A type that
// needs a name gets the given one, unless an overlay names it.
func (b *builder) typeOf(schema *schemas.Type, at, name string) (*Type, error) {
	hint := b.hints[at]
	if hint != nil && hint.Type != "" {
		return &Type{Kind: map[string]Kind{"Raw": Raw, "Members": Members}[hint.Type]}, nil
	}
	if hint != nil && hint.Name != "" {
		name = hint.Name
	}
	if schema.Ref != "" {
		return b.reference(schema.Ref, at)
	}
	if rest, ok := withoutNull(schema); ok {
		t, err := b.typeOf(rest, at, name)
		if err != nil {
			return nil, err
		}
		nullable := *t
		nullable.Nullable = true
		return &nullable, nil
	}
	if isFree(schema) {
		return &Type{Kind: Raw}, nil
	}
	if schema.Const != nil {
		return constant(schema.Const, at)
	}
	if b.isStruct(at, schema) {
		return b.share(schema, at, name, hint, func(t *Type) error {
			t.Kind = StructKind
			return b.buildStruct(t, at, schema)
		})
	}
	if variants := variantsOf(schema); len(variants) == 1 {
		return b.typeOf(variants[0], at+"/anyOf/0", name)
	} else if len(variants) > 1 {
		if t, ok := scalars(variants); ok {
			return t, nil
		}
		t := &Type{Kind: UnionKind, Name: name}
		return t, b.buildUnion(t, at, schema)
	}
	switch {
	case len(schema.Type) > 1:
		if t, ok := scalars([]*schemas.Type{schema}); ok {
			return t, nil
		}
		return nil, fmt.Errorf("%s: type %q: only scalars may be alternatives", at, schema.Type)
	case len(schema.Type) == 0:
		if len(schema.Enum) > 0 {
			return b.enum(schema, at, name, hint)
		}
		return nil, fmt.Errorf("%s: no type", at)
	}
	switch schema.Type[0] {
	case "string":
		if len(schema.Enum) > 0 || schema.Format == "uuid" && strings.Count(at, "/") == 1 {
			return b.enum(schema, at, name, hint)
		}
		return &Type{Kind: String}, nil
	case "integer":
		return &Type{Kind: Int}, nil
	case "number":
		return &Type{Kind: Float}, nil
	case "boolean":
		return &Type{Kind: Bool}, nil
	case "array":
		if schema.Items == nil {
			return &Type{Kind: Slice, Elem: &Type{Kind: Raw}}, nil
		}
		elem, err := b.typeOf(schema.Items, at+"/items", name+"Item")
		if err != nil {
			return nil, err
		}
		return &Type{Kind: Slice, Elem: elem}, nil
	case "object":
		if schema.AdditionalProperties == nil || isFree(schema.AdditionalProperties) {
			return &Type{Kind: Members}, nil
		}
		elem, err := b.typeOf(schema.AdditionalProperties, at+"/additionalProperties", name+"Value")
		if err != nil {
			return nil, err
		}
		if elem.Kind == Raw {
			return &Type{Kind: Members}, nil
		}
		return &Type{Kind: Map, Elem: elem}, nil
	}
	return nil, fmt.Errorf("%s: type %q is not supported", at, schema.Type[0])
}

// reference follows a $ref, into an imported package if it names one.
func (b *builder) reference(ref, at string) (*Type, error) {
	if name, local := strings.CutPrefix(ref, "#/$defs/"); local {
		t, err := b.definition(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", at, err)
		}
		return t, nil
	}
	pkg, name, found := strings.Cut(ref, "#/$defs/")
	imported := b.imports[pkg]
	if !found || imported == nil {
		return nil, fmt.Errorf("%s: $ref %q is not supported", at, ref)
	}
	t, ok := imported.types[name]
	if !ok {
		return nil, fmt.Errorf("%s: $ref %q: package %s has no such type", at, ref, imported.Name)
	}
	foreign := *t
	if foreign.Name != "" {
		foreign.Import = imported.Import
	}
	return &foreign, nil
}

// share builds a named type, or returns the one an equal anonymous schema of
// the same overlay name became before.
func (b *builder) share(schema *schemas.Type, at, name string, hint *Entry, build func(*Type) error) (*Type, error) {
	if hint != nil && hint.Name != "" {
		if before, ok := b.shared[name]; ok {
			if !reflect.DeepEqual(undocumented(before.schema), undocumented(schema)) {
				return nil, fmt.Errorf("%s: overlay calls it %s, but another schema of that name differs", at, name)
			}
			return before.typ, nil
		}
	}
	t := &Type{Name: name}
	if hint != nil && hint.Name != "" {
		b.shared[name] = &shared{schema, t}
	}
	return t, build(t)
}

// isStruct reports whether a schema is an object with known members.
func (b *builder) isStruct(at string, schema *schemas.Type) bool {
	if h := b.hints[at]; h != nil && h.Type != "" {
		return false
	}
	if schema.Ref != "" || len(schema.AnyOf)+len(schema.OneOf) > 0 {
		return false
	}
	return len(schema.Properties) > 0 || len(schema.AllOf) > 0
}

// isUnion reports whether a schema is a union of something other than scalars.
func (b *builder) isUnion(at string, schema *schemas.Type) bool {
	if h := b.hints[at]; h != nil && h.Type != "" {
		return false
	}
	if _, nullable := withoutNull(schema); nullable {
		return false
	}
	variants := variantsOf(schema)
	if len(variants) < 2 {
		return false
	}
	_, scalar := scalars(variants)
	return !scalar
}

// buildStruct fills in a struct's members.
func (b *builder) buildStruct(t *Type, at string, schema *schemas.Type) error {
	if err := b.take(t.Name, at); err != nil {
		return err
	}
	properties, required, err := b.flatten(at, schema)
	if err != nil {
		return err
	}
	s := &Struct{Name: t.Name, At: at, Doc: b.doc(t.Name, schema)}
	t.strct = s
	b.pkg.Structs = append(b.pkg.Structs, s)
	names := map[string]string{"Extra": "the unknown members"}
	for _, wire := range slices.Sorted(maps.Keys(properties)) {
		property := properties[wire]
		field := &Field{Wire: wire, Name: goName(wire), Required: slices.Contains(required, wire), At: property.at}
		hint := b.hints[property.at]
		if hint != nil && hint.Name != "" && !b.needsName(property.schema) {
			field.Name = hint.Name
		}
		if field.Type, err = b.typeOf(property.schema, property.at, t.Name+goName(wire)); err != nil {
			return err
		}
		if !field.Required && (field.Type.Kind == ConstString || field.Type.Kind == ConstInt) {
			field.Type = &Type{Kind: map[Kind]Kind{ConstString: String, ConstInt: Int}[field.Type.Kind], Const: field.Type.Const}
		}
		if other, clash := names[field.Name]; clash && field.Type.Kind != ConstString && field.Type.Kind != ConstInt {
			return fmt.Errorf("%s: Go field %s is already that of %q", property.at, field.Name, other)
		}
		names[field.Name] = wire
		field.Doc = b.memberDoc(t.Name, wire, property.schema)
		s.Fields = append(s.Fields, field)
	}
	for _, wire := range required {
		if _, ok := properties[wire]; !ok {
			return fmt.Errorf("%s: requires %q, which it does not describe", at, wire)
		}
	}
	if len(s.Fields) > 64 {
		return fmt.Errorf("%s: %d members, at most 64 are supported", at, len(s.Fields))
	}
	return nil
}

// needsName reports whether a property's own schema becomes a named type, so
// that an overlay's name is the type's and not the field's.
func (b *builder) needsName(schema *schemas.Type) bool {
	if rest, ok := withoutNull(schema); ok {
		return b.needsName(rest)
	}
	return schema.Ref == "" && (len(schema.Properties) > 0 || len(schema.AllOf) > 0 || len(schema.Enum) > 0 || len(variantsOf(schema)) > 1)
}

// A property is a member's schema and where it stands.
type property struct {
	schema *schemas.Type
	at     string
}

// flatten merges an object's own members with those of its allOf. Where two
// describe one member the later, narrower one counts.
func (b *builder) flatten(at string, schema *schemas.Type) (map[string]property, []string, error) {
	properties, required := map[string]property{}, []string{}
	for i, part := range schema.AllOf {
		partAt := fmt.Sprintf("%s/allOf/%d", at, i)
		if part.Ref != "" {
			name, local := strings.CutPrefix(part.Ref, "#/$defs/")
			target, ok := b.defs[name]
			if !local || !ok {
				return nil, nil, fmt.Errorf("%s: $ref %q: no such definition", partAt, part.Ref)
			}
			part, partAt = target, "/"+name
		}
		more, needs, err := b.flatten(partAt, part)
		if err != nil {
			return nil, nil, err
		}
		maps.Copy(properties, more)
		required = append(required, needs...)
	}
	for wire, p := range schema.Properties {
		properties[wire] = property{p, at + "/properties/" + wire}
	}
	required = append(required, schema.Required...)
	slices.Sort(required)
	return properties, slices.Compact(required), nil
}

// enum builds an open set of strings.
func (b *builder) enum(schema *schemas.Type, at, name string, hint *Entry) (*Type, error) {
	return b.share(schema, at, name, hint, func(t *Type) error {
		t.Kind = EnumKind
		if err := b.take(name, at); err != nil {
			return err
		}
		e := &Enum{Name: name, At: at, Doc: b.doc(name, schema)}
		for _, v := range schema.Enum {
			wire, ok := v.(string)
			if !ok {
				return fmt.Errorf("%s: enum value %v: only strings are supported", at, v)
			}
			value := &EnumValue{Wire: wire, Name: name + enumName(wire), Doc: b.valueDoc(name, wire)}
			if err := b.take(value.Name, at); err != nil {
				return err
			}
			e.Values = append(e.Values, value)
		}
		t.enum = e
		b.pkg.Enums = append(b.pkg.Enums, e)
		return nil
	})
}

// take claims a Go name.
func (b *builder) take(name, at string) error {
	if before, ok := b.taken[name]; ok {
		return fmt.Errorf("%s: Go name %s is already that of %s; an overlay can name one of them", at, name, before)
	}
	b.taken[name] = at
	return nil
}

// doc returns the doc comment of a type: an overlay's, else the schema's own.
func (b *builder) doc(name string, schema *schemas.Type) string {
	for _, o := range b.overlays {
		if d, ok := o.Docs[name]; ok {
			d.used = true
			if d.Spec != "" {
				return d.Doc + "\n\nSpecification: " + d.Spec + "."
			}
			return d.Doc
		}
	}
	return schema.Description
}

func (b *builder) memberDoc(name, member string, schema *schemas.Type) string {
	for _, o := range b.overlays {
		if d, ok := o.Docs[name]; ok {
			if text, ok := d.Members[member]; ok {
				d.usedMembers[member] = true
				return text
			}
		}
	}
	return schema.Description
}

func (b *builder) valueDoc(name, value string) string {
	for _, o := range b.overlays {
		if d, ok := o.Docs[name]; ok {
			if text, ok := d.Values[value]; ok {
				d.usedMembers[value] = true
				return text
			}
		}
	}
	return ""
}

// constant is the type of a member that has only one value.
func constant(value any, at string) (*Type, error) {
	switch v := value.(type) {
	case string:
		return &Type{Kind: ConstString, Const: v}, nil
	case float64:
		if v == float64(int64(v)) {
			return &Type{Kind: ConstInt, Const: fmt.Sprint(int64(v))}, nil
		}
	}
	return nil, fmt.Errorf("%s: const %v: only strings and integers are supported", at, value)
}

// isFree reports whether a schema allows every value.
func isFree(schema *schemas.Type) bool {
	return reflect.DeepEqual(undocumented(schema), &schemas.Type{})
}

// undocumented copies a schema without what does not bear on its Go type.
func undocumented(schema *schemas.Type) *schemas.Type {
	bare := *schema
	bare.Description, bare.Title, bare.Default = "", "", nil
	if len(bare.Properties) > 0 {
		bare.Properties = maps.Clone(bare.Properties)
		for name, p := range bare.Properties {
			bare.Properties[name] = undocumented(p)
		}
	}
	return &bare
}

// variantsOf returns the alternatives of a schema.
func variantsOf(schema *schemas.Type) []*schemas.Type {
	return append(slices.Clone(schema.AnyOf), schema.OneOf...)
}

// withoutNull returns a nullable schema without its null.
func withoutNull(schema *schemas.Type) (*schemas.Type, bool) {
	rest := *schema
	if i := slices.Index(schema.Type, "null"); i >= 0 && len(schema.Type) > 1 {
		rest.Type = slices.Delete(slices.Clone(schema.Type), i, i+1)
		return &rest, true
	}
	isNull := func(s *schemas.Type) bool { return len(s.Type) == 1 && s.Type[0] == "null" }
	variants := variantsOf(schema)
	if kept := slices.DeleteFunc(slices.Clone(variants), isNull); len(kept) < len(variants) {
		if len(kept) == 1 {
			only := *kept[0]
			return &only, true
		}
		rest.AnyOf, rest.OneOf = kept, nil
		return &rest, true
	}
	return nil, false
}

// scalars decides alternatives that are all scalars: a string or an integer
// is an id, anything wider keeps its JSON.
func scalars(variants []*schemas.Type) (*Type, bool) {
	seen := map[string]bool{}
	for _, v := range variants {
		if v.Ref != "" || len(v.Type) == 0 {
			return nil, false
		}
		for _, name := range v.Type {
			if name == "object" {
				return nil, false
			}
			if name == "array" && (v.Items == nil || len(v.Items.Type) != 1 || v.Items.Type[0] == "object") {
				return nil, false
			}
			seen[name] = true
		}
	}
	if len(seen) == 2 && seen["string"] && seen["integer"] {
		return &Type{Kind: ID}, true
	}
	if len(seen) == 2 && seen["number"] && seen["integer"] {
		return &Type{Kind: Float}, true
	}
	if len(seen) == 1 && seen["string"] {
		return &Type{Kind: String}, true
	}
	return &Type{Kind: Raw}, true
}
