package oauth

import (
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"golang.org/x/oauth2"

	"github.com/codexmcp/codexmcp/client"
)

// maxAttempts is how often the same scopes are asked for, while the server says
// that they are not enough.
const maxAttempts = 3

// Config says which server needs credentials and who asks for them.
type Config struct {
	// Resource is the URL of the MCP server.
	Resource string
	// ClientID and ClientSecret are those of a client that is registered already.
	ClientID, ClientSecret string
	// Unattended gets tokens for the client itself, which has an id and a secret or
	// a Key, and asks no user (the client credentials grant).
	Unattended bool
	// Key, if set, is what the client signs with to show who it is instead of a
	// secret (private_key_jwt); KeyAlgorithm says how, such as ES256.
	Key          crypto.Signer
	KeyAlgorithm string
	// MetadataURL is where the client describes itself, for authorization servers
	// that read such documents. It is the client's id there.
	MetadataURL string
	// Name is what the user is told the client is called, when it is registered.
	Name string
	// RedirectURL is where the user is sent back to.
	RedirectURL string
	// Scopes are asked for where the server does not say which it needs.
	Scopes []string
	// Visit sends the user to a page, and returns the URL at which they came back.
	// [Follow] is for pages that need no user.
	Visit func(ctx context.Context, page string) (back string, err error)
	// Client makes the requests. Nil means [http.DefaultClient].
	Client *http.Client
}

// An Authorizer keeps the credentials for one server.
type Authorizer struct {
	config Config

	// working is held while credentials are got.
	working  sync.Mutex
	client   *registration  // of the issuer that token is from
	scopes   []string       // that token was asked for with
	attempts map[string]int // by the scopes that were asked for
	metadata *server

	mu    sync.Mutex // protects token
	token *oauth2.Token
}

var _ client.Authorizer = (*Authorizer)(nil)

// New returns an authorizer that has no credentials yet.
func New(c Config) *Authorizer {
	if c.Client == nil {
		c.Client = http.DefaultClient
	}
	return &Authorizer{config: c, attempts: map[string]int{}}
}

// Token is the token there is now, or nil.
func (a *Authorizer) Token() *oauth2.Token {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.token
}

func (a *Authorizer) setToken(t *oauth2.Token) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.token = t
}

// Authorize implements [client.Authorizer].
func (a *Authorizer) Authorize(r *http.Request) error {
	t := a.Token()
	if t != nil && !t.Valid() && t.RefreshToken != "" {
		a.working.Lock()
		defer a.working.Unlock()
		if t = a.Token(); t != nil && !t.Valid() {
			if refreshed, err := a.refresh(r.Context(), t); err == nil {
				t = refreshed
			}
			// Else the server will say what it thinks of the old one.
		}
	}
	if t != nil {
		r.Header.Set("Authorization", "Bearer "+t.AccessToken)
	}
	return nil
}

// Refused implements [client.Authorizer].
func (a *Authorizer) Refused(ctx context.Context, answer *http.Response) (bool, error) {
	a.working.Lock()
	defer a.working.Unlock()
	t := a.Token()
	if t != nil && answer.Request.Header.Get("Authorization") != "Bearer "+t.AccessToken {
		return true, nil // there are newer ones by now
	}
	asked := parseChallenge(answer.Header.Values("WWW-Authenticate"))
	stepUp := answer.StatusCode == http.StatusForbidden
	if stepUp && asked["error"] != "insufficient_scope" {
		return false, nil
	}
	found, err := a.discover(ctx, asked["resource_metadata"])
	if err != nil {
		return false, err
	}
	if a.client != nil && a.client.issuer != found.server.Issuer {
		// What one issuer gave is none of the other's business.
		a.client, a.scopes, t = nil, nil, nil
		a.setToken(nil)
	}
	a.metadata = found.server
	if !stepUp && t != nil && t.RefreshToken != "" {
		if _, err := a.refresh(ctx, t); err == nil {
			return true, nil
		}
	}
	scopes := a.wanted(asked["scope"], found)
	if stepUp {
		missing := slices.DeleteFunc(scopes, func(s string) bool { return slices.Contains(a.scopes, s) })
		scopes = append(slices.Clone(a.scopes), missing...)
	} else {
		clear(a.attempts)
	}
	key := strings.Join(slices.Sorted(slices.Values(scopes)), " ")
	if a.attempts[key]++; a.attempts[key] > maxAttempts {
		return false, nil
	}
	if err := a.authorize(ctx, found, scopes); err != nil {
		return false, err
	}
	return true, nil
}

