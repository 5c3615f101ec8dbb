package wire

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// skipString checks the string of s whose opening quote is before i.
func (d *Decoder) skipString(s string, i int) int {
	end := textEnd(s, i, true)
	if end >= 0 && end < len(s) && s[end] == '"' {
		return end + 1
	}
	d.badString(s, i, end)
	return -1
}

// badString fails for the string of s that starts at start and whose textEnd is end.
func (d *Decoder) badString(s string, start, end int) {
	if end < 0 {
		for i := start; i < len(s); {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n < 2 {
				d.fail(Syntax, i, "invalid UTF-8 in a string")
				return
			}
			i += n
		}
	}
	switch {
	case end < 0 || end >= len(s):
		d.unexpected(len(s), "'\"'")
	case s[end] != '\\':
		d.fail(Syntax, end, "control character "+quoteByte(s[end])+" in a string")
	case end+1 < len(s) && s[end+1] == 'u':
		d.fail(Syntax, end, "lone surrogate or broken escape in a string")
	default:
		d.fail(Syntax, end, "broken escape in a string")
	}
}

// simpleEscape is what a backslash and the byte stand for; 0 if that is no escape, or the start of a longer one.
var simpleEscape = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unescape returns the character that the \u escape of s at i stands for, and the escape's length; 0 if it is none.
func unescape(s string, i int) (rune, int) {
	if i+6 > len(s) || s[i+1] != 'u' {
		return 0, 0
	}
	r := hex4(s, i+2)
	if r < 0xd800 || r > 0xdfff {
		if r < 0 {
			return 0, 0
		}
		return r, 6
	}
	if r < 0xdc00 && i+12 <= len(s) && s[i+6] == '\\' && s[i+7] == 'u' {
		if low := hex4(s, i+8); low >= 0xdc00 && low <= 0xdfff {
			return utf16.DecodeRune(r, low), 12
		}
	}
	return 0, 0
}

// hex4 returns the number that the four hexadecimal digits of s at i stand for; negative if they are none.
func hex4(s string, i int) rune {
	b := s[i : i+4]
	return hexValue[b[0]]<<12 | hexValue[b[1]]<<8 | hexValue[b[2]]<<4 | hexValue[b[3]]
}

var hexValue = func() (t [256]rune) {
	for i := range t {
		switch c := rune(i); {
		case '0' <= c && c <= '9':
			t[i] = c - '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			t[i] = c | 0x20 - 'a' + 10
		default:
			t[i] = -1
		}
	}
	return
}()

// scanString reads the string whose opening quote is before d.pos. The result is part of the text unless
// there are escapes; then it is new and owned is true.
func (d *Decoder) scanString() (v string, owned bool) {
	s, start := d.text, d.pos
	end := plain(s, start)
	if end >= len(s) || s[end] != '"' {
		if end = textEnd(s, end, false); end < 0 || end >= len(s) {
			d.badString(s, start, end)
			return "", false
		}
		if s[end] != '"' {
			return d.scanEscaped(s, start, end)
		}
	}
	d.pos = end + 1
	return s[start:end], false
}

// room is how much more than it needs a buffer has to hold for the loops below, which write whole words.
const room = 16

// scanEscaped goes on reading the string that starts in s at start and has its first special byte at i.
func (d *Decoder) scanEscaped(s string, start, i int) (string, bool) {
	buf := d.scratch
	n := i - start
	if len(buf) < n+room {
		buf = make([]byte, 2*n+256)
	}
	copy(buf, s[start:i])
	var due uint64
	for i < len(s) {
		if len(buf)-n < room {
			buf = append(buf, make([]byte, len(buf))...)
		}
		rest, out := s[i:], buf[n:]
		var w uint64
		if len(rest) >= 8 {
			w = word(rest)
		} else {
			w = tail(rest)
		}
		binary.LittleEndian.PutUint64(out, w)
		marks := special(w)
		if w&highs|due != 0 {
			next, suspect, ok := checkUTF8(before(w, marks), due)
			if !ok || suspect != 0 && !checkSecond(rest, suspect) {
				d.badString(s, start, -1)
				return "", false
			}
			due = next
		}
		if marks == 0 {
			i += 8
			n += 8
			continue
		}
		k := bits.TrailingZeros64(marks) >> 3
		i += k
		n += k
		if s[i] == '"' {
			d.pos = i + 1
			d.scratch = buf
			return string(buf[:n]), true
		}
		if s[i] != '\\' || i+1 >= len(s) {
			break
		}
		if c := simpleEscape[s[i+1]]; c != 0 {
			buf[n] = c
			n++
			i += 2
			continue
		}
		r, size := unescape(s, i)
		if size == 0 {
			break
		}
		n += utf8.EncodeRune(buf[n:], r)
		i += size
	}
	end := min(i, len(s))
	if due != 0 {
		end = -1
	}
	d.badString(s, start, end)
	return "", false
}

// appendString appends v as a JSON string. It reports whether v is valid UTF-8.
func appendString(dst []byte, v string) ([]byte, bool) {
	n := len(dst)
	buf := slices.Grow(dst, len(v)+2+room)
	buf = buf[:cap(buf)]
	buf[n] = '"'
	n++
	i := plain(v, 0)
	n += copy(buf[n:], v[:i])
	var due uint64
	for i < len(v) {
		rest := v[i:]
		if len(buf)-n < room {
			buf = slices.Grow(buf[:n], len(rest)+len(rest)/8+2*room)
			buf = buf[:cap(buf)]
		}
		out := buf[n:]
		var w uint64
		if len(rest) >= 8 {
			w = word(rest)
		} else {
			w = tail(rest)
		}
		binary.LittleEndian.PutUint64(out, w)
		marks := special(w)
		if w&highs|due != 0 {
			next, suspect, ok := checkUTF8(before(w, marks), due)
			if !ok || suspect != 0 && !checkSecond(rest, suspect) {
				return buf[:n], false
			}
			due = next
		}
		if marks == 0 {
			i += 8
			n += min(8, len(rest))
			continue
		}
		k := bits.TrailingZeros64(marks) >> 3
		c := rest[k]
		i += k + 1
		if e := escapeOf[c]; e != 0 {
			out[k] = '\\'
			out[k+1] = e
			n += k + 2
			continue
		}
		const hex = "0123456789abcdef"
		copy(out[k:], `\u00`)
		out[k+4], out[k+5] = hex[c>>4], hex[c&15]
		n += k + 6
	}
	if due != 0 {
		return buf[:n], false
	}
	return append(buf[:n], '"'), true
}

// escapeOf is the letter that stands for a byte after a backslash; 0 where there is none.
var escapeOf = [256]byte{'"': '"', '\\': '\\', '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't'}
