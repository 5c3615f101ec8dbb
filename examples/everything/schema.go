package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
	"github.com/codexmcp/codexmcp/wire"
)

// wholeSchema uses what JSON Schema 2020-12 has beyond a list of properties.
const wholeSchema = `{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "$defs": {
    "address": {
      "$anchor": "addressDef",
      "type": "object",
      "properties": {"street": {"type": "string"}, "city": {"type": "string"}}
    }
  },
  "properties": {
    "name": {"type": "string"},
    "address": {"$ref": "#/$defs/address"},
    "contactMethod": {"type": "string", "enum": ["phone", "email"]},
    "phone": {"type": "string"},
    "email": {"type": "string"}
  },
  "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}, {"required": ["name"]}, {"maxProperties": 0}]}],
  "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
  "then": {"required": ["phone"]},
  "else": {"properties": {"phone": {"type": "string"}}},
  "additionalProperties": false
}`

// regionSchema has an argument that clients repeat in a header.
const regionSchema = `{
  "type": "object",
  "properties": {
    "region": {"type": "string", "description": "Where to look.", "x-mcp-header": "Region"},
    "query": {"type": "string", "description": "What to look for."}
  },
  "required": ["region"]
}`

// addSchemaTools adds tools whose schema is written by hand, or that have one for their result.
func addSchemaTools(s *server.Server) error {
	whole, err := wire.ParseRaw([]byte(wholeSchema))
	if err != nil {
		return err
	}
	region, err := wire.ParseRaw([]byte(regionSchema))
	if err != nil {
		return err
	}
	echo := func(_ context.Context, call mcptypes.CallToolParams) (mcptypes.CallToolResult, error) {
		return server.TextResult(fmt.Sprintf("%s was called with %s", call.Name, call.Arguments)), nil
	}
	return errors.Join(
		s.AddRawTool(mcptypes.Tool{Name: "json_schema_2020_12_tool", Description: "Has a schema with all that JSON Schema offers.", InputSchema: whole}, echo),
		s.AddRawTool(mcptypes.Tool{Name: "test_header_parameter", Description: "Has an argument that is repeated in a header.", InputSchema: region}, echo),
		server.AddTool(s, mcptypes.Tool{
			Name: "test_structured_content", Description: "Adds two numbers, and says so in a form for programs.",
			Annotations: &mcptypes.ToolAnnotations{ReadOnlyHint: new(true), IdempotentHint: new(true)},
		}, func(_ context.Context, in struct {
			A float64 `json:"a"`
			B float64 `json:"b"`
		}) (sum, error) {
			return sum{in.A + in.B}, nil
		}),
	)
}

// sum is a structured result.
type sum struct {
	Sum float64 `json:"sum"`
}
