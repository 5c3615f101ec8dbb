package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// A RawTool runs a tool on arguments as they came. An error becomes a result
// with isError, but for a [*jsonrpc.Error], which refuses the request, and a
// [*Need], which asks the client for more.
type RawTool func(ctx context.Context, call mcptypes.CallToolParams) (mcptypes.CallToolResult, error)

// A ToolOption changes how a tool is called.
type ToolOption func(*tool)

// Loose leaves the arguments of a tool unchecked: its function gets what can be
// decoded, and unknown arguments are ignored. Without it arguments that do not
// fit the input schema never reach the function.
func Loose(t *tool) { t.loose = true }

// Immediate says that a tool answers at once: its function waits for nothing and
// asks the client nothing. On a stream such as stdio it is run where its call was
// read, which saves a goroutine, but holds up what comes after it, a cancellation
// included. It makes no difference where there is middleware, and for large arguments.
func Immediate(t *tool) { t.immediate = true }

// immediateSize bounds the arguments of calls that are run where they were read:
// many large answers would hold up the reading until the client takes them.
const immediateSize = 32 << 10

// A tool is a registered tool.
type tool struct {
	spec          mcptypes.Tool
	run           func(ctx context.Context, call *mcptypes.CallToolParams, arguments any) (mcptypes.CallToolResult, error)
	loose         bool
	immediate     bool
	input, output *schema // to check with; nil: unchecked
	headers       []headerParam
}

// AddRawTool offers a tool whose schema is the caller's, byte for byte. A tool
// of the same name is replaced.
func (s *Server) AddRawTool(spec mcptypes.Tool, run RawTool, options ...ToolOption) error {
	return s.addTool(spec, func(ctx context.Context, call *mcptypes.CallToolParams, _ any) (mcptypes.CallToolResult, error) {
		return run(ctx, *call)
	}, options)
}

// AddTool offers a Go function as a tool. The input schema is made from In, a
// struct whose json and jsonschema tags are understood, unless the
// specification has one already. A string that the function returns is the
// result's text; a [mcptypes.CallToolResult] is the result itself; any other
// value is its structured content, in JSON, and its text. For a struct the
// output schema is made too. A tool of the same name is replaced.
func AddTool[In, Out any](s *Server, spec mcptypes.Tool, fn func(context.Context, In) (Out, error), options ...ToolOption) error {
	var t tool
	for _, option := range options {
		option(&t)
	}
	if spec.InputSchema.IsZero() {
		schema, err := objectSchemaOf[In](t.loose)
		if err != nil {
			return fmt.Errorf("add tool %q: input schema: %w", spec.Name, err)
		}
		spec.InputSchema = schema
	}
	if spec.OutputSchema.IsZero() && isStructured[Out]() {
		schema, err := objectSchemaOf[Out](true)
		if err != nil {
			return fmt.Errorf("add tool %q: output schema: %w", spec.Name, err)
		}
		spec.OutputSchema = schema
	}
	bind := binderOf[In]()
	return s.addTool(spec, func(ctx context.Context, call *mcptypes.CallToolParams, arguments any) (mcptypes.CallToolResult, error) {
		var in In
		if err := bind(call.Arguments, arguments, &in); err != nil {
			return mcptypes.CallToolResult{}, fmt.Errorf("arguments of %q: %w", call.Name, err)
		}
		out, err := fn(ctx, in)
		if err != nil {
			return mcptypes.CallToolResult{}, err
		}
		return resultOf(out)
	}, options)
}

func (s *Server) addTool(spec mcptypes.Tool, run func(context.Context, *mcptypes.CallToolParams, any) (mcptypes.CallToolResult, error), options []ToolOption) error {
	t := tool{spec: spec, run: run}
	for _, option := range options {
		option(&t)
	}
	if spec.Name == "" {
		return errors.New("add tool: name: missing")
	}
	if spec.InputSchema.IsZero() {
		return fmt.Errorf("add tool %q: input schema: missing", spec.Name)
	}
	var err error
	if !t.loose {
		if t.input, err = compile(spec.InputSchema); err != nil {
			return fmt.Errorf("add tool %q: input schema: %w", spec.Name, err)
		}
	}
	if !spec.OutputSchema.IsZero() {
		if t.output, err = compile(spec.OutputSchema); err != nil {
			return fmt.Errorf("add tool %q: output schema: %w", spec.Name, err)
		}
	}
	if t.headers, err = headerParams(spec.InputSchema); err != nil {
		return fmt.Errorf("add tool %q: input schema: %w", spec.Name, err)
	}
	s.tools.add(spec.Name, t)
	s.changed(toolsChanged, "")
	return nil
}

// RemoveTool withdraws a tool. It reports whether there was one.
func (s *Server) RemoveTool(name string) bool {
	found := s.tools.remove(name)
	if found {
		s.changed(toolsChanged, "")
	}
	return found
}

