package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/mcptypes/mcp20260728"
	"github.com/codexmcp/codexmcp/server"
)

// inputRequests are what is needed of the client, by name.
type inputRequests = map[string]mcp20260728.InputRequest

// question asks the person at the client for one thing.
func question(message, field string, kind mcp20260728.PrimitiveSchemaDefinition) *mcp20260728.ElicitRequest {
	return &mcp20260728.ElicitRequest{Params: &mcp20260728.ElicitFormParams{
		Message: message, Mode: "form", RequestedSchema: mcp20260728.ElicitFormParamsRequestedSchema{
			Properties: map[string]mcp20260728.PrimitiveSchemaDefinition{field: kind}, Required: []string{field},
		},
	}}
}

// sample asks the client's language model.
func sample(text string) *mcp20260728.CreateMessageRequest {
	return &mcp20260728.CreateMessageRequest{Params: mcp20260728.CreateMessageParams{
		Messages:  []mcp20260728.SamplingMessage{{Role: mcp20260728.RoleUser, Content: &mcp20260728.TextContent{Text: text}}},
		MaxTokens: 100,
	}}
}

// said is the text of a language model's answer.
func said(result *mcp20260728.CreateMessageResult) string {
	if text, ok := result.Content.(*mcp20260728.TextContent); ok {
		return text.Text
	}
	return "something that is no text"
}

// field is one field of a form that was filled in.
func field(result *mcp20260728.ElicitResult, name string) string {
	raw, ok := result.Content.Get(name)
	if !ok {
		return string(result.Action)
	}
	var text string
	if raw.Decode(&text) != nil {
		return raw.String()
	}
	return text
}

// addInputTools adds tools that need something of the client before they can
// answer. Each is called again with what came of that.
func addInputTools(s *server.Server) error {
	text := &mcp20260728.StringSchema{}
	yes := &mcp20260728.BooleanSchema{}
	add := func(name, description string, fn func(context.Context, *server.Input) (string, error)) error {
		return server.AddTool(s, mcptypes.Tool{Name: name, Description: description}, func(ctx context.Context, _ nothing) (string, error) {
			return fn(ctx, server.InputFrom(ctx))
		})
	}
	return errors.Join(
		add("test_input_required_result_elicitation", "Needs the person's name.", func(_ context.Context, in *server.Input) (string, error) {
			name, ok := in.Elicited("user_name")
			if !ok {
				return "", &server.Need{Requests: inputRequests{"user_name": question("What is your name?", "name", text)}}
			}
			return "Hello, " + field(name, "name") + "!", nil
		}),
		add("test_input_required_result_sampling", "Needs the language model.", func(_ context.Context, in *server.Input) (string, error) {
			answer, ok := in.Sampled("capital_question")
			if !ok {
				return "", &server.Need{Requests: inputRequests{"capital_question": sample("What is the capital of France?")}}
			}
			return "The model says: " + said(answer), nil
		}),
		add("test_input_required_result_list_roots", "Needs the client's roots.", func(_ context.Context, in *server.Input) (string, error) {
			roots, ok := in.Roots("client_roots")
			if !ok {
				return "", &server.Need{Requests: inputRequests{"client_roots": &mcp20260728.ListRootsRequest{}}}
			}
			return fmt.Sprintf("There are %d roots.", len(roots)), nil
		}),
		add("test_input_required_result_request_state", "Needs a confirmation and remembers that it asked.", confirm("state-ok")),
		add("test_input_required_result_tampered_state", "Needs a confirmation and trusts no changed state.", confirm("confirmed")),
		add("test_input_required_result_multiple_inputs", "Needs three things at once.", func(_ context.Context, in *server.Input) (string, error) {
			name, named := in.Elicited("user_name")
			greeting, greeted := in.Sampled("greeting")
			roots, rooted := in.Roots("client_roots")
			if named && greeted && rooted && in.State == "asked" {
				return fmt.Sprintf("%s, %s; %d roots.", said(greeting), field(name, "name"), len(roots)), nil
			}
			return "", &server.Need{State: "asked", Requests: inputRequests{
				"user_name": question("What is your name?", "name", text), "greeting": sample("Say hello."), "client_roots": &mcp20260728.ListRootsRequest{},
			}}
		}),
		add("test_input_required_result_multi_round", "Needs two things, one after the other.", twoSteps),
		add("test_input_required_result_capabilities", "Needs what the client can do, and nothing else.", neededOf),
		add("test_missing_capability", "Needs the language model, whether there is one or not.", func(_ context.Context, in *server.Input) (string, error) {
			answer, ok := in.Sampled("sample")
			if !ok {
				return "", &server.Need{Requests: inputRequests{"sample": sample("Say something.")}}
			}
			return "The model says: " + said(answer), nil
		}),
		add("test_streaming_elicitation", "Reports progress, then needs a confirmation.", func(ctx context.Context, in *server.Input) (string, error) {
			if err := server.Progress(ctx, 1, nil, "about to ask"); err != nil {
				return "", err
			}
			reply, ok := in.Elicited("confirm")
			if !ok {
				return "", &server.Need{Requests: inputRequests{"confirm": question("Go on?", "ok", yes)}}
			}
			return "The person's answer: " + string(reply.Action), nil
		}),
	)
}

