package main

import (
	"context"
	"errors"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
	"github.com/codexmcp/codexmcp/wire"
)

// pixel is a PNG image of one red pixel.
const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="

// silence is a WAV file without a sound in it.
const silence = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA="

func image() *mcptypes.ImageContent {
	return &mcptypes.ImageContent{Data: pixel, MIMEType: "image/png"}
}

func embedded(uri, text string) *mcptypes.EmbeddedResource {
	return &mcptypes.EmbeddedResource{Resource: &mcptypes.TextResourceContents{URI: uri, MIMEType: "text/plain", Text: text}}
}

// content returns a tool function whose result never changes.
func content(blocks ...mcptypes.ContentBlock) func(context.Context, nothing) (mcptypes.CallToolResult, error) {
	return func(context.Context, nothing) (mcptypes.CallToolResult, error) {
		return mcptypes.CallToolResult{Content: blocks}, nil
	}
}

// addContentTools adds a tool for every kind of content.
func addContentTools(s *server.Server) error {
	return errors.Join(
		server.AddTool(s, mcptypes.Tool{Name: "test_simple_text", Description: "Returns a text."},
			content(mcptypes.Text("A text, and nothing but a text."))),
		server.AddTool(s, mcptypes.Tool{Name: "test_image_content", Description: "Returns an image."}, content(image())),
		server.AddTool(s, mcptypes.Tool{Name: "test_audio_content", Description: "Returns a sound."},
			content(&mcptypes.AudioContent{Data: silence, MIMEType: "audio/wav"})),
		server.AddTool(s, mcptypes.Tool{Name: "test_embedded_resource", Description: "Returns a resource."},
			content(embedded("test://embedded", "The text of a resource."))),
		server.AddTool(s, mcptypes.Tool{Name: "test_multiple_content_types", Description: "Returns a text, an image and a resource."},
			content(mcptypes.Text("First a text."), image(), embedded("test://mixed", "Last a resource."))),
		server.AddTool(s, mcptypes.Tool{Name: "test_resource_link", Description: "Returns a link to a resource."},
			content(&mcptypes.ResourceLink{URI: "test://static-text", Name: "static-text", MIMEType: "text/plain"})),
		server.AddTool(s, mcptypes.Tool{Name: "test_error_handling", Description: "Always fails."},
			func(context.Context, nothing) (string, error) {
				return "", errors.New("this tool always fails, as it should")
			}),
	)
}

// addResources adds resources, a template, and one that can be watched.
func addResources(s *server.Server) error {
	return errors.Join(
		s.AddResource(mcptypes.Resource{URI: "test://static-text", Name: "static-text", Description: "A text that never changes.", MIMEType: "text/plain"},
			func(_ context.Context, uri string, _ map[string]string) ([]mcptypes.ResourceContents, error) {
				return []mcptypes.ResourceContents{&mcptypes.TextResourceContents{URI: uri, MIMEType: "text/plain", Text: "The text that never changes."}}, nil
			}),
		s.AddResource(mcptypes.Resource{URI: "test://static-binary", Name: "static-binary", Description: "An image that never changes.", MIMEType: "image/png"},
			func(_ context.Context, uri string, _ map[string]string) ([]mcptypes.ResourceContents, error) {
				return []mcptypes.ResourceContents{&mcptypes.BlobResourceContents{URI: uri, MIMEType: "image/png", Blob: pixel}}, nil
			}),
		s.AddResource(mcptypes.Resource{URI: "test://watched-resource", Name: "watched-resource", Description: "A text to subscribe to.", MIMEType: "text/plain"},
			func(_ context.Context, uri string, _ map[string]string) ([]mcptypes.ResourceContents, error) {
				return []mcptypes.ResourceContents{&mcptypes.TextResourceContents{URI: uri, MIMEType: "text/plain", Text: "Watch this."}}, nil
			}),
		s.AddTemplate(mcptypes.ResourceTemplate{URITemplate: "test://template/{id}/data", Name: "template", Description: "Data by its id.", MIMEType: "application/json"},
			func(_ context.Context, uri string, variables map[string]string) ([]mcptypes.ResourceContents, error) {
				data, err := wire.RawOf(map[string]string{"id": variables["id"], "data": "Data of " + variables["id"]})
				if err != nil {
					return nil, err
				}
				return []mcptypes.ResourceContents{&mcptypes.TextResourceContents{URI: uri, MIMEType: "application/json", Text: data.String()}}, nil
			},
			func(context.Context, string, string, map[string]string) ([]string, error) {
				return []string{"123", "456"}, nil
			}),
	)
}

// addPrompts adds a prompt of every kind.
func addPrompts(s *server.Server) error {
	said := func(blocks ...mcptypes.ContentBlock) (mcptypes.GetPromptResult, error) {
		var result mcptypes.GetPromptResult
		for _, b := range blocks {
			result.Messages = append(result.Messages, mcptypes.PromptMessage{Role: mcptypes.RoleUser, Content: b})
		}
		return result, nil
	}
	return errors.Join(
		s.AddPrompt(mcptypes.Prompt{Name: "test_simple_prompt", Description: "A prompt without arguments."},
			func(context.Context, map[string]string) (mcptypes.GetPromptResult, error) {
				return said(mcptypes.Text("Say something simple."))
			}, nil),
		s.AddPrompt(mcptypes.Prompt{Name: "test_prompt_with_arguments", Description: "A prompt with two arguments.", Arguments: []mcptypes.PromptArgument{
			{Name: "arg1", Description: "The first.", Required: new(true)}, {Name: "arg2", Description: "The second.", Required: new(true)},
		}},
			func(_ context.Context, a map[string]string) (mcptypes.GetPromptResult, error) {
				return said(mcptypes.Text("Compare " + a["arg1"] + " with " + a["arg2"] + "."))
			},
			func(_ context.Context, _, value string, _ map[string]string) ([]string, error) {
				return []string{value + "paris", value + "park", value + "party"}, nil
			}),
		s.AddPrompt(mcptypes.Prompt{Name: "test_prompt_with_embedded_resource", Description: "A prompt with a resource.", Arguments: []mcptypes.PromptArgument{
			{Name: "resourceUri", Description: "The URI of the resource.", Required: new(true)},
		}},
			func(_ context.Context, a map[string]string) (mcptypes.GetPromptResult, error) {
				return said(embedded(a["resourceUri"], "The text of the resource."), mcptypes.Text("Sum this up."))
			}, nil),
		s.AddPrompt(mcptypes.Prompt{Name: "test_prompt_with_image", Description: "A prompt with an image."},
			func(context.Context, map[string]string) (mcptypes.GetPromptResult, error) {
				return said(image(), mcptypes.Text("What do you see?"))
			}, nil),
		addInputPrompt(s),
	)
}
