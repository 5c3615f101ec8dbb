package wire

import "strings"

// remember keeps in x, under a known name, how an optional member was spelled that its field cannot tell
// from an absent one.
func (d *Decoder) remember(x *Members, name, value string) {
	if d.err == nil {
		x.Set(d.Keep(name), Raw{value})
	}
}

// Present reports whether an optional member has a value. A null is none: it is read and remembered in x.
func (d *Decoder) Present(x *Members, name string) bool {
	return d.pos < len(d.text) && d.text[d.pos]|' ' == '{' || d.present(x, name)
}

func (d *Decoder) present(x *Members, name string) bool {
	if d.Null() {
		d.remember(x, name, "null")
		return false
	}
	return true
}

// OptString reads an optional string; null and "" are remembered in x.
func (d *Decoder) OptString(x *Members, name string) string {
	if !d.present(x, name) {
		return ""
	}
	s := d.String()
	if s == "" {
		d.remember(x, name, `""`)
	}
	return s
}

// OptEnum is OptString with the known values of an enum, as [Decoder.Enum] takes them.
func (d *Decoder) OptEnum(x *Members, name string, known []string) string {
	if !d.present(x, name) {
		return ""
	}
	s := d.Enum(known)
	if s == "" {
		d.remember(x, name, `""`)
	}
	return s
}

// OptBool reads an optional boolean; null is remembered in x.
func (d *Decoder) OptBool(x *Members, name string) *bool {
	if !d.present(x, name) {
		return nil
	}
	return place(&d.bools, 16, d.Bool())
}

// OptInt reads an optional integer; null is remembered in x.
func (d *Decoder) OptInt(x *Members, name string) *int64 {
	if !d.present(x, name) {
		return nil
	}
	return place(&d.ints, 4, d.Int())
}

// OptFloat reads an optional number; null is remembered in x, and so are digits that float64 does not hold.
func (d *Decoder) OptFloat(x *Members, name string) *float64 {
	if !d.present(x, name) {
		return nil
	}
	return place(&d.floats, 4, d.NumberFloat(x, name))
}

// place returns a pointer to v, which it puts where there is room. Room is made for several at once.
func place[T any](room *[]T, several int, v T) *T {
	if len(*room) == 0 {
		*room = make([]T, several)
	}
	p := &(*room)[0]
	*room = (*room)[1:]
	*p = v
	return p
}

// NumberFloat reads a number and remembers in x the digits of one that float64 does not hold, like 2^53+1.
func (d *Decoder) NumberFloat(x *Members, name string) float64 {
	v, lit := d.float()
	if lit != "" && !reproduces(v, lit) {
		d.remember(x, name, strings.Clone(lit))
	}
	return v
}
