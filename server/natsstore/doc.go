// Package natsstore keeps the sessions of MCP servers on NATS JetStream, so that
// several processes serve them together behind any load balancer.
//
//	nc, err := nats.Connect(url)
//	…
//	store, err := natsstore.New(ctx, nc, natsstore.Options{})
//	…
//	http.Handle("/mcp", server.HTTPHandler(s, &server.HTTPOptions{Store: store}))
//
// Sessions are the messages of one stream, a subject each: the stream's limits
// bound their number and how long they last. Events are those of another. What
// does not fit into a message of NATS lies in an object store. Processes find each
// other by core NATS: one is alive as long as its connection is.
//
// It is a module of its own, so that nobody has NATS among their dependencies
// who does not want it.
package natsstore
