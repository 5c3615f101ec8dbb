package server_test

import (
	"context"
	"fmt"

	"github.com/codexmcp/codexmcp/client"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
)

// A whole server with one tool, and a client in the same process that calls it.
// A program of its own serves [server.Stdio] in place of the pipe.
func Example() {
	type greeting struct {
		Name string `json:"name" jsonschema:"description=Who is greeted"`
	}
	s := server.New(mcptypes.Implementation{Name: "greeter", Version: "1.0.0"}, nil)
	err := server.AddTool(s, mcptypes.Tool{Name: "greet", Description: "Greets somebody."},
		func(_ context.Context, in greeting) (string, error) { return "Hello, " + in.Name, nil })
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
	for _, arguments := range []any{map[string]any{"name": "Ada"}, map[string]any{"nam": "Ada"}} {
		result, err := c.CallTool(ctx, "greet", arguments)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, block := range result.Content {
			if b, ok := block.(*mcptypes.TextContent); ok {
				fmt.Println(b.Text)
			}
		}
	}
	fmt.Println(c.Close(ctx), <-served)
	// Output:
	// Hello, Ada
	// arguments of "greet": missing property 'name'; additional properties 'nam' not allowed
	// <nil> <nil>
}

func ExampleSchemaOf() {
	schema, err := server.SchemaOf[struct {
		Path  string `json:"path" jsonschema:"description=Where to look"`
		Depth int    `json:"depth,omitempty" jsonschema:"minimum=1"`
	}]()
	fmt.Println(schema, err)
	_, err = server.SchemaOf[chan int]()
	fmt.Println(err)
	// Output:
	// {"properties":{"path":{"type":"string","description":"Where to look"},"depth":{"type":"integer","minimum":1}},"additionalProperties":false,"type":"object","required":["path"]} <nil>
	// chan int: unsupported type chan int
}
