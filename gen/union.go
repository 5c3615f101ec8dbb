package gen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/atombender/go-jsonschema/pkg/schemas"
)

// buildUnion fills in a union: its variants and how they are told apart. What
// decides is, in this order, the kind of JSON value, a constant member that
// every object variant has, a member that only one requires. Nothing is ever
// decided by trying; where these do not suffice the overlay must say.
func (b *builder) buildUnion(t *Type, at string, schema *schemas.Type) error {
	u := &Union{Name: t.Name, At: at}
	t.union = u
	var objects []*Variant
	var fresh []*Named
	for i, alternative := range b.spread(variantsOf(schema)) {
		variantAt := fmt.Sprintf("%s/anyOf/%d", at, i)
		vt, err := b.typeOf(alternative, variantAt, variantName(t.Name, alternative, i))
		if err != nil {
			return err
		}
		if vt.Import != "" {
			return fmt.Errorf("%s: a variant from another package is not supported", variantAt)
		}
		switch vt.Kind {
		case StructKind:
			objects = append(objects, &Variant{Type: vt})
		case NamedKind:
			u.ByKind = append(u.ByKind, &KindVariant{jsonKindOf(vt.named.Under), vt})
		case Slice, String, Float, Int, Bool:
			named := &Named{Name: t.Name + namedSuffix[vt.Kind], Under: vt}
			u.ByKind = append(u.ByKind, &KindVariant{jsonKindOf(vt), &Type{Kind: NamedKind, Name: named.Name, named: named}})
			fresh = append(fresh, named)
		default:
			return fmt.Errorf("%s: a union of this kind of type is not supported; an overlay can give it the type Raw", variantAt)
		}
	}
	for i, v := range u.ByKind {
		for _, other := range u.ByKind[:i] {
			if v.JSON == other.JSON {
				return fmt.Errorf("%s: two variants are both of JSON kind %s", at, strings.TrimPrefix(v.JSON, "Kind"))
			}
		}
	}
	u.Variants = objects
	id := unionID(u)
	if before, ok := b.unions[id]; ok && strings.Count(at, "/") > 1 {
		*t = *before
		return nil
	}
	if err := b.take(t.Name, at); err != nil {
		return err
	}
	b.unions[id] = t
	for _, named := range fresh {
		if err := b.take(named.Name, at); err != nil {
			return err
		}
		named.Doc = fmt.Sprintf("%s is a [%s] that is %s.", named.Name, t.Name, namedProse[named.Under.Kind])
		b.pkg.Named = append(b.pkg.Named, named)
	}
	u.Doc = b.doc(t.Name, schema)
	if err := b.discriminate(u, at); err != nil {
		return err
	}
	b.pkg.Unions = append(b.pkg.Unions, u)
	return nil
}

var namedSuffix = map[Kind]string{Slice: "List", String: "String", Float: "Number", Int: "Integer", Bool: "Bool"}

var namedProse = map[Kind]string{Slice: "a JSON array", String: "a JSON string", Float: "a JSON number", Int: "a JSON integer", Bool: "a JSON boolean"}

func jsonKindOf(t *Type) string {
	return map[Kind]string{Slice: "KindArray", String: "KindString", Float: "KindNumber", Int: "KindNumber", Bool: "KindBool"}[t.Kind]
}

// spread replaces references to unions by the variants of those unions.
func (b *builder) spread(variants []*schemas.Type) []*schemas.Type {
	var out []*schemas.Type
	seen := map[string]bool{}
	for _, v := range variants {
		name, local := strings.CutPrefix(v.Ref, "#/$defs/")
		if target, ok := b.defs[name]; local && ok && b.isUnion("/"+name, target) {
			for _, inner := range b.spread(variantsOf(target)) {
				if inner.Ref == "" || !seen[inner.Ref] {
					seen[inner.Ref] = true
					out = append(out, inner)
				}
			}
			continue
		}
		if v.Ref == "" || !seen[v.Ref] {
			seen[v.Ref] = true
			out = append(out, v)
		}
	}
	return out
}

