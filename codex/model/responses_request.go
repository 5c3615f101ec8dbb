package model

import (
	"fmt"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/responses"
	"github.com/openai/openai-go/v3/shared"

	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/wire"
)

// responsesBody is the request for the responses API.
func responsesBody(request Request, azure bool) ([]byte, error) {
	params := responses.ResponseNewParams{
		Model: request.Model,
		Tools: []responses.ToolUnionParam{},
		ToolChoice: responses.ResponseNewParamsToolChoiceUnion{
			OfToolChoiceMode: param.NewOpt(responses.ToolChoiceOptionsAuto),
		},
		ParallelToolCalls: openai.Bool(false),
		Reasoning:         param.NullStruct[shared.ReasoningParam](),
		Store:             openai.Bool(azure),
		Include:           []responses.ResponseIncludable{},
		PromptCacheKey:    openai.String(request.ConversationID),
	}
	for _, tool := range request.Tools {
		offered, err := responsesTool(tool)
		if err != nil {
			return nil, err
		}
		params.Tools = append(params.Tools, offered)
	}
	if r := request.Reasoning; r != nil {
		params.Reasoning = shared.ReasoningParam{
			Effort:  shared.ReasoningEffort(r.Effort),
			Summary: shared.ReasoningSummary(r.Summary),
		}
		params.Include = append(params.Include, responses.ResponseIncludableReasoningEncryptedContent)
	}
	if request.Verbosity != "" {
		params.Text = responses.ResponseTextConfigParam{
			Verbosity: responses.ResponseTextConfigVerbosity(request.Verbosity),
		}
	}
	params.SetExtraFields(map[string]any{"stream": true})
	settings, err := params.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("encode the model request: %w", err)
	}
	return assemble(settings, func(e *wire.Encoder) {
		e.String(`"instructions":`, request.Instructions)
		e.Key(`"input":`)
		e.Array()
		for _, item := range settle(request.Input) {
			mcpprotocol.EncodeResponseItem(e, item)
		}
		e.EndArray()
	})
}

// assemble puts the conversation into a request that has everything else. The library would check
// and copy it several times over, and it is nearly all of the request.
func assemble(settings []byte, conversation func(*wire.Encoder)) ([]byte, error) {
	var rest wire.Members
	if err := rest.UnmarshalJSON(settings); err != nil {
		return nil, fmt.Errorf("encode the model request: %w", err)
	}
	e := wire.NewEncoder(make([]byte, 0, 64<<10))
	e.Object()
	conversation(&e)
	e.EndObject(rest, nil)
	body, err := e.Result()
	if err != nil {
		return nil, fmt.Errorf("encode the model request: %w", err)
	}
	return body, nil
}

func responsesTool(tool Tool) (responses.ToolUnionParam, error) {
	switch t := tool.(type) {
	case FunctionTool:
		parameters, err := schema(t)
		return responses.ToolUnionParam{OfFunction: &responses.FunctionToolParam{
			Name:        t.Name,
			Description: openai.String(t.Description),
			Strict:      openai.Bool(false),
			Parameters:  parameters,
		}}, err
	case CustomTool:
		custom := responses.CustomToolParam{Name: t.Name, Description: openai.String(t.Description)}
		custom.Format.OfGrammar = &shared.CustomToolInputFormatGrammarParam{
			Syntax: t.Syntax, Definition: t.Definition,
		}
		return responses.ToolUnionParam{OfCustom: &custom}, nil
	case LocalShellTool:
		return responses.ToolUnionParam{OfLocalShell: &responses.ToolLocalShellParam{}}, nil
	case WebSearchTool:
		return responses.ToolUnionParam{OfWebSearch: &responses.WebSearchToolParam{
			Type: responses.WebSearchToolTypeWebSearch,
		}}, nil
	}
	return responses.ToolUnionParam{}, fmt.Errorf("unknown kind of tool %T", tool)
}

// schema is a function's parameters as the library wants them; the values stay as they are written.
func schema(tool FunctionTool) (map[string]any, error) {
	if tool.Parameters.IsZero() {
		return map[string]any{"type": "object", "properties": map[string]any{}}, nil
	}
	members := object(tool.Parameters.Bytes())
	if members == nil {
		return nil, fmt.Errorf("the parameters of tool %q are no JSON object", tool.Name)
	}
	parameters := make(map[string]any, len(members))
	for name, value := range members {
		parameters[name] = value
	}
	return parameters, nil
}
