package jsonrpc_test

import (
	"context"
	"fmt"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/wire"
)

// Two peers in one process: one serves a method, the other calls it.
func Example() {
	ctx := context.Background()
	greet := wire.Request[wire.Empty, wire.Empty]{Method: "greet"}

	server := jsonrpc.New(jsonrpc.Options{Handler: &jsonrpc.Methods{
		Requests: map[string]*jsonrpc.RequestHandler{
			greet.Method: jsonrpc.HandleRequest(greet, func(_ context.Context, p wire.Empty) (wire.Empty, error) {
				name, ok := p.Extra.Get("name")
				if !ok {
					return wire.Empty{}, jsonrpc.InvalidParamsf("greet params.name: missing")
				}
				return wire.Empty{Extra: wire.MembersOf(wire.Member{Name: "hello", Value: name})}, nil
			}),
		},
	}})
	client := jsonrpc.New(jsonrpc.Options{})
	near, far := jsonrpc.Pipe()
	served := server.Start(ctx, far)
	client.Start(ctx, near)

	name, _ := wire.RawOf("Ada")
	result, err := jsonrpc.Call(ctx, client, greet, wire.Empty{Extra: wire.MembersOf(wire.Member{Name: "name", Value: name})})
	hello, _ := result.Extra.Get("hello")
	fmt.Println(hello, err)
	_, err = jsonrpc.Call(ctx, client, greet, wire.Empty{})
	fmt.Println(err)

	fmt.Println(client.Close(ctx), <-served)
	// Output:
	// "Ada" <nil>
	// greet params.name: missing (code -32602)
	// <nil> <nil>
}
