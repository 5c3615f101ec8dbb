package auth

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/wire"
)

// A Snapshot is who was signed in at one moment. It does not change.
type Snapshot struct {
	// Mode is how the user is signed in, "" for not at all.
	Mode mcpprotocol.AuthMode

	// Email, Plan and AccountID are what the id token says, unverified.
	Email     string
	Plan      mcpprotocol.PlanType
	AccountID string

	// LastRefresh is when the tokens were issued, zero if that is not known.
	LastRefresh time.Time

	// Problem says why auth.json is there but cannot be used.
	Problem error

	token   Secret // the API key or the access token
	refresh Secret
}

// SignedIn reports whether there is something to sign requests with.
func (s Snapshot) SignedIn() bool { return s.token.Reveal() != "" }

// Token returns the API key or the access token.
func (s Snapshot) Token() Secret { return s.token }

// A Credential is what signs one request.
type Credential struct {
	Mode      mcpprotocol.AuthMode
	Token     Secret // for the Authorization header
	AccountID string // for the chatgpt-account-id header, if not empty
}

// keyMember is the name of the API key in auth.json.
const keyMember = "OPENAI_API_KEY"

// snapshotOf reads what auth.json says. A file that cannot be used is a
// signed-out snapshot with a problem.
func snapshotOf(file *mcpprotocol.AuthFile) Snapshot {
	if file == nil {
		return Snapshot{}
	}
	var s Snapshot
	if t := file.Tokens; t != nil {
		claims, err := parseIDToken(t.IDToken)
		if err != nil {
			return Snapshot{Problem: fmt.Errorf("tokens.id_token: %w", err)}
		}
		s.Email, s.AccountID = claims.Email, t.AccountID
		if claims.Auth != nil {
			s.Plan = claims.Auth.ChatgptPlanType
		}
	}
	if file.LastRefresh != "" {
		at, err := time.Parse(time.RFC3339, file.LastRefresh)
		if err != nil {
			return Snapshot{Problem: fmt.Errorf("last_refresh: %q is no time", file.LastRefresh)}
		}
		s.LastRefresh = at
	}
	if key, ok := apiKey(file); ok {
		s.Mode, s.token = mcpprotocol.AuthModeApikey, NewSecret(key)
		return s
	}
	s.Mode = mcpprotocol.AuthModeChatgpt
	if t := file.Tokens; t != nil {
		s.token, s.refresh = NewSecret(t.AccessToken), NewSecret(t.RefreshToken)
	}
	return s
}

// apiKey returns the key in the file; an empty one is a key, null is none.
func apiKey(file *mcpprotocol.AuthFile) (string, bool) {
	if file.APIKey != "" {
		return file.APIKey, true
	}
	raw, ok := file.Extra.Get(keyMember)
	return "", ok && !raw.IsNull()
}

var errNoJWT = errors.New("not a JSON Web Token")

// parseIDToken returns the claims of an id token. Its signature is not checked:
// it came over TLS from the authorization server, or from the user's own file.
func parseIDToken(token string) (*mcpprotocol.IDTokenClaims, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" || parts[2] == "" {
		return nil, errNoJWT
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, errNoJWT
	}
	claims := &mcpprotocol.IDTokenClaims{}
	if err := wire.Unmarshal(payload, claims); err != nil {
		return nil, errNoJWT // the cause could quote the payload
	}
	return claims, nil
}
