package server_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/schema"
)

// A validator checks what a server sends against the published schema of a
// revision.
type validator struct {
	revision string
	compiler *jsonschema.Compiler
	messages map[string]string // definition of a request or notification, by method
	results  map[string]string // definition of the result, by method

	mu       sync.Mutex
	compiled map[string]*jsonschema.Schema
}

var validators sync.Map

func validatorOf(t testing.TB, revision string) *validator {
	t.Helper()
	if v, ok := validators.Load(revision); ok {
		return v.(*validator)
	}
	data, err := schema.Files.ReadFile("mcp/" + revision + ".json")
	require.NoError(t, err)
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	require.NoError(t, err)
	v := &validator{
		revision: revision, compiler: jsonschema.NewCompiler(),
		messages: map[string]string{}, results: map[string]string{}, compiled: map[string]*jsonschema.Schema{},
	}
	require.NoError(t, v.compiler.AddResource("mem:///mcp.json", document))
	defs := document.(map[string]any)["$defs"].(map[string]any)
	for name, def := range defs {
		properties, _ := def.(map[string]any)["properties"].(map[string]any)
		method, _ := properties["method"].(map[string]any)
		constant, ok := method["const"].(string)
		if !ok {
			continue
		}
		if properties["jsonrpc"] != nil || strings.HasSuffix(name, "Notification") || revision < "2025-11-25" {
			v.messages[constant] = name
		}
		if base, isRequest := strings.CutSuffix(name, "Request"); isRequest {
			v.results[constant] = "EmptyResult"
			if defs[base+"Result"] != nil {
				v.results[constant] = base + "Result"
			}
		}
	}
	validators.Store(revision, v)
	return v
}

// check validates one message of the server; method is that of the request
// which it answers.
func (v *validator) check(t testing.TB, method string, text []byte) {
	t.Helper()
	var m struct {
		Method string          `json:"method"`
		Result json.RawMessage `json:"result"`
		Error  json.RawMessage `json:"error"`
	}
	require.NoError(t, json.Unmarshal(text, &m), "%s", text)
	switch {
	case m.Method != "":
		if def := v.messages[m.Method]; def != "" {
			v.validate(t, def, text)
		} else {
			require.NotContains(t, m.Method, "notifications/", "%s is not in %s", m.Method, v.revision)
		}
	case m.Result != nil:
		def := v.results[method]
		if strings.Contains(string(m.Result), `"resultType":"input_required"`) {
			def = "InputRequiredResult"
		}
		if def != "" {
			v.validate(t, def, m.Result)
		}
	default:
		require.NotEmpty(t, m.Error, "%s", text)
	}
}

func (v *validator) validate(t testing.TB, def string, text []byte) {
	t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.compiled[def]
	if s == nil {
		var err error
		s, err = v.compiler.Compile("mem:///mcp.json#/$defs/" + def)
		require.NoError(t, err)
		v.compiled[def] = s
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	require.NoError(t, s.Validate(value), "%s %s: %s", v.revision, def, text)
}
