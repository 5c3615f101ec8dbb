package mcptypes_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// seeds are messages as they are met, and what breaks careless codecs.
var seeds = []string{
	`{"content":[{"type":"text","text":"hi"},{"type":"image","data":"aGk=","mimeType":"image/png"},{"type":"hologram","x":1e400}],"isError":false}`,
	`{"content":[{"type":"resource","resource":{"uri":"a:b","blob":"","x":null}},{"type":"resource_link","name":"n","uri":"u","size":9007199254740993}],"structuredContent":{"a":[1.0,-0]}}`,
	`{"type":"text","text":"\ud834\udd1e","annotations":{"priority":0.10,"audience":["user","robot"]}}`,
	`{"type":"text","type":"text"}`, `{"TYPE":"text","t\u0065xt":"a"}`, `{"type":"resource","resource":{"text":"a","uri":""}}`,
	`{"name":"t","arguments":{"a":{"b":[[]]}},"_meta":{"progressToken":1.0,"progressToken\u0000":1}}`,
	`{"name":"t","arguments":null}`, `{"type":"object","properties":{"a":{"type":"string","enum":[]}}}`, `{"type":"number"}`,
	"\xff", `{"a":`, `[]`, `null`, ` {} `, `{}{}`, `"\u0000"`, "{\"text\":\"\x01\"}",
}

// check decodes text as v and holds the codec to what it promises, with
// go-json-experiment as the judge of what is JSON: without duplicate names and
// invalid UTF-8.
func check(t *testing.T, text []byte, v wire.Value) {
	t.Helper()
	isJSON := jsontext.Value(text).IsValid()
	if err := wire.Unmarshal(text, v); err != nil {
		var e *wire.Error
		if !errors.As(err, &e) {
			t.Fatalf("error %T is no *wire.Error: %v", err, err)
		}
		if isJSON && e.Kind == wire.Syntax {
			t.Fatalf("valid JSON is refused: %v: %q", err, text)
		}
		return
	}
	if !isJSON {
		t.Fatalf("what is no JSON is accepted: %q", text)
	}
	first, err := wire.Append(nil, v)
	if err != nil {
		t.Fatalf("what was decoded does not encode: %v: %q", err, text)
	}
	if !jsontext.Value(first).IsValid() {
		t.Fatalf("what is encoded is no JSON: %q: %q", first, text)
	}
	if err := wire.Unmarshal(first, v); err != nil {
		t.Fatalf("what was encoded does not decode: %v: %q", err, first)
	}
	if second, err := wire.Append(nil, v); err != nil || !bytes.Equal(first, second) {
		t.Fatalf("encoding is not stable: %q, then %q (%v)", first, second, err)
	}
}

func fuzz(f *testing.F, fresh func() wire.Value) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) { check(t, text, fresh()) })
}

func FuzzCallToolResult(f *testing.F) {
	fuzz(f, func() wire.Value { return new(mcptypes.CallToolResult) })
}

func FuzzCallToolParams(f *testing.F) {
	fuzz(f, func() wire.Value { return new(mcptypes.CallToolParams) })
}

func FuzzCreateMessageParams(f *testing.F) {
	fuzz(f, func() wire.Value { return new(mcptypes.CreateMessageParams) })
}

// A union as a value, which generated code has only as a member.
type union[T any] struct {
	value  T
	decode func(*wire.Decoder) T
	encode func(*wire.Encoder, T)
}

func (u *union[T]) DecodeJSON(d *wire.Decoder) { u.value = u.decode(d) }
func (u *union[T]) EncodeJSON(e *wire.Encoder) { u.encode(e, u.value) }

func FuzzContentBlock(f *testing.F) {
	fuzz(f, func() wire.Value {
		return &union[mcptypes.ContentBlock]{decode: mcptypes.DecodeContentBlock, encode: mcptypes.EncodeContentBlock}
	})
}

func FuzzResourceContents(f *testing.F) {
	fuzz(f, func() wire.Value {
		return &union[mcptypes.ResourceContents]{decode: mcptypes.DecodeResourceContents, encode: mcptypes.EncodeResourceContents}
	})
}

func FuzzPrimitiveSchemaDefinition(f *testing.F) {
	fuzz(f, func() wire.Value {
		return &union[mcptypes.PrimitiveSchemaDefinition]{decode: mcptypes.DecodePrimitiveSchemaDefinition, encode: mcptypes.EncodePrimitiveSchemaDefinition}
	})
}
