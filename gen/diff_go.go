package gen

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// An Identifier is a Go identifier, and what became of it.
type Identifier struct {
	// Name is Type, Type.Field, a constant or a variable.
	Name string `json:"name"`
	// Change is added, removed, changed or touched: named alike as before, but
	// what it stands for on the wire changed.
	Change string `json:"change"`
	// From and To are its Go types, where they changed.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// String is the identifier and its change in short.
func (i *Identifier) String() string {
	switch i.Change {
	case "touched":
		return i.Name
	case "changed":
		return fmt.Sprintf("%s (%s to %s)", i.Name, i.From, i.To)
	}
	return i.Name + " (" + i.Change + ")"
}

// identifier compares one identifier of two packages.
func identifier(name string, old, new map[string]string) *Identifier {
	was, had := old[name]
	is, has := new[name]
	switch {
	case !had:
		return &Identifier{Name: name, Change: "added"}
	case !has:
		return &Identifier{Name: name, Change: "removed"}
	case was != is:
		return &Identifier{Name: name, Change: "changed", From: was, To: is}
	}
	return &Identifier{Name: name, Change: "touched"}
}

// identifiers lists all that differ.
func identifiers(old, new map[string]string) []*Identifier {
	all := maps.Clone(old)
	maps.Copy(all, new)
	var out []*Identifier
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if i := identifier(name, old, new); i.Change != "touched" {
			out = append(out, i)
		}
	}
	return out
}

// api is what each exported identifier of a package is.
func (p *Package) api() map[string]string {
	r := &renderer{pkg: p, imports: map[string]bool{}}
	api := map[string]string{}
	for _, a := range p.Aliases {
		api[a.Name] = "wire." + a.Target
	}
	for _, s := range p.Structs {
		api[s.Name] = "struct"
		for _, f := range s.Fields {
			if !isConst(f.Type) {
				api[s.Name+"."+f.Name] = r.fieldType(f)
			}
		}
	}
	for _, u := range p.Unions {
		api[u.Name], api["Unknown"+u.Name] = "interface", "struct"
	}
	for _, e := range p.Enums {
		api[e.Name] = "string type"
		for _, v := range e.Values {
			api[v.Name] = e.Name
		}
	}
	for _, n := range p.Named {
		api[n.Name] = r.goType(n.Under)
	}
	for _, m := range p.Methods {
		api[m.Name] = r.methodText(m)
	}
	return api
}

// methodText is the Go type of a method value.
func (r *renderer) methodText(m *Method) string {
	if m.Request {
		return fmt.Sprintf("wire.Request[%s, %s]", r.methodType(m.Params), r.methodType(m.Result))
	}
	return fmt.Sprintf("wire.Notification[%s]", r.methodType(m.Params))
}

// places lists Go identifiers by where in the schema they come from.
func (p *Package) places() map[string][]string {
	at := map[string][]string{}
	add := func(place, name string) {
		if !slices.Contains(at[place], name) {
			at[place] = append(at[place], name)
		}
	}
	for _, s := range p.Structs {
		add(s.At, s.Name)
		for _, f := range s.Fields {
			if f.At != "" && !isConst(f.Type) {
				add(f.At, s.Name+"."+f.Name)
			}
		}
	}
	for _, u := range p.Unions {
		add(u.At, u.Name)
	}
	for _, e := range p.Enums {
		add(e.At, e.Name)
		for _, v := range e.Values {
			add(e.At+"="+jsonText(v.Wire), v.Name)
		}
	}
	for _, m := range p.Methods {
		add(below("", m.def), m.Name)
	}
	return at
}

// identifiersAt finds the identifiers for a place: those made from it, else from what it
// is part of.
func (s *side) identifiersAt(at, value string) []string {
	if value != "" && len(s.at[at+"="+value]) > 0 {
		return s.at[at+"="+value]
	}
	for at != "" {
		if names := s.at[at]; len(names) > 0 {
			return names
		}
		at = at[:strings.LastIndexByte(at, '/')]
	}
	return nil
}

