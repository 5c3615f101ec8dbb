// Package client makes MCP clients.
//
//	server, err := client.Command(exec.Command("codexmcp", "serve"), jsonrpc.Limits{})
//	…
//	c, err := client.Connect(ctx, server, client.Options{
//		Info: mcptypes.Implementation{Name: "my-agent", Version: "1.0.0"},
//	})
//	…
//	defer c.Close(ctx)
//	result, err := c.CallTool(ctx, "codex", map[string]any{"prompt": "say hello"})
//
// A [Session] is the conversation with one server: over a child process
// ([Command]), streamable HTTP ([ConnectHTTP]) or any stream ([Connect]). Its
// methods may be called by any number of goroutines; every call ends when the
// server answers, its context ends or the server goes away. Lists come as
// iterators that ask for further pages as they are needed.
//
// What a server may ask of the client, an elicitation for one, is served by a
// handler in [Options]; the capabilities the client declares follow from the
// handlers it has.
//
// # Revisions
//
// A session speaks any of [Revisions]; which one is agreed on when it is opened.
// The types are those of package mcptypes in all of them: members that only
// another revision knows are in their Extra. With [Stateless] there is no
// handshake, and a server that needs to know something before it can answer a
// call says so in its result: the same handlers answer, and the call is made
// again.
//
// # Servers of other people
//
// A server is a stranger. The size, depth and number of what it sends are
// bounded; lines that are no messages are dropped; a child process is told only
// the environment it is given and ends with all it has started; and when it
// dies, the error says how, and what it said on stderr.
package client
