package gen

import (
	"fmt"
	"slices"
	"strings"
)

// Diff says what changed on the wire between two schemas, and which Go
// identifiers that touches. The schemas are compared as they are published;
// overlays, of both sources, only name the Go identifiers.
//
// A change breaks writers if something valid in the old schema is not valid in
// the new one: a program that writes by the old schema may be refused by one
// that reads by the new. It breaks readers if something valid in the new schema
// is not valid in the old one: a program that reads by the old schema may meet
// what it does not know. In particular:
//
//	change                                                   breaks
//	member added, optional                                   nobody (readers if the object was closed)
//	member added, required                                   writers
//	member removed, optional                                 nobody (writers if the object is closed)
//	member removed, required                                 readers
//	optional member now required                             writers
//	required member now optional                             readers
//	type, or kind of value, changed                          both
//	type widened (integer to number, one more type)          readers
//	type narrowed (number to integer, one type less)         writers
//	null allowed / refused                                   readers / writers
//	value of an enumeration added / removed                  readers / writers
//	enumeration opened / closed                              readers / writers
//	constant changed                                         both
//	variant of a union added / removed                       readers / writers
//	unknown members allowed / refused                        readers / writers
//	bound loosened / tightened, constraint dropped / added   readers / writers
//	constraint changed otherwise                             both
//	default added or dropped / changed                       nobody / both
//	method added                                             nobody: who lacks it answers so
//	method removed                                           writers
//	definition added, removed, renamed                       nobody: what refers to it counts
//	description, title, order of definitions                 is no change
//
// The members id and jsonrpc of messages are the connection's and not compared;
// a message is known by its method, not by its definition's name.
//
// The same holds for params and results; what differs is who writes them: the
// params of a client's request are written by the client and read by the
// server, its result the other way round. Each change says who, by the names of
// the source's directions.
func Diff(old, new Source) (*Report, error) {
	d := &differ{}
	var err error
	if d.old, err = readSide(old); err != nil {
		return nil, err
	}
	if d.new, err = readSide(new); err != nil {
		return nil, err
	}
	r := &Report{Old: old.Revision, New: new.Revision, Changes: []*Change{}, Go: []*Identifier{}}
	for _, side := range []*side{d.old, d.new} {
		if side.note != "" {
			r.Notes = append(r.Notes, side.note)
		}
	}
	d.definitions()
	d.methods()
	r.Changes = append(r.Changes, d.found...)
	if len(r.Notes) == 0 {
		r.Go = append(r.Go, identifiers(d.old.api, d.new.api)...)
	}
	for _, c := range r.Changes {
		d.attribute(c)
	}
	slices.SortStableFunc(r.Changes, func(a, b *Change) int {
		if a.isMethod() != b.isMethod() {
			if a.isMethod() {
				return -1
			}
			return 1
		}
		return strings.Compare(a.owner(), b.owner())
	})
	return r, nil
}

// A Report is what changed between two schemas.
type Report struct {
	// Old and New are the revisions.
	Old string `json:"old"`
	New string `json:"new"`
	// Changes are in order: methods, then definitions by name.
	Changes []*Change `json:"changes"`
	// Go are all exported identifiers of the generated package that came, went
	// or became something else.
	Go []*Identifier `json:"go"`
	// Notes say what could not be compared.
	Notes []string `json:"notes,omitempty"`
}

// A ChangeKind names what happened.
type ChangeKind string

// The kinds of changes.
const (
	DefinitionAdded    ChangeKind = "definition added"
	DefinitionRemoved  ChangeKind = "definition removed"
	DefinitionRenamed  ChangeKind = "definition renamed"
	ReferenceRenamed   ChangeKind = "reference renamed"
	MemberAdded        ChangeKind = "member added"
	MemberRemoved      ChangeKind = "member removed"
	MemberRequired     ChangeKind = "member now required"
	MemberOptional     ChangeKind = "member now optional"
	Retyped            ChangeKind = "retyped"
	NullAllowed        ChangeKind = "null allowed"
	NullRefused        ChangeKind = "null refused"
	ValueAdded         ChangeKind = "value added"
	ValueRemoved       ChangeKind = "value removed"
	ValuesOpened       ChangeKind = "enumeration opened"
	ValuesClosed       ChangeKind = "enumeration closed"
	ConstantChanged    ChangeKind = "constant changed"
	VariantAdded       ChangeKind = "variant added"
	VariantRemoved     ChangeKind = "variant removed"
	ObjectOpened       ChangeKind = "unknown members allowed"
	ObjectClosed       ChangeKind = "unknown members refused"
	ConstraintAdded    ChangeKind = "constraint added"
	ConstraintDropped  ChangeKind = "constraint dropped"
	ConstraintChanged  ChangeKind = "constraint changed"
	BoundTightened     ChangeKind = "bound tightened"
	BoundLoosened      ChangeKind = "bound loosened"
	DefaultAdded       ChangeKind = "default added"
	DefaultDropped     ChangeKind = "default dropped"
	DefaultChanged     ChangeKind = "default changed"
	MethodAdded        ChangeKind = "method added"
	MethodRemoved      ChangeKind = "method removed"
	MethodRetyped      ChangeKind = "method retyped"
	MethodNowRequest   ChangeKind = "notification now a request"
	MethodNoLongerAsks ChangeKind = "request now a notification"
)

