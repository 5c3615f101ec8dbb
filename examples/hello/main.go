// Hello is the smallest server: one tool, on stdin and stdout.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
)

// Greeting is what the tool takes.
type Greeting struct {
	Name string `json:"name" jsonschema:"description=Who is greeted"`
}

func main() {
	s, err := newServer()
	if err == nil {
		err = s.Serve(context.Background(), server.Stdio())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "hello:", err)
		os.Exit(1)
	}
}

func newServer() (*server.Server, error) {
	s := server.New(mcptypes.Implementation{Name: "hello", Version: "1.0.0"}, nil)
	err := server.AddTool(s, mcptypes.Tool{Name: "greet", Description: "Greets somebody."},
		func(_ context.Context, in Greeting) (string, error) { return "Hello, " + in.Name + "!", nil })
	return s, err
}
