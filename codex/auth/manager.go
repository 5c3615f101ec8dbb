package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/mcpprotocol"
)

const (
	// lockTimeout is how long an operation waits for other processes: two of them
	// may ask the authorization server before it is our turn.
	lockTimeout = 2*requestTimeout + 10*time.Second

	// watchInterval is how often Watch looks at the file.
	watchInterval = time.Second

	// DefaultCallbackAddress is where the browser comes back to after a login. The
	// authorization server knows it.
	DefaultCallbackAddress = "127.0.0.1:1455"
)

// ErrSignedOut reports that there is nothing to sign a request with.
var ErrSignedOut = errors.New("not signed in")

// Options is what a [Manager] needs to know. Home must be set.
type Options struct {
	Home            string
	Issuer          string        // the authorization server; [config.DefaultLoginIssuer] if empty
	Client          *http.Client  // for the authorization server; http.DefaultClient if nil
	Originator      string        // told to the authorization server
	CallbackAddress string        // [DefaultCallbackAddress] if empty; port 0 takes a free one
	LoginTimeout    time.Duration // [config.DefaultLoginTimeout] if zero
}

// A Cause says what changed the credentials.
type Cause int

// The causes.
const (
	CauseLogin    Cause = iota // of this process
	CauseLogout                // of this process
	CauseRenewal               // the same user, new tokens
	CauseExternal              // another program changed the file
)

// A Change is a new snapshot and what it takes the place of.
type Change struct {
	Cause         Cause
	Before, After Snapshot
}

// A Manager holds the credentials of a process. It is safe for concurrent use.
type Manager struct {
	options Options
	store   store
	issuer  issuer

	// turn is taken by whatever changes the file, so that it is done once.
	turn chan struct{}
	// starting is taken while a login takes the place of another.
	starting chan struct{}

	mu          sync.Mutex // protects the fields below
	snapshot    Snapshot
	seen        stamp  // of the file that snapshot was read from
	ownRenewal  string // last_refresh of our own last renewal
	login       *Login
	subscribers map[int]func(context.Context, Change)
	nextID      int
}

// New reads the credentials in the home folder. A file that cannot be used
// counts as none; [Snapshot.Problem] has the reason.
func New(options Options) (*Manager, error) {
	if options.Home == "" {
		return nil, errors.New("the credentials need a home folder")
	}
	if options.Issuer == "" {
		options.Issuer = config.DefaultLoginIssuer
	}
	if options.CallbackAddress == "" {
		options.CallbackAddress = DefaultCallbackAddress
	}
	if options.LoginTimeout == 0 {
		options.LoginTimeout = config.DefaultLoginTimeout
	}
	m := &Manager{
		options: options, store: newStore(options.Home), issuer: newIssuer(options.Issuer, options.Client),
		turn: make(chan struct{}, 1), starting: make(chan struct{}, 1),
		subscribers: map[int]func(context.Context, Change){},
	}
	m.snapshot, m.seen = m.load()
	return m, nil
}

// load reads the file.
func (m *Manager) load() (Snapshot, stamp) {
	seen := m.store.stamp()
	file, err := m.store.read()
	if err != nil {
		return Snapshot{Problem: err}, seen
	}
	s := snapshotOf(file)
	if s.Problem != nil {
		s.Problem = fmt.Errorf("%s: %w", m.store.path, s.Problem)
	}
	return s, seen
}

// Snapshot returns who is signed in, as far as this process knows.
func (m *Manager) Snapshot() Snapshot {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.snapshot
}

// Subscribe calls f after every change, from the goroutine that made it and with
// its context, until the returned function is called. A subscriber that wants to
// know its own changes again marks the context it makes them with. f must not
// change the credentials.
func (m *Manager) Subscribe(f func(context.Context, Change)) (cancel func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id := m.nextID
	m.nextID++
	m.subscribers[id] = f
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.subscribers, id)
	}
}

// adopt makes what is in the file the snapshot and tells everybody, if that is a
// change.
func (m *Manager) adopt(ctx context.Context, cause Cause) {
	after, seen := m.load()
	m.mu.Lock()
	change := Change{Cause: cause, Before: m.snapshot, After: after}
	m.snapshot, m.seen = after, seen
	subscribers := make([]func(context.Context, Change), 0, len(m.subscribers))
	for _, f := range m.subscribers {
		subscribers = append(subscribers, f)
	}
	m.mu.Unlock()
	if cause == CauseExternal && change.Before.Mode == after.Mode && change.Before.token.Equal(after.token) {
		return
	}
	for _, f := range subscribers {
		f(ctx, change)
	}
}

