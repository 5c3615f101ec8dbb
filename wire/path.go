package wire

import (
	"strconv"
	"strings"
)

// A pathStep is one level of nesting: a member's name, or an index.
type pathStep struct {
	array bool
	index int
	name  string // as in the text, with its quotes; "" before the first name and after a comma
}

// pathTo returns where in text the given offset is. It walks text up to there, which only failures do, and
// trusts that what stands before the offset is JSON, or an encoder's output with its trailing commas.
func pathTo(text string, offset int) []pathStep {
	var path []pathStep
	for i := 0; i < offset && i < len(text); i++ {
		switch text[i] {
		case '{':
			path = append(path, pathStep{})
		case '[':
			path = append(path, pathStep{array: true})
		case '}', ']':
			if len(path) > 0 {
				path = path[:len(path)-1]
			}
		case ',':
			if len(path) > 0 {
				top := &path[len(path)-1]
				top.index++
				top.name = ""
			}
		case '"':
			end := skimString(text, i+1)
			if end < 0 || end > offset {
				return path
			}
			if len(path) > 0 {
				if top := &path[len(path)-1]; !top.array && top.name == "" {
					top.name = text[i:end]
				}
			}
			i = end - 1
		}
	}
	return path
}

// formatPath writes a path like params.content[2].text, shortened in the middle where it is long.
func formatPath(path []pathStep) string {
	const most = 256
	var b strings.Builder
	for _, s := range path {
		switch {
		case s.array:
			b.WriteByte('[')
			b.WriteString(strconv.Itoa(s.index))
			b.WriteByte(']')
		case s.name != "":
			b.WriteString(formatName(s.name, b.Len() == 0))
		}
	}
	text := b.String()
	if len(text) > most {
		text = text[:most/2] + "..." + text[len(text)-most/2:]
	}
	return text
}

// formatName writes a quoted name as a step of a path: .name where it reads well, else ["a name"].
func formatName(quoted string, first bool) string {
	name := unquote(quoted)
	plain := name != "" && len(name) <= 64
	for i := 0; i < len(name) && plain; i++ {
		c := name[i]
		plain = c == '_' || c == '-' || c == '$' || c == '/' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
	}
	switch {
	case !plain:
		return "[" + quote(name) + "]"
	case first:
		return name
	}
	return "." + name
}

// unquote returns the text of a quoted name.
func unquote(quoted string) string {
	d := NewDecoder(quoted)
	return d.String()
}
