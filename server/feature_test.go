package server_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/mcptypes/mcp20251125"
	"github.com/codexmcp/codexmcp/mcptypes/mcp20260728"
	"github.com/codexmcp/codexmcp/server"
	"github.com/codexmcp/codexmcp/wire"
)

var info = mcptypes.Implementation{Name: "tested", Title: "Tested", Version: "1.2.3"}

type sumArgs struct {
	A    int      `json:"a"`
	B    int      `json:"b"`
	Tags []string `json:"tags,omitempty"`
}

type sumResult struct {
	Sum int `json:"sum"`
}

// rich is a server with a bit of everything, newer members included.
func rich(t testing.TB, options *server.Options) *server.Server {
	t.Helper()
	if options == nil {
		options = &server.Options{Logging: true, Instructions: "Try it."}
	}
	s := server.New(info, options)
	icons := wire.MembersOf(wire.Member{Name: "icons", Value: raw(t, `[{"src":"https://example.com/i.png"}]`)})
	require.NoError(t, server.AddTool(s, mcptypes.Tool{
		Name: "sum", Title: "Sum", Annotations: &mcptypes.ToolAnnotations{ReadOnlyHint: new(true)}, Extra: icons,
	}, func(_ context.Context, in sumArgs) (sumResult, error) { return sumResult{in.A + in.B}, nil }))
	require.NoError(t, server.AddTool(s, mcptypes.Tool{Name: "all"}, func(context.Context, struct{}) (mcptypes.CallToolResult, error) {
		return mcptypes.CallToolResult{Content: []mcptypes.ContentBlock{
			mcptypes.Text("hi"), mcptypes.Image([]byte("i"), "image/png"), mcptypes.Audio([]byte("a"), "audio/wav"),
			&mcptypes.ResourceLink{URI: "x:y", Name: "y", Annotations: &mcptypes.Annotations{LastModified: "2025-01-01T00:00:00Z"}},
			&mcptypes.EmbeddedResource{Resource: &mcptypes.TextResourceContents{URI: "x:y", Text: "z"}},
		}}, nil
	}))
	require.NoError(t, s.AddResource(mcptypes.Resource{URI: "file:///a", Name: "a", Title: "A"},
		func(_ context.Context, uri string, _ map[string]string) ([]mcptypes.ResourceContents, error) {
			return []mcptypes.ResourceContents{&mcptypes.TextResourceContents{URI: uri, Text: "A"}}, nil
		}))
	require.NoError(t, s.AddTemplate(mcptypes.ResourceTemplate{URITemplate: "file:///dir/{name}", Name: "dir", Title: "Dir"},
		func(_ context.Context, uri string, v map[string]string) ([]mcptypes.ResourceContents, error) {
			if v["name"] == "none" {
				return nil, server.NotFound(uri)
			}
			return []mcptypes.ResourceContents{&mcptypes.BlobResourceContents{URI: uri, Blob: "AA=="}}, nil
		},
		func(_ context.Context, argument, value string, _ map[string]string) ([]string, error) {
			return []string{argument + ":" + value}, nil
		}))
	require.NoError(t, s.AddPrompt(mcptypes.Prompt{Name: "p", Title: "P", Arguments: []mcptypes.PromptArgument{{Name: "x", Title: "X", Required: new(true)}}},
		func(_ context.Context, a map[string]string) (mcptypes.GetPromptResult, error) {
			return mcptypes.GetPromptResult{Messages: []mcptypes.PromptMessage{
				{Role: mcptypes.RoleUser, Content: mcptypes.Text(a["x"])},
				{Role: mcptypes.RoleUser, Content: mcptypes.Audio(nil, "audio/wav")},
			}}, nil
		},
		func(context.Context, string, string, map[string]string) ([]string, error) {
			return make([]string, 150), nil
		}))
	return s
}

