package gen

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// published names a folder of REVISION/schema.json files, and perhaps
// REVISION/examples/DEFINITION/*.json: the schemas as they were published. With
// it the tests also validate against those.
const published = "CODEXMCP_SCHEMAS"

// corrected are the definitions for which what we send is not always valid
// against the published schema, because an overlay corrects it, by revision.
var corrected = map[string][]string{
	// A form's answer may be any number; published are integers.
	"2025-06-18": {"/ElicitResult"},
	"2025-11-25": {"/ElicitResult"},
	"2026-07-28": {"/ElicitResult"},
}

// A proof is one package under test: its schema with overlays, and its model.
type proof struct {
	src     Source
	pkg     *Package
	root    map[string]any
	roots   map[string]map[string]any
	schemas *jsonschema.Compiler
	rng     *rand.Rand
}

// proofs prepares every package of the repository.
func proofs(t *testing.T) []*proof {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	sources, err := repository()
	require.NoError(t, err)
	packages, err := repositoryPackages()
	require.NoError(t, err)
	bundles := map[string]map[string]any{}
	var all []*proof
	for i, src := range sources {
		text, err := Bundle(src)
		require.NoError(t, err)
		root, err := parseJSON(text)
		require.NoError(t, err)
		p := &proof{src: src, pkg: packages[i], root: root.(map[string]any), roots: map[string]map[string]any{}}
		p.rng = rand.New(rand.NewPCG(seed, uint64(i)))
		bundles[src.Import] = p.root
		p.roots[""] = p.root
		p.schemas = jsonschema.NewCompiler()
		require.NoError(t, p.schemas.AddResource("test:///own", root))
		for name, imported := range src.Imports {
			p.roots[name] = bundles[imported.Import]
			require.NoError(t, p.schemas.AddResource("test:///"+name, any(bundles[imported.Import])))
		}
		all = append(all, p)
	}
	return all
}

func (p *proof) inventor() *inventor {
	g := &inventor{rng: p.rng, roots: p.roots, unions: map[string]bool{}}
	for _, u := range p.pkg.Unions {
		g.unions[u.At] = true
		if u.Key != "" && !slices.Contains(g.keys, u.Key) {
			g.keys = append(g.keys, u.Key)
		}
	}
	return g
}

// A subject is one generated type and the place of its schema.
type subject struct{ name, at string }

func (p *proof) subjects() []subject {
	var all []subject
	for _, s := range p.pkg.Structs {
		all = append(all, subject{s.Name, s.At})
	}
	for _, u := range p.pkg.Unions {
		all = append(all, subject{u.Name, u.At})
	}
	return all
}

func validate(schema *jsonschema.Schema, text []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// publishedSchemas are the published definitions of a package's revision, if a person has them.
func publishedSchemas(t *testing.T, revision string) *jsonschema.Compiler {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(os.Getenv(published), revision, "schema.json"))
	if os.Getenv(published) == "" || os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("test:///published", doc))
	return c
}

// TestEveryType makes random instances of every type of every package, decodes
// and encodes them, and compares and validates what comes out.
func TestEveryType(t *testing.T) {
	c := useCodecs(t)
	for _, p := range proofs(t) {
		t.Run(p.pkg.Name, func(t *testing.T) {
			upstream := publishedSchemas(t, p.src.Revision)
			valid := 0
			var questions []question
			for _, s := range p.subjects() {
				schema, err := p.schemas.Compile("test:///own#/$defs" + s.at)
				require.NoError(t, err)
				var original *jsonschema.Schema
				if upstream != nil && !slices.ContainsFunc(corrected[p.src.Revision], func(at string) bool { return strings.HasPrefix(s.at, at) }) {
					keyword := "$defs"
					if p.src.Revision < "2025-11" {
						keyword = "definitions"
					}
					original, _ = upstream.Compile("test:///published#/" + keyword + s.at)
				}
				for i := range 12 {
					g := p.inventor()
					g.wild, g.full, g.bare = i%2 == 1, i == 2, i == 0
					at, target := g.resolve("#/$defs" + s.at)
					text := g.print(g.invent(at, target, 0))
					tame := !g.wild && validate(schema, text) == nil
					if tame {
						valid++
					}
					questions = append(questions, question{"roundtrip", p.pkg.Name + "." + s.name, text, func(got []byte, err error) {
						if !assert.NoError(t, err, "%s: %s", s.name, text) || !assert.NoError(t, equalJSON(text, got), s.name) || !tame {
							return
						}
						assert.NoError(t, validate(schema, got), "%s: %s", s.name, got)
						if original != nil && validate(original, text) == nil {
							assert.NoError(t, validate(original, got), "%s as published: %s", s.name, got)
						}
					}})
				}
			}
			require.NoError(t, c.askAll(questions))
			require.Greater(t, valid, 5*len(p.subjects()), "too few of the instances were valid")
		})
	}
}

// TestEveryTypeRefuses tries what every struct must refuse, or take as unknown.
func TestEveryTypeRefuses(t *testing.T) {
	c := useCodecs(t)
	for _, p := range proofs(t) {
		t.Run(p.pkg.Name, func(t *testing.T) {
			var questions []question
			for _, s := range p.pkg.Structs {
				if !s.Box {
					questions = append(questions, refusals(t, p, s)...)
				}
			}
			require.NoError(t, c.askAll(questions))
		})
	}
}

