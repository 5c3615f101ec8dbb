package oauth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/oauth2/clientcredentials"
)

// assertionTime is how long an assertion is good for.
const assertionTime = time.Minute

// authorizeClient gets a token for the client itself (RFC 6749, section 4.4).
func (a *Authorizer) authorizeClient(ctx context.Context, m *server, scopes []string) error {
	c := &a.config
	if c.ClientID == "" || c.ClientSecret == "" && c.Key == nil {
		return errors.New("a client that works unattended needs an id, and a secret or a key")
	}
	a.client = newRegistration(m.Issuer, c.ClientID, c.ClientSecret, m.method(c.ClientSecret != "" && c.Key == nil))
	form := url.Values{}
	if c.Key != nil {
		assertion, err := a.assertion(m.Issuer)
		if err != nil {
			return err
		}
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", assertion)
	}
	ctx, o := a.oauthConfig(ctx, m)
	grant := clientcredentials.Config{
		ClientID: o.ClientID, ClientSecret: o.ClientSecret, TokenURL: o.Endpoint.TokenURL,
		AuthStyle: o.Endpoint.AuthStyle, Scopes: scopes, EndpointParams: form,
	}
	t, err := grant.Token(ctx)
	if err != nil {
		return fmt.Errorf("get a token for the client: %w", err)
	}
	a.scopes = scopes
	a.setToken(t)
	return nil
}

// assertion shows an issuer who the client is (RFC 7523).
func (a *Authorizer) assertion(issuer string) (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(a.config.KeyAlgorithm), Key: a.config.Key},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", fmt.Errorf("sign as the client: %w", err)
	}
	now := time.Now()
	token, err := jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: a.config.ClientID, Subject: a.config.ClientID, Audience: jwt.Audience{issuer}, ID: rand.Text(),
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(assertionTime)),
	}).Serialize()
	if err != nil {
		return "", fmt.Errorf("sign as the client: %w", err)
	}
	return token, nil
}
