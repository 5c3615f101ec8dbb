package wire

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// An Encoder appends JSON to a buffer. Every value ends in a comma, which the end of its container, or
// [Encoder.Result], takes back. After a failure what is written no longer matters.
//
// A key is given as it stands in the text, with its quotes and colon: `"name":`.
// The Opt methods and Absent write nothing for an absent value unless x, the members that the type does not know,
// holds something under the key's name: what [Decoder.Present] remembered, or what the user set.
type Encoder struct {
	buf  []byte
	base int // where the buffer started
	err  *Error
}

// NewEncoder returns an encoder that appends to dst.
func NewEncoder(dst []byte) Encoder { return Encoder{buf: dst, base: len(dst)} }

// Reset makes e append to dst.
func (e *Encoder) Reset(dst []byte) { *e = Encoder{buf: dst, base: len(dst)} }

// Result returns the buffer with the value appended, or as it was and the first failure as an [*Error].
func (e *Encoder) Result() ([]byte, error) {
	if e.err != nil {
		return e.buf[:e.base], e.err
	}
	if n := len(e.buf); n > e.base && e.buf[n-1] == ',' {
		return e.buf[:n-1], nil
	}
	return e.buf, nil
}

// Fail records that the value being written cannot be. Only the first failure counts.
func (e *Encoder) Fail(format string, args ...any) {
	if e.err == nil {
		text := string(e.buf[e.base:])
		e.err = &Error{Mismatch, formatPath(pathTo(text, len(text))), fmt.Sprintf(format, args...), len(text)}
	}
}

// Object begins an object.
func (e *Encoder) Object() { e.buf = append(e.buf, '{') }

// EndObject ends an object after writing those members of x whose names are not among the known ones.
func (e *Encoder) EndObject(x Members, known []string) {
	if x.m != nil {
		e.members(x, known)
	}
	e.end('}')
}

func (e *Encoder) members(x Members, known []string) {
	for _, m := range x.m.list {
		if !slices.Contains(known, m.Name) {
			e.name(m.Name)
			e.RawValue(m.Value)
		}
	}
}

// name writes a member name that is not known to be valid.
func (e *Encoder) name(name string) {
	var ok bool
	if e.buf, ok = appendString(e.buf, name); !ok {
		e.Fail("member name %s is not valid UTF-8", quote(name))
	}
	e.buf = append(e.buf, ':')
}

// Name writes the key for a member whose name is only known at run time, as in a map.
func (e *Encoder) Name(name string) { e.name(name) }

// end closes a container.
func (e *Encoder) end(c byte) {
	if n := len(e.buf) - 1; n >= 0 && e.buf[n] == ',' {
		e.buf[n] = c
		e.buf = append(e.buf, ',')
		return
	}
	e.buf = append(e.buf, c, ',')
}

// Array begins an array.
func (e *Encoder) Array() { e.buf = append(e.buf, '[') }

// EndArray ends an array.
func (e *Encoder) EndArray() { e.end(']') }

// Key writes a key; its value must follow.
func (e *Encoder) Key(key string) { e.buf = append(e.buf, key...) }

// StringValue writes a string; one that is not valid UTF-8 is an error.
func (e *Encoder) StringValue(v string) {
	if !isShortPlain(v) {
		e.escaped(v)
		return
	}
	n := len(e.buf)
	end := n + len(v) + len(`"",`)
	if end > cap(e.buf) {
		e.buf = slices.Grow(e.buf, end-n)
	}
	b := e.buf[n:end]
	b[0] = '"'
	n = 1 + copy(b[1:], v)
	b[n], b[n+1] = '"', ','
	e.buf = e.buf[:end]
}

// escaped writes a string of any kind.
func (e *Encoder) escaped(v string) {
	var ok bool
	if e.buf, ok = appendString(e.buf, v); !ok {
		e.Fail("string is not valid UTF-8")
	}
	e.buf = append(e.buf, ',')
}

// BoolValue writes a boolean.
func (e *Encoder) BoolValue(v bool) { e.Bool("", v) }

// IntValue writes an integer.
func (e *Encoder) IntValue(v int64) { e.Int("", v) }

// FloatValue writes a number; an infinity or NaN is an error.
func (e *Encoder) FloatValue(v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		e.Fail("number %v has no JSON form", v)
		return
	}
	e.buf = append(appendFloat(e.buf, v), ',')
}

// lineEnds leaves out line ends: in valid JSON they never stand inside a string.
var lineEnds = strings.NewReplacer("\n", "", "\r", "")

// RawValue writes a raw value as it stands, but for line ends between its tokens, which are left out so that the
// result is one line. An absent one is an error.
func (e *Encoder) RawValue(v Raw) {
	if v.IsZero() {
		e.Fail("missing")
		return
	}
	text := v.text
	if strings.IndexByte(text, '\n') >= 0 || strings.IndexByte(text, '\r') >= 0 {
		text = lineEnds.Replace(text)
	}
	e.buf = append(append(e.buf, text...), ',')
}