// refusals are what a struct must refuse, each a small change of what it takes.
func refusals(t *testing.T, p *proof, s *Struct) []question {
	t.Helper()
	name := p.pkg.Name + "." + s.Name
	g := p.inventor()
	g.full = true
	at, target := g.resolve("#/$defs" + s.At)
	n := g.invent(at, target, 4)
	text := g.print(n)
	var questions []question
	refused := func(text []byte, want string) {
		questions = append(questions, question{"roundtrip", name, text, func(_ []byte, err error) {
			assert.ErrorContains(t, err, want, "%s: %s", name, text)
		}})
	}
	taken := func(text []byte) {
		questions = append(questions, question{"roundtrip", name, text, func(got []byte, err error) {
			if assert.NoError(t, err, "%s: %s", name, text) {
				assert.NoError(t, equalJSON(text, got), name)
			}
		}})
	}
	for _, f := range s.Fields {
		if n.members[f.Wire] == nil {
			continue
		}
		own := g.print(n.members[f.Wire])
		quoted := jsonQuote(f.Wire)
		refused(fmt.Appendf(nil, "%s,%s:%s}", text[:len(text)-1], quoted, own), "duplicate member")
		for _, variant := range misspelled(f.Wire) {
			if other := g.print(n.renamed(f.Wire, variant)); f.Required {
				refused(other, ": missing")
			} else {
				taken(other)
			}
		}
		if !f.Required {
			continue
		}
		refused(g.print(n.without(f.Wire)), ": missing")
		refused(g.print(n.without(f.Wire)), strings.Trim(quoted, `"`))
		if k := f.Type.Kind; !f.Type.Nullable && k != Raw && k != UnionKind {
			refused(g.print(n.with(f.Wire, &node{kind: 'n'})), strings.Trim(quoted, `"`))
		}
	}
	if len(n.names) > 0 {
		refused(fmt.Appendf(nil, `%s,"x-twice":1,"x-twice":1}`, text[:len(text)-1]), `duplicate member "x-twice"`)
	}
	for _, tail := range []string{" 1", "{}", "\x00", "]", ",", "\xff"} {
		refused(append(slices.Clone(text), tail...), "")
	}
	if len(text) < 4096 {
		questions = append(questions, question{"cut", name, text, func(_ []byte, err error) { assert.NoError(t, err, name) }})
	}
	return questions
}

// misspelled are names that are not the given one, though careless codecs take them for it.
func misspelled(name string) []string {
	var out []string
	for _, other := range []string{
		strings.ToUpper(name), strings.ToLower(name), strings.ReplaceAll(name, "s", "\u017f"), strings.ReplaceAll(name, "k", "\u212a"), name + "\x00", name + " ",
	} {
		if other != name {
			out = append(out, other)
		}
	}
	return out
}

// TestPublishedExamples decodes and encodes the examples that were published
// beside a schema.
func TestPublishedExamples(t *testing.T) {
	if os.Getenv(published) == "" {
		t.Skipf("%s names no folder of published schemas", published)
	}
	c := useCodecs(t)
	for _, p := range proofs(t) {
		files, err := filepath.Glob(filepath.Join(os.Getenv(published), p.src.Revision, "examples", "*", "*.json"))
		require.NoError(t, err)
		for _, file := range files {
			definition := filepath.Base(filepath.Dir(file))
			if slices.Contains(inconsistent, definition+"/"+filepath.Base(file)) {
				continue
			}
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			schema, err := p.schemas.Compile("test:///own#/$defs/" + definition)
			require.NoError(t, err)
			require.NoError(t, validate(schema, text), file)
			for _, part := range p.typed(t, definition, text) {
				got, err := c.ask("roundtrip", p.pkg.Name+"."+part.name, part.text)
				if assert.NoError(t, err, "%s as %s", file, part.name) {
					assert.NoError(t, equalJSON(part.text, got), file)
				}
			}
		}
	}
}

// inconsistent are published examples that their own schema does not allow for
// the type they are meant to be.
var inconsistent = []string{
	// It lacks the cacheScope and ttlMs that a complete result requires, and is
	// valid only because it might be a request for input.
	"ReadResourceResultResponse/read-resource-result-response.json",
}

// A typedPart is a part of an example that has a Go type.
type typedPart struct {
	name string
	text []byte
}

// typed finds what of an example has a type: all of it, or, of a message, its
// params, or, of a response, its result or error.
func (p *proof) typed(t *testing.T, definition string, text []byte) []typedPart {
	t.Helper()
	if typ := p.pkg.types[definition]; typ != nil && typ.Name != "" && typ.Kind != EnumKind {
		return []typedPart{{typ.Name, text}}
	}
	var whole map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(text, &whole), definition)
	for _, m := range p.pkg.Methods {
		if m.def == definition && m.Params != nil && whole["params"] != nil {
			return []typedPart{{m.Params.Name, whole["params"]}}
		}
	}
	var result *Type
	if base, ok := strings.CutSuffix(definition, "ResultResponse"); ok {
		for _, m := range p.pkg.Methods {
			if m.def == base+"Request" {
				result = m.Result
			}
		}
	}
	if result != nil && whole["result"] != nil {
		return []typedPart{{result.Name, whole["result"]}}
	}
	return nil
}
