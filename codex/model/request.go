package model

import (
	"context"
	"iter"

	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/wire"
)

// A Client asks a model. [*Endpoint] is the one over HTTP; tests have their own.
type Client interface {
	// Stream sends one request and yields what comes back, in order: any events, then [Completed] or
	// an error, exactly one of them, as the last. Nothing is sent before the iteration starts, each
	// iteration sends anew, and leaving it early ends the request. The error of an ended ctx is that
	// of ctx.
	Stream(ctx context.Context, request Request) iter.Seq2[Event, error]
}

// A Request is what the model is asked. It is only read. Its texts are valid UTF-8.
type Request struct {
	// ConversationID names the conversation in headers and for the prompt cache.
	ConversationID string

	Model        string
	Instructions string

	// Input is the conversation so far. A call without its output gets one that says it was aborted.
	Input []mcpprotocol.ResponseItem

	// Tools are offered in this order. The chat API has only functions, so the others are left out
	// there.
	Tools []Tool

	Reasoning *Reasoning            // nil when the model has none to set; responses API only
	Verbosity mcpprotocol.Verbosity // empty when the model has none to set; responses API only

	// ShowRawReasoning asks for [RawReasoningDelta] events. On the chat API text is streamed as
	// [TextDelta] only then, which is what clients of Codex know; otherwise it comes as an item alone.
	ShowRawReasoning bool
}

// Reasoning says how the model is to think.
type Reasoning struct {
	Effort  mcpprotocol.ReasoningEffort // empty for the model's own
	Summary mcpprotocol.ReasoningSummary
}

// A Tool is a [FunctionTool], [CustomTool], [LocalShellTool] or [WebSearchTool].
type Tool interface{ tool() }

// FunctionTool is a tool with JSON arguments.
type FunctionTool struct {
	Name        string
	Description string
	Parameters  wire.Raw // a JSON Schema of type object
}

// CustomTool is a tool whose input is text that follows a grammar.
type CustomTool struct {
	Name        string
	Description string
	Syntax      string // of the grammar, such as lark
	Definition  string // the grammar
}

// LocalShellTool is the shell that some models have built in.
type LocalShellTool struct{}

// WebSearchTool is a search that the endpoint runs by itself.
type WebSearchTool struct{}

func (FunctionTool) tool()   {}
func (CustomTool) tool()     {}
func (LocalShellTool) tool() {}
func (WebSearchTool) tool()  {}
