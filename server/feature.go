package server

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/yosida95/uritemplate/v3"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// A ReadResource reads a resource. variables are those of the template that the
// URI fits, nil for a resource of its own. [NotFound] says that there is none.
type ReadResource func(ctx context.Context, uri string, variables map[string]string) ([]mcptypes.ResourceContents, error)

// A GetPrompt fills in a prompt. The arguments that the prompt requires are there.
type GetPrompt func(ctx context.Context, arguments map[string]string) (mcptypes.GetPromptResult, error)

// A Complete says how an argument that is being typed could go on. settled are the arguments
// that the client has already.
type Complete func(ctx context.Context, argument, value string, settled map[string]string) ([]string, error)

// maxCompletions is how many suggestions the protocol allows.
const maxCompletions = 100

type resource struct {
	spec mcptypes.Resource
	read ReadResource
}

type template struct {
	spec     mcptypes.ResourceTemplate
	parsed   *uritemplate.Template
	read     ReadResource
	complete Complete
}

type prompt struct {
	spec     mcptypes.Prompt
	get      GetPrompt
	complete Complete
}

// NotFound is the error for a resource that does not exist.
func NotFound(uri string) error {
	e := jsonrpc.Errorf(CodeResourceNotFound, "resource %q not found", uri)
	data := wire.NewEncoder(nil)
	data.MembersValue(wire.MembersOf(wire.Member{Name: "uri", Value: rawString(uri)}))
	e.Data = encoded(&data)
	return e
}

// AddResource offers a resource. One of the same URI is replaced.
func (s *Server) AddResource(spec mcptypes.Resource, read ReadResource) error {
	if spec.URI == "" || spec.Name == "" {
		return errors.New("add resource: uri or name: missing")
	}
	s.resources.add(spec.URI, resource{spec, read})
	s.changed(resourcesChanged, "")
	return nil
}

// RemoveResource withdraws a resource. It reports whether there was one.
func (s *Server) RemoveResource(uri string) bool {
	found := s.resources.remove(uri)
	if found {
		s.changed(resourcesChanged, "")
	}
	return found
}

// AddTemplate offers all resources whose URIs fit a template (RFC 6570).
// complete, which may be nil, suggests values of its variables.
func (s *Server) AddTemplate(spec mcptypes.ResourceTemplate, read ReadResource, complete Complete) error {
	parsed, err := uritemplate.New(spec.URITemplate)
	if err != nil {
		return fmt.Errorf("add template %q: %w", spec.URITemplate, err)
	}
	if spec.Name == "" {
		return fmt.Errorf("add template %q: name: missing", spec.URITemplate)
	}
	s.templates.add(spec.URITemplate, template{spec, parsed, read, complete})
	s.changed(resourcesChanged, "")
	return nil
}

// RemoveTemplate withdraws a template. It reports whether there was one.
func (s *Server) RemoveTemplate(uriTemplate string) bool {
	found := s.templates.remove(uriTemplate)
	if found {
		s.changed(resourcesChanged, "")
	}
	return found
}

// ResourceUpdated tells the clients that watch a resource that it has changed.
func (s *Server) ResourceUpdated(uri string) {
	s.changed(0, uri)
	s.mu.Lock()
	handlers := slices.Collect(maps.Keys(s.handlers))
	s.mu.Unlock()
	for _, h := range handlers {
		h.tell(context.Background(), noteUpdated, "", uri)
	}
}

// AddPrompt offers a prompt. One of the same name is replaced. complete, which
// may be nil, suggests values of its arguments.
func (s *Server) AddPrompt(spec mcptypes.Prompt, get GetPrompt, complete Complete) error {
	if spec.Name == "" {
		return errors.New("add prompt: name: missing")
	}
	s.prompts.add(spec.Name, prompt{spec, get, complete})
	s.changed(promptsChanged, "")
	return nil
}

// RemovePrompt withdraws a prompt. It reports whether there was one.
func (s *Server) RemovePrompt(name string) bool {
	found := s.prompts.remove(name)
	if found {
		s.changed(promptsChanged, "")
	}
	return found
}

// completes reports whether anything can be completed.
func (s *Server) completes() bool {
	_, inPrompts := s.prompts.find(func(p prompt) bool { return p.complete != nil })
	_, inTemplates := s.templates.find(func(t template) bool { return t.complete != nil })
	return inPrompts || inTemplates
}

// handleFeatures serves what can be registered.
func (s *Server) handleFeatures() {
	builtin(s, mcptypes.ListTools.Method, false, jsonrpc.Inline, s.serveListTools)
	call := builtinHandler(mcptypes.CallTool.Method, true, s.serveCallTool)
	call.OrderOf = s.orderOfCall
	s.addMethod(mcptypes.CallTool.Method, call)
	builtin(s, mcptypes.ListResources.Method, false, jsonrpc.Inline, s.serveListResources)
	builtin(s, mcptypes.ListResourceTemplates.Method, false, jsonrpc.Inline, s.serveListTemplates)
	builtin(s, mcptypes.ReadResource.Method, true, jsonrpc.Concurrent, s.serveReadResource)
	builtin(s, mcptypes.Subscribe.Method, true, jsonrpc.Inline, s.serveSubscribe)
	builtin(s, mcptypes.Unsubscribe.Method, true, jsonrpc.Inline, s.serveUnsubscribe)
	builtin(s, mcptypes.ListPrompts.Method, false, jsonrpc.Inline, s.serveListPrompts)
	builtin(s, mcptypes.GetPrompt.Method, true, jsonrpc.Concurrent, s.serveGetPrompt)
	builtin(s, mcptypes.Complete.Method, true, jsonrpc.Concurrent, s.serveComplete)
	builtin(s, mcptypes.SetLevel.Method, true, jsonrpc.Inline, s.serveSetLevel)
}

