package gen

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Generate returns every file of every package in the manifest, by its path
// from the module's root. An overlay entry that no package uses is an error;
// the files are returned beside it.
func (m *Manifest) Generate(read func(path string) ([]byte, error)) (map[string][]byte, error) {
	_, overlays, built, err := m.load(read)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, p := range m.Packages {
		made, err := Render(built[p.Dir])
		if err != nil {
			return nil, err
		}
		for name, data := range made {
			files[p.Dir+"/"+name] = data
		}
	}
	outputs, err := m.outputs(built)
	if err != nil {
		return nil, err
	}
	maps.Copy(files, outputs)
	var unused []error
	for _, o := range overlays {
		unused = append(unused, o.Unused())
	}
	return files, errors.Join(unused...)
}

// Patterns are the globs that match every generated file of the manifest.
func (m *Manifest) Patterns() []string {
	var patterns []string
	for _, p := range m.Packages {
		patterns = append(patterns, p.Dir+"/*_gen.go")
		for _, o := range p.Outputs {
			patterns = append(patterns, o.pattern())
		}
	}
	return patterns
}

// Drift says how existing generated files differ from what they should be:
// one line per file that is stale, missing, or should not be there.
func Drift(want map[string][]byte, existing []string, read func(path string) ([]byte, error)) []string {
	var drift []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !slices.Contains(existing, name) {
			drift = append(drift, fmt.Sprintf("%s is missing", name))
			continue
		}
		got, err := read(name)
		switch {
		case err != nil:
			drift = append(drift, fmt.Sprintf("%s: %v", name, err))
		case !bytes.Equal(got, want[name]):
			drift = append(drift, fmt.Sprintf("%s is stale", name))
		}
	}
	for _, name := range existing {
		if _, ok := want[name]; !ok {
			drift = append(drift, fmt.Sprintf("%s is not generated any more", name))
		}
	}
	return drift
}
