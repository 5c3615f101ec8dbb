package main

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/codexmcp/codexmcp/codex/auth"
	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/codex/model"
	"github.com/codexmcp/codexmcp/codex/useragent"
	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// issuerTime bounds one request to the authorization server.
const issuerTime = time.Minute

// newAuth opens the credentials of the home folder.
func newAuth(base *config.Base, agent *useragent.Agent) (*auth.Manager, error) {
	return auth.New(auth.Options{
		Home: base.Home(), Issuer: base.Initial().LoginIssuer, LoginTimeout: base.Initial().LoginTimeout,
		Originator: agent.Originator, Client: &http.Client{Timeout: issuerTime},
	})
}

// newModel makes the client of a conversation's model endpoint. Requests carry
// the credentials that hold when they are sent.
func newModel(c *config.Conversation, credentials *auth.Manager, agent *useragent.Agent) model.Client {
	signer := &signer{auth: credentials}
	return model.New(c.Provider.Provider, model.Options{
		UserAgent: agent.String(), Originator: agent.Originator, Credentials: signer.credential, Refresh: signer.renew,
	})
}

// A signer signs the requests of one endpoint, and renews what it signed with
// last.
type signer struct {
	auth *auth.Manager

	mu   sync.Mutex // protects used
	used auth.Credential
}

func (s *signer) credential(ctx context.Context) (model.Credential, error) {
	c, err := s.auth.Credential(ctx)
	if errors.Is(err, auth.ErrSignedOut) {
		return model.Credential{}, nil
	}
	if err != nil {
		return model.Credential{}, err
	}
	s.mu.Lock()
	s.used = c
	s.mu.Unlock()
	return model.Credential{
		Bearer: c.Token.Reveal(), AccountID: c.AccountID, ChatGPT: c.Mode == mcpprotocol.AuthModeChatgpt,
	}, nil
}

func (s *signer) renew(ctx context.Context) error {
	s.mu.Lock()
	used := s.used
	s.mu.Unlock()
	return s.auth.Renew(ctx, used)
}
