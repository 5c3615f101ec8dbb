package mcpserver_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/client"
	"github.com/codexmcp/codexmcp/codex"
	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/codex/mcpclient"
	"github.com/codexmcp/codexmcp/codex/mcpserver"
	"github.com/codexmcp/codexmcp/codex/model/scripted"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
	"github.com/codexmcp/codexmcp/wire"
)

// curious is an external server whose tools ask its client something, whatever
// that declared, and return what came of it.
func curious(outcome chan<- string) *server.Server {
	s := server.New(mcptypes.Implementation{Name: "curious", Version: "1"}, nil)
	type none struct{}
	tell := func(answer any, err error) (none, error) {
		text := fmt.Sprintf("error: %v", err)
		if err == nil {
			raw, _ := wire.RawOf(answer)
			text = raw.String()
		}
		outcome <- text
		return none{}, nil
	}
	_ = server.AddTool(s, mcptypes.Tool{Name: "elicit"}, func(ctx context.Context, _ none) (none, error) {
		spoof := wire.MembersOf()
		_ = spoof.SetValue("codex_command", []string{"rm"})
		result, err := server.Ask(ctx, server.SessionFrom(ctx), mcptypes.Elicit, mcptypes.ElicitParams{
			Message: "Your name?\n\x1b[2J", Extra: spoof, RequestedSchema: mcptypes.ElicitParamsRequestedSchema{
				Properties: map[string]mcptypes.PrimitiveSchemaDefinition{"name": &mcptypes.StringSchema{}},
			}})
		return tell(&result, err)
	})
	_ = server.AddTool(s, mcptypes.Tool{Name: "sample"}, func(ctx context.Context, _ none) (none, error) {
		result, err := server.Ask(ctx, server.SessionFrom(ctx), mcptypes.CreateMessage, mcptypes.CreateMessageParams{
			MaxTokens: 5, IncludeContext: mcptypes.IncludeContextAllServers,
			Messages: []mcptypes.SamplingMessage{{Role: mcptypes.RoleUser, Content: mcptypes.Text("Paris?")}},
		})
		return tell(&result, err)
	})
	return s
}

// withCurious makes the external server a conversation's; the model calls its tool.
func withCurious(t *testing.T, tool string, outcome chan<- string) setup {
	t.Helper()
	var serving sync.WaitGroup
	t.Cleanup(serving.Wait) // after the manager has ended
	return setup{
		config:  []string{`mcp_servers.ext.command = "none"`},
		replies: []scriptedReply{{Calls: []scripted.Call{{ID: "c", Name: "ext__" + tool}}}, text("done")},
		manager: func(o *codex.Options) {
			o.NewTools = func(ctx context.Context, c *config.Conversation, d codex.Delegate) (codex.ToolSet, []error) {
				options := mcpclient.Options{Connect: func(ctx context.Context, _ config.MCPServer, o client.Options) (*client.Session, error) {
					near, far := jsonrpc.Pipe()
					serving.Go(func() { assert.NoError(t, curious(outcome).Serve(context.Background(), far)) })
					return client.Connect(ctx, near, o)
				}}
				elicits, samples := mcpserver.Abilities(ctx)
				if elicits {
					options.Elicit = d.Elicit
				}
				if samples {
					options.CreateMessage = d.CreateMessage
				}
				pool, failures := mcpclient.New(ctx, c.MCPServers, options)
				return pool, failures
			}
		},
	}
}

const callCodex = `{"jsonrpc":"2.0","id":"call","method":"tools/call","params":{"name":"codex","arguments":{"prompt":"go"}}}`

// What an external server asks in the course of a codex call is put to the caller.
func TestQuestionsOfServersReachTheCaller(t *testing.T) {
	outcome := make(chan string, 1)
	c, _ := start(t, withCurious(t, "elicit", outcome))
	c.initialize(`{"elicitation":{}}`)
	c.send(callCodex)
	question := c.request("elicitation/create")
	require.JSONEq(t, `{"_meta":{"codex/mcpServer":"ext"},"message":"The MCP server ext asks: Your name?\n\\x1b[2J",
		"requestedSchema":{"type":"object","properties":{"name":{"type":"string"}}}}`, encode(t, question["params"]))
	c.send(`{"jsonrpc":"2.0","id":` + encode(t, question["id"]) + `,"result":{"action":"accept","content":{"name":"Ada"}}}`)
	require.JSONEq(t, `{"action":"accept","content":{"name":"Ada"}}`, <-outcome)
	require.Equal(t, "done", c.response("call")["result"].(map[string]any)["content"].([]any)[0].(map[string]any)["text"])
}

