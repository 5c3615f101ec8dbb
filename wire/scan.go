package wire

import (
	"math/bits"
	"strings"
)

// MaxDepth is how deep a text may nest unless a decoder is told otherwise.
const MaxDepth = 512

// Skip reads one value of any kind, checks all of it, and keeps nothing.
func (d *Decoder) Skip() {
	d.next()
	d.nameCount = 0
	if end := d.skipValue(d.text, d.pos, d.depth); end >= 0 {
		d.pos = end
	}
}

// The skip functions check the value that starts in s at i and return the offset after it. s is d.text,
// depth the number of containers open around the value. Having failed they return -1.

func (d *Decoder) skipValue(s string, i, depth int) int {
	if i < len(s) {
		switch c := s[i]; c {
		case '"':
			end, ascii := textEnd(s, i+1)
			if end >= len(s) || s[end] != '"' {
				return d.skipString(s, i+1)
			}
			if !ascii && !d.checkUTF8(i+1, end) {
				return -1
			}
			return end + 1
		case '{':
			return d.skipObject(s, i+1, depth+1)
		case '[':
			return d.skipArray(s, i+1, depth+1)
		case 't':
			if strings.HasPrefix(s[i:], "true") {
				return i + 4
			}
		case 'f':
			if strings.HasPrefix(s[i:], "false") {
				return i + 5
			}
		case 'n':
			if strings.HasPrefix(s[i:], "null") {
				return i + 4
			}
		case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			return d.skipNumber(s, i)
		}
	}
	return d.skipUnexpected(s, i, "a value")
}

// skipUnexpected fails, naming the first byte that cannot be.
func (d *Decoder) skipUnexpected(s string, i int, want string) int {
	for _, word := range [...]string{"true", "false", "null"} {
		if i < len(s) && s[i] == word[0] {
			for n := 0; n < len(word) && i < len(s) && s[i] == word[n]; n++ {
				i++
			}
			want = word
		}
	}
	d.unexpected(i, want)
	return -1
}

func isSpace(c byte) bool { return c <= ' ' && (c == ' ' || c == '\n' || c == '\r' || c == '\t') }

// skipSpace returns the offset of the first byte at or after i that is not whitespace.
func skipSpace(s string, i int) int {
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	return i
}

func (d *Decoder) skipArray(s string, i, depth int) int {
	if depth > d.limit {
		return d.tooDeep(i - 1)
	}
	if i = skipSpace(s, i); i < len(s) && s[i] == ']' {
		return i + 1
	}
	for {
		if i = d.skipValue(s, i, depth); i < 0 {
			return -1
		}
		if i < len(s) && s[i] <= ' ' {
			i = skipSpace(s, i)
		}
		if i >= len(s) || s[i] != ',' {
			if i < len(s) && s[i] == ']' {
				return i + 1
			}
			d.unexpected(i, "',' or ']'")
			return -1
		}
		if i++; i < len(s) && s[i] <= ' ' {
			i = skipSpace(s, i)
		}
	}
}

func (d *Decoder) skipObject(s string, i, depth int) int {
	if depth > d.limit {
		return d.tooDeep(i - 1)
	}
	if i = skipSpace(s, i); i < len(s) && s[i] == '}' {
		return i + 1
	}
	names := nameSet{base: d.nameCount}
	for {
		if i >= len(s) || s[i] != '"' {
			d.unexpected(i, "a member name")
			return -1
		}
		if i = d.skipName(s, i+1, &names); i < 0 {
			return -1
		}
		if i < len(s) && s[i] <= ' ' {
			i = skipSpace(s, i)
		}
		if i >= len(s) || s[i] != ':' {
			d.unexpected(i, "':'")
			return -1
		}
		if i++; i < len(s) && s[i] <= ' ' {
			i = skipSpace(s, i)
		}
		if i = d.skipValue(s, i, depth); i < 0 {
			return -1
		}
		if i < len(s) && s[i] <= ' ' {
			i = skipSpace(s, i)
		}
		if i >= len(s) || s[i] != ',' {
			if i < len(s) && s[i] == '}' {
				d.nameCount = names.base
				return i + 1
			}
			d.unexpected(i, "',' or '}'")
			return -1
		}
		if i++; i < len(s) && s[i] <= ' ' {
			i = skipSpace(s, i)
		}
	}
}

