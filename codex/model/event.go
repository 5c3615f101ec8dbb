package model

import "github.com/codexmcp/codexmcp/mcpprotocol"

// An Event is a part of an answer: one of [Created], [TextDelta], [ReasoningDelta],
// [RawReasoningDelta], [ReasoningSectionBreak], [WebSearchStarted], [ItemDone] and [Completed].
type Event interface{ event() }

// Created says that the endpoint has begun to answer.
type Created struct{}

// TextDelta is a piece of the answer's text. The whole text follows as an item.
type TextDelta struct{ Text string }

// ReasoningDelta is a piece of the summary of the model's reasoning.
type ReasoningDelta struct{ Text string }

// RawReasoningDelta is a piece of the reasoning itself, see [Request].
type RawReasoningDelta struct{ Text string }

// ReasoningSectionBreak stands before each section of a reasoning summary.
type ReasoningSectionBreak struct{}

// WebSearchStarted says that the endpoint searches the web. CallID may be empty.
type WebSearchStarted struct{ CallID string }

// ItemDone is a whole item of the answer: a message, reasoning, a call. It is ready to be recorded
// and to be sent again; what the endpoint added to it for its own use has been taken off.
type ItemDone struct{ Item mcpprotocol.ResponseItem }

// Completed ends an answer that arrived whole.
type Completed struct {
	ResponseID string                  // may be empty
	Usage      *mcpprotocol.TokenUsage // nil when the endpoint does not say
}

func (Created) event()               {}
func (TextDelta) event()             {}
func (ReasoningDelta) event()        {}
func (RawReasoningDelta) event()     {}
func (ReasoningSectionBreak) event() {}
func (WebSearchStarted) event()      {}
func (ItemDone) event()              {}
func (Completed) event()             {}
