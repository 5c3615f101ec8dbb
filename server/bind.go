package server

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/codexmcp/codexmcp/wire"
)

// binderOf returns what fills an In from arguments. Those that were checked are
// there as Go values already, so that plain types need no second look at the text; a
// type that decodes itself, or has a form of its own, is decoded from it.
func binderOf[In any]() func(text wire.Raw, value any, in *In) error {
	if !plain(reflect.TypeFor[In](), map[reflect.Type]bool{}) {
		return func(text wire.Raw, _ any, in *In) error { return text.Decode(in) }
	}
	return func(text wire.Raw, value any, in *In) error {
		if value == nil { // unchecked
			var err error
			if value, err = valueOfJSON(text); err != nil {
				return err
			}
		}
		return bind(reflect.ValueOf(in).Elem(), value, "")
	}
}

// plain reports whether bind knows a type.
func plain(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return true
	}
	seen[t] = true
	p := reflect.PointerTo(t)
	if p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return false
	}
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	case reflect.Interface:
		return t.NumMethod() == 0
	case reflect.Pointer:
		return plain(t.Elem(), seen)
	case reflect.Slice:
		return t.Elem().Kind() != reflect.Uint8 && plain(t.Elem(), seen)
	case reflect.Map:
		return t.Key() == reflect.TypeFor[string]() && plain(t.Elem(), seen)
	case reflect.Struct:
		for f := range t.Fields() {
			_, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.Anonymous || strings.Contains(options, "string") || f.IsExported() && !plain(f.Type, seen) {
				return false
			}
		}
		return true
	}
	return false
}

// bind sets a Go value from one read of JSON. A null leaves it as it is.
func bind(to reflect.Value, from any, path string) error {
	if from == nil {
		return nil
	}
	switch to.Kind() {
	case reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		return bind(to.Elem(), from, path)
	case reflect.Interface:
		to.Set(reflect.ValueOf(asJSON(from)))
		return nil
	case reflect.Struct:
		if object, ok := from.(map[string]any); ok {
			return bindStruct(to, object, path)
		}
	case reflect.Map:
		if object, ok := from.(map[string]any); ok {
			return bindMap(to, object, path)
		}
	case reflect.Slice:
		if array, ok := from.([]any); ok {
			to.Set(reflect.MakeSlice(to.Type(), len(array), len(array)))
			for i, item := range array {
				if err := bind(to.Index(i), item, path+"["+strconv.Itoa(i)+"]"); err != nil {
					return err
				}
			}
			return nil
		}
	case reflect.String:
		if text, ok := from.(string); ok {
			to.SetString(text)
			return nil
		}
	case reflect.Bool:
		if b, ok := from.(bool); ok {
			to.SetBool(b)
			return nil
		}
	default:
		if bindNumber(to, from) {
			return nil
		}
	}
	return fmt.Errorf("%s: want a %s", strings.TrimPrefix(path, "."), to.Type())
}

// bindNumber sets a number that fits.
func bindNumber(to reflect.Value, from any) bool {
	f, isFloat := from.(float64)
	n, isInt := from.(int64)
	if isFloat && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		n, isInt = int64(f), true
	}
	switch {
	case to.CanFloat() && isFloat:
		to.SetFloat(f)
	case to.CanFloat() && isInt:
		to.SetFloat(float64(n))
	case to.CanInt() && isInt && !to.OverflowInt(n):
		to.SetInt(n)
	case to.CanUint() && isInt && n >= 0 && !to.OverflowUint(uint64(n)):
		to.SetUint(uint64(n))
	default:
		return false
	}
	return true
}

func bindStruct(to reflect.Value, object map[string]any, path string) error {
	t := to.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			name = f.Name
		}
		value, found := object[name]
		if !found || !f.IsExported() || name == "-" {
			continue
		}
		if err := bind(to.Field(i), value, path+"."+name); err != nil {
			return err
		}
	}
	return nil
}

func bindMap(to reflect.Value, object map[string]any, path string) error {
	to.Set(reflect.MakeMapWithSize(to.Type(), len(object)))
	for name, value := range object {
		item := reflect.New(to.Type().Elem()).Elem()
		if err := bind(item, value, path+"."+name); err != nil {
			return err
		}
		to.SetMapIndex(reflect.ValueOf(name), item)
	}
	return nil
}

// asJSON makes integers float64, as encoding/json has them.
func asJSON(v any) any {
	switch x := v.(type) {
	case int64:
		return float64(x)
	case []any:
		for i := range x {
			x[i] = asJSON(x[i])
		}
	case map[string]any:
		for k := range x {
			x[k] = asJSON(x[k])
		}
	}
	return v
}