// attribute says what a change means for Go and who writes and reads the place.
func (d *differ) attribute(c *Change) {
	var names []string
	if c.Kind != ValueAdded {
		names = append(names, d.old.identifiersAt(c.oldAt, c.From)...)
	}
	if c.Kind != ValueRemoved {
		names = append(names, d.new.identifiersAt(c.newAt, c.To)...)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if len(d.old.api) > 0 && len(d.new.api) > 0 {
			c.Go = append(c.Go, identifier(name, d.old.api, d.new.api))
		}
	}
	for _, side := range []*side{d.new, d.old} {
		at := c.newAt
		if side == d.old {
			at = c.oldAt
		}
		def := definitionAt(at)
		if at == "" || side.pkg == nil {
			continue
		}
		for _, m := range side.methods[def] {
			if !c.isMethod() && !slices.Contains(c.Methods, m) {
				c.Methods = append(c.Methods, m)
			}
		}
		if len(c.Writers) > 0 {
			continue
		}
		c.Writers = side.writers[def]
		for _, role := range side.roles {
			if len(c.Writers) > 0 && !slices.Equal(c.Writers, []string{role}) {
				c.Readers = append(c.Readers, role)
			}
		}
	}
}

// methods compares the methods of both sides.
func (d *differ) methods() {
	for _, wire := range slices.Sorted(maps.Keys(d.old.messages)) {
		def := d.old.messages[wire]
		if d.new.messages[wire] == "" {
			d.report(&Change{Kind: MethodRemoved, Name: wire, Breaks: BreaksWriters, oldAt: below("", def), From: d.old.signature(wire)})
			continue
		}
		d.method(wire)
	}
	for _, wire := range slices.Sorted(maps.Keys(d.new.messages)) {
		if d.old.messages[wire] == "" {
			d.report(&Change{Kind: MethodAdded, Name: wire, newAt: below("", d.new.messages[wire]), To: d.new.signature(wire)})
		}
	}
}

// method compares one method that both sides have: what kind of message it is,
// whether it has params, and what answers it. What params and results consist of
// is compared where they are defined.
func (d *differ) method(wire string) {
	a, b := d.old.find(wire), d.new.find(wire)
	if a == nil || b == nil {
		return
	}
	oldAt, newAt := below("", a.def), below("", b.def)
	c := &Change{Kind: MethodRetyped, Name: wire, oldAt: oldAt, newAt: newAt, From: d.old.signature(wire), To: d.new.signature(wire)}
	switch {
	case a.Request && !b.Request:
		c.Kind, c.Breaks = MethodNoLongerAsks, BreaksBoth
	case b.Request && !a.Request:
		c.Kind, c.Breaks = MethodNowRequest, BreaksBoth
	case a.resultAt != "" && b.resultAt != "":
		if definitionAt(a.resultAt) == definitionAt(b.resultAt) && a.resultAt == b.resultAt {
			return
		}
		changes := d.aside(a.resultAt, b.resultAt)
		if len(changes) == 0 {
			return
		}
		for _, change := range changes {
			c.Breaks |= change.Breaks
		}
	default:
		return
	}
	d.report(c)
}

func (s *side) find(wire string) *Method {
	if s.pkg == nil {
		return nil
	}
	i := slices.IndexFunc(s.pkg.Methods, func(m *Method) bool { return m.Wire == wire })
	if i < 0 {
		return nil
	}
	return s.pkg.Methods[i]
}

// signature is what a method takes and gives, in the schema's names.
func (s *side) signature(wire string) string {
	m := s.find(wire)
	if m == nil {
		return ""
	}
	params := "no params"
	if m.paramsAt != "" {
		if params = s.target(m.paramsAt); params == "" {
			params = s.shape(m.paramsAt).text(s)
		}
	}
	if !m.Request {
		return params
	}
	result := s.shape(m.resultAt).text(s)
	if isDefinition(m.resultAt) {
		result = definitionAt(m.resultAt)
	}
	return params + " -> " + result
}
