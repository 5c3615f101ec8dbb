package model_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex/model"
	"github.com/codexmcp/codexmcp/codex/model/scripted"
	"github.com/codexmcp/codexmcp/wire"
)

// send returns the request that the server got.
func send(t *testing.T, provider model.Provider, server *scripted.Server, options model.Options, request model.Request) scripted.Request {
	t.Helper()
	if options.Getenv == nil {
		options.Getenv = noEnv
	}
	_, err := ask(t, model.New(provider, options), request)
	require.NoError(t, err)
	requests := server.Requests()
	require.Len(t, requests, 1)
	return requests[0]
}

func raw(t *testing.T, text string) wire.Raw {
	t.Helper()
	r, err := wire.ParseRaw([]byte(text))
	require.NoError(t, err)
	return r
}

func someTools(t *testing.T) []model.Tool {
	return []model.Tool{
		model.FunctionTool{Name: "shell", Description: "Runs a command.", Parameters: raw(t,
			`{"type":"object","properties":{"command":{"type":"array","items":{"type":"string"}},"n":{"maximum":12345678901234567890}},"required":["command"],"additionalProperties":false}`)},
		model.CustomTool{Name: "apply_patch", Description: "Edits files.", Syntax: "lark", Definition: "start: x"},
		model.LocalShellTool{},
		model.WebSearchTool{},
		model.FunctionTool{Name: "now"},
	}
}

