package client_test

import (
	"context"
	"encoding/json"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/client"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

func unmarshal(raw json.RawMessage, v any) error { return json.Unmarshal(raw, v) }

func number(n int64) string { return strconv.FormatInt(n, 10) }

func parse(text string) (*anything, error) {
	raw, err := wire.ParseRaw([]byte(text))
	return &anything{raw}, err
}

func TestStatelessRequestsSayWhoAsks(t *testing.T) {
	s, p := connect(t, answers{"server/discover": fixed(discovered), "tools/list": fixed(`{"resultType":"complete","ttlMs":0,"cacheScope":"private","tools":[]}`)},
		client.Options{Roots: func(context.Context) ([]mcptypes.Root, error) { return nil, nil }})
	require.Equal(t, "be kind", s.Server().Instructions)
	require.NoError(t, s.SetLevel(t.Context(), mcptypes.LoggingLevelDebug))
	for _, err := range s.Tools(t.Context()) {
		require.NoError(t, err)
	}
	require.JSONEq(t, `{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"test","version":"1"},
		"io.modelcontextprotocol/clientCapabilities":{"roots":{}},"io.modelcontextprotocol/logLevel":"debug"}`, string(p.next(t, "tools/list")["_meta"]))
	require.NoError(t, s.Ping(t.Context()))
}

func TestInputRequiredResultsAreAnswered(t *testing.T) {
	round := 0
	s, p := connect(t, answers{"server/discover": fixed(discovered), "tools/call": func(_ context.Context, params object) (any, error) {
		round++
		switch round {
		case 1:
			return `{"resultType":"input_required","requestState":" s\u0001 ","inputRequests":{
				"q":{"method":"elicitation/create","params":{"message":"?","requestedSchema":{"type":"object","properties":{}}}},
				"r":{"method":"roots/list"}}}`, nil
		case 2:
			return `{"resultType":"input_required"}`, nil
		case 4:
			return `{"resultType":"input_required","inputRequests":{"s":{"method":"sampling/createMessage","params":{"messages":[],"maxTokens":1}}}}`, nil
		case 5:
			return `{"resultType":"later"}`, nil
		}
		return `{"content":[{"type":"text","text":"done"}]}`, nil
	}}, client.Options{
		Roots: func(context.Context) ([]mcptypes.Root, error) { return []mcptypes.Root{{URI: "file:///w"}}, nil },
		Elicit: func(context.Context, mcptypes.ElicitParams) (mcptypes.ElicitResult, error) {
			return mcptypes.ElicitResult{Action: mcptypes.ElicitActionDecline}, nil
		},
	})
	result, err := s.CallTool(t.Context(), "ask", map[string]any{"a": 1})
	require.NoError(t, err)
	require.Equal(t, mcptypes.Text("done"), result.Content[0])
	require.NotContains(t, p.next(t, "tools/call"), "requestState")
	second := p.next(t, "tools/call")
	require.Equal(t, `" s\u0001 "`, string(second["requestState"]), "byte for byte")
	require.JSONEq(t, `{"q":{"action":"decline"},"r":{"roots":[{"uri":"file:///w"}]}}`, string(second["inputResponses"]))
	require.JSONEq(t, `{"a":1}`, string(second["arguments"]))
	third := p.next(t, "tools/call")
	require.NotContains(t, third, "requestState", "none is made up")
	require.NotContains(t, third, "inputResponses")

	_, err = s.CallTool(t.Context(), "ask", nil)
	require.ErrorContains(t, err, `"s": sampling/createMessage: this client did not declare the capability "sampling"`)
	_, err = s.CallTool(t.Context(), "ask", nil)
	require.ErrorContains(t, err, `unknown type "later"`)
}

func TestStatelessSubscriptions(t *testing.T) {
	updates := make(chan string, 10)
	changes := make(chan struct{}, 10)
	s, p := connect(t, answers{"server/discover": fixed(discovered), "subscriptions/listen": func(ctx context.Context, params object) (any, error) {
		p := peerIn(ctx)
		p.notify(t, ctx, "notifications/subscriptions/acknowledged", `{"notifications":`+string(params["notifications"])+`}`)
		p.notify(t, ctx, "notifications/tools/list_changed", `{}`)
		p.notify(t, ctx, "notifications/resources/updated", `{"uri":"file:///a"}`)
		<-ctx.Done()
		return nil, ctx.Err()
	}}, client.Options{
		ToolsChanged:    func(context.Context) { changes <- struct{}{} },
		ResourceUpdated: func(_ context.Context, uri string) { updates <- uri },
	})
	<-changes
	require.JSONEq(t, `{"toolsListChanged":true}`, string(p.next(t, "subscriptions/listen")["notifications"]))
	require.NoError(t, s.Subscribe(t.Context(), "file:///a"))
	require.JSONEq(t, `{"toolsListChanged":true,"resourceSubscriptions":["file:///a"]}`, string(p.next(t, "subscriptions/listen")["notifications"]))
	require.Equal(t, "file:///a", <-updates)
	require.NoError(t, s.Unsubscribe(t.Context(), "file:///a"))
	require.JSONEq(t, `{"toolsListChanged":true}`, string(p.next(t, "subscriptions/listen")["notifications"]))
}