// A Change is one difference between two schemas.
type Change struct {
	Kind ChangeKind `json:"kind"`
	// Name is what changed, for a reader: Tool.icons, or a method's name.
	Name string `json:"name"`
	// At is its path below the definitions, in the new schema unless it went.
	At string `json:"at"`
	// From and To are what it was and what it is, where that says more.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// Breaks says whom the change breaks, by the rules at [Diff].
	Breaks Breaks `json:"breaks"`
	// Writers and Readers are the peers that write and read the place, where
	// methods tell.
	Writers []string `json:"writers,omitempty"`
	Readers []string `json:"readers,omitempty"`
	// Methods are those whose params or result the place belongs to directly.
	Methods []string `json:"methods,omitempty"`
	// Go are the Go identifiers the change touches.
	Go []*Identifier `json:"go,omitempty"`

	oldAt, newAt string
}

func (c *Change) isMethod() bool {
	return slices.Contains([]ChangeKind{MethodAdded, MethodRemoved, MethodRetyped, MethodNowRequest, MethodNoLongerAsks}, c.Kind)
}

// owner is what the change is listed under: a definition, or the method.
func (c *Change) owner() string {
	if c.isMethod() {
		return c.Name
	}
	return definitionAt(c.At)
}

// definitionAt is the name of the definition a path lies in.
func definitionAt(at string) string {
	segment, _, _ := strings.Cut(strings.TrimPrefix(at, "/"), "/")
	return unescapePath(segment)
}

func unescapePath(segment string) string {
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(segment)
}

// Breaks says whom a change breaks.
type Breaks int

// What a change may break: programs that read by the old schema, those that
// write by it, both or none.
const (
	BreaksNone    Breaks = 0
	BreaksReaders Breaks = 1
	BreaksWriters Breaks = 2
	BreaksBoth    Breaks = 3
)

// String is none, readers, writers or both.
func (b Breaks) String() string {
	return []string{"none", "readers", "writers", "both"}[b&BreaksBoth]
}

// MarshalText writes it as String does.
func (b Breaks) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (b *Breaks) UnmarshalText(text []byte) error {
	for _, known := range []Breaks{BreaksNone, BreaksReaders, BreaksWriters, BreaksBoth} {
		if known.String() == string(text) {
			*b = known
			return nil
		}
	}
	return fmt.Errorf("breaks: %q is none of none, readers, writers, both", text)
}

// A differ compares two schemas.
type differ struct {
	old, new *side
	found    []*Change
	busy     map[string]bool // pairs of places being compared
}

// report adds a change, once.
func (d *differ) report(c *Change) {
	if c.At = c.newAt; c.At == "" {
		c.At = c.oldAt
	}
	if c.Name == "" {
		c.Name = placeName(c.At)
	}
	for _, other := range d.found {
		if other.Kind == c.Kind && other.oldAt == c.oldAt && other.newAt == c.newAt && other.From == c.From && other.To == c.To {
			return
		}
	}
	d.found = append(d.found, c)
}

// placeName is a path as a person says it: CallToolRequest.params.name.
func placeName(at string) string {
	parts := strings.Split(strings.TrimPrefix(at, "/"), "/")
	name := unescapePath(parts[0])
	for i := 1; i < len(parts); i++ {
		switch parts[i] {
		case "properties":
			if i++; i < len(parts) {
				name += "." + unescapePath(parts[i])
			}
		case "items":
			name += "[]"
		case "additionalProperties":
			name += "{}"
		case "anyOf", "oneOf", "allOf":
			i++
		}
	}
	return name
}
