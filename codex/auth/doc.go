// Package auth holds who is signed in: one [Manager] per process, the same
// answer for everybody who asks it.
//
//	manager, err := auth.New(auth.Options{Home: home, Issuer: conversation.LoginIssuer, Client: client})
//	...
//	credential, err := manager.Credential(ctx) // for a request to the model
//
// # What is stored
//
// auth.json in the home folder, as the original Codex reads and writes it. It is
// replaced as a whole, with mode 0600, so nobody sees half of it. An API key in
// the file counts before tokens; a login of either kind leaves nothing of the
// other. Changes by other programs are noticed: by [Manager.Credential] at once,
// by everything else as long as [Manager.Watch] runs.
//
// # Renewal
//
// The tokens of a ChatGPT account are renewed when they are old, when the model
// API refuses them ([Manager.Renew]), or on demand. All processes that share a
// home folder take a lock for it and look at the file again before they ask the
// authorization server, so a token is renewed once, however many want it.
//
// # Secrets
//
// Keys and tokens are of the type [Secret], which nothing prints: no format verb,
// no encoder, no log. Errors of this package name the authorization server's
// status and error code, never what was sent or received.
package auth
