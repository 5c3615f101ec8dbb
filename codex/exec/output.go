package exec

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// An Output is what a command wrote. When it wrote more than was to be kept,
// the middle is missing.
type Output struct {
	head, tail []byte
	total      int64
}

// Total is the number of bytes the command wrote.
func (o Output) Total() int64 { return o.total }

// Omitted is how many of them were not kept.
func (o Output) Omitted() int64 { return o.total - int64(len(o.head)) - int64(len(o.tail)) }

// Bytes returns what was kept, a note in place of what was not.
func (o Output) Bytes() []byte {
	omitted := o.Omitted()
	if omitted == 0 {
		return append(bytes.Clone(o.head), o.tail...)
	}
	head, tail := trimPartialEnd(o.head), trimPartialStart(o.tail)
	omitted = o.total - int64(len(head)) - int64(len(tail))
	out := make([]byte, 0, len(head)+len(tail)+48)
	out = append(out, head...)
	out = fmt.Appendf(out, "\n[%d bytes left out here]\n", omitted)
	return append(out, tail...)
}

// String returns what Bytes returns, anything that is not UTF-8 replaced: each
// byte, or each beginning of a character that does not go on.
func (o Output) String() string {
	text := o.Bytes()
	if utf8.Valid(text) {
		return string(text)
	}
	out := make([]byte, 0, len(text)+64)
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && size == 1 {
			for i := min(len(text), utf8.UTFMax-1); i > 1; i-- {
				if !utf8.FullRune(text[:i]) {
					size = i
					break
				}
			}
		}
		out = utf8.AppendRune(out, r)
		text = text[size:]
	}
	return string(out)
}

// A capture collects output up to a limit: the first half of it as it comes,
// then the last half in a ring.
type capture struct {
	limit int
	head  []byte
	ring  []byte
	next  int // where the ring is written next, once it is full
	total int64
}

func (c *capture) write(chunk []byte) {
	c.total += int64(len(chunk))
	if room := (c.limit+1)/2 - len(c.head); room > 0 {
		n := min(room, len(chunk))
		c.head = append(c.head, chunk[:n]...)
		chunk = chunk[n:]
	}
	size := c.limit / 2
	if size == 0 {
		return
	}
	if room := size - len(c.ring); room > 0 {
		n := min(room, len(chunk))
		c.ring = append(c.ring, chunk[:n]...)
		chunk = chunk[n:]
	}
	if len(chunk) > size {
		chunk = chunk[len(chunk)-size:]
	}
	for len(chunk) > 0 {
		n := copy(c.ring[c.next:], chunk)
		chunk = chunk[n:]
		c.next = (c.next + n) % size
	}
}

func (c *capture) output() Output {
	tail := append(bytes.Clone(c.ring[c.next:]), c.ring[:c.next]...)
	return Output{head: c.head, tail: tail, total: c.total}
}

// trimPartialEnd drops a character that is cut off at the end.
func trimPartialEnd(text []byte) []byte {
	for i := 1; i <= min(utf8.UTFMax, len(text)); i++ {
		if b := text[len(text)-i]; utf8.RuneStart(b) {
			if !utf8.FullRune(text[len(text)-i:]) {
				return text[:len(text)-i]
			}
			return text
		}
	}
	return text
}

// trimPartialStart drops what is left of a character cut off at the start.
func trimPartialStart(text []byte) []byte {
	for i := range min(utf8.UTFMax, len(text)) {
		if utf8.RuneStart(text[i]) {
			return text[i:]
		}
	}
	return text
}
