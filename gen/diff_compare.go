package gen

import (
	"maps"
	"reflect"
	"slices"
)

// definitions pairs the definitions of both sides, messages by their method,
// and compares each pair.
func (d *differ) definitions() {
	var gone, come []string
	for _, name := range slices.Sorted(maps.Keys(d.old.defs)) {
		if method, ok := d.old.method(name); ok && d.old.messages[method] == name {
			if other := d.new.messages[method]; other != "" {
				d.compare(below("", name), below("", other))
			}
			continue
		}
		if d.new.defs[name] == nil {
			gone = append(gone, name)
			continue
		}
		d.compare(below("", name), below("", name))
	}
	for _, name := range slices.Sorted(maps.Keys(d.new.defs)) {
		if method, ok := d.new.method(name); (!ok || d.new.messages[method] != name) && d.old.defs[name] == nil {
			come = append(come, name)
		}
	}
	for _, name := range gone {
		i := slices.IndexFunc(come, func(other string) bool { return d.renamed(name, other) })
		if i < 0 {
			d.report(&Change{Kind: DefinitionRemoved, oldAt: below("", name)})
			continue
		}
		d.report(&Change{Kind: DefinitionRenamed, oldAt: below("", name), newAt: below("", come[i]), From: name, To: come[i]})
		come = slices.Delete(come, i, i+1)
	}
	for _, name := range come {
		d.report(&Change{Kind: DefinitionAdded, newAt: below("", name)})
	}
}

// renamed reports whether two definitions are the same but for their name. What
// says too little to be recognized is not.
func (d *differ) renamed(old, new string) bool {
	telling := false
	for _, a := range d.old.shape(below("", old)).alternatives {
		telling = telling || len(a.members) > 0 || len(a.values) > 1
	}
	return telling && len(d.aside(below("", old), below("", new))) == 0
}

// aside compares two places without reporting.
func (d *differ) aside(oldAt, newAt string) []*Change {
	inner := &differ{old: d.old, new: d.new, busy: maps.Clone(d.busy)}
	inner.compareShapes(oldAt, newAt)
	return inner.found
}

// compare compares what stands at two places. What both refer to by the same
// name is compared where it is defined.
func (d *differ) compare(oldAt, newAt string) {
	oldRef, newRef := d.old.target(oldAt), d.new.target(newAt)
	switch {
	case oldRef != "" && oldRef == newRef:
		return
	case oldRef != "" && newRef != "":
		c := &Change{Kind: ReferenceRenamed, oldAt: oldAt, newAt: newAt, From: oldRef, To: newRef}
		if inner := d.aside(oldAt, newAt); len(inner) > 0 {
			c.Kind = Retyped
			for _, change := range inner {
				c.Breaks |= change.Breaks
			}
		}
		d.report(c)
		return
	}
	d.compareShapes(oldAt, newAt)
}

func (d *differ) compareShapes(oldAt, newAt string) {
	pair := oldAt + " " + newAt
	if d.busy[pair] {
		return
	}
	if d.busy == nil {
		d.busy = map[string]bool{}
	}
	d.busy[pair] = true
	defer delete(d.busy, pair)

	a, b := d.old.shape(oldAt), d.new.shape(newAt)
	if a.null != b.null {
		c := &Change{Kind: NullAllowed, Breaks: BreaksReaders, oldAt: oldAt, newAt: newAt}
		if a.null {
			c.Kind, c.Breaks = NullRefused, BreaksWriters
		}
		d.report(c)
	}
	d.defaults(oldAt, newAt, a.defaulted, b.defaulted)
	d.alternatives(oldAt, newAt, a, b)
}

// defaults compares what an absent member means.
func (d *differ) defaults(oldAt, newAt string, old, new any) {
	c := &Change{Kind: DefaultChanged, Breaks: BreaksBoth, oldAt: oldAt, newAt: newAt}
	switch {
	case reflect.DeepEqual(old, new):
		return
	case old == nil:
		c.Kind, c.Breaks = DefaultAdded, BreaksNone
	case new == nil:
		c.Kind, c.Breaks = DefaultDropped, BreaksNone
	}
	if old != nil {
		c.From = jsonText(old)
	}
	if new != nil {
		c.To = jsonText(new)
	}
	d.report(c)
}

