package mcpserver

import (
	"context"
	"errors"
	"fmt"

	"github.com/codexmcp/codexmcp/codex"
	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/codex/gitinfo"
	"github.com/codexmcp/codexmcp/codex/rollout"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/server"
	"github.com/codexmcp/codexmcp/wire"
)

// addHistory registers the methods about what was said and done before. Those
// that may take long hold nobody up.
func (h *handler) addHistory(s *server.Server) {
	server.Handle(s, mcpprotocol.ListConversations, h.listConversations)
	server.HandleInOrder(s, mcpprotocol.ResumeConversation, h.resumeConversation)
	server.Handle(s, mcpprotocol.ArchiveConversation, h.archiveConversation)
	server.Handle(s, mcpprotocol.GitDiffToRemote, h.gitDiffToRemote)
}

func (h *handler) listConversations(ctx context.Context, p mcpprotocol.ListConversationsParams) (mcpprotocol.ListConversationsResult, error) {
	size := rollout.DefaultPageSize
	if p.PageSize != nil {
		if *p.PageSize < 0 {
			return mcpprotocol.ListConversationsResult{}, jsonrpc.InvalidParamsf("params.pageSize: %d is negative", *p.PageSize)
		}
		size = int(min(*p.PageSize, rollout.MaxPageSize))
	}
	result, err := rollout.List(ctx, h.manager.Config().Home(), p.Cursor, size)
	if errors.Is(err, rollout.ErrCursor) {
		return result, jsonrpc.InvalidParamsf("params.cursor: %v", err)
	}
	return result, err
}

// resumeConversation tells of the conversation first and answers then.
func (h *handler) resumeConversation(ctx context.Context, p mcpprotocol.ResumeConversationParams) (result mcpprotocol.ResumeConversationResult, err error) {
	var request config.Request
	if p.Overrides != nil {
		request = requestOf(p.Overrides)
	}
	settings, err := h.manager.Config().Resolve(request)
	if err != nil {
		return result, refuse(fmt.Errorf("configure the conversation: %w", err))
	}
	resumed, err := h.manager.Resume(ctx, p.Path, settings, p.Overrides != nil)
	if errors.Is(err, codex.ErrLive) || errors.Is(err, rollout.ErrInUse) {
		return result, refuse(err)
	}
	if err != nil {
		return result, err
	}
	if session := server.SessionFrom(ctx); h.wantsEvents(session) {
		if err := server.Tell(ctx, session, mcpprotocol.Event, mcpprotocol.EventParams{Msg: resumed.Configured}); err != nil {
			return result, err
		}
	}
	result.ConversationID, result.Model = resumed.Conversation.ID(), resumed.Configured.Model
	result.InitialMessages = resumed.Messages
	return result, nil
}

func (h *handler) archiveConversation(ctx context.Context, p mcpprotocol.ArchiveConversationParams) (result wire.Empty, err error) {
	id, err := codex.ParseConversationID(string(p.ConversationID))
	if err != nil {
		return result, jsonrpc.InvalidParamsf("params.conversationId: %v", err)
	}
	err = h.manager.Archive(ctx, id, p.RolloutPath)
	if errors.Is(err, rollout.ErrPath) {
		return result, refuse(err)
	}
	return result, err
}

func (h *handler) gitDiffToRemote(ctx context.Context, p mcpprotocol.GitDiffToRemoteParams) (result mcpprotocol.GitDiffToRemoteResult, err error) {
	diff, err := gitinfo.DiffToRemote(ctx, p.Cwd)
	if err != nil {
		return result, refuse(err)
	}
	result.Sha, result.Diff = diff.SHA, diff.Text
	return result, nil
}