// confirm returns a tool function that asks once and knows that it did.
func confirm(text string) func(context.Context, *server.Input) (string, error) {
	return func(_ context.Context, in *server.Input) (string, error) {
		if _, ok := in.Elicited("confirm"); !ok || in.State != "waiting" {
			return "", &server.Need{State: "waiting", Requests: inputRequests{"confirm": question("Go on?", "ok", &mcp20260728.BooleanSchema{})}}
		}
		return text, nil
	}
}

// twoSteps asks twice, and remembers the first answer while it waits for the second.
func twoSteps(_ context.Context, in *server.Input) (string, error) {
	name, second := strings.CutPrefix(in.State, "step2:")
	if first, ok := in.Elicited("step1"); ok && !second {
		name, second = field(first, "name"), true
	}
	if !second {
		return "", &server.Need{State: "step1", Requests: inputRequests{
			"step1": question("Step 1: what is your name?", "name", &mcp20260728.StringSchema{}),
		}}
	}
	colour, ok := in.Elicited("step2")
	if !ok {
		return "", &server.Need{State: "step2:" + name, Requests: inputRequests{
			"step2": question("Step 2: what is your colour?", "color", &mcp20260728.StringSchema{}),
		}}
	}
	return name + " likes " + field(colour, "color") + ".", nil
}

// neededOf asks for one thing of every kind that the client declared.
func neededOf(ctx context.Context, in *server.Input) (string, error) {
	can := server.SessionFrom(ctx).Client().Capabilities
	requests := inputRequests{}
	if _, done := in.Elicited("user_name"); !done && !can.Elicitation.IsZero() {
		requests["user_name"] = question("What is your name?", "name", &mcp20260728.StringSchema{})
	}
	if _, done := in.Sampled("greeting"); !done && !can.Sampling.IsZero() {
		requests["greeting"] = sample("Say hello.")
	}
	if _, done := in.Roots("client_roots"); !done && can.Roots != nil {
		requests["client_roots"] = &mcp20260728.ListRootsRequest{}
	}
	if len(requests) > 0 {
		return "", &server.Need{Requests: requests}
	}
	return "Nothing else is needed.", nil
}

// addInputPrompt adds a prompt that needs something of the client.
func addInputPrompt(s *server.Server) error {
	return s.AddPrompt(mcptypes.Prompt{Name: "test_input_required_result_prompt", Description: "A prompt that needs to know what it is for."},
		func(ctx context.Context, _ map[string]string) (mcptypes.GetPromptResult, error) {
			reply, ok := server.InputFrom(ctx).Elicited("user_context")
			if !ok {
				return mcptypes.GetPromptResult{}, &server.Need{Requests: inputRequests{
					"user_context": question("What is it for?", "context", &mcp20260728.StringSchema{}),
				}}
			}
			text := "Mind this: " + field(reply, "context")
			return mcptypes.GetPromptResult{Messages: []mcptypes.PromptMessage{{Role: mcptypes.RoleUser, Content: mcptypes.Text(text)}}}, nil
		}, nil)
}
