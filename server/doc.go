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
// what it offers may change while they do: clients are told. Capabilities follow
// from what is registered.
//
// # Tools
//
// [AddTool] takes a Go function: the input schema is made from its argument
// type, the arguments are checked against it and decoded, and what the function
// returns becomes the result. [Server.AddRawTool] takes the schema and the
// arguments as they are. A function's error is a result with isError, which the
// client's model reads; to refuse the request itself, return a [*jsonrpc.Error].
// Structured results are checked against the output schema. [Loose] leaves the
// arguments of a tool unchecked; [Immediate] runs one without a goroutine of its own.
//
// # Resources and prompts
//
// [Server.AddResource], [Server.AddTemplate] (RFC 6570) and [Server.AddPrompt]
// take what reads or fills in, and for the latter two what completes an argument that is
// being typed. [Server.ResourceUpdated] tells who watches a resource.
//
// # In the course of a request
//
// The context of a handler knows its session ([SessionFrom]) and its request:
// [Progress] reports how far it has come, [Log] sends log messages, and [Elicit],
// [Sample] and [Roots] ask the client. What a client did not declare is not sent
// to it: that is [ErrNotDeclared]. The context ends when the client cancels the
// request or goes away.
//
// # Revisions
//
// Every revision of the protocol is served at once, 2024-11-05 to 2025-11-25 with
// a handshake and 2026-07-28 without. Handlers are written against [mcptypes]; what
// they return is made to fit the client's revision. Members that only a later one
// knows travel as Extra, and do not reach clients of an earlier one. In 2026-07-28 a
// server cannot ask its client: a handler returns a [*Need] instead, and is run
// again with the answers ([InputFrom]). In the other revisions the server
// asks by itself, so that a handler which returns a Need works everywhere.
//
// # HTTP
//
// [HTTPHandler] serves a server over streamable HTTP: all revisions at one path.
// By default it serves only programs and pages of this machine, and bounds what clients can
// make grow. A client that was cut off takes up its streams again from a
// [Store]. Processes that share one, such as package natsstore's, serve each other's
// sessions behind any load balancer: a client goes on at another process when one
// ends, misses nothing that was sent, and is told of the requests that ended with it.
// What a program keeps of a session by itself it keeps under [Session.ID]. [ListenHTTP] is a whole program's worth of it; [RequireToken] and
// [ResourceServer], for which package oauth verifies tokens, let only those in who may.
//
//	http.Handle("/mcp", server.HTTPHandler(s, nil))
//
// What a client does not take in time is given up after HTTPOptions.WriteTimeout:
// the stream ends, and what was sent waits in the store. Sessions beyond
// HTTPOptions.MaxSessions take the place of the one that was idle longest.
//
// # Middleware and other methods
//
// [Options.Incoming] and [Options.Outgoing] wrap the calls of both directions.
// [Handle] serves any method value, of this protocol or another's; [Ask] and [Tell]
// send any to the client:
//
//	server.Handle(s, mcptypes.ListPrompts, func(ctx context.Context, p mcptypes.ListPromptsParams) (mcptypes.ListPromptsResult, error) { … })
package server
