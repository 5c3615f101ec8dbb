// Command mcpgo is the echo server on mcp-go, with what that does by default:
// it does not check arguments.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/codexmcp/codexmcp/bench/internal/fixture"
)

func main() {
	if err := run(fixture.Parse()); err != nil {
		fmt.Fprintln(os.Stderr, "mcpgo:", err)
		os.Exit(1)
	}
}

func run(flags fixture.Flags) error {
	s := server.NewMCPServer("mcpgo", "1.0.0", server.WithToolCapabilities(true))
	s.AddTool(mcp.NewTool("echo", mcp.WithDescription("Returns its text."),
		mcp.WithString("text", mcp.Required(), mcp.Description("What is returned"))), echo)
	for _, t := range fixture.Tools(flags.Tools) {
		s.AddTool(mcp.NewToolWithRawSchema(t.Name, t.Description, json.RawMessage(t.Schema)), echo)
	}
	if flags.HTTP == "" {
		return server.ServeStdio(s)
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", flags.HTTP)
	if err != nil {
		return err
	}
	fixture.Listening(listener.Addr().String())
	mux := http.NewServeMux()
	mux.Handle("/mcp", server.NewStreamableHTTPServer(s))
	return http.Serve(listener, mux)
}

func echo(_ context.Context, call mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	text, err := call.RequireString("text")
	if err != nil {
		return mcp.NewToolResultError(err.Error()), nil
	}
	return mcp.NewToolResultText(text), nil
}
