package gen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/atombender/go-jsonschema/pkg/schemas"
)

// buildUnion fills in a union's variants. How they are told apart follows when
// the members of all types are known. What decides is, in this order, the kind of
// JSON value, a constant member that every object variant has, a member that
// only one requires. Nothing is ever decided by trying; where these do not
// suffice the overlay must say.
func (b *builder) buildUnion(t *Type, at string, schema *schemas.Type) error {
	u := &Union{Name: t.Name, At: at}
	t.union = u
	var fresh []*Named
	names := map[string]bool{}
	for i, alternative := range b.spread(variantsOf(schema, at), []string{at}) {
		name, err := b.variantName(t.Name, alternative, i)
		if err != nil {
			return err
		}
		if names[name] {
			name = fmt.Sprintf("%sVariant%d", name, i+1)
		}
		names[name] = true
		vt, err := b.typeOf(alternative.schema, alternative.at, name)
		if err != nil {
			return err
		}
		if vt = variable(vt); vt.Kind == EnumKind {
			vt = &Type{Kind: String, Nullable: vt.Nullable}
		}
		switch {
		case vt.Import != "":
			return errAt(alternative.at, "a variant from another package is not supported"+remedy)
		case vt.Nullable:
			return errAt(alternative.at, "a variant that may be null is not supported"+remedy)
		case vt.Kind == StructKind:
			u.Variants = append(u.Variants, &Variant{Type: vt})
		case vt.Kind == NamedKind:
			u.ByKind = append(u.ByKind, &KindVariant{jsonKindOf(vt.named.Under), vt})
		case namedSuffix[vt.Kind] != "":
			named := &Named{Name: t.Name + namedSuffix[vt.Kind], Under: vt}
			u.ByKind = append(u.ByKind, &KindVariant{jsonKindOf(vt), &Type{Kind: NamedKind, Name: named.Name, named: named}})
			fresh = append(fresh, named)
		default:
			return errAt(alternative.at, "a union with this kind of variant is not supported"+remedy)
		}
	}
	for i, v := range u.ByKind {
		twice := slices.ContainsFunc(u.ByKind[:i], func(other *KindVariant) bool { return other.JSON == v.JSON })
		if twice || v.JSON == "KindObject" && len(u.Variants) > 0 {
			return errAt(at, "more than one variant is JSON of kind %s"+remedy, strings.ToLower(strings.TrimPrefix(v.JSON, "Kind")))
		}
	}
	if len(u.Variants)+len(u.ByKind) == 0 {
		return errAt(at, "a union of nothing but itself")
	}
	id := unionID(u)
	if before, ok := b.unions[id]; ok && !isDefinition(at) {
		*t = *before
		return nil
	}
	if err := b.take(at, t.Name, "Unknown"+t.Name, "Decode"+t.Name, "Encode"+t.Name); err != nil {
		return err
	}
	b.unions[id] = t
	for _, named := range fresh {
		if err := b.take(at, named.Name); err != nil {
			return err
		}
		named.Doc = fmt.Sprintf("%s is %s that is %s.", named.Name, strings.Replace(article(t.Name), t.Name, "["+t.Name+"]", 1), namedProse[named.Under.Kind])
		b.pkg.Named = append(b.pkg.Named, named)
	}
	u.Doc = b.doc(t.Name, schema)
	b.pkg.Unions = append(b.pkg.Unions, u)
	b.variants = append(b.variants, func() error { return b.discriminate(u, at) })
	return nil
}

var namedSuffix = map[Kind]string{
	Slice: "List", Map: "Map", Members: "Object",
	String: "String", Float: "Number", Int: "Integer", Bool: "Bool",
}

var namedProse = map[Kind]string{
	Slice: "a JSON array", Map: "a JSON object", Members: "a JSON object",
	String: "a JSON string", Float: "a JSON number", Int: "a JSON integer", Bool: "a JSON boolean",
}

func jsonKindOf(t *Type) string {
	return map[Kind]string{
		Slice: "KindArray", Map: "KindObject", Members: "KindObject",
		String: "KindString", Float: "KindNumber", Int: "KindNumber", Bool: "KindBool",
	}[t.Kind]
}

// spread replaces unions among the variants by the variants of those unions.
func (b *builder) spread(variants []property, within []string) []property {
	var out []property
	for _, v := range variants {
		target := v
		if name, local := definitionOf(v.schema.Ref); local && b.defs[name] != nil {
			target = property{b.defs[name], below("", name)}
		}
		switch {
		case slices.Contains(within, target.at): // a union of itself and more adds nothing
		case b.isUnion(target.at, target.schema):
			out = append(out, b.spread(variantsOf(target.schema, target.at), append(slices.Clone(within), target.at))...)
		default:
			out = append(out, v)
		}
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(out, func(v property) bool {
		twice := v.schema.Ref != "" && seen[v.schema.Ref]
		seen[v.schema.Ref] = true
		return twice
	})
}

// variantName names an anonymous variant. Where a definition has that name, it
// gets the suffix Variant.
func (b *builder) variantName(union string, variant property, i int) (string, error) {
	name, err := b.variantOwnName(union, variant, i)
	for definition := range b.defs {
		if b.definitionName(definition) == name {
			return name + "Variant", err
		}
	}
	return name, err
}

// variantOwnName names a variant after its title, its tag, its only required
// member or its place.
func (b *builder) variantOwnName(union string, variant property, i int) (string, error) {
	schema := variant.schema
	if schema.Title != "" {
		return union + goName(schema.Title), nil
	}
	if b.isStruct(variant.at, schema) {
		properties, required, err := b.flatten(variant.at, schema, nil)
		if err != nil {
			return "", err
		}
		for _, name := range required {
			if tag, ok := properties[name].constant(); ok {
				return union + enumName(tag), nil
			}
		}
		if len(schema.Required) == 1 {
			return union + goName(schema.Required[0]), nil
		}
	}
	return fmt.Sprintf("%sVariant%d", union, i+1), nil
}

// constant is the only value of a member, if it is a string.
func (p property) constant() (string, bool) {
	if p.schema == nil {
		return "", false
	}
	tag, ok := p.schema.Const.(string)
	return tag, ok
}

// unionID is equal for unions with the same variants.
func unionID(u *Union) string {
	var names []string
	for _, v := range u.Variants {
		names = append(names, v.Type.Import+"."+v.Type.Name)
	}
	for _, v := range u.ByKind {
		names = append(names, v.JSON+":"+typeID(v.Type.named.Under))
	}
	slices.Sort(names)
	return strings.Join(names, "|")
}

func typeID(t *Type) string {
	if t.Elem != nil {
		return fmt.Sprint(t.Kind, "[", typeID(t.Elem), "]")
	}
	return fmt.Sprint(t.Kind, t.Import, t.Name)
}
