package server

import (
	"reflect"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/codexmcp/codexmcp/wire"
)

// An acceptor knows some values that fit a schema, and knows them quickly. Of
// others it knows nothing: whether they fit is for the library to say.
type acceptor struct {
	kinds    map[wire.Kind]bool // nil: any
	integers bool               // a number must be an int64
	texts    []string           // that a string may be; nil: any
	required []string
	members  map[string]*acceptor
	others   *acceptor // of members that are not named; nil: there must be none
	items    *acceptor
}

// anything accepts every value.
var anything = func() *acceptor {
	a := new(acceptor)
	a.others, a.items = a, a
	return a
}()

// understood are the keywords that acceptorOf looks at or need not.
var understood = []string{"DraftVersion", "Location", "Types", "Enum", "Required", "Properties", "AdditionalProperties",
	"Items2020", "Title", "Description", "Default", "Comment", "ReadOnly", "WriteOnly", "Examples", "Deprecated"}

// acceptorOf returns the acceptor of a schema, nil if that has keywords which
// none of them understands.
func acceptorOf(s *jsonschema.Schema) *acceptor {
	if s.Bool != nil && *s.Bool {
		return anything
	}
	for f, value := range reflect.ValueOf(s).Elem().Fields() {
		if f.IsExported() && !value.IsZero() && !slices.Contains(understood, f.Name) {
			return nil
		}
	}
	a := &acceptor{required: s.Required, others: anything, items: anything}
	if s.Types != nil && !s.Types.IsEmpty() {
		a.setTypes(s.Types.ToStrings())
	}
	if s.Enum != nil {
		a.texts = []string{} // an empty enum allows nothing
		for _, value := range s.Enum.Values {
			text, ok := value.(string)
			if !ok {
				return nil
			}
			a.texts = append(a.texts, text)
		}
		a.kinds = map[wire.Kind]bool{wire.KindString: a.kinds == nil || a.kinds[wire.KindString]}
	}
	if len(s.Properties) > 0 {
		a.members = make(map[string]*acceptor, len(s.Properties))
	}
	for name, property := range s.Properties {
		if a.members[name] = acceptorOf(property); a.members[name] == nil {
			return nil
		}
	}
	switch others := s.AdditionalProperties.(type) {
	case bool:
		if !others {
			a.others = nil
		}
	case *jsonschema.Schema:
		if a.others = acceptorOf(others); a.others == nil {
			return nil
		}
	}
	if s.Items2020 != nil {
		if a.items = acceptorOf(s.Items2020); a.items == nil {
			return nil
		}
	}
	return a
}

var kindsOfTypes = map[string]wire.Kind{
	"object": wire.KindObject, "array": wire.KindArray, "string": wire.KindString, "number": wire.KindNumber,
	"integer": wire.KindNumber, "boolean": wire.KindBool, "null": wire.KindNull,
}

func (a *acceptor) setTypes(types []string) {
	a.kinds = map[wire.Kind]bool{}
	for _, t := range types {
		a.kinds[kindsOfTypes[t]] = true
	}
	a.integers = slices.Contains(types, "integer") && !slices.Contains(types, "number")
}

// takes reports whether values of a kind may fit.
func (a *acceptor) takes(kind wire.Kind) bool { return a.kinds == nil || a.kinds[kind] }

// accepts reports whether a value is known to fit.
func (a *acceptor) accepts(value any) bool {
	if a == nil {
		return false
	}
	switch v := value.(type) {
	case map[string]any:
		return a.takes(wire.KindObject) && a.acceptsObject(v)
	case []any:
		if !a.takes(wire.KindArray) {
			return false
		}
		for _, item := range v {
			if !a.items.accepts(item) {
				return false
			}
		}
		return true
	case string:
		return a.takes(wire.KindString) && (a.texts == nil || slices.Contains(a.texts, v))
	case int64:
		return a.takes(wire.KindNumber)
	case float64:
		return a.takes(wire.KindNumber) && !a.integers
	case bool:
		return a.takes(wire.KindBool)
	case nil:
		return a.takes(wire.KindNull)
	}
	return false
}

func (a *acceptor) acceptsObject(object map[string]any) bool {
	for _, name := range a.required {
		if _, found := object[name]; !found {
			return false
		}
	}
	for name, value := range object {
		member, named := a.members[name]
		if !named {
			member = a.others
		}
		if !member.accepts(value) {
			return false
		}
	}
	return true
}