// resultOf makes a result of what a tool's function returned.
func resultOf(out any) (mcptypes.CallToolResult, error) {
	switch v := out.(type) {
	case mcptypes.CallToolResult:
		return v, nil
	case *mcptypes.CallToolResult:
		if v == nil {
			return mcptypes.CallToolResult{}, nil
		}
		return *v, nil
	case string:
		return TextResult(v), nil
	}
	raw, err := wire.RawOf(out)
	if err != nil {
		return mcptypes.CallToolResult{}, fmt.Errorf("result: %w", err)
	}
	result := TextResult(raw.String())
	if raw.Kind() == wire.KindObject {
		result.StructuredContent = raw
	}
	return result, nil
}

// TextResult is the result of a tool that has a text to tell.
func TextResult(text string) mcptypes.CallToolResult {
	return mcptypes.CallToolResult{Content: []mcptypes.ContentBlock{mcptypes.Text(text)}}
}

// ErrorResult is the result of a tool that failed, for the client's model to read.
func ErrorResult(err error) mcptypes.CallToolResult {
	result := TextResult(err.Error())
	result.IsError = new(true)
	return result
}

// serveListTools serves tools/list.
func (s *Server) serveListTools(ctx context.Context, p *mcptypes.ListToolsParams) (wire.Value, error) {
	return listed(ctx, s, &s.tools, p.Cursor, func(part []tool, next string) wire.Value {
		result := &mcptypes.ListToolsResult{Tools: make([]mcptypes.Tool, 0, len(part)), NextCursor: next}
		for _, t := range part {
			result.Tools = append(result.Tools, t.spec)
		}
		return result
	})
}

// listed returns a page of a registry in the form that the session's revision
// has, prepared unless middleware wants to look at it.
func listed[T any](ctx context.Context, s *Server, r *registry[T], cursor string, make func([]T, string) wire.Value) (wire.Value, error) {
	rev := SessionFrom(ctx).revisionOr(revision20250618)
	keep := len(s.options.Incoming) == 0
	return r.page(rev, cursor, s.options.PageSize, keep, func(part []T, next string) wire.Value {
		result := make(part, next)
		if keep { // else it is made to fit when the middleware has seen it
			rev.fit(s, result)
		}
		return result
	})
}

// orderOfCall says where a call is run.
func (s *Server) orderOfCall(params wire.Value) jsonrpc.Order {
	p, ok := params.(*mcptypes.CallToolParams)
	if ok && len(s.options.Incoming) == 0 && len(p.Arguments.String()) <= immediateSize {
		if t, found := s.tools.get(p.Name); found && t.immediate {
			return jsonrpc.Inline
		}
	}
	return jsonrpc.Concurrent
}

// serveCallTool runs a tool. Its failure is a result, so that the client's
// model can see it and do better.
func (s *Server) serveCallTool(ctx context.Context, p *mcptypes.CallToolParams) (wire.Value, error) {
	t, found := s.tools.get(p.Name)
	var result mcptypes.CallToolResult
	var err error
	switch {
	case found:
		result, err = t.call(ctx, p)
	case s.options.UnknownTool != nil:
		result, err = s.options.UnknownTool(ctx, *p)
	default:
		return nil, jsonrpc.InvalidParamsf("tools/call: unknown tool %q", p.Name)
	}
	if err != nil {
		if _, refused := errors.AsType[*jsonrpc.Error](err); refused {
			return nil, err
		}
		if _, need := errors.AsType[*Need](err); need {
			return nil, err
		}
		result = ErrorResult(err)
	}
	return &result, nil
}

// call runs the tool on arguments that fit, and checks what it returns.
func (t *tool) call(ctx context.Context, p *mcptypes.CallToolParams) (mcptypes.CallToolResult, error) {
	if p.Arguments.IsZero() || p.Arguments.IsNull() { // null is what some clients write for none
		whole := *p
		whole.Arguments = wire.EmptyObject()
		p = &whole
	}
	var arguments any
	if t.input != nil {
		var err error
		if arguments, err = valueOfJSON(p.Arguments); err == nil {
			err = t.input.check(arguments)
		}
		if err != nil {
			return mcptypes.CallToolResult{}, fmt.Errorf("arguments of %q: %w", p.Name, err)
		}
	}
	result, err := t.run(ctx, p, arguments)
	if err != nil || t.output == nil || result.IsError != nil && *result.IsError {
		return result, err
	}
	if result.StructuredContent.IsZero() {
		return result, jsonrpc.Errorf(jsonrpc.CodeInternalError, "tool %q: structured content: missing", p.Name)
	}
	value, err := valueOfJSON(result.StructuredContent)
	if err == nil {
		err = t.output.check(value)
	}
	if err != nil {
		return result, jsonrpc.Errorf(jsonrpc.CodeInternalError, "tool %q: structured content: %v", p.Name, err)
	}
	return result, nil
}
