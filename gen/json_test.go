package gen

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
)

// A node is a JSON value with its members in order and its numbers as text.
type node struct {
	kind    byte // one of { [ " 0 t n
	text    string
	names   []string
	members map[string]*node
	items   []*node
}

func parseNode(text []byte) (*node, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return readNode(d)
}

func readNode(d *json.Decoder) (*node, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch v := token.(type) {
	case json.Delim:
		n := &node{kind: byte(v), members: map[string]*node{}}
		for d.More() {
			if v == '{' {
				name, err := d.Token()
				if err != nil {
					return nil, err
				}
				n.names = append(n.names, name.(string))
			}
			item, err := readNode(d)
			if err != nil {
				return nil, err
			}
			if v == '{' {
				n.members[n.names[len(n.names)-1]] = item
			} else {
				n.items = append(n.items, item)
			}
		}
		_, err = d.Token()
		return n, err
	case string:
		return &node{kind: '"', text: v}, nil
	case json.Number:
		return &node{kind: '0', text: v.String()}, nil
	case bool:
		return &node{kind: 't', text: fmt.Sprint(v)}, nil
	}
	return &node{kind: 'n'}, nil
}

// equalJSON says how two JSON texts differ. Numbers are compared by exact value;
// below members whose names begin with x-, digit for digit, and there the order
// of members counts, as it does among members so named.
func equalJSON(want, got []byte) error {
	a, err := parseNode(want)
	if err != nil {
		return fmt.Errorf("%w: %s", err, want)
	}
	b, err := parseNode(got)
	if err != nil {
		return fmt.Errorf("%w: %s", err, got)
	}
	if err := equalNodes("", a, b, false); err != nil {
		return fmt.Errorf("%w\nwant %s\ngot  %s", err, want, got)
	}
	return nil
}

func equalNodes(path string, a, b *node, raw bool) error {
	switch {
	case a.kind != b.kind:
		return fmt.Errorf("%s: kinds differ", path)
	case a.kind == '0' && (a.text == b.text || !raw && sameNumber(a.text, b.text)):
		return nil
	case a.text != b.text:
		return fmt.Errorf("%s: want %s, got %s", path, a.text, b.text)
	case len(a.items) != len(b.items) || len(a.names) != len(b.names):
		return fmt.Errorf("%s: %d items and members, then %d", path, len(a.items)+len(a.names), len(b.items)+len(b.names))
	case strings.Join(unknown(a, raw), "\n") != strings.Join(unknown(b, raw), "\n"):
		return fmt.Errorf("%s: unknown members %q, then %q", path, unknown(a, raw), unknown(b, raw))
	}
	for i := range a.items {
		if err := equalNodes(fmt.Sprintf("%s[%d]", path, i), a.items[i], b.items[i], raw); err != nil {
			return err
		}
	}
	for _, name := range a.names {
		other, ok := b.members[name]
		if !ok {
			return fmt.Errorf("%s.%s: lost", path, name)
		}
		if err := equalNodes(path+"."+name, a.members[name], other, raw || strings.HasPrefix(name, "x-")); err != nil {
			return err
		}
	}
	return nil
}

// unknown are the members whose order counts.
func unknown(n *node, raw bool) []string {
	var names []string
	for _, name := range n.names {
		if raw || strings.HasPrefix(name, "x-") {
			names = append(names, name)
		}
	}
	return names
}

func sameNumber(a, b string) bool {
	x, ok := new(big.Rat).SetString(a)
	y, also := new(big.Rat).SetString(b)
	return ok && also && x.Cmp(y) == 0
}