// variantName names an anonymous variant after its title, its tag or its place.
func variantName(union string, schema *schemas.Type, i int) string {
	if schema.Title != "" {
		return union + goName(schema.Title)
	}
	for _, key := range []string{"type", "kind", "mode"} {
		if p := schema.Properties[key]; p != nil {
			if tag, ok := p.Const.(string); ok {
				return union + goName(tag)
			}
		}
	}
	if len(schema.Required) == 1 {
		return union + goName(schema.Required[0])
	}
	return fmt.Sprintf("%sVariant%d", union, i+1)
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

// discriminate decides how the object variants of a union are told apart.
func (b *builder) discriminate(u *Union, at string) error {
	if len(u.Variants) == 0 {
		return nil
	}
	hint := &UnionHint{}
	if h := b.hints[at]; h != nil && h.Union != nil {
		hint = h.Union
	}
	u.Key = hint.Key
	if u.Key == "" {
		u.Key = commonKey(u.Variants)
	}
	for _, v := range u.Variants {
		v.Tags = tagsOf(v.Type.strct, u.Key)
		for value, def := range hint.Values {
			if goDef, err := b.definition(def); err == nil && goDef.strct == v.Type.strct {
				v.Tags = append(v.Tags, value)
			}
		}
		if hint.Default != "" {
			def, err := b.definition(hint.Default)
			if err != nil {
				return fmt.Errorf("%s: union default: %w", at, err)
			}
			if def.strct == v.Type.strct {
				u.Default = v
			}
		}
	}
	u.Tagged = u.Key != "" && !slices.ContainsFunc(u.Variants, func(v *Variant) bool {
		return len(v.Tags) != 1 || fieldOf(v.Type.strct, u.Key) == nil || fieldOf(v.Type.strct, u.Key).Type.Kind != ConstString
	}) && len(u.ByKind) == 0

	groups := map[string][]*Variant{}
	var order []string
	for _, v := range u.Variants {
		tags := v.Tags
		if u.Key == "" {
			tags = []string{""}
		}
		for _, tag := range tags {
			if _, ok := groups[tag]; !ok {
				order = append(order, tag)
			}
			groups[tag] = append(groups[tag], v)
		}
		if len(tags) == 0 && v != u.Default {
			return fmt.Errorf("%s: variant %s has no value of %q; the overlay must say how it is told apart", at, v.Type.Name, u.Key)
		}
	}
	for _, tag := range order {
		c, err := separate(groups[tag], u.Key != "")
		if err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		if u.Key != "" {
			c.Values = []string{tag}
		}
		if last := len(u.Cases) - 1; last >= 0 && len(c.Tests) == 0 && len(u.Cases[last].Tests) == 0 && u.Cases[last].Else == c.Else {
			u.Cases[last].Values = append(u.Cases[last].Values, tag)
			continue
		}
		u.Cases = append(u.Cases, c)
	}
	return nil
}

// commonKey finds a member for which every variant has constant values.
func commonKey(variants []*Variant) string {
	for _, f := range variants[0].Type.strct.Fields {
		if !slices.ContainsFunc(variants, func(v *Variant) bool { return len(tagsOf(v.Type.strct, f.Wire)) == 0 }) {
			return f.Wire
		}
	}
	return ""
}

// tagsOf returns the values a member of a struct can have, if they are few and fixed.
func tagsOf(s *Struct, key string) []string {
	f := fieldOf(s, key)
	switch {
	case f == nil:
		return nil
	case f.Type.Kind == ConstString, f.Type.Kind == String && f.Type.Const != "":
		return []string{f.Type.Const}
	case f.Type.Kind == EnumKind && f.Required && f.Type.enum != nil:
		var tags []string
		for _, v := range f.Type.enum.Values {
			tags = append(tags, v.Wire)
		}
		return tags
	}
	return nil
}

func fieldOf(s *Struct, key string) *Field {
	for _, f := range s.Fields {
		if f.Wire == key {
			return f
		}
	}
	return nil
}

// separate tells variants of one tag apart by a member that only one requires,
// or, where one variant is another with more optional members, by one of those.
// If the tag is known the last one left is what remains.
func separate(variants []*Variant, tagged bool) (*Case, error) {
	c := &Case{}
	left := slices.Clone(variants)
	for len(left) > 0 {
		if tagged && len(left) == 1 {
			c.Else = left[0]
			return c, nil
		}
		i, has := pick(left)
		if i < 0 {
			var names []string
			for _, v := range left {
				names = append(names, v.Type.Name)
			}
			return nil, fmt.Errorf("nothing tells %s apart; the overlay must say", strings.Join(names, ", "))
		}
		c.Tests = append(c.Tests, &Test{Has: has, Variant: left[i]})
		left = slices.Delete(left, i, i+1)
	}
	return c, nil
}

// pick finds a variant with a member no other has: a required one, else one
// by which the variant extends another.
func pick(variants []*Variant) (int, []string) {
	for i, v := range variants {
		for _, path := range memberPaths(v.Type.strct, true) {
			if onlyOne(variants, i, path) {
				return i, path
			}
		}
	}
	for i, v := range variants {
		for j, other := range variants {
			if i == j || !extends(v.Type.strct, other.Type.strct) {
				continue
			}
			for _, path := range memberPaths(v.Type.strct, false) {
				if onlyOne(variants, i, path) {
					return i, path
				}
			}
		}
	}
	return -1, nil
}

func onlyOne(variants []*Variant, i int, path []string) bool {
	for j, other := range variants {
		if j != i && slices.ContainsFunc(memberPaths(other.Type.strct, false), func(p []string) bool { return slices.Equal(p, path) }) {
			return false
		}
	}
	return true
}

// memberPaths lists a struct's members and those of its required objects.
func memberPaths(s *Struct, requiredOnly bool) [][]string {
	var paths [][]string
	for _, f := range s.Fields {
		if requiredOnly && !f.Required {
			continue
		}
		paths = append(paths, []string{f.Wire})
		if f.Type.Kind == StructKind && f.Type.strct != nil && f.Type.strct != s && f.Required {
			for _, inner := range f.Type.strct.Fields {
				if !requiredOnly || inner.Required {
					paths = append(paths, []string{f.Wire, inner.Wire})
				}
			}
		}
	}
	return paths
}

// extends reports whether a has all members of b, and requires no more.
func extends(a, b *Struct) bool {
	for _, f := range b.Fields {
		if fieldOf(a, f.Wire) == nil {
			return false
		}
	}
	for _, f := range a.Fields {
		if g := fieldOf(b, f.Wire); f.Required && (g == nil || !g.Required) {
			return false
		}
	}
	return len(a.Fields) > len(b.Fields)
}
