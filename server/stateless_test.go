package server_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/mcptypes/mcp20260728"
	"github.com/codexmcp/codexmcp/server"
	"github.com/codexmcp/codexmcp/wire"
)

var discover = wire.Request[mcptypes.PingParams, mcp20260728.DiscoverResult]{Method: "server/discover"}

// TestRequestsThatSayAllOfThemselves serves 2026-07-28 on a stream, without a handshake.
func TestRequestsThatSayAllOfThemselves(t *testing.T) {
	p := open(t, rich(t, &server.Options{ListCache: server.Cache{TTLMs: 5, Shared: true}}), "2026-07-28", nil)
	meta := stateless(t, `{}`)
	found, err := jsonrpc.Call(t.Context(), p.Conn, discover, mcptypes.PingParams{Meta: meta})
	require.NoError(t, err)
	require.Equal(t, server.Revisions, found.SupportedVersions)
	require.Equal(t, "tested", found.Meta.ServerInfo.Name)
	tools, err := jsonrpc.Call(t.Context(), p.Conn, wire.Request[mcptypes.ListToolsParams, mcp20260728.ListToolsResult]{Method: "tools/list"}, mcptypes.ListToolsParams{Meta: meta})
	require.NoError(t, err)
	require.Equal(t, int64(5), tools.TTLMs)
	require.Equal(t, mcp20260728.CacheScopePublic, tools.CacheScope)
	require.Equal(t, "complete", tools.ResultType)
	result, err := jsonrpc.Call(t.Context(), p.Conn, mcptypes.CallTool, mcptypes.CallToolParams{Meta: meta, Name: "sum", Arguments: raw(t, `{"a":1,"b":2}`)})
	require.NoError(t, err)
	require.Equal(t, `{"sum":3}`, text(t, result))
	_, err = jsonrpc.Call(t.Context(), p.Conn, mcptypes.ReadResource, mcptypes.ReadResourceParams{Meta: meta, URI: "file:///a"})
	require.NoError(t, err)
	_, err = jsonrpc.Call(t.Context(), p.Conn, mcptypes.ReadResource, mcptypes.ReadResourceParams{Meta: meta, URI: "no:pe"})
	require.Equal(t, jsonrpc.CodeInvalidParams, code(t, err))
	for name, bad := range map[string]struct {
		meta *mcptypes.RequestMeta
		code int64
	}{
		"no capabilities": {&mcptypes.RequestMeta{Extra: wire.MembersOf(wire.Member{Name: "io.modelcontextprotocol/protocolVersion", Value: raw(t, `"2026-07-28"`)})}, jsonrpc.CodeInvalidParams},
		"other revision":  {&mcptypes.RequestMeta{Extra: wire.MembersOf(wire.Member{Name: "io.modelcontextprotocol/protocolVersion", Value: raw(t, `"2031-01-01"`)})}, server.CodeUnsupportedRevision},
		"no string":       {&mcptypes.RequestMeta{Extra: wire.MembersOf(wire.Member{Name: "io.modelcontextprotocol/protocolVersion", Value: raw(t, `7`)})}, jsonrpc.CodeInvalidParams},
		"unknown level":   {stateless(t, `{}`, wire.Member{Name: "io.modelcontextprotocol/logLevel", Value: raw(t, `"loud"`)}), jsonrpc.CodeInvalidParams},
	} {
		_, err := jsonrpc.Call(t.Context(), p.Conn, mcptypes.ListTools, mcptypes.ListToolsParams{Meta: bad.meta})
		require.Equal(t, bad.code, code(t, err), name)
	}
	_, err = jsonrpc.Call(t.Context(), p.Conn, mcptypes.Ping, mcptypes.PingParams{Meta: meta})
	require.Equal(t, jsonrpc.CodeMethodNotFound, code(t, err))
}

