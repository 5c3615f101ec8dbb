package client

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// maxHeaderTools is of how many tools it is remembered which arguments go into headers.
const maxHeaderTools = 10_000

// A headerTable remembers which arguments of a tool go into headers, too.
type headerTable struct {
	mu    sync.Mutex // protects tools
	tools map[string]map[string]string
}

// usable are the tools that can be called: over HTTP those are left out whose
// arguments go into headers that cannot be.
func (s *Session) usable(tools []mcptypes.Tool) []mcptypes.Tool {
	if s.http == nil || s.Revision() != Stateless {
		return tools
	}
	usable := tools[:0]
	for _, tool := range tools {
		headers, err := headersOf(tool.InputSchema)
		if err != nil {
			s.options.Log.Warn("tool of the server left out", "tool", tool.Name, "error", err)
			continue
		}
		s.headers.set(tool.Name, headers)
		usable = append(usable, tool)
	}
	return usable
}

func (t *headerTable) set(tool string, headers map[string]string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case len(headers) == 0:
		delete(t.tools, tool)
	case len(t.tools) < maxHeaderTools:
		if t.tools == nil {
			t.tools = map[string]map[string]string{}
		}
		t.tools[tool] = headers
	}
}

func (t *headerTable) of(tool string) map[string]string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tools[tool]
}

// headersOf are the headers that a tool's schema wants arguments in, by the
// arguments' names.
func headersOf(schema wire.Raw) (map[string]string, error) {
	properties, err := members(schema, "properties")
	if err != nil {
		return nil, err
	}
	headers, taken := map[string]string{}, map[string]bool{}
	for name, property := range properties.All() {
		p, err := members(property)
		if err != nil {
			return nil, err
		}
		wanted, ok := p.Get("x-mcp-header")
		if !ok {
			continue
		}
		var header string
		if err := wanted.Decode(&header); err != nil {
			return nil, fmt.Errorf("%q: x-mcp-header: %w", name, err)
		}
		kind, _ := p.Get("type")
		switch {
		case !isToken(header):
			return nil, fmt.Errorf("%q: x-mcp-header %q is no name of a header", name, header)
		case taken[strings.ToLower(header)]:
			return nil, fmt.Errorf("%q: x-mcp-header %q comes twice", name, header)
		case kind.String() != `"string"` && kind.String() != `"integer"` && kind.String() != `"boolean"`:
			return nil, fmt.Errorf("%q: x-mcp-header on an argument of type %s", name, kind)
		}
		taken[strings.ToLower(header)] = true
		headers[name] = header
	}
	return headers, nil
}

// isToken reports whether a text can be part of a header's name.
func isToken(text string) bool {
	for _, c := range []byte(text) {
		if c <= ' ' || c > '~' || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return text != ""
}

// addParamHeaders adds the headers that a tool wants arguments in.
func (t *headerTable) addParamHeaders(to http.Header, tool string, arguments wire.Members) {
	for name, header := range t.of(tool) {
		value, ok := arguments.Get(name)
		if !ok {
			continue
		}
		switch value.Kind() {
		case wire.KindString:
			var text string
			if value.Decode(&text) == nil {
				to.Set("Mcp-Param-"+header, headerValue(text))
			}
		case wire.KindNumber, wire.KindBool:
			to.Set("Mcp-Param-"+header, value.String())
		}
	}
}

// headerValue is a text as the value of a header: as it is if that is possible.
func headerValue(text string) string {
	plain := strings.TrimSpace(text) == text && !(strings.HasPrefix(text, "=?base64?") && strings.HasSuffix(text, "?="))
	for _, c := range []byte(text) {
		plain = plain && c >= ' ' && c <= '~'
	}
	if plain {
		return text
	}
	return "=?base64?" + base64.StdEncoding.EncodeToString([]byte(text)) + "?="
}
