package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// A node is a TOML value that remembers where it was written. Its value is a
// string, int64, float64, bool, a date or time, []*node or *table.
type node struct {
	value any
	from  Origin
}

// A table keeps its keys in the order in which they were written.
type table struct {
	keys  []string
	nodes map[string]*node
}

func newTable() *table { return &table{nodes: map[string]*node{}} }

// get returns the value of key, or nil. It is fine on a nil table.
func (t *table) get(key string) *node {
	if t == nil {
		return nil
	}
	return t.nodes[key]
}

func (t *table) set(key string, n *node) {
	if _, ok := t.nodes[key]; !ok {
		t.keys = append(t.keys, key)
	}
	t.nodes[key] = n
}

func (t *table) delete(key string) {
	delete(t.nodes, key)
	t.keys = slices.DeleteFunc(t.keys, func(k string) bool { return k == key })
}

// setPath sets the value at path. Missing tables are made, and what is no table
// is replaced by one.
func (t *table) setPath(path []string, n *node) {
	for _, key := range path[:len(path)-1] {
		inner, ok := (*table)(nil), false
		if at := t.get(key); at != nil {
			inner, ok = at.value.(*table)
		}
		if !ok {
			inner = newTable()
			t.set(key, &node{value: inner, from: n.from})
		}
		t = inner
	}
	t.set(path[len(path)-1], n)
}

// readFile returns the tree of config.toml in home, an empty one when there is
// no such file.
func readFile(home string) (*table, error) {
	path := filepath.Join(home, FileName)
	text, _, err := readBounded(path, maxConfigSize)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	root, err := parseFile(path, text)
	if err != nil {
		return nil, err
	}
	return root, renameAliases(root)
}

// parseFile returns the tree of a TOML text that was read from path.
func parseFile(path string, text []byte) (*table, error) {
	text = bytes.TrimPrefix(text, byteOrderMark)
	var values map[string]any
	if err := toml.Unmarshal(text, &values); err != nil {
		return nil, syntaxError(path, err)
	}
	places, err := keyPlaces(text)
	if err != nil {
		return nil, syntaxError(path, err)
	}
	lines := lineStarts(text)
	at := func(keys []string) (offset int, from Origin) {
		for ; len(keys) > 0; keys = keys[:len(keys)-1] {
			if offset, ok := places[joinKeys(keys)]; ok {
				line, _ := slices.BinarySearch(lines, offset+1)
				return offset, Origin{Layer: LayerFile, Path: path, Line: line}
			}
		}
		return 0, Origin{Layer: LayerFile, Path: path, Line: 1}
	}
	return nodeOf(values, nil, at).value.(*table), nil
}

// syntaxError names path and line of what is not TOML.
func syntaxError(path string, err error) error {
	if e, ok := errors.AsType[*toml.DecodeError](err); ok {
		row, column := e.Position()
		return fmt.Errorf("%s:%d:%d: not TOML: %s", path, row, column, strings.TrimPrefix(e.Error(), "toml: "))
	}
	return fmt.Errorf("%s: not TOML: %w", path, err)
}

// keyPlaces returns the offset of the first mention of every key and table.
func keyPlaces(text []byte) (map[string]int, error) {
	places := map[string]int{}
	doc, err := scan(text)
	if err != nil {
		return nil, err
	}
	for _, e := range doc.entries {
		for n := len(e.path); n > 0; n-- {
			key := joinKeys(e.path[:n])
			if _, ok := places[key]; !ok {
				places[key] = e.start
			}
		}
	}
	return places, nil
}

// joinKeys makes one map key of a path.
func joinKeys(path []string) string { return strings.Join(path, "\x00") }

// lineStarts returns the offsets at which lines begin.
func lineStarts(text []byte) []int {
	starts := []int{0}
	for i, c := range text {
		if c == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// nodeOf turns what the TOML library made into a tree. at gives place and
// origin of a path; keys are ordered by place, then by name.
func nodeOf(value any, path []string, at func(path []string) (int, Origin)) *node {
	_, from := at(path)
	switch v := value.(type) {
	case map[string]any:
		type member struct {
			key    string
			offset int
		}
		members := make([]member, 0, len(v))
		for key := range v {
			offset, _ := at(append(path[:len(path):len(path)], key))
			members = append(members, member{key, offset})
		}
		slices.SortFunc(members, func(a, b member) int {
			return cmp.Or(cmp.Compare(a.offset, b.offset), cmp.Compare(a.key, b.key))
		})
		t := newTable()
		for _, m := range members {
			t.set(m.key, nodeOf(v[m.key], append(path[:len(path):len(path)], m.key), at))
		}
		return &node{value: t, from: from}
	case []any:
		items := make([]*node, len(v))
		for i, item := range v {
			items[i] = nodeOf(item, path, at)
		}
		return &node{value: items, from: from}
	default:
		return &node{value: v, from: from}
	}
}

// renameAliases gives keys with an older name their present one, so that later
// layers replace them whichever name they use.
func renameAliases(root *table) error {
	n := root.get("tools")
	if n == nil {
		return nil
	}
	tools, ok := n.value.(*table)
	if !ok {
		return nil
	}
	alias := tools.get("web_search_request")
	if alias == nil {
		return nil
	}
	if present := tools.get("web_search"); present != nil && present.from.Layer == alias.from.Layer {
		return &ValueError{
			Origin: alias.from, Key: "tools.web_search_request",
			Problem: fmt.Sprintf("an older name of web_search, which is set as well (%s)", present.from),
		}
	}
	tools.delete("web_search_request")
	tools.set("web_search", alias)
	return nil
}
