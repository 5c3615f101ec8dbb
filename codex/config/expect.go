package config

import (
	"bytes"

	"github.com/pelletier/go-toml/v2"
)

// assignPath sets a value in what the TOML library made.
func assignPath(values map[string]any, path []string, value any) error {
	for _, key := range path[:len(path)-1] {
		inner, ok := values[key].(map[string]any)
		if !ok {
			if values[key] != nil {
				return errLayout
			}
			inner = map[string]any{}
			values[key] = inner
		}
		values = inner
	}
	if list, ok := value.([]string); ok {
		items := make([]any, len(list))
		for i, item := range list {
			items[i] = item
		}
		value = items
	}
	values[path[len(path)-1]] = value
	return nil
}

// deletePath removes a value from what the TOML library made.
func deletePath(values map[string]any, path []string) {
	for _, key := range path[:len(path)-1] {
		inner, ok := values[key].(map[string]any)
		if !ok {
			return
		}
		values = inner
	}
	delete(values, path[len(path)-1])
}

// prune drops from want the tables above path that lost their last key and are
// not in got: whether an empty table stays depends on how it was written.
func prune(want, got map[string]any, path []string) {
	if len(path) < 2 {
		return
	}
	inner, ok := want[path[0]].(map[string]any)
	if !ok {
		return
	}
	other, ok := got[path[0]].(map[string]any)
	prune(inner, other, path[1:])
	if !ok && len(inner) == 0 {
		delete(want, path[0])
	}
}

// sameValues compares two trees by how they are written, so that nan equals nan.
func sameValues(a, b map[string]any) bool {
	x, err := toml.Marshal(a)
	y, err2 := toml.Marshal(b)
	return err == nil && err2 == nil && bytes.Equal(x, y)
}
