package client_test

import (
	"context"
	"fmt"

	"github.com/codexmcp/codexmcp/client"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
)

// A whole client: it lists what a server offers and calls a tool, told how far that
// has come. The server is in the same process; [client.Command] starts one as a
// child, [client.ConnectHTTP] reaches one over HTTP.
func Example() {
	s := server.New(mcptypes.Implementation{Name: "counter", Version: "1.0.0"}, nil)
	err := server.AddTool(s, mcptypes.Tool{Name: "count"}, func(ctx context.Context, in struct {
		To int `json:"to"`
	}) (string, error) {
		for i := range in.To {
			if err := server.Progress(ctx, float64(i+1), new(float64(in.To)), ""); err != nil {
				return "", err
			}
		}
		return "done", nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	near, far := jsonrpc.Pipe()
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, far) }()

	c, err := client.Connect(ctx, near, client.Options{Info: mcptypes.Implementation{Name: "example", Version: "1.0.0"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for tool, err := range c.Tools(ctx) { // asks for further pages as it goes
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(tool.Name)
	}
	watched := client.WithProgress(ctx, func(p mcptypes.ProgressParams) { fmt.Println(p.Progress, "of", *p.Total) })
	result, err := c.CallTool(watched, "count", map[string]any{"to": 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, block := range result.Content {
		if b, ok := block.(*mcptypes.TextContent); ok {
			fmt.Println(b.Text)
		}
	}
	_, err = c.CallTool(ctx, "nope", nil)
	fmt.Println(err)
	fmt.Println(c.Close(ctx), <-served)
	// Output:
	// count
	// 1 of 2
	// 2 of 2
	// done
	// tools/call: unknown tool "nope" (code -32602)
	// <nil> <nil>
}
