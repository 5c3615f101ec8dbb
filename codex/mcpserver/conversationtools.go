package mcpserver

import (
	"context"
	"errors"
	"fmt"
	"strings"
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
	// statusEvents is how many events a status has if it is not told; it never
	// has more than maxStatusEvents, nor many more bytes than maxStatusBytes.
	statusEvents    = 100
	maxStatusEvents = 1000
	maxStatusBytes  = 1 << 20
	// maxWait bounds how long a status waits.
	maxWait = 10 * time.Minute
	// listSize is how many conversations a list has if it is not told.
	listSize    = 50
	maxListSize = 500
)

// statusSchema is the output schema of conversation_status. What events there
// are is the Codex protocol's business: a client need not know all of them.
const statusSchema = `{"type":"object","properties":{` +
	`"conversation_id":{"type":"string","format":"uuid","description":"The conversation."},` +
	`"state":{"type":"string","enum":["idle","running","awaiting_approval"],"description":"What it is doing."},` +
	`"events":{"type":"array","description":"What happened since the cursor, in order.","items":{"type":"object","properties":{` +
	`"id":{"type":"string","description":"The id of the turn it belongs to. Empty for events of the session itself."},` +
	`"msg":{"type":"object","properties":{"type":{"type":"string"}},"required":["type"],"description":"What happened."}},"required":["id","msg"]}},` +
	`"next_cursor":{"type":"integer","description":"The cursor to ask with next time."},` +
	`"missed":{"type":"integer","description":"How many events after the cursor are no longer kept."},` +
	`"turn_id":{"type":"string","description":"The id of the turn that is running or ran last. Absent before the first."},` +
	`"last_status":{"type":"string","description":"How the last finished turn ended: completed, interrupted or failed. Absent before the first ended."},` +
	`"last_message":{"type":"string","description":"The last thing the model said. Absent before it said anything."},` +
	`"usage":{"type":"object","description":"The tokens used so far. Absent when the model does not report them."}` +
	`},"required":["conversation_id","state","events","next_cursor","missed"]}`

// addConversationTools registers the tools by which a client that can only call
// tools works with conversations in the background.
func (h *handler) addConversationTools(s *server.Server) error {
	h.manager.KeepEvents()
	return errors.Join(
		addTool(s, mcptypes.Tool{
			Name: "conversation_create", Title: "Create a conversation",
			Description: "Begins a Codex conversation and returns its id at once. With a prompt its first turn runs in the background; conversation_status tells how it goes.",
		}, mcpprotocol.ConversationCreateArgumentsSchema, mcpprotocol.ConversationCreateResultSchema, h.createConversation),
		addTool(s, mcptypes.Tool{
			Name: "conversation_send_message", Title: "Send a message",
			Description: "Sends a message to a conversation that is not busy. Its turn runs in the background.",
		}, mcpprotocol.ConversationSendMessageArgumentsSchema, mcpprotocol.ConversationSendMessageResultSchema, h.sendMessage),
		addTool(s, mcptypes.Tool{
			Name: "conversation_status", Title: "Look at a conversation",
			Description: "Tells what a conversation is doing, what happened in it since the last look and what it came to. It can wait for news.",
			Annotations: readOnly(),
		}, mcpprotocol.ConversationStatusArgumentsSchema, statusSchema, h.conversationStatus),
		addTool(s, mcptypes.Tool{
			Name: "conversation_interrupt", Title: "Interrupt a conversation",
			Description: "Stops the turn that runs in a conversation, with everything it has started.",
		}, mcpprotocol.ConversationInterruptArgumentsSchema, mcpprotocol.ConversationInterruptResultSchema, h.interrupt),
		addTool(s, mcptypes.Tool{
			Name: "conversations_list", Title: "List conversations",
			Description: "Lists the conversations that are in memory, the newest first.",
			Annotations: readOnly(),
		}, mcpprotocol.ConversationsListArgumentsSchema, mcpprotocol.ConversationsListResultSchema, h.listLive),
	)
}

func readOnly() *mcptypes.ToolAnnotations { return &mcptypes.ToolAnnotations{ReadOnlyHint: new(true)} }

// addTool registers a tool with generated arguments and a generated result.
func addTool[A, R any](s *server.Server, spec mcptypes.Tool, input, output string, run func(context.Context, A) (R, error)) error {
	var err, outputErr error
	spec.InputSchema, err = wire.ParseRaw([]byte(input))
	spec.OutputSchema, outputErr = wire.ParseRaw([]byte(output))
	if err := errors.Join(err, outputErr); err != nil {
		return fmt.Errorf("schemas of %s: %w", spec.Name, err)
	}
	return server.AddTool(s, spec, run)
}

func (h *handler) createConversation(ctx context.Context, a mcpprotocol.ConversationCreateArguments) (result mcpprotocol.ConversationCreateResult, err error) {
	settings, err := h.manager.Config().Resolve(config.Request{
		Model: a.Model, Profile: a.Profile, Cwd: a.Cwd, Approval: a.ApprovalPolicy, Sandbox: a.Sandbox,
		Config: a.Config, BaseInstructions: given(a.BaseInstructions, a.Extra, "base_instructions"),
	})
	if err != nil {
		return result, fmt.Errorf("configure the conversation: %w", err)
	}
	c, configured, err := h.manager.New(ctx, settings)
	if err != nil {
		return result, err
	}
	result.ConversationID, result.Model = c.ID(), configured.Model
	if a.Prompt == "" {
		return result, nil
	}
	turn, err := h.beginTurn(ctx, c, textItems(a.Prompt))
	if err != nil {
		return result, errors.Join(err, h.manager.Drop(context.WithoutCancel(ctx), c.ID()))
	}
	result.TurnID = turn.ID()
	return result, nil
}

