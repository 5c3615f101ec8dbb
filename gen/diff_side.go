package gen

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A side is one of the two schemas that are compared: the document as
// published, and what its model says about it.
type side struct {
	defs map[string]any
	// note says why there is no model.
	note string
	pkg  *Package
	api  map[string]string   // what each Go identifier is
	at   map[string][]string // Go identifiers by where they come from
	// writers are the peers that write a definition, methods those it serves.
	roles    []string
	writers  map[string][]string
	methods  map[string][]string
	messages map[string]string // definition of each method's message
	// free are the definitions that overlays say allow any value or object.
	free   map[string]string
	shapes map[string]*shape // those read before
}

func readSide(src Source) (*side, error) {
	parsed, err := parseJSON(src.Schema)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", src.Path, err)
	}
	root, ok := parsed.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s: want an object, got %s", src.Path, jsonKind(parsed))
	}
	if err := modernize(root); err != nil {
		return nil, fmt.Errorf("%s: %w", src.Path, err)
	}
	defs, ok := normalizeSchema(root).(map[string]any)["$defs"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s: schema: no definitions", src.Path)
	}
	s := &side{defs: defs, messages: map[string]string{}, writers: map[string][]string{}, methods: map[string][]string{}, shapes: map[string]*shape{}}
	for _, name := range slices.Sorted(maps.Keys(defs)) {
		if method, ok := s.method(name); ok && s.messages[method] == "" && !slices.Contains(src.Directions, name) {
			s.messages[method] = name
		}
	}
	if _, hints, err := src.overlaid(); err == nil {
		s.free = map[string]string{}
		for at, h := range hints {
			if isDefinition(at) && h.Type != "" {
				s.free[definitionAt(at)] = map[string]string{"Raw": "any", "Members": "object"}[h.Type]
			}
		}
	}
	pkg, failed := Build(src)
	if failed == nil {
		s.pkg, s.api, s.at = pkg, pkg.api(), pkg.places()
		s.assign(src.Directions)
	} else {
		s.note = "no Go identifiers: " + failed.Error()
	}
	return s, nil
}

// method returns the method a definition is the message of.
func (s *side) method(name string) (string, bool) {
	def, _ := s.defs[name].(map[string]any)
	properties, _ := def["properties"].(map[string]any)
	method, _ := properties["method"].(map[string]any)
	text, ok := method["const"].(string)
	return text, ok
}

// assign finds out who writes what: the params of a direction's methods are
// written by the peer it is named after, their results by the others.
func (s *side) assign(directions []string) {
	role := map[string]string{}
	for _, name := range directions {
		w := words(name)
		if len(w) > 1 {
			role[goName(name)+"s"] = strings.ToLower(strings.Join(w[:len(w)-1], " "))
		}
	}
	s.roles = slices.Compact(slices.Sorted(maps.Values(role)))
	for _, direction := range s.pkg.Directions {
		writer := role[direction.Name]
		for _, m := range direction.Methods {
			s.mark(s.writers, m.def, writer)
			s.direct(m, m.def)
			if m.paramsAt != "" {
				s.direct(m, s.target(m.paramsAt))
			}
			if m.resultAt == "" {
				continue
			}
			for _, other := range s.roles {
				if other != writer {
					s.mark(s.writers, definitionAt(m.resultAt), other)
				}
			}
			s.direct(m, definitionAt(m.resultAt))
		}
	}
}

// direct notes that a definition is a method's own message, params or result.
func (s *side) direct(m *Method, def string) {
	if def != "" && !slices.Contains(s.methods[def], m.Wire) {
		s.methods[def] = append(s.methods[def], m.Wire)
	}
}

// target is the definition that a place refers to.
func (s *side) target(at string) string {
	ref, _ := s.schema(at)["$ref"].(string)
	name, local := definitionOf(ref)
	if !local {
		return ""
	}
	return name
}

// mark notes a peer for a definition and all that it refers to.
func (s *side) mark(on map[string][]string, def, role string) {
	if slices.Contains(on[def], role) {
		return
	}
	on[def] = append(on[def], role)
	slices.Sort(on[def])
	refs(s.defs[def], func(_ map[string]any, ref string) {
		if name, local := definitionOf(ref); local && s.defs[name] != nil {
			s.mark(on, name, role)
		}
	})
}

// schema is what stands at a path, empty if it is no schema with keywords.
func (s *side) schema(at string) map[string]any {
	var node any = s.defs
	for _, segment := range strings.Split(strings.TrimPrefix(at, "/"), "/") {
		switch n := node.(type) {
		case map[string]any:
			node = n[unescapePath(segment)]
		case []any:
			var i int
			if _, err := fmt.Sscan(segment, &i); err != nil || i < 0 || i >= len(n) {
				return nil
			}
			node = n[i]
		}
	}
	schema, _ := node.(map[string]any)
	return schema
}
