// Package server makes MCP servers.
//
//	s := server.New(mcptypes.Implementation{Name: "greeter", Version: "1.0.0"}, nil)
//	err := server.AddTool(s, mcptypes.Tool{Name: "greet", Description: "Greets somebody."},
//		func(ctx context.Context, in struct {
//			Name string `json:"name" jsonschema:"description=Who is greeted"`
//		}) (string, error) {
//			return "Hello, " + in.Name, nil
//		})
//	…
//	err = s.Serve(ctx, server.Stdio())
//
// A [Server] is what a program offers; a [Session] is the conversation with one
// client. Any number of sessions run on one server, over any transport, and
// what it offers may change while they do. Capabilities follow from what is
// registered.
//
// # Tools
//
// [AddTool] takes a Go function: the input schema is made from its argument
// type, the arguments are checked against it and decoded, and what the function
// returns becomes the result. [Server.AddRawTool] takes the schema and the
// arguments as they are. A function's error is a result with isError, which the
// client's model reads; to refuse the request itself, return a [*jsonrpc.Error].
//
// # In the course of a request
//
// The context of a handler knows its session ([SessionFrom]) and its request:
// [Progress] reports how far it has come, [Ask] and [Tell] talk to the client as
// part of it. It ends when the client cancels the request or goes away.
//
// # Other methods
//
// [Handle] serves any method value, of this protocol or another's:
//
//	server.Handle(s, mcptypes.ListPrompts, func(ctx context.Context, p mcptypes.ListPromptsParams) (mcptypes.ListPromptsResult, error) { … })
package server
