package mcpclient

import (
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// Rough edge 53: the model API takes every name.
func TestEdge53Names(t *testing.T) {
	s := &server{config: config.MCPServer{Name: "fix"}}
	long := strings.Repeat("n", 70)
	var tools []*tool
	for _, n := range []string{"dotted.name", long, "plain", "plain", "dotted_name", "größe 1", "grö/e 1", ""} {
		tools = append(tools, &tool{Tool: mcptypes.Tool{Name: n}, server: s})
	}
	got := map[string]string{}
	for _, t := range name(tools, slog.New(slog.DiscardHandler)) {
		got[t.Name] = t.name
	}
	require.Equal(t, "fix__plain", got["plain"])
	require.Equal(t, "fix__dotted_name", got["dotted_name"], "who needs no change keeps its name")
	require.Regexp(t, `^fix__dotted_name[0-9a-f]{40}$`, got["dotted.name"])
	require.Equal(t, "fix__gr__e_1", got["grö/e 1"])
	require.Regexp(t, `^fix__gr__e_1[0-9a-f]{40}$`, got["größe 1"])
	require.Equal(t, "fix__nnnnnnnnnnnnnnnnnnn5b831e0558e363ce17fd1b43f26750c9c7f17f2f", got[long])
	unique := map[string]bool{}
	for _, n := range got {
		require.Regexp(t, regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`), n)
		require.False(t, unique[n], n)
		unique[n] = true
	}
	require.Len(t, got, 7)
}

func TestSchemas(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"as it is", `{"type":"object","properties":{"a":{"type":"string","enum":["x"],"minLength":1}},"required":["a"],"additionalProperties":false}`, ""},
		{"unions inside stay", `{"type":"object","properties":{"a":{"anyOf":[{"type":"string"},{"type":"null"}]}}}`, ""},
		{"references stay", `{"type":"object","properties":{"a":{"$ref":"#/$defs/A"}},"$defs":{"A":{"type":"string"}}}`, ""},
		{"no properties", `{"type":"object"}`, `{"type":"object","properties":{}}`},
		{"nothing", `{}`, `{"type":"object","properties":{}}`},
		{"integer", `{"type":"object","properties":{"a":{"type":"integer","minimum":1}}}`, `{"type":"object","properties":{"a":{"type":"number","minimum":1}}}`},
		{"integer or null", `{"type":"object","properties":{"a":{"type":["integer","null"]}}}`, `{"type":"object","properties":{"a":{"type":["number","null"]}}}`},
		{"booleans", `{"type":"object","properties":{"a":true},"additionalProperties":true}`, `{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":true}`},
		{"implied types", `{"properties":{"o":{"required":["x"]},"l":{"prefixItems":[]},"e":{"enum":["a"]},"n":{"maximum":3},"s":{"description":"d"}}}`,
			`{"type":"object","properties":{"o":{"required":["x"],"type":"object","properties":{}},"l":{"prefixItems":[],"type":"array","items":{"type":"string"}},
			"e":{"enum":["a"],"type":"string"},"n":{"maximum":3,"type":"number"},"s":{"description":"d","type":"string"}}}`},
		{"array without items", `{"type":"object","properties":{"a":{"type":"array"}}}`, `{"type":"object","properties":{"a":{"type":"array","items":{"type":"string"}}}}`},
		{"union on top", `{"type":"object","properties":{"a":{"type":"string"}},"oneOf":[{"required":["a"]}],"$schema":"x"}`, `{"type":"object","properties":{"a":{"type":"string"}}}`},
		{"reference on top", `{"$ref":"#/$defs/A","$defs":{"A":{"type":"object","properties":{"a":{"type":"string"}}}}}`,
			`{"$defs":{"A":{"type":"object","properties":{"a":{"type":"string"}}}},"type":"object","properties":{"a":{"type":"string"}}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in, err := wire.ParseRaw([]byte(tt.in))
			require.NoError(t, err)
			got, err := parametersOf(in)
			require.NoError(t, err)
			if tt.want == "" {
				require.Equal(t, tt.in, got.String(), "not a byte is changed")
				return
			}
			require.JSONEq(t, tt.want, got.String())
		})
	}
	deep, err := wire.ParseRaw([]byte(`{"properties":{"a":` + strings.Repeat(`{"type":"array","items":`, 100) + `{}` + strings.Repeat(`}`, 100) + `}}`))
	require.NoError(t, err)
	_, err = parametersOf(deep)
	require.ErrorContains(t, err, "nested deeper than")
	for _, bad := range []string{`{"$ref":"https://example.com/a"}`, `{"properties":{"a":1}}`, `{"$ref":"#/nowhere"}`} {
		in, err := wire.ParseRaw([]byte(bad))
		require.NoError(t, err)
		_, err = parametersOf(in)
		require.Error(t, err, bad)
	}
}
