// Package scripted is a model endpoint that plays a script, for tests and for demonstrations that
// need neither account nor network.
//
//	server, err := scripted.Start(
//		scripted.Reply{Calls: []scripted.Call{{ID: "call_1", Name: "shell", Arguments: `{"command":["ls"]}`}}},
//		scripted.Reply{Text: []string{"There ", "are files."}},
//	)
//	...
//	defer server.Close()
//	provider := model.Provider{BaseURL: server.URL(), WireAPI: model.WireAPIChat}
//
// It speaks the chat completions API and the responses API, whichever it is asked for, and the same
// reply means the same on both. Each request takes the next reply of the script; one that finds none
// is told so with status 400, which no client sends again. A reply can also be a bad one: a status, a
// failure in the middle, a connection that breaks or falls silent.
//
// A [Server] listens on loopback only. What it keeps is bounded: it reads at most 64 MiB of a request
// and remembers the last 1024 requests.
package scripted
