package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/codexmcp/codexmcp/wire"
)

// An Override is one -c option: a dotted key and its value.
type Override struct {
	path  []string
	value any // what the TOML library makes of it
}

// ParseOverride reads KEY=VALUE as it is given to -c. The key is split at every
// dot. The value is TOML; what is not TOML is taken as it stands, without
// quotes around it, so that -c model=gpt-5 needs none.
func ParseOverride(option string) (Override, error) {
	key, text, ok := strings.Cut(option, "=")
	if !ok {
		return Override{}, fmt.Errorf("-c %q: expected key=value", option)
	}
	path, err := splitKey(key)
	if err != nil {
		return Override{}, fmt.Errorf("-c %q: %w", option, err)
	}
	return Override{path: path, value: parseValue(text)}, nil
}

// splitKey splits a dotted key of a -c option or a config map.
func splitKey(key string) ([]string, error) {
	key = strings.TrimSpace(key)
	if key == "" {
		return nil, errors.New("the key is empty")
	}
	path := strings.Split(key, ".")
	for _, part := range path {
		if part == "" {
			return nil, fmt.Errorf("the key %q has an empty part", key)
		}
	}
	return path, nil
}

// parseValue reads a TOML value, or else takes the text itself.
func parseValue(text string) any {
	text = strings.TrimSpace(text)
	var doc map[string]any
	// More than one key means that the text smuggled in a line of its own.
	if err := toml.Unmarshal([]byte("v = "+text), &doc); err == nil && len(doc) == 1 {
		return doc["v"]
	}
	return strings.Trim(text, `"'`)
}

// apply sets the value in root.
func (o Override) apply(root *table) error {
	return override(root, o.path, o.value, Origin{Layer: LayerOption, Name: strings.Join(o.path, ".")})
}

// override sets a value that comes from one place as a whole.
func override(root *table, path []string, value any, from Origin) error {
	at := func([]string) (int, Origin) { return 0, from }
	root.setPath(path, nodeOf(value, nil, at))
	return renameAliases(root)
}

// applyCall sets the members of the config map of a call. Their names are
// dotted keys; the keys within their values are not split.
func applyCall(root *table, members wire.Members) error {
	for name, raw := range members.All() {
		path, err := splitKey(name)
		if err != nil {
			return fmt.Errorf("config %q: %w", name, err)
		}
		value, err := fromJSON(raw)
		if err != nil {
			return fmt.Errorf("config %q: %w", name, err)
		}
		if err := override(root, path, value, Origin{Layer: LayerCall, Name: name}); err != nil {
			return err
		}
	}
	return nil
}

// fromJSON returns what TOML has for a JSON value: null is the empty string, and
// a number is an integer if it is written as one and fits, else a float.
func fromJSON(raw wire.Raw) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw.Bytes()))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("expected one JSON value")
	}
	return plainValue(value)
}

func plainValue(value any) (_ any, err error) {
	switch v := value.(type) {
	case nil:
		return "", nil
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, nil
		}
		return v.Float64()
	case []any:
		for i := range v {
			if v[i], err = plainValue(v[i]); err != nil {
				return nil, err
			}
		}
		return v, nil
	case map[string]any:
		for key := range v {
			if v[key], err = plainValue(v[key]); err != nil {
				return nil, err
			}
		}
		return v, nil
	default:
		return v, nil
	}
}