// wanted are the scopes to ask for: those the server names, or else all it has.
func (a *Authorizer) wanted(named string, found *discovery) []string {
	scopes := strings.Fields(named)
	if len(scopes) == 0 {
		scopes = slices.Clone(found.resource.ScopesSupported)
	}
	if len(scopes) == 0 {
		scopes = slices.Clone(a.config.Scopes)
	}
	const offline = "offline_access" // without it some servers give no refresh token
	if slices.Contains(found.server.ScopesSupported, offline) && !slices.Contains(scopes, offline) {
		scopes = append(scopes, offline)
	}
	return scopes
}

// oauthConfig is how the client talks to the issuer. working is held.
func (a *Authorizer) oauthConfig(ctx context.Context, m *server) (context.Context, *oauth2.Config) {
	next := a.config.Client.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	httpClient := *a.config.Client
	httpClient.Transport = &tokenTransport{resource: m.resource, next: next}
	return context.WithValue(ctx, oauth2.HTTPClient, &httpClient), &oauth2.Config{
		ClientID: a.client.id, ClientSecret: a.client.secret, RedirectURL: a.config.RedirectURL,
		Endpoint: oauth2.Endpoint{AuthURL: m.AuthorizationEndpoint, TokenURL: m.TokenEndpoint, AuthStyle: a.client.style},
	}
}

// refresh gets a new token for an old one.
func (a *Authorizer) refresh(ctx context.Context, old *oauth2.Token) (*oauth2.Token, error) {
	if a.client == nil || a.metadata == nil {
		return nil, errors.New("refresh: no client")
	}
	ctx, c := a.oauthConfig(ctx, a.metadata)
	t, err := c.TokenSource(ctx, &oauth2.Token{RefreshToken: old.RefreshToken}).Token()
	if err != nil {
		return nil, fmt.Errorf("refresh token: %w", err)
	}
	a.setToken(t)
	return t, nil
}

// authorize asks the user, and gets a token.
func (a *Authorizer) authorize(ctx context.Context, found *discovery, scopes []string) error {
	if a.config.Unattended {
		return a.authorizeClient(ctx, found.server, scopes)
	}
	if a.config.Visit == nil {
		return errors.New("the server wants the user to sign in, and nobody can be asked")
	}
	m := found.server
	if !m.legacy && !slices.Contains(m.CodeChallengeMethodsSupported, "S256") {
		return fmt.Errorf("the issuer %q does not protect codes (PKCE, S256)", m.Issuer)
	}
	if a.client == nil {
		registered, err := a.register(ctx, m, scopes)
		if err != nil {
			return err
		}
		a.client = registered
	}
	ctx, c := a.oauthConfig(ctx, m)
	c.Scopes = scopes
	verifier, state := oauth2.GenerateVerifier(), rand.Text()
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("resource", m.resource)}
	if slices.Contains(scopes, "offline_access") {
		options = append(options, oauth2.SetAuthURLParam("prompt", "consent"))
	}
	back, err := a.config.Visit(ctx, c.AuthCodeURL(state, options...))
	if err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	code, err := codeIn(back, state, m)
	if err != nil {
		return err
	}
	t, err := c.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return fmt.Errorf("exchange code: %w", err)
	}
	a.scopes = scopes
	a.setToken(t)
	return nil
}

// codeIn is the code in the URL at which the user came back, if that was sent by
// whom it should.
func codeIn(back, state string, m *server) (string, error) {
	u, err := url.Parse(back)
	if err != nil {
		return "", fmt.Errorf("sign in: %w", err)
	}
	q := u.Query()
	switch {
	case q.Get("state") != state:
		return "", errors.New("sign in: the answer has another state than the question")
	case isTrue(m.AuthorizationResponseIssParameterSupported) && !q.Has("iss"):
		return "", errors.New("sign in: the answer does not say which issuer it is from")
	case q.Has("iss") && q.Get("iss") != m.Issuer:
		return "", fmt.Errorf("sign in: the answer is from the issuer %q, not %q", q.Get("iss"), m.Issuer)
	case q.Has("error"):
		return "", fmt.Errorf("sign in: %s: %q", q.Get("error"), q.Get("error_description"))
	case q.Get("code") == "":
		return "", errors.New("sign in: the answer has no code")
	}
	return q.Get("code"), nil
}

// Follow returns a visitor of pages that send the user back at once. A nil
// client means one of its own.
func Follow(c *http.Client) func(context.Context, string) (string, error) {
	var own http.Client
	if c != nil {
		own = *c
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return func(ctx context.Context, page string) (string, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, page, nil)
		if err != nil {
			return "", err
		}
		answer, err := own.Do(r)
		if err != nil {
			return "", err
		}
		defer func() { _ = answer.Body.Close() }()
		back, err := answer.Location()
		if err != nil {
			return "", fmt.Errorf("HTTP %d: %w", answer.StatusCode, err)
		}
		return back.String(), nil
	}
}
