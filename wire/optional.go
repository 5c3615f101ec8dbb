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
	if len(d.bools) == 0 {
		d.bools = make([]bool, 16) // what the smallest object takes in memory anyway
	}
	v := &d.bools[0]
	d.bools = d.bools[1:]
	*v = d.Bool()
	return v
}

// OptInt reads an optional integer; null is remembered in x.
func (d *Decoder) OptInt(x *Members, name string) *int64 {
	if !d.present(x, name) {
		return nil
	}
	v := d.Int()
	return &v
}

// OptFloat reads an optional number; null is remembered in x, and so are digits that float64 does not hold.
func (d *Decoder) OptFloat(x *Members, name string) *float64 {
	if !d.present(x, name) {
		return nil
	}
	v := d.NumberFloat(x, name)
	return &v
}

// NumberFloat reads a number and remembers in x the digits of one that float64 does not hold, like 2^53+1.
func (d *Decoder) NumberFloat(x *Members, name string) float64 {
	v, lit := d.float()
	if lit != "" && !reproduces(v, lit) {
		d.remember(x, name, strings.Clone(lit))
	}
	return v
}