// alternatives pairs what each side allows and compares the pairs.
func (d *differ) alternatives(oldAt, newAt string, a, b *shape) {
	gone, come := slices.Clone(a.alternatives), slices.Clone(b.alternatives)
	var pairs [][2]*alternative
	pair := func(same func(x, y *alternative) bool) {
		for _, x := range slices.Clone(gone) {
			best, least := -1, 0
			for i, y := range come {
				if !same(x, y) {
					continue
				}
				if n := len(d.between(oldAt, newAt, x, y)); best < 0 || n < least {
					best, least = i, n
				}
			}
			if best >= 0 {
				pairs = append(pairs, [2]*alternative{x, come[best]})
				come = slices.Delete(come, best, best+1)
				gone = slices.DeleteFunc(gone, func(z *alternative) bool { return z == x })
			}
		}
	}
	pair(func(x, y *alternative) bool { return x.ref != "" && x.ref == y.ref && x.kind == y.kind })
	pair(func(x, y *alternative) bool { return x.kind == y.kind && len(d.between(oldAt, newAt, x, y)) == 0 })
	pair(func(x, y *alternative) bool { return x.kind == y.kind && harmless(d.between(oldAt, newAt, x, y)) })
	if len(gone) == 1 && len(come) == 1 && len(pairs) == 0 {
		pair(func(x, y *alternative) bool { return x.kind == y.kind })
	}
	pair(func(x, y *alternative) bool {
		return x.kind == y.kind && (x.kind != "object" || slices.Equal(d.old.tags(x), d.new.tags(y)) && len(d.old.tags(x)) > 0)
	})

	c := &Change{Kind: Retyped, Breaks: BreaksBoth, oldAt: oldAt, newAt: newAt, From: a.text(d.old), To: b.text(d.new)}
	if c.From == c.To { // a definition that became another kind of thing
		c.From, c.To = a.unnamed().text(d.old), b.unnamed().text(d.new)
	}
	one := func(list []*alternative, kind string) bool { return len(list) == 1 && list[0].kind == kind }
	switch {
	case one(gone, "integer") && one(come, "number"), one(come, "any"):
		c.Breaks = BreaksReaders
		d.report(c)
		return
	case one(gone, "number") && one(come, "integer"), one(gone, "any"):
		c.Breaks = BreaksWriters
		d.report(c)
		return
	case len(pairs) == 0 && len(gone)+len(come) > 0:
		d.report(c)
		return
	}
	for _, p := range pairs {
		for _, change := range d.between(oldAt, newAt, p[0], p[1]) {
			d.report(change)
		}
	}
	plain := func(x *alternative) bool { return x.ref == "" && x.kind != "object" && x.kind != "array" }
	if len(gone)+len(come) > 0 && !slices.ContainsFunc(append(slices.Clone(gone), come...), func(x *alternative) bool { return !plain(x) }) {
		c.Breaks = BreaksNone
		if len(come) > 0 {
			c.Breaks |= BreaksReaders
		}
		if len(gone) > 0 {
			c.Breaks |= BreaksWriters
		}
		d.report(c)
		return
	}
	for _, x := range gone {
		if m, ok := d.old.method(x.ref); !ok || d.new.messages[m] != "" {
			d.report(&Change{Kind: VariantRemoved, Breaks: BreaksWriters, oldAt: oldAt, newAt: newAt, From: x.text(d.old)})
		}
	}
	for _, y := range come {
		if m, ok := d.new.method(y.ref); !ok || d.old.messages[m] != "" {
			d.report(&Change{Kind: VariantAdded, Breaks: BreaksReaders, oldAt: oldAt, newAt: newAt, To: y.text(d.new)})
		}
	}
}

// harmless reports whether no change breaks anybody.
func harmless(changes []*Change) bool {
	return !slices.ContainsFunc(changes, func(c *Change) bool { return c.Breaks != BreaksNone })
}

// tags are the constant members of an object.
func (s *side) tags(a *alternative) []string {
	var tags []string
	for _, name := range slices.Sorted(maps.Keys(a.members)) {
		if c, ok := s.schema(a.members[name])["const"]; ok {
			tags = append(tags, name+"="+jsonText(c))
		}
	}
	return tags
}

// between returns the changes from one alternative to another of the same kind.
// Two definitions of the same name are compared where they are defined.
func (d *differ) between(oldAt, newAt string, a, b *alternative) []*Change {
	if a.ref != "" && a.ref == b.ref && (below("", a.ref) != oldAt || below("", b.ref) != newAt) {
		return nil
	}
	if pair := a.at + " " + b.at; pair != oldAt+" "+newAt {
		if d.busy[pair] {
			return nil
		}
		if d.busy == nil {
			d.busy = map[string]bool{}
		}
		d.busy[pair] = true
		defer delete(d.busy, pair)
	}
	inner := &differ{old: d.old, new: d.new, busy: d.busy}
	inner.values(oldAt, newAt, a, b)
	inner.constraints(oldAt, newAt, a.keywords, b.keywords)
	switch a.kind {
	case "object":
		inner.members(a, b)
		inner.rest(oldAt, newAt, a, b)
	case "array":
		inner.items(oldAt, newAt, a, b)
	}
	return inner.found
}