// skipName checks the name of s whose opening quote is before i and notes it in names.
func (d *Decoder) skipName(s string, i int, names *nameSet) int {
	if i <= len(s)-8 {
		w := wordAt(s, i)
		if m := odds(w) & highs; m != 0 {
			n := uint64(bits.TrailingZeros64(m)) & 56
			if end := i + int(n>>3); s[end] == '"' {
				if !names.add(d, s, i, end, nameBit(w<<(64-n))) {
					return -1
				}
				return end + 1
			}
		}
	}
	end, ascii := textEnd(s, i)
	if end < len(s) && s[end] == '"' {
		if !ascii && !d.checkUTF8(i, end) || !names.add(d, s, i, end, nameBit(nameWord(s, i, end))) {
			return -1
		}
		return end + 1
	}
	if end = d.skipString(s, i); end < 0 || !names.addMapped(d, s, i, unquote(s[i-1:end])) {
		return -1
	}
	return end
}

func (d *Decoder) tooDeep(i int) int {
	d.fail(Invalid, i, "nested deeper than "+itoa(d.limit))
	return -1
}

// A nameSet finds duplicates among the names of one object while it is skipped. A bit mask tells most names
// to be new; a hit is checked against the names before it, which lie on a stack in the decoder from base on.
// Objects of many members, or with escapes in a name, go over to a map.
type nameSet struct {
	mask  uint64
	base  int
	names map[string]struct{}
}

// nameSpan is where in the text a name is, without its quotes.
type nameSpan struct{ start, end uint32 }

const (
	namesInline = 16 // names on the decoder's stack before it needs the heap
	namesMost   = 32 // names of one object before it needs a map
)

// add notes the name s[start:end], which has no escapes, and the bit of which is given; a duplicate fails the decoder.
func (n *nameSet) add(d *Decoder, s string, start, end int, bit uint64) bool {
	if i := d.nameCount; n.mask&bit == 0 && i < namesInline {
		n.mask |= bit
		d.nameRoom[i] = nameSpan{uint32(start), uint32(end)}
		d.nameCount = i + 1
		return true
	}
	return n.addChecked(d, s, start, end, bit)
}

func (n *nameSet) addChecked(d *Decoder, s string, start, end int, bit uint64) bool {
	if n.names != nil || d.nameCount-n.base >= namesMost {
		return n.addMapped(d, s, start, s[start:end])
	}
	if n.mask&bit != 0 {
		for i := n.base; i < d.nameCount; i++ {
			if p := d.nameAt(i); s[p.start:p.end] == s[start:end] {
				return n.duplicate(d, start, s[start:end])
			}
		}
	}
	n.mask |= bit
	if i := d.nameCount - namesInline; i < 0 {
		d.nameRoom[d.nameCount] = nameSpan{uint32(start), uint32(end)}
	} else {
		d.nameMore = append(d.nameMore[:i], nameSpan{uint32(start), uint32(end)})
	}
	d.nameCount++
	return true
}

// addMapped is add for names of all kinds.
func (n *nameSet) addMapped(d *Decoder, s string, start int, name string) bool {
	if n.names == nil {
		n.names = make(map[string]struct{}, 2*namesMost)
		for i := n.base; i < d.nameCount; i++ {
			p := d.nameAt(i)
			n.names[s[p.start:p.end]] = struct{}{}
		}
		n.mask = ^uint64(0) // so that add comes here
	}
	if _, ok := n.names[name]; ok {
		return n.duplicate(d, start, name)
	}
	n.names[name] = struct{}{}
	return true
}

func (n *nameSet) duplicate(d *Decoder, start int, name string) bool {
	d.fail(Invalid, start-1, "duplicate member "+quote(name))
	return false
}

// nameBit returns one bit for a name's word, most likely another for another word.
func nameBit(w uint64) uint64 { return 1 << (w * 0x9e3779b97f4a7c15 >> 58) }

// nameWord returns a word for the name s[start:end]: its bytes where they fit in.
func nameWord(s string, start, end int) uint64 {
	n := end - start
	if n > 8 {
		return wordAt(s, start) ^ bits.RotateLeft64(wordAt(s, end-8), 29) + uint64(n)
	}
	var w uint64
	for i := start; i < end; i++ {
		w = w>>8 | uint64(s[i])<<56
	}
	return w
}

