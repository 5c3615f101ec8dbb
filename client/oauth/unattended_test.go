package oauth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/http"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"
)

// A client that works unattended gets its token with a secret, or with what it
// signs, and nobody is sent to a page.
func TestUnattended(t *testing.T) {
	i := newIssuer(t)
	a := New(Config{Resource: i.URL + "/mcp", ClientID: "me", ClientSecret: "hush", Unattended: true})
	status, err := i.get(t, a)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "client_credentials", i.forms[0].Get("grant_type"))
	require.Equal(t, i.URL+"/mcp", i.forms[0].Get("resource"))
	require.Empty(t, i.forms[0].Get("client_secret"), "it is in the header")
	clear(i.tokens)
	_, err = i.get(t, a)
	require.NoError(t, err, "a token that is no longer good is followed by another")
	require.Zero(t, i.authorized)

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	i = newIssuer(t)
	_, err = i.get(t, New(Config{Resource: i.URL + "/mcp", ClientID: "me", Key: key, KeyAlgorithm: "ES256", Unattended: true}))
	require.NoError(t, err)
	token, err := jwt.ParseSigned(i.forms[0].Get("client_assertion"), []jose.SignatureAlgorithm{jose.ES256})
	require.NoError(t, err)
	var claims jwt.Claims
	require.NoError(t, token.Claims(key.Public(), &claims))
	require.NoError(t, claims.Validate(jwt.Expected{Issuer: "me", Subject: "me", AnyAudience: jwt.Audience{i.URL + "/as"}, Time: time.Now()}))

	_, err = i.get(t, New(Config{Resource: i.URL + "/mcp", ClientID: "me", Unattended: true}))
	require.ErrorContains(t, err, "needs an id, and a secret or a key")
	_, err = i.get(t, New(Config{Resource: i.URL + "/mcp", ClientID: "me", Key: key, KeyAlgorithm: "HS256", Unattended: true}))
	require.ErrorContains(t, err, "sign as the client")
}