// members compares the members of two objects.
func (d *differ) members(a, b *alternative) {
	names := map[string]bool{}
	for _, list := range [][]string{slices.Collect(maps.Keys(a.members)), slices.Collect(maps.Keys(b.members)), a.required, b.required} {
		for _, name := range list {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if isEnvelope(a, name) || isEnvelope(b, name) {
			continue
		}
		needed, needs := slices.Contains(a.required, name), slices.Contains(b.required, name)
		oldAt, newAt := a.member(name), b.member(name)
		_, described := a.members[name]
		_, describes := b.members[name]
		had, has := described || needed, describes || needs
		c := &Change{oldAt: oldAt, newAt: newAt}
		switch {
		case !had:
			c.Kind, c.oldAt, c.To = MemberAdded, "", memberText(d.new.shape(newAt).text(d.new), needs)
			if needs {
				c.Breaks |= BreaksWriters
			}
			if !d.old.isOpen(a) {
				c.Breaks |= BreaksReaders
			}
			d.report(c)
			continue
		case !has:
			c.Kind, c.newAt, c.From = MemberRemoved, "", memberText(d.old.shape(oldAt).text(d.old), needed)
			if needed {
				c.Breaks |= BreaksReaders
			}
			if !d.new.isOpen(b) {
				c.Breaks |= BreaksWriters
			}
			d.report(c)
			continue
		case needs && !needed:
			c.Kind, c.Breaks = MemberRequired, BreaksWriters
			d.report(c)
		case needed && !needs:
			c.Kind, c.Breaks = MemberOptional, BreaksReaders
			d.report(c)
		}
		d.compare(oldAt, newAt)
	}
}

// isEnvelope reports whether a member of a message belongs to the connection,
// which adds it whether the schema spells it out or not.
func isEnvelope(a *alternative, name string) bool {
	return isDefinition(a.at) && a.members["method"] != "" && (name == "id" || name == "jsonrpc")
}

// member is the place of a member, described or not.
func (a *alternative) member(name string) string {
	if at, ok := a.members[name]; ok {
		return at
	}
	return below(a.at+"/properties", name)
}

func memberText(typ string, required bool) string {
	if required {
		return typ + ", required"
	}
	return typ + ", optional"
}

// isOpen reports whether an object may have any unknown member.
func (s *side) isOpen(a *alternative) bool {
	if schema, ok := a.rest.(map[string]any); ok && len(schema) > 0 {
		rest := s.shape(a.restAt)
		return len(rest.alternatives) == 1 && rest.alternatives[0].kind == "any"
	}
	return a.rest != false
}

// rest compares what unknown members may be.
func (d *differ) rest(oldAt, newAt string, a, b *alternative) {
	openA, openB := d.old.isOpen(a), d.new.isOpen(b)
	c := &Change{oldAt: oldAt, newAt: newAt}
	switch {
	case openA && openB, a.rest == false && b.rest == false:
		return
	case b.rest == false:
		c.Kind, c.Breaks = ObjectClosed, BreaksWriters
	case a.rest == false:
		c.Kind, c.Breaks = ObjectOpened, BreaksReaders
	case openA:
		c.Kind, c.Breaks, c.To = Retyped, BreaksWriters, "members of "+d.new.shape(b.restAt).text(d.new)
	case openB:
		c.Kind, c.Breaks, c.From = Retyped, BreaksReaders, "members of "+d.old.shape(a.restAt).text(d.old)
	default:
		d.compare(a.restAt, b.restAt)
		return
	}
	d.report(c)
}

// items compares what arrays are of.
func (d *differ) items(oldAt, newAt string, a, b *alternative) {
	c := &Change{Kind: Retyped, oldAt: oldAt, newAt: newAt}
	switch {
	case a.items == "" && b.items == "":
		return
	case a.items == "":
		c.Breaks, c.To = BreaksWriters, d.new.shape(newAt).text(d.new)
	case b.items == "":
		c.Breaks, c.From = BreaksReaders, d.old.shape(oldAt).text(d.old)
	default:
		d.compare(a.items, b.items)
		return
	}
	d.report(c)
}
