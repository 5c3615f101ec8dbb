package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/codexmcp/codexmcp/server"
)

// Config says whose tokens are accepted.
type Config struct {
	// Issuers are the authorization servers whose tokens are accepted.
	Issuers []Issuer
	// Algorithms of signatures that are accepted: asymmetric ones. Nil: all of
	// RS, PS and ES with 256 to 512 bits, and EdDSA.
	Algorithms []string
	// Client fetches keys. Nil: one that follows no redirects.
	Client *http.Client
	// KeysAge is how long keys are good before they are fetched again; an hour when zero.
	KeysAge time.Duration
	// Pause is the time between two fetches, whatever tokens come; 10 s when zero.
	Pause time.Duration
	// Leeway is how far clocks may differ; 30 s when zero.
	Leeway time.Duration
}

// An Issuer is an authorization server.
type Issuer struct {
	// URL is the issuer's name, as it stands in its tokens. It is an https URL, or
	// one of this machine.
	URL string
	// KeysURL is where its keys are (a JWK set). Empty: where its metadata say
	// (RFC 8414 or OpenID Connect Discovery).
	KeysURL string
}

// A Verifier verifies access tokens.
type Verifier struct {
	algorithms []jose.SignatureAlgorithm
	leeway     time.Duration
	issuers    []string
	keys       map[string]*keySet // by issuer
}

// asymmetric are the algorithms whose verifier cannot sign.
var asymmetric = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// NewVerifier returns what verifies tokens. It fetches nothing yet.
func NewVerifier(c Config) (*Verifier, error) {
	setDefault(&c.KeysAge, time.Hour)
	setDefault(&c.Pause, 10*time.Second)
	setDefault(&c.Leeway, 30*time.Second)
	if c.Client == nil {
		c.Client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	v := &Verifier{algorithms: asymmetric, leeway: c.Leeway, keys: map[string]*keySet{}}
	if c.Algorithms != nil {
		v.algorithms = nil
	}
	for _, name := range c.Algorithms {
		a := jose.SignatureAlgorithm(name)
		if !slices.Contains(asymmetric, a) {
			return nil, fmt.Errorf("algorithm %q: not an asymmetric one that is known", name)
		}
		v.algorithms = append(v.algorithms, a)
	}
	if len(c.Issuers) == 0 {
		return nil, errors.New("issuers: none")
	}
	for _, i := range c.Issuers {
		if err := trusted(i.URL); err != nil {
			return nil, fmt.Errorf("issuer %w", err)
		}
		if i.KeysURL != "" {
			if err := trusted(i.KeysURL); err != nil {
				return nil, fmt.Errorf("keys of issuer %q: %w", i.URL, err)
			}
		}
		if v.keys[i.URL] != nil {
			return nil, fmt.Errorf("issuer %q: there twice", i.URL)
		}
		v.issuers = append(v.issuers, i.URL)
		v.keys[i.URL] = &keySet{issuer: i, client: c.Client, age: c.KeysAge, pause: c.Pause, turn: make(chan struct{}, 1)}
	}
	return v, nil
}

func setDefault(v *time.Duration, standard time.Duration) {
	if *v <= 0 {
		*v = standard
	}
}

// trusted checks that what a URL gives cannot be changed on the way.
func trusted(text string) error {
	u, err := url.Parse(text)
	if err != nil {
		return err
	}
	if u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && (u.Scheme != "http" || !local(u.Hostname())) {
		return fmt.Errorf("%q: want an https URL", text)
	}
	return nil
}

// local reports whether a host is this machine.
func local(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// Issuers returns the issuers whose tokens are accepted.
func (v *Verifier) Issuers() []string { return slices.Clone(v.issuers) }

// maxToken is how long a token may be.
const maxToken = 32 << 10

// Verify returns what a token says, if it is good. [server.ErrInvalidToken] says
// that it is not; another error that the issuer's keys could not be had.
func (v *Verifier) Verify(ctx context.Context, text string) (*server.Token, error) {
	if len(text) > maxToken {
		return nil, invalid("longer than %d bytes", maxToken)
	}
	token, err := jwt.ParseSigned(text, v.algorithms)
	if err != nil {
		return nil, invalid("%w", err)
	}
	header := token.Headers[0]
	if err := checkType(header); err != nil {
		return nil, err
	}
	var claims jwt.Claims
	if err := token.UnsafeClaimsWithoutVerification(&claims); err != nil {
		return nil, invalid("%w", err)
	}
	keys := v.keys[claims.Issuer] // whether it is true is seen below
	if keys == nil {
		return nil, invalid("issuer %q is not one of those that are accepted", claims.Issuer)
	}
	candidates, err := keys.find(ctx, header.KeyID, header.Algorithm)
	if err != nil {
		return nil, err
	}
	var more map[string]any
	err = errors.New("none of its issuer's keys fits")
	for i := range candidates {
		claims, more = jwt.Claims{}, nil
		if err = token.Claims(candidates[i].Key, &claims, &more); err == nil {
			break
		}
	}
	if err != nil {
		return nil, invalid("%w", err)
	}
	if err := claims.ValidateWithLeeway(jwt.Expected{Issuer: keys.issuer.URL}, v.leeway); err != nil {
		return nil, invalid("%w", err)
	}
	if claims.Expiry == nil || claims.Subject == "" {
		return nil, invalid("it does not say until when it is good, or whose it is")
	}
	return &server.Token{
		Issuer: claims.Issuer, Subject: claims.Subject, Audience: claims.Audience, Scopes: scopes(more), Expires: claims.Expiry.Time(),
	}, nil
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %w", server.ErrInvalidToken, fmt.Errorf(format, args...))
}

// checkType refuses tokens that say of themselves that they are of another kind.
func checkType(header jose.Header) error {
	kind, _ := header.ExtraHeaders[jose.HeaderType].(string)
	switch strings.ToLower(strings.TrimPrefix(strings.ToLower(kind), "application/")) {
	case "", "jwt", "at+jwt":
		return nil
	}
	return invalid("it is a %q, not an access token", kind)
}

// scopes reads what a token is good for: a text with blanks, or a list as some
// issuers have it.
func scopes(claims map[string]any) []string {
	for _, name := range []string{"scope", "scp"} {
		switch v := claims[name].(type) {
		case string:
			return strings.Fields(v)
		case []any:
			var out []string
			for _, item := range v {
				if text, ok := item.(string); ok {
					out = append(out, text)
				}
			}
			return out
		}
	}
	return nil
}
