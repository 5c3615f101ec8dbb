package oauth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/oauth2"

	"github.com/codexmcp/codexmcp/client/oauth/oauthtypes"
	"github.com/codexmcp/codexmcp/wire"
)

// The ways in which a client shows who it is at the token endpoint.
const (
	methodBasic = "client_secret_basic"
	methodPost  = "client_secret_post"
	methodNone  = "none"
)

// A registration is the client as one issuer knows it.
type registration struct {
	issuer     string
	id, secret string
	style      oauth2.AuthStyle
}

func newRegistration(issuer, id, secret, method string) *registration {
	r := &registration{issuer: issuer, id: id, secret: secret, style: oauth2.AuthStyleInParams}
	switch {
	case method == methodNone:
		r.secret = ""
	case method == methodBasic && secret != "":
		r.style = oauth2.AuthStyleInHeader
	}
	return r
}

// method is the way that the issuer takes, the safest first.
func (m *server) method(secret bool) string {
	offered := m.TokenEndpointAuthMethodsSupported
	if len(offered) == 0 {
		offered = []string{methodBasic}
	}
	for _, method := range []string{methodBasic, methodPost} {
		if secret && slices.Contains(offered, method) {
			return method
		}
	}
	return methodNone
}

// register makes the client known to an issuer, unless it is.
func (a *Authorizer) register(ctx context.Context, m *server, scopes []string) (*registration, error) {
	c := &a.config
	switch {
	case c.ClientID != "":
		return newRegistration(m.Issuer, c.ClientID, c.ClientSecret, m.method(c.ClientSecret != "")), nil
	case isTrue(m.ClientIDMetadataDocumentSupported) && c.MetadataURL != "":
		return newRegistration(m.Issuer, c.MetadataURL, "", methodNone), nil
	case m.RegistrationEndpoint == "":
		return nil, fmt.Errorf("the issuer %q registers no clients, and this one has no id there", m.Issuer)
	}
	method := m.method(true)
	body, err := wire.Append(nil, &oauthtypes.ClientRegistration{
		ClientName: c.Name, RedirectURIs: []string{c.RedirectURL}, GrantTypes: []string{"authorization_code", "refresh_token"},
		ResponseTypes: []string{"code"}, TokenEndpointAuthMethod: method, ApplicationType: "native", Scope: strings.Join(scopes, " "),
	})
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, m.RegistrationEndpoint, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := c.Client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("register: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxDocument))
	if err != nil {
		return nil, fmt.Errorf("register: %w", err)
	}
	if answer.StatusCode/100 != 2 {
		return nil, fmt.Errorf("register: HTTP %d: %q", answer.StatusCode, text[:min(len(text), 200)])
	}
	var given oauthtypes.ClientInformation
	if err := wire.Unmarshal(text, &given); err != nil {
		return nil, fmt.Errorf("register: %w", err)
	}
	if given.ClientID == "" {
		return nil, errors.New("register: the answer has no client_id")
	}
	if given.TokenEndpointAuthMethod != "" {
		method = given.TokenEndpointAuthMethod
	}
	return newRegistration(m.Issuer, given.ClientID, given.ClientSecret, method), nil
}

func isTrue(b *bool) bool { return b != nil && *b }

// A tokenTransport says to the token endpoint what the token is for.
type tokenTransport struct {
	resource string
	next     http.RoundTripper
}

// RoundTrip adds the resource to a form.
func (t *tokenTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		return t.next.RoundTrip(r)
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, maxDocument))
	if err == nil {
		err = r.Body.Close()
	}
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, err
	}
	form.Set("resource", t.resource)
	body := form.Encode()
	r = r.Clone(r.Context())
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(body)), nil }
	return t.next.RoundTrip(r)
}
