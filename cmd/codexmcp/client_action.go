package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/codexmcp/codexmcp/client"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// errToolFailed is returned when a tool says that it failed.
var errToolFailed = errors.New("the tool failed")

// action is what words ask for.
func (v *visitor) action(words []string) (func(context.Context) error, error) {
	verb, rest := "", words
	if len(words) > 0 {
		verb, rest = words[0], words[1:]
	}
	switch takes := map[string]int{"call": -1, "prompt": -1, "read": 1}[verb]; {
	case takes == 0 && len(rest) > 0:
		return nil, fmt.Errorf("%s takes no argument, got %q", verb, rest[0])
	case takes != 0 && len(rest) == 0:
		return nil, fmt.Errorf("%s needs an argument", verb)
	case takes > 0 && len(rest) != takes:
		return nil, fmt.Errorf("%s takes one argument, got %d", verb, len(rest))
	}
	switch verb {
	case "":
		return func(ctx context.Context) error { return v.list(ctx, "tools", "resources", "prompts") }, nil
	case "tools", "resources", "prompts":
		return func(ctx context.Context) error { return v.list(ctx, verb) }, nil
	case "call":
		return func(ctx context.Context) error { return v.call(ctx, rest[0], rest[1:]) }, nil
	case "read":
		return func(ctx context.Context) error { return v.read(ctx, rest[0]) }, nil
	case "prompt":
		return func(ctx context.Context) error { return v.prompt(ctx, rest[0], rest[1:]) }, nil
	case "follow":
		v.follow = true
		return v.wait, nil
	}
	return nil, fmt.Errorf("%q is none of tools, resources, prompts, call, read, prompt and follow", verb)
}

// call calls a tool.
func (v *visitor) call(ctx context.Context, name string, words []string) error {
	arguments, err := v.arguments(ctx, name, words)
	if err != nil {
		return err
	}
	if v.flags.verbose {
		ctx = client.WithProgress(ctx, func(p mcptypes.ProgressParams) {
			_, _ = fmt.Fprintf(v.errw, "progress %v %s\n", p.Progress, p.Message)
		})
	}
	result, err := v.session.CallTool(ctx, name, arguments)
	if err != nil {
		return err
	}
	if v.flags.json {
		err = v.printJSON(&result)
	} else {
		err = v.printContent(result.Content)
		if err == nil && len(result.Content) == 0 && !result.StructuredContent.IsZero() {
			_, err = fmt.Fprintln(v.out, result.StructuredContent)
		}
	}
	if err == nil && result.IsError != nil && *result.IsError {
		err = errToolFailed
	}
	return err
}

// arguments reads a tool's arguments: one JSON object, or key=value, where the
// tool's schema says what kind of value it is.
func (v *visitor) arguments(ctx context.Context, tool string, words []string) (any, error) {
	if len(words) == 1 && strings.HasPrefix(strings.TrimSpace(words[0]), "{") {
		raw, err := wire.ParseRaw([]byte(words[0]))
		if err != nil {
			return nil, errMisuse{fmt.Errorf("arguments: %w", err)}
		}
		return raw, nil
	}
	if len(words) == 0 {
		return wire.EmptyObject(), nil
	}
	var schema toolSchema
	for t, err := range v.session.Tools(ctx) {
		if err != nil {
			return nil, err
		}
		if t.Name == tool {
			if err := t.InputSchema.Decode(&schema); err != nil {
				return nil, fmt.Errorf("schema of %q: %w", tool, err)
			}
			break
		}
	}
	arguments := map[string]any{}
	for _, word := range words {
		key, value, ok := strings.Cut(word, "=")
		if !ok {
			return nil, errMisuse{fmt.Errorf("argument %q: want key=value, or one JSON object", word)}
		}
		arguments[key] = value
		if raw, err := wire.ParseRaw([]byte(value)); err == nil && !schema.isText(key) {
			arguments[key] = raw
		}
	}
	return arguments, nil
}

// toolSchema is what is of interest in the schema of a tool's arguments.
type toolSchema struct {
	Properties map[string]struct {
		Type        any    `json:"type"`
		Description string `json:"description"`
	} `json:"properties"`
	Required []string `json:"required"`
}

func (s *toolSchema) isText(property string) bool { return s.Properties[property].Type == "string" }

