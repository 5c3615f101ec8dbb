package auth

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/oauth2"
)

// How a login can fail, beside errors of the authorization server.
var (
	ErrLoginCancelled = errors.New("the login was cancelled")
	ErrLoginReplaced  = errors.New("another login took the place of this one")
	ErrLoginTimeout   = errors.New("the login took too long")
	ErrLoginDenied    = errors.New("the login was denied")
	ErrUnknownLogin   = errors.New("there is no such login")
)

const (
	bindAttempts = 10
	bindRetry    = 200 * time.Millisecond

	// lingerTime is how long the page that says so can be fetched after a login.
	lingerTime = 5 * time.Second

	// closeTime is how long running answers to a browser may take at the end.
	closeTime = time.Second
)

// A Login is one attempt to sign in with a ChatGPT account.
type Login struct {
	ID  string // a UUID
	URL string // what the person has to open in a browser

	manager  *Manager
	ctx      context.Context // with the values of who began it; ends with the login
	cancel   context.CancelFunc
	conf     *oauth2.Config
	state    string
	verifier string
	address  string // of the listener
	exchange sync.Mutex

	ending sync.Mutex    // held while the outcome is decided
	done   chan struct{} // closed when the fields below are final
	err    error
	setup  bool // the account has yet to be set up for API use

	pageSeen chan struct{} // closed when the last page was fetched
	seenOnce sync.Once
	stop     chan struct{} // closed when the server is to end at once
	stopOnce sync.Once
	stopped  chan struct{} // closed when the server has ended
}

// Done is closed when the login has ended.
func (l *Login) Done() <-chan struct{} { return l.done }

// Closed is closed when the browser has been served to the end: after a
// successful login it gets a page that says so.
func (l *Login) Closed() <-chan struct{} { return l.stopped }

// Err returns nil after a successful login, else why it failed. It waits for the
// end.
func (l *Login) Err() error {
	<-l.done
	return l.err
}

// StartLogin begins to sign in with a ChatGPT account: it listens for the
// browser and returns the address to open there. It takes the place of a login
// that is under way, of this process and, as the port is one, of any other. The
// end of ctx ends the start, not the login; subscribers get its values.
func (m *Manager) StartLogin(ctx context.Context) (*Login, error) {
	select {
	case m.starting <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-m.starting }()
	m.cancelLogin(ErrLoginReplaced)

	listener, err := listen(ctx, m.options.CallbackAddress)
	if err != nil {
		return nil, err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	l := &Login{
		ID:       uuid.NewString(),
		manager:  m,
		conf:     m.issuer.config(fmt.Sprintf("http://localhost:%d/auth/callback", port)),
		state:    randomText(32),
		verifier: randomText(64),
		address:  fmt.Sprintf(":%d", port),
		done:     make(chan struct{}),
		pageSeen: make(chan struct{}),
		stop:     make(chan struct{}),
		stopped:  make(chan struct{}),
	}
	l.ctx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
	l.URL = l.authorizeURL(m.options.Originator)
	m.mu.Lock()
	m.login = l
	m.mu.Unlock()
	go l.serve(listener)
	return l, nil
}

// CancelLogin ends the login with this id. Without one under way that has it, it
// is [ErrUnknownLogin].
func (m *Manager) CancelLogin(id string) error {
	m.mu.Lock()
	l := m.login
	m.mu.Unlock()
	if l == nil || l.ID != id || !l.end(ErrLoginCancelled) {
		return fmt.Errorf("%w: %q", ErrUnknownLogin, id)
	}
	l.close()
	return nil
}

// cancelLogin ends the login under way, if there is one, and waits until its
// port is free.
func (m *Manager) cancelLogin(reason error) {
	m.mu.Lock()
	l := m.login
	m.mu.Unlock()
	if l != nil {
		l.end(reason)
		l.close()
	}
}

// end makes err the outcome. It reports whether there was none before.
func (l *Login) end(err error) (first bool) {
	l.ending.Lock()
	defer l.ending.Unlock()
	return l.endLocked(err)
}

func (l *Login) endLocked(err error) (first bool) {
	if l.ended() {
		return false
	}
	l.err = err
	close(l.done)
	l.cancel()
	return true
}

func (l *Login) ended() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

// close ends the server and waits for it.
func (l *Login) close() {
	l.stopOnce.Do(func() { close(l.stop) })
	<-l.stopped
}

// serve answers the browser until the login has ended.
func (l *Login) serve(listener net.Listener) {
	defer close(l.stopped)
	defer l.manager.forget(l)
	server := &http.Server{
		Handler:           http.HandlerFunc(l.handle),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      3 * requestTimeout,
		IdleTimeout:       lingerTime,
		MaxHeaderBytes:    32 << 10,
	}
	failed := make(chan error, 1)
	served := make(chan struct{})
	go func() {
		defer close(served)
		failed <- server.Serve(listener)
	}()

	timeout := time.NewTimer(l.manager.options.LoginTimeout)
	defer timeout.Stop()
	select {
	case <-l.done:
		if l.err == nil {
			l.linger()
		}
	case <-l.stop:
	case <-timeout.C:
		l.end(ErrLoginTimeout)
	case err := <-failed:
		l.end(fmt.Errorf("waiting for the browser: %w", err))
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		_ = server.Close() // whatever is left is cut off
	}
	<-served
}

// linger keeps the last page available for a moment.
func (l *Login) linger() {
	timer := time.NewTimer(lingerTime)
	defer timer.Stop()
	select {
	case <-l.pageSeen:
	case <-l.stop:
	case <-timer.C:
	}
}

func (m *Manager) forget(l *Login) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.login == l {
		m.login = nil
	}
}

