package mcpserver

import (
	"context"
	"log/slog"
	"sync"

	"github.com/google/uuid"

	"github.com/codexmcp/codexmcp/codex/auth"
	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/server"
	"github.com/codexmcp/codexmcp/wire"
)

// An account serves the methods that are about who is signed in.
type account struct {
	auth   *auth.Manager
	config *config.Base
	server *server.Server
	log    *slog.Logger

	// telling is held while a status is told, so that the last one told is the
	// one that holds.
	telling sync.Mutex
}

// ownChange marks the context of a change whose handler tells of it when it has
// answered.
type ownChange struct{}

// addAuth registers the methods of signing in.
func (h *handler) addAuth(s *server.Server) {
	a := &account{auth: h.options.Auth, config: h.manager.Config(), server: s, log: h.log}
	if a.auth == nil {
		return
	}
	// The manager lives as long as the server: nothing ends the subscription.
	a.auth.Subscribe(a.changed)
	server.HandleInOrder(s, mcpprotocol.GetAuthStatus, a.getAuthStatus)
	server.HandleInOrder(s, mcpprotocol.LoginAPIKey, a.loginAPIKey)
	server.Handle(s, mcpprotocol.LoginChatGpt, a.loginChatGPT)
	server.HandleInOrder(s, mcpprotocol.CancelLoginChatGpt, a.cancelLogin)
	server.HandleInOrder(s, mcpprotocol.LogoutChatGpt, a.logout)
	server.Handle(s, mcpprotocol.UserInfo, a.userInfo)
}

func (a *account) getAuthStatus(ctx context.Context, p mcpprotocol.GetAuthStatusParams) (result mcpprotocol.GetAuthStatusResult, err error) {
	renew := isTrue(p.RefreshToken)
	if renew || a.auth.Snapshot().Mode == mcpprotocol.AuthModeChatgpt {
		jsonrpc.Release(ctx) // the authorization server may have to be asked
	}
	status := a.auth.Status(ctx, a.config.Initial().Provider.RequiresOpenAIAuth, renew)
	if status.RenewalError != nil {
		a.log.Warn("renew the tokens", "error", status.RenewalError)
	}
	result.AuthMethod, result.RequiresOpenaiAuth = status.Mode, status.RequiresOpenAI
	if isTrue(p.IncludeToken) {
		result.AuthToken = status.Token.Reveal()
	}
	return result, nil
}

func (a *account) loginAPIKey(ctx context.Context, p mcpprotocol.LoginAPIKeyParams) (result wire.Empty, err error) {
	if err := a.auth.LoginAPIKey(context.WithValue(ctx, ownChange{}, true), auth.NewSecret(p.APIKey)); err != nil {
		return result, err
	}
	a.tellWhenAnswered(ctx)
	return result, nil
}

func (a *account) logout(ctx context.Context, _ wire.Empty) (result wire.Empty, err error) {
	if err := a.auth.Logout(context.WithValue(ctx, ownChange{}, true)); err != nil {
		return result, err
	}
	a.tellWhenAnswered(ctx)
	return result, nil
}

func (a *account) loginChatGPT(ctx context.Context, _ wire.Empty) (result mcpprotocol.LoginChatGptResult, err error) {
	login, err := a.auth.StartLogin(context.WithValue(ctx, ownChange{}, true))
	if err != nil {
		return result, err
	}
	jsonrpc.WhenAnswered(ctx, func() { go a.loginEnded(jsonrpc.Detach(ctx), login) })
	result.LoginID, result.AuthURL = mcpprotocol.LoginID(login.ID), login.URL
	return result, nil
}

// loginEnded waits for the end of a login and tells of it: who began it of that,
// and everybody who is signed in now.
func (a *account) loginEnded(ctx context.Context, login *auth.Login) {
	complete := mcpprotocol.LoginChatGptCompleteParams{LoginID: mcpprotocol.LoginID(login.ID), Success: true}
	err := login.Err()
	if err != nil {
		complete.Success, complete.Error = false, err.Error()
	}
	if err := server.Tell(ctx, server.SessionFrom(ctx), mcpprotocol.LoginChatGptComplete, complete); err != nil {
		a.log.Debug("tell that a login has ended", "error", err)
	}
	if err == nil {
		a.tell(ctx)
	}
}

func (a *account) cancelLogin(_ context.Context, p mcpprotocol.CancelLoginChatGptParams) (result wire.Empty, err error) {
	id, err := uuid.Parse(string(p.LoginID))
	if err != nil {
		return result, jsonrpc.InvalidParamsf("params.loginId: %q: %v", string(p.LoginID), err)
	}
	if err := a.auth.CancelLogin(id.String()); err != nil {
		return result, refuse(err)
	}
	return result, nil
}

func (a *account) userInfo(context.Context, wire.Empty) (result mcpprotocol.UserInfoResult, err error) {
	if email := a.auth.Email(); email != "" {
		result.AllegedUserEmail = &email
	}
	return result, nil
}

// changed tells of changes that no handler here tells of: those that other
// programs make. New tokens of the same user are nobody's business.
func (a *account) changed(ctx context.Context, change auth.Change) {
	if ctx.Value(ownChange{}) != nil || change.Cause == auth.CauseRenewal || change.Before.Mode == change.After.Mode {
		return
	}
	a.tell(ctx)
}

// tell tells every client how the user is signed in.
func (a *account) tell(ctx context.Context) {
	a.telling.Lock()
	defer a.telling.Unlock()
	params := mcpprotocol.AuthStatusChangeParams{AuthMethod: a.auth.Snapshot().Mode}
	if err := server.Notify(ctx, a.server, mcpprotocol.AuthStatusChange, params); err != nil {
		a.log.Debug("tell who is signed in", "error", err)
	}
	// Who asked is told even before it has introduced itself.
	if s := server.SessionFrom(ctx); s != nil && !s.Initialized() {
		if err := server.Tell(ctx, s, mcpprotocol.AuthStatusChange, params); err != nil {
			a.log.Debug("tell who is signed in", "error", err)
		}
	}
}

// tellWhenAnswered tells of the change that the request of ctx has made.
func (a *account) tellWhenAnswered(ctx context.Context) {
	jsonrpc.WhenAnswered(ctx, func() { a.tell(jsonrpc.Detach(ctx)) })
}

func isTrue(b *bool) bool { return b != nil && *b }
