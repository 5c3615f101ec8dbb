package bindings_test

import (
	"bytes"
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/mcpprotocol/bindings"
	"github.com/codexmcp/codexmcp/wire"
)

// TestSchemaAcceptsWhatWeWrite compiles the bundle, so that nothing it refers to
// is missing, and validates what the Go types write.
func TestSchemaAcceptsWhatWeWrite(t *testing.T) {
	text, err := fs.ReadFile(bindings.JSONSchema, "codex.schema.json")
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("codex.json", doc))
	for name := range doc.(map[string]any)["$defs"].(map[string]any) {
		_, err := c.Compile("codex.json#/$defs/" + name)
		require.NoError(t, err, name)
	}
	tests := []struct {
		definition string
		value      wire.Value
		valid      bool
	}{
		{"NewConversationParams", &mcpprotocol.NewConversationParams{Model: "m", ApprovalPolicy: mcpprotocol.AskForApprovalNever}, true},
		{"NewConversationParams", &mcpprotocol.NewConversationParams{ApprovalPolicy: "sometimes"}, false},
		{"McpToolCallOk", &mcpprotocol.MCPToolCallOk{}, true},
		{"Duration", &mcpprotocol.Duration{Nanos: 1_000_000_000}, false},
	}
	for _, test := range tests {
		compiled, err := c.Compile("codex.json#/$defs/" + test.definition)
		require.NoError(t, err)
		data, err := wire.Append(nil, test.value)
		require.NoError(t, err)
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		require.NoError(t, err)
		assert.Equal(t, test.valid, compiled.Validate(value) == nil, "%s %s", test.definition, data)
	}
}

// TestTypeScriptDeclaresEveryMethod holds that what the declarations say of
// methods is what Go says.
func TestTypeScriptDeclaresEveryMethod(t *testing.T) {
	text, err := fs.ReadFile(bindings.TypeScript, "methods.ts")
	require.NoError(t, err)
	for name, methods := range map[string][]string{
		"ClientRequests": mcpprotocol.ClientRequests, "ServerRequests": mcpprotocol.ServerRequests, "ServerNotifications": mcpprotocol.ServerNotifications,
	} {
		_, body, found := strings.Cut(string(text), "export interface "+name+" {")
		require.True(t, found, name)
		body, _, _ = strings.Cut(body, "\n}")
		var got []string
		for _, m := range regexp.MustCompile(`(?m)^  "?([\w/]+)"?: \{`).FindAllStringSubmatch(body, -1) {
			got = append(got, m[1])
		}
		assert.Equal(t, methods, got, name)
	}
}

// TestTypeScriptNamesEverything holds that each name used is declared or imported.
func TestTypeScriptNamesEverything(t *testing.T) {
	files, err := fs.Glob(bindings.TypeScript, "*.ts")
	require.NoError(t, err)
	assert.Equal(t, []string{"index.ts", "mcp.ts", "methods.ts", "types.ts"}, files)
	comments := regexp.MustCompile(`(?s)/\*.*?\*/|"[^"\n]*"|(?m)^//.*$`)
	declared := regexp.MustCompile(`(?m)^export (?:interface|type) (\w+)|^  (\w+),$`)
	for _, file := range files {
		data, err := fs.ReadFile(bindings.TypeScript, file)
		require.NoError(t, err)
		text := comments.ReplaceAllString(string(data), "")
		known := map[string]bool{}
		for _, m := range declared.FindAllStringSubmatch(text, -1) {
			assert.False(t, known[m[1]+m[2]], "%s: %s is declared twice", file, m[1]+m[2])
			known[m[1]+m[2]] = true
		}
		for _, m := range regexp.MustCompile(`(?:[:=|&<(]|^  \|) ?([A-Z]\w+)`).FindAllStringSubmatch(text, -1) {
			assert.True(t, known[m[1]], "%s: %s is not declared", file, m[1])
		}
	}
}
