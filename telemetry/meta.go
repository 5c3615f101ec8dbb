package telemetry

import (
	"reflect"

	"github.com/codexmcp/codexmcp/wire"
)

// A carrier is the metadata of a message, for a propagator.
type carrier struct {
	members *wire.Members // nil: there is none, and it cannot be had
	changed bool
}

// Get returns a text of the metadata.
func (c *carrier) Get(key string) string {
	if c.members == nil {
		return ""
	}
	raw, ok := c.members.Get(key)
	if !ok {
		return ""
	}
	d := wire.NewDecoder(raw.String())
	text := d.String()
	if d.End() != nil {
		return "" // of another kind
	}
	return text
}

// Set adds a text to the metadata.
func (c *carrier) Set(key, value string) {
	if c.members != nil && c.members.SetValue(key, value) == nil {
		c.changed = true
	}
}

// Keys returns the names of what is there.
func (c *carrier) Keys() []string {
	var names []string
	if c.members != nil {
		for name := range c.members.All() {
			names = append(names, name)
		}
	}
	return names
}

func (c *carrier) set() bool { return c.changed }

// The generated types have metadata in a field of one name: members, or a type
// whose further members are in another.
const (
	fieldMeta  = "Meta"
	fieldExtra = "Extra"
)

var membersType = reflect.TypeFor[wire.Members]()

// metaField returns the field of params that is their metadata.
func metaField(params wire.Value) (field reflect.Value, ok bool) {
	v := reflect.ValueOf(params)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return reflect.Value{}, false
	}
	f := v.Elem().FieldByName(fieldMeta)
	switch {
	case !f.IsValid():
		return f, false
	case f.Type() == membersType:
		return f, true
	}
	if f.Kind() != reflect.Pointer || f.Type().Elem().Kind() != reflect.Struct {
		return f, false
	}
	extra, found := f.Type().Elem().FieldByName(fieldExtra)
	return f, found && extra.Type == membersType
}

// membersOf returns the members in a field of metadata that is there.
func membersOf(field reflect.Value) *wire.Members {
	if field.Type() != membersType {
		field = field.Elem().FieldByName(fieldExtra)
	}
	members, _ := field.Addr().Interface().(*wire.Members)
	return members
}

// metaOf returns the metadata of params, to be read.
func metaOf(params wire.Value) *carrier {
	f, ok := metaField(params)
	if !ok || f.Kind() == reflect.Pointer && f.IsNil() {
		return &carrier{}
	}
	return &carrier{members: membersOf(f)}
}

// withMeta returns a copy of params whose metadata can be changed without those
// of the caller. nil: they have none.
func withMeta(params wire.Value) (wire.Value, *carrier) {
	if _, ok := metaField(params); !ok {
		return nil, nil
	}
	old := reflect.ValueOf(params).Elem()
	own := reflect.New(old.Type())
	own.Elem().Set(old)
	value, ok := own.Interface().(wire.Value)
	if !ok {
		return nil, nil
	}
	f, _ := metaField(value)
	if f.Type() != membersType {
		meta := reflect.New(f.Type().Elem())
		if !f.IsNil() {
			meta.Elem().Set(f.Elem())
		}
		f.Set(meta)
	}
	members := membersOf(f)
	*members = members.Clone()
	return value, &carrier{members: members}
}
