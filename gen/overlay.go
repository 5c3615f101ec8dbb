package gen

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
)

// An Overlay is one file of deliberate departures from a published schema.
// Every entry says why it is there, and an entry that changes nothing in any
// schema it applies to is an error, so that dead exceptions cannot stay.
type Overlay struct {
	// Name is the file's name, for errors.
	Name string
	// Entries are applied in order.
	Entries []*Entry
	// Docs are doc comments by Go type name.
	Docs map[string]*Doc
	// Methods are doc comments of method values by method name.
	Methods map[string]*Text
}

// An Entry changes the schema, or how it becomes Go, at every place At matches.
type Entry struct {
	// At is a path below the definitions, such as /Tool/properties/inputSchema;
	// it may begin with /$defs, as the paths in errors do. A * in a segment
	// matches any part of it.
	At string `json:"at"`
	// Why says what would be wrong without the entry.
	Why string `json:"why"`
	// Revisions limits the entry to these revisions. Empty means all.
	Revisions []string `json:"revisions,omitempty"`

	// Patch is a JSON Merge Patch (RFC 7396) for the matched schema.
	Patch json.RawMessage `json:"patch,omitempty"`
	// Omit leaves the matched definition out of the Go package.
	Omit bool `json:"omit,omitempty"`
	// Type is the Go type to use for the matched schema: Raw or Members of package wire.
	Type string `json:"type,omitempty"`
	// Name is the Go name of the type or field the matched schema becomes.
	Name string `json:"name,omitempty"`
	// Result is the definition that answers the matched request.
	Result string `json:"result,omitempty"`
	// Union says how the members of the matched union are told apart.
	Union *UnionHint `json:"union,omitempty"`

	used bool
}

// A UnionHint names what the schema does not say about a union.
type UnionHint struct {
	// Key is the member whose value tells the variants apart.
	Key string `json:"key,omitempty"`
	// Values maps a value of Key to the definition it stands for.
	Values map[string]string `json:"values,omitempty"`
	// Default is the definition meant when Key is absent or has another value.
	Default string `json:"default,omitempty"`
}

// A Doc is the documentation of a Go type and its members, by wire name.
type Doc struct {
	Doc     string            `json:"doc"`
	Spec    string            `json:"spec,omitempty"`
	Members map[string]string `json:"members,omitempty"`
	Values  map[string]string `json:"values,omitempty"`

	used        bool
	usedMembers map[string]bool
}

// A Text is one doc comment.
type Text struct {
	text string
	used bool
}

// ParseOverlay reads an overlay file. Unknown members are errors.
func ParseOverlay(name string, data []byte) (*Overlay, error) {
	var file struct {
		Why     string            `json:"why"`
		Entries []*Entry          `json:"entries"`
		Docs    map[string]*Doc   `json:"docs"`
		Methods map[string]string `json:"methods"`
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return nil, fmt.Errorf("overlay %s: %w", name, err)
	}
	o := &Overlay{Name: name, Entries: file.Entries, Docs: file.Docs, Methods: map[string]*Text{}}
	for i, e := range o.Entries {
		switch {
		case len(e.At) < 2 || e.At[0] != '/' || e.At == "/$defs":
			return nil, fmt.Errorf("overlay %s entry %d: at %q: want a path that begins with /", name, i, e.At)
		case e.Why == "":
			return nil, fmt.Errorf("overlay %s entry %d at %q: why: missing", name, i, e.At)
		case e.Patch == nil && !e.Omit && e.Type == "" && e.Name == "" && e.Result == "" && e.Union == nil:
			return nil, fmt.Errorf("overlay %s entry %d at %q: says nothing to do", name, i, e.At)
		case e.Type != "" && e.Type != "Raw" && e.Type != "Members":
			return nil, fmt.Errorf("overlay %s entry %d at %q: type %q: want Raw or Members", name, i, e.At, e.Type)
		}
	}
	for typ, doc := range o.Docs {
		if doc == nil || doc.Doc == "" {
			return nil, fmt.Errorf("overlay %s: docs.%s.doc: missing", name, typ)
		}
		doc.usedMembers = map[string]bool{}
	}
	for method, text := range file.Methods {
		o.Methods[method] = &Text{text: text}
	}
	return o, nil
}

// Unused returns an error naming every entry and doc that matched nothing in
// all the packages generated since the overlay was parsed.
func (o *Overlay) Unused() error {
	var dead []string
	for _, e := range o.Entries {
		if !e.used {
			dead = append(dead, "entry at "+e.At)
		}
	}
	for _, typ := range slices.Sorted(maps.Keys(o.Docs)) {
		doc := o.Docs[typ]
		if !doc.used {
			dead = append(dead, "docs."+typ)
			continue
		}
		for _, texts := range []map[string]string{doc.Members, doc.Values} {
			for _, member := range slices.Sorted(maps.Keys(texts)) {
				if !doc.usedMembers[member] {
					dead = append(dead, "docs."+typ+"."+member)
				}
			}
		}
	}
	for _, method := range slices.Sorted(maps.Keys(o.Methods)) {
		if !o.Methods[method].used {
			dead = append(dead, "methods."+method)
		}
	}
	if len(dead) == 0 {
		return nil
	}
	return fmt.Errorf("overlay %s: matches nothing: %s", o.Name, strings.Join(dead, ", "))
}

