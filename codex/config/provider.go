package config

import (
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/codexmcp/codexmcp/codex/model"
)

// maxIdleTimeout is the longest silence of a provider that can be asked for.
const maxIdleTimeout = 24 * time.Hour

// A Provider is where models are asked: a built-in one or an entry of
// model_providers.
type Provider struct {
	model.Provider
	// ID is the name that model_provider selects it by.
	ID string

	baseURLFrom Origin
	from        Origin
}

// builtinProviders returns the providers that config.toml cannot change.
func builtinProviders(environ []string, version string) []Provider {
	getenv := func(name string) string { return lookup(environ, name) }
	openAI := Provider{ID: "openai", Provider: model.OpenAI(version, getenv)}
	if openAI.BaseURL != "" {
		openAI.baseURLFrom = Origin{Layer: LayerEnvironment, Name: "OPENAI_BASE_URL"}
	}
	oss := Provider{ID: "oss", Provider: model.OSS(getenv)}
	for _, name := range []string{"CODEX_OSS_PORT", "CODEX_OSS_BASE_URL"} {
		if strings.TrimSpace(getenv(name)) != "" {
			oss.baseURLFrom = Origin{Layer: LayerEnvironment, Name: name}
		}
	}
	return []Provider{openAI, oss}
}

func decodeProvider(d *decoder, s namedSection) Provider {
	baseURL := read(d, s.section, "base_url", asString)
	wire := read(d, s.section, "wire_api", oneOf(model.WireAPIResponses, model.WireAPIChat))
	idle := read(d, s.section, "stream_idle_timeout_ms", asCount)
	p := Provider{
		ID: s.id,
		Provider: model.Provider{
			Name:               need(d, s, "name", asString).value,
			BaseURL:            baseURL.value,
			EnvKey:             read(d, s.section, "env_key", asString).value,
			EnvKeyInstructions: read(d, s.section, "env_key_instructions", asString).value,
			WireAPI:            model.WireAPIChat,
			QueryParams:        read(d, s.section, "query_params", asStringMap).value,
			HTTPHeaders:        read(d, s.section, "http_headers", asStringMap).value,
			EnvHTTPHeaders:     read(d, s.section, "env_http_headers", asStringMap).value,
			RequestMaxRetries:  retries(read(d, s.section, "request_max_retries", asCount)),
			StreamMaxRetries:   retries(read(d, s.section, "stream_max_retries", asCount)),
			RequiresOpenAIAuth: read(d, s.section, "requires_openai_auth", asBool).value,
		},
		baseURLFrom: baseURL.from,
		from:        s.from,
	}
	if wire.set {
		p.WireAPI = wire.value
	}
	if idle.set {
		p.StreamIdleTimeout = time.Duration(min(idle.value, int64(maxIdleTimeout/time.Millisecond))) * time.Millisecond
	}
	checkHeaders(d, s, "http_headers", p.HTTPHeaders, validHeaderValue)
	checkHeaders(d, s, "env_http_headers", p.EnvHTTPHeaders, func(string) bool { return true })
	return p
}

// retries is a number of retries, nil when it is not set. The provider bounds it.
func retries(s setting[int64]) *int {
	if !s.set {
		return nil
	}
	return new(int(min(s.value, math.MaxInt32)))
}

// checkHeaders refuses what no HTTP client could send. It does not show values.
func checkHeaders(d *decoder, s namedSection, key string, headers map[string]string, valid func(string) bool) {
	for _, name := range sortedKeys(headers) {
		at := s.get(key)
		if t, ok := at.value.(*table); ok && t.get(name) != nil {
			at = t.get(name)
		}
		switch {
		case !validHeaderName(name):
			d.fail(at, s.key(key), "%q is not the name of a header", name)
		case !valid(headers[name]):
			d.fail(at, s.key(key)+"."+name, "a header value has no control characters")
		}
	}
}

func validHeaderName(name string) bool {
	return name != "" && strings.IndexFunc(name, func(r rune) bool {
		return r >= 0x7f || !isNameByte(byte(r)) && !isDigit(byte(r)) && !strings.ContainsRune("!#$%&'*+-.^`|~", r)
	}) < 0
}

func validHeaderValue(value string) bool {
	return strings.IndexFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) < 0
}

// check reports a base URL that cannot be asked.
func (p Provider) check() error {
	if p.BaseURL == "" {
		return nil
	}
	u, err := url.Parse(p.BaseURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return &ValueError{
			Origin: p.baseURLFrom, Key: "model_providers." + p.ID + ".base_url",
			Problem: fmt.Sprintf("expected the URL of a model API, such as \"https://host/v1\", found %q", redactURL(p.BaseURL)),
		}
	}
	return nil
}

// redactURL hides a password.
func redactURL(text string) string {
	if u, err := url.Parse(text); err == nil && u.User != nil {
		return u.Redacted()
	}
	return text
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// credentialVariables are the environment variables that hold credentials for
// the configured providers and external servers.
func (s *settings) credentialVariables() []string {
	var names []string
	for i := range s.providers {
		p := &s.providers[i]
		names = append(names, p.EnvKey)
		for _, header := range sortedKeys(p.EnvHTTPHeaders) {
			names = append(names, p.EnvHTTPHeaders[header])
		}
	}
	for i := range s.servers {
		names = append(names, s.servers[i].BearerTokenVar)
	}
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(coreVariables, name) })
}
