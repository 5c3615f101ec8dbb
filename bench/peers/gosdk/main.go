// Command gosdk is the echo server on the official Go SDK, with JSON answers
// over HTTP, the quicker of the two forms that it has.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/codexmcp/codexmcp/bench/internal/fixture"
)

func main() {
	if err := run(fixture.Parse()); err != nil {
		fmt.Fprintln(os.Stderr, "gosdk:", err)
		os.Exit(1)
	}
}

// Echo is what the tools take.
type Echo struct {
	Text string `json:"text" jsonschema:"What is returned"`
}

func echo(_ context.Context, _ *mcp.CallToolRequest, in Echo) (*mcp.CallToolResult, any, error) {
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: in.Text}}}, nil, nil
}

func run(flags fixture.Flags) error {
	s := mcp.NewServer(&mcp.Implementation{Name: "gosdk", Version: "1.0.0"}, nil)
	mcp.AddTool(s, &mcp.Tool{Name: "echo", Description: "Returns its text."}, echo)
	for _, t := range fixture.Tools(flags.Tools) {
		mcp.AddTool(s, &mcp.Tool{Name: t.Name, Description: t.Description, InputSchema: json.RawMessage(t.Schema)}, echo)
	}
	if flags.HTTP == "" {
		return s.Run(context.Background(), &mcp.StdioTransport{MaxLineLength: -1})
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", flags.HTTP)
	if err != nil {
		return err
	}
	fixture.Listening(listener.Addr().String())
	mux := http.NewServeMux()
	mux.Handle("/mcp", mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s },
		&mcp.StreamableHTTPOptions{JSONResponse: true}))
	return http.Serve(listener, mux)
}