// read prints what a resource holds.
func (v *visitor) read(ctx context.Context, uri string) error {
	result, err := v.session.ReadResource(ctx, uri)
	if err != nil {
		return err
	}
	if v.flags.json {
		return v.printJSON(&result)
	}
	for _, contents := range result.Contents {
		if err := v.printContents(contents); err != nil {
			return err
		}
	}
	return nil
}

// prompt prints the messages of a prompt.
func (v *visitor) prompt(ctx context.Context, name string, words []string) error {
	arguments := map[string]string{}
	for _, word := range words {
		key, value, ok := strings.Cut(word, "=")
		if !ok {
			return errMisuse{fmt.Errorf("argument %q: want key=value", word)}
		}
		arguments[key] = value
	}
	result, err := v.session.GetPrompt(ctx, name, arguments)
	if err != nil {
		return err
	}
	if v.flags.json {
		return v.printJSON(&result)
	}
	for _, m := range result.Messages {
		if _, err := fmt.Fprintf(v.out, "%s:\n", m.Role); err != nil {
			return err
		}
		if err := v.printContent([]mcptypes.ContentBlock{m.Content}); err != nil {
			return err
		}
	}
	return nil
}

// followWith makes everything the server tells of be printed.
func (v *visitor) followWith(o *client.Options) {
	tell := func(method string, params wire.Value) {
		raw, err := wire.RawOf(params)
		if err != nil {
			return
		}
		if v.flags.json {
			line := wire.MembersOf()
			if line.SetValue("method", method) == nil {
				line.Set("params", raw)
				if text, err := line.MarshalJSON(); err == nil {
					_, _ = fmt.Fprintf(v.out, "%s\n", text)
				}
			}
			return
		}
		_, _ = fmt.Fprintf(v.out, "%s %s\n", method, raw)
	}
	o.ToolsChanged = func(context.Context) { tell(mcptypes.ToolListChanged.Method, &wire.Empty{}) }
	o.ResourcesChanged = func(context.Context) { tell(mcptypes.ResourceListChanged.Method, &wire.Empty{}) }
	o.PromptsChanged = func(context.Context) { tell(mcptypes.PromptListChanged.Method, &wire.Empty{}) }
	o.ResourceUpdated = func(_ context.Context, uri string) {
		tell(mcptypes.ResourceUpdated.Method, &mcptypes.ResourceUpdatedParams{URI: uri})
	}
	o.Message = func(_ context.Context, p mcptypes.LoggingMessageParams) { tell(mcptypes.LoggingMessage.Method, &p) }
	o.OtherNotification = func(_ context.Context, method string, params wire.Raw) {
		if params.IsZero() {
			params = wire.EmptyObject()
		}
		tell(method, &asItIs{params})
	}
}

// asItIs encodes as the JSON it is.
type asItIs struct{ raw wire.Raw }

func (a *asItIs) EncodeJSON(e *wire.Encoder) { e.RawValue(a.raw) }
func (a *asItIs) DecodeJSON(d *wire.Decoder) { a.raw = d.Raw() }

// wait asks to be told of everything, and waits for the end.
func (v *visitor) wait(ctx context.Context) error {
	capabilities := v.session.Server().Capabilities
	if capabilities.Logging.Len() > 0 || !capabilities.Logging.IsZero() {
		if err := v.session.SetLevel(ctx, mcptypes.LoggingLevelDebug); err != nil {
			return err
		}
	}
	if r := capabilities.Resources; r != nil && r.Subscribe != nil && *r.Subscribe {
		for resource, err := range v.session.Resources(ctx) {
			if err == nil {
				err = v.session.Subscribe(ctx, resource.URI)
			}
			if err != nil {
				return err
			}
		}
	}
	select {
	case <-ctx.Done():
		return nil // that is how it ends
	case <-v.session.Done():
		return v.session.Err()
	}
}

// has reports whether the server offers a kind of thing.
func (v *visitor) has(what string) bool {
	c := v.session.Server().Capabilities
	return map[string]bool{"tools": c.Tools != nil, "resources": c.Resources != nil, "prompts": c.Prompts != nil}[what]
}

// collect takes all of a list; a server that does not know the list has none.
func collect[T any](items func(func(T, error) bool)) ([]T, error) {
	all := []T{}
	for item, err := range items {
		if refusal, ok := errors.AsType[*jsonrpc.Error](err); ok && refusal.Code == jsonrpc.CodeMethodNotFound {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, item)
	}
	return slices.Clip(all), nil
}