// TestEveryRevisionGetsWhatItHas does everything once in every revision with a
// handshake; what comes is checked against its schema by the harness.
func TestEveryRevisionGetsWhatItHas(t *testing.T) {
	s := rich(t, nil)
	for _, revision := range handshakes {
		t.Run(revision, func(t *testing.T) {
			p := connect(t, s, revision, mcptypes.ClientCapabilities{}, nil)
			ctx := t.Context()
			require.Equal(t, revision >= "2025-06-18", p.init.ServerInfo.Title != "")
			require.Equal(t, revision >= "2025-03-26", !p.init.Capabilities.Completions.IsZero())
			tools, err := jsonrpc.Call(ctx, p.Conn, mcptypes.ListTools, mcptypes.ListToolsParams{})
			require.NoError(t, err)
			require.Len(t, tools.Tools, 2)
			require.Equal(t, "sum", tools.Tools[0].Name)
			require.Equal(t, revision >= "2025-06-18", tools.Tools[0].Title != "")
			require.Equal(t, revision >= "2025-06-18", !tools.Tools[0].OutputSchema.IsZero())
			require.Equal(t, revision >= "2025-03-26", tools.Tools[0].Annotations != nil)
			_, icons := tools.Tools[0].Extra.Get("icons")
			require.Equal(t, revision >= "2025-11-25", icons)

			result, err := call(t, p, "sum", `{"a":1,"b":2}`)
			require.NoError(t, err)
			require.Equal(t, `{"sum":3}`, text(t, result))
			require.Equal(t, revision >= "2025-06-18", !result.StructuredContent.IsZero())
			result, err = call(t, p, "all", `{}`)
			require.NoError(t, err)
			_, sound := result.Content[2].(*mcptypes.AudioContent)
			require.Equal(t, revision >= "2025-03-26", sound)
			_, link := result.Content[3].(*mcptypes.ResourceLink)
			require.Equal(t, revision >= "2025-06-18", link)

			_, err = jsonrpc.Call(ctx, p.Conn, mcptypes.ListResources, mcptypes.ListResourcesParams{})
			require.NoError(t, err)
			_, err = jsonrpc.Call(ctx, p.Conn, mcptypes.ListResourceTemplates, mcptypes.ListResourceTemplatesParams{})
			require.NoError(t, err)
			read, err := jsonrpc.Call(ctx, p.Conn, mcptypes.ReadResource, mcptypes.ReadResourceParams{URI: "file:///dir/x"})
			require.NoError(t, err)
			require.IsType(t, &mcptypes.BlobResourceContents{}, read.Contents[0])
			for _, uri := range []string{"file:///dir/none", "nothing:here"} {
				_, err = jsonrpc.Call(ctx, p.Conn, mcptypes.ReadResource, mcptypes.ReadResourceParams{URI: uri})
				require.Equal(t, server.CodeResourceNotFound, code(t, err))
			}
			_, err = jsonrpc.Call(ctx, p.Conn, mcptypes.ListPrompts, mcptypes.ListPromptsParams{})
			require.NoError(t, err)
			prompt, err := jsonrpc.Call(ctx, p.Conn, mcptypes.GetPrompt, mcptypes.GetPromptParams{Name: "p", Arguments: map[string]string{"x": "why"}})
			require.NoError(t, err)
			require.Len(t, prompt.Messages, 2)
			_, err = jsonrpc.Call(ctx, p.Conn, mcptypes.GetPrompt, mcptypes.GetPromptParams{Name: "p"})
			require.Equal(t, jsonrpc.CodeInvalidParams, code(t, err))
			completed, err := jsonrpc.Call(ctx, p.Conn, mcptypes.Complete, mcptypes.CompleteParams{
				Ref: &mcptypes.PromptReference{Name: "p"}, Argument: mcptypes.CompleteParamsArgument{Name: "x"}})
			require.NoError(t, err)
			require.Len(t, completed.Completion.Values, 100)
			require.True(t, *completed.Completion.HasMore)
			_, err = jsonrpc.Call(ctx, p.Conn, mcptypes.Ping, mcptypes.PingParams{})
			require.NoError(t, err)
			_, err = jsonrpc.Call(ctx, p.Conn, wire.Request[wire.Empty, wire.Empty]{Method: "server/discover"}, wire.Empty{})
			require.Equal(t, jsonrpc.CodeMethodNotFound, code(t, err))
		})
	}
}

