package codex

import (
	"context"
	"errors"
	"fmt"

	"github.com/codexmcp/codexmcp/mcptypes"
)

// A Delegate passes on to a client what an external MCP server asks of its own.
// server is that server's name. An error says why nobody was asked, or is the
// client's refusal.
type Delegate interface {
	Elicit(ctx context.Context, server string, params mcptypes.ElicitParams) (mcptypes.ElicitResult, error)
	CreateMessage(ctx context.Context, server string, params mcptypes.CreateMessageParams) (mcptypes.CreateMessageResult, error)
}

// errNobodyToAsk is why a server's question is refused that comes when no client
// is there. It is not waited for one, as for an approval: servers do not wait long.
var errNobodyToAsk = errors.New("no client is connected to the conversation that could be asked")

// A switchboard is the Delegate of a conversation's external servers: it passes
// what they ask on to whoever is there when they ask.
type switchboard struct{ c *Conversation }

// Elicit implements [Delegate].
func (s switchboard) Elicit(ctx context.Context, server string, params mcptypes.ElicitParams) (result mcptypes.ElicitResult, err error) {
	err = s.connect(ctx, func(ctx context.Context, d Delegate) (err error) {
		result, err = d.Elicit(ctx, server, params)
		return err
	})
	return result, err
}

// CreateMessage implements [Delegate].
func (s switchboard) CreateMessage(ctx context.Context, server string, params mcptypes.CreateMessageParams) (result mcptypes.CreateMessageResult, err error) {
	err = s.connect(ctx, func(ctx context.Context, d Delegate) (err error) {
		result, err = d.CreateMessage(ctx, server, params)
		return err
	})
	return result, err
}

// connect puts a question to the client whose turn runs, or else to the first
// listener that can be asked. A question that comes in a turn ends with it.
func (s switchboard) connect(ctx context.Context, ask func(context.Context, Delegate) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if limit := s.c.options.ApprovalTimeout; limit > 0 {
		var late context.CancelFunc
		ctx, late = context.WithTimeoutCause(ctx, limit, fmt.Errorf("nobody answered within %s", limit))
		defer late()
	}
	var d Delegate
	if t := s.c.running(); t != nil {
		defer context.AfterFunc(t.ctx, func() { cancel(context.Cause(t.ctx)) })()
		d = t.delegate
	}
	if d == nil {
		d = s.c.feed.delegate()
	}
	if d == nil {
		return errNobodyToAsk
	}
	err := ask(ctx, d)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
