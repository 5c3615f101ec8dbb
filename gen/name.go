package gen

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// initialisms are the words Go writes in capitals.
var initialisms = map[string]string{
	"api": "API", "http": "HTTP", "id": "ID", "ids": "IDs", "json": "JSON", "llm": "LLM",
	"mcp": "MCP", "mime": "MIME", "sse": "SSE", "ttl": "TTL", "uri": "URI", "uris": "URIs",
	"url": "URL", "urls": "URLs", "uuid": "UUID",
}

// goName turns a wire name into an exported Go name: mimeType is MIMEType,
// approval-policy is ApprovalPolicy, and of a namespaced name such as
// example.com/clientInfo only the last part counts. A name without a letter is
// spelled out.
func goName(wire string) string {
	if i := strings.LastIndexByte(wire, '/'); i >= 0 && i < len(wire)-1 {
		wire = wire[i+1:]
	}
	return exported(words(wire), wire)
}

// enumName is goName for the value of an enumeration, whose slashes count.
func enumName(value string) string { return exported(words(value), value) }

// exported joins words to an exported Go name. Where there are none, what they
// were made of is spelled.
func exported(words []string, of string) string {
	var b strings.Builder
	for _, word := range words {
		if known, ok := initialisms[strings.ToLower(word)]; ok {
			b.WriteString(known)
			continue
		}
		first, size := utf8.DecodeRuneInString(word)
		b.WriteRune(unicode.ToUpper(first))
		b.WriteString(word[size:])
	}
	if b.Len() == 0 {
		if of == "" {
			return "Empty"
		}
		for _, r := range of {
			if name, ok := signs[r]; ok {
				b.WriteString(name)
			} else {
				fmt.Fprintf(&b, "U%04X", r)
			}
		}
	}
	name := b.String()
	switch first, _ := utf8.DecodeRuneInString(name); {
	case unicode.IsDigit(first):
		return "N" + name
	case !unicode.IsUpper(first):
		return "X" + name // a script without capitals
	}
	return name
}

// signs are the names of what stands alone as an operator or a mark.
var signs = map[rune]string{
	'!': "Not", '#': "Hash", '$': "Dollar", '%': "Percent", '&': "And", '*': "Star", '+': "Plus", ',': "Comma",
	'-': "Minus", '.': "Dot", '/': "Slash", ':': "Colon", ';': "Semicolon", '<': "Less", '=': "Equal", '>': "Greater",
	'?': "Question", '@': "At", '^': "Caret", '_': "Underscore", '|': "Or", '~': "Tilde", ' ': "Space",
}

// words splits at everything that is no letter or digit and at each hump:
// user_agent, user-agent and userAgent all are user, agent; HTTPServer is HTTP, Server.
func words(s string) []string {
	var out []string
	runes := []rune(s)
	start := -1
	flush := func(end int) {
		if start >= 0 && end > start {
			out = append(out, string(runes[start:end]))
		}
		start = -1
	}
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush(i)
			continue
		case start < 0:
			start = i
			continue
		}
		prev := runes[i-1]
		hump := unicode.IsUpper(r) && (!unicode.IsUpper(prev) ||
			i+1 < len(runes) && unicode.IsLower(runes[i+1]) && unicode.IsUpper(prev))
		if hump {
			flush(i)
			start = i
		}
	}
	flush(len(runes))
	return out
}

// unexported lowers the leading word of a Go name.
func unexported(name string) string {
	runes := []rune(name)
	i := 0
	for i < len(runes) && unicode.IsUpper(runes[i]) {
		i++
	}
	if i > 1 && i < len(runes) {
		i--
	}
	return strings.ToLower(string(runes[:i])) + string(runes[i:])
}