// Sampling is passed on without what would give away more than was asked here.
func TestSamplingOfServersReachesTheCaller(t *testing.T) {
	outcome := make(chan string, 1)
	c, _ := start(t, withCurious(t, "sample", outcome))
	c.initialize(`{"sampling":{}}`)
	c.send(callCodex)
	question := c.request("sampling/createMessage")
	require.JSONEq(t, `{"_meta":{"codex/mcpServer":"ext"},"maxTokens":5,"messages":[{"role":"user","content":{"type":"text","text":"Paris?"}}]}`,
		encode(t, question["params"]))
	c.send(`{"jsonrpc":"2.0","id":` + encode(t, question["id"]) + `,"result":{"model":"m","role":"assistant","content":{"type":"text","text":"yes"}}}`)
	require.JSONEq(t, `{"model":"m","role":"assistant","content":{"type":"text","text":"yes"}}`, <-outcome)
	c.response("call")
}

// Who listens to a conversation is asked as well, and its refusal is passed back.
func TestQuestionsOfServersReachListeners(t *testing.T) {
	outcome := make(chan string, 1)
	c, _ := start(t, withCurious(t, "elicit", outcome))
	c.initialize(`{"elicitation":{}}`)
	id := c.newConversation()
	c.send(`{"jsonrpc":"2.0","id":2,"method":"addConversationListener","params":{"conversationId":"` + id + `"}}`)
	c.send(`{"jsonrpc":"2.0","id":3,"method":"sendUserMessage","params":{"conversationId":"` + id + `","items":[{"type":"text","data":{"text":"go"}}]}}`)
	question := c.request("elicitation/create")
	c.send(`{"jsonrpc":"2.0","id":` + encode(t, question["id"]) + `,"error":{"code":-7,"message":"not now"}}`)
	require.Contains(t, <-outcome, "not now (code -7)")
	c.event("task_complete")
}

func (c *wireClient) newConversation() string {
	c.t.Helper()
	c.send(`{"jsonrpc":"2.0","id":"new","method":"newConversation","params":{}}`)
	return c.response("new")["result"].(map[string]any)["conversationId"].(string)
}

// Nobody is asked who cannot be, and the server is told why.
func TestQuestionsOfServersAreRefusedWithAReason(t *testing.T) {
	tests := []struct {
		name, tool, capabilities string
		listener                 bool
		want                     string
	}{
		{"elicitation not declared", "elicit", `{"sampling":{}}`, true, `the client did not declare that it can`},
		{"sampling not declared", "sample", `{"elicitation":{}}`, true, `the client did not declare that it can`},
		{"nobody listens", "elicit", `{"elicitation":{}}`, false, "no client is connected to the conversation that could be asked"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			outcome := make(chan string, 1)
			c, _ := start(t, withCurious(t, tt.tool, outcome))
			c.initialize(tt.capabilities)
			if tt.listener {
				c.send(callCodex)
				c.response("call")
			} else {
				id := c.newConversation()
				c.send(`{"jsonrpc":"2.0","id":3,"method":"sendUserMessage","params":{"conversationId":"` + id + `","items":[{"type":"text","data":{"text":"go"}}]}}`)
			}
			require.Contains(t, <-outcome, tt.want)
		})
	}
}

// A question ends with the turn in which it came, and with the client.
func TestQuestionsOfServersEnd(t *testing.T) {
	t.Run("cancelled call", func(t *testing.T) {
		outcome := make(chan string, 1)
		c, _ := start(t, withCurious(t, "elicit", outcome))
		c.initialize(`{"elicitation":{}}`)
		c.send(callCodex)
		c.request("elicitation/create")
		c.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"call"}}`)
		require.Contains(t, <-outcome, "error: ")
		c.event("turn_aborted")
	})
	t.Run("client gone", func(t *testing.T) {
		outcome := make(chan string, 1)
		c, _ := start(t, withCurious(t, "elicit", outcome))
		c.initialize(`{"elicitation":{}}`)
		c.send(callCodex)
		c.request("elicitation/create")
		c.stop()
		require.Contains(t, <-outcome, "error: ")
	})
}
