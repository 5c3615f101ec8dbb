// Command server-gosdk is a server built with the official Go SDK that has one
// of everything. It speaks on stdin and stdout, or HTTP with -http.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync/atomic"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func main() {
	address := flag.String("http", "", "serve HTTP at this address")
	flag.Parse()
	if err := run(*address); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(address string) error {
	s := build()
	if address == "" {
		return s.Run(context.Background(), &mcp.StdioTransport{})
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Println("http://" + l.Addr().String() + "/mcp")
	return http.Serve(l, mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s }, nil))
}

type none struct{}

// add adds a tool that returns a text.
func add[In any](s *mcp.Server, name string, run func(context.Context, *mcp.CallToolRequest, In) (string, error)) {
	mcp.AddTool(s, &mcp.Tool{Name: name, Description: "The tool " + name + "."},
		func(ctx context.Context, r *mcp.CallToolRequest, in In) (*mcp.CallToolResult, any, error) {
			text, err := run(ctx, r, in)
			if err != nil {
				return nil, nil, err
			}
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: text}}}, nil, nil
		})
}

func build() *mcp.Server {
	s := mcp.NewServer(&mcp.Implementation{Name: "gosdk", Version: "1"}, &mcp.ServerOptions{
		PageSize: 2,
		CompletionHandler: func(context.Context, *mcp.CompleteRequest) (*mcp.CompleteResult, error) {
			return &mcp.CompleteResult{Completion: mcp.CompletionResultDetails{Values: []string{"Ada", "Adam"}}}, nil
		},
		SubscribeHandler:   func(context.Context, *mcp.SubscribeRequest) error { return nil },
		UnsubscribeHandler: func(context.Context, *mcp.UnsubscribeRequest) error { return nil },
	})
	addTools(s)
	text := func(_ context.Context, r *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
		return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{{URI: r.Params.URI, MIMEType: "text/plain", Text: "the text of " + r.Params.URI}}}, nil
	}
	s.AddResource(&mcp.Resource{URI: "test://text", Name: "text"}, text)
	s.AddResource(&mcp.Resource{URI: "test://other", Name: "other"}, text)
	s.AddResource(&mcp.Resource{URI: "test://blob", Name: "blob"}, func(_ context.Context, r *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
		return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{{URI: r.Params.URI, Blob: []byte("hello")}}}, nil
	})
	s.AddResourceTemplate(&mcp.ResourceTemplate{URITemplate: "test://item/{id}", Name: "item"}, text)
	s.AddPrompt(&mcp.Prompt{Name: "greet", Arguments: []*mcp.PromptArgument{{Name: "name", Required: true}}},
		func(_ context.Context, r *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			return &mcp.GetPromptResult{Messages: []*mcp.PromptMessage{{Role: "user", Content: &mcp.TextContent{Text: "Hello " + r.Params.Arguments["name"]}}}}, nil
		})
	return s
}

func addTools(s *mcp.Server) {
	add(s, "echo", func(_ context.Context, _ *mcp.CallToolRequest, in struct {
		Text string `json:"text"`
	}) (string, error) {
		return in.Text, nil
	})
	add(s, "fail", func(context.Context, *mcp.CallToolRequest, none) (string, error) { return "", errors.New("it failed") })
	mcp.AddTool(s, &mcp.Tool{Name: "picture"}, func(context.Context, *mcp.CallToolRequest, none) (*mcp.CallToolResult, any, error) {
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.ImageContent{Data: []byte("pixels"), MIMEType: "image/png"}}}, nil, nil
	})
	add(s, "steps", func(ctx context.Context, r *mcp.CallToolRequest, _ none) (string, error) {
		for i := range 3 {
			err := r.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{
				ProgressToken: r.Params.GetProgressToken(), Progress: float64(i + 1), Total: 3, Message: "a step"})
			if err != nil {
				return "", err
			}
		}
		return "done", nil
	})
	add(s, "log", func(ctx context.Context, r *mcp.CallToolRequest, _ none) (string, error) {
		return "logged", r.Session.Log(ctx, &mcp.LoggingMessageParams{Level: "info", Data: "at work"})
	})
	add(s, "ask", func(ctx context.Context, r *mcp.CallToolRequest, _ none) (string, error) {
		result, err := r.Session.Elicit(ctx, &mcp.ElicitParams{Message: "Your name?", RequestedSchema: &jsonschema.Schema{
			Type: "object", Properties: map[string]*jsonschema.Schema{"name": {Type: "string"}}}})
		if err != nil {
			return "", err
		}
		return fmt.Sprint(result.Action, " ", result.Content["name"]), nil
	})
	add(s, "sample", func(ctx context.Context, r *mcp.CallToolRequest, _ none) (string, error) {
		result, err := r.Session.CreateMessage(ctx, &mcp.CreateMessageParams{
			MaxTokens: 9, Messages: []*mcp.SamplingMessage{{Role: "user", Content: &mcp.TextContent{Text: "the capital?"}}}})
		if err != nil {
			return "", err
		}
		return result.Content.(*mcp.TextContent).Text, nil
	})
	add(s, "roots", func(ctx context.Context, r *mcp.CallToolRequest, _ none) (string, error) {
		result, err := r.Session.ListRoots(ctx, nil)
		if err != nil {
			return "", err
		}
		return result.Roots[0].URI, nil
	})
	var cancelled atomic.Int32
	add(s, "slow", func(ctx context.Context, r *mcp.CallToolRequest, _ none) (string, error) {
		err := r.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{ProgressToken: r.Params.GetProgressToken(), Progress: 1})
		<-ctx.Done()
		cancelled.Add(1)
		return "", errors.Join(ctx.Err(), err)
	})
	add(s, "cancelled", func(context.Context, *mcp.CallToolRequest, none) (string, error) {
		return fmt.Sprint(cancelled.Load()), nil
	})
	add(s, "grow", func(context.Context, *mcp.CallToolRequest, none) (string, error) {
		add(s, "grown", func(context.Context, *mcp.CallToolRequest, none) (string, error) { return "here", nil })
		return "grown", nil
	})
	add(s, "touch", func(ctx context.Context, _ *mcp.CallToolRequest, _ none) (string, error) {
		return "touched", s.ResourceUpdated(ctx, &mcp.ResourceUpdatedNotificationParams{URI: "test://text"})
	})
}
