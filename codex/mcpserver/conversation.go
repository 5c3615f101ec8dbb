package mcpserver

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/codexmcp/codexmcp/codex"
	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/server"
	"github.com/codexmcp/codexmcp/wire"
)

// addMethods registers the Codex methods. Those that change something are
// complete before the next message is looked at, so that a client need not wait
// for an answer before it sends what builds on it.
func (h *handler) addMethods(s *server.Server) {
	server.HandleInOrder(s, mcpprotocol.NewConversation, h.newConversation)
	server.HandleInOrder(s, mcpprotocol.SendUserMessage, h.sendUserMessage)
	server.HandleInOrder(s, mcpprotocol.SendUserTurn, h.sendUserTurn)
	server.HandleInOrder(s, mcpprotocol.InterruptConversation, h.interruptConversation)
	server.HandleInOrder(s, mcpprotocol.AddConversationListener, h.addListener)
	server.HandleInOrder(s, mcpprotocol.RemoveConversationListener, h.removeListener)
	server.HandleInOrder(s, mcpprotocol.GetUserAgent, h.getUserAgent)
	h.addHistory(s)
	h.addConfig(s)
	h.addOneOff(s)
	h.addAuth(s)
}

// refuse is the answer to a client's mistake.
func refuse(err error) error { return jsonrpc.Errorf(jsonrpc.CodeInvalidRequest, "%v", err) }

// find returns a conversation by an id as clients write it.
func (h *handler) find(ctx context.Context, id mcpprotocol.ConversationID) (*codex.Conversation, error) {
	parsed, err := codex.ParseConversationID(string(id))
	if err != nil {
		return nil, jsonrpc.InvalidParamsf("%v", err)
	}
	c, err := h.manager.Wake(ctx, parsed)
	if err != nil {
		return nil, refuse(err)
	}
	return c, nil
}

func (h *handler) newConversation(ctx context.Context, p mcpprotocol.NewConversationParams) (mcpprotocol.NewConversationResult, error) {
	settings, err := h.manager.Config().Resolve(requestOf(&p))
	if err != nil {
		return mcpprotocol.NewConversationResult{}, refuse(fmt.Errorf("configure the conversation: %w", err))
	}
	c, configured, err := h.manager.New(ctx, settings)
	if err != nil {
		return mcpprotocol.NewConversationResult{}, err
	}
	return mcpprotocol.NewConversationResult{
		ConversationID: c.ID(), Model: configured.Model, ReasoningEffort: configured.ReasoningEffort, RolloutPath: configured.RolloutPath,
	}, nil
}

// requestOf is what a client asks of a conversation's configuration.
func requestOf(p *mcpprotocol.NewConversationParams) config.Request {
	return config.Request{
		Model: p.Model, Profile: p.Profile, Cwd: p.Cwd, Approval: p.ApprovalPolicy, Sandbox: p.Sandbox,
		Config: p.Config, BaseInstructions: given(p.BaseInstructions, p.Extra, "baseInstructions"),
		IncludePlanTool: p.IncludePlanTool, IncludeApplyPatchTool: p.IncludeApplyPatchTool,
	}
}

// checkItems refuses items that the engine would not understand.
func checkItems(items []mcpprotocol.InputItem) error {
	for i, item := range items {
		if unknown, ok := item.(*mcpprotocol.UnknownInputItem); ok {
			return jsonrpc.InvalidParamsf("params.items[%d].type: %q is not one of text, image, localImage", i, unknown.Tag)
		}
	}
	return nil
}

func (h *handler) sendUserMessage(ctx context.Context, p mcpprotocol.SendUserMessageParams) (result wire.Empty, err error) {
	return result, h.send(ctx, p.ConversationID, codex.Input{Items: p.Items})
}

func (h *handler) sendUserTurn(ctx context.Context, p mcpprotocol.SendUserTurnParams) (result wire.Empty, err error) {
	if unknown, ok := p.SandboxPolicy.(*mcpprotocol.UnknownSandboxPolicy); ok {
		return result, jsonrpc.InvalidParamsf("params.sandboxPolicy.mode: %q is not one of read-only, workspace-write, danger-full-access", unknown.Tag)
	}
	return result, h.send(ctx, p.ConversationID, codex.Input{Items: p.Items, Settings: &codex.Settings{
		Cwd: p.Cwd, Approval: p.ApprovalPolicy, Sandbox: p.SandboxPolicy, Model: p.Model, Effort: p.Effort, Summary: p.Summary,
	}})
}

