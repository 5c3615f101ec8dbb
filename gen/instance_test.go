package gen

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// An inventor makes random JSON for schemas. Tame, it makes what the schema
// allows, with unknown members where objects are open. Wild, it also puts null
// where a member is optional, unknown values into enumerations and unknown
// variants into unions: what a peer of another revision may send.
type inventor struct {
	rng   *rand.Rand
	wild  bool
	roots map[string]map[string]any // by what a $ref calls them, "" being the own
	// unions are the places where an unknown variant can be kept, keys the
	// members by which their variants may be told apart.
	unions map[string]bool
	keys   []string
	// full puts in every optional member, bare none.
	full, bare bool
}

func (g *inventor) chance(percent int) bool { return g.rng.IntN(100) < percent }

func (g *inventor) pick(list []any) any { return list[g.rng.IntN(len(list))] }

// resolve follows a reference.
func (g *inventor) resolve(ref string) (string, any) {
	root, path, _ := strings.Cut(ref, "#/$defs")
	at, value := "", any(g.roots[root])
	value = value.(map[string]any)["$defs"]
	for _, part := range strings.Split(path[1:], "/") {
		name := strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		switch v := value.(type) {
		case map[string]any:
			value = v[name]
		case []any:
			i, _ := strconv.Atoi(name)
			value = v[i]
		}
		at = below(at, name)
	}
	if root != "" {
		at = root + at
	}
	return at, value
}

// invent makes a value for the schema at a path.
func (g *inventor) invent(at string, schema any, depth int) *node {
	s, ok := schema.(map[string]any)
	if !ok || saysNothing(bareOf(s)) {
		return g.anything(depth)
	}
	if ref, ok := s["$ref"].(string); ok {
		if root, _, _ := strings.Cut(at, "/"); ref[0] == '#' {
			ref = root + ref // within another package's schema
		}
		at, target := g.resolve(ref)
		return g.invent(at, target, depth)
	}
	if value, ok := s["const"]; ok {
		return literal(value)
	}
	if values, ok := s["enum"].([]any); ok {
		if s["type"] == "string" && g.wild && g.chance(30) {
			return &node{kind: '"', text: "x-" + g.word()}
		}
		return literal(g.pick(values))
	}
	for _, key := range []string{"anyOf", "oneOf"} {
		if list, ok := s[key].([]any); ok {
			if g.wild && g.unions[at] && g.chance(25) {
				return g.stranger()
			}
			i := g.rng.IntN(len(list))
			v := g.invent(fmt.Sprintf("%s/%s/%d", at, key, i), list[i], depth)
			return g.merge(v, g.object(at, s, depth))
		}
	}
	if list, ok := s["allOf"].([]any); ok {
		whole := &node{kind: '{', members: map[string]*node{}}
		for i, part := range list {
			whole = g.merge(whole, g.invent(fmt.Sprintf("%s/allOf/%d", at, i), part, depth))
		}
		return g.merge(whole, g.object(at, s, depth))
	}
	kind, _ := s["type"].(string)
	if list, ok := s["type"].([]any); ok {
		kind, _ = g.pick(list).(string)
	}
	switch kind {
	case "string":
		return g.text(s)
	case "integer":
		return g.number(s, []any{"0", "1", "-1", "42", "9007199254740993", "-9223372036854775808", "9223372036854775807", "-0", "1.0", "1e2"})
	case "number":
		return g.number(s, []any{"0", "1", "0.5", "-0", "-1.5", "9007199254740993", "1e-7", "0.1", "1.0", "1E+2", "123456789.123456789123456789", "1e300"})
	case "boolean":
		return literal(g.chance(50))
	case "null":
		return &node{kind: 'n'}
	case "array":
		list := &node{kind: '['}
		least := atoi(s["minItems"])
		for range least + g.rng.IntN(3) {
			if depth > 6 && len(list.items) >= least {
				break
			}
			list.items = append(list.items, g.invent(below(at, "items"), s["items"], depth+1))
		}
		return list
	}
	return g.object(at, s, depth)
}

// object makes the members that a schema describes, and some it does not.
func (g *inventor) object(at string, s map[string]any, depth int) *node {
	n := &node{kind: '{', members: map[string]*node{}}
	properties, _ := s["properties"].(map[string]any)
	required, _ := stringList(s["required"])
	for _, name := range sortedKeys(properties) {
		must := slices.Contains(required, name)
		switch {
		case !must && (g.bare || !g.full && g.chance(45+8*depth) || depth > 7):
			continue
		case !must && g.wild && g.chance(15):
			n.set(name, &node{kind: 'n'})
		default:
			n.set(name, g.invent(below(below(at, "properties"), name), properties[name], depth+1))
		}
	}
	for _, name := range required {
		if n.members[name] == nil {
			n.set(name, g.anything(depth))
		}
	}
	more, restricted := s["additionalProperties"]
	open := !restricted || more == true || saysNothing(more)
	for i := range g.rng.IntN(3) {
		switch {
		case g.bare:
		case open && g.chance(60):
			n.set("x-"+g.word()+strconv.Itoa(i), g.anything(depth+1))
		case !open && more != false && depth < 7:
			n.set(g.word()+strconv.Itoa(i), g.invent(below(at, "additionalProperties"), more, depth+1))
		}
	}
	g.rng.Shuffle(len(n.names), func(i, j int) { n.names[i], n.names[j] = n.names[j], n.names[i] })
	return n
}

