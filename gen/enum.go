package gen

import (
	"fmt"
	"strconv"

	"github.com/atombender/go-jsonschema/pkg/schemas"
)

// enum builds an open set of strings.
func (b *builder) enum(schema *schemas.Type, at, name string, hint *Entry) (*Type, error) {
	return b.share(schema, at, name, hint, func(t *Type) error {
		t.Kind = EnumKind
		if err := b.take(at, name, unexported(name)+"Values"); err != nil {
			return err
		}
		e := &Enum{Name: name, At: at, Doc: b.doc(name, schema)}
		for _, v := range schema.Enum {
			wire, ok := v.(string)
			if !ok {
				return errAt(at, "enum value %v: only strings are supported", v)
			}
			known := b.values[at][wire]
			goValue := enumName(wire)
			if h := b.hints[known.at]; h != nil && h.Name != "" {
				goValue = h.Name
			}
			value := &EnumValue{Wire: wire, Name: name + goValue, Doc: b.valueDoc(name, wire, known.doc)}
			if err := b.take(known.at, value.Name); err != nil {
				return err
			}
			e.Values = append(e.Values, value)
		}
		t.enum = e
		b.pkg.Enums = append(b.pkg.Enums, e)
		return nil
	})
}

// constant is the type of a member that has only one value.
func constant(value any, at string) (*Type, error) {
	switch v := value.(type) {
	case string:
		return &Type{Kind: ConstString, Const: v}, nil
	case bool:
		return &Type{Kind: ConstBool, Const: strconv.FormatBool(v)}, nil
	case float64:
		if v == float64(int64(v)) {
			return &Type{Kind: ConstInt, Const: fmt.Sprint(int64(v))}, nil
		}
	}
	return nil, errAt(at, "const %v: only strings, booleans and integers are supported"+remedy, value)
}
