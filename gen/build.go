package gen

import (
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strconv"
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

	values map[string]map[string]value // of enumerations, by path

	// Members are built after what has them, and unions are told apart after
	// that, so that types may refer to each other in any order.
	members, variants []func() error

	taken  map[string]string // Go name -> where it comes from
	placed map[string]*Type  // anonymous types, by path
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
		return nil, fmt.Errorf("no such definition")
	}
	at := below("", name)
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
		return nil, errAt(at, "refers to itself without an object between"+remedy)
	}
	b.busy[name] = true
	defer delete(b.busy, name)
	t, err := b.typeOf(schema, at, goType)
	if err != nil {
		return nil, err
	}
	if t.Kind == ID && len(schema.Type) > 0 {
		if err := b.take(at, goType); err != nil {
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
	rest, nullable := withoutNull(schema)
	if !nullable {
		return b.typeOfValue(schema, at, name, hint)
	}
	var t *Type
	var err error
	if rest == schema {
		t, err = b.typeOfValue(schema, at, name, hint)
	} else {
		t, err = b.typeOf(rest, at, name)
	}
	if err != nil {
		return nil, err
	}
	copied := *t
	copied.Nullable = true
	return &copied, nil
}

// typeOfValue is typeOf for values other than null. What stands at one place is
// one type, though several objects may have it by allOf.
func (b *builder) typeOfValue(schema *schemas.Type, at, name string, hint *Entry) (*Type, error) {
	if t, ok := b.placed[at]; ok {
		return t, nil
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
	if variants := variantsOf(schema, at); len(variants) > 0 {
		if t, ok := scalars(variants); ok && !hasOther(schema) {
			return t, nil
		}
		t := &Type{Kind: UnionKind, Name: name}
		b.placed[at] = t
		return t, b.buildUnion(t, at, schema)
	}
	switch {
	case len(schema.Type) > 1:
		t, _ := scalars([]property{{schema, at}})
		return t, nil
	case len(schema.Type) == 0:
		return nil, errAt(at, "no type"+remedy)
	}
	switch schema.Type[0] {
	case "string":
		if len(schema.Enum) > 0 || schema.Format == "uuid" && isDefinition(at) {
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
		return b.elements(Slice, schema.Items, below(at, "items"), name+"Item")
	case "object":
		t, err := b.elements(Map, schema.AdditionalProperties, below(at, "additionalProperties"), name+"Value")
		if err == nil && t.Elem.Kind == Raw {
			return &Type{Kind: Members}, nil
		}
		return t, err
	}
	return &Type{Kind: Raw}, nil // null, and nothing else
}

// elements is an array or a map of what a schema describes; without one, of anything.
func (b *builder) elements(kind Kind, schema *schemas.Type, at, name string) (*Type, error) {
	if schema == nil {
		return &Type{Kind: kind, Elem: &Type{Kind: Raw}}, nil
	}
	elem, err := b.typeOf(schema, at, name)
	if err != nil {
		return nil, err
	}
	return &Type{Kind: kind, Elem: variable(elem)}, nil
}

// variable is a type as it is where a constant has no member to stand for it.
func variable(t *Type) *Type {
	if plain, ok := map[Kind]Kind{ConstString: String, ConstInt: Int, ConstBool: Bool}[t.Kind]; ok {
		return &Type{Kind: plain, Const: t.Const, Nullable: t.Nullable}
	}
	return t
}

func isDefinition(at string) bool { return strings.Count(at, "/") == 1 }

// definitionOf returns the name of the definition a local $ref means.
func definitionOf(ref string) (name string, local bool) {
	name, local = strings.CutPrefix(ref, "#/$defs/")
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	if strings.Contains(name, "/") {
		return name, false
	}
	return unpointer.Replace(name), local
}

// reference follows a $ref, into an imported package if it names one.
func (b *builder) reference(ref, at string) (*Type, error) {
	if name, local := definitionOf(ref); local {
		if _, ok := b.defs[name]; !ok {
			return nil, errAt(at, "$ref %q: no such definition", ref)
		}
		return b.definition(name)
	}
	pkg, name, found := strings.Cut(ref, "#/$defs/")
	imported := b.imports[pkg]
	if !found || imported == nil {
		return nil, errAt(at, "$ref %q is not supported: only whole definitions can be referred to", ref)
	}
	t, ok := imported.types[name]
	if !ok {
		return nil, errAt(at, "$ref %q: package %s has no such type", ref, imported.Name)
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
				return nil, errAt(at, "overlay calls it %s, but another schema of that name differs", name)
			}
			return before.typ, nil
		}
	}
	t := &Type{Name: name}
	b.placed[at] = t
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
	return len(schema.Properties)+len(schema.AllOf)+len(schema.Required) > 0
}

// isUnion reports whether a schema is a union of something other than scalars.
func (b *builder) isUnion(at string, schema *schemas.Type) bool {
	if h := b.hints[at]; h != nil && h.Type != "" {
		return false
	}
	if _, nullable := withoutNull(schema); nullable {
		return false
	}
	variants := variantsOf(schema, at)
	_, scalar := scalars(variants)
	return len(variants) > 1 && !scalar || hasOther(schema)
}

// generated are the fields and methods every struct has.
var generated = []string{"Extra", "EncodeJSON", "DecodeJSON", "AppendJSON", "MarshalJSON", "UnmarshalJSON"}

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

// enum builds an open set of strings.
func (b *builder) enum(schema *schemas.Type, at, name string, hint *Entry) (*Type, error) {
	return b.share(schema, at, name, hint, func(t *Type) error {
		t.Kind = EnumKind
		if err := b.take(at, name, unexported(name)+"Values"); err != nil {
			return err
		}
		e := &Enum{Name: name, At: at, Doc: b.doc(name, schema)}
		for _, v := range schema.Enum {
			wire, ok := v.(string)
			if !ok {
				return errAt(at, "enum value %v: only strings are supported", v)
			}
			known := b.values[at][wire]
			goValue := enumName(wire)
			if h := b.hints[known.at]; h != nil && h.Name != "" {
				goValue = h.Name
			}
			value := &EnumValue{Wire: wire, Name: name + goValue, Doc: b.valueDoc(name, wire, known.doc)}
			if err := b.take(known.at, value.Name); err != nil {
				return err
			}
			e.Values = append(e.Values, value)
		}
		t.enum = e
		b.pkg.Enums = append(b.pkg.Enums, e)
		return nil
	})
}

// take claims Go names.
func (b *builder) take(at string, names ...string) error {
	for _, name := range names {
		if before, ok := b.taken[name]; ok {
			return errAt(at, "Go name %s is already that of /$defs%s; an overlay can name one of them", name, before)
		}
		b.taken[name] = at
	}
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

func (b *builder) valueDoc(name, value, own string) string {
	for _, o := range b.overlays {
		if d, ok := o.Docs[name]; ok {
			if text, ok := d.Values[value]; ok {
				d.usedMembers[value] = true
				return text
			}
		}
	}
	return own
}

// constant is the type of a member that has only one value.
func constant(value any, at string) (*Type, error) {
	switch v := value.(type) {
	case string:
		return &Type{Kind: ConstString, Const: v}, nil
	case bool:
		return &Type{Kind: ConstBool, Const: strconv.FormatBool(v)}, nil
	case float64:
		if v == float64(int64(v)) {
			return &Type{Kind: ConstInt, Const: fmt.Sprint(int64(v))}, nil
		}
	}
	return nil, errAt(at, "const %v: only strings, booleans and integers are supported"+remedy, value)
}

// isFree reports whether a schema allows every value.
func isFree(schema *schemas.Type) bool {
	return reflect.DeepEqual(undocumented(schema), &schemas.Type{})
}

// undocumented copies a schema without what does not bear on its Go type.
func undocumented(schema *schemas.Type) *schemas.Type {
	bare := *schema
	bare.Description, bare.Title = "", ""
	if len(bare.Properties) > 0 {
		bare.Properties = maps.Clone(bare.Properties)
		for name, p := range bare.Properties {
			bare.Properties[name] = undocumented(p)
		}
	}
	return &bare
}
