package oauth

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/codexmcp/codexmcp/wire"
)

// Bounds of what an issuer can make us keep or wait for.
const (
	maxDocument = 1 << 20
	maxKeys     = 100
	fetchTime   = 10 * time.Second
	minRSABits  = 2048
	// staleTime is for how many times their age keys are used while the issuer
	// cannot be reached.
	staleTime = 24
)

// A keySet holds the keys of an issuer.
type keySet struct {
	issuer     Issuer
	client     *http.Client
	age, pause time.Duration
	turn       chan struct{} // who has put something in fetches

	// mu protects what follows.
	mu      sync.Mutex
	keys    []jose.JSONWebKey
	fetched time.Time // when the keys came
	tried   time.Time // when they were last asked for
	failed  error     // why they did not come then
}

// find returns the keys that may have signed with an algorithm: the one of an
// id, or all if there is none.
func (s *keySet) find(ctx context.Context, id, algorithm string) ([]jose.JSONWebKey, error) {
	found, fresh := s.kept(id, algorithm)
	if fresh && len(found) > 0 {
		return found, nil
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the keys of %q: %w", s.issuer.URL, context.Cause(ctx))
	}
	if found, fresh = s.kept(id, algorithm); fresh && len(found) > 0 {
		return found, nil // somebody else has fetched them
	}
	s.mu.Lock()
	wait := time.Since(s.tried) < s.pause
	s.mu.Unlock()
	if !wait {
		s.fetch(ctx)
		found, _ = s.kept(id, algorithm)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(found) == 0 && s.failed != nil {
		return nil, fmt.Errorf("keys of %q: %w", s.issuer.URL, s.failed)
	}
	return found, nil
}

// kept returns the keys that are known, and whether they are young enough.
func (s *keySet) kept(id, algorithm string) (found []jose.JSONWebKey, fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := time.Since(s.fetched)
	if old > staleTime*s.age {
		return nil, false
	}
	for _, k := range s.keys {
		if (id == "" || k.KeyID == id) && (k.Algorithm == "" || k.Algorithm == algorithm) {
			found = append(found, k)
		}
	}
	return found, old < s.age
}

// fetch asks the issuer for its keys, for all who wait.
func (s *keySet) fetch(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTime)
	defer cancel()
	keys, err := s.load(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tried, s.failed = time.Now(), err
	if err == nil {
		s.keys, s.fetched = keys, s.tried
	}
}

// load fetches the keys.
func (s *keySet) load(ctx context.Context) ([]jose.JSONWebKey, error) {
	at := s.issuer.KeysURL
	if at == "" {
		var err error
		if at, err = s.discover(ctx); err != nil {
			return nil, err
		}
	}
	text, _, err := s.get(ctx, at)
	if err != nil {
		return nil, err
	}
	var keys []jose.JSONWebKey
	d := wire.NewDecoder(text)
	for name, ok := d.First(); ok; name, ok = d.Next() {
		if name != "keys" {
			d.Skip()
			continue
		}
		for more := d.FirstItem(); more; more = d.NextItem() {
			var k jose.JSONWebKey
			// Kinds of keys that nobody knows here are no reason to refuse the others.
			if json.Unmarshal(d.Raw().Bytes(), &k) == nil && usable(&k) && len(keys) < maxKeys {
				keys = append(keys, k)
			}
		}
	}
	if err := d.End(); err != nil {
		return nil, fmt.Errorf("read %q: %w", at, err)
	}
	return keys, nil
}

// usable reports whether a key is one that signatures are verified with.
func usable(k *jose.JSONWebKey) bool {
	if key, ok := k.Key.(*rsa.PublicKey); ok && key.N.BitLen() < minRSABits {
		return false
	}
	return k.Valid() && k.IsPublic() && (k.Use == "" || k.Use == "sig")
}

// discover finds out where the keys are.
func (s *keySet) discover(ctx context.Context) (string, error) {
	u, err := url.Parse(s.issuer.URL)
	if err != nil {
		return "", err
	}
	origin, path := u.Scheme+"://"+u.Host, strings.TrimSuffix(u.EscapedPath(), "/")
	places := []string{
		origin + "/.well-known/oauth-authorization-server" + path,
		origin + "/.well-known/openid-configuration" + path,
		origin + path + "/.well-known/openid-configuration",
	}
	for _, place := range places {
		text, found, err := s.get(ctx, place)
		if err != nil && found {
			return "", err
		}
		if err != nil {
			continue
		}
		var metadata wire.Members
		if err := metadata.UnmarshalJSON([]byte(text)); err != nil {
			return "", fmt.Errorf("read %q: %w", place, err)
		}
		if issuer := member(metadata, "issuer"); issuer != s.issuer.URL {
			return "", fmt.Errorf("read %q: it is of the issuer %q", place, issuer)
		}
		at := member(metadata, "jwks_uri")
		if err := trusted(at); err != nil {
			return "", fmt.Errorf("read %q: jwks_uri %w", place, err)
		}
		return at, nil
	}
	return "", errors.New("it has no metadata at the places that are known")
}

// member returns a text of a document, empty if it is none.
func member(m wire.Members, name string) string {
	raw, _ := m.Get(name)
	d := wire.NewDecoder(raw.String())
	return d.String()
}

// get fetches a document. found is false if there is none.
func (s *keySet) get(ctx context.Context, at string) (text string, found bool, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return "", true, err
	}
	r.Header.Set("Accept", "application/json")
	resp, err := s.client.Do(r)
	if err != nil {
		return "", true, err
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	if resp.StatusCode != http.StatusOK {
		return "", resp.StatusCode >= 500, fmt.Errorf("get %q: %s", at, resp.Status)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	if err == nil && len(data) > maxDocument {
		err = fmt.Errorf("over %d bytes", maxDocument)
	}
	if err != nil {
		return "", true, fmt.Errorf("get %q: %w", at, err)
	}
	return string(data), true, nil
}
