package config

import (
	"slices"

	"github.com/pelletier/go-toml/v2/unstable"
)

// A document is a TOML text with the places of its headers and key-values.
type document struct {
	text    []byte
	entries []entry // in the order of the text; those of inline tables follow theirs
}

// An entry is a [header], or a key-value at the top level or in an inline table.
type entry struct {
	kind       entryKind
	path       []string // from the root, the header above included
	table      []string // the path of the header above, or of the inline table around
	start, end int      // what is written: the header, or key = value
	value      int      // where the value begins; it ends at end
	inline     bool     // is within an inline table
	braces     bool     // its value is an inline table
}

type entryKind int

const (
	keyValue entryKind = iota
	header
	arrayHeader
)

// scan finds the entries of a text that is known to be TOML.
func scan(text []byte) (*document, error) {
	doc := &document{text: text}
	var p unstable.Parser
	p.Reset(text)
	var table []string
	for p.NextExpression() {
		switch e := p.Expression(); e.Kind {
		case unstable.Table, unstable.ArrayTable:
			path, first, last := keyOf(e)
			kind, brackets := header, 1
			if e.Kind == unstable.ArrayTable {
				kind, brackets = arrayHeader, 2
			}
			start := first
			for range brackets {
				start = lastIndexByte(text[:start], '[')
			}
			end := last
			for range brackets {
				end = indexByteFrom(text, end, ']') + 1
			}
			doc.entries = append(doc.entries, entry{kind: kind, path: path, start: start, end: end})
			table = path
		case unstable.KeyValue:
			doc.addKeyValue(e, table, false)
		}
	}
	return doc, p.Error()
}

// addKeyValue adds e and, when its value is an inline table, what is in there.
func (doc *document) addKeyValue(e *unstable.Node, table []string, inline bool) {
	key, _, last := keyOf(e)
	start, end := int(e.Raw.Offset), int(e.Raw.Offset+e.Raw.Length)
	value := indexByteFrom(doc.text, last, '=') + 1
	for doc.text[value] == ' ' || doc.text[value] == '\t' {
		value++
	}
	path := slices.Concat(table, key)
	braces := e.Value().Kind == unstable.InlineTable
	doc.entries = append(doc.entries, entry{
		path: path, table: table, start: start, end: end, value: value, inline: inline, braces: braces,
	})
	if !braces {
		return
	}
	for it := e.Value().Children(); it.Next(); {
		if it.Node().Kind == unstable.KeyValue {
			doc.addKeyValue(it.Node(), path, true)
		}
	}
}

// keyOf returns the parts of a dotted key, where it begins and where it ends.
func keyOf(e *unstable.Node) (path []string, first, last int) {
	first = -1
	for it := e.Key(); it.Next(); {
		n := it.Node()
		if n.Kind != unstable.Key {
			break // a comment behind the expression
		}
		path = append(path, string(n.Data))
		if first < 0 {
			first = int(n.Raw.Offset)
		}
		last = int(n.Raw.Offset + n.Raw.Length)
	}
	return path, first, last
}

func lastIndexByte(text []byte, c byte) int {
	for i := len(text) - 1; i >= 0; i-- {
		if text[i] == c {
			return i
		}
	}
	return 0
}

func indexByteFrom(text []byte, from int, c byte) int {
	for i := from; i < len(text); i++ {
		if text[i] == c {
			return i
		}
	}
	return len(text)
}
