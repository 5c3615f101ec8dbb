package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/mcptypes/mcp20251125"
	"github.com/codexmcp/codexmcp/server"
	"github.com/codexmcp/codexmcp/wire"
)

// addClientTools adds tools that ask the client for something while they run.
func addClientTools(s *server.Server) error {
	return errors.Join(
		server.AddTool(s, mcptypes.Tool{Name: "test_sampling", Description: "Asks the client's language model."},
			func(ctx context.Context, in struct {
				Prompt string `json:"prompt" jsonschema:"description=What the model is asked"`
			}) (string, error) {
				result, err := server.Sample(ctx, mcptypes.CreateMessageParams{
					Messages:  []mcptypes.SamplingMessage{{Role: mcptypes.RoleUser, Content: mcptypes.Text(in.Prompt)}},
					MaxTokens: 100,
				})
				if err != nil {
					return "", err
				}
				text, _ := result.Content.(*mcptypes.TextContent)
				if text == nil {
					return "The model answered, but not in words.", nil
				}
				return "The model says: " + text.Text, nil
			}),
		server.AddTool(s, mcptypes.Tool{Name: "test_elicitation", Description: "Asks the person at the client."},
			func(ctx context.Context, in struct {
				Message string `json:"message" jsonschema:"description=What the person is asked"`
			}) (string, error) {
				result, err := server.Elicit(ctx, mcptypes.ElicitParams{Message: in.Message, RequestedSchema: mcptypes.ElicitParamsRequestedSchema{
					Properties: map[string]mcptypes.PrimitiveSchemaDefinition{
						"response": &mcptypes.StringSchema{Title: "Response", Description: "Your answer."},
					},
					Required: []string{"response"},
				}})
				return answer(result, err)
			}),
		server.AddTool(s, mcptypes.Tool{Name: "test_elicitation_sep1034_defaults", Description: "Asks with a form that is filled in."},
			func(ctx context.Context, _ nothing) (string, error) {
				return answer(server.ElicitForm(ctx, defaults()))
			}),
		server.AddTool(s, mcptypes.Tool{Name: "test_elicitation_sep1330_enums", Description: "Asks with choices of every kind."},
			func(ctx context.Context, _ nothing) (string, error) { return answer(server.ElicitForm(ctx, choices())) }),
	)
}

// answer puts what a person did into words.
func answer(result mcptypes.ElicitResult, err error) (string, error) {
	if err != nil {
		return "", err
	}
	content, err := wire.RawOf(result.Content)
	return fmt.Sprintf("The person's answer: %s %s", result.Action, content), err
}

func defaults() mcp20251125.ElicitFormParams {
	return mcp20251125.ElicitFormParams{Message: "Is this right?", RequestedSchema: mcp20251125.ElicitFormParamsRequestedSchema{
		Properties: map[string]mcp20251125.PrimitiveSchemaDefinition{
			"name":     &mcp20251125.StringSchema{Description: "Your name.", Default: "John Doe"},
			"age":      &mcp20251125.NumberSchema{Type: mcp20251125.NumberSchemaTypeInteger, Description: "Your age.", Default: new(30.0)},
			"score":    &mcp20251125.NumberSchema{Type: mcp20251125.NumberSchemaTypeNumber, Description: "Your score.", Default: new(95.5)},
			"status":   &mcp20251125.UntitledSingleSelectEnumSchema{Description: "Your status.", Enum: []string{"active", "inactive", "pending"}, Default: "active"},
			"verified": &mcp20251125.BooleanSchema{Description: "Whether you are verified.", Default: new(true)},
		},
	}}
}

func choices() mcp20251125.ElicitFormParams {
	plain := []string{"option1", "option2", "option3"}
	titled := []mcp20251125.TitledSingleSelectEnumSchemaOneOfItem{{Const: "value1", Title: "The first"}, {Const: "value2", Title: "The second"}, {Const: "value3", Title: "The third"}}
	several := []mcp20251125.TitledMultiSelectEnumSchemaItemsAnyOfItem{{Const: "value1", Title: "The first"}, {Const: "value2", Title: "The second"}, {Const: "value3", Title: "The third"}}
	return mcp20251125.ElicitFormParams{Message: "Choose.", RequestedSchema: mcp20251125.ElicitFormParamsRequestedSchema{
		Properties: map[string]mcp20251125.PrimitiveSchemaDefinition{
			"untitledSingle": &mcp20251125.UntitledSingleSelectEnumSchema{Enum: plain},
			"titledSingle":   &mcp20251125.TitledSingleSelectEnumSchema{OneOf: titled},
			"legacyEnum":     &mcp20251125.LegacyTitledEnumSchema{Enum: plain, EnumNames: []string{"One", "Two", "Three"}},
			"untitledMulti":  &mcp20251125.UntitledMultiSelectEnumSchema{Items: mcp20251125.UntitledMultiSelectEnumSchemaItems{Enum: plain}},
			"titledMulti":    &mcp20251125.TitledMultiSelectEnumSchema{Items: mcp20251125.TitledMultiSelectEnumSchemaItems{AnyOf: several}},
		},
	}}
}
