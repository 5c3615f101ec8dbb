package config

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// errLayout reports a text whose layout an edit cannot deal with.
var errLayout = errors.New("the layout of the file does not allow this change; edit it by hand")

// byteOrderMark is what some editors begin a file with.
var byteOrderMark = []byte("\ufeff")

// A change sets the value at a path or, when value is nil, removes what is there.
type change struct {
	path  []string
	value any // string, int64, []string or nil
}

// edit makes the changes, one after the other, and leaves every other byte as
// it is but for blank lines around what is added or removed. What it returns
// was parsed again and holds exactly what was meant.
func edit(text []byte, changes []change) ([]byte, error) {
	if rest, ok := bytes.CutPrefix(text, byteOrderMark); ok {
		edited, err := edit(rest, changes)
		return slices.Concat(byteOrderMark, edited), err
	}
	var want map[string]any
	if err := toml.Unmarshal(text, &want); err != nil {
		return nil, err
	}
	if want == nil {
		want = map[string]any{}
	}
	for _, c := range changes {
		doc, err := scan(text)
		if err != nil {
			return nil, err
		}
		if c.value == nil {
			text = doc.remove(c.path)
			deletePath(want, c.path)
			continue
		}
		literal, err := quoteValue(c.value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", strings.Join(c.path, "."), err)
		}
		text = doc.set(c.path, literal)
		if err := assignPath(want, c.path, c.value); err != nil {
			return nil, err
		}
	}
	var got map[string]any
	if err := toml.Unmarshal(text, &got); err != nil {
		return nil, errors.Join(errLayout, err)
	}
	for _, c := range changes {
		if c.value == nil {
			prune(want, got, c.path)
		}
	}
	if !sameValues(want, got) {
		return nil, errLayout
	}
	return text, nil
}

// set returns the text with the value of path set.
func (doc *document) set(path []string, literal string) []byte {
	for _, e := range doc.entries {
		if e.kind == keyValue && slices.Equal(e.path, path) {
			return doc.splice(e.value, e.end, literal)
		}
	}
	parent, key := path[:len(path)-1], path[len(path)-1]
	if place, ok := doc.inlineParent(parent); ok {
		return doc.insertInline(place, quoteKey(path[len(doc.entries[place].path):])+" = "+literal)
	}
	if len(parent) == 0 {
		return doc.insertTop(quoteKey([]string{key}) + " = " + literal)
	}
	if i := slices.IndexFunc(doc.entries, func(e entry) bool { return e.kind == header && slices.Equal(e.path, parent) }); i >= 0 {
		return doc.insertLine(doc.sectionEnd(i), quoteKey([]string{key})+" = "+literal)
	}
	if i := doc.lastDotted(parent); i >= 0 {
		e := doc.entries[i]
		return doc.insertLine(e.end, quoteKey(path[len(e.table):])+" = "+literal)
	}
	return doc.appendSection(parent, quoteKey([]string{key})+" = "+literal)
}

// inlineParent returns the entry of the innermost inline table that is at path
// or above it.
func (doc *document) inlineParent(path []string) (place int, ok bool) {
	for i, e := range doc.entries {
		if e.braces && isPrefix(e.path, path) && (!ok || len(e.path) > len(doc.entries[place].path)) {
			place, ok = i, true
		}
	}
	return place, ok
}

// insertInline adds a key-value at the end of an inline table.
func (doc *document) insertInline(place int, line string) []byte {
	around := doc.entries[place]
	last := -1
	for i := place + 1; i < len(doc.entries) && doc.entries[i].inline; i++ {
		if slices.Equal(doc.entries[i].table, around.path) {
			last = i
		}
	}
	if last < 0 {
		return doc.splice(around.value, around.end, "{ "+line+" }")
	}
	at := doc.entries[last].end
	return doc.splice(at, at, ", "+line)
}

// insertTop adds a line to the keys before the first header.
func (doc *document) insertTop(line string) []byte {
	last := -1
	for _, e := range doc.entries {
		if e.kind != keyValue {
			break
		}
		if !e.inline {
			last = e.end
		}
	}
	if last >= 0 {
		return doc.insertLine(last, line)
	}
	return doc.splice(0, 0, line+doc.newline())
}

// lastDotted returns the last key-value that defines the table path by a dotted
// key, or -1.
func (doc *document) lastDotted(path []string) int {
	for i, e := range slices.Backward(doc.entries) {
		if e.kind == keyValue && !e.inline && isPrefix(path, e.path) && len(e.path) > len(path) && len(e.table) < len(path) {
			return i
		}
	}
	return -1
}

