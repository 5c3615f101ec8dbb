package gen

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestReflectedSchemas reflects the generated Go types into schemas again and
// compares them with pin plus overlays: the same members, the same required ones,
// the same enumerations. A bug of the generator cannot hide behind its own
// drift check.
func TestReflectedSchemas(t *testing.T) {
	c := useCodecs(t)
	for _, p := range proofs(t) {
		t.Run(p.pkg.Name, func(t *testing.T) {
			for _, s := range p.pkg.Structs {
				if s.Box {
					continue
				}
				text, err := c.ask("schema", p.pkg.Name+"."+s.Name, nil)
				require.NoError(t, err)
				var reflected struct {
					Properties map[string]json.RawMessage
					Required   []string
				}
				require.NoError(t, json.Unmarshal(text, &reflected))
				_, schema := p.inventor().resolve("#/$defs" + s.At)
				members, required := p.fields(schema.(map[string]any))
				slices.Sort(reflected.Required)
				assert.Equal(t, sortedKeys(members), sortedKeys(reflected.Properties), "members of %s", s.Name)
				assert.Equal(t, required, append([]string{}, reflected.Required...), "required members of %s", s.Name)
			}
			known := p.enumerations()
			var all []string
			for _, values := range known {
				all = append(all, values...)
			}
			slices.Sort(all)
			candidates, err := json.Marshal(append(slices.Compact(all), "", "x-unknown"))
			require.NoError(t, err)
			for _, e := range p.pkg.Enums {
				if len(e.Values) == 0 {
					continue
				}
				text, err := c.ask("valid", p.pkg.Name+"."+e.Name, candidates)
				require.NoError(t, err)
				var valid []string
				require.NoError(t, json.Unmarshal(text, &valid))
				slices.Sort(valid)
				assert.Equal(t, known[e.At], valid, "values of %s", e.Name)
			}
		})
	}
}

// fields are the members of an object by its schema, but for required constants,
// which the Go type has no field for, and which of them are required.
func (p *proof) fields(schema map[string]any) (map[string]any, []string) {
	members, required := p.members(schema)
	required = slices.DeleteFunc(required, func(name string) bool {
		constant := p.isConstant(members[name])
		if constant {
			delete(members, name)
		}
		return constant
	})
	return members, required
}

// members are all members of an object, those of its allOf among them, and the
// names of the required ones, sorted.
func (p *proof) members(schema map[string]any) (map[string]any, []string) {
	members, required := map[string]any{}, []string{}
	if ref, ok := schema["$ref"].(string); ok {
		_, target := p.inventor().resolve(ref)
		return p.members(target.(map[string]any))
	}
	parts, _ := schema["allOf"].([]any)
	for _, part := range parts {
		more, needs := p.members(part.(map[string]any))
		maps.Copy(members, more)
		required = append(required, needs...)
	}
	properties, _ := schema["properties"].(map[string]any)
	maps.Copy(members, properties)
	needs, _ := stringList(schema["required"])
	required = append(required, needs...)
	slices.Sort(required)
	return members, slices.Compact(required)
}

func (p *proof) isConstant(schema any) bool {
	s, _ := schema.(map[string]any)
	if ref, ok := s["$ref"].(string); ok && strings.HasPrefix(ref, "#") {
		_, target := p.inventor().resolve(ref)
		return p.isConstant(target)
	}
	return has(s, "const")
}

// enumerations are all lists of strings of a schema, sorted, by path.
func (p *proof) enumerations() map[string][]string {
	found := map[string][]string{}
	var walk func(at string, node any)
	walk = func(at string, node any) {
		switch n := node.(type) {
		case map[string]any:
			if values, ok := stringList(n["enum"]); ok && n["type"] == "string" {
				slices.Sort(values)
				found[at] = values
			}
			for _, key := range []string{"anyOf", "oneOf"} {
				variants, _ := n[key].([]any)
				var values []string
				for _, v := range variants {
					if value, ok := v.(map[string]any)["const"].(string); ok {
						values = append(values, value)
					}
				}
				if len(values) > 1 {
					slices.Sort(values)
					found[at] = values
				}
			}
			for key, value := range n {
				walk(below(at, key), value)
			}
		case []any:
			for i, item := range n {
				walk(below(at, string(rune('0'+i))), item)
			}
		}
	}
	walk("", p.root["$defs"])
	return found
}

// TestEveryMethod: what the schemas list as messages are method values, in every
// direction they may go, and nothing else is.
func TestEveryMethod(t *testing.T) {
	for _, p := range proofs(t) {
		t.Run(p.pkg.Name, func(t *testing.T) {
			defs := p.root["$defs"].(map[string]any)
			method := func(name string) string {
				s, _ := defs[name].(map[string]any)
				properties, _ := s["properties"].(map[string]any)
				m, _ := properties["method"].(map[string]any)
				text, _ := m["const"].(string)
				return text
			}
			want := map[string]bool{}
			for name := range defs {
				if text := method(name); text != "" {
					want[text] = strings.HasSuffix(name, "Request")
				}
			}
			got := map[string]bool{}
			for _, m := range p.pkg.Methods {
				got[m.Wire] = m.Request
				assert.True(t, m.Request || m.Result == nil, "%s is answered", m.Wire)
			}
			assert.Equal(t, want, got)
			require.Len(t, p.pkg.Directions, len(p.src.Directions))
			for i, name := range p.src.Directions {
				var methods []string
				for _, variant := range append(variants(defs[name]), map[string]any{"$ref": "#/$defs/" + name}) {
					ref, _ := variant.(map[string]any)["$ref"].(string)
					if text := method(strings.TrimPrefix(ref, "#/$defs/")); text != "" {
						methods = append(methods, text)
					}
				}
				var listed []string
				for _, m := range p.pkg.Directions[i].Methods {
					listed = append(listed, m.Wire)
					assert.Equal(t, strings.HasSuffix(name, "Request"), m.Request, "%s in %s", m.Wire, name)
				}
				assert.ElementsMatch(t, methods, listed, name)
			}
		})
	}
}

func variants(schema any) []any {
	s, _ := schema.(map[string]any)
	list, _ := s["anyOf"].([]any)
	return list
}
