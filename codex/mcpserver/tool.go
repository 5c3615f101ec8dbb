package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/codexmcp/codexmcp/codex"
	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
	"github.com/codexmcp/codexmcp/wire"
)

const (
	// DefaultProgressInterval is how often a caller that wants to know hears at
	// least that a turn is still running.
	DefaultProgressInterval = 10 * time.Second
	// abortTime bounds how long the end of a cancelled turn is waited for.
	abortTime = 10 * time.Second
)

// addTools registers codex and codex-reply.
func (h *handler) addTools(s *server.Server) error {
	output, err := wire.ParseRaw([]byte(mcpprotocol.CodexToolResultSchema))
	if err != nil {
		return fmt.Errorf("output schema of the codex tools: %w", err)
	}
	add := func(name, title, description, input string, run server.RawTool) error {
		schema, err := wire.ParseRaw([]byte(input))
		if err != nil {
			return fmt.Errorf("input schema of %s: %w", name, err)
		}
		return s.AddRawTool(mcptypes.Tool{
			Name: name, Title: title, Description: description, InputSchema: schema, OutputSchema: output,
		}, run, server.Loose)
	}
	return errors.Join(
		add("codex", "Codex", "Hands a task to a Codex conversation and returns what it came to. "+
			"The settings are those of config.toml but for what is given here.",
			mcpprotocol.CodexToolArgumentsSchema, h.codex),
		add("codex-reply", "Codex Reply", "Goes on with a Codex conversation: sends it another message and returns the answer.",
			mcpprotocol.CodexReplyToolArgumentsSchema, h.codexReply),
	)
}

// unknownTool answers a call of a tool that does not exist as the original
// does: with a result that a model can read.
func unknownTool(_ context.Context, call mcptypes.CallToolParams) (mcptypes.CallToolResult, error) {
	return mcptypes.CallToolResult{}, fmt.Errorf("unknown tool %q", call.Name)
}

// codex runs the first turn of a new conversation.
func (h *handler) codex(ctx context.Context, call mcptypes.CallToolParams) (mcptypes.CallToolResult, error) {
	var arguments mcpprotocol.CodexToolArguments
	if err := decodeArguments(call, &arguments); err != nil {
		return mcptypes.CallToolResult{}, err
	}
	settings, err := h.manager.Config().Resolve(config.Request{
		Model: arguments.Model, Profile: arguments.Profile, Cwd: arguments.Cwd,
		Approval: arguments.ApprovalPolicy, Sandbox: arguments.Sandbox, Config: arguments.Config,
		BaseInstructions: given(arguments.BaseInstructions, arguments.Extra, "base-instructions"), IncludePlanTool: arguments.IncludePlanTool,
	})
	if err != nil {
		return mcptypes.CallToolResult{}, fmt.Errorf("configure the conversation: %w", err)
	}
	conversation, configured, err := h.manager.New(ctx, settings)
	if err != nil {
		return mcptypes.CallToolResult{}, err
	}
	h.sendToolEvent(ctx, codex.Event{Msg: configured})
	return h.turn(ctx, conversation, codex.Input{
		ID: jsonrpc.RequestID(ctx).String(), Items: textItems(arguments.Prompt),
	})
}

// codexReply runs another turn of a conversation.
func (h *handler) codexReply(ctx context.Context, call mcptypes.CallToolParams) (mcptypes.CallToolResult, error) {
	var arguments mcpprotocol.CodexReplyToolArguments
	if err := decodeArguments(call, &arguments); err != nil {
		return mcptypes.CallToolResult{}, err
	}
	id, err := codex.ParseConversationID(arguments.ConversationID)
	if err != nil {
		return mcptypes.CallToolResult{}, err
	}
	conversation, err := h.manager.Wake(ctx, id)
	if err != nil {
		return mcptypes.CallToolResult{}, err
	}
	return h.turn(ctx, conversation, codex.Input{Items: textItems(arguments.Prompt)})
}

