package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
)

// Kind is what a JSON value is.
type Kind uint8

// The kinds of JSON values.
const (
	KindInvalid Kind = iota // no JSON value starts here
	KindObject
	KindArray
	KindString
	KindNumber
	KindBool
	KindNull
)

var kindNames = [...]string{"no value", "an object", "an array", "a string", "a number", "a boolean", "null"}

// String returns the kind in words, with its article.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return kindNames[KindInvalid]
}

// kindOf tells a value's kind by its first byte.
func kindOf(c byte) Kind {
	switch {
	case c == '"':
		return KindString
	case c == '{':
		return KindObject
	case c == '[':
		return KindArray
	case c == '-' || '0' <= c && c <= '9':
		return KindNumber
	case c == 't' || c == 'f':
		return KindBool
	case c == 'n':
		return KindNull
	}
	return KindInvalid
}

// Raw is one JSON value as text, byte for byte as it came, and valid by construction.
// The zero Raw is no value at all: an absent member.
// Raw is immutable; == compares the text.
type Raw struct {
	text string // without surrounding whitespace
}

// ParseRaw returns text as a Raw, without the whitespace around it.
// It refuses what a [Decoder] refuses: see the package's table.
func ParseRaw(text []byte) (Raw, error) {
	d := NewDecoder(string(text))
	r := d.Raw()
	return r, d.End()
}

// RawOf encodes v: a generated type by its own codec, anything else by encoding/json
// (without its HTML escaping). The result is checked as by [ParseRaw].
func RawOf(v any) (Raw, error) {
	switch v := v.(type) {
	case nil:
		return Raw{"null"}, nil
	case Raw:
		if v.IsZero() {
			return Raw{}, fmt.Errorf("encode a raw value: it is absent")
		}
		return v, nil
	case string:
		return encoded(func(e *Encoder) { e.StringValue(v) })
	case Members:
		return encoded(func(e *Encoder) { e.MembersValue(v) })
	case RequestID:
		return encoded(func(e *Encoder) { e.IDValue(v) })
	}
	if c := codecOf(v); c != nil {
		text, err := Append(nil, c)
		return Raw{string(text)}, err
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return Raw{}, fmt.Errorf("encode a raw value: %w", err)
	}
	return ParseRaw(b.Bytes())
}

func encoded(encode func(*Encoder)) (Raw, error) {
	e := NewEncoder(nil)
	encode(&e)
	text, err := e.Result()
	return Raw{string(text)}, err
}

// codecOf returns v, or a pointer to a copy of v, as a Value; nil if v has no codec or is a nil pointer.
func codecOf(v any) Value {
	r := reflect.ValueOf(v)
	if r.Kind() == reflect.Pointer {
		if c, ok := v.(Value); ok && !r.IsNil() {
			return c
		}
		return nil
	}
	if !reflect.PointerTo(r.Type()).Implements(reflect.TypeFor[Value]()) {
		return nil
	}
	p := reflect.New(r.Type())
	p.Elem().Set(r)
	c, _ := p.Interface().(Value)
	return c
}

// EmptyObject is the value {}.
func EmptyObject() Raw { return Raw{"{}"} }

// String returns the JSON text, "" if r is absent.
func (r Raw) String() string { return r.text }

// Bytes returns a copy of the JSON text.
func (r Raw) Bytes() []byte { return []byte(r.text) }

// IsZero reports whether r is absent.
func (r Raw) IsZero() bool { return r.text == "" }

// IsNull reports whether r is the value null; an absent r is not.
func (r Raw) IsNull() bool { return r.text == "null" }

// Kind returns what r is, [KindInvalid] if it is absent.
func (r Raw) Kind() Kind {
	if r.text == "" {
		return KindInvalid
	}
	return kindOf(r.text[0])
}

// Decode sets *v from r: a generated type by its own codec, anything else by encoding/json.
func (r Raw) Decode(v any) error {
	if r.IsZero() {
		return fmt.Errorf("decode a raw value: it is absent")
	}
	if c, ok := v.(Value); ok {
		return decode(r.text, c)
	}
	return json.Unmarshal([]byte(r.text), v)
}

// MarshalJSON makes Raw work with encoding/json; an absent Raw is null there.
func (r Raw) MarshalJSON() ([]byte, error) {
	if r.IsZero() {
		return []byte("null"), nil
	}
	return []byte(r.text), nil
}

// UnmarshalJSON makes Raw work with encoding/json.
func (r *Raw) UnmarshalJSON(data []byte) error {
	v, err := ParseRaw(data)
	if err != nil {
		return err
	}
	*r = v
	return nil
}
