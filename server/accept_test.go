package server

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/wire"
)

// What an acceptor accepts fits, and it accepts all that fits and is plain.
func TestAcceptorAgreesWithTheLibrary(t *testing.T) {
	schemas := []struct {
		text  string
		plain bool
	}{
		{`{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}`, true},
		{`{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":["string","null"]}}}`, true},
		{`{"type":"object","additionalProperties":{"type":"array","items":{"type":"number"}}}`, true},
		{`{"properties":{"a":{"enum":["x","y"],"description":"one of two"},"b":{"type":"boolean"}}}`, true},
		{`{"properties":{"a":{"type":"integer","enum":["x"]}}}`, true},
		{`{"properties":{"a":{"enum":[]}}}`, true},
		{`{}`, true},
		{`{"properties":{"a":{"type":"string","minLength":2}}}`, false},
		{`{"properties":{"a":{"type":"integer","minimum":2}}}`, false},
		{`{"properties":{"a":{"enum":["x",1]}}}`, false},
		{`{"properties":{"a":false}}`, false},
		{`{"properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"type":"string"}}}`, false},
		{`{"type":"object","patternProperties":{"^a":{"type":"string"}},"additionalProperties":false}`, false},
		{`{"unevaluatedProperties":false}`, false},
		{`{"allOf":[{"required":["a"]}]}`, false},
		{`{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"items":[{"type":"string"}]}}}`, false},
	}
	values := []string{
		`{}`, `{"a":"x"}`, `{"a":"z"}`, `{"a":1}`, `{"a":1.0}`, `{"a":1.5}`, `{"a":null}`, `{"a":true}`, `{"a":[]}`, `{"a":{}}`,
		`{"a":[1,2.5]}`, `{"a":["x"]}`, `{"a":"x","b":"y"}`, `{"a":1,"b":null}`, `{"a":"x","b":true}`, `{"a":"x","c":1}`,
		`[]`, `[1]`, `"x"`, `1`, `1.5`, `null`, `true`,
	}
	for _, s := range schemas {
		raw, err := wire.ParseRaw([]byte(s.text))
		require.NoError(t, err)
		compiled, err := compile(raw)
		require.NoError(t, err, s.text)
		require.Equal(t, s.plain, compiled.quick != nil, s.text)
		for _, text := range values {
			raw, err := wire.ParseRaw([]byte(text))
			require.NoError(t, err)
			value, err := valueOfJSON(raw)
			require.NoError(t, err)
			fits := compiled.compiled.Validate(value) == nil
			if compiled.quick.accepts(value) {
				require.True(t, fits, "%s accepts %s", s.text, text)
			} else if s.plain && text != `{"a":1.0}` { // that is for the library
				require.False(t, fits, "%s does not accept %s", s.text, text)
			}
		}
	}
}
