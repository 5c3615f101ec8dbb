package mcpserver

import (
	"context"
	"fmt"
	"strings"

	"github.com/codexmcp/codexmcp/codex/safety"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
	"github.com/codexmcp/codexmcp/wire"
)

// serverMember says in the _meta of a question which external server asks it.
const serverMember = "codex/mcpServer"

// Abilities are what the client that ctx belongs to declared that external
// servers may ask of it.
func Abilities(ctx context.Context) (elicits, samples bool) {
	session := server.SessionFrom(ctx)
	if session == nil || session.Client() == nil {
		return false, false
	}
	return canElicit(session), !session.Client().Capabilities.Sampling.IsZero()
}

// A delegate puts to a client what an external server asks. Only what the
// protocol says of the question is passed on, so that no server can make its own
// look like an approval.
type delegate struct {
	ctx     context.Context // that the question belongs to
	session *server.Session
}

// Elicit puts a question to the client's user, who is told who asks.
func (d delegate) Elicit(ctx context.Context, from string, p mcptypes.ElicitParams) (mcptypes.ElicitResult, error) {
	meta, err := metaOf(from)
	if err != nil {
		return mcptypes.ElicitResult{}, err
	}
	return forward(ctx, d, mcptypes.Elicit, mcptypes.ElicitParams{
		Meta: meta, Message: "The MCP server " + from + " asks: " + visibleLines(p.Message), RequestedSchema: p.RequestedSchema,
	})
}

// visibleLines is a text in which nothing is hidden but the ends of its lines.
func visibleLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = safety.Visible(lines[i])
	}
	return strings.Join(lines, "\n")
}

// CreateMessage samples the client's model. Context of other servers, of which
// this one is not, is not asked for.
func (d delegate) CreateMessage(ctx context.Context, from string, p mcptypes.CreateMessageParams) (mcptypes.CreateMessageResult, error) {
	meta, err := metaOf(from)
	if err != nil {
		return mcptypes.CreateMessageResult{}, err
	}
	return forward(ctx, d, mcptypes.CreateMessage, mcptypes.CreateMessageParams{
		Meta: meta, MaxTokens: p.MaxTokens, Messages: p.Messages, Metadata: p.Metadata, ModelPreferences: p.ModelPreferences,
		StopSequences: p.StopSequences, SystemPrompt: p.SystemPrompt, Temperature: p.Temperature,
	})
}

func metaOf(from string) (*mcptypes.RequestMeta, error) {
	meta := &mcptypes.RequestMeta{}
	if err := meta.Extra.SetValue(serverMember, from); err != nil {
		return nil, fmt.Errorf("question of the MCP server %q: %w", from, err)
	}
	return meta, nil
}

// forward asks the client for as long as ctx lives.
func forward[P, R any](ctx context.Context, d delegate, m wire.Request[P, R], params P) (R, error) {
	asking, cancel := within(d.ctx, ctx)
	defer cancel()
	result, err := server.Ask(asking, d.session, m, params)
	if err != nil {
		return result, fmt.Errorf("passed on to the client of Codex: %w", err)
	}
	return result, nil
}
