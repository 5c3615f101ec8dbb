package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/invopop/jsonschema"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// A RawTool runs a tool on arguments as they came. An error becomes a result
// with isError, but for a [*jsonrpc.Error], which refuses the request.
type RawTool func(ctx context.Context, call mcptypes.CallToolParams) (mcptypes.CallToolResult, error)

// A tool is a registered tool.
type tool struct {
	spec mcptypes.Tool
	run  RawTool
}

// AddRawTool offers a tool whose schema is the caller's, byte for byte. A tool
// of the same name is replaced.
func (s *Server) AddRawTool(spec mcptypes.Tool, run RawTool) error {
	if spec.Name == "" {
		return errors.New("add tool: name: missing")
	}
	if spec.InputSchema.IsZero() {
		return fmt.Errorf("add tool %q: input schema: missing", spec.Name)
	}
	s.mu.Lock()
	if s.tools[spec.Name] == nil {
		s.toolOrder = append(s.toolOrder, spec.Name)
	}
	s.tools[spec.Name] = &tool{spec: spec, run: run}
	s.mu.Unlock()
	return s.toolsChanged()
}

// RemoveTool withdraws a tool. It reports whether there was one.
func (s *Server) RemoveTool(name string) (bool, error) {
	s.mu.Lock()
	_, found := s.tools[name]
	delete(s.tools, name)
	s.toolOrder = slices.DeleteFunc(s.toolOrder, func(other string) bool { return other == name })
	s.mu.Unlock()
	if !found {
		return false, nil
	}
	return true, s.toolsChanged()
}

func (s *Server) toolsChanged() error {
	return Notify(context.Background(), s, mcptypes.ToolListChanged, mcptypes.ToolListChangedParams{})
}

// AddTool offers a Go function as a tool. The input schema is made from In, a
// struct whose json and jsonschema tags are understood, unless the
// specification has one already. A string that the function returns is the
// result's text; a [mcptypes.CallToolResult] is the result itself; any other
// value is its structured content, in JSON, and its text.
func AddTool[In, Out any](s *Server, spec mcptypes.Tool, fn func(context.Context, In) (Out, error)) error {
	if spec.InputSchema.IsZero() {
		schema, err := SchemaOf[In]()
		if err != nil {
			return fmt.Errorf("add tool %q: input schema: %w", spec.Name, err)
		}
		spec.InputSchema = schema
	}
	return s.AddRawTool(spec, func(ctx context.Context, call mcptypes.CallToolParams) (mcptypes.CallToolResult, error) {
		var in In
		arguments := call.Arguments
		if arguments.IsZero() {
			arguments = wire.EmptyObject()
		}
		if err := arguments.Decode(&in); err != nil {
			return mcptypes.CallToolResult{}, fmt.Errorf("arguments of %q: %w", call.Name, err)
		}
		out, err := fn(ctx, in)
		if err != nil {
			return mcptypes.CallToolResult{}, err
		}
		return resultOf(out)
	})
}

// SchemaOf returns the JSON Schema of a Go type, as tools show it.
func SchemaOf[T any]() (wire.Raw, error) {
	r := jsonschema.Reflector{Anonymous: true, DoNotReference: true}
	schema := r.Reflect(new(T))
	schema.Version = ""
	text, err := json.Marshal(schema)
	if err != nil {
		return wire.Raw{}, err
	}
	return wire.ParseRaw(text)
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
		return mcptypes.CallToolResult{Content: []mcptypes.ContentBlock{mcptypes.Text(v)}}, nil
	}
	raw, err := wire.RawOf(out)
	if err != nil {
		return mcptypes.CallToolResult{}, fmt.Errorf("result: %w", err)
	}
	result := mcptypes.CallToolResult{Content: []mcptypes.ContentBlock{mcptypes.Text(raw.String())}}
	if raw.Kind() == wire.KindObject {
		result.StructuredContent = raw
	}
	return result, nil
}

// ErrorResult is the result of a tool that failed, for the client's model to read.
func ErrorResult(err error) mcptypes.CallToolResult {
	return mcptypes.CallToolResult{Content: []mcptypes.ContentBlock{mcptypes.Text(err.Error())}, IsError: new(true)}
}

// handleTools serves tools/list and tools/call.
func (s *Server) handleTools() {
	list := jsonrpc.HandleRequest(mcptypes.ListTools, s.listTools)
	list.Order = jsonrpc.Inline
	s.requests[mcptypes.ListTools.Method] = list
	s.requests[mcptypes.CallTool.Method] = jsonrpc.HandleRequest(mcptypes.CallTool, s.callTool)
}

func (s *Server) listTools(_ context.Context, p mcptypes.ListToolsParams) (mcptypes.ListToolsResult, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	names, next, err := page(s.toolOrder, p.Cursor, s.options.PageSize)
	if err != nil {
		return mcptypes.ListToolsResult{}, err
	}
	result := mcptypes.ListToolsResult{Tools: make([]mcptypes.Tool, 0, len(names)), NextCursor: next}
	for _, name := range names {
		result.Tools = append(result.Tools, s.tools[name].spec)
	}
	return result, nil
}

// callTool runs a tool. Its failure is a result, so that the client's model can
// see it and do better.
func (s *Server) callTool(ctx context.Context, p mcptypes.CallToolParams) (mcptypes.CallToolResult, error) {
	s.mu.RLock()
	t := s.tools[p.Name]
	s.mu.RUnlock()
	run := s.options.UnknownTool
	if t != nil {
		run = t.run
	}
	if run == nil {
		return mcptypes.CallToolResult{}, unknownTool(p.Name)
	}
	if p.Meta != nil && !p.Meta.ProgressToken.IsZero() {
		ctx = context.WithValue(ctx, progressKey{}, p.Meta.ProgressToken)
	}
	result, err := run(ctx, p)
	var refused *jsonrpc.Error
	switch {
	case err == nil:
		return result, nil
	case errors.As(err, &refused):
		return mcptypes.CallToolResult{}, refused
	}
	return ErrorResult(err), nil
}

// page returns one page of a list of names that may change between pages: the
// cursor is how far the client has come.
func page(names []string, cursor string, size int) (part []string, next string, err error) {
	start := 0
	if cursor != "" {
		start, err = strconv.Atoi(cursor)
		if err != nil || start < 0 || start > len(names) {
			return nil, "", jsonrpc.InvalidParamsf("cursor %q: not one that this server gave", cursor)
		}
	}
	end := min(start+size, len(names))
	if end < len(names) {
		next = strconv.Itoa(end)
	}
	return names[start:end], next, nil
}

type progressKey struct{}

// Progress reports how far the current request has come, if its client asked
// to be told. progress must grow from call to call; total is what it will be at
// the end, nil if nobody knows.
func Progress(ctx context.Context, progress float64, total *float64, message string) error {
	token, ok := ctx.Value(progressKey{}).(wire.ProgressToken)
	if !ok {
		return nil
	}
	return Tell(ctx, SessionFrom(ctx), mcptypes.Progress, mcptypes.ProgressParams{
		ProgressToken: token, Progress: progress, Total: total, Message: message,
	})
}

// HasProgress reports whether the current request's client wants to be told how
// far it has come.
func HasProgress(ctx context.Context) bool {
	_, ok := ctx.Value(progressKey{}).(wire.ProgressToken)
	return ok
}