// Rough edges 24 and 30: images are told, all calls of an answer are, and one without an output gets one of
// its kind in its place.
func TestChatRequest(t *testing.T) {
	const (
		system = `{"role":"system","content":"Be brief."}`
		image  = `{"type":"message","role":"user","content":[{"type":"input_text","text":"look"},{"type":"input_image","image_url":"data:image/png;base64,AAAA"}]}`
		call1  = `{"type":"function_call","name":"shell","arguments":"{\"a\":1}","call_id":"call_1"}`
		call2  = `{"type":"function_call","name":"view","arguments":"{}","call_id":"call_2"}`
		out1   = `{"type":"function_call_output","call_id":"call_1","output":"one"}`
		out2   = `{"type":"function_call_output","call_id":"call_2","output":"two"}`
		answer = `{"type":"message","role":"assistant","content":[{"type":"output_text","text":"ans"},{"type":"output_text","text":"wer"}]}`
		think  = `{"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"th"},{"type":"text","text":"ink"}],"encrypted_content":null}`

		told     = `{"role":"user","content":"hello"}`
		toldOut1 = `{"role":"tool","tool_call_id":"call_1","content":"one"}`
		toldOut2 = `{"role":"tool","tool_call_id":"call_2","content":"two"}`
		toldOne  = `{"id":"call_1","type":"function","function":{"name":"shell","arguments":"{\"a\":1}"}}`
		toldTwo  = `{"id":"call_2","type":"function","function":{"name":"view","arguments":"{}"}}`
	)
	tests := []struct {
		name  string
		input []string
		want  []string
	}{
		{"text", []string{hello}, []string{told}},
		{"several texts", []string{`{"type":"message","role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_text","text":"b"}]}`},
			[]string{`{"role":"user","content":"ab"}`}},
		{"image", []string{image}, []string{
			`{"role":"user","content":[{"type":"text","text":"look"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}`}},
		{"answer", []string{hello, answer, hello}, []string{told, `{"role":"assistant","content":"answer"}`, told}},
		{"the same answer again", []string{hello, answer, hello, answer, hello, answer, call1, out1}, []string{told,
			`{"role":"assistant","content":"answer"}`, told, told,
			`{"role":"assistant","content":null,"tool_calls":[` + toldOne + `]}`, toldOut1}},
		{"call", []string{hello, call1, out1}, []string{told, `{"role":"assistant","content":null,"tool_calls":[` + toldOne + `]}`, toldOut1}},
		{"calls one after the other", []string{hello, call1, out1, call2, out2}, []string{told,
			`{"role":"assistant","content":null,"tool_calls":[` + toldOne + `]}`, toldOut1,
			`{"role":"assistant","content":null,"tool_calls":[` + toldTwo + `]}`, toldOut2}},
		{"text and calls at once", []string{hello, answer, call1, call2, out2, out1}, []string{told,
			`{"role":"assistant","content":"answer","tool_calls":[` + toldOne + `,` + toldTwo + `]}`, toldOut1, toldOut2}},
		{"calls without outputs", []string{hello, call1, call2, hello}, []string{told,
			`{"role":"assistant","content":null,"tool_calls":[` + toldOne + `]}`,
			`{"role":"tool","tool_call_id":"call_1","content":"aborted"}`,
			`{"role":"assistant","content":null,"tool_calls":[` + toldTwo + `]}`,
			`{"role":"tool","tool_call_id":"call_2","content":"aborted"}`, told}},
		{"output behind a message", []string{call1, hello, out1}, []string{
			`{"role":"assistant","content":null,"tool_calls":[` + toldOne + `]}`, toldOut1, told}},
		{"the same id again", []string{call1, hello, call1, out1}, []string{
			`{"role":"assistant","content":null,"tool_calls":[` + toldOne + `]}`,
			`{"role":"tool","tool_call_id":"call_1","content":"aborted"}`, told,
			`{"role":"assistant","content":null,"tool_calls":[` + toldOne + `]}`, toldOut1}},
		{"reasoning of a call", []string{hello, think, call1, out1}, []string{told,
			`{"role":"assistant","content":null,"tool_calls":[` + toldOne + `],"reasoning":"think"}`, toldOut1}},
		{"reasoning of an answer", []string{hello, think, answer, call1, out1}, []string{told,
			`{"role":"assistant","content":"answer","tool_calls":[` + toldOne + `],"reasoning":"think"}`, toldOut1}},
		{"reasoning behind an answer", []string{hello, answer, think, call1, out1}, []string{told,
			`{"role":"assistant","content":"answer","tool_calls":[` + toldOne + `],"reasoning":"think"}`, toldOut1}},
		{"reasoning of an earlier turn", []string{hello, think, answer, hello, call1, out1}, []string{told,
			`{"role":"assistant","content":"answer"}`, told,
			`{"role":"assistant","content":null,"tool_calls":[` + toldOne + `]}`, toldOut1}},
		{"reasoning and then the user", []string{hello, think, answer, hello}, []string{told,
			`{"role":"assistant","content":"answer"}`, told}},
		{"custom tool", []string{
			`{"type":"custom_tool_call","call_id":"call_1","name":"apply_patch","input":"*** Begin Patch"}`,
			`{"type":"custom_tool_call_output","call_id":"call_1","output":"one"}`}, []string{
			`{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"custom","custom":{"name":"apply_patch","input":"*** Begin Patch"}}]}`, toldOut1}},
		{"local shell", []string{
			`{"type":"local_shell_call","call_id":"call_1","status":"completed","action":{"type":"exec","command":["ls"],"working_directory":"/tmp","timeout_ms":5}}`, out1}, []string{
			`{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"shell","arguments":"{\"command\":[\"ls\"],\"timeout_ms\":5,\"workdir\":\"/tmp\"}"}}]}`, toldOut1}},
		{"other roles", []string{
			`{"type":"message","role":"developer","content":[{"type":"input_text","text":"d"}]}`,
			`{"type":"message","role":"system","content":[{"type":"input_text","text":"s"}]}`},
			[]string{`{"role":"developer","content":"d"}`, `{"role":"system","content":"s"}`}},
		{"what nobody knows", []string{hello, `{"type":"of_the_future"}`, `{"type":"web_search_call","action":{"type":"search","query":"q"}}`},
			[]string{told}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server, provider := start(t, model.WireAPIChat, scripted.Reply{})
			request := helloRequest(t)
			request.Input = items(t, test.input...)
			got := send(t, provider, server, model.Options{}, request)
			require.JSONEq(t, `{"model":"mock-model","messages":[`+strings.Join(append([]string{system}, test.want...), ",")+
				`],"stream":true,"stream_options":{"include_usage":true},"tools":[]}`, string(got.Body))
		})
	}
}

func TestChatTools(t *testing.T) {
	server, provider := start(t, model.WireAPIChat, scripted.Reply{})
	request := helloRequest(t)
	request.Tools = someTools(t)
	body := string(send(t, provider, server, model.Options{}, request).Body)
	_, tools, _ := strings.Cut(body, `"tools":`)
	tools, _, _ = strings.Cut(tools, `,"stream"`)
	require.JSONEq(t, `[
		{"type":"function","function":{"name":"shell","description":"Runs a command.","strict":false,"parameters":
			{"type":"object","properties":{"command":{"type":"array","items":{"type":"string"}},"n":{"maximum":12345678901234567890}},"required":["command"],"additionalProperties":false}}},
		{"type":"function","function":{"name":"now","description":"","strict":false,"parameters":{"type":"object","properties":{}}}}
	]`, tools)
	require.Contains(t, tools, "12345678901234567890", "numbers of a schema stay as they are written")
}

