package gen

import (
	"strings"
	"unicode"
)

// initialisms are the words Go writes in capitals.
var initialisms = map[string]string{
	"api": "API", "http": "HTTP", "id": "ID", "ids": "IDs", "json": "JSON", "llm": "LLM",
	"mcp": "MCP", "mime": "MIME", "sse": "SSE", "ttl": "TTL", "uri": "URI", "uris": "URIs",
	"url": "URL", "urls": "URLs", "uuid": "UUID",
}

// goName turns a wire name into an exported Go name: mimeType is MIMEType,
// approval-policy is ApprovalPolicy, and of a namespaced name such as
// example.com/clientInfo only the last part counts.
func goName(wire string) string {
	if i := strings.LastIndexByte(wire, '/'); i >= 0 && i < len(wire)-1 {
		wire = wire[i+1:]
	}
	var b strings.Builder
	for _, word := range words(wire) {
		if known, ok := initialisms[strings.ToLower(word)]; ok {
			b.WriteString(known)
			continue
		}
		first, rest := word[:1], word[1:]
		b.WriteString(strings.ToUpper(first) + rest)
	}
	if b.Len() == 0 {
		return "Empty"
	}
	if name := b.String(); name[0] >= '0' && name[0] <= '9' {
		return "N" + name
	}
	return b.String()
}

// enumName is goName for the value of an enumeration.
func enumName(value string) string {
	parts := strings.FieldsFunc(value, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	var b strings.Builder
	for _, part := range parts {
		b.WriteString(goName(part))
	}
	if b.Len() == 0 {
		return "Empty"
	}
	return b.String()
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
		case r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r):
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
	i := 0
	for i < len(name) && unicode.IsUpper(rune(name[i])) {
		i++
	}
	switch {
	case i == 0:
		return name
	case i == 1 || i == len(name):
		return strings.ToLower(name[:i]) + name[i:]
	default:
		return strings.ToLower(name[:i-1]) + name[i-1:]
	}
}
