package model

import (
	"encoding/json"
	"fmt"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/responses"
	"github.com/openai/openai-go/v3/shared"
)

// responsesBody is the request for the responses API. The items go in as our own types write them:
// the library's do not carry what this endpoint's next version may add.
func responsesBody(request Request, azure bool) ([]byte, error) {
	params := responses.ResponseNewParams{
		Model:        request.Model,
		Instructions: openai.String(request.Instructions),
		Input:        responses.ResponseNewParamsInputUnion{OfInputItemList: responses.ResponseInputParam{}},
		Tools:        []responses.ToolUnionParam{},
		ToolChoice: responses.ResponseNewParamsToolChoiceUnion{
			OfToolChoiceMode: param.NewOpt(responses.ToolChoiceOptionsAuto),
		},
		ParallelToolCalls: openai.Bool(false),
		Reasoning:         param.NullStruct[shared.ReasoningParam](),
		Store:             openai.Bool(azure),
		Include:           []responses.ResponseIncludable{},
		PromptCacheKey:    openai.String(request.ConversationID),
	}
	for _, item := range settle(request.Input) {
		text, err := encodeItem(item)
		if err != nil {
			return nil, fmt.Errorf("encode the model request: %w", err)
		}
		params.Input.OfInputItemList = append(params.Input.OfInputItemList,
			param.Override[responses.ResponseInputItemUnionParam](json.RawMessage(text)))
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
	body, err := params.MarshalJSON()
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