// turn runs one turn as a tool call: its events go out as they happen, a
// cancelled call interrupts it, and its end is the result.
func (h *handler) turn(ctx context.Context, conversation *codex.Conversation, input codex.Input) (mcptypes.CallToolResult, error) {
	session := server.SessionFrom(ctx)
	progress := &progress{ctx: ctx, started: time.Now(), log: h.log}
	input.Listener = &codex.Listener{
		Event: func(e codex.Event) {
			h.sendToolEvent(ctx, e)
			progress.event(e.Msg)
		},
		Approver: elicitor{ctx: ctx, session: session, call: jsonrpc.RequestID(ctx).String()},
		Delegate: delegate{ctx: ctx, session: session},
	}
	turn, err := conversation.Send(ctx, input)
	if err != nil {
		return mcptypes.CallToolResult{}, err
	}
	ticker := time.NewTicker(h.options.ProgressInterval)
	defer ticker.Stop()
	for {
		select {
		case <-turn.Done():
			return toolResult(conversation.ID(), turn.Result())
		case <-ticker.C:
			progress.report("still at work")
		case <-ctx.Done():
			turn.Interrupt()
			h.awaitEnd(conversation, turn)
			return mcptypes.CallToolResult{}, ctx.Err()
		}
	}
}

// awaitEnd waits for the end of a turn that was interrupted, but not for ever.
func (h *handler) awaitEnd(conversation *codex.Conversation, turn *codex.Turn) {
	limit := time.NewTimer(abortTime)
	defer limit.Stop()
	select {
	case <-turn.Done():
	case <-limit.C:
		h.log.Warn("a cancelled turn does not end", "conversation", conversation.ID(), "turn", turn.ID())
	}
}

// sendToolEvent sends an event in the course of a tool call. A cancelled call is
// still told how its turn ended.
func (h *handler) sendToolEvent(ctx context.Context, e codex.Event) {
	session := server.SessionFrom(ctx)
	if !h.wantsEvents(session) {
		return
	}
	params := mcpprotocol.EventParams{Meta: &mcpprotocol.EventMeta{RequestID: jsonrpc.RequestID(ctx)}, ID: e.ID, Msg: e.Msg}
	if err := server.Tell(context.WithoutCancel(ctx), session, mcpprotocol.Event, params); err != nil {
		h.log.Debug("send event", "type", e.Msg.Type(), "error", err)
	}
}

// toolResult is what a tool call returns of its turn.
func toolResult(id mcpprotocol.ConversationID, result codex.TurnResult) (mcptypes.CallToolResult, error) {
	structured := mcpprotocol.CodexToolResult{ConversationID: id, Status: result.Status, Message: result.Message}
	if u := result.Usage; u != nil {
		structured.Usage = &mcpprotocol.CodexToolUsage{
			InputTokens: u.InputTokens, CachedInputTokens: u.CachedInputTokens, OutputTokens: u.OutputTokens,
			ReasoningOutputTokens: u.ReasoningOutputTokens, TotalTokens: u.TotalTokens,
		}
	}
	raw, err := wire.RawOf(&structured)
	if err != nil {
		return mcptypes.CallToolResult{}, fmt.Errorf("result of the turn: %w", err)
	}
	text := result.Message
	out := mcptypes.CallToolResult{StructuredContent: raw}
	switch result.Status {
	case mcpprotocol.TurnStatusFailed:
		out.IsError = new(true)
	case mcpprotocol.TurnStatusInterrupted:
		out.IsError = new(true)
		text = "the turn was interrupted"
	}
	out.Content = []mcptypes.ContentBlock{mcptypes.Text(text)}
	return out, nil
}

// decodeArguments reads a tool's arguments. Values of enumerations must be known.
func decodeArguments(call mcptypes.CallToolParams, into wire.Value) error {
	d := wire.NewDecoder(call.Arguments.String())
	d.CloseEnums(true)
	into.DecodeJSON(&d)
	if err := d.End(); err != nil {
		return fmt.Errorf("arguments of %s: %w", call.Name, err)
	}
	return nil
}

// given is nil for a text that is absent or null. An empty one that is written
// there counts.
func given(text string, extra wire.Members, name string) *string {
	if text == "" {
		if spelled, ok := extra.Get(name); !ok || spelled.IsNull() {
			return nil
		}
	}
	return &text
}
