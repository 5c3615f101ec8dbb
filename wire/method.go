package wire

// A Value is a pointer to a type that brings its own codec, as every generated type does.
type Value interface {
	// EncodeJSON writes the value to e, as one JSON value.
	EncodeJSON(e *Encoder)
	// DecodeJSON sets the value from the JSON value at d's cursor.
	DecodeJSON(d *Decoder)
}

// A Request is a request method: its name on the wire, its params P and its result R.
// *P and *R implement [Value].
type Request[P, R any] struct {
	// Method is the name on the wire.
	Method string
	// ParamsRequired is set when a request without params is invalid.
	ParamsRequired bool
}

// A Notification is a notification method: its name on the wire and its params P.
// *P implements [Value].
type Notification[P any] struct {
	// Method is the name on the wire.
	Method string
	// ParamsRequired is set when a notification without params is invalid.
	ParamsRequired bool
}

// Empty is the params or the result of a method that defines no members of its own.
type Empty struct {
	// Extra holds the members that came all the same.
	Extra Members
}

// EncodeJSON writes an object of the members in Extra.
func (v *Empty) EncodeJSON(e *Encoder) {
	e.Object()
	e.EndObject(v.Extra, nil)
}

// DecodeJSON reads an object and keeps its members in Extra.
func (v *Empty) DecodeJSON(d *Decoder) {
	*v = Empty{}
	for k, ok := d.First(); ok; k, ok = d.Next() {
		d.Extra(&v.Extra, k)
	}
}

// MarshalJSON makes Empty work with encoding/json.
func (v Empty) MarshalJSON() ([]byte, error) { return Append(nil, &v) }

// UnmarshalJSON makes Empty work with encoding/json.
func (v *Empty) UnmarshalJSON(data []byte) error { return Unmarshal(data, v) }