// appendSection adds a section with one line behind the last section that has
// the same first key, else at the end of the text.
func (doc *document) appendSection(path []string, line string) []byte {
	newline := doc.newline()
	section := "[" + quoteKey(path) + "]" + newline + line
	for i, e := range slices.Backward(doc.entries) {
		if e.kind != keyValue && e.path[0] == path[0] {
			return doc.insertLine(doc.sectionTail(i), newline+section)
		}
	}
	text := bytes.TrimRight(doc.text, " \t\r\n")
	if len(text) == 0 {
		return []byte(section + newline)
	}
	return slices.Concat(text, []byte(newline+newline+section+newline))
}

// sectionEnd returns where the last entry of the section of a header ends.
func (doc *document) sectionEnd(head int) int {
	end := doc.entries[head].end
	for _, e := range doc.entries[head+1:] {
		if e.kind != keyValue {
			break
		}
		if !e.inline {
			end = e.end
		}
	}
	return end
}

// sectionTail returns sectionEnd, or the end of the comment right below that
// belongs to the section because a blank line or nothing follows.
func (doc *document) sectionTail(head int) int {
	end := doc.sectionEnd(head)
	for at := doc.lineEnd(end); ; {
		next := doc.lineEnd(at)
		line := bytes.TrimSpace(doc.text[at:next])
		if len(line) == 0 {
			return max(end, at-1)
		}
		if line[0] != '#' {
			return end
		}
		at = next
	}
}

// remove returns the text without what is at path and below.
func (doc *document) remove(path []string) []byte {
	type span struct{ start, end int }
	var spans []span
	for i := 0; i < len(doc.entries); i++ {
		e := doc.entries[i]
		switch {
		case !isPrefix(path, e.path):
		case e.kind != keyValue:
			start, end := doc.lineStart(e.start), doc.lineEnd(doc.sectionEnd(i))
			spans = append(spans, span{start, doc.closeGap(start, end)})
			for i+1 < len(doc.entries) && doc.entries[i+1].kind == keyValue {
				i++
			}
		case e.inline:
			start, end := doc.inlineSpan(i)
			spans = append(spans, span{start, end})
			i += doc.within(i)
		default:
			spans = append(spans, span{doc.lineStart(e.start), doc.lineEnd(e.end)})
			i += doc.within(i)
		}
	}
	text := slices.Clone(doc.text)
	for _, s := range slices.Backward(spans) {
		text = slices.Delete(text, s.start, s.end)
	}
	if n := len(spans); n > 0 && spans[n-1].end == len(doc.text) {
		text = bytes.TrimRight(text, "\r\n")
		if len(text) > 0 {
			text = append(text, doc.newline()...)
		}
	}
	return text
}

// within returns how many entries are inside the inline table of an entry.
func (doc *document) within(i int) int {
	n := 0
	for _, e := range doc.entries[i+1:] {
		if !e.inline || e.start >= doc.entries[i].end {
			break
		}
		n++
	}
	return n
}

// inlineSpan returns the bytes of a key-value of an inline table together with
// the comma that goes with it.
func (doc *document) inlineSpan(i int) (start, end int) {
	e := doc.entries[i]
	for _, next := range doc.entries[i+1:] {
		if next.inline && slices.Equal(next.table, e.table) {
			return e.start, next.start
		}
	}
	for _, previous := range slices.Backward(doc.entries[:i]) {
		if previous.inline && slices.Equal(previous.table, e.table) {
			return previous.end, e.end
		}
	}
	return e.start, e.end
}

// closeGap returns end, or the end of the blank lines behind it when there is
// a blank line, or nothing, before start as well.
func (doc *document) closeGap(start, end int) int {
	before := doc.text[:start]
	if len(before) > 0 && !bytes.HasSuffix(before, []byte("\n\n")) && !bytes.HasSuffix(before, []byte("\n\r\n")) {
		return end
	}
	for end < len(doc.text) {
		next := doc.lineEnd(end)
		if len(bytes.TrimSpace(doc.text[end:next])) > 0 {
			break
		}
		end = next
	}
	return end
}

// insertLine adds a line behind the line that has the byte before at.
func (doc *document) insertLine(at int, line string) []byte {
	at = doc.lineEnd(at)
	newline := doc.newline()
	if at > 0 && doc.text[at-1] != '\n' {
		line = newline + line
	}
	return doc.splice(at, at, line+newline)
}

func (doc *document) lineStart(at int) int {
	return bytes.LastIndexByte(doc.text[:at], '\n') + 1
}

// lineEnd returns where the line of at ends, its newline included.
func (doc *document) lineEnd(at int) int {
	if i := bytes.IndexByte(doc.text[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(doc.text)
}

func (doc *document) splice(start, end int, with string) []byte {
	return slices.Concat(doc.text[:start], []byte(with), doc.text[end:])
}

// newline returns how the text ends its lines.
func (doc *document) newline() string {
	if bytes.Contains(doc.text, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}

func isPrefix(prefix, path []string) bool {
	return len(prefix) <= len(path) && slices.Equal(prefix, path[:len(prefix)])
}
