package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	reflector "github.com/invopop/jsonschema"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// SchemaOf returns the JSON schema of a Go type, as [AddTool] makes it. A type
// that JSON has no form for, such as one with a channel, is an error.
func SchemaOf[T any]() (wire.Raw, error) { return schemaOf[T](false) }

// schemaOf makes the schema of a Go type; open ones allow members that the type
// does not know.
func schemaOf[T any](open bool) (_ wire.Raw, err error) {
	if reflect.TypeFor[T]() == reflect.TypeFor[any]() {
		return wire.ParseRaw([]byte(`{"type":"object"}`))
	}
	defer func() { // the reflector's way to say that it cannot
		if reason := recover(); reason != nil {
			err = fmt.Errorf("%v: %v", reflect.TypeFor[T](), reason)
		}
	}()
	r := reflector.Reflector{Anonymous: true, DoNotReference: true, AllowAdditionalProperties: open}
	schema := r.Reflect(new(T))
	schema.Version = ""
	text, err := json.Marshal(schema)
	if err != nil {
		return wire.Raw{}, err
	}
	return wire.ParseRaw(text)
}

// objectSchemaOf is schemaOf for what must be an object, as arguments and
// structured results must.
func objectSchemaOf[T any](open bool) (wire.Raw, error) {
	schema, err := schemaOf[T](open)
	if err != nil {
		return wire.Raw{}, err
	}
	var members wire.Members
	if err := schema.Decode(&members); err != nil {
		return wire.Raw{}, err
	}
	if kind, ok := members.Get("type"); ok && kind.String() != `"object"` {
		return wire.Raw{}, fmt.Errorf("%v: want a type that is an object in JSON, got %s", reflect.TypeFor[T](), kind)
	}
	return schema, nil
}

// isStructured reports whether values of a type are objects that describe
// themselves.
func isStructured[T any]() bool {
	t := reflect.TypeFor[T]()
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct && t != reflect.TypeFor[mcptypes.CallToolResult]() && t != reflect.TypeFor[wire.Raw]() && t != reflect.TypeFor[wire.Members]()
}

// A schema checks values.
type schema struct {
	compiled *jsonschema.Schema
	quick    *acceptor // nil if there is none
}

// noLoader refuses to fetch a schema from anywhere.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("schema %q: not fetched: only references within the schema are followed", url)
}

// compile makes a schema fit for checking. Without $schema it is of 2020-12.
func compile(raw wire.Raw) (*schema, error) {
	document, err := valueOfJSON(raw)
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(noLoader{})
	const name = "mem:///schema.json"
	if err := c.AddResource(name, document); err != nil {
		return nil, err
	}
	compiled, err := c.Compile(name)
	if err != nil {
		return nil, err
	}
	return &schema{compiled, acceptorOf(compiled)}, nil
}

// check says in one line what does not fit.
func (s *schema) check(value any) error {
	if s.quick.accepts(value) {
		return nil
	}
	err := s.compiled.Validate(value)
	if err == nil {
		return nil
	}
	invalid, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return err
	}
	var lines []string
	printer := message.NewPrinter(language.English)
	leaves(invalid, func(leaf *jsonschema.ValidationError) {
		if len(lines) == 8 { // enough to go by
			return
		}
		text := leaf.ErrorKind.LocalizedString(printer)
		if at := strings.Join(leaf.InstanceLocation, "."); at != "" {
			text = at + ": " + text
		}
		lines = append(lines, text)
	})
	return errors.New(strings.Join(lines, "; "))
}

// leaves visits the causes that have no further cause.
func leaves(e *jsonschema.ValidationError, visit func(*jsonschema.ValidationError)) {
	if len(e.Causes) == 0 {
		visit(e)
	}
	for _, cause := range e.Causes {
		leaves(cause, visit)
	}
}

// valueOfJSON returns JSON as Go values: objects are maps, arrays slices, integers int64,
// and other numbers float64.
func valueOfJSON(raw wire.Raw) (any, error) {
	d := wire.NewDecoder(raw.String())
	v := readValue(&d)
	return v, d.End()
}

func readValue(d *wire.Decoder) any {
	switch d.PeekKind() {
	case wire.KindObject:
		object := map[string]any{}
		for k, ok := d.First(); ok; k, ok = d.Next() {
			name := d.Keep(k)
			if _, twice := object[name]; twice {
				d.Duplicate()
			}
			object[name] = readValue(d)
		}
		return object
	case wire.KindArray:
		array := []any{}
		for ok := d.FirstItem(); ok; ok = d.NextItem() {
			array = append(array, readValue(d))
		}
		return array
	case wire.KindString:
		return d.String()
	case wire.KindNumber:
		return readNumber(d)
	case wire.KindBool:
		return d.Bool()
	}
	if !d.Null() {
		d.Skip()
	}
	return nil
}

// readNumber keeps integers whole. Others are a float64, so that no exponent
// makes the check compute a number of a billion digits.
func readNumber(d *wire.Decoder) any {
	text := d.Raw().String()
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		d.Fail("the number %.20q is out of range", text)
	}
	return f
}
