// Command codecs puts generated types to the test: it reads requests, one JSON
// object a line, and answers each with what the type's codec made of it. The test
// that builds it adds the tables of types and the packages they are in.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"

	"github.com/invopop/jsonschema"

	"github.com/codexmcp/codexmcp/wire"
)

type request struct {
	Op, Type string
	Data     []byte
}

type reply struct {
	Data  []byte
	Error string
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	encode := json.NewEncoder(out)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var req request
		if err := json.Unmarshal(line, &req); err != nil {
			return
		}
		var res reply
		data, err := serve(req)
		if res.Data = data; err != nil {
			res.Error = err.Error()
		}
		if encode.Encode(res) != nil || in.Buffered() == 0 && out.Flush() != nil {
			return
		}
	}
}

func serve(req request) ([]byte, error) {
	if known, ok := enumTable[req.Type]; ok && req.Op == "valid" {
		return valid(known, req.Data)
	}
	fresh, ok := valueTable[req.Type]
	if !ok {
		return nil, fmt.Errorf("no type %s", req.Type)
	}
	switch req.Op {
	case "roundtrip":
		return roundTrip(fresh, req.Data)
	case "cut":
		for i := range req.Data {
			if err := wire.Unmarshal(req.Data[:i], fresh()); err == nil {
				return nil, fmt.Errorf("accepted when cut at byte %d: %s", i, req.Data[:i])
			}
		}
		return nil, nil
	case "schema":
		r := jsonschema.Reflector{Anonymous: true, AllowAdditionalProperties: true, DoNotReference: true, Mapper: opaque(fresh())}
		return json.Marshal(r.Reflect(fresh()))
	}
	return nil, fmt.Errorf("no operation %q", req.Op)
}

// roundTrip decodes and encodes. A second time must give the same, and so must
// encoding/json.
func roundTrip(fresh func() wire.Value, data []byte) ([]byte, error) {
	v := fresh()
	if err := unmarshalLent(data, v); err != nil {
		return nil, err
	}
	first, err := wire.Append(nil, v)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	again := v // a value that was used before keeps nothing of it
	raw, err := wire.ParseRaw(first)
	if err != nil {
		return nil, fmt.Errorf("what was encoded is no JSON: %w: %s", err, first)
	}
	if err := raw.Decode(again); err != nil { // whose text is not lent but shared
		return nil, fmt.Errorf("decode what was encoded: %w: %s", err, first)
	}
	second, err := wire.Append(nil, again)
	if err != nil || !bytes.Equal(first, second) {
		return nil, fmt.Errorf("encoded twice: %s, then %s (%v)", first, second, err)
	}
	if _, isUnion := v.(unionValue); isUnion {
		return first, nil
	}
	std := fresh()
	if err := json.Unmarshal(data, std); err != nil {
		return nil, fmt.Errorf("encoding/json: %w", err)
	}
	viaStd, err := json.Marshal(std)
	if err != nil || !bytes.Equal(compact(first), compact(viaStd)) {
		return nil, fmt.Errorf("encoded: %s, by encoding/json: %s (%v)", first, viaStd, err)
	}
	return first, nil
}

// unmarshalLent decodes from a buffer that is overwritten at once, so that whatever holds on to it is found out.
func unmarshalLent(data []byte, v wire.Value) error {
	lent := bytes.Clone(data)
	defer clear(lent)
	return wire.Unmarshal(lent, v)
}

// compact is JSON as encoding/json writes it.
func compact(text []byte) []byte {
	var b bytes.Buffer
	if json.Compact(&b, text) != nil {
		return text
	}
	var escaped bytes.Buffer
	json.HTMLEscape(&escaped, b.Bytes())
	return escaped.Bytes()
}

// opaque keeps reflection at the members of one struct.
func opaque(v any) func(reflect.Type) *jsonschema.Schema {
	top := reflect.TypeOf(v).Elem()
	return func(t reflect.Type) *jsonschema.Schema {
		if t == top || t == reflect.PointerTo(top) {
			return nil
		}
		return &jsonschema.Schema{}
	}
}

// valid returns which of a list of strings an enumeration knows.
func valid(known func(string) bool, data []byte) ([]byte, error) {
	var all, found []string
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, err
	}
	for _, text := range all {
		if known(text) {
			found = append(found, text)
		}
	}
	return json.Marshal(found)
}

// A unionValue is a union as a wire.Value.
type unionValue interface{ isUnion() }

type union[T any] struct {
	value  T
	decode func(*wire.Decoder) T
	encode func(*wire.Encoder, T)
}

func (u *union[T]) isUnion()                   {}
func (u *union[T]) DecodeJSON(d *wire.Decoder) { u.value = u.decode(d) }
func (u *union[T]) EncodeJSON(e *wire.Encoder) { u.encode(e, u.value) }