// begin waits for the right to change the file, in this process and among all.
func (m *Manager) begin(ctx context.Context) (end func() error, err error) {
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	select {
	case m.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	unlock, err := config.Lock(ctx, m.store.path)
	if err != nil {
		<-m.turn
		return nil, err
	}
	return func() error {
		defer func() { <-m.turn }()
		return unlock()
	}, nil
}

// change runs f with the right to change the file, and makes the result the
// snapshot.
func (m *Manager) change(ctx context.Context, cause Cause, f func() error) (err error) {
	end, err := m.begin(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	if err := f(); err != nil {
		return err
	}
	m.adopt(ctx, cause)
	return nil
}

// LoginAPIKey signs in with an API key, which is stored as it is. It cancels a
// login that is under way.
func (m *Manager) LoginAPIKey(ctx context.Context, key Secret) error {
	m.cancelLogin(ErrLoginCancelled)
	return m.change(ctx, CauseLogin, func() error { return m.store.write(keyFile(key)) })
}

// Logout removes the credentials. It cancels a login that is under way.
func (m *Manager) Logout(ctx context.Context) error {
	m.cancelLogin(ErrLoginCancelled)
	return m.change(ctx, CauseLogout, m.store.remove)
}

// Credential returns what signs the next request, after a look at the file and
// with tokens that are not too old. Without any it is [ErrSignedOut].
func (m *Manager) Credential(ctx context.Context) (Credential, error) {
	m.mu.Lock()
	seen := m.seen
	m.mu.Unlock()
	if now := m.store.stamp(); !now.equal(seen) {
		// A file in the middle of being written is left to Watch.
		if s, _ := m.load(); s.Problem == nil {
			m.adopt(ctx, CauseExternal)
		}
	}
	return m.credential(ctx)
}

// credential is Credential without the look at the file.
func (m *Manager) credential(ctx context.Context) (Credential, error) {
	s := m.Snapshot()
	if !s.SignedIn() {
		return Credential{}, ErrSignedOut
	}
	if s.Mode == mcpprotocol.AuthModeChatgpt && time.Since(s.LastRefresh) > maxTokenAge {
		if err := m.renew(ctx, s.token, becauseOld); err != nil {
			return Credential{}, err
		}
		if s = m.Snapshot(); !s.SignedIn() {
			return Credential{}, ErrSignedOut
		}
	}
	return s.credential(), nil
}

func (s Snapshot) credential() Credential {
	c := Credential{Mode: s.Mode, Token: s.token}
	if s.Mode == mcpprotocol.AuthModeChatgpt {
		c.AccountID = s.AccountID
	}
	return c
}

// A Status is the answer to getAuthStatus.
type Status struct {
	Mode           mcpprotocol.AuthMode // "" when signed out
	Token          Secret
	RequiresOpenAI bool

	// RenewalError says why tokens were not renewed although it was asked for.
	RenewalError error
}

// Status answers getAuthStatus from the snapshot. A provider that does not
// require OpenAI's sign-in makes everything else beside the point. With renew
// the tokens are renewed first; when that fails, the old ones are what there is.
func (m *Manager) Status(ctx context.Context, requiresOpenAI, renew bool) Status {
	status := Status{RequiresOpenAI: requiresOpenAI}
	if !requiresOpenAI {
		return status
	}
	if s := m.Snapshot(); renew && s.Mode == mcpprotocol.AuthModeChatgpt && s.SignedIn() {
		status.RenewalError = m.renew(ctx, s.token, becauseAsked)
	}
	c, err := m.credential(ctx)
	if err != nil {
		if !errors.Is(err, ErrSignedOut) {
			status.RenewalError = err
		}
		return status
	}
	status.Mode, status.Token = c.Mode, c.Token
	return status
}

// Email returns the address in the file as it is now, "" if there is none. It
// is what the file alleges.
func (m *Manager) Email() string {
	s, _ := m.load()
	return s.Email
}

// Watch looks for changes of the file by other programs until ctx ends. It waits
// for a file to come to rest before it is taken over.
func (m *Manager) Watch(ctx context.Context) {
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	var last stamp
	pending := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		m.mu.Lock()
		seen := m.seen
		m.mu.Unlock()
		now := m.store.stamp()
		switch {
		case now.equal(seen):
			pending = false
		case pending && now.equal(last):
			m.adopt(ctx, CauseExternal)
			pending = false
		default:
			last, pending = now, true
		}
	}
}

// Close cancels a login that is under way and waits for it to end.
func (m *Manager) Close() { m.cancelLogin(ErrLoginCancelled) }
