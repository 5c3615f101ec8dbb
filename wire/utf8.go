package wire

import "math/bits"

// The loops over strings take eight bytes at a time, in a word whose lowest byte comes first. Facts about single
// bytes are marks: the byte's high bit in a word.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// word returns the first eight bytes of s, which must have them.
func word(s string) uint64 {
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// tail returns the bytes of s, fewer than eight, and spaces after them.
func tail(s string) uint64 {
	w := uint64(ones * ' ')
	for i := len(s) - 1; i >= 0; i-- {
		w = w<<8 | uint64(s[i])
	}
	return w
}

// special marks the bytes of w that end the plain text of a JSON string: quotes, backslashes and control characters.
// The lowest mark is right, others may not be.
func special(w uint64) uint64 {
	// Flipping bit 1 puts the quote right above the control characters, and nothing else below it.
	return (((w ^ ones*0x02) - ones*0x21) | ((w ^ ones*'\\') - ones)) &^ w & highs
}

// odd marks what special marks, and non-ASCII as well.
func odd(w uint64) uint64 { return odds(w) & highs }

// odds is odd with meaningless bits between the marks.
func odds(w uint64) uint64 { return ((w ^ ones*0x02) - ones*0x21) | ((w ^ ones*'\\') - ones) | w }

// before returns the bytes of w that lie before the lowest mark, and ASCII in place of the others; without a mark w.
func before(w, marks uint64) uint64 { return w & ((marks & -marks) - 1) }

// checkUTF8 checks the structure of the text whose next eight bytes are w: that each lead byte is followed by as many
// continuation bytes as it says. due marks, among the bytes of w, those that earlier ones said would be
// continuations; the result marks them for the word after w. suspect marks the lead bytes whose second byte
// must still be looked at.
func checkUTF8(w, due uint64) (next, suspect uint64, ok bool) {
	high := w & highs
	lead := high & (w << 1)
	three := lead & (w << 2)
	four := three & (w << 3)
	ok = lead<<8|three<<16|four<<24|due == high&^lead
	next = lead>>56 | three>>48 | four>>40
	// C0, C1 and E0 have no bit of 1e, ED has all but one of 0f; a byte below 81 plus 7f has its high bit only if it is not zero.
	suspect = lead&^((w&(ones*0x1e))+ones*0x7f) | three&^(((w&(ones*0x0f))^ones*0x0d)+ones*0x7f) | four
	return next, suspect, ok
}

// checkSecond checks that the lead bytes in the first word of s that suspect marks have a second byte that
// makes a code point: none encoded longer than need be, no surrogate, none above 10FFFF.
func checkSecond(s string, suspect uint64) bool {
	for ; suspect != 0; suspect &= suspect - 1 {
		p := bits.TrailingZeros64(suspect) >> 3
		if p+1 >= len(s) {
			return false
		}
		r := &secondByte[s[p]-0xc0]
		if c := s[p+1]; c < r[0] || c > r[1] {
			return false
		}
	}
	return true
}

// secondByte is the range of the byte after a lead byte from C0 on.
var secondByte = func() (t [64][2]byte) {
	for i := range t {
		switch lead := 0xc0 + i; {
		case lead < 0xc2 || lead > 0xf4:
			t[i] = [2]byte{1, 0}
		case lead == 0xe0:
			t[i] = [2]byte{0xa0, 0xbf}
		case lead == 0xed:
			t[i] = [2]byte{0x80, 0x9f}
		case lead == 0xf0:
			t[i] = [2]byte{0x90, 0xbf}
		case lead == 0xf4:
			t[i] = [2]byte{0x80, 0x8f}
		default:
			t[i] = [2]byte{0x80, 0xbf}
		}
	}
	return
}()

// plain returns the offset of the first byte of s at or after i that is odd; len(s) if there is none.
func plain(s string, i int) int {
	rest := s[i:]
	for len(rest) >= 8 {
		if m := odd(word(rest)); m != 0 {
			return len(s) - len(rest) + bits.TrailingZeros64(m)>>3
		}
		rest = rest[8:]
		for len(rest) >= 32 {
			m := odds(word(rest)) | odds(word(rest[8:])) | odds(word(rest[16:])) | odds(word(rest[24:]))
			if m&highs != 0 {
				break
			}
			rest = rest[32:]
		}
	}
	for j := 0; j < len(rest); j++ {
		if c := rest[j]; c < ' ' || c == '"' || c == '\\' || c >= 0x80 {
			return len(s) - len(rest) + j
		}
	}
	return len(s)
}

// textEnd returns the offset of the first byte of s at or after i that is special, or if over is true the first one that is
// no escape, having checked that what is before it is valid. Without such a byte it is len(s). For invalid UTF-8 it is negative.
func textEnd(s string, i int, over bool) int {
	var due uint64
	for i < len(s) {
		rest := s[i:]
		var w uint64
		if len(rest) >= 8 {
			w = word(rest)
		} else {
			w = tail(rest)
		}
		marks := special(w)
		if w&highs|due != 0 {
			next, suspect, ok := checkUTF8(before(w, marks), due)
			if !ok || suspect != 0 && !checkSecond(rest, suspect) {
				return -1
			}
			due = next
		} else if marks == 0 && len(rest) >= 48 {
			i = plain(s, i+8)
			continue
		}
		if marks == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(marks) >> 3
		if !over || s[i] != '\\' {
			return i
		}
		if i+1 < len(s) && simpleEscape[s[i+1]] != 0 {
			i += 2
		} else if _, n := unescape(s, i); n > 0 {
			i += n
		} else {
			return i
		}
	}
	if due != 0 {
		return -1
	}
	return len(s)
}