func (s *Server) serveListResources(ctx context.Context, p *mcptypes.ListResourcesParams) (wire.Value, error) {
	return listed(ctx, s, &s.resources, p.Cursor, func(part []resource, next string) wire.Value {
		result := &mcptypes.ListResourcesResult{NextCursor: next}
		for _, r := range part {
			result.Resources = append(result.Resources, r.spec)
		}
		return result
	})
}

func (s *Server) serveListTemplates(ctx context.Context, p *mcptypes.ListResourceTemplatesParams) (wire.Value, error) {
	return listed(ctx, s, &s.templates, p.Cursor, func(part []template, next string) wire.Value {
		result := &mcptypes.ListResourceTemplatesResult{NextCursor: next}
		for _, t := range part {
			result.ResourceTemplates = append(result.ResourceTemplates, t.spec)
		}
		return result
	})
}

// serveReadResource reads a resource of its own, or one that fits a template.
func (s *Server) serveReadResource(ctx context.Context, p *mcptypes.ReadResourceParams) (wire.Value, error) {
	r, found := s.resources.get(p.URI)
	read := r.read
	var variables map[string]string
	if !found {
		t, found := s.templates.find(func(t template) bool {
			variables = matchTemplate(t.parsed, p.URI)
			return variables != nil
		})
		if !found {
			return nil, NotFound(p.URI)
		}
		read = t.read
	}
	contents, err := read(ctx, p.URI, variables)
	if err != nil {
		return nil, err
	}
	return &mcptypes.ReadResourceResult{Contents: contents}, nil
}

// matchTemplate returns the variables of a URI that fits a template, else nil.
func matchTemplate(t *uritemplate.Template, uri string) map[string]string {
	values := t.Match(uri)
	if values == nil {
		return nil
	}
	variables := make(map[string]string, len(values))
	for name, value := range values {
		variables[name] = value.String()
	}
	return variables
}

func (s *Server) serveListPrompts(ctx context.Context, p *mcptypes.ListPromptsParams) (wire.Value, error) {
	return listed(ctx, s, &s.prompts, p.Cursor, func(part []prompt, next string) wire.Value {
		result := &mcptypes.ListPromptsResult{NextCursor: next}
		for _, x := range part {
			result.Prompts = append(result.Prompts, x.spec)
		}
		return result
	})
}

func (s *Server) serveGetPrompt(ctx context.Context, p *mcptypes.GetPromptParams) (wire.Value, error) {
	x, found := s.prompts.get(p.Name)
	if !found {
		return nil, jsonrpc.InvalidParamsf("prompts/get: unknown prompt %q", p.Name)
	}
	for _, a := range x.spec.Arguments {
		if _, given := p.Arguments[a.Name]; !given && a.Required != nil && *a.Required {
			return nil, jsonrpc.InvalidParamsf("prompts/get: argument %q of %q: missing", a.Name, p.Name)
		}
	}
	result, err := x.get(ctx, p.Arguments)
	if err != nil {
		return nil, err
	}
	return &result, nil
}

// serveComplete asks what the reference points at; what completes nothing
// has no suggestions.
func (s *Server) serveComplete(ctx context.Context, p *mcptypes.CompleteParams) (wire.Value, error) {
	var complete Complete
	switch ref := p.Ref.(type) {
	case *mcptypes.PromptReference:
		x, found := s.prompts.get(ref.Name)
		if !found {
			return nil, jsonrpc.InvalidParamsf("completion/complete: unknown prompt %q", ref.Name)
		}
		complete = x.complete
	case *mcptypes.ResourceTemplateReference:
		t, found := s.templates.get(ref.URI)
		if _, single := s.resources.get(ref.URI); !found && !single {
			return nil, jsonrpc.InvalidParamsf("completion/complete: unknown template %q", ref.URI)
		}
		complete = t.complete
	default:
		return nil, jsonrpc.InvalidParamsf("completion/complete params.ref: neither a prompt nor a template")
	}
	result := &mcptypes.CompleteResult{}
	if complete == nil {
		return result, nil
	}
	var settled map[string]string
	if p.Context != nil {
		settled = p.Context.Arguments
	}
	values, err := complete(ctx, p.Argument.Name, p.Argument.Value, settled)
	if err != nil {
		return nil, err
	}
	if n := len(values); n > maxCompletions {
		result.Completion.Total, result.Completion.HasMore = new(int64(n)), new(true)
		values = values[:maxCompletions]
	}
	result.Completion.Values = values
	return result, nil
}

func (s *Server) serveSetLevel(ctx context.Context, p *mcptypes.SetLevelParams) (wire.Value, error) {
	session := SessionFrom(ctx)
	session.setLevel(p.Level)
	err := session.remember(ctx, func(st *sessionState) { st.level = severity(p.Level) })
	return &mcptypes.EmptyResult{}, err
}
