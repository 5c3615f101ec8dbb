package server

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// A headerParam is an argument of a tool that clients repeat in a header.
type headerParam struct {
	header string   // Mcp-Param-NAME
	path   []string // of properties that lead to it
}

// mismatch refuses a request whose headers do not say what its message says.
func mismatch(format string, args ...any) error {
	return jsonrpc.Errorf(CodeHeaderMismatch, format, args...)
}

// checkHeaders checks that the headers of a stateless request say what its
// message says, on which those rely who route it without reading it.
func (s *Session) checkHeaders(method string, params wire.Value) error {
	if s.http == nil || !s.http.stateless {
		return nil
	}
	header := s.http.header
	if got, err := single(header, "Mcp-Method"); err != nil {
		return err
	} else if got != method {
		return mismatch("the header Mcp-Method is %q, the message says %q", got, method)
	}
	var name string
	switch p := params.(type) {
	case *mcptypes.CallToolParams:
		name = p.Name
	case *mcptypes.GetPromptParams:
		name = p.Name
	case *mcptypes.ReadResourceParams:
		name = p.URI
	default:
		return nil
	}
	got, err := single(header, "Mcp-Name")
	if err == nil {
		got, err = decodeHeader("Mcp-Name", got)
	}
	if err != nil {
		return err
	}
	if got != name {
		return mismatch("the header Mcp-Name is %q, the message says %q", got, name)
	}
	if p, ok := params.(*mcptypes.CallToolParams); ok {
		if t, found := s.server.tools.get(p.Name); found && len(t.headers) > 0 {
			return checkParams(header, t.headers, p.Arguments)
		}
	}
	return nil
}

// single returns the value of a header that must be there once.
func single(header http.Header, name string) (string, error) {
	values := header.Values(name)
	if len(values) != 1 {
		return "", mismatch("the header %s is there %d times, want once", name, len(values))
	}
	return strings.Trim(values[0], " \t"), nil
}

// decodeHeader undoes the encoding of values that a header cannot have as they are.
func decodeHeader(name, value string) (string, error) {
	for i := range len(value) {
		if c := value[i]; c != '\t' && (c < ' ' || c > '~') {
			return "", mismatch("the header %s has characters that need encoding", name)
		}
	}
	inner, ok := strings.CutPrefix(value, "=?base64?")
	if !ok {
		return value, nil
	}
	if inner, ok = strings.CutSuffix(inner, "?="); !ok {
		return value, nil
	}
	data, err := base64.StdEncoding.Strict().DecodeString(inner)
	if err != nil || !utf8.Valid(data) {
		return "", mismatch("the header %s: not base64 of text", name)
	}
	return string(data), nil
}

// checkParams compares the headers that repeat arguments with these.
func checkParams(header http.Header, params []headerParam, arguments wire.Raw) error {
	for _, p := range params {
		value := valueAt(arguments, p.path)
		values := header.Values(p.header)
		if value.IsZero() || value.IsNull() {
			if len(values) > 0 {
				return mismatch("the header %s is there, the argument is not", p.header)
			}
			continue
		}
		got, err := single(header, p.header)
		if err == nil {
			got, err = decodeHeader(p.header, got)
		}
		if err != nil {
			return err
		}
		if !sameValue(got, value) {
			return mismatch("the header %s is %q, the argument is not", p.header, got)
		}
	}
	return nil
}

// valueAt returns the value at a path of properties, absent if there is none.
func valueAt(value wire.Raw, path []string) wire.Raw {
	for _, name := range path {
		var members wire.Members
		if value.Kind() != wire.KindObject || value.Decode(&members) != nil {
			return wire.Raw{}
		}
		value, _ = members.Get(name)
	}
	return value
}

// sameValue reports whether the text of a header stands for a value.
func sameValue(text string, value wire.Raw) bool {
	switch value.Kind() {
	case wire.KindString:
		d := wire.NewDecoder(value.String())
		return d.String() == text
	case wire.KindNumber:
		a, errA := strconv.ParseFloat(text, 64)
		b, errB := strconv.ParseFloat(value.String(), 64)
		return errA == nil && errB == nil && a == b
	}
	return value.String() == text
}

// headerParams finds the arguments that clients are to repeat in headers.
func headerParams(schema wire.Raw) ([]headerParam, error) {
	document, err := valueOfJSON(schema)
	if err != nil {
		return nil, err
	}
	var found []headerParam
	seen := map[string]bool{}
	var visit func(node any, path []string) error
	visit = func(node any, path []string) error {
		object, _ := node.(map[string]any)
		properties, _ := object["properties"].(map[string]any)
		for name, property := range properties {
			inner, _ := property.(map[string]any)
			at := append(slices.Clone(path), name)
			if annotation, ok := inner["x-mcp-header"]; ok {
				text, _ := annotation.(string)
				lower := strings.ToLower(text)
				if !isToken(text) || seen[lower] || !slices.Contains([]any{"string", "integer", "boolean"}, inner["type"]) {
					return fmt.Errorf("%s: x-mcp-header %q: want an own header name for a string, integer or boolean", strings.Join(at, "."), text)
				}
				seen[lower] = true
				found = append(found, headerParam{header: "Mcp-Param-" + text, path: at})
			}
			if err := visit(property, at); err != nil {
				return err
			}
		}
		return nil
	}
	return found, visit(document, nil)
}

// isToken reports whether text can be part of a header's name.
func isToken(text string) bool {
	for i := range len(text) {
		c := text[i]
		alphanumeric := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !alphanumeric && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return text != ""
}
