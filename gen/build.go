package gen

import (
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"strings"

	"github.com/atombender/go-jsonschema/pkg/schemas"
)

// A builder turns a checked schema into a Package. Every decision about Go is
// made here and in struct, enum, union, discriminate and method.
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