// applies reports whether the entry is meant for a revision.
func (e *Entry) applies(revision string) bool {
	return len(e.Revisions) == 0 || slices.Contains(e.Revisions, revision)
}

// applyOverlays patches the definitions in place, and returns what the overlays
// say about Go, by path. Entries for the revisions it is like count too, but
// need not match.
func applyOverlays(defs map[string]any, overlays []*Overlay, revision string, like []string) (map[string]*Entry, error) {
	hints := map[string]*Entry{}
	for _, o := range overlays {
		for _, e := range o.Entries {
			if !e.applies(revision) && !slices.ContainsFunc(like, e.applies) {
				continue
			}
			matched := 0
			for _, place := range match(defs, e.At) {
				if e.Patch != nil {
					changed, err := place.patch(e.Patch)
					if err != nil {
						return nil, fmt.Errorf("overlay %s at %q: %w", o.Name, e.At, err)
					}
					if !changed {
						continue
					}
				}
				matched++
				if err := addHint(hints, place.path, e); err != nil {
					return nil, fmt.Errorf("overlay %s at %q: %w", o.Name, e.At, err)
				}
			}
			if matched > 0 {
				e.used = true
			} else if slices.Contains(e.Revisions, revision) {
				return nil, fmt.Errorf("overlay %s at %q: matches nothing in %s", o.Name, e.At, revision)
			}
		}
	}
	return hints, nil
}

// addHint merges what an entry says about Go into the hints of a path.
func addHint(hints map[string]*Entry, at string, e *Entry) error {
	if !e.Omit && e.Type == "" && e.Name == "" && e.Result == "" && e.Union == nil {
		return nil
	}
	h := hints[at]
	if h == nil {
		h = &Entry{At: at}
		hints[at] = h
	}
	switch {
	case e.Name != "" && h.Name != "":
		return fmt.Errorf("%s is named twice: %q and %q", at, h.Name, e.Name)
	case e.Type != "" && h.Type != "":
		return fmt.Errorf("%s is typed twice: %q and %q", at, h.Type, e.Type)
	}
	h.Omit = h.Omit || e.Omit
	h.Type += e.Type
	h.Name += e.Name
	h.Result += e.Result
	if e.Union != nil {
		h.Union = e.Union
	}
	return nil
}

// A place is one match of an entry: a value and where it stands.
type place struct {
	path   string
	parent map[string]any
	key    string
	list   []any
	index  int
}

func (p place) value() any {
	if p.parent != nil {
		return p.parent[p.key]
	}
	return p.list[p.index]
}

// patch applies a merge patch and reports whether anything changed.
func (p place) patch(patch json.RawMessage) (bool, error) {
	parsed, err := parseJSON(patch)
	if err != nil {
		return false, fmt.Errorf("patch: %w", err)
	}
	before := p.value()
	after := mergePatch(clone(before), parsed)
	if reflect.DeepEqual(before, after) {
		return false, nil
	}
	if p.parent != nil {
		p.parent[p.key] = after
	} else {
		p.list[p.index] = after
	}
	return true, nil
}

// match finds every value below the definitions whose path fits the pattern.
func match(defs map[string]any, pattern string) []place {
	segments := strings.Split(strings.TrimPrefix(pattern, "/$defs")[1:], "/")
	for i, s := range segments {
		segments[i] = unpointer.Replace(s)
	}
	var found []place
	var walk func(node any, at string, rest []string)
	walk = func(node any, at string, rest []string) {
		switch n := node.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(n)) {
				if !fits(rest[0], key) {
					continue
				}
				p := place{path: below(at, key), parent: n, key: key}
				if len(rest) == 1 {
					found = append(found, p)
				} else {
					walk(n[key], p.path, rest[1:])
				}
			}
		case []any:
			for i := range n {
				key := fmt.Sprint(i)
				if !fits(rest[0], key) {
					continue
				}
				p := place{path: at + "/" + key, list: n, index: i}
				if len(rest) == 1 {
					found = append(found, p)
				} else {
					walk(n[i], p.path, rest[1:])
				}
			}
		}
	}
	walk(defs, "", segments)
	return found
}

// fits matches one segment; the only pattern character is the star.
func fits(pattern, name string) bool {
	if !strings.Contains(pattern, "*") {
		return pattern == name
	}
	ok, err := path.Match(strings.ReplaceAll(pattern, "/", "\x00"), strings.ReplaceAll(name, "/", "\x00"))
	return ok && err == nil
}

// mergePatch is RFC 7396.
func mergePatch(target, patch any) any {
	p, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	t, ok := target.(map[string]any)
	if !ok {
		t = map[string]any{}
	}
	for key, value := range p {
		if value == nil {
			delete(t, key)
			continue
		}
		t[key] = mergePatch(t[key], value)
	}
	return t
}

// clone copies a JSON value.
func clone(v any) any {
	switch n := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(n))
		for key, value := range n {
			out[key] = clone(value)
		}
		return out
	case []any:
		out := make([]any, len(n))
		for i, item := range n {
			out[i] = clone(item)
		}
		return out
	default:
		return v
	}
}
