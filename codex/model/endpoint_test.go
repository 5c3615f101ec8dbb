package model_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex/model"
	"github.com/codexmcp/codexmcp/codex/model/scripted"
	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/wire"
)

// start runs a script and returns its server and a provider for it that tries everything once.
func start(t *testing.T, api model.WireAPI, script ...scripted.Reply) (*scripted.Server, model.Provider) {
	t.Helper()
	server, err := scripted.Start(script...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	return server, model.Provider{
		Name: "Test", BaseURL: server.URL(), WireAPI: api,
		RequestMaxRetries: new(0), StreamMaxRetries: new(0),
	}
}

// noEnv is an empty environment.
func noEnv(string) string { return "" }

func env(variables map[string]string) func(string) string {
	return func(name string) string { return variables[name] }
}

// ask sends a request and returns what came, each event in one line, the error included.
func ask(t *testing.T, e *model.Endpoint, request model.Request) ([]string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var seen []string
	for event, err := range e.Stream(ctx, request) {
		if err != nil {
			return seen, err
		}
		seen = append(seen, line(t, event))
	}
	return seen, nil
}

func line(t *testing.T, event model.Event) string {
	t.Helper()
	switch e := event.(type) {
	case model.Created:
		return "created"
	case model.TextDelta:
		return "text " + e.Text
	case model.ReasoningDelta:
		return "reasoning " + e.Text
	case model.RawReasoningDelta:
		return "raw " + e.Text
	case model.ReasoningSectionBreak:
		return "section"
	case model.WebSearchStarted:
		return "search " + e.CallID
	case model.ItemDone:
		return "item " + itemJSON(t, e.Item)
	case model.Completed:
		if e.Usage == nil {
			return "completed " + e.ResponseID
		}
		usage, err := json.Marshal(e.Usage)
		require.NoError(t, err)
		return "completed " + e.ResponseID + " " + string(usage)
	}
	t.Fatalf("unknown event %T", event)
	return ""
}

func itemJSON(t *testing.T, item mcpprotocol.ResponseItem) string {
	t.Helper()
	e := wire.NewEncoder(nil)
	mcpprotocol.EncodeResponseItem(&e, item)
	text, err := e.Result()
	require.NoError(t, err)
	return string(text)
}

// items reads a conversation from JSON.
func items(t *testing.T, texts ...string) []mcpprotocol.ResponseItem {
	t.Helper()
	var read []mcpprotocol.ResponseItem
	for _, text := range texts {
		d := wire.NewDecoder(text)
		read = append(read, mcpprotocol.DecodeResponseItem(&d))
		require.NoError(t, d.End(), text)
	}
	return read
}

const hello = `{"type":"message","role":"user","content":[{"type":"input_text","text":"hello"}]}`

func helloRequest(t *testing.T) model.Request {
	return model.Request{
		ConversationID: "conv-1", Model: "mock-model", Instructions: "Be brief.", Input: items(t, hello),
	}
}

var usage = &scripted.Usage{Input: 30, CachedInput: 10, Output: 4, ReasoningOutput: 2}

const usageLine = `{"cached_input_tokens":10,"input_tokens":30,"output_tokens":4,"reasoning_output_tokens":2,"total_tokens":34}`

// Rough edge 24: the chat API gives usage and several calls, too.
func TestAnswers(t *testing.T) {
	const (
		fine = `item {"content":[{"text":"fine","type":"output_text"}],"role":"assistant","type":"message"}`
		call = `item {"arguments":"{\"command\":[\"ls\"]}","call_id":"call_1","name":"shell","type":"function_call"}`
		two  = `item {"arguments":"{}","call_id":"call_2","name":"view","type":"function_call"}`
	)
	calls := []scripted.Call{
		{ID: "call_1", Name: "shell", Arguments: `{"command":["ls"]}`},
		{ID: "call_2", Name: "view", Arguments: `{}`},
	}
	tests := []struct {
		name  string
		api   model.WireAPI
		show  bool
		reply scripted.Reply
		want  []string
	}{
		{"chat text", model.WireAPIChat, false, scripted.Reply{Text: []string{"fi", "ne"}, Usage: usage},
			[]string{fine, "completed chatcmpl-1 " + usageLine}},
		{"chat text with deltas", model.WireAPIChat, true, scripted.Reply{Text: []string{"fi", "ne"}},
			[]string{"text fi", "text ne", fine, "completed chatcmpl-1"}},
		{"chat reasoning and calls", model.WireAPIChat, true,
			scripted.Reply{RawReasoning: []string{"th", "ink"}, Text: []string{"fine"}, Calls: calls},
			[]string{"raw th", "raw ink", "text fine",
				`item {"content":[{"text":"think","type":"reasoning_text"}],"encrypted_content":null,"summary":[],"type":"reasoning"}`,
				fine, call, two, "completed chatcmpl-1"}},
		{"chat says nothing", model.WireAPIChat, false, scripted.Reply{}, []string{"completed chatcmpl-1"}},
		{"chat text that just ends", model.WireAPIChat, false,
			scripted.Reply{Text: []string{"fi", "ne"}, End: scripted.EndSilent}, []string{fine, "completed chatcmpl-1"}},
		{"chat end mark alone", model.WireAPIChat, false,
			scripted.Reply{Data: []string{`{"choices":[{"delta":{"content":"fine"}}]}`, `[DONE]`}},
			[]string{fine, "completed "}},
		{"chat stream left open", model.WireAPIChat, false,
			scripted.Reply{Text: []string{"fine"}, End: scripted.EndOpen}, []string{fine, "completed chatcmpl-1"}},
		{"chat calls with one index", model.WireAPIChat, false,
			scripted.Reply{Data: []string{
				`{"choices":[{"delta":{"tool_calls":[{"id":"call_1","function":{"name":"shell","arguments":"{\"command\":[\"ls\"]}"}}]}}]}`,
				`{"choices":[{"delta":{"tool_calls":[{"id":"call_2","function":{"name":"view","arguments":"{}"}}]},"finish_reason":"stop"}]}`,
			}}, []string{call, two, "completed "}},
		{"chat reasoning in other places", model.WireAPIChat, true,
			scripted.Reply{Data: []string{
				`{"choices":[{"delta":{"reasoning":{"text":"a"}}}]}`,
				`{"choices":[{"delta":{"reasoning":{"content":"b"}}}]}`,
				`{"choices":[{"delta":{},"message":{"reasoning":"c"}}]}`,
				`{"choices":[{"delta":{"reasoning":null,"content":null},"finish_reason":"stop"}]}`,
			}}, []string{"raw a", "raw b", "raw c",
				`item {"content":[{"text":"abc","type":"reasoning_text"}],"encrypted_content":null,"summary":[],"type":"reasoning"}`,
				"completed "}},
		{"chat malformed chunk", model.WireAPIChat, false,
			scripted.Reply{Data: []string{`{"choices":[{"delta":{"content":"fi"}}]}`, `{not json`, `[]`, `{"choices":null}`,
				`{"choices":[{"index":1,"delta":{"content":"other"}},{"index":0,"delta":{"content":"ne"},"finish_reason":"stop"}]}`}},
			[]string{fine, "completed "}},

		{"responses text", model.WireAPIResponses, false, scripted.Reply{Text: []string{"fi", "ne"}, Usage: usage},
			[]string{"created", "text fi", "text ne", fine, "completed resp_1 " + usageLine}},
		{"responses reasoning", model.WireAPIResponses, true,
			scripted.Reply{Reasoning: []string{"A", "B"}, RawReasoning: []string{"r"}, EncryptedReasoning: "ENC"},
			[]string{"created", "section", "reasoning A", "section", "reasoning B", "raw r",
				`item {"content":[{"text":"r","type":"reasoning_text"}],"encrypted_content":"ENC","summary":[{"text":"A","type":"summary_text"},{"text":"B","type":"summary_text"}],"type":"reasoning"}`,
				"completed resp_1"}},
		{"responses reasoning not shown", model.WireAPIResponses, false,
			scripted.Reply{RawReasoning: []string{"r"}},
			[]string{"created",
				`item {"content":[{"text":"r","type":"reasoning_text"}],"encrypted_content":null,"summary":[],"type":"reasoning"}`,
				"completed resp_1"}},
		{"responses calls", model.WireAPIResponses, false, scripted.Reply{Calls: calls},
			[]string{"created", call, two, "completed resp_1"}},
		{"responses stream left open", model.WireAPIResponses, false,
			scripted.Reply{Text: []string{"fine"}, End: scripted.EndOpen},
			[]string{"created", "text fine", fine, "completed resp_1"}},
		{"responses other items", model.WireAPIResponses, false,
			scripted.Reply{Data: []string{
				`{"type":"response.output_item.added","item":{"type":"web_search_call","id":"ws_1"}}`,
				`{"type":"response.output_item.added","item":{"type":"message","id":"m"}}`,
				`{"type":"response.output_item.done","item":{"type":"local_shell_call","id":"l","call_id":"c","status":"completed","action":{"type":"exec","command":["ls"],"timeout_ms":5}}}`,
				`{"type":"response.output_item.done","item":{"type":"local_shell_call","id":"l2","status":"completed","action":{"type":"exec","command":["ls"],"timeout_ms":5}}}`,
				`{"type":"response.output_item.done","item":{"type":"reasoning","id":"r","summary":[],"content":[{"type":"text","text":"plain"}],"encrypted_content":"E"}}`,
				`{"type":"response.output_item.done","item":{"type":"custom_tool_call","id":"x","call_id":"c","name":"n","input":"i","status":"completed"}}`,
				`{"type":"response.output_item.done","item":{"type":"of_the_future","id":"x"}}`,
				`{"type":"response.output_item.done","item":{"type":"message"}}`,
				`{"type":"response.output_item.done","item":{"type":"reasoning","summary":[]}}`,
				`{"type":"response.completed","response":{"id":"r","usage":null}}`,
			}},
			[]string{"search ws_1",
				`item {"action":{"command":["ls"],"env":null,"timeout_ms":5,"type":"exec","user":null,"working_directory":null},"call_id":"c","status":"completed","type":"local_shell_call"}`,
				`item {"action":{"command":["ls"],"env":null,"timeout_ms":5,"type":"exec","user":null,"working_directory":null},"call_id":"l2","status":"completed","type":"local_shell_call"}`,
				`item {"encrypted_content":"E","summary":[],"type":"reasoning"}`,
				`item {"call_id":"c","input":"i","name":"n","status":"completed","type":"custom_tool_call"}`,
				`item {"content":null,"encrypted_content":null,"summary":[],"type":"reasoning"}`,
				"completed r"}},
		{"responses refusal", model.WireAPIResponses, false,
			scripted.Reply{Data: []string{
				`{"type":"response.output_item.done","item":{"type":"message","role":"assistant","content":[{"type":"refusal","refusal":"fine"},{"type":"of_the_future"}]}}`,
				`{"type":"response.completed","response":{"id":"r"}}`}},
			[]string{fine, "completed r"}},
		{"chat refusal", model.WireAPIChat, false,
			scripted.Reply{Data: []string{`{"choices":[{"delta":{"refusal":"fine"},"finish_reason":"stop"}]}`}},
			[]string{fine, "completed "}},
		{"responses malformed data", model.WireAPIResponses, false,
			scripted.Reply{Data: []string{`{"type":"response.created"}`, `{not json`, `7`, `{"type":"response.unknown_kind"}`,
				`{"type":"response.output_item.done","item":{"type":"message","role":"assistant","id":"m","content":[{"type":"output_text","text":"fine","logprobs":[]}]}}`,
				`{"type":"response.completed","response":{"id":"r","usage":null}}`}},
			[]string{"created", fine, "completed r"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, provider := start(t, test.api, test.reply)
			request := helloRequest(t)
			request.ShowRawReasoning = test.show
			got, err := ask(t, model.New(provider, model.Options{Getenv: noEnv}), request)
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
}

func TestCallWithoutIDGetsOne(t *testing.T) {
	_, provider := start(t, model.WireAPIChat, scripted.Reply{Calls: []scripted.Call{{Name: "a"}}})
	for event, err := range model.New(provider, model.Options{Getenv: noEnv}).Stream(t.Context(), helloRequest(t)) {
		require.NoError(t, err)
		if done, ok := event.(model.ItemDone); ok {
			require.Regexp(t, `^call_.{8,}`, done.Item.(*mcpprotocol.FunctionCallItem).CallID)
		}
	}
}

// Rough edge 28: what the endpoint refuses is not sent again.
func TestFailures(t *testing.T) {
	const text = `item {"content":[{"text":"par","type":"output_text"}],"role":"assistant","type":"message"}`
	both := []model.WireAPI{model.WireAPIChat, model.WireAPIResponses}
	tests := []struct {
		name  string
		apis  []model.WireAPI
		reply scripted.Reply
		want  string // part of the error
		again bool
		delay time.Duration
		items []string
	}{
		{"400", both, scripted.Reply{Status: 400, Body: `{"error":{"message":"bad request"}}`},
			"400 Bad Request: bad request", false, 0, nil},
		{"404 of a proxy", both, scripted.Reply{Status: 404, Body: "<p>gone</p>"}, `404 Not Found: "<p>gone</p>"`, false, 0, nil},
		{"400 of another shape", both, scripted.Reply{Status: 400, Body: `{"detail":"no"}`}, "Bad Request: no", false, 0, nil},
		{"redirect", both, scripted.Reply{Status: 307, Headers: http.Header{"Location": {"http://127.0.0.1:1/"}}},
			"307 Temporary Redirect", false, 0, nil},
		{"500", both, scripted.Reply{Status: 500, Body: `{"error":"boom"}`}, "500 Internal Server Error: boom", true, 0, nil},
		{"429", both, scripted.Reply{Status: 429, Headers: http.Header{"Retry-After": {"7"}}},
			"429 Too Many Requests", true, 7 * time.Second, nil},
		{"429 for an hour", both, scripted.Reply{Status: 429, Headers: http.Header{"Retry-After": {"3600"}}},
			"429 Too Many Requests", false, 0, nil},
		{"usage limit", both, scripted.Reply{Status: 429,
			Body: `{"error":{"type":"usage_limit_reached","message":"limit","plan_type":"plus","resets_in_seconds":3700}}`},
			"try again in 1 hour 1 minute", false, 0, nil},
		{"usage not included", both, scripted.Reply{Status: 429, Body: `{"error":{"type":"usage_not_included"}}`},
			"does not include", false, 0, nil},
		{"refused", both, scripted.Reply{End: scripted.EndRefuse}, "post \"http://127.0.0.1:", true, 0, nil},
		{"no events", both, scripted.Reply{Data: []string{}}, `content type "text/event-stream"`, true, 0, nil},
		{"dropped", both, scripted.Reply{Text: []string{"par"}, End: scripted.EndDrop}, "unexpected EOF", true, 0, nil},
		{"too large an event", both, scripted.Reply{Data: []string{strings.Repeat(" ", 33<<20)}}, "larger than", false, 0, nil},

		{"chat call without its end", both[:1],
			scripted.Reply{Calls: []scripted.Call{{ID: "c", Name: "n", Arguments: "{}"}}, End: scripted.EndSilent},
			"without a finish reason", true, 0, nil},
		{"chat length", both[:1], scripted.Reply{Text: []string{"par"}, Calls: []scripted.Call{{ID: "c", Name: "n"}}, End: scripted.EndCutOff},
			`"length"`, false, 0, []string{text}},
		{"chat failure", both[:1], scripted.Reply{End: scripted.EndFailed, Code: "overloaded", Message: "too busy"}, "too busy", true, 0, nil},
		{"chat failure as text", both[:1], scripted.Reply{Data: []string{`{"error":"too busy"}`}}, "too busy", true, 0, nil},

		{"responses without completion", both[1:], scripted.Reply{Text: []string{"par"}, End: scripted.EndSilent},
			"without response.completed", true, 0, []string{"created", "text par", text}},
		{"responses cut off", both[1:], scripted.Reply{Text: []string{"par"}, End: scripted.EndCutOff},
			`"max_output_tokens"`, false, 0, []string{"created", "text par", text}},
		{"responses failed", both[1:], scripted.Reply{End: scripted.EndFailed, Code: "server_error", Message: "oops"}, "oops", true, 0, []string{"created"}},
		{"responses rate limit", both[1:], scripted.Reply{End: scripted.EndFailed, Code: "rate_limit_exceeded",
			Message: "Rate limit reached. Please try again in 1.5s."}, "Rate limit", true, 1500 * time.Millisecond, []string{"created"}},
		{"responses too long", both[1:], scripted.Reply{End: scripted.EndFailed, Code: "context_length_exceeded", Message: "too long"},
			"too long", false, 0, []string{"created"}},
		{"responses error event", both[1:], scripted.Reply{Data: []string{`{"type":"error","code":"c","message":"oops"}`}}, "oops", true, 0, nil},
	}
	for _, test := range tests {
		for _, api := range test.apis {
			t.Run(test.name+"/"+string(api), func(t *testing.T) {
				t.Parallel()
				server, provider := start(t, api, test.reply)
				got, err := ask(t, model.New(provider, model.Options{Getenv: noEnv}), helloRequest(t))
				require.ErrorContains(t, err, test.want)
				delay, again := model.Retryable(err)
				require.Equal(t, test.again, again, err)
				if again {
					require.Equal(t, test.delay, delay)
				}
				if test.items != nil {
					require.Equal(t, test.items, got)
				}
				require.Len(t, server.Requests(), 1)
			})
		}
	}
}
