// Package client makes MCP clients.
//
//	c, err := client.Connect(ctx, client.Command(exec.Command("codexmcp", "serve")), client.Options{
//		Info: mcptypes.Implementation{Name: "my-agent", Version: "1.0.0"},
//	})
//	…
//	defer c.Close(ctx)
//	result, err := client.Call(ctx, c, mcptypes.CallTool, mcptypes.CallToolParams{Name: "codex", Arguments: arguments})
//
// A [Session] is the conversation with one server, over any transport. Its
// methods may be called by any number of goroutines; every call ends when the
// server answers, its context ends or the server goes away.
//
// What a server may ask of the client, an elicitation for one, is served by a
// handler in [Options]; the capabilities the client declares follow from the
// handlers it has.
package client