func (d *Decoder) nameAt(i int) nameSpan {
	if i < namesInline {
		return d.nameRoom[i]
	}
	return d.nameMore[i-namesInline]
}

// The skim functions find the end of a value without checking it, for looking ahead: what they pass over is
// checked when it is read. They return -1 where they find no end.

func skimString(s string, i int) int {
	if i = skimNear(s, i); i >= len(s) {
		return -1
	} else if s[i] == '"' {
		return i + 1
	}
	for {
		n := strings.IndexByte(s[i:], '"')
		if n < 0 {
			return -1
		}
		i += n
		back := i
		for back > 0 && s[back-1] == '\\' {
			back--
		}
		i++
		if (i-1-back)%2 == 0 {
			return i
		}
	}
}

// skimNear is skimString for the next few words. It returns the offset of the quote, or how far it came.
func skimNear(s string, i int) int {
	for near := i + 64; i < near && i <= len(s)-8; {
		m := specials(wordAt(s, i)) & highs
		if m == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(m) >> 3
		switch s[i] {
		case '"':
			return i
		case '\\':
			i++ // what comes next is part of an escape
		}
		i++
	}
	return i
}

func skimValue(s string, i int) int {
	for depth := 0; i < len(s); {
		switch c := s[i]; c {
		case '"':
			if i = skimString(s, i+1); i < 0 {
				return -1
			}
		case '{', '[':
			depth++
			i++
		case '}', ']':
			if depth--; depth < 0 {
				return -1
			}
			i++
		case ',', ':', ' ', '\t', '\r', '\n':
			i++
			continue
		default:
			if isEnd(c) {
				return -1 // a control character, which is no JSON
			}
			for i < len(s) && !isEnd(s[i]) {
				i++
			}
		}
		if depth == 0 {
			return i
		}
	}
	return -1
}

// readAhead passes over the string that starts at offset i. A long one is read, so that it need not be read again.
func (d *Decoder) readAhead(i int) int {
	if end := skimNear(d.text, i); end < len(d.text) && d.text[end] == '"' {
		return end + 1
	}
	pos := d.pos
	v, owned := d.scanString(i)
	if d.err != nil {
		return -1
	}
	d.ahead = aheadString{i, d.pos, v, owned}
	d.pos = pos
	return d.ahead.end
}

// An aheadString is a string that was read before its turn.
type aheadString struct {
	start, end int // start is 0 if there is none
	v          string
	owned      bool
}

// isEnd reports whether c ends a number or a literal.
func isEnd(c byte) bool { return c == ',' || c == ']' || c == '}' || c == ':' || c == '"' || c <= ' ' }

// skimName passes over the name whose opening quote is before i, and reports whether it is key.
func skimName(s string, i int, key string) (end int, found bool) {
	if i <= len(s)-8 {
		if m := odds(wordAt(s, i)) & highs; m != 0 {
			if end = i + bits.TrailingZeros64(m)>>3; s[end] == '"' {
				return end + 1, s[i:end] == key
			}
		}
	}
	if end = skimString(s, i); end < 0 {
		return -1, false
	}
	name := s[i : end-1]
	return end, name == key || strings.IndexByte(name, '\\') >= 0 && unquote(s[i-1:end]) == key
}

// skimMember returns the offset of the value that the object at offset i has under key, or -1.
func (d *Decoder) skimMember(i int, key string) int {
	s := d.text
	if i = skipSpace(s, i); i >= len(s) || s[i] != '{' {
		return -1
	}
	for {
		if i = skipSpace(s, i+1); i >= len(s) || s[i] != '"' {
			return -1
		}
		end, found := skimName(s, i+1, key)
		if end < 0 {
			return -1
		}
		if i = skipSpace(s, end); i >= len(s) || s[i] != ':' {
			return -1
		}
		i = skipSpace(s, i+1)
		if found {
			return i
		}
		if i < len(s) && s[i] == '"' {
			i = d.readAhead(i + 1)
		} else {
			i = skimValue(s, i)
		}
		if i < 0 {
			return -1
		}
		if i = skipSpace(s, i); i >= len(s) || s[i] != ',' {
			return -1
		}
	}
}
