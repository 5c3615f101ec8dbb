package auth

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

const (
	// maxTokenAge is how old tokens may be before they are renewed unasked.
	maxTokenAge = 28 * 24 * time.Hour

	// freshRenewal is how long ago another process may have renewed the tokens for
	// us to be content with it when we are asked to renew them.
	freshRenewal = 15 * time.Second
)

// A reason says why tokens are renewed, and with that what makes it needless.
type reason int

const (
	becauseOld reason = iota
	becauseRefused
	becauseAsked
)

// Renew gets new tokens after the model API refused used. When the credentials
// have changed since used was handed out, in this process or another, they are
// taken over and nobody is asked.
func (m *Manager) Renew(ctx context.Context, used Credential) error {
	if used.Mode != mcpprotocol.AuthModeChatgpt {
		return errors.New("an API key cannot be renewed")
	}
	return m.renew(ctx, used.Token, becauseRefused)
}

// renew replaces the token used unless somebody has done so.
func (m *Manager) renew(ctx context.Context, used Secret, why reason) (err error) {
	end, err := m.begin(ctx)
	if err != nil {
		return fmt.Errorf("renewing the tokens: %w", err)
	}
	defer func() {
		if endErr := end(); err == nil {
			err = endErr
		}
	}()

	file, err := m.store.read()
	if err != nil {
		return fmt.Errorf("renewing the tokens: %w", err)
	}
	now := snapshotOf(file)
	if now.Mode != mcpprotocol.AuthModeChatgpt || !now.SignedIn() || m.needless(now, used, why) {
		m.adopt(ctx, CauseExternal)
		return now.Problem
	}

	// Given up half-way, a renewal may have used up the refresh token: once begun
	// it is only limited in time.
	renewing, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
	defer cancel()
	reply, err := m.issuer.renew(renewing, now.refresh)
	if err != nil {
		return err
	}
	tokens := file.Tokens
	tokens.IDToken = reply.IDToken
	if reply.AccessToken != "" {
		tokens.AccessToken = reply.AccessToken
	}
	if reply.RefreshToken != "" {
		tokens.RefreshToken = reply.RefreshToken
	}
	file.LastRefresh = formatTime(time.Now())
	file.Extra.Delete("last_refresh") // where null is remembered
	if err := m.store.write(file); err != nil {
		return err
	}
	// The note is a help for processes that start at this moment, no more.
	_ = os.WriteFile(m.notePath(), []byte(file.LastRefresh), 0o600)
	m.mu.Lock()
	m.ownRenewal = file.LastRefresh
	m.mu.Unlock()
	m.adopt(ctx, CauseRenewal)
	return nil
}

// needless reports whether the tokens in the file will do.
func (m *Manager) needless(now Snapshot, used Secret, why reason) bool {
	if !now.token.Equal(used) {
		return true
	}
	age := time.Since(now.LastRefresh)
	switch why {
	case becauseOld:
		return age <= maxTokenAge
	case becauseAsked:
		return age >= 0 && age <= freshRenewal && m.renewedElsewhere(now)
	default:
		return false
	}
}

// renewedElsewhere reports whether the tokens come from a renewal, not a login,
// of another process. It matters when many processes start with a renewal: those
// that come late have the new tokens already when they are asked for others.
func (m *Manager) renewedElsewhere(now Snapshot) bool {
	note, err := os.ReadFile(m.notePath())
	if err != nil {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	at, err := time.Parse(time.RFC3339, string(note))
	return err == nil && at.Equal(now.LastRefresh) && string(note) != m.ownRenewal
}

// notePath is the lock file; its content is free for use.
func (m *Manager) notePath() string { return m.store.path + ".lock" }
