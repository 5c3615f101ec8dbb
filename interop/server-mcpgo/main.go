// Command server-mcpgo is a server built with mcp-go that has one of everything.
// It speaks on stdin and stdout, or HTTP with -http.
package main

import (
	"context"
	"encoding/base64"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
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
		return server.ServeStdio(s)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Println("http://" + l.Addr().String() + "/mcp")
	return http.Serve(l, server.NewStreamableHTTPServer(s, server.WithStateful(true)))
}

type completions struct{}

func (completions) CompletePromptArgument(context.Context, string, mcp.CompleteArgument, mcp.CompleteContext) (*mcp.Completion, error) {
	return &mcp.Completion{Values: []string{"Ada", "Adam"}}, nil
}

func build() *server.MCPServer {
	s := server.NewMCPServer("mcpgo", "1",
		server.WithResourceCapabilities(true, true), server.WithPromptCapabilities(true), server.WithToolCapabilities(true),
		server.WithLogging(), server.WithElicitation(), server.WithRoots(), server.WithCompletions(),
		server.WithPromptCompletionProvider(completions{}), server.WithPaginationLimit(2), server.WithLegacyServerInitiatedRequests())
	s.EnableSampling()
	addTools(s)
	text := func(_ context.Context, r mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		return []mcp.ResourceContents{mcp.TextResourceContents{URI: r.Params.URI, MIMEType: "text/plain", Text: "the text of " + r.Params.URI}}, nil
	}
	s.AddResource(mcp.NewResource("test://text", "text"), text)
	s.AddResource(mcp.NewResource("test://other", "other"), text)
	s.AddResource(mcp.NewResource("test://blob", "blob"), func(_ context.Context, r mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		return []mcp.ResourceContents{mcp.BlobResourceContents{URI: r.Params.URI, Blob: base64.StdEncoding.EncodeToString([]byte("hello"))}}, nil
	})
	s.AddResourceTemplate(mcp.NewResourceTemplate("test://item/{id}", "item"), text)
	s.AddPrompt(mcp.NewPrompt("greet", mcp.WithArgument("name", mcp.RequiredArgument())),
		func(_ context.Context, r mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			return mcp.NewGetPromptResult("", []mcp.PromptMessage{
				mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent("Hello "+r.Params.Arguments["name"])),
			}), nil
		})
	return s
}

// settle gives the library time to send what it was told to: it can lose what
// comes right before an answer.
func settle() { time.Sleep(50 * time.Millisecond) }

func addTools(s *server.MCPServer) {
	add := func(name string, run func(context.Context, mcp.CallToolRequest) (string, error), options ...mcp.ToolOption) {
		s.AddTool(mcp.NewTool(name, options...), func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			text, err := run(ctx, r)
			if err != nil {
				return mcp.NewToolResultError(err.Error()), nil
			}
			return mcp.NewToolResultText(text), nil
		})
	}
	add("echo", func(_ context.Context, r mcp.CallToolRequest) (string, error) { return r.GetString("text", ""), nil }, mcp.WithString("text", mcp.Required()))
	add("fail", func(context.Context, mcp.CallToolRequest) (string, error) { return "", fmt.Errorf("it failed") })
	s.AddTool(mcp.NewTool("picture"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return &mcp.CallToolResult{Content: []mcp.Content{mcp.NewImageContent(base64.StdEncoding.EncodeToString([]byte("pixels")), "image/png")}}, nil
	})
	progress := func(ctx context.Context, r mcp.CallToolRequest, done, total float64) error {
		if r.Params.Meta == nil || r.Params.Meta.ProgressToken == nil {
			return nil
		}
		return s.SendNotificationToClient(ctx, "notifications/progress", map[string]any{
			"progressToken": r.Params.Meta.ProgressToken, "progress": done, "total": total, "message": "a step"})
	}
	add("steps", func(ctx context.Context, r mcp.CallToolRequest) (string, error) {
		for i := range 3 {
			if err := progress(ctx, r, float64(i+1), 3); err != nil {
				return "", err
			}
		}
		settle()
		return "done", nil
	})
	add("log", func(ctx context.Context, _ mcp.CallToolRequest) (string, error) {
		err := s.SendLogMessageToClient(ctx, mcp.NewLoggingMessageNotification(mcp.LoggingLevelInfo, "", "at work"))
		settle()
		return "logged", err
	})
	add("ask", func(ctx context.Context, _ mcp.CallToolRequest) (string, error) {
		result, err := s.RequestElicitation(ctx, mcp.ElicitationRequest{Params: mcp.ElicitationParams{Message: "Your name?",
			RequestedSchema: map[string]any{"type": "object", "properties": map[string]any{"name": map[string]any{"type": "string"}}}}})
		if err != nil {
			return "", err
		}
		content, _ := result.Content.(map[string]any)
		return fmt.Sprint(result.Action, " ", content["name"]), nil
	})
	add("sample", func(ctx context.Context, _ mcp.CallToolRequest) (string, error) {
		result, err := s.RequestSampling(ctx, mcp.CreateMessageRequest{CreateMessageParams: mcp.CreateMessageParams{MaxTokens: 9,
			Messages: []mcp.SamplingMessage{{Role: mcp.RoleUser, Content: mcp.NewTextContent("the capital?")}}}})
		if err != nil {
			return "", err
		}
		return mcp.GetTextFromContent(result.Content), nil
	})
	add("roots", func(ctx context.Context, _ mcp.CallToolRequest) (string, error) {
		result, err := s.RequestRoots(ctx, mcp.ListRootsRequest{})
		if err != nil {
			return "", err
		}
		return result.Roots[0].URI, nil
	})
	var cancelled atomic.Int32
	add("slow", func(ctx context.Context, r mcp.CallToolRequest) (string, error) {
		err := progress(ctx, r, 1, 1)
		<-ctx.Done()
		cancelled.Add(1)
		return "", err
	})
	add("cancelled", func(context.Context, mcp.CallToolRequest) (string, error) { return fmt.Sprint(cancelled.Load()), nil })
	add("grow", func(context.Context, mcp.CallToolRequest) (string, error) {
		add("grown", func(context.Context, mcp.CallToolRequest) (string, error) { return "here", nil })
		settle()
		return "grown", nil
	})
	add("touch", func(context.Context, mcp.CallToolRequest) (string, error) {
		s.SendNotificationToAllClients("notifications/resources/updated", map[string]any{"uri": "test://text"})
		settle()
		return "touched", nil
	})
}
