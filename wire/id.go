package wire

import "strconv"

// RequestID is the id of a request: a string or an integer. It is exact whatever its size, comparable,
// and good as a map key: 1, 1.0 and 1e0 are one id, "1" is another. The zero RequestID is absent.
type RequestID struct {
	kind idKind
	num  int64  // of idInt
	text string // of idString, and the digits of idBig
}

// ProgressToken is the token that ties progress notifications to a request.
type ProgressToken = RequestID

type idKind uint8

const (
	idNone idKind = iota
	idInt
	idBig // an integer beyond int64
	idString
)

// IntID returns the id n.
func IntID(n int64) RequestID { return RequestID{kind: idInt, num: n} }

// StringID returns the id s.
func StringID(s string) RequestID { return RequestID{kind: idString, text: s} }

// IsZero reports whether id is absent.
func (id RequestID) IsZero() bool { return id.kind == idNone }

// IsString reports whether id is a string.
func (id RequestID) IsString() bool { return id.kind == idString }

// String returns the string, or the integer's digits; "" if id is absent.
func (id RequestID) String() string {
	if id.kind == idInt {
		return strconv.FormatInt(id.num, 10)
	}
	return id.text
}

// Int64 returns the integer, and false if id is none that fits.
func (id RequestID) Int64() (int64, bool) { return id.num, id.kind == idInt }

// MarshalJSON makes RequestID work with encoding/json; an absent id is null there.
func (id RequestID) MarshalJSON() ([]byte, error) {
	e := NewEncoder(nil)
	if id.IsZero() {
		e.Null()
	} else {
		e.IDValue(id)
	}
	return e.Result()
}

// UnmarshalJSON makes RequestID work with encoding/json.
func (id *RequestID) UnmarshalJSON(data []byte) error {
	d := NewDecoder(string(data))
	v := d.ID()
	if err := d.End(); err != nil {
		return err
	}
	*id = v
	return nil
}
