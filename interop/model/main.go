// Command model starts a model endpoint that answers every turn with the same
// text, prints its address and runs until stdin ends. Asked to make a folder, it
// calls for a command first. It is what programs in other languages test the
// server against.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/codexmcp/codexmcp/codex/model/scripted"
)

const turns = 100

func main() {
	text := scripted.Reply{Text: []string{"Hello from ", "the scripted model."}, Usage: &scripted.Usage{Input: 5, Output: 6}}
	var replies []scripted.Reply
	for _, folder := range []string{"first", "second"} {
		replies = append(replies, scripted.Reply{
			When:  "Make the folder " + folder,
			Calls: []scripted.Call{{ID: "call_" + folder, Name: "shell", Arguments: `{"command":["mkdir","` + folder + `"]}`}},
		})
	}
	for range turns {
		replies = append(replies, text)
	}
	endpoint, err := scripted.Start(replies...)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(endpoint.URL())
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := endpoint.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
