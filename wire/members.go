package wire

import (
	"fmt"
	"iter"
	"maps"
	"slices"
)

// indexedFrom is the number of members from which a Members keeps an index of its names.
const indexedFrom = 16

// A Member is one member of an object.
type Member struct {
	Name  string
	Value Raw
}

// Members is the members of an object, in order, each name once: a free-form object, or
// those members of an object that its Go type does not know. The zero Members is absent,
// which an empty object is not.
//
// Like a map, a copy of a Members shares its members; [Members.Clone] does not.
type Members struct {
	m *memberList
}

type memberList struct {
	list  []Member
	index map[string]int // position by name; nil below indexedFrom members
}

// newMemberList returns an empty list with room for two members in the same allocation:
// most lists are a _meta with one token.
func newMemberList() *memberList {
	l := &struct {
		memberList
		room [2]Member
	}{}
	l.list = l.room[:0]
	return &l.memberList
}

// MembersOf returns the given members; of members with one name the last counts, and one with an absent
// value is left out. Without any it is an empty object.
func MembersOf(pairs ...Member) Members {
	m := Members{newMemberList()}
	for _, p := range pairs {
		m.Set(p.Name, p.Value)
	}
	return m
}

// find returns the position of name, or -1.
func (l *memberList) find(name string) int {
	if l.index != nil {
		if i, ok := l.index[name]; ok {
			return i
		}
		return -1
	}
	for i := range l.list {
		if l.list[i].Name == name {
			return i
		}
	}
	return -1
}

// add appends a member whose name is new.
func (l *memberList) add(name string, v Raw) {
	l.list = append(l.list, Member{name, v})
	if l.index != nil {
		l.index[name] = len(l.list) - 1
	} else if len(l.list) >= indexedFrom {
		l.reindex()
	}
}

func (l *memberList) reindex() {
	l.index = nil
	if len(l.list) < indexedFrom {
		return
	}
	l.index = make(map[string]int, 2*len(l.list))
	for i := range l.list {
		l.index[l.list[i].Name] = i
	}
}

// Get returns the member called name and whether there is one.
func (m Members) Get(name string) (Raw, bool) {
	if m.m == nil {
		return Raw{}, false
	}
	if i := m.m.find(name); i >= 0 {
		return m.m.list[i].Value, true
	}
	return Raw{}, false
}

// Len returns the number of members.
func (m Members) Len() int {
	if m.m == nil {
		return 0
	}
	return len(m.m.list)
}

// IsZero reports whether m is absent; an empty object is not.
func (m Members) IsZero() bool { return m.m == nil }

// All returns the members in their order.
func (m Members) All() iter.Seq2[string, Raw] {
	return func(yield func(string, Raw) bool) {
		if m.m == nil {
			return
		}
		for _, p := range m.m.list {
			if !yield(p.Name, p.Value) {
				return
			}
		}
	}
}

// Set gives the member called name the value v, in its place if it is there, else as the last.
// An absent v deletes the member.
func (m *Members) Set(name string, v Raw) {
	if v.IsZero() {
		m.Delete(name)
		return
	}
	if m.m == nil {
		m.m = newMemberList()
	}
	if i := m.m.find(name); i >= 0 {
		m.m.list[i].Value = v
		return
	}
	m.m.add(name, v)
}

// SetValue is Set with the JSON of v, as [RawOf] makes it.
func (m *Members) SetValue(name string, v any) error {
	r, err := RawOf(v)
	if err != nil {
		return err
	}
	m.Set(name, r)
	return nil
}

// Delete removes the member called name, if there is one.
func (m *Members) Delete(name string) {
	if m.m == nil {
		return
	}
	if i := m.m.find(name); i >= 0 {
		m.m.list = slices.Delete(m.m.list, i, i+1)
		m.m.reindex()
	}
}

// Clone returns a copy that shares nothing that can change.
func (m Members) Clone() Members {
	if m.m == nil {
		return m
	}
	return Members{&memberList{slices.Clone(m.m.list), maps.Clone(m.m.index)}}
}

// String returns the object's JSON, and nothing for absent Members.
func (m Members) String() string {
	if m.IsZero() {
		return ""
	}
	text, err := m.MarshalJSON()
	if err != nil {
		return fmt.Sprintf("%%!(%v)", err)
	}
	return string(text)
}

// MarshalJSON makes Members work with encoding/json; absent Members are null there.
func (m Members) MarshalJSON() ([]byte, error) {
	e := NewEncoder(nil)
	if m.IsZero() {
		e.Null()
	} else {
		e.MembersValue(m)
	}
	return e.Result()
}

// UnmarshalJSON makes Members work with encoding/json; null is absent there.
func (m *Members) UnmarshalJSON(data []byte) error {
	d := NewDecoder(string(data))
	var v Members
	if !d.Null() {
		v = d.Members()
	}
	if err := d.End(); err != nil {
		return err
	}
	*m = v
	return nil
}
