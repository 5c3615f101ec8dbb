package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/codexmcp/codexmcp/client"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// A visit is what a client does at a server.
type visit struct {
	session *client.Session
	given   hints
	tools   []mcptypes.Tool
}

// do lists what the server has and uses it as the scenario asks.
func (v *visit) do(ctx context.Context, scenario string) error {
	for tool, err := range v.session.Tools(ctx) {
		if err != nil {
			return unlessUnknown(err)
		}
		v.tools = append(v.tools, tool)
	}
	switch scenario {
	case "initialize", "json-schema-ref-no-deref":
		return nil
	case "http-custom-headers":
		for _, call := range v.given.ToolCalls {
			if _, err := v.session.CallTool(ctx, call.Name, call.Arguments); err != nil {
				return err
			}
		}
		return nil
	case "json-schema-2020-12-preservation":
		return v.echoSchema(ctx)
	case "http-standard-headers":
		return errors.Join(v.callTools(ctx), v.readResources(ctx), v.getPrompts(ctx))
	}
	return v.callTools(ctx)
}

// unlessUnknown forgives a server that does not have what it was asked for.
func unlessUnknown(err error) error {
	if refusal, ok := errors.AsType[*jsonrpc.Error](err); ok && refusal.Code == jsonrpc.CodeMethodNotFound {
		return nil
	}
	return err
}

// callTools calls every tool with arguments that its schema allows.
func (v *visit) callTools(ctx context.Context) error {
	for _, tool := range v.tools {
		arguments, err := invent(tool.InputSchema)
		if err != nil {
			return fmt.Errorf("tool %q: %w", tool.Name, err)
		}
		if _, err := v.session.CallTool(ctx, tool.Name, arguments); err != nil {
			return err
		}
	}
	return nil
}

func (v *visit) readResources(ctx context.Context) error {
	for resource, err := range v.session.Resources(ctx) {
		if err == nil {
			_, err = v.session.ReadResource(ctx, resource.URI)
		}
		if err != nil {
			return unlessUnknown(err)
		}
	}
	return nil
}

func (v *visit) getPrompts(ctx context.Context) error {
	for prompt, err := range v.session.Prompts(ctx) {
		arguments := map[string]string{}
		for _, a := range prompt.Arguments {
			arguments[a.Name] = "x"
		}
		if err == nil {
			_, err = v.session.GetPrompt(ctx, prompt.Name, arguments)
		}
		if err != nil {
			return unlessUnknown(err)
		}
	}
	return nil
}

// echoSchema sends a tool's schema back as it came.
func (v *visit) echoSchema(ctx context.Context) error {
	for _, tool := range v.tools {
		if tool.Name == "json_schema_2020_12_tool" {
			_, err := v.session.CallTool(ctx, "json_schema_echo", map[string]any{"schema": tool.InputSchema})
			return err
		}
	}
	return errors.New("json_schema_2020_12_tool is not there")
}

// invent makes arguments that fit a simple schema.
func invent(schema wire.Raw) (map[string]any, error) {
	var s struct {
		Properties map[string]struct {
			Type string `json:"type"`
		} `json:"properties"`
	}
	if err := schema.Decode(&s); err != nil {
		return nil, err
	}
	arguments := map[string]any{}
	for name, property := range s.Properties {
		switch property.Type {
		case "number", "integer":
			arguments[name] = 3
		case "boolean":
			arguments[name] = true
		case "array":
			arguments[name] = []any{}
		case "object":
			arguments[name] = map[string]any{}
		default:
			arguments[name] = "x"
		}
	}
	return arguments, nil
}
