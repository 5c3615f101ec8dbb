package wire

import (
	"slices"
	"strings"
)

// skipString checks the string of s whose opening quote is before i.
func (d *Decoder) skipString(s string, i int) int {
	for start := i; ; {
		i = escapedEnd(s, i)
		if i < len(s) && s[i] == '"' {
			if !d.checkUTF8(start, i) {
				return -1
			}
			return i + 1
		}
		n := unitLen(s, i)
		if n == 0 {
			d.badString(i)
			return -1
		}
		i += n
	}
}

// checkUTF8 fails if the text from start to end is not valid UTF-8.
func (d *Decoder) checkUTF8(start, end int) bool {
	if validUTF8(d.text[start:end]) {
		return true
	}
	d.badUTF8(start, end)
	return false
}

func (d *Decoder) badUTF8(start, end int) {
	d.fail(Syntax, start+invalidUTF8(d.text[start:end]), "invalid UTF-8")
}

// badString fails for a string that cannot go on at i as it does.
func (d *Decoder) badString(i int) {
	switch s := d.text; {
	case i >= len(s):
		d.unexpected(len(s), "'\"'")
	case s[i] != '\\':
		d.fail(Syntax, i, "control character "+quoteByte(s[i])+" in a string")
	case i+1 < len(s) && s[i+1] == 'u':
		d.fail(Syntax, i, "lone surrogate or broken escape in a string")
	default:
		d.fail(Syntax, i, "broken escape in a string")
	}
}

// unitLen returns the length of the \u escape of s at i, which may be a pair of them; 0 if it is none.
func unitLen(s string, i int) int {
	if i > len(s)-6 || s[i] != '\\' || s[i+1] != 'u' {
		return 0
	}
	switch r := hex4(s[i+2:]); {
	case r < 0:
		return 0
	case r&^0x7ff != 0xd800:
		return 6
	case r < 0xdc00 && i <= len(s)-12 && s[i+6] == '\\' && s[i+7] == 'u' && hex4(s[i+8:])&^0x3ff == 0xdc00:
		return 12
	}
	return 0
}

// scanString reads the string whose opening quote is before start. The result is part of the text unless
// there are escapes; then it is new and owned is true.
func (d *Decoder) scanString(start int) (v string, owned bool) {
	if start == d.ahead.start {
		d.pos = d.ahead.end
		return d.ahead.v, d.ahead.owned
	}
	s := d.text
	end, ascii := textEnd(s, start)
	if end < len(s) && s[end] == '"' {
		if !ascii && !d.checkUTF8(start, end) {
			return "", true
		}
		d.pos = end + 1
		return s[start:end], false
	}
	if end-start >= sparse && len(s)-start >= long {
		return d.scanSparse(s, start, end), true
	}
	return d.scanEscaped(s, start, end), true
}

const (
	sparse = 64      // the plain text before the first escape that lets us expect more such
	long   = 4 << 10 // a string for which it pays to find its end first
)

// scanSparse goes on reading a string of few escapes, which starts in s at start and has its first special byte at i.
func (d *Decoder) scanSparse(s string, start, i int) string {
	var b strings.Builder
	begin := start
	b.Grow(max(i, skimString(s, i)) - start)
	for {
		b.WriteString(s[start:i])
		if i >= len(s)-1 || s[i] != '\\' {
			break
		}
		if c := simpleEscape[s[i+1]]; c != 0 {
			b.WriteByte(c)
			start = i + 2
		} else {
			var run [2 * room]byte
			n, next := unescapeUnits(run[:], 0, s, i)
			if n == 0 {
				break
			}
			b.Write(run[:n])
			start = next
		}
		i, _ = textEndWide(s, start)
	}
	if i >= len(s) || s[i] != '"' {
		d.badString(i)
		return ""
	}
	if !d.checkUTF8(begin, i) {
		return ""
	}
	d.pos = i + 1
	if v := b.String(); len(v) >= b.Cap()-b.Cap()/8 {
		return v
	}
	return strings.Clone(b.String())
}

// scanEscaped goes on reading the string that starts in s at start and has its first special byte at i.
func (d *Decoder) scanEscaped(s string, start, i int) string {
	buf, n := d.scratch, i-start
	if len(buf) < n+room {
		buf = make([]byte, 2*n+256)
	}
	copy(buf, s[start:i])
	state := uint64(utf8Ok)
	if !validUTF8(s[start:i]) {
		state = utf8Bad
	}
	for i < len(s) {
		if n > len(buf)-room {
			buf = widen(buf, n, max(n, skimString(s, i)-i))
		}
		if n, i, state = unescapeWords(buf, n, s, i, state); i >= len(s) || n > len(buf)-room {
			continue
		}
		c := s[i]
		state = utf8Row[c] >> state & 63
		switch {
		case c == '"':
			d.scratch = buf
			if state != utf8Ok {
				d.badUTF8(start, i)
				return ""
			}
			d.pos = i + 1
			return string(buf[:n])
		case !isSpecial[c]:
			buf[n] = c
			n++
			i++
		case i+1 < len(s) && c == '\\' && simpleEscape[s[i+1]] != 0:
			buf[n] = simpleEscape[s[i+1]]
			n++
			i += 2
		default:
			at := i
			if n, i = unescapeUnits(buf, n, s, i); i == at {
				d.badString(i)
				return ""
			}
		}
	}
	d.badString(i)
	return ""
}

// appendString appends v as a JSON string. It reports whether v is valid UTF-8.
func appendString(dst []byte, v string) ([]byte, bool) {
	i, ascii := textEnd(v, 0)
	if i == len(v) {
		dst = append(append(append(slices.Grow(dst, len(v)+2), '"'), v...), '"')
		return dst, ascii || validUTF8(v)
	}
	if !ascii {
		i = 0
	}
	n := len(dst)
	buf := slices.Grow(dst, len(v)+2*room)
	buf = buf[:cap(buf)]
	buf[n] = '"'
	n++
	n += copy(buf[n:], v[:i])
	for state := uint64(utf8Ok); ; {
		n, i, state = escapeWords(buf, n, v, i, state)
		for end := min(i+8, len(v)); i < end; i++ {
			if n > len(buf)-room {
				buf = widen(buf, n, len(v)-i)
			}
			state = utf8Row[v[i]] >> state & 63
			n += escapeByte(buf[n:], v[i])
		}
		if i == len(v) {
			return append(buf[:n], '"'), state == utf8Ok
		}
	}
}

// escapeByte writes c as it is in a JSON string and returns how long that is.
func escapeByte(buf []byte, c byte) int {
	const hex = "0123456789abcdef"
	switch {
	case !isSpecial[c]:
		buf[0] = c
		return 1
	case escapeOf[c] != 0:
		return copy(buf, []byte{'\\', escapeOf[c]})
	}
	return copy(buf, []byte{'\\', 'u', '0', '0', hex[c>>4], hex[c&15]})
}

// widen returns buf, of which n bytes are written, with room for as many more as are left, and some escapes.
func widen(buf []byte, n, left int) []byte {
	buf = slices.Grow(buf[:n], left+left/8+2*room)
	return buf[:cap(buf)]
}