func TestRoundsWithoutASession(t *testing.T) {
	p := open(t, asking(t), "2026-07-28", nil)
	all := stateless(t, `{"elicitation":{},"sampling":{}}`)
	ask := func(meta *mcptypes.RequestMeta, extra wire.Members) (mcptypes.CallToolResult, error) {
		return jsonrpc.Call(t.Context(), p.Conn, mcptypes.CallTool, mcptypes.CallToolParams{Meta: meta, Name: "need", Extra: extra})
	}
	_, err := ask(stateless(t, `{"elicitation":{}}`), wire.Members{})
	require.Equal(t, server.CodeMissingCapability, code(t, err))
	required := func(extra wire.Members) string {
		result, err := jsonrpc.Call(t.Context(), p.Conn, wire.Request[mcptypes.CallToolParams, mcp20260728.InputRequiredResult]{Method: "tools/call"},
			mcptypes.CallToolParams{Meta: all, Name: "need", Extra: extra})
		require.NoError(t, err)
		require.Len(t, result.InputRequests, 2)
		return result.RequestState
	}
	state := required(wire.Members{})
	responses := raw(t, `{"name":{"action":"accept","content":{"name":"Ada"}},"model":{"model":"m","role":"assistant","content":{"type":"text","text":"x"}},"extra":1}`)
	with := func(state string, responses wire.Raw) wire.Members {
		sealed, err := wire.RawOf(state)
		require.NoError(t, err)
		return wire.MembersOf(wire.Member{Name: "requestState", Value: sealed}, wire.Member{Name: "inputResponses", Value: responses})
	}
	result, err := ask(all, with(state, responses))
	require.NoError(t, err)
	require.Equal(t, "accept", text(t, result))
	required(with(state, raw(t, `{"name":{"action":"accept"}}`)))
	required(with(state, raw(t, `{"name":null,"model":7}`)))
	for _, tampered := range []string{strings.ToUpper(state), state + "A", "", "asked", state[:len(state)-4]} {
		_, err = ask(all, with(tampered, responses))
		require.Equal(t, jsonrpc.CodeInvalidParams, code(t, err), tampered)
	}
	_, err = jsonrpc.Call(t.Context(), p.Conn, mcptypes.CallTool, mcptypes.CallToolParams{
		Meta: all, Name: "need", Arguments: raw(t, `{"other":1}`), Extra: with(state, responses)})
	require.Equal(t, jsonrpc.CodeInvalidParams, code(t, err))
	_, err = ask(all, with(state, raw(t, `[]`)))
	require.Equal(t, jsonrpc.CodeInvalidParams, code(t, err))
	result, err = jsonrpc.Call(t.Context(), p.Conn, mcptypes.CallTool, mcptypes.CallToolParams{Meta: all, Name: "elicit"})
	require.NoError(t, err)
	require.Contains(t, text(t, result), "no such message")
}

func TestListenHearsWhatItAskedFor(t *testing.T) {
	s := rich(t, nil)
	p := open(t, s, "2026-07-28", nil)
	listen := wire.Request[mcptypes.PingParams, wire.Empty]{Method: "subscriptions/listen"}
	failed := make(chan error, 1)
	go func() {
		_, err := jsonrpc.Call(t.Context(), p.Conn, listen, mcptypes.PingParams{Meta: stateless(t, `{}`), Extra: wire.MembersOf(
			wire.Member{Name: "notifications", Value: raw(t, `{"toolsListChanged":true,"resourceSubscriptions":["file:///a"]}`)})})
		failed <- err
	}()
	heard, params := p.await(1)
	require.Equal(t, []string{acknowledged.Method}, heard)
	require.JSONEq(t, `{"_meta":{"io.modelcontextprotocol/subscriptionId":1},"notifications":{"toolsListChanged":true,"resourceSubscriptions":["file:///a"]}}`, params[0])
	require.True(t, s.RemovePrompt("p"))
	require.True(t, s.RemoveTool("all"))
	_, params = p.await(2)
	require.JSONEq(t, `{"_meta":{"io.modelcontextprotocol/subscriptionId":1}}`, params[1])
	s.ResourceUpdated("file:///b")
	s.ResourceUpdated("file:///a")
	heard, _ = p.await(3)
	require.Equal(t, []string{acknowledged.Method, mcptypes.ToolListChanged.Method, mcptypes.ResourceUpdated.Method}, heard)
	_, err := jsonrpc.Call(t.Context(), p.Conn, listen, mcptypes.PingParams{Meta: stateless(t, `{}`)})
	require.Equal(t, jsonrpc.CodeInvalidParams, code(t, err))
	require.NoError(t, jsonrpc.Notify(t.Context(), p.Conn, mcptypes.Cancelled, mcptypes.CancelledParams{RequestID: wire.IntID(1)}))
	require.NoError(t, p.Close(t.Context()))
	require.Error(t, <-failed)
}