func TestResponsesRequest(t *testing.T) {
	const (
		call   = `{"type":"function_call","name":"shell","arguments":"{}","call_id":"call_1"}`
		custom = `{"type":"custom_tool_call","call_id":"call_2","name":"apply_patch","input":"x"}`
		local  = `{"type":"local_shell_call","call_id":"call_3","status":"completed","action":{"type":"exec","command":["ls"],"timeout_ms":null,"working_directory":null,"env":null,"user":null}}`
		think  = `{"type":"reasoning","summary":[{"type":"summary_text","text":"sum"}],"content":null,"encrypted_content":"ENC"}`
		future = `{"type":"of_the_future","x":1}`
	)
	server, provider := start(t, model.WireAPIResponses, scripted.Reply{})
	request := helloRequest(t)
	request.Input = items(t, hello, think, call, custom, local, future, hello)
	request.Tools = someTools(t)
	request.Reasoning = &model.Reasoning{Effort: "high", Summary: "none"}
	request.Verbosity = "low"
	got := send(t, provider, server, model.Options{}, request)
	require.JSONEq(t, `{"model":"mock-model","instructions":"Be brief.","input":[`+strings.Join([]string{hello, think,
		call, `{"type":"function_call_output","call_id":"call_1","output":"aborted"}`,
		custom, `{"type":"custom_tool_call_output","call_id":"call_2","output":"aborted"}`,
		local, `{"type":"function_call_output","call_id":"call_3","output":"aborted"}`, future, hello}, ",")+`],
		"tools":[
			{"type":"function","name":"shell","description":"Runs a command.","strict":false,"parameters":
				{"type":"object","properties":{"command":{"type":"array","items":{"type":"string"}},"n":{"maximum":12345678901234567890}},"required":["command"],"additionalProperties":false}},
			{"type":"custom","name":"apply_patch","description":"Edits files.","format":{"type":"grammar","syntax":"lark","definition":"start: x"}},
			{"type":"local_shell"},
			{"type":"web_search"},
			{"type":"function","name":"now","description":"","strict":false,"parameters":{"type":"object","properties":{}}}
		],
		"tool_choice":"auto","parallel_tool_calls":false,"reasoning":{"effort":"high","summary":"none"},
		"store":false,"stream":true,"include":["reasoning.encrypted_content"],"prompt_cache_key":"conv-1",
		"text":{"verbosity":"low"}}`, string(got.Body))
}

func TestResponsesRequestOfAPlainModel(t *testing.T) {
	server, provider := start(t, model.WireAPIResponses, scripted.Reply{})
	got := send(t, provider, server, model.Options{}, helloRequest(t))
	require.JSONEq(t, `{"model":"mock-model","instructions":"Be brief.","input":[`+hello+`],"tools":[],
		"tool_choice":"auto","parallel_tool_calls":false,"reasoning":null,"store":false,"stream":true,
		"include":[],"prompt_cache_key":"conv-1"}`, string(got.Body))
}

// Azure stores answers and wants to see the ids of items again, which nobody else does.
func TestAzureKeepsItemIDs(t *testing.T) {
	for _, name := range []string{"Azure", "Other"} {
		server, provider := start(t, model.WireAPIResponses, scripted.Reply{Text: []string{"fine"}}, scripted.Reply{})
		provider.Name = name
		endpoint := model.New(provider, model.Options{Getenv: noEnv})
		request := helloRequest(t)
		for event, err := range endpoint.Stream(t.Context(), request) {
			require.NoError(t, err)
			if done, ok := event.(model.ItemDone); ok {
				request.Input = append(request.Input, done.Item)
			}
		}
		_, err := ask(t, endpoint, request)
		require.NoError(t, err)
		body := string(server.Requests()[1].Body)
		if name == "Azure" {
			require.Contains(t, body, `"id":"msg_1"`)
			require.Contains(t, body, `"store":true`)
		} else {
			require.NotContains(t, body, `"msg_1"`)
			require.Contains(t, body, `"store":false`)
		}
	}
}

func TestToolsThatCannotBeSent(t *testing.T) {
	for _, api := range []model.WireAPI{model.WireAPIChat, model.WireAPIResponses} {
		server, provider := start(t, api)
		request := helloRequest(t)
		request.Tools = []model.Tool{model.FunctionTool{Name: "odd", Parameters: raw(t, `[1]`)}}
		_, err := ask(t, model.New(provider, model.Options{Getenv: noEnv}), request)
		require.ErrorContains(t, err, `tool "odd"`)
		require.Empty(t, server.Requests())
	}
}
