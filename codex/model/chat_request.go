package model

import (
	"fmt"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/shared"

	"github.com/codexmcp/codexmcp/wire"
)

// chatBody is the request for the chat API.
func chatBody(request Request) ([]byte, error) {
	params := openai.ChatCompletionNewParams{
		Model:         request.Model,
		StreamOptions: openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)},
		Tools:         []openai.ChatCompletionToolUnionParam{},
	}
	for _, tool := range request.Tools {
		function, ok := tool.(FunctionTool)
		if !ok {
			continue
		}
		parameters, err := schema(function)
		if err != nil {
			return nil, err
		}
		params.Tools = append(params.Tools, openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{
			Name:        function.Name,
			Description: openai.String(function.Description),
			Strict:      openai.Bool(false),
			Parameters:  parameters,
		}))
	}
	params.SetExtraFields(map[string]any{"stream": true})
	settings, err := params.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("encode the model request: %w", err)
	}
	return assemble(settings, func(e *wire.Encoder) {
		e.Key(`"messages":`)
		encodeChatMessages(e, request.Instructions, settle(request.Input))
	})
}
