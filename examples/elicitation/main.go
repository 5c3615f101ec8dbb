// Elicitation is a server whose tool asks the person at the client before it
// does something that cannot be undone. The tool is written once: a client with a
// session is asked during the call, one of 2026-07-28 calls again with the answer.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/mcptypes/mcp20260728"
	"github.com/codexmcp/codexmcp/server"
)

// Target is what the tool takes.
type Target struct {
	Name string `json:"name" jsonschema:"description=What is deleted"`
}

func main() {
	s, err := newServer()
	if err == nil {
		err = s.Serve(context.Background(), server.Stdio())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "elicitation:", err)
		os.Exit(1)
	}
}

func newServer() (*server.Server, error) {
	s := server.New(mcptypes.Implementation{Name: "elicitation", Version: "1.0.0"}, nil)
	err := server.AddTool(s, mcptypes.Tool{
		Name: "delete", Description: "Deletes something, if the person agrees.",
		Annotations: &mcptypes.ToolAnnotations{DestructiveHint: new(true)},
	}, remove)
	return s, err
}

func remove(ctx context.Context, target Target) (string, error) {
	answer, ok := server.InputFrom(ctx).Elicited("sure")
	if !ok {
		return "", &server.Need{Requests: map[string]mcp20260728.InputRequest{
			"sure": &mcp20260728.ElicitRequest{Params: &mcp20260728.ElicitFormParams{
				Message: fmt.Sprintf("Delete %s for good?", target.Name),
				RequestedSchema: mcp20260728.ElicitFormParamsRequestedSchema{
					Properties: map[string]mcp20260728.PrimitiveSchemaDefinition{
						"reason": &mcp20260728.StringSchema{Title: "Reason", Description: "Why, for the record."},
					},
				},
			}},
		}}
	}
	if answer.Action != mcp20260728.ElicitActionAccept {
		return target.Name + " is still there.", nil
	}
	return target.Name + " is gone.", nil
}