func (h *handler) sendMessage(ctx context.Context, a mcpprotocol.ConversationSendMessageArguments) (result mcpprotocol.ConversationSendMessageResult, err error) {
	c, err := h.conversation(ctx, a.ConversationID)
	if err != nil {
		return result, err
	}
	items, err := messageItems(c, a.Content)
	if err != nil {
		return result, err
	}
	turn, err := h.beginTurn(ctx, c, items)
	if err != nil {
		return result, fmt.Errorf("conversation %s: %w", c.ID(), err)
	}
	result.ConversationID, result.TurnID = c.ID(), turn.ID()
	return result, nil
}

// beginTurn begins a turn that outlives the call that asked for it. What needs
// approval, and what external servers ask, is put to the client of that call.
func (h *handler) beginTurn(ctx context.Context, c *codex.Conversation, items []mcpprotocol.InputItem) (*codex.Turn, error) {
	detached, session := jsonrpc.Detach(ctx), server.SessionFrom(ctx)
	return c.Send(ctx, codex.Input{Items: items, Alone: true, Listener: &codex.Listener{
		Approver: elicitor{ctx: detached, session: session, call: jsonrpc.RequestID(ctx).String()},
		Delegate: delegate{ctx: detached, session: session},
	}})
}

func (h *handler) conversationStatus(ctx context.Context, a mcpprotocol.ConversationStatusArguments) (result mcpprotocol.ConversationStatusResult, err error) {
	c, err := h.conversation(ctx, a.ConversationID)
	if err != nil {
		return result, err
	}
	from, wait := int64(-1), time.Duration(0)
	if a.Cursor != nil {
		from = *a.Cursor
	}
	if a.WaitMs != nil {
		wait = time.Duration(min(*a.WaitMs, maxWait.Milliseconds())) * time.Millisecond
	}
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	report := c.Events(waiting, from, count(a.Limit, statusEvents, maxStatusEvents), maxStatusBytes)
	if err := ctx.Err(); err != nil {
		return result, err
	}
	result = mcpprotocol.ConversationStatusResult{
		ConversationID: c.ID(), State: report.Status.State, TurnID: report.Status.TurnID, LastStatus: report.Status.LastStatus,
		LastMessage: report.Status.LastMessage, Usage: report.Status.Usage, NextCursor: report.Next, Missed: report.Missed,
	}
	for _, e := range report.Events {
		result.Events = append(result.Events, mcpprotocol.ConversationEvent{ID: e.ID, Msg: e.Msg})
	}
	return result, nil
}

func (h *handler) interrupt(ctx context.Context, a mcpprotocol.ConversationInterruptArguments) (result mcpprotocol.ConversationInterruptResult, err error) {
	c, err := h.conversation(ctx, a.ConversationID)
	if err != nil {
		return result, err
	}
	result.ConversationID = c.ID()
	result.Interrupted, err = c.Interrupt(ctx)
	return result, err
}

func (h *handler) listLive(_ context.Context, a mcpprotocol.ConversationsListArguments) (result mcpprotocol.ConversationsListResult, err error) {
	after, err := parseCursor(a.Cursor)
	if err != nil {
		return result, err
	}
	limit := count(a.Limit, listSize, maxListSize)
	for _, c := range h.manager.Conversations() {
		if after != nil && !after.before(c) {
			continue
		}
		if len(result.Conversations) == limit {
			last := result.Conversations[limit-1]
			result.NextCursor = last.CreatedAt + "/" + string(last.ConversationID)
			break
		}
		status := c.Status()
		result.Conversations = append(result.Conversations, mcpprotocol.ConversationInfo{
			ConversationID: c.ID(), CreatedAt: createdAt(c), Cwd: strings.ToValidUTF8(c.Cwd(), "\uFFFD"), Model: c.Model(),
			State: status.State, LastMessage: status.LastMessage,
		})
	}
	return result, nil
}

// createdAt is when a conversation was created, in a form whose order is that of
// the times.
func createdAt(c *codex.Conversation) string {
	return c.Created().UTC().Format("2006-01-02T15:04:05.000000000Z07:00")
}

// A listCursor is the last conversation of a page.
type listCursor struct{ created, id string }

func parseCursor(text string) (*listCursor, error) {
	if text == "" {
		return nil, nil
	}
	created, id, ok := strings.Cut(text, "/")
	if _, err := time.Parse(time.RFC3339Nano, created); !ok || err != nil {
		return nil, fmt.Errorf("cursor %q is none that conversations_list returned", text)
	}
	return &listCursor{created, id}, nil
}

// before reports whether a conversation comes on a later page.
func (l *listCursor) before(c *codex.Conversation) bool {
	if created := createdAt(c); created != l.created {
		return created < l.created
	}
	return string(c.ID()) < l.id
}

// conversation finds a conversation for a tool.
func (h *handler) conversation(ctx context.Context, text string) (*codex.Conversation, error) {
	id, err := codex.ParseConversationID(text)
	if err != nil {
		return nil, err
	}
	return h.manager.Wake(ctx, id)
}

// count is a number that a client may give, within bounds.
func count(given *int64, usual, most int) int {
	if given == nil {
		return usual
	}
	return int(max(1, min(*given, int64(most))))
}