func TestArgumentsAreChecked(t *testing.T) {
	s := rich(t, nil)
	require.NoError(t, server.AddTool(s, mcptypes.Tool{Name: "loose"}, func(_ context.Context, in sumArgs) (string, error) {
		return fmt.Sprint(in.A, in.B, in.Tags), nil
	}, server.Loose))
	require.NoError(t, s.AddRawTool(mcptypes.Tool{Name: "raw", InputSchema: raw(t, `{"type":"object","properties":{"n":{"type":"integer","minimum":3}}}`)},
		func(context.Context, mcptypes.CallToolParams) (mcptypes.CallToolResult, error) {
			return server.TextResult("ran"), nil
		}))
	p := connect(t, s, "2025-06-18", mcptypes.ClientCapabilities{}, nil)
	tests := []struct {
		tool, arguments, want string
		failed                bool
	}{
		{"sum", `{"a":1,"b":2,"tags":["x"]}`, `{"sum":3}`, false},
		{"sum", `{"a":1}`, "b", true},
		{"sum", `{"a":"1","b":2}`, "a: got string, want integer", true},
		{"sum", `{"a":1,"b":2,"c":3}`, "'c'", true},
		{"sum", `{"a":1,"b":2,"tags":[1]}`, "tags.0", true},
		{"sum", `{"a":1.0,"b":2e0}`, `{"sum":3}`, false},
		{"sum", `{"a":1,"b":1e999999999}`, "out of range", true},
		{"loose", `{"a":1,"b":2,"c":3}`, "1 2 []", false},
		{"loose", `{"a":"x"}`, "a: want a int", true},
		{"raw", `{"n":2}`, "n:", true},
		{"raw", `{"n":4,"more":true}`, "ran", false},
		{"raw", `null`, "ran", false},
		{"raw", `[]`, "got array, want object", true},
	}
	for _, tt := range tests {
		t.Run(tt.tool+tt.arguments, func(t *testing.T) {
			result, err := call(t, p, tt.tool, tt.arguments)
			require.NoError(t, err)
			require.Contains(t, text(t, result), tt.want)
			require.Equal(t, tt.failed, result.IsError != nil)
		})
	}
	_, err := call(t, p, "none", `{}`)
	require.Equal(t, jsonrpc.CodeInvalidParams, code(t, err))
}

func TestSchemasAreKeptAndCompiled(t *testing.T) {
	s := server.New(info, nil)
	schema := `{"type": "object",  "properties":{"b":{},"a":{"const":1.50}}}`
	run := func(context.Context, mcptypes.CallToolParams) (mcptypes.CallToolResult, error) {
		return server.TextResult(""), nil
	}
	require.NoError(t, s.AddRawTool(mcptypes.Tool{Name: "raw", InputSchema: raw(t, schema)}, run))
	for _, bad := range []string{`{"type":"nonsense"}`, `{"$ref":"https://example.com/s.json"}`, `{"$ref":"file:///etc/passwd"}`,
		`{"type":"object","properties":{"a":{"type":"number","x-mcp-header":"A"}}}`} {
		require.Error(t, s.AddRawTool(mcptypes.Tool{Name: "bad", InputSchema: raw(t, bad)}, run), bad)
	}
	p := connect(t, s, "2025-06-18", mcptypes.ClientCapabilities{}, nil)
	tools, err := jsonrpc.Call(t.Context(), p.Conn, mcptypes.ListTools, mcptypes.ListToolsParams{})
	require.NoError(t, err)
	require.Equal(t, schema, tools.Tools[0].InputSchema.String())
}

