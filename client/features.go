package client

import (
	"context"
	"fmt"
	"iter"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// maxPages is how many pages of one list are asked for. Who has more than that
// never ends.
const maxPages = 10_000

// Ping asks whether the server is still there.
func (s *Session) Ping(ctx context.Context) error {
	if s.Revision() == Stateless {
		// The revision has no ping. This is answered as cheaply.
		_, err := s.discover(ctx)
		return err
	}
	_, err := Call(ctx, s, mcptypes.Ping, mcptypes.PingParams{})
	return err
}

// CallTool runs a tool. The arguments are anything that encodes as a JSON
// object; nil means none.
func (s *Session) CallTool(ctx context.Context, name string, arguments any) (mcptypes.CallToolResult, error) {
	params := mcptypes.CallToolParams{Name: name}
	if arguments != nil {
		raw, err := wire.RawOf(arguments)
		if err != nil {
			return mcptypes.CallToolResult{}, fmt.Errorf("tools/call %q: arguments: %w", name, err)
		}
		params.Arguments = raw
	}
	return Call(ctx, s, mcptypes.CallTool, params)
}

// ReadResource returns what a resource holds.
func (s *Session) ReadResource(ctx context.Context, uri string) (mcptypes.ReadResourceResult, error) {
	return Call(ctx, s, mcptypes.ReadResource, mcptypes.ReadResourceParams{URI: uri})
}

// GetPrompt fills in a prompt.
func (s *Session) GetPrompt(ctx context.Context, name string, arguments map[string]string) (mcptypes.GetPromptResult, error) {
	return Call(ctx, s, mcptypes.GetPrompt, mcptypes.GetPromptParams{Name: name, Arguments: arguments})
}

// Complete asks how an argument that is being typed could go on.
func (s *Session) Complete(ctx context.Context, params mcptypes.CompleteParams) (mcptypes.CompleteResult, error) {
	return Call(ctx, s, mcptypes.Complete, params)
}

// SetLevel sets from which level on the server sends log messages.
func (s *Session) SetLevel(ctx context.Context, level mcptypes.LoggingLevel) error {
	if s.Revision() == Stateless {
		s.mu.Lock()
		s.level = level // every request says it
		s.mu.Unlock()
		return nil
	}
	_, err := Call(ctx, s, mcptypes.SetLevel, mcptypes.SetLevelParams{Level: level})
	return err
}

// RootsChanged tells the server that the client's roots are no longer the same.
func (s *Session) RootsChanged(ctx context.Context) error {
	if s.Revision() == Stateless {
		return nil // the server asks when it needs them
	}
	return Notify(ctx, s, mcptypes.RootsListChanged, mcptypes.RootsListChangedParams{})
}

// Tools are all tools of the server, page by page as they are asked for.
func (s *Session) Tools(ctx context.Context) iter.Seq2[mcptypes.Tool, error] {
	return pages(mcptypes.ListTools.Method, func(cursor string) ([]mcptypes.Tool, string, error) {
		page, err := Call(ctx, s, mcptypes.ListTools, mcptypes.ListToolsParams{Cursor: cursor})
		return s.usable(page.Tools), page.NextCursor, err
	})
}

// Resources are all resources of the server, page by page as they are asked for.
func (s *Session) Resources(ctx context.Context) iter.Seq2[mcptypes.Resource, error] {
	return pages(mcptypes.ListResources.Method, func(cursor string) ([]mcptypes.Resource, string, error) {
		page, err := Call(ctx, s, mcptypes.ListResources, mcptypes.ListResourcesParams{Cursor: cursor})
		return page.Resources, page.NextCursor, err
	})
}

// ResourceTemplates are all resource templates of the server, page by page as
// they are asked for.
func (s *Session) ResourceTemplates(ctx context.Context) iter.Seq2[mcptypes.ResourceTemplate, error] {
	return pages(mcptypes.ListResourceTemplates.Method, func(cursor string) ([]mcptypes.ResourceTemplate, string, error) {
		page, err := Call(ctx, s, mcptypes.ListResourceTemplates, mcptypes.ListResourceTemplatesParams{Cursor: cursor})
		return page.ResourceTemplates, page.NextCursor, err
	})
}

// Prompts are all prompts of the server, page by page as they are asked for.
func (s *Session) Prompts(ctx context.Context) iter.Seq2[mcptypes.Prompt, error] {
	return pages(mcptypes.ListPrompts.Method, func(cursor string) ([]mcptypes.Prompt, string, error) {
		page, err := Call(ctx, s, mcptypes.ListPrompts, mcptypes.ListPromptsParams{Cursor: cursor})
		return page.Prompts, page.NextCursor, err
	})
}

// pages iterates over a list that comes in pages. An error is the last it gives.
func pages[T any](method string, page func(cursor string) ([]T, string, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		seen := map[string]bool{}
		for cursor := ""; ; {
			items, next, err := page(cursor)
			if err != nil {
				yield(none, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			switch {
			case next == "":
				return
			case seen[next]:
				yield(none, fmt.Errorf("%s: the server gives the cursor %q twice", method, next))
				return
			case len(seen) == maxPages:
				yield(none, fmt.Errorf("%s: the list has more than %d pages", method, maxPages))
				return
			}
			seen[next] = true
			cursor = next
		}
	}
}