// stranger is a variant nobody knows.
func (g *inventor) stranger() *node {
	n := &node{kind: '{', members: map[string]*node{}}
	for _, key := range g.keys {
		n.set(key, &node{kind: '"', text: "x-" + g.word()})
	}
	n.set("x-strange", g.anything(3))
	return n
}

// anything is JSON of any kind, with what breaks careless codecs.
func (g *inventor) anything(depth int) *node {
	switch n := g.rng.IntN(12); {
	case n < 3 && depth < 6:
		o := &node{kind: '{', members: map[string]*node{}}
		for i := range g.rng.IntN(4) {
			o.set(g.word()+strconv.Itoa(i), g.anything(depth+1))
		}
		return o
	case n < 5 && depth < 6:
		a := &node{kind: '['}
		for range g.rng.IntN(4) {
			a.items = append(a.items, g.anything(depth+1))
		}
		return a
	case n < 8:
		return &node{kind: '0', text: g.pick([]any{"1e400", "-0", "9007199254740993", "1.0", "0.10", "1E5", "-1e-400", "123456789012345678901234567890"}).(string)}
	case n < 10:
		return &node{kind: '"', text: g.word()}
	case n < 11:
		return &node{kind: 'n'}
	}
	return literal(g.chance(50))
}

func (g *inventor) word() string {
	return g.pick([]any{"", "a", "some words", "ünï©ødé", "line\nbreak", "quote\"back\\slash", "</script>&", "\x00\x1f\x7f", "𝄞 clef", "\u2028\u2029", "ſK", strings.Repeat("long ", 20)}).(string)
}

func (g *inventor) text(s map[string]any) *node {
	word := g.word()
	for len(word) < atoi(s["minLength"]) {
		word += "x"
	}
	if s["pattern"] != nil || s["maxLength"] != nil {
		word = "abc"
	}
	return &node{kind: '"', text: word}
}

// number picks one that the bounds allow.
func (g *inventor) number(s map[string]any, from []any) *node {
	within := slices.DeleteFunc(slices.Clone(from), func(item any) bool {
		v, err := strconv.ParseFloat(item.(string), 64)
		least, hasLeast := s["minimum"].(json.Number)
		most, hasMost := s["maximum"].(json.Number)
		low, _ := least.Float64()
		high, _ := most.Float64()
		return err != nil || hasLeast && v < low || hasMost && v > high
	})
	if len(within) == 0 {
		return literal(s["minimum"])
	}
	return &node{kind: '0', text: g.pick(within).(string)}
}

// merge puts the members of one object over those of another.
func (g *inventor) merge(n, over *node) *node {
	if n.kind != '{' || over.kind != '{' {
		return n
	}
	for _, name := range over.names {
		n.set(name, over.members[name])
	}
	return n
}

func (n *node) set(name string, value *node) {
	if n.members[name] == nil {
		n.names = append(n.names, name)
	}
	n.members[name] = value
}

// without is the object with one member less.
func (n *node) without(name string) *node {
	c := &node{kind: '{', members: n.members}
	for _, other := range n.names {
		if other != name {
			c.names = append(c.names, other)
		}
	}
	return c
}

// with is the object with another value for a member.
func (n *node) with(name string, value *node) *node {
	c := &node{kind: '{', names: n.names, members: maps.Clone(n.members)}
	c.members[name] = value
	return c
}

// renamed is the object with a member under another name.
func (n *node) renamed(name, to string) *node {
	c := &node{kind: '{', members: map[string]*node{}}
	for _, other := range n.names {
		value := n.members[other]
		if other == name {
			other = to
		}
		c.set(other, value)
	}
	return c
}

func literal(value any) *node {
	text, err := marshalIndent(value)
	if err == nil {
		if n, err := parseNode(text); err == nil {
			return n
		}
	}
	return &node{kind: 'n'}
}

func atoi(value any) int {
	n, _ := value.(json.Number)
	i, _ := strconv.Atoi(n.String())
	return i
}

// bareOf is a schema without the keywords that make no type.
func bareOf(s map[string]any) map[string]any {
	bare := map[string]any{}
	for key, value := range s {
		if slices.Contains(structural, key) {
			bare[key] = value
		}
	}
	return bare
}

// print writes the node, some strings as they are and some escaped.
func (g *inventor) print(n *node) []byte { return g.appendNode(nil, n) }

func (g *inventor) appendNode(b []byte, n *node) []byte {
	switch n.kind {
	case '{':
		b = append(b, '{')
		for i, name := range n.names {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(g.appendString(b, name), ':')
			b = g.appendNode(b, n.members[name])
		}
		return append(b, '}')
	case '[':
		b = append(b, '[')
		for i, item := range n.items {
			if i > 0 {
				b = append(b, ',', ' ')
			}
			b = g.appendNode(b, item)
		}
		return append(b, ']')
	case '"':
		return g.appendString(b, n.text)
	case '0', 't':
		return append(b, n.text...)
	}
	return append(b, "null"...)
}

func (g *inventor) appendString(b []byte, text string) []byte {
	if g.chance(80) {
		quoted, err := json.Marshal(text)
		if err != nil {
			return b
		}
		return append(b, quoted...)
	}
	b = append(b, '"')
	for _, unit := range utf16.Encode([]rune(text)) {
		b = fmt.Appendf(b, "\\u%04x", unit)
	}
	return append(b, '"')
}
