// Package oauth verifies the access tokens that authorization servers issue as
// JSON Web Tokens (RFC 9068), for a [server.ResourceServer]:
//
//	v, err := oauth.NewVerifier(oauth.Config{Issuers: []oauth.Issuer{{URL: "https://login.example.com"}}})
//	…
//	p := &server.ResourceServer{Resource: "https://mcp.example.com/mcp", AuthorizationServers: v.Issuers(), Verify: v.Verify}
//	mux.Handle("/mcp", p.Protect(server.HTTPHandler(s, nil)))
//	mux.Handle(p.MetadataPath(), p.Metadata())
//
// A token is good if a key of its issuer has signed it with one of the
// asymmetric algorithms that are accepted, and it is of that issuer, of somebody, and
// within its time. Whether it is for this resource and good for what is asked, the
// ResourceServer looks. Keys are fetched when they are needed and kept for a while;
// that an unknown key is asked for makes the issuer asked no more than now and then.
package oauth
