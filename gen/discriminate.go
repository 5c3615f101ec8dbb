package gen

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

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
	if _, err := separate(u.Variants, false); u.Key == "" && err != nil {
		if u.Key = keyOfAllButOne(u.Variants); u.Key == "" {
			u.Key, u.Rest = openKey(u.Variants)
		}
	}
	if u.Key != "" && len(hint.Values) == 0 {
		u.Default = withoutMember(u.Variants, u.Key)
	}
	if hint.Default != "" {
		def, err := b.unionMember(u, hint.Default)
		if err != nil {
			return errAt(at, "union default: %w", err)
		}
		u.Default = def
	}
	for _, v := range u.Variants {
		v.Tags = tagsOf(v.Type.strct, u.Key)
	}
	for _, value := range slices.Sorted(maps.Keys(hint.Values)) {
		v, err := b.unionMember(u, hint.Values[value])
		if err != nil {
			return errAt(at, "union value %q: %w", value, err)
		}
		if !slices.Contains(v.Tags, value) {
			v.Tags = append(v.Tags, value)
		}
	}
	u.KeyInt = u.Key != "" && isIntKey(u.Variants, u.Key)
	for _, v := range u.Variants {
		if len(tagsOf(v.Type.strct, u.Key)) > 0 && !tagged(v, u.Variants, u.Key) {
			return errAt(at, "the constants of %q are strings in some variants and integers in others"+remedy, u.Key)
		}
	}
	u.Tagged = u.Key != "" && len(u.ByKind) == 0 && !slices.Contains(append([]string{"Tag", "Raw"}, generated...), goName(u.Key)) &&
		!slices.ContainsFunc(u.Variants, func(v *Variant) bool { return len(v.Tags) != 1 || !canName(v.Type.strct, u.Key) })

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
		if len(tags) == 0 && v != u.Default && v != u.Rest {
			return errAt(at, "variant %s has no constant %q; an overlay can say the union's values, or give the place the type \"Raw\"", v.Type.Name, u.Key)
		}
	}
	for _, tag := range order {
		// A single object beside other kinds of JSON is told by its kind.
		known := u.Key != "" || len(u.Variants) == 1 && len(u.ByKind) > 0 && len(memberPaths(u.Variants[0].Type.strct, true)) == 0
		c, err := separate(groups[tag], known)
		if err != nil {
			return errAt(at, "%w", err)
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

// canName reports whether a struct has a constant for the key, and its Go name
// free for a method.
func canName(s *Struct, key string) bool {
	f := fieldOf(s, key)
	return f != nil && f.Type.Kind == ConstString &&
		!slices.ContainsFunc(s.Fields, func(other *Field) bool { return !isConst(other.Type) && other.Name == goName(key) })
}

// unionMember finds the variant a definition is.
func (b *builder) unionMember(u *Union, definition string) (*Variant, error) {
	if _, ok := b.defs[definition]; !ok {
		return nil, fmt.Errorf("no definition %q", definition)
	}
	t, err := b.definition(definition)
	if err != nil {
		return nil, err
	}
	for _, v := range u.Variants {
		if v.Type.strct == t.strct {
			return v, nil
		}
	}
	return nil, fmt.Errorf("%q is no variant", definition)
}

// keyOfAllButOne finds a member that is constant in every variant but one, and
// unknown to that one.
func keyOfAllButOne(variants []*Variant) string {
	for _, of := range variants {
		for _, f := range of.Type.strct.Fields {
			told := 0
			for _, v := range variants {
				if tagged(v, variants, f.Wire) {
					told++
				}
			}
			if told == len(variants)-1 && withoutMember(variants, f.Wire) != nil {
				return f.Wire
			}
		}
	}
	return ""
}

// openKey finds a member that is constant in every variant but one, which requires it with whatever value.
func openKey(variants []*Variant) (string, *Variant) {
	for _, f := range variants[0].Type.strct.Fields {
		want := String
		if isIntKey(variants, f.Wire) {
			want = Int
		}
		var rest *Variant
		fits := true
		for _, v := range variants {
			if tagged(v, variants, f.Wire) {
				continue
			}
			own := fieldOf(v.Type.strct, f.Wire)
			fits = fits && rest == nil && own != nil && own.Required && own.Type.Kind == want
			rest = v
		}
		if fits && rest != nil && len(variants) > 1 {
			return f.Wire, rest
		}
	}
	return "", nil
}

// withoutMember is the only variant that does not know a member: what is meant
// where the member is absent.
func withoutMember(variants []*Variant, key string) *Variant {
	var found *Variant
	for _, v := range variants {
		if fieldOf(v.Type.strct, key) == nil {
			if found != nil {
				return nil
			}
			found = v
		}
	}
	return found
}

// isIntKey reports whether what tells the variants apart is an integer.
func isIntKey(variants []*Variant, key string) bool {
	return slices.ContainsFunc(variants, func(v *Variant) bool {
		f := fieldOf(v.Type.strct, key)
		return f != nil && f.Type.Kind == ConstInt
	})
}

// tagged reports whether a variant has constant values for a key, of the kind that
// those of the others are.
func tagged(v *Variant, variants []*Variant, key string) bool {
	return len(tagsOf(v.Type.strct, key)) > 0 && isIntKey(variants, key) == isIntKey([]*Variant{v}, key)
}

// commonKey finds a member for which every variant has constant values, if
// there is one not the same in all.
func commonKey(variants []*Variant) string {
	first := variants[0].Type.strct
	same := ""
	for _, f := range first.Fields {
		known, differ := true, false
		for _, v := range variants {
			tags := tagsOf(v.Type.strct, f.Wire)
			known = known && tagged(v, variants, f.Wire)
			differ = differ || !slices.Equal(tags, tagsOf(first, f.Wire))
		}
		if known && differ {
			return f.Wire
		}
		if known && same == "" {
			same = f.Wire
		}
	}
	return same
}

// tagsOf returns the values a member of a struct can have, if they are few and fixed.
func tagsOf(s *Struct, key string) []string {
	f := fieldOf(s, key)
	switch {
	case f == nil:
		return nil
	case f.Type.Kind == ConstString, f.Type.Kind == ConstInt, f.Type.Kind == String && f.Type.Const != "":
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

// separate tells variants of one tag apart by a further constant, by a member that only one requires,
// or, where one variant is another with more optional members, by one of those.
// If the tag is known the last one left is what remains.
func separate(variants []*Variant, tagged bool) (*Case, error) {
	c := &Case{}
	if key := secondKey(variants); key != "" {
		for _, v := range variants {
			c.Tests = append(c.Tests, &Test{Key: key, Value: tagsOf(v.Type.strct, key)[0], Variant: v})
		}
		return c, nil
	}
	left := slices.Clone(variants)
	for len(left) > 0 {
		if tagged && len(left) == 1 {
			c.Else = left[0]
			return c, nil
		}
		i, has := pick(left)
		if i < 0 {
			var names []string
			for _, v := range variants {
				names = append(names, v.Type.Name)
			}
			return nil, fmt.Errorf("nothing tells %s apart; an overlay can name the union's key, or give the place the type \"Raw\"", strings.Join(names, ", "))
		}
		c.Tests = append(c.Tests, &Test{Has: has, Variant: left[i]})
		left = slices.Delete(left, i, i+1)
	}
	return c, nil
}

// secondKey finds a constant string that tells variants of one tag apart.
func secondKey(variants []*Variant) string {
	key := commonKey(variants)
	seen := map[string]bool{}
	for _, v := range variants {
		f := fieldOf(v.Type.strct, key)
		if len(variants) < 2 || f == nil || f.Type.Kind != ConstString || seen[f.Type.Const] {
			return ""
		}
		seen[f.Type.Const] = true
	}
	return key
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