func TestStructuredContentIsChecked(t *testing.T) {
	s := server.New(info, nil)
	for name, content := range map[string]string{"good": `{"sum":1}`, "wrong": `{"sum":"x"}`, "missing": ``} {
		require.NoError(t, s.AddRawTool(mcptypes.Tool{Name: name, InputSchema: raw(t, `{"type":"object"}`),
			OutputSchema: raw(t, `{"type":"object","properties":{"sum":{"type":"integer"}},"required":["sum"]}`)},
			func(context.Context, mcptypes.CallToolParams) (mcptypes.CallToolResult, error) {
				result := server.TextResult("x")
				if content != "" {
					result.StructuredContent = raw(t, content)
				}
				return result, nil
			}))
	}
	p := connect(t, s, "2025-06-18", mcptypes.ClientCapabilities{}, nil)
	_, err := call(t, p, "good", `{}`)
	require.NoError(t, err)
	for _, name := range []string{"wrong", "missing"} {
		_, err = call(t, p, name, `{}`)
		require.Equal(t, jsonrpc.CodeInternalError, code(t, err))
	}
}

func TestPagesSurviveChanges(t *testing.T) {
	s := server.New(info, &server.Options{PageSize: 2})
	add := func(name string) {
		require.NoError(t, server.AddTool(s, mcptypes.Tool{Name: name}, func(context.Context, struct{}) (string, error) { return name, nil }))
	}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		add(name)
	}
	p := connect(t, s, "2025-06-18", mcptypes.ClientCapabilities{}, nil)
	list := func(cursor string) (string, string) {
		result, err := jsonrpc.Call(t.Context(), p.Conn, mcptypes.ListTools, mcptypes.ListToolsParams{Cursor: cursor})
		require.NoError(t, err)
		var names []string
		for _, tool := range result.Tools {
			names = append(names, tool.Name)
		}
		return strings.Join(names, ""), result.NextCursor
	}
	names, next := list("")
	require.Equal(t, "ab", names)
	require.True(t, s.RemoveTool("a"))
	require.True(t, s.RemoveTool("b"))
	add("f")
	names, next = list(next)
	require.Equal(t, "cd", names)
	add("e") // replaced in its place
	names, next = list(next)
	require.Equal(t, "ef", names)
	require.Empty(t, next)
	for _, cursor := range []string{"!", "zzzzzz", "-1"} {
		_, err := jsonrpc.Call(t.Context(), p.Conn, mcptypes.ListTools, mcptypes.ListToolsParams{Cursor: cursor})
		require.Equal(t, jsonrpc.CodeInvalidParams, code(t, err))
	}
}

func TestClientsAreToldOfChanges(t *testing.T) {
	s := rich(t, nil)
	p := connect(t, s, "2025-06-18", mcptypes.ClientCapabilities{}, nil)
	_, err := jsonrpc.Call(t.Context(), p.Conn, mcptypes.Subscribe, mcptypes.SubscribeParams{URI: "file:///a"})
	require.NoError(t, err)
	s.ResourceUpdated("file:///other")
	require.True(t, s.RemoveTool("sum"))
	p.await(1)
	require.True(t, s.RemovePrompt("p"))
	p.await(2)
	require.True(t, s.RemoveTemplate("file:///dir/{name}"))
	p.await(3)
	s.ResourceUpdated("file:///a")
	heard, params := p.await(4)
	require.Equal(t, []string{mcptypes.ToolListChanged.Method, mcptypes.PromptListChanged.Method,
		mcptypes.ResourceListChanged.Method, mcptypes.ResourceUpdated.Method}, heard)
	require.JSONEq(t, `{"uri":"file:///a"}`, params[3])
	_, err = jsonrpc.Call(t.Context(), p.Conn, mcptypes.Unsubscribe, mcptypes.UnsubscribeParams{URI: "file:///a"})
	require.NoError(t, err)
	s.ResourceUpdated("file:///a")
	require.False(t, s.RemoveTool("sum"))
	require.True(t, s.RemoveTool("all"))
	heard, _ = p.await(5)
	require.Equal(t, mcptypes.ToolListChanged.Method, heard[4])
}

