package wire

import "strings"

// PeekKind returns the kind of the value at the cursor, judged by its first byte.
func (d *Decoder) PeekKind() Kind { return kindOf(d.next()) }

// PeekHas reports whether the value at the cursor is an object with a member of that name, or, given several,
// whether there is a member at that path of names. What it looks past is checked only when it is read.
func (d *Decoder) PeekHas(path ...string) bool {
	at := d.pos
	for _, name := range path {
		if at = d.skimMember(at, name); at < 0 {
			return false
		}
	}
	return true
}

// PeekString returns the string that the object at the cursor has as the member called key; false if there is
// no object, no such member, or no string. The string is good until the text is gone.
func (d *Decoder) PeekString(key string) (string, bool) {
	s, i := d.text, d.pos
	// What unions are told apart by mostly comes first.
	if at := i + len(key) + 5; at <= len(s) && s[i] == '{' && s[i+1] == '"' && s[i+2:at-3] == key && s[at-3:at] == `":"` {
		i = at - 1
	} else if i = d.skimMember(i, key); i < 0 || i >= len(s) || s[i] != '"' {
		return "", false
	}
	end := skimString(s, i+1)
	if end < 0 {
		return "", false
	}
	if v := s[i+1 : end-1]; strings.IndexByte(v, '\\') < 0 {
		return v, true
	}
	return unquote(s[i:end]), true
}

// PeekInt returns the integer that the object at the cursor has as the member called key; false if there is
// no object, no such member, or no integer of 64 bits.
func (d *Decoder) PeekInt(key string) (int64, bool) {
	i := d.skimMember(d.pos, key)
	if i < 0 || i >= len(d.text) || kindOf(d.text[i]) != KindNumber {
		return 0, false
	}
	end := i
	for end < len(d.text) && !isEnd(d.text[end]) {
		end++
	}
	number := NewDecoder(d.text[i:end])
	n := number.Int()
	return n, number.End() == nil
}
