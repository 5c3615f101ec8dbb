package wire

import (
	"fmt"
	"strconv"
)

// ErrorKind is what is wrong with a text or a value.
type ErrorKind uint8

// The kinds of errors, with the JSON-RPC code they stand for.
const (
	// Syntax: the text is not JSON (-32700).
	Syntax ErrorKind = iota + 1
	// Invalid: it is JSON, but names a member twice or nests too deep (-32600).
	Invalid
	// Mismatch: it is JSON, but not what the Go type takes (-32602). Also every error of encoding.
	Mismatch
)

// An Error says what is wrong and where.
type Error struct {
	Kind    ErrorKind
	Path    string // the offending value, like params.content[2].text; "" is the whole
	Message string // the offence
	Offset  int    // in the text, or in what was encoded so far
}

// Error returns path and offence, and for a syntax error the offset.
func (e *Error) Error() string {
	text := e.Message
	if e.Kind == Syntax {
		text += " at byte " + strconv.Itoa(e.Offset)
	}
	if e.Path != "" {
		text = e.Path + ": " + text
	}
	return text
}

// Within returns the error as seen from outside: with path put before its own.
func (e *Error) Within(path string) *Error {
	w := *e
	w.Path = joinPath(path, e.Path)
	return &w
}

// joinPath appends the path of a part to that of its whole.
func joinPath(whole, part string) string {
	if whole == "" || part == "" || part[0] == '[' {
		return whole + part
	}
	return whole + "." + part
}

// quote returns text from outside in quotes, shortened where it is long.
func quote(text string) string {
	if len(text) > maxShown {
		return strconv.Quote(text[:maxShown]) + "..."
	}
	return strconv.Quote(text)
}

const maxShown = 64 // bytes of a value in an error

// Fail records that the value at the cursor, or the one just read, is not what the Go type takes.
// Only the first failure counts; after it every method returns zero values.
func (d *Decoder) Fail(format string, args ...any) {
	d.fail(Mismatch, d.pos, fmt.Sprintf(format, args...))
}

// fail records an error at the given offset. Cutting the text down to nothing is what stops the decoder:
// no method needs to look at err before it reads.
func (d *Decoder) fail(kind ErrorKind, offset int, message string) {
	d.failAt(kind, offset, pathTo(d.text, offset), message)
}

func (d *Decoder) failAt(kind ErrorKind, offset int, path []pathStep, message string) {
	if d.err != nil {
		return
	}
	text := d.text
	d.err = &Error{kind, formatPath(path), message, offset}
	d.text, d.pos = "", 0
	if kind == Mismatch {
		// Whether a text is JSON at all comes before whether it fits, wherever the two are in it.
		v := Decoder{text: text, limit: d.limit}
		v.Skip()
		if err := v.End(); err != nil {
			d.err = v.err
		}
	}
}

// unexpected records that the text does not go on as JSON must at offset.
func (d *Decoder) unexpected(offset int, want string) {
	if offset >= len(d.text) {
		d.fail(Syntax, offset, "unexpected end, want "+want)
		return
	}
	d.fail(Syntax, offset, "unexpected "+quoteByte(d.text[offset])+", want "+want)
}

func quoteByte(c byte) string {
	if c < 0x80 {
		return strconv.QuoteRune(rune(c))
	}
	return fmt.Sprintf("byte 0x%02x", c)
}

// mismatch records that there is another kind of value at the cursor than the one wanted.
func (d *Decoder) mismatch(want string) {
	k := d.PeekKind()
	if k == KindInvalid {
		d.unexpected(d.pos, want)
		return
	}
	d.Fail("want %s, got %s", want, d.shown(k))
}

// shown is the value at the cursor, of kind k, as an error tells of it: short ones themselves.
func (d *Decoder) shown(k Kind) string {
	value := NewDecoder(d.text[d.pos:])
	switch k {
	case KindString:
		if text := value.String(); !value.Failed() {
			return "the string " + quote(text)
		}
	case KindNumber:
		if lit := value.number("a number"); !value.Failed() {
			return "the number " + lit[:min(len(lit), maxShown)]
		}
	}
	return k.String()
}
