package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/examples/internal/try"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
)

func TestAsksFirst(t *testing.T) {
	s, err := newServer()
	require.NoError(t, err)
	var action mcptypes.ElicitAction
	var asked string
	c := try.Connect(t, s, &jsonrpc.Methods{Requests: map[string]*jsonrpc.RequestHandler{
		mcptypes.Elicit.Method: jsonrpc.HandleRequest(mcptypes.Elicit, func(_ context.Context, p mcptypes.ElicitParams) (mcptypes.ElicitResult, error) {
			asked = p.Message
			return mcptypes.ElicitResult{Action: action}, nil
		}),
	}})
	action = mcptypes.ElicitActionDecline
	require.Equal(t, "the moon is still there.", c.CallTool("delete", `{"name":"the moon"}`))
	require.Equal(t, "Delete the moon for good?", asked)
	action = mcptypes.ElicitActionAccept
	require.Equal(t, "the moon is gone.", c.CallTool("delete", `{"name":"the moon"}`))
}
