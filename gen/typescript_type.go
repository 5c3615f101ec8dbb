package gen

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// typeOf is a schema as a TypeScript type.
func (w *tsWriter) typeOf(node any, indent string) string {
	schema, ok := node.(map[string]any)
	if !ok {
		if node == false {
			return "never"
		}
		return "unknown"
	}
	var parts []string
	if ref, ok := schema["$ref"].(string); ok {
		name, _ := definitionOf(ref)
		parts = append(parts, w.name(name))
	}
	for _, key := range []string{"anyOf", "oneOf"} {
		if list, ok := schema[key].([]any); ok && slices.ContainsFunc(list, func(v any) bool { return !onlyRequires(v) }) {
			parts = append(parts, w.union(list, indent))
		}
	}
	if list, ok := schema["allOf"].([]any); ok {
		for _, part := range list {
			parts = append(parts, w.typeOf(part, indent))
		}
	}
	own := w.own(schema, indent)
	if own != "" && (own != "{ [name: string]: unknown }" || len(parts) == 0) {
		parts = append(parts, own)
	}
	if len(parts) == 0 {
		return "unknown"
	}
	if len(parts) > 1 {
		for i, part := range parts {
			parts[i] = parenthesized(part)
		}
	}
	text := strings.Join(parts, " & ")
	if schema["nullable"] == true {
		text = parenthesized(text) + " | null"
	}
	return text
}

// union is alternatives. Where any string is allowed beside known ones, editors
// still offer those.
func (w *tsWriter) union(list []any, indent string) string {
	var parts []string
	literal := false
	for _, item := range list {
		part := w.typeOf(item, indent)
		literal = literal || strings.HasPrefix(part, `"`)
		if !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	if i := slices.Index(parts, "string"); i >= 0 && literal {
		parts[i] = "(string & {})"
	}
	if slices.Contains(parts, "unknown") {
		return "unknown"
	}
	return strings.Join(parts, " | ")
}

// own is what a schema's own keywords say, empty if they say nothing of types.
func (w *tsWriter) own(schema map[string]any, indent string) string {
	if value, ok := schema["const"]; ok {
		return jsonText(value)
	}
	if values, ok := schema["enum"].([]any); ok {
		var parts []string
		for _, v := range values {
			parts = append(parts, jsonText(v))
		}
		return strings.Join(parts, " | ")
	}
	kinds, _ := stringList(schema["type"])
	if kind, ok := schema["type"].(string); ok {
		kinds = []string{kind}
	}
	if len(kinds) == 0 {
		switch {
		case has(schema, "properties", "required", "additionalProperties"):
			kinds = []string{"object"}
		case has(schema, "items"):
			kinds = []string{"array"}
		}
	}
	if len(kinds) == 1 && kinds[0] == "object" && has(schema, "anyOf", "oneOf", "allOf", "$ref") && !has(schema, "properties", "additionalProperties") {
		return "" // only says what the parts say too
	}
	var parts []string
	for _, kind := range kinds {
		part := map[string]string{"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}[kind]
		switch kind {
		case "object":
			part = w.object(schema, indent)
		case "array":
			part = "unknown[]"
			if items, ok := schema["items"]; ok {
				part = parenthesized(w.typeOf(items, indent)) + "[]"
			}
		}
		if !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " | ")
}

// object is an object's members.
func (w *tsWriter) object(schema map[string]any, indent string) string {
	properties, _ := schema["properties"].(map[string]any)
	required, _ := stringList(schema["required"])
	rest, restricted := schema["additionalProperties"]
	if len(properties) == 0 {
		if !restricted || rest == false {
			return "{ [name: string]: unknown }"
		}
		return "{ [name: string]: " + w.typeOf(rest, indent) + " }"
	}
	inner := indent + "  "
	var b strings.Builder
	b.WriteString("{\n")
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		property, _ := properties[name].(map[string]any)
		doc, _ := property["description"].(string)
		b.WriteString(tsDoc(inner, doc))
		optional := "?"
		if slices.Contains(required, name) {
			optional = ""
		}
		fmt.Fprintf(&b, "%s%s%s: %s;\n", inner, tsKey(name), optional, w.typeOf(properties[name], inner))
	}
	if _, free := rest.(map[string]any); free {
		fmt.Fprintf(&b, "%s[name: string]: unknown;\n", inner)
	}
	b.WriteString(indent + "}")
	return b.String()
}

// parenthesized is a type as an operand.
func parenthesized(text string) string {
	if len(operands(text, "|&")) > 1 {
		return "(" + text + ")"
	}
	return text
}

// wrapUnion puts each alternative of a long union on a line of its own.
func wrapUnion(text string) string {
	parts := operands(text, "|")
	if len(text) < 80 || len(parts) < 2 {
		return text
	}
	return "\n  | " + strings.Join(parts, "\n  | ")
}

// operands splits a type at operators that stand outside of brackets and strings.
func operands(text, operators string) []string {
	var parts []string
	depth, start, quoted := 0, 0, false
	for i, r := range text {
		switch {
		case r == '"' && (i == 0 || text[i-1] != '\\'):
			quoted = !quoted
		case quoted:
		case strings.ContainsRune("{(<[", r):
			depth++
		case strings.ContainsRune("})>]", r):
			depth--
		case depth == 0 && strings.ContainsRune(operators, r):
			parts = append(parts, strings.TrimSpace(text[start:i]))
			start = i + 1
		}
	}
	return append(parts, strings.TrimSpace(text[start:]))
}

// tsName is a definition's name as an identifier.
func tsName(name string) string {
	if tsKey(name) == name {
		return name
	}
	return goName(name)
}

// tsKey is a member's name, quoted where it is no identifier.
func tsKey(name string) string {
	for i, r := range name {
		if r != '_' && r != '$' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			text, err := json.Marshal(name)
			if err != nil {
				return name
			}
			return string(text)
		}
	}
	if name == "" {
		return `""`
	}
	return name
}

// tsDoc writes text as a doc comment.
func tsDoc(indent, text string) string {
	if text == "" {
		return ""
	}
	lines := strings.Split(strings.TrimSuffix(comment("", strings.ReplaceAll(text, "*/", "* /")), "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "//"))
	}
	if len(lines) == 1 {
		return indent + "/** " + lines[0] + " */\n"
	}
	var b strings.Builder
	b.WriteString(indent + "/**\n")
	for _, line := range lines {
		b.WriteString(strings.TrimRight(indent+" * "+line, " ") + "\n")
	}
	return b.String() + indent + " */\n"
}
