package mcpserver

import (
	"context"

	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/server"
	"github.com/codexmcp/codexmcp/wire"
)

// addConfig registers the methods that read and write config.toml.
func (h *handler) addConfig(s *server.Server) {
	server.HandleInOrder(s, mcpprotocol.GetUserSavedConfig, h.getUserSavedConfig)
	server.HandleInOrder(s, mcpprotocol.SetDefaultModel, h.setDefaultModel)
}

func (h *handler) getUserSavedConfig(context.Context, wire.Empty) (result mcpprotocol.GetUserSavedConfigResult, err error) {
	result.Config, err = h.manager.Config().Saved()
	return result, err
}

func (h *handler) setDefaultModel(ctx context.Context, p mcpprotocol.SetDefaultModelParams) (result wire.Empty, err error) {
	return result, h.manager.Config().SetDefaultModel(ctx, p.Model, p.ReasoningEffort)
}
