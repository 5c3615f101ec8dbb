package gen

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/atombender/go-jsonschema/pkg/schemas"
)

// messageOf reports whether a definition is a message: an object whose member
// method is constant. Messages become method values, not types; they become
// types too where another type refers to them.
func messageOf(schema *schemas.Type) (method string, ok bool) {
	p := schema.Properties["method"]
	if p == nil {
		return "", false
	}
	method, ok = p.Const.(string)
	return method, ok
}

// buildMethods joins every message's name, params and result.
func (b *builder) buildMethods() error {
	byWire := map[string]*Method{}
	for _, name := range slices.Sorted(maps.Keys(b.defs)) {
		schema := b.defs[name]
		wire, ok := messageOf(schema)
		if !ok {
			continue
		}
		base, isRequest := strings.CutSuffix(name, "Request")
		if !isRequest {
			if base, ok = strings.CutSuffix(name, "Notification"); !ok {
				return fmt.Errorf("/%s: a message's name must end in Request or Notification", name)
			}
		}
		if byWire[wire] != nil {
			continue // a direction may repeat a message's schema under its own name
		}
		m := &Method{Wire: wire, Name: goName(base), Request: isRequest, def: name,
			ParamsRequired: slices.Contains(schema.Required, "params"), Doc: schema.Description}
		if h := b.hints["/"+name]; h != nil && h.Name != "" {
			m.Name = h.Name
		}
		for _, o := range b.overlays {
			if text, ok := o.Methods[wire]; ok {
				text.used = true
				m.Doc = text.text
			}
		}
		if err := b.params(m, schema, "/"+name); err != nil {
			return err
		}
		if isRequest {
			if err := b.result(m, base); err != nil {
				return err
			}
		}
		if err := b.take(m.Name, "/"+name); err != nil {
			return err
		}
		byWire[wire] = m
		b.pkg.Methods = append(b.pkg.Methods, m)
	}
	return nil
}

func (b *builder) params(m *Method, schema *schemas.Type, at string) error {
	params := schema.Properties["params"]
	if params == nil {
		return nil
	}
	name := goName(strings.TrimSuffix(strings.TrimSuffix(m.def, "Request"), "Notification")) + "Params"
	t, err := b.typeOf(params, at+"/properties/params", name)
	if err != nil {
		return err
	}
	switch t.Kind {
	case StructKind:
		m.Params = t
	case Members:
	case UnionKind:
		// A method value needs a concrete type, so a union of params is boxed.
		if err := b.take(name, at); err != nil {
			return err
		}
		box := &Struct{Name: name, At: at, Doc: b.doc(name, params),
			Fields: []*Field{{Name: t.Name, Type: t, Required: true}}}
		b.pkg.Structs = append(b.pkg.Structs, box)
		m.Params = &Type{Kind: StructKind, Name: name, strct: box}
	default:
		return fmt.Errorf("%s/properties/params: params must be an object", at)
	}
	return nil
}

// result finds a request's result by name: XRequest is answered by XResult,
// or by EmptyResult where there is none.
func (b *builder) result(m *Method, base string) error {
	for _, name := range []string{base + "Result", "EmptyResult"} {
		if _, ok := b.defs[name]; !ok {
			continue
		}
		t, err := b.definition(name)
		if err != nil {
			return err
		}
		if t.Kind == StructKind {
			m.Result = t
		} else if t.Kind != Members {
			return fmt.Errorf("/%s: a result must be an object", name)
		}
		return nil
	}
	return fmt.Errorf("/%s: no %sResult and no EmptyResult", m.def, base)
}

// buildDirections finds which messages may go which way, from the unions of
// messages that the source names.
func (b *builder) buildDirections(directions []string) error {
	for _, name := range directions {
		d := &Direction{Name: name + "s"}
		d.Doc = fmt.Sprintf("%s are the methods of every %s.", d.Name, strings.ToLower(strings.Join(words(name), " ")))
		if err := b.take(d.Name, "/"+name); err != nil {
			return err
		}
		b.pkg.Directions = append(b.pkg.Directions, d)
		schema, ok := b.defs[name]
		if !ok {
			continue
		}
		members := variantsOf(schema)
		if len(members) == 0 {
			members = []*schemas.Type{schema}
		}
		for _, member := range members {
			if def, local := strings.CutPrefix(member.Ref, "#/$defs/"); local {
				member = b.defs[def]
			}
			wire, ok := "", false
			if member != nil {
				wire, ok = messageOf(member)
			}
			i := slices.IndexFunc(b.pkg.Methods, func(m *Method) bool { return m.Wire == wire })
			if !ok || i < 0 {
				return fmt.Errorf("/%s: a member is no message", name)
			}
			d.Methods = append(d.Methods, b.pkg.Methods[i])
		}
	}
	return nil
}
