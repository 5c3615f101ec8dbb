package wire

import (
	"encoding/binary"
	"math/bits"
	"strings"
	"unicode/utf8"
)

// The loops of this file take strings eight bytes at a time, in a word whose lowest byte comes first. Facts about single
// bytes are marks: the byte's high bit in a word. Where the next word is should not depend on what this one
// holds, lest the processor wait for each word in turn; and loops that write call nothing, so that all they need
// stays in registers.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// word returns the first eight bytes of s, which must have them.
func word(s string) uint64 {
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// wordAt returns the eight bytes of s from i on.
func wordAt(s string, i int) uint64 { return word(s[i : i+8]) }

// special marks the bytes of w that end the plain text of a JSON string: quotes, backslashes and control characters.
func special(w uint64) uint64 {
	// Flipping bit 1 puts the quote right above the control characters, and nothing else below it. The high bits keep
	// the subtraction within each byte.
	return ^(((w^ones*0x02|highs)-ones*0x21)&((w^ones*'\\'|highs)-ones) | w) & highs
}

// specials is special where only the lowest mark counts: it is right, others and the bits between them may not be.
func specials(w uint64) uint64 {
	return (((w ^ ones*0x02) - ones*0x21) | ((w ^ ones*'\\') - ones)) &^ w
}

// lows marks control characters and non-ASCII; only the lowest mark counts.
func lows(w uint64) uint64 { return (w - ones*' ') | w }

// odds is specials with marks for non-ASCII as well.
func odds(w uint64) uint64 { return ((w ^ ones*0x02) - ones*0x21) | ((w ^ ones*'\\') - ones) | w }

// isSpecial are the bytes that end the plain text of a JSON string.
var isSpecial = func() (t [256]bool) {
	for c := range t {
		t[c] = c < ' ' || c == '"' || c == '\\'
	}
	return
}()

// simpleEscape is what a backslash and the byte stand for; 0 if that is no escape, or the start of a longer one.
var simpleEscape = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escapeOf is the letter that stands for a byte after a backslash; 0 where there is none.
var escapeOf = [256]byte{'"': '"', '\\': '\\', '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't'}

// textEnd returns the offset of the first byte of s at or after i that is special, len(s) if there is none, and whether all
// before it is ASCII.
func textEnd(s string, i int) (end int, ascii bool) {
	for start := i; i <= len(s)-8; {
		if m := odds(wordAt(s, i)) & highs; m != 0 {
			return oddEnd(s, i+bits.TrailingZeros64(m)>>3)
		}
		if i += 8; i-start >= 64 {
			return textEndWide(s, i)
		}
	}
	for i < len(s) && s[i] < utf8.RuneSelf && !isSpecial[s[i]] {
		i++
	}
	return oddEnd(s, i)
}

// oddEnd is textEnd where there is nothing plain before i.
func oddEnd(s string, i int) (end int, ascii bool) {
	if i < len(s) && s[i] >= utf8.RuneSelf {
		return textEndUnicode(s, i), false
	}
	return i, true
}

// textEndWide is textEnd for long texts: the standard library's search for one byte is several times faster than anything
// else. The windows grow, lest the search for one byte runs on and on past the other, to a size that stays in the cache.
func textEndWide(s string, i int) (end int, ascii bool) {
	for size := 128; i < len(s); size = min(2*size, 8<<10) {
		w := s[i:min(i+size, len(s))]
		all := len(w)
		if quote := strings.IndexByte(w, '"'); quote >= 0 {
			w = w[:quote]
		}
		if escape := strings.IndexByte(w, '\\'); escape >= 0 {
			w = w[:escape]
		}
		n := asciiEnd(w)
		if i += n; n < all {
			return oddEnd(s, i)
		}
	}
	return len(s), true
}

// asciiEnd returns the offset of the first byte of s that is a control character or not ASCII; len(s) if there is none.
func asciiEnd(s string) int {
	i := 0
	for i <= len(s)-64 {
		b := s[i : i+64]
		if (lows(word(b))|lows(word(b[8:]))|lows(word(b[16:]))|lows(word(b[24:]))|
			lows(word(b[32:]))|lows(word(b[40:]))|lows(word(b[48:]))|lows(word(b[56:])))&highs != 0 {
			break
		}
		i += 64
	}
	for i <= len(s)-8 {
		if m := lows(wordAt(s, i)) & highs; m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
		i += 8
	}
	for i < len(s) && s[i] >= ' ' && s[i] < utf8.RuneSelf {
		i++
	}
	return i
}

// textEndUnicode is textEnd for text of all alphabets.
func textEndUnicode(s string, i int) int {
	for i <= len(s)-8 {
		if m := specials(wordAt(s, i)) & highs; m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
		i += 8
		for i <= len(s)-32 {
			b := s[i : i+32]
			if (specials(word(b))|specials(word(b[8:]))|specials(word(b[16:]))|specials(word(b[24:])))&highs != 0 {
				break
			}
			i += 32
		}
	}
	for i < len(s) && !isSpecial[s[i]] {
		i++
	}
	return i
}

// escapedEnd is textEnd, but passes over simple escapes as well.
func escapedEnd(s string, i int) int {
	for i <= len(s)-8 {
		w := wordAt(s, i)
		m := special(w)
		i += 8
		if m == 0 {
			if i <= len(s)-8 && special(wordAt(s, i)) == 0 {
				i, _ = textEnd(s, i+8)
			}
			continue
		}
		for m != 0 {
			t := bits.TrailingZeros64(m) & 56 // where the marked byte begins
			x := w >> t
			if byte(x) != '\\' || simpleEscape[byte(x>>8)] == 0 {
				if byte(x) == '\\' && t == 56 { // the escape reaches into the next word
					i--
					break
				}
				return i - 8 + t>>3
			}
			m &^= 0x8080 << t
		}
	}
	for i < len(s) {
		if !isSpecial[s[i]] {
			i++
		} else if i+1 < len(s) && s[i] == '\\' && simpleEscape[s[i+1]] != 0 {
			i += 2
		} else {
			break
		}
	}
	return i
}

// room is how much space past what it has written a loop that writes needs before each step it takes.
const room = 32

// unescapeWords copies s from i on to buf from n on, with simple escapes resolved, until something else that is special
// comes, or there is no room, or s has fewer than eight bytes left. It returns how far it came in both, and the state of the
// check for UTF-8 (see utf8Row), which goes on while the processor waits for the rest.
func unescapeWords(buf []byte, n int, s string, i int, state uint64) (int, int, uint64) {
	for i <= len(s)-8 && n <= len(buf)-room {
		w := wordAt(s, i)
		out := (*[16]byte)(buf[n:])
		binary.LittleEndian.PutUint64(out[:], w)
		after := state
		if w&highs|state != utf8Ok {
			after = utf8After(w>>32, utf8After(w, state))
		}
		i += 8
		n += 8
		less := 0
		for m := special(w); m != 0; {
			t := bits.TrailingZeros64(m) & 56
			x := w >> t
			c := simpleEscape[byte(x>>8)]
			if byte(x) != '\\' || c == 0 {
				if byte(x) == '\\' && t == 56 { // the escape reaches into the next word
					i--
					less++
					break
				}
				w &= 1<<t - 1
				return n - less - 8 + t>>3, i - 8 + t>>3, utf8After(w>>32, utf8After(w, state))
			}
			at := t>>3 - less
			binary.LittleEndian.PutUint64(out[at&7:], x>>8&^0xff|uint64(c))
			less++
			m &^= 0x8080 << t
		}
		n -= less
		state = after
	}
	return n, i, state
}

// unescapeUnits is unescapeWords for a run of \u escapes; it stops at a broken one as well.
func unescapeUnits(buf []byte, n int, s string, i int) (int, int) {
	for i <= len(s)-6 && n <= len(buf)-room {
		esc := s[i : i+6]
		if esc[0] != '\\' || esc[1] != 'u' {
			break
		}
		r, size := hex4(esc[2:]), 6
		if r < 0 {
			break
		}
		if r&^0x7ff == 0xd800 { // a surrogate
			if r >= 0xdc00 || i > len(s)-12 || s[i+6] != '\\' || s[i+7] != 'u' {
				break
			}
			low := hex4(s[i+8:])
			if low&^0x3ff != 0xdc00 {
				break
			}
			r, size = (r&0x3ff<<10|low&0x3ff)+0x10000, 12
		}
		out := buf[n : n+4 : n+4]
		switch {
		case r < 0x80:
			out[0] = byte(r)
			n++
		case r < 0x800:
			out[0], out[1] = byte(0xc0|r>>6), byte(0x80|r&0x3f)
			n += 2
		case r < 0x10000:
			out[0], out[1], out[2] = byte(0xe0|r>>12), byte(0x80|r>>6&0x3f), byte(0x80|r&0x3f)
			n += 3
		default:
			out[0], out[1], out[2], out[3] = byte(0xf0|r>>18), byte(0x80|r>>12&0x3f), byte(0x80|r>>6&0x3f), byte(0x80|r&0x3f)
			n += 4
		}
		i += size
	}
	return n, i
}

// hex4 returns the number that the first four bytes of s are in hexadecimal; negative if they are not.
func hex4(s string) rune {
	return hexValue[s[0]]<<12 | hexValue[s[1]]<<8 | hexValue[s[2]]<<4 | hexValue[s[3]]
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

// escapeWords copies v from i on to buf from n on, with escapes where a letter stands for a byte, word by word, until there is
// a word with a byte that has none, or no room, or v has fewer than eight bytes left. It returns how far it came in both,
// and the state of the check for UTF-8 (see utf8Row), which goes on while the processor waits for the rest.
func escapeWords(buf []byte, n int, v string, i int, state uint64) (int, int, uint64) {
	for i <= len(v)-8 && n <= len(buf)-room {
		w := wordAt(v, i)
		out := (*[32]byte)(buf[n:])
		binary.LittleEndian.PutUint64(out[:], w)
		after := state
		if w&highs|state != utf8Ok {
			after = utf8After(w>>32, utf8After(w, state))
		}
		size := 8
		for m := special(w); m != 0; m &= m - 1 {
			t := bits.TrailingZeros64(m) & 56
			x := w >> t
			c := escapeOf[byte(x)]
			if c == 0 {
				return n, i, state
			}
			at := (t>>3 + size - 8) & 15
			out[at] = '\\'
			binary.LittleEndian.PutUint64(out[at+1:], x&^0xff|uint64(c))
			size++
		}
		i += 8
		n += size
		state = after
	}
	return n, i, state
}

// isShortPlain reports whether v is short and all ASCII without special bytes.
func isShortPlain(v string) bool {
	switch n := len(v); {
	case n > 256:
		return false
	case n >= 8: // the last word may share bytes with the one before it
		m := odds(wordAt(v, n-8))
		for ; len(v) > 8; v = v[8:] {
			m |= odds(word(v))
		}
		return m&highs == 0
	case n >= 4:
		low := uint64(v[0]) | uint64(v[1])<<8 | uint64(v[2])<<16 | uint64(v[3])<<24
		high := uint64(v[n-4]) | uint64(v[n-3])<<8 | uint64(v[n-2])<<16 | uint64(v[n-1])<<24
		return odds(low|high<<32)&highs == 0
	}
	for i := 0; i < len(v); i++ {
		if isSpecial[v[i]] || v[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// validUTF8 reports whether s is valid UTF-8.
//
// It is an automaton whose state is a shift, without a branch per character: the row of a byte holds, at the shift
// that is the state, the next one.
func validUTF8(s string) bool {
	var state uint64
	for len(s) >= 8 {
		for state == utf8Ok && len(s) >= 32 && (word(s)|word(s[8:])|word(s[16:])|word(s[24:]))&highs == 0 {
			s = s[32:]
		}
		if len(s) < 8 {
			break
		}
		if w := word(s); w&highs|state != utf8Ok {
			state = utf8After(w>>32, utf8After(w, state))
		}
		s = s[8:]
	}
	for i := 0; i < len(s); i++ {
		state = utf8Row[s[i]] >> state & 63
	}
	return state == utf8Ok
}

// utf8After returns the state after the four low bytes of w.
func utf8After(w, state uint64) uint64 { // can be inlined, which one for all eight could not
	state = utf8Row[byte(w)] >> (state & 63)
	state = utf8Row[byte(w>>8)] >> (state & 63)
	state = utf8Row[byte(w>>16)] >> (state & 63)
	return utf8Row[byte(w>>24)] >> (state & 63) & 63
}

// The states of the automaton: between characters, in an invalid text (which it never leaves), before the last
// one, two or three bytes of a character, and after those lead bytes whose second byte has a narrower range.
const (
	utf8Ok = 6 * iota
	utf8Bad
	utf8Last1
	utf8Last2
	utf8Last3
	utf8E0
	utf8ED
	utf8F0
	utf8F4
)

var utf8Row = func() (rows [256]uint64) {
	set := func(from, to byte, state, next uint64) {
		for c := int(from); c <= int(to); c++ {
			rows[c] = rows[c]&^(63<<state) | next<<state
		}
	}
	for state := uint64(utf8Ok); state <= utf8F4; state += utf8Bad {
		set(0, 0xff, state, utf8Bad)
	}
	set(0x00, 0x7f, utf8Ok, utf8Ok)
	set(0xc2, 0xdf, utf8Ok, utf8Last1)
	set(0xe0, 0xe0, utf8Ok, utf8E0)
	set(0xe1, 0xef, utf8Ok, utf8Last2)
	set(0xed, 0xed, utf8Ok, utf8ED)
	set(0xf0, 0xf0, utf8Ok, utf8F0)
	set(0xf1, 0xf3, utf8Ok, utf8Last3)
	set(0xf4, 0xf4, utf8Ok, utf8F4)
	set(0x80, 0xbf, utf8Last1, utf8Ok)
	set(0x80, 0xbf, utf8Last2, utf8Last1)
	set(0x80, 0xbf, utf8Last3, utf8Last2)
	set(0xa0, 0xbf, utf8E0, utf8Last1)
	set(0x80, 0x9f, utf8ED, utf8Last1)
	set(0x90, 0xbf, utf8F0, utf8Last2)
	set(0x80, 0x8f, utf8F4, utf8Last2)
	return rows
}()

// invalidUTF8 returns the offset of the first byte of s that is not valid UTF-8.
func invalidUTF8(s string) int {
	i := 0
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n < 2 {
			break
		}
		i += n
	}
	return i
}
