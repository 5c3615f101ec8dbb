package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A setting is a value that a layer may have set, and which.
type setting[T any] struct {
	value T
	set   bool
	from  Origin
}

// A decoder reads settings from a tree and collects what is wrong with them.
type decoder struct{ errs []error }

func (d *decoder) fail(n *node, key, format string, args ...any) {
	d.errs = append(d.errs, &ValueError{Origin: n.from, Key: key, Problem: fmt.Sprintf(format, args...)})
}

func (d *decoder) err() error { return errors.Join(d.errs...) }

// A section is a table together with its dotted name.
type section struct {
	name string
	*table
}

func (s section) key(key string) string {
	if s.name == "" {
		return key
	}
	return s.name + "." + key
}

// section returns the table at key, an empty one if there is none.
func (d *decoder) section(s section, key string) (inner section, n *node) {
	inner = section{name: s.key(key)}
	if n = s.get(key); n == nil {
		return inner, nil
	}
	t, ok := n.value.(*table)
	if !ok {
		d.fail(n, inner.name, "expected a table, found %s", kindOf(n))
		return inner, nil
	}
	inner.table = t
	return inner, n
}

// sections returns the tables within the table at key, in their order.
func (d *decoder) sections(s section, key string) []namedSection {
	outer, n := d.section(s, key)
	if n == nil {
		return nil
	}
	var all []namedSection
	for _, name := range outer.keys {
		if inner, n := d.section(outer, name); n != nil {
			all = append(all, namedSection{name, n, inner})
		}
	}
	return all
}

type namedSection struct {
	id string
	*node
	section
}

// read returns the setting at key as the type that as makes of it.
func read[T any](d *decoder, s section, key string, as func(*node) (T, string)) setting[T] {
	n := s.get(key)
	if n == nil {
		return setting[T]{}
	}
	value, expected := as(n)
	switch expected {
	case "":
		return setting[T]{value: value, set: true, from: n.from}
	case expectedMap:
		d.failMap(n, s.key(key))
	default:
		d.fail(n, s.key(key), "expected %s, found %s", expected, describe(n))
	}
	return setting[T]{}
}

// failMap says what keeps a value from being a table of strings. It shows none
// of them.
func (d *decoder) failMap(n *node, key string) {
	t, ok := n.value.(*table)
	if !ok {
		d.fail(n, key, "expected %s, found %s", expectedMap, kindOf(n))
		return
	}
	for _, name := range t.keys {
		if inner := t.nodes[name]; inner != nil {
			if _, ok := inner.value.(string); !ok {
				d.fail(inner, key+"."+quoteKey([]string{name}), "expected a string, found %s", kindOf(inner))
			}
		}
	}
}

// need is like read for a key that must be there once its table is.
func need[T any](d *decoder, s namedSection, key string, as func(*node) (T, string)) setting[T] {
	if s.get(key) == nil {
		d.fail(s.node, s.key(key), "missing")
	}
	return read(d, s.section, key, as)
}

// The functions below return the value of a node, or else what was expected.

func asString(n *node) (string, string) {
	s, ok := n.value.(string)
	return s, unless(ok, "a string")
}

func asBool(n *node) (bool, string) {
	b, ok := n.value.(bool)
	return b, unless(ok, "true or false")
}

func asInt(n *node) (int64, string) {
	i, ok := n.value.(int64)
	return i, unless(ok, "a whole number")
}

func asCount(n *node) (int64, string) {
	i, ok := n.value.(int64)
	return i, unless(ok && i >= 0, "a whole number from 0")
}

// asSeconds is a time that somebody waits for, a day at most.
func asSeconds(n *node) (int64, string) {
	i, ok := n.value.(int64)
	return i, unless(ok && i >= 1 && i <= 86400, "a number of seconds from 1 to 86400")
}

func asStrings(n *node) ([]string, string) {
	items, ok := n.value.([]*node)
	texts := make([]string, len(items))
	for i, item := range items {
		text, isText := item.value.(string)
		texts[i], ok = text, ok && isText
	}
	return texts, unless(ok, "a list of strings")
}

const expectedMap = "a table of strings"

func asStringMap(n *node) (map[string]string, string) {
	t, ok := n.value.(*table)
	if !ok {
		return nil, expectedMap
	}
	texts := make(map[string]string, len(t.keys))
	for _, key := range t.keys {
		text, isText := t.nodes[key].value.(string)
		texts[key], ok = text, ok && isText
	}
	return texts, unless(ok, expectedMap)
}

// oneOf returns a function for strings with few values.
func oneOf[T ~string](values ...T) func(*node) (T, string) {
	return func(n *node) (T, string) {
		text, ok := n.value.(string)
		if ok && slices.Contains(values, T(text)) {
			return T(text), ""
		}
		quoted := make([]string, len(values))
		for i, value := range values {
			quoted[i] = fmt.Sprintf("%q", string(value))
		}
		return "", "one of " + strings.Join(quoted, ", ")
	}
}

func unless(ok bool, expected string) string {
	if ok {
		return ""
	}
	return expected
}

// describe names what a node has.
func describe(n *node) string {
	switch v := n.value.(type) {
	case string:
		if len(v) <= 60 {
			return fmt.Sprintf("%q", v)
		}
	case bool, int64, float64:
		return fmt.Sprint(v)
	}
	return kindOf(n)
}

// kindOf names what a node has without showing it: what stands where a table
// belongs may be secret.
func kindOf(n *node) string {
	switch n.value.(type) {
	case string:
		return "a string"
	case bool, int64, float64:
		return "a number or boolean"
	case *table:
		return "a table"
	case []*node:
		return "a list"
	default:
		return "a date or time"
	}
}
