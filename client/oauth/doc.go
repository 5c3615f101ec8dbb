// Package oauth gets the credentials of MCP servers that ask for OAuth 2.1.
//
//	auth := oauth.New(oauth.Config{Resource: url, Name: "my-agent", RedirectURL: redirect, Visit: visit})
//	session, err := client.ConnectHTTP(ctx, client.HTTP{URL: url, Auth: auth}, options)
//
// Nothing is asked for before the server refuses a request. Then the server's
// metadata tells which authorization server to trust, whose own metadata must
// be of exactly that issuer; the client is registered there unless it is known
// already; the user is sent to it; and the code that comes back is exchanged for
// a token that is good for this server only (PKCE and resource indicators,
// always). Tokens are refreshed, and asked for anew with more scopes when the
// server says that those are missing. Credentials of one issuer are never shown
// to another.
//
// A client that works for nobody but itself gets its token without a user, see
// [Config].Unattended.
package oauth
