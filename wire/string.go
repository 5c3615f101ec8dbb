package wire

import (
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// load64 returns eight bytes of s from i on, the first one lowest.
func load64(s string, i int) uint64 {
	b := s[i : i+8]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// special marks, by their high bits, the bytes of w that are no plain text in a JSON string: quotes,
// backslashes, control characters and those of non-ASCII. Marks above the lowest one may be wrong.
func special(w uint64) uint64 {
	// Flipping bit 1 puts the quote right above the control characters, and nothing else below it.
	return (w | ((w ^ ones*0x02) - ones*0x21) | ((w ^ ones*'\\') - ones)) & highs
}

// plain returns the offset of the first byte of s at or after i that is no plain text in a JSON string; len(s)
// if there is none.
func plain(s string, i int) int {
	for ; i+8 <= len(s); i += 8 {
		if m := special(load64(s, i)); m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
	}
	for i < len(s) && isPlain[s[i]] {
		i++
	}
	return i
}

var isPlain = func() (t [256]bool) {
	for c := ' '; c < 0x80; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return
}()

// skipString checks the string of s whose opening quote is before i.
func (d *Decoder) skipString(s string, i int) int {
	for {
		i = plain(s, i)
		if i >= len(s) {
			d.unexpected(i, "'\"'")
			return -1
		}
		switch c := s[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			_, n := unescape(s, i)
			if n == 0 {
				return d.badString(i)
			}
			i += n
		case c < ' ':
			return d.badString(i)
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n < 2 {
				return d.badString(i)
			}
			i += n
		}
	}
}

// badString fails for what stands in a string at i.
func (d *Decoder) badString(i int) int {
	switch c := d.text[i]; {
	case c < ' ':
		d.fail(Syntax, i, "control character "+quoteByte(c)+" in a string")
	case c == '\\' && i+1 < len(d.text) && d.text[i+1] == 'u':
		d.fail(Syntax, i, "lone surrogate or broken escape in a string")
	case c == '\\':
		d.fail(Syntax, i, "broken escape in a string")
	default:
		d.fail(Syntax, i, "invalid UTF-8 in a string")
	}
	return -1
}

// unescape returns the character that the escape of s at i stands for and the escape's length, 0 if it is none.
func unescape(s string, i int) (rune, int) {
	if i+1 >= len(s) {
		return 0, 0
	}
	switch c := s[i+1]; c {
	case '"', '\\', '/':
		return rune(c), 2
	case 'n':
		return '\n', 2
	case 't':
		return '\t', 2
	case 'r':
		return '\r', 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'u':
		r := hex4(s, i+2)
		if r < 0xd800 || r > 0xdfff {
			if r < 0 {
				return 0, 0
			}
			return r, 6
		}
		if r < 0xdc00 && i+7 < len(s) && s[i+6] == '\\' && s[i+7] == 'u' {
			if low := hex4(s, i+8); low >= 0xdc00 && low <= 0xdfff {
				return utf16.DecodeRune(r, low), 12
			}
		}
	}
	return 0, 0
}

// hex4 returns the number that the four hexadecimal digits of s at i stand for, -1 if there are none.
func hex4(s string, i int) rune {
	if i+4 > len(s) {
		return -1
	}
	return hexValue[s[i]]<<12 | hexValue[s[i+1]]<<8 | hexValue[s[i+2]]<<4 | hexValue[s[i+3]]
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
	i := plain(s, start)
	if i < len(s) && s[i] == '"' {
		d.pos = i + 1
		return s[start:i], false
	}
	for i < len(s) && s[i] != '\\' {
		switch c := s[i]; {
		case c == '"':
			d.pos = i + 1
			return s[start:i], false
		case c < ' ':
			d.badString(i)
			return "", false
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n < 2 {
			d.badString(i)
			return "", false
		}
		i = plain(s, i+n)
	}
	buf := append(d.scratch[:0], s[start:min(i, len(s))]...)
	for i < len(s) {
		switch c := s[i]; {
		case c == '"':
			d.pos = i + 1
			d.scratch = buf
			return string(buf), true
		case c == '\\':
			r, n := unescape(s, i)
			if n == 0 {
				d.badString(i)
				return "", false
			}
			buf = utf8.AppendRune(buf, r)
			i += n
		case c < ' ':
			d.badString(i)
			return "", false
		case c >= 0x80:
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n < 2 {
				d.badString(i)
				return "", false
			}
			buf = append(buf, s[i:i+n]...)
			i += n
		}
		end := plain(s, i)
		buf = append(buf, s[i:end]...)
		i = end
	}
	d.unexpected(i, "'\"'")
	return "", false
}

// appendString appends v as a JSON string. It reports whether v is valid UTF-8.
func appendString(dst []byte, v string) ([]byte, bool) {
	dst = append(dst, '"')
	for i := 0; ; {
		end := plain(v, i)
		dst = append(dst, v[i:end]...)
		if end >= len(v) {
			return append(dst, '"'), true
		}
		i = end
		if c := v[i]; c >= 0x80 {
			r, n := utf8.DecodeRuneInString(v[i:])
			if r == utf8.RuneError && n < 2 {
				return append(dst, '"'), false
			}
			dst = append(dst, v[i:i+n]...)
			i += n
		} else {
			dst = appendEscape(dst, c)
			i++
		}
	}
}

// appendEscape appends the escape for a quote, a backslash or a control character.
func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\t':
		return append(dst, '\\', 't')
	case '\r':
		return append(dst, '\\', 'r')
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	}
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
