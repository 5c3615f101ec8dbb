package gen

import (
	"encoding/json"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strings"
)

// values compares constants and enumerations.
func (d *differ) values(oldAt, newAt string, a, b *alternative) {
	add := func(kind ChangeKind, breaks Breaks, from, to string) {
		d.report(&Change{Kind: kind, Breaks: breaks, oldAt: oldAt, newAt: newAt, From: from, To: to})
	}
	openA, openB := a.open || len(a.values) == 0, b.open || len(b.values) == 0
	if a.constant && b.constant && len(a.values) > 0 && len(b.values) > 0 {
		if !slices.Equal(a.values, b.values) {
			add(ConstantChanged, BreaksBoth, a.values[0], b.values[0])
		}
		return
	}
	switch {
	case openA && !openB:
		add(ValuesClosed, BreaksWriters, "", strings.Join(b.values, " | "))
	case openB && !openA:
		add(ValuesOpened, BreaksReaders, strings.Join(a.values, " | "), "")
	}
	if len(a.values) == 0 || len(b.values) == 0 {
		return
	}
	breaks := func(b Breaks, open bool) Breaks {
		if open {
			return BreaksNone
		}
		return b
	}
	for _, v := range a.values {
		if !slices.Contains(b.values, v) {
			add(ValueRemoved, breaks(BreaksWriters, openB), v, "")
		}
	}
	for _, v := range b.values {
		if !slices.Contains(a.values, v) {
			add(ValueAdded, breaks(BreaksReaders, openA), "", v)
		}
	}
}

// constraints compares what narrows values otherwise.
func (d *differ) constraints(oldAt, newAt string, a, b map[string]any) {
	keys := slices.Sorted(maps.Keys(a))
	for key := range maps.Keys(b) {
		if _, both := a[key]; !both {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		old, had := a[key]
		now, has := b[key]
		if reflect.DeepEqual(old, now) || !had && now == false || !has && old == false {
			continue
		}
		c := &Change{Kind: ConstraintChanged, Breaks: BreaksBoth, oldAt: oldAt, newAt: newAt}
		if had {
			c.From = key + " " + jsonText(old)
		}
		if has {
			c.To = key + " " + jsonText(now)
		}
		of, isBound := boundsOf[key]
		switch {
		case isBound && (!had || has && compareNumbers(old, now) < 0 != of.upper):
			c.Kind, c.Breaks = BoundTightened, BreaksWriters
		case isBound:
			c.Kind, c.Breaks = BoundLoosened, BreaksReaders
		case !had:
			c.Kind, c.Breaks = ConstraintAdded, BreaksWriters
		case !has:
			c.Kind, c.Breaks = ConstraintDropped, BreaksReaders
		}
		d.report(c)
	}
}

// compareNumbers is negative where a is less than b.
func compareNumbers(a, b any) int {
	x, ok := new(big.Rat).SetString(numberText(a))
	y, also := new(big.Rat).SetString(numberText(b))
	if !ok || !also {
		return 0
	}
	return x.Cmp(y)
}

func numberText(v any) string {
	n, _ := v.(json.Number)
	return n.String()
}

// unnamed is a shape whose alternatives are spelled out.
func (s *shape) unnamed() *shape {
	out := &shape{at: s.at, null: s.null}
	for _, a := range s.alternatives {
		plain := *a
		plain.ref = ""
		out.alternatives = append(out.alternatives, &plain)
	}
	return out
}

// text is what a shape allows, in short.
func (s *shape) text(of *side) string {
	var parts []string
	for _, a := range s.alternatives {
		if text := a.text(of); !slices.Contains(parts, text) {
			parts = append(parts, text)
		}
	}
	if s.null {
		parts = append(parts, "null")
	}
	return strings.Join(parts, " | ")
}

func (a *alternative) text(of *side) string {
	switch {
	case a.ref != "":
		return a.ref
	case a.constant && len(a.values) == 1:
		return a.values[0]
	case a.kind == "array" && a.items != "":
		item := of.target(a.items)
		if item == "" {
			item = of.shape(a.items).text(of)
		}
		if strings.Contains(item, " ") {
			item = "(" + item + ")"
		}
		return item + "[]"
	case a.kind == "object" && len(a.members) > 0:
		return "{" + strings.Join(slices.Sorted(maps.Keys(a.members)), ", ") + "}"
	case len(a.values) > 0 && !a.open:
		return strings.Join(a.values, " | ")
	}
	return a.kind
}
