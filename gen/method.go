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
			var named bool
			if base, named = strings.CutSuffix(name, "Notification"); !named {
				isRequest = schema.Properties["id"] != nil
			}
		}
		if byWire[wire] != nil {
			continue // a direction may repeat a message's schema under its own name
		}
		m := &Method{Wire: wire, Name: goName(base), Request: isRequest, def: name,
			ParamsRequired: slices.Contains(schema.Required, "params"), Doc: schema.Description}
		if h := b.hints[below("", name)]; h != nil && h.Name != "" {
			m.Name = h.Name
		}
		for _, o := range b.overlays {
			if text, ok := o.Methods[wire]; ok {
				text.used = true
				m.Doc = text.text
			}
		}
		at := below("", name)
		if err := b.params(m, schema, at); err != nil {
			return err
		}
		if isRequest {
			if err := b.result(m, base); err != nil {
				return err
			}
		}
		if err := b.take(at, m.Name); err != nil {
			return err
		}
		byWire[wire] = m
		b.pkg.Methods = append(b.pkg.Methods, m)
	}
	return nil
}

// params finds what a message carries. Free-form params need no type.
func (b *builder) params(m *Method, schema *schemas.Type, at string) error {
	params := schema.Properties["params"]
	if params == nil {
		return nil
	}
	name := goName(strings.TrimSuffix(strings.TrimSuffix(m.def, "Request"), "Notification")) + "Params"
	var err error
	m.paramsAt = at + "/properties/params"
	m.Params, err = b.concrete(m.paramsAt, name, "RequestParams", params)
	return err
}

// result finds a request's result by name: XRequest is answered by the member
// result of XResponse, or by XResult, or by EmptyResult. An overlay may name
// another definition.
func (b *builder) result(m *Method, base string) error {
	name := goName(base) + "Result"
	answers := []string{base + "ResultResponse", base + "SuccessResponse", base + "Response", base + "Result", "EmptyResult"}
	if h := b.hints[below("", m.def)]; h != nil && h.Result != "" {
		answers = []string{h.Result}
	}
	for _, def := range answers {
		schema, at := b.defs[def], below("", def)
		if schema == nil {
			continue
		}
		if result := schema.Properties["result"]; result != nil && strings.HasSuffix(def, "Response") {
			schema, at = result, at+"/properties/result"
		} else if strings.HasSuffix(def, "Response") && len(answers) > 1 {
			continue
		} else {
			schema = &schemas.Type{Ref: "#/$defs/" + strings.ReplaceAll(pointer.Replace(def), "%", "%25")}
		}
		var err error
		m.resultAt = at
		m.Result, err = b.concrete(at, name, "RequestResult", schema)
		return err
	}
	return errAt(below("", m.def), "nothing says what answers it: no definition %q, no %q with a member result, no EmptyResult; an overlay can name its result, or omit it", base+"Result", base+"Response")
}

// concrete is what a schema becomes as the params or the result of a method
// value, which takes only structs: anything else is boxed in one, named XParams or
// XResult or, where a definition has that name, XRequestParams or XRequestResult.
// A free-form object needs no type.
func (b *builder) concrete(at, name, longer string, schema *schemas.Type) (*Type, error) {
	inner := name
	if len(variantsOf(schema, at)) > 1 || hasOther(schema) {
		inner += "Variant"
	}
	t, err := b.typeOf(schema, at, inner)
	switch {
	case err != nil:
		return nil, err
	case t.Kind == StructKind && !t.Nullable:
		return t, nil
	case t.Kind == Members && !t.Nullable:
		return nil, nil
	}
	if b.taken[name] != "" {
		name = strings.TrimSuffix(strings.TrimSuffix(name, "Params"), "Result") + longer
	}
	if err := b.take(at, name); err != nil {
		return nil, err
	}
	field := &Field{Name: "Value", Type: variable(t), Required: true}
	if t.Kind == UnionKind {
		field.Name = t.Name
	}
	box := &Struct{Name: name, At: at, Box: true, Doc: b.doc(name, schema), Fields: []*Field{field}}
	if box.Doc == "" {
		box.Doc = name + " holds what the method carries."
		if t.Kind == UnionKind {
			box.Doc = fmt.Sprintf("%s holds %s.", name, strings.Replace(article(t.Name), t.Name, "["+t.Name+"]", 1))
		}
	}
	b.pkg.Structs = append(b.pkg.Structs, box)
	return &Type{Kind: StructKind, Name: name, strct: box}, nil
}

// buildDirections finds which messages may go which way, from the unions of
// messages that the source names.
func (b *builder) buildDirections(directions []string) error {
	for _, name := range directions {
		at := below("", name)
		d := &Direction{Name: goName(name) + "s"}
		d.Doc = fmt.Sprintf("%s are the methods of every %s.", d.Name, strings.ToLower(strings.Join(words(name), " ")))
		if err := b.take(at, d.Name); err != nil {
			return err
		}
		b.pkg.Directions = append(b.pkg.Directions, d)
		schema, ok := b.defs[name]
		if !ok {
			continue
		}
		members := b.spread([]property{{schema, at}}, nil)
		for _, member := range members {
			message := member.schema
			if def, local := definitionOf(message.Ref); local && b.defs[def] != nil {
				message = b.defs[def]
			}
			wire, ok := messageOf(message)
			i := slices.IndexFunc(b.pkg.Methods, func(m *Method) bool { return m.Wire == wire })
			if !ok || i < 0 {
				return errAt(member.at, "a member of %s is no message", name)
			}
			d.Methods = append(d.Methods, b.pkg.Methods[i])
		}
	}
	return nil
}