// authorizeURL is where the person signs in.
func (l *Login) authorizeURL(originator string) string {
	address := l.conf.AuthCodeURL(l.state,
		oauth2.S256ChallengeOption(l.verifier),
		oauth2.SetAuthURLParam("id_token_add_organizations", "true"),
		oauth2.SetAuthURLParam("codex_cli_simplified_flow", "true"),
		oauth2.SetAuthURLParam("originator", originator))
	// Not every server takes a plus for a space; a plus itself is escaped.
	return strings.ReplaceAll(address, "+", "%20")
}

// complete turns the code of the callback into credentials, stores them and
// ends the login.
func (l *Login) complete(code string) error {
	m := l.manager
	tokens, err := m.issuer.exchangeCode(l.ctx, l.conf, code, l.verifier)
	if err != nil {
		return err
	}
	// Accounts without API access have no key; then the tokens are used.
	key, err := m.issuer.exchangeKey(l.ctx, tokens.IDToken)
	if err != nil {
		key = Secret{}
	}
	claims, err := parseIDToken(tokens.IDToken)
	if err != nil {
		return err
	}
	finish, err := m.begin(l.ctx)
	if err != nil {
		return err
	}
	defer finish() //nolint:errcheck // the credentials are stored

	// From here on the login cannot be cancelled any more.
	l.ending.Lock()
	defer l.ending.Unlock()
	if l.ended() {
		return l.err
	}
	if err := m.store.write(tokenFile(key, tokens, time.Now())); err != nil {
		return err
	}
	if a := claims.Auth; a != nil {
		l.setup = isTrue(a.IsOrgOwner) && !isTrue(a.CompletedPlatformOnboarding)
	}
	m.adopt(l.ctx, CauseLogin)
	l.endLocked(nil)
	return nil
}

func isTrue(b *bool) bool { return b != nil && *b }

// listen binds the callback address. A busy port is most likely another login:
// it is asked once to give way.
func listen(ctx context.Context, address string) (net.Listener, error) {
	var config net.ListenConfig
	for attempt := 1; ; attempt++ {
		listener, err := config.Listen(ctx, "tcp", address)
		if err == nil {
			return listener, nil
		}
		if attempt == bindAttempts {
			return nil, fmt.Errorf("wait at %q for the browser, which is sent there when the login is done: %w", address, err)
		}
		if attempt == 1 {
			askToCancel(ctx, address)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(bindRetry):
		}
	}
}

// askToCancel asks whoever has the port to end its login. The answer does not
// matter: the next attempt to bind will tell.
func askToCancel(ctx context.Context, address string) {
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true}, // no proxy: it is this machine
		Timeout:       2 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	target := url.URL{Scheme: "http", Host: address, Path: "/cancel"}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return
	}
	if resp, err := client.Do(req); err == nil {
		_ = resp.Body.Close()
	}
}

// randomText returns n random bytes as URL-safe text.
func randomText(n int) string {
	bytes := make([]byte, n)
	_, _ = rand.Read(bytes) // never fails
	return base64.RawURLEncoding.EncodeToString(bytes)
}