// send says something to a conversation and does not wait for what comes of it.
func (h *handler) send(ctx context.Context, id mcpprotocol.ConversationID, input codex.Input) error {
	if err := checkItems(input.Items); err != nil {
		return err
	}
	c, err := h.find(ctx, id)
	if err != nil {
		return err
	}
	if _, err := c.Send(ctx, input); err != nil {
		return refuse(err)
	}
	return nil
}

func (h *handler) interruptConversation(ctx context.Context, p mcpprotocol.InterruptConversationParams) (result mcpprotocol.InterruptConversationResult, err error) {
	c, err := h.find(ctx, p.ConversationID)
	if err != nil {
		return result, err
	}
	if _, err := c.Interrupt(ctx); err != nil {
		return result, refuse(err)
	}
	result.AbortReason = mcpprotocol.TurnAbortReasonInterrupted
	return result, nil
}

// maxSubscriptions is how many listeners clients may have added.
const maxSubscriptions = 1024

// A subscription is a listener that a client added.
type subscription struct {
	stop  func()
	ended chan struct{}
}

// subscribe takes note of a subscription, unless there are too many.
func (h *handler) subscribe(id string, s *subscription) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.subscriptions) >= maxSubscriptions {
		return false
	}
	h.subscriptions[id] = s
	return true
}

func (h *handler) addListener(ctx context.Context, p mcpprotocol.AddConversationListenerParams) (result mcpprotocol.AddConversationListenerResult, err error) {
	c, err := h.find(ctx, p.ConversationID)
	if err != nil {
		return result, err
	}
	session := server.SessionFrom(ctx)
	id, s := uuid.NewString(), &subscription{ended: make(chan struct{})}
	if !h.subscribe(id, s) {
		return result, refuse(fmt.Errorf("%d subscriptions are open already", maxSubscriptions))
	}
	sending := jsonrpc.Detach(ctx)
	s.stop = c.Listen(&codex.Listener{
		Event:    func(e codex.Event) { h.sendEvent(sending, session, c.ID(), e) },
		Approver: asker{session},
		Delegate: delegate{ctx: sending, session: session},
	})
	go func() {
		select {
		case <-session.Done():
			h.unsubscribe(id)
		case <-s.ended:
		}
	}()
	result.SubscriptionID = mcpprotocol.SubscriptionID(id)
	return result, nil
}

func (h *handler) removeListener(_ context.Context, p mcpprotocol.RemoveConversationListenerParams) (result wire.Empty, err error) {
	id, err := uuid.Parse(string(p.SubscriptionID))
	if err != nil {
		return result, jsonrpc.InvalidParamsf("params.subscriptionId: %q: %v", string(p.SubscriptionID), err)
	}
	if !h.unsubscribe(id.String()) {
		return result, refuse(fmt.Errorf("no such subscription: %q", id))
	}
	return result, nil
}

// unsubscribe ends a subscription. It reports whether there was one.
func (h *handler) unsubscribe(id string) bool {
	h.mu.Lock()
	s := h.subscriptions[id]
	delete(h.subscriptions, id)
	h.mu.Unlock()
	if s == nil {
		return false
	}
	close(s.ended)
	s.stop()
	return true
}

// sendEvent sends an event to a client that listens.
func (h *handler) sendEvent(ctx context.Context, session *server.Session, id mcpprotocol.ConversationID, e codex.Event) {
	if !h.wantsEvents(session) {
		return
	}
	params := mcpprotocol.ConversationEventParams{ConversationID: id, ID: e.ID, Msg: e.Msg}
	if err := session.Send(ctx, mcpprotocol.Event.Method+"/"+e.Msg.Type(), &params); err != nil && !errors.Is(err, jsonrpc.ErrClosed) {
		h.log.Debug("send event", "type", e.Msg.Type(), "error", err)
	}
}

func (h *handler) getUserAgent(context.Context, wire.Empty) (result mcpprotocol.GetUserAgentResult, err error) {
	result.UserAgent = h.options.Agent.String()
	return result, nil
}
