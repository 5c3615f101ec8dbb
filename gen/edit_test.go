package gen

import (
	"flag"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var edits = flag.Int("edits", 100, "how many schemas to edit at random")

// TestEditedSchemas edits the goldens' schemas at random: what becomes of them is
// code that compiles, or an error, and never anything else.
func TestEditedSchemas(t *testing.T) {
	all, err := goldens()
	require.NoError(t, err)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	built := 0
	for range *edits {
		g := all[rng.IntN(len(all))]
		src, err := g.source()
		require.NoError(t, err)
		src.Overlays = nil
		parsed, err := parseJSON(src.Schema)
		require.NoError(t, err)
		root := parsed.(map[string]any)
		require.NoError(t, modernize(root))
		e := &editor{rng: rng, defs: root["$defs"].(map[string]any)}
		for range 1 + rng.IntN(3) {
			e.edit()
		}
		src.Schema, err = marshalIndent(root)
		require.NoError(t, err)
		files, err := Generate(src)
		if err != nil {
			require.NotContains(t, err.Error(), "_gen.go", "the generated code does not parse\n%s", src.Schema)
			require.Contains(t, err.Error(), "/$defs/", "the error names no path\n%s", src.Schema)
			continue
		}
		built++
		if !t.Run(g.name(), func(t *testing.T) { typeCheck(t, src.Import, files) }) {
			t.Fatalf("%s", src.Schema)
		}
	}
	require.NotZero(t, built)
}

// An editor changes one place of a schema at a time.
type editor struct {
	rng  *rand.Rand
	defs map[string]any
}

func (e *editor) edit() {
	places := e.places(e.defs, nil)
	p, other := places[e.rng.IntN(len(places))], places[e.rng.IntN(len(places))]
	was := p.value()
	is := clone(was)
	schema, ok := is.(map[string]any)
	names := sortedKeys(e.defs)
	ref := map[string]any{"$ref": "#/$defs/" + names[e.rng.IntN(len(names))]}
	switch e.rng.IntN(12) {
	case 0:
		is = clone(other.value())
	case 1:
		is = ref
	case 2:
		is = map[string]any{"anyOf": []any{is, clone(other.value())}}
	case 3:
		is = map[string]any{"allOf": []any{is, ref}}
	case 4:
		is = map[string]any{"type": "array", "items": is}
	case 5:
		is = map[string]any{"type": "object", "additionalProperties": is}
	case 6:
		is = map[string]any{"oneOf": []any{is, map[string]any{"type": "null"}}}
	default:
		if !ok || len(schema) == 0 {
			return
		}
		keys := sortedKeys(schema)
		switch key := keys[e.rng.IntN(len(keys))]; e.rng.IntN(4) {
		case 0:
			delete(schema, key)
		case 1:
			schema["type"] = []any{"string", "object", "integer", "null", "array", "boolean", "number"}[e.rng.IntN(7)]
		case 2:
			schema["nullable"] = true
		case 3:
			if o, ok := other.value().(map[string]any); ok {
				maps.Copy(schema, clone(o).(map[string]any))
			}
		}
	}
	p.parent[p.key] = is
}

// places are the schemas below one.
func (e *editor) places(named map[string]any, found []place) []place {
	for _, name := range sortedKeys(named) {
		found = append(found, place{parent: named, key: name})
		schema, _ := named[name].(map[string]any)
		if properties, ok := schema["properties"].(map[string]any); ok {
			found = e.places(properties, found)
		}
		for _, key := range []string{"items", "additionalProperties"} {
			if _, ok := schema[key].(map[string]any); ok {
				found = append(found, place{parent: schema, key: key})
			}
		}
		for _, key := range []string{"anyOf", "oneOf", "allOf"} {
			list, _ := schema[key].([]any)
			for _, part := range list {
				inner, _ := part.(map[string]any)
				if properties, ok := inner["properties"].(map[string]any); ok {
					found = e.places(properties, found)
				}
			}
		}
	}
	return slices.Clip(found)
}
