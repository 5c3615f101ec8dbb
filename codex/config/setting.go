package config

import (
	"fmt"
	"strings"
)

// A Setting is one value that is in force, for people to read.
type Setting struct {
	Key    string
	Value  string // as TOML would have it; of what may be secret only the names
	Origin Origin
}

// A trace collects the settings of a conversation as they are picked.
type trace struct{ settings []Setting }

// pick returns the first candidate that is set, and remembers it. Without one it
// returns the zero value: the key has no default.
func pick[T any](t *trace, key string, candidates ...setting[T]) T {
	for _, c := range candidates {
		if c.set {
			t.settings = append(t.settings, Setting{Key: key, Value: display(c.value), Origin: c.from})
			return c.value
		}
	}
	var none T
	return none
}

// recordSet appends a setting if some layer set it.
func recordSet[T any](settings []Setting, s section, key string, v setting[T]) []Setting {
	if !v.set {
		return settings
	}
	return append(settings, Setting{Key: s.key(key), Value: display(v.value), Origin: v.from})
}

// fallback is the last candidate: what is built in.
func fallback[T any](value T) setting[T] { return setting[T]{value: value, set: true} }

// argument is the first candidate: what the call said, unless it is empty.
func argument[T comparable](name string, value T) setting[T] {
	var empty T
	return setting[T]{value: value, set: value != empty, from: Origin{Layer: LayerArgument, Name: name}}
}

// given is like argument for one whose empty value counts, too.
func given[T any](name string, value *T) setting[T] {
	if value == nil {
		return setting[T]{}
	}
	return setting[T]{value: *value, set: true, from: Origin{Layer: LayerArgument, Name: name}}
}

// display writes a value. Values of maps are left out: headers and environments
// hold secrets.
func display(value any) string {
	switch v := value.(type) {
	case map[string]string:
		return "{" + strings.Join(sortedKeys(v), ", ") + "}"
	case []string:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = quoteString(item)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case bool, int64:
		return fmt.Sprint(v)
	default:
		return quoteString(fmt.Sprint(v))
	}
}
