package config

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// quoteKey writes a dotted key.
func quoteKey(path []string) string {
	parts := make([]string, len(path))
	for i, key := range path {
		bare := key != "" && strings.IndexFunc(key, func(r rune) bool {
			return r >= utf8.RuneSelf || !isNameByte(byte(r)) && !isDigit(byte(r)) && r != '-'
		}) < 0
		if parts[i] = key; !bare {
			parts[i] = quoteString(key)
		}
	}
	return strings.Join(parts, ".")
}

// quoteValue writes a value of a change.
func quoteValue(value any) (string, error) {
	switch v := value.(type) {
	case string:
		if !utf8.ValidString(v) {
			return "", fmt.Errorf("%q is not UTF-8", v)
		}
		return quoteString(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case []string:
		parts := make([]string, len(v))
		for i, item := range v {
			part, err := quoteValue(item)
			if err != nil {
				return "", err
			}
			parts[i] = part
		}
		return "[" + strings.Join(parts, ", ") + "]", nil
	default:
		return "", fmt.Errorf("a %T cannot be written", value)
	}
}

// quoteString writes a basic TOML string.
func quoteString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
