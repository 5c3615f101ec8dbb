package oauth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/codexmcp/codexmcp/client/oauth/oauthtypes"
	"github.com/codexmcp/codexmcp/wire"
)

// maxDocument is how long a metadata document may be.
const maxDocument = 1 << 20

// A server is an authorization server, as far as it is known.
type server struct {
	oauthtypes.ServerMetadata
	resource string // that tokens are asked for
	legacy   bool   // found as the revision 2025-03-26 has it
}

// A discovery is what is known of who gives credentials for a server.
type discovery struct {
	resource oauthtypes.ResourceMetadata
	server   *server
}

// discover finds who gives credentials. at is where the server says its
// metadata is, if it does.
func (a *Authorizer) discover(ctx context.Context, at string) (*discovery, error) {
	resource, err := url.Parse(a.config.Resource)
	if err != nil {
		return nil, err
	}
	found := &discovery{}
	ok, err := a.findResource(ctx, at, resource, &found.resource)
	if err != nil {
		return nil, err
	}
	if !ok || len(found.resource.AuthorizationServers) == 0 {
		found.server, err = a.legacyServer(ctx, resource)
		return found, err
	}
	if !covers(found.resource.Resource, resource) {
		return nil, fmt.Errorf("the server's metadata is of the resource %q, not of %q", found.resource.Resource, a.config.Resource)
	}
	if found.server, err = a.findServer(ctx, found.resource.AuthorizationServers[0]); err != nil {
		return nil, err
	}
	found.server.resource = found.resource.Resource
	return found, nil
}

// findResource reads what the server says of its authorization, where it says
// that is or else at the places that are known.
func (a *Authorizer) findResource(ctx context.Context, at string, resource *url.URL, into *oauthtypes.ResourceMetadata) (bool, error) {
	places := []string{}
	if at != "" {
		places = append(places, at)
	}
	if path := strings.TrimSuffix(resource.EscapedPath(), "/"); path != "" {
		places = append(places, origin(resource)+"/.well-known/oauth-protected-resource"+path)
	}
	places = append(places, origin(resource)+"/.well-known/oauth-protected-resource")
	for _, place := range places {
		if ok, err := a.document(ctx, place, into); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// findServer reads what an authorization server says of itself.
func (a *Authorizer) findServer(ctx context.Context, issuer string) (*server, error) {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("issuer %q is no URL", issuer)
	}
	path := strings.TrimSuffix(u.EscapedPath(), "/")
	places := []string{
		origin(u) + "/.well-known/oauth-authorization-server" + path,
		origin(u) + "/.well-known/openid-configuration" + path,
	}
	if path != "" {
		places = append(places, origin(u)+path+"/.well-known/openid-configuration")
	}
	for _, place := range places {
		m := &server{}
		ok, err := a.document(ctx, place, &m.ServerMetadata)
		if err != nil {
			return nil, err
		}
		if ok && m.Issuer != issuer {
			return nil, fmt.Errorf("the metadata at %q is of the issuer %q, not of %q", place, m.Issuer, issuer)
		}
		if ok {
			return m, m.check()
		}
	}
	return nil, fmt.Errorf("the issuer %q has no metadata", issuer)
}

// legacyServer is the authorization server of a server that says nothing of it:
// itself, at places that were agreed on once.
func (a *Authorizer) legacyServer(ctx context.Context, resource *url.URL) (*server, error) {
	base := origin(resource)
	m := &server{}
	ok, err := a.document(ctx, base+"/.well-known/oauth-authorization-server", &m.ServerMetadata)
	if err != nil {
		return nil, err
	}
	if !ok {
		m.ServerMetadata = oauthtypes.ServerMetadata{
			Issuer: base, AuthorizationEndpoint: base + "/authorize", TokenEndpoint: base + "/token", RegistrationEndpoint: base + "/register",
		}
	}
	m.legacy, m.resource = true, a.config.Resource
	return m, m.check()
}

// check reports endpoints that credentials must not be sent to.
func (m *server) check() error {
	for _, endpoint := range []string{m.AuthorizationEndpoint, m.TokenEndpoint} {
		if err := safe(endpoint); err != nil {
			return fmt.Errorf("issuer %q: %w", m.Issuer, err)
		}
	}
	if m.RegistrationEndpoint != "" {
		return safe(m.RegistrationEndpoint)
	}
	return nil
}

// safe reports whether secrets can be sent to a URL.
func safe(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return fmt.Errorf("endpoint %q is no URL", endpoint)
	}
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme != "https" && !(u.Scheme == "http" && local) {
		return fmt.Errorf("endpoint %q is not HTTPS", endpoint)
	}
	return nil
}

// covers reports whether a resource is the server, or what it is part of.
func covers(resource string, server *url.URL) bool {
	r, err := url.Parse(resource)
	if err != nil || !strings.EqualFold(r.Scheme, server.Scheme) || !strings.EqualFold(r.Host, server.Host) {
		return false
	}
	outer, inner := strings.TrimSuffix(r.EscapedPath(), "/")+"/", strings.TrimSuffix(server.EscapedPath(), "/")+"/"
	return strings.HasPrefix(inner, outer)
}

func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }

// document reads a JSON document, if there is one.
func (a *Authorizer) document(ctx context.Context, place string, into wire.Value) (bool, error) {
	if err := safe(place); err != nil {
		return false, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, place, nil)
	if err != nil {
		return false, err
	}
	r.Header.Set("Accept", "application/json")
	answer, err := a.config.Client.Do(r)
	if err != nil {
		return false, fmt.Errorf("read %q: %w", place, err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return false, nil
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxDocument+1))
	if err == nil && len(text) > maxDocument {
		err = errors.New("too long")
	}
	if err == nil {
		err = wire.Unmarshal(text, into)
	}
	if err != nil {
		return false, fmt.Errorf("read %q: %w", place, err)
	}
	return true, nil
}