func TestFeaturesChangeWhileSessionsRun(t *testing.T) {
	s := rich(t, nil)
	p := connect(t, s, "2025-06-18", mcptypes.ClientCapabilities{}, nil)
	var wg sync.WaitGroup
	for i := range 4 {
		name := fmt.Sprint("t", i)
		wg.Go(func() {
			for range 50 {
				if err := server.AddTool(s, mcptypes.Tool{Name: name}, func(context.Context, struct{}) (string, error) { return name, nil }); err != nil {
					t.Error(err)
				}
				s.RemoveTool(name)
			}
		})
		wg.Go(func() {
			for range 50 {
				if _, err := jsonrpc.Call(t.Context(), p.Conn, mcptypes.ListTools, mcptypes.ListToolsParams{}); err != nil {
					t.Error(err)
				}
				if _, err := call(t, p, "sum", `{"a":1,"b":2}`); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestLogsByLevel(t *testing.T) {
	s := rich(t, nil)
	require.NoError(t, server.AddTool(s, mcptypes.Tool{Name: "log"}, func(ctx context.Context, _ struct{}) (string, error) {
		for _, level := range []mcptypes.LoggingLevel{mcptypes.LoggingLevelDebug, mcptypes.LoggingLevelInfo, mcptypes.LoggingLevelError} {
			if err := server.Log(ctx, level, "test", map[string]int{"n": 1}); err != nil {
				return "", err
			}
		}
		return "", nil
	}))
	p := connect(t, s, "2025-06-18", mcptypes.ClientCapabilities{}, nil)
	heard := 0
	for _, tt := range []struct {
		level mcptypes.LoggingLevel
		want  int
	}{{"", 2}, {mcptypes.LoggingLevelDebug, 3}, {mcptypes.LoggingLevelError, 1}, {mcptypes.LoggingLevelEmergency, 0}} {
		if tt.level != "" {
			_, err := jsonrpc.Call(t.Context(), p.Conn, mcptypes.SetLevel, mcptypes.SetLevelParams{Level: tt.level})
			require.NoError(t, err)
		}
		_, err := call(t, p, "log", `{}`)
		require.NoError(t, err)
		heard += tt.want
		methods, _ := p.await(heard)
		require.Len(t, methods, heard) // all came before the answer
	}
	_, err := jsonrpc.Call(t.Context(), p.Conn, mcptypes.SetLevel, mcptypes.SetLevelParams{Level: "loud"})
	require.Equal(t, jsonrpc.CodeInvalidParams, code(t, err))
}

func TestProgressAndCancellation(t *testing.T) {
	s := server.New(info, nil)
	ended := make(chan error, 1)
	require.NoError(t, server.AddTool(s, mcptypes.Tool{Name: "long"}, func(ctx context.Context, _ struct{}) (string, error) {
		if err := server.Progress(ctx, 1, new(2.0), "half"); err != nil {
			return "", err
		}
		<-ctx.Done()
		ended <- context.Cause(ctx)
		return "", ctx.Err()
	}))
	p := connect(t, s, "2025-06-18", mcptypes.ClientCapabilities{}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := jsonrpc.Call(ctx, p.Conn, mcptypes.CallTool, mcptypes.CallToolParams{
			Name: "long", Meta: &mcptypes.RequestMeta{ProgressToken: wire.StringID("tok")}})
		failed <- err
	}()
	_, params := p.await(1)
	require.JSONEq(t, `{"progressToken":"tok","progress":1,"total":2,"message":"half"}`, params[0])
	require.NoError(t, jsonrpc.Notify(t.Context(), p.Conn, mcptypes.Cancelled, mcptypes.CancelledParams{RequestID: wire.IntID(2)}))
	require.ErrorIs(t, <-ended, jsonrpc.ErrCancelled)
	cancel()
	require.Error(t, <-failed)
}

// answers is a client that can be asked for everything.
func answers() map[string]*jsonrpc.RequestHandler {
	return map[string]*jsonrpc.RequestHandler{
		mcptypes.Elicit.Method: jsonrpc.HandleRequest(wire.Request[wire.Empty, mcptypes.ElicitResult]{},
			func(context.Context, wire.Empty) (mcptypes.ElicitResult, error) {
				name, err := wire.RawOf("Ada")
				return mcptypes.ElicitResult{Action: mcptypes.ElicitActionAccept, Content: wire.MembersOf(wire.Member{Name: "name", Value: name})}, err
			}),
		mcptypes.CreateMessage.Method: jsonrpc.HandleRequest(wire.Request[wire.Empty, mcptypes.CreateMessageResult]{},
			func(context.Context, wire.Empty) (mcptypes.CreateMessageResult, error) {
				return mcptypes.CreateMessageResult{Model: "m", Role: mcptypes.RoleAssistant, Content: mcptypes.Text("hello")}, nil
			}),
		mcptypes.ListRoots.Method: jsonrpc.HandleRequest(mcptypes.ListRoots, func(context.Context, mcptypes.ListRootsParams) (mcptypes.ListRootsResult, error) {
			return mcptypes.ListRootsResult{Roots: []mcptypes.Root{{URI: "file:///r"}}}, nil
		}),
	}
}

var everything = mcptypes.ClientCapabilities{
	Elicitation: wire.MembersOf(), Sampling: wire.MembersOf(), Roots: &mcptypes.ClientCapabilitiesRoots{},
}

// asking is a server whose tools ask the client.
func asking(t testing.TB) *server.Server {
	s := server.New(info, nil)
	add := func(name string, fn func(context.Context) (any, error)) {
		require.NoError(t, server.AddTool(s, mcptypes.Tool{Name: name}, func(ctx context.Context, _ struct{}) (string, error) {
			result, err := fn(ctx)
			if err != nil {
				return "", err
			}
			return fmt.Sprintf("%+v", result), nil
		}))
	}
	form := mcptypes.ElicitParamsRequestedSchema{Properties: map[string]mcptypes.PrimitiveSchemaDefinition{"name": &mcptypes.StringSchema{}}}
	add("elicit", func(ctx context.Context) (any, error) {
		r, err := server.Elicit(ctx, mcptypes.ElicitParams{Message: "?", RequestedSchema: form})
		return r.Action, err
	})
	add("form", func(ctx context.Context) (any, error) {
		r, err := server.ElicitForm(ctx, mcp20251125.ElicitFormParams{Message: "?", RequestedSchema: mcp20251125.ElicitFormParamsRequestedSchema{
			Properties: map[string]mcp20251125.PrimitiveSchemaDefinition{"name": &mcp20251125.StringSchema{Default: "x"}}}})
		return r.Action, err
	})
	add("url", func(ctx context.Context) (any, error) {
		r, err := server.ElicitURL(ctx, mcp20251125.ElicitURLParams{Message: "?", URL: "https://example.com", ElicitationID: "1"})
		return r.Action, err
	})
	add("sample", func(ctx context.Context) (any, error) {
		r, err := server.Sample(ctx, mcptypes.CreateMessageParams{MaxTokens: 1})
		return r.Model, err
	})
	add("roots", func(ctx context.Context) (any, error) {
		r, err := server.Roots(ctx)
		return len(r), err
	})
	add("need", func(ctx context.Context) (any, error) {
		in := server.InputFrom(ctx)
		name, named := in.Elicited("name")
		_, sampled := in.Sampled("model")
		if !named || !sampled || in.State != "asked" {
			return nil, &server.Need{State: "asked", Requests: map[string]mcp20260728.InputRequest{
				"name": &mcp20260728.ElicitRequest{Params: &mcp20260728.ElicitFormParams{Message: "?", RequestedSchema: mcp20260728.ElicitFormParamsRequestedSchema{
					Properties: map[string]mcp20260728.PrimitiveSchemaDefinition{"name": &mcp20260728.StringSchema{}}}}},
				"model": &mcp20260728.CreateMessageRequest{Params: mcp20260728.CreateMessageParams{MaxTokens: 1}},
			}}
		}
		return name.Action, nil
	})
	return s
}

func TestClientIsAskedOnlyForWhatItDeclared(t *testing.T) {
	s := asking(t)
	withURL := everything
	withURL.Elicitation = wire.MembersOf(wire.Member{Name: "form", Value: wire.EmptyObject()}, wire.Member{Name: "url", Value: wire.EmptyObject()})
	tests := []struct {
		name, revision string
		can            mcptypes.ClientCapabilities
		want           map[string]string
	}{
		{"nothing", "2025-06-18", mcptypes.ClientCapabilities{}, map[string]string{
			"elicit": "did not declare", "sample": "did not declare", "roots": "did not declare", "need": "did not declare",
			"form": "no such message", "url": "no such message"}},
		{"everything", "2025-06-18", everything, map[string]string{
			"elicit": "accept", "sample": "m", "roots": "1", "need": "accept", "form": "no such message", "url": "no such message"}},
		{"forms", "2025-11-25", everything, map[string]string{"elicit": "accept", "form": "accept", "url": "did not declare", "need": "accept"}},
		{"pages", "2025-11-25", withURL, map[string]string{"elicit": "accept", "form": "accept", "url": "accept"}},
		{"before elicitation", "2025-03-26", everything, map[string]string{"elicit": "no such message", "sample": "m", "roots": "1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := connect(t, s, tt.revision, tt.can, answers())
			for tool, want := range tt.want {
				result, err := call(t, p, tool, `{}`)
				require.NoError(t, err)
				require.Contains(t, text(t, result), want, tool)
			}
		})
	}
}

// TestPagesAreRequired refuses a request until a person has been elsewhere.
func TestPagesAreRequired(t *testing.T) {
	s := server.New(info, nil)
	require.NoError(t, server.AddTool(s, mcptypes.Tool{Name: "pay"}, func(ctx context.Context, in struct {
		Done bool `json:"done,omitempty"`
	}) (string, error) {
		if in.Done {
			return "told", server.ElicitationDone(ctx, server.SessionFrom(ctx), "7")
		}
		return "", server.RequireURLs("pay first", mcp20251125.ElicitURLParams{Message: "Pay", URL: "https://pay.example.com", ElicitationID: "7"})
	}))
	can := mcptypes.ClientCapabilities{Elicitation: wire.MembersOf(wire.Member{Name: "url", Value: wire.EmptyObject()})}
	for _, tt := range []struct {
		revision string
		can      mcptypes.ClientCapabilities
		code     int64
		text     string
	}{
		{"2025-11-25", can, server.CodeURLsRequired, "pay first"},
		{"2025-11-25", mcptypes.ClientCapabilities{}, jsonrpc.CodeInternalError, "did not declare"},
		{"2025-06-18", can, jsonrpc.CodeInternalError, "no such message"},
	} {
		p := connect(t, s, tt.revision, tt.can, nil)
		_, err := call(t, p, "pay", `{}`)
		require.Equal(t, tt.code, code(t, err))
		require.ErrorContains(t, err, tt.text)
		result, err := call(t, p, "pay", `{"done":true}`)
		require.NoError(t, err)
		if tt.revision == "2025-11-25" {
			require.Equal(t, "told", text(t, result))
		} else {
			require.Contains(t, text(t, result), "no such message")
		}
		if tt.code == server.CodeURLsRequired {
			var refusal *jsonrpc.Error
			_, err := call(t, p, "pay", `{}`)
			require.ErrorAs(t, err, &refusal)
			var data mcp20251125.URLElicitationRequiredErrorErrorData
			require.NoError(t, refusal.Data.Decode(&data))
			require.Equal(t, "https://pay.example.com", data.Elicitations[0].URL)
		}
	}
}

func TestMiddlewareSeesBothDirections(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	note := func(prefix string) server.Middleware {
		return func(next server.Call) server.Call {
			return func(ctx context.Context, method string, params wire.Value) (wire.Value, error) {
				mu.Lock()
				seen = append(seen, prefix+method)
				mu.Unlock()
				if list, ok := params.(*mcptypes.CallToolParams); ok && list.Name == "alias" {
					list.Name = "ask"
				}
				result, err := next(ctx, method, params)
				if list, ok := result.(*mcptypes.ListToolsResult); ok {
					list.Tools = list.Tools[:0]
				}
				return result, err
			}
		}
	}
	s := server.New(info, &server.Options{Incoming: []server.Middleware{note("in 1 "), note("in 2 ")}, Outgoing: []server.Middleware{note("out ")}})
	require.NoError(t, server.AddTool(s, mcptypes.Tool{Name: "ask"}, func(ctx context.Context, _ struct{}) (string, error) {
		roots, err := server.Roots(ctx)
		return fmt.Sprint(len(roots)), err
	}))
	p := connect(t, s, "2025-06-18", everything, answers())
	result, err := call(t, p, "alias", `{}`)
	require.NoError(t, err)
	require.Equal(t, "1", text(t, result))
	tools, err := jsonrpc.Call(t.Context(), p.Conn, mcptypes.ListTools, mcptypes.ListToolsParams{})
	require.NoError(t, err)
	require.Empty(t, tools.Tools)
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, []string{"in 1 initialize", "in 2 initialize", "in 1 tools/call", "in 2 tools/call", "out roots/list", "in 1 tools/list", "in 2 tools/list"}, seen)
}

func TestNothingBeforeInitialize(t *testing.T) {
	p := open(t, rich(t, nil), "2025-06-18", nil)
	_, err := jsonrpc.Call(t.Context(), p.Conn, mcptypes.ListTools, mcptypes.ListToolsParams{})
	require.Equal(t, jsonrpc.CodeInvalidRequest, code(t, err))
	_, err = jsonrpc.Call(t.Context(), p.Conn, mcptypes.Ping, mcptypes.PingParams{})
	require.NoError(t, err)
	result, err := jsonrpc.Call(t.Context(), p.Conn, mcptypes.Initialize, mcptypes.InitializeParams{ProtocolVersion: "1999-01-01", ClientInfo: info})
	require.NoError(t, err)
	require.Equal(t, "2025-11-25", result.ProtocolVersion)
	_, err = jsonrpc.Call(t.Context(), p.Conn, mcptypes.Initialize, mcptypes.InitializeParams{ProtocolVersion: "2025-06-18", ClientInfo: info})
	require.Equal(t, jsonrpc.CodeInvalidRequest, code(t, err))
}

// TestAddToolRefusesTypes holds that a type which cannot be arguments or a
// structured result is an error when the tool is added.
func TestAddToolRefusesTypes(t *testing.T) {
	s := server.New(mcptypes.Implementation{Name: "types", Version: "1"}, nil)
	spec := mcptypes.Tool{Name: "t"}
	require.EqualError(t, server.AddTool(s, spec, func(context.Context, int) (string, error) { return "", nil }),
		`add tool "t": input schema: int: want a type that is an object in JSON, got "integer"`)
	require.ErrorContains(t, server.AddTool(s, spec, func(context.Context, struct{ C chan int }) (string, error) { return "", nil }),
		`unsupported type chan int`)
	require.EqualError(t, server.AddTool(s, spec, func(context.Context, struct{}) (time.Time, error) { return time.Time{}, nil }),
		`add tool "t": output schema: time.Time: want a type that is an object in JSON, got "string"`)
	require.NoError(t, server.AddTool(s, spec, func(context.Context, map[string]any) (string, error) { return "", nil }))
}