// IDValue writes an id. An absent one is an error.
func (e *Encoder) IDValue(v RequestID) {
	switch v.kind {
	case idInt:
		e.IntValue(v.num)
	case idBig:
		e.buf = append(append(e.buf, v.text...), ',')
	case idString:
		e.StringValue(v.text)
	default:
		e.Fail("missing")
	}
}

// MembersValue writes members as an object, absent ones as an empty object.
func (e *Encoder) MembersValue(v Members) {
	e.Object()
	e.EndObject(v, nil)
}

// Null writes null.
func (e *Encoder) Null() { e.buf = append(e.buf, "null,"...) }

// String writes a member that is a string.
func (e *Encoder) String(key, v string) {
	e.Key(key)
	e.StringValue(v)
}

// Const writes a member whose text, between the quotes, needs no check and no escapes.
func (e *Encoder) Const(key, v string) {
	e.buf = append(append(append(append(e.buf, key...), '"'), v...), '"', ',')
}

// Bool writes a member that is a boolean.
func (e *Encoder) Bool(key string, v bool) {
	text := "false,"
	if v {
		text = "true,"
	}
	e.buf = append(append(e.buf, key...), text...)
}

// Int writes a member that is an integer.
func (e *Encoder) Int(key string, v int64) {
	e.buf = append(strconv.AppendInt(append(e.buf, key...), v, 10), ',')
}

// Float writes a member that is a number, with the digits that x remembers if they still stand for v.
func (e *Encoder) Float(key string, v float64, x Members) {
	e.Key(key)
	if x.m != nil {
		if r, ok := x.Get(nameOf(key)); ok && r.Kind() == KindNumber {
			if was, err := strconv.ParseFloat(r.text, 64); err == nil && was == v {
				e.RawValue(r)
				return
			}
		}
	}
	e.FloatValue(v)
}

// Raw writes a member of any kind. An absent one is an error.
func (e *Encoder) Raw(key string, v Raw) {
	e.Key(key)
	e.RawValue(v)
}

// ID writes a member that is an id. An absent one is an error.
func (e *Encoder) ID(key string, v RequestID) {
	e.Key(key)
	e.IDValue(v)
}

// Members writes a member that is a free-form object, absent members as an empty one.
func (e *Encoder) Members(key string, v Members) {
	e.Key(key)
	e.MembersValue(v)
}

// nameOf returns the name in a key.
func nameOf(key string) string { return key[1 : len(key)-2] }

// Absent writes what x holds for a known member that is absent.
func (e *Encoder) Absent(key string, x Members) {
	if x.m != nil {
		if r, ok := x.Get(nameOf(key)); ok {
			e.Raw(key, r)
		}
	}
}

// OptString writes an optional member that is a string.
func (e *Encoder) OptString(key, v string, x Members) {
	if v != "" || x.m != nil {
		e.optString(key, v, x)
	}
}

func (e *Encoder) optString(key, v string, x Members) {
	if v == "" {
		e.Absent(key, x)
		return
	}
	e.String(key, v)
}

// OptBool writes an optional member that is a boolean.
func (e *Encoder) OptBool(key string, v *bool, x Members) {
	if v == nil {
		e.Absent(key, x)
		return
	}
	e.Bool(key, *v)
}

// OptInt writes an optional member that is an integer.
func (e *Encoder) OptInt(key string, v *int64, x Members) {
	if v == nil {
		e.Absent(key, x)
		return
	}
	e.Int(key, *v)
}

// OptFloat writes an optional member that is a number.
func (e *Encoder) OptFloat(key string, v *float64, x Members) {
	if v == nil {
		e.Absent(key, x)
		return
	}
	e.Float(key, *v, x)
}

// OptRaw writes an optional member of any kind.
func (e *Encoder) OptRaw(key string, v Raw, x Members) {
	if v.IsZero() {
		e.Absent(key, x)
		return
	}
	e.Raw(key, v)
}

// OptID writes an optional member that is an id.
func (e *Encoder) OptID(key string, v RequestID, x Members) {
	if v.IsZero() {
		e.Absent(key, x)
		return
	}
	e.ID(key, v)
}

// OptMembers writes an optional member that is a free-form object.
func (e *Encoder) OptMembers(key string, v Members, x Members) {
	if v.m != nil || x.m != nil {
		e.optMembers(key, v, x)
	}
}

func (e *Encoder) optMembers(key string, v Members, x Members) {
	if v.IsZero() {
		e.Absent(key, x)
		return
	}
	e.Members(key, v)
}

var encoders = sync.Pool{New: func() any { return new(Encoder) }}

// Append appends the JSON of v to dst, without a line end. Having failed it returns dst and an [*Error].
func Append(dst []byte, v Value) ([]byte, error) {
	e, _ := encoders.Get().(*Encoder)
	e.Reset(dst)
	v.EncodeJSON(e)
	out, err := e.Result()
	e.Reset(nil)
	encoders.Put(e)
	return out, err
}
