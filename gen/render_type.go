package gen

import (
	"fmt"
	"strconv"
	"strings"
)

// goType is a type as Go writes it.
func (r *renderer) goType(t *Type) string {
	switch t.Kind {
	case String, ConstString:
		return "string"
	case Bool, ConstBool:
		return "bool"
	case Int, ConstInt:
		return "int64"
	case Float:
		return "float64"
	case ID:
		r.imports[wireImport] = true
		return "wire.RequestID"
	case Raw:
		r.imports[wireImport] = true
		return "wire.Raw"
	case Members:
		r.imports[wireImport] = true
		return "wire.Members"
	case Slice:
		return "[]" + r.itemType(t.Elem)
	case Map:
		return "map[string]" + r.itemType(t.Elem)
	default:
		return r.qualified(t)
	}
}

// qualified is the name of a named type, with its package if it is another's.
func (r *renderer) qualified(t *Type) string { return r.prefixed(t, "") }

func (r *renderer) prefixed(t *Type, prefix string) string {
	if t.Import == "" || t.Import == r.pkg.Import {
		return prefix + t.Name
	}
	r.imports[t.Import] = true
	return t.Import[strings.LastIndexByte(t.Import, '/')+1:] + "." + prefix + t.Name
}

// itemType is a type as an item of an array or a map, a pointer where a value
// could not say null.
func (r *renderer) itemType(t *Type) string {
	switch t.Kind {
	case String, EnumKind, Bool, Int, Float, StructKind:
		if t.Nullable {
			return "*" + r.goType(t)
		}
	}
	return r.goType(t)
}

// fieldType is the type of a struct's field. What is optional and could
// otherwise not say "absent", and what may be null, is a pointer.
func (r *renderer) fieldType(f *Field) string {
	name := r.goType(f.Type)
	switch f.Type.Kind {
	case Bool, Int, Float, StructKind:
		if !f.Required || f.Type.Nullable {
			return "*" + name
		}
	case String, EnumKind:
		if f.Required && f.Type.Nullable {
			return "*" + name
		}
	}
	return name
}

// decoded is the expression that reads a value, "" where it takes a statement.
func (r *renderer) decoded(t *Type) string {
	switch t.Kind {
	case StructKind, Slice, Map:
		return ""
	case UnionKind:
		return r.prefixed(t, "Decode") + "(d)"
	case EnumKind:
		return r.qualified(t) + "(d.Enum(" + r.values(t) + "))"
	}
	return "d." + kindNames[t.Kind] + "()"
}

// pointee is the value of an item that may be a pointer. A struct's codec takes
// the pointer.
func (r *renderer) pointee(expr string, t *Type) string {
	if t.Kind == StructKind || r.itemType(t) == r.goType(t) {
		return expr
	}
	return "(*" + expr + ")"
}

// absent is the condition under which a value says nothing.
func absent(t *Type, expr string) string {
	switch t.Kind {
	case ID, Members, Raw:
		return expr + ".IsZero()"
	}
	return expr + " == nil"
}

// values is the list of an enumeration's known values. That of another
// package is not exported, so there the value is not interned.
func (r *renderer) values(t *Type) string {
	if t.Import != "" || t.enum == nil || len(t.enum.Values) == 0 {
		return "nil"
	}
	return unexported(t.Name) + "Values"
}

// methodType is the type argument of a method value.
func (r *renderer) methodType(t *Type) string {
	if t == nil {
		r.imports[wireImport] = true
		return "wire.Empty"
	}
	return r.qualified(t)
}

// tag is the struct tag by which reflection knows the member.
func tag(f *Field) string {
	name := f.Wire
	if !f.Required {
		name += ",omitzero"
	}
	return rawQuote("json:" + strconv.Quote(name))
}

// requiredMembers are the names of a struct's required members.
func requiredMembers(s *Struct) []string {
	var names []string
	for _, f := range s.Fields {
		if f.Required {
			names = append(names, f.Wire)
		}
	}
	return names
}

// requiredMask has the bits of a struct's required members.
func requiredMask(s *Struct) string {
	var mask uint64
	for i, f := range s.Fields {
		if f.Required {
			mask |= 1 << i
		}
	}
	return fmt.Sprintf("%#x", mask)
}
