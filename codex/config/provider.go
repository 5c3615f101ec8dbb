package config

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A WireAPI is the model API that a provider speaks.
type WireAPI string

// The model APIs.
const (
	WireAPIResponses WireAPI = "responses"
	WireAPIChat      WireAPI = "chat"
)

// What a provider has unless it says otherwise.
const (
	defaultRequestRetries = 4
	defaultStreamRetries  = 5
	maxRetries            = 100
	defaultIdleTimeout    = 300 * time.Second
	maxIdleTimeout        = 24 * time.Hour
)

// The addresses of the OpenAI provider, by the way the user is signed in.
const (
	openAIBaseURL  = "https://api.openai.com/v1"
	chatGPTBaseURL = "https://chatgpt.com/backend-api/codex"
)

// A Provider is where models are asked: a built-in one or an entry of
// model_providers.
type Provider struct {
	ID                 string
	Name               string
	BaseURL            string // "" means OpenAI's, by the way the user is signed in
	EnvKey             string // the variable that holds the API key, if any
	EnvKeyInstructions string // how to get such a key
	WireAPI            WireAPI
	QueryParams        map[string]string
	HTTPHeaders        map[string]string
	EnvHTTPHeaders     map[string]string // header to variable
	RequestMaxRetries  int
	StreamMaxRetries   int
	StreamIdleTimeout  time.Duration

	// RequiresOpenAIAuth says that the user's sign-in is meant for this provider.
	// The credentials of auth.json must go to no other.
	RequiresOpenAIAuth bool

	baseURLFrom Origin
	from        Origin
}

// builtinProviders returns the providers that config.toml cannot change.
func builtinProviders(environ []string, version string) []Provider {
	openAI := Provider{
		ID: "openai", Name: "OpenAI", WireAPI: WireAPIResponses,
		HTTPHeaders: map[string]string{"version": version},
		EnvHTTPHeaders: map[string]string{
			"OpenAI-Organization": "OPENAI_ORGANIZATION",
			"OpenAI-Project":      "OPENAI_PROJECT",
		},
		RequestMaxRetries: defaultRequestRetries, StreamMaxRetries: defaultStreamRetries,
		StreamIdleTimeout: defaultIdleTimeout, RequiresOpenAIAuth: true,
	}
	if base := lookup(environ, "OPENAI_BASE_URL"); strings.TrimSpace(base) != "" {
		openAI.BaseURL, openAI.baseURLFrom = base, Origin{Layer: LayerEnvironment, Name: "OPENAI_BASE_URL"}
	}
	oss := Provider{
		ID: "oss", Name: "gpt-oss", WireAPI: WireAPIChat,
		RequestMaxRetries: defaultRequestRetries, StreamMaxRetries: defaultStreamRetries,
		StreamIdleTimeout: defaultIdleTimeout,
	}
	oss.BaseURL, oss.baseURLFrom = ossBaseURL(environ)
	return []Provider{openAI, oss}
}

func ossBaseURL(environ []string) (string, Origin) {
	if base := lookup(environ, "CODEX_OSS_BASE_URL"); strings.TrimSpace(base) != "" {
		return base, Origin{Layer: LayerEnvironment, Name: "CODEX_OSS_BASE_URL"}
	}
	if port, err := strconv.ParseUint(lookup(environ, "CODEX_OSS_PORT"), 10, 16); err == nil {
		return fmt.Sprintf("http://localhost:%d/v1", port), Origin{Layer: LayerEnvironment, Name: "CODEX_OSS_PORT"}
	}
	return "http://localhost:11434/v1", Origin{}
}

func decodeProvider(d *decoder, s namedSection) Provider {
	baseURL := read(d, s.section, "base_url", asString)
	wire := read(d, s.section, "wire_api", oneOf(WireAPIResponses, WireAPIChat))
	idle := read(d, s.section, "stream_idle_timeout_ms", asCount)
	p := Provider{
		ID:                 s.id,
		Name:               need(d, s, "name", asString).value,
		BaseURL:            baseURL.value,
		EnvKey:             read(d, s.section, "env_key", asString).value,
		EnvKeyInstructions: read(d, s.section, "env_key_instructions", asString).value,
		WireAPI:            WireAPIChat,
		QueryParams:        read(d, s.section, "query_params", asStringMap).value,
		HTTPHeaders:        read(d, s.section, "http_headers", asStringMap).value,
		EnvHTTPHeaders:     read(d, s.section, "env_http_headers", asStringMap).value,
		RequestMaxRetries:  retries(read(d, s.section, "request_max_retries", asCount), defaultRequestRetries),
		StreamMaxRetries:   retries(read(d, s.section, "stream_max_retries", asCount), defaultStreamRetries),
		StreamIdleTimeout:  defaultIdleTimeout,
		RequiresOpenAIAuth: read(d, s.section, "requires_openai_auth", asBool).value,
		baseURLFrom:        baseURL.from,
		from:               s.from,
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

func retries(s setting[int64], fallback int) int {
	if !s.set {
		return fallback
	}
	return int(min(s.value, maxRetries))
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

// URL returns the address of the model API, for a user who is signed in with a
// ChatGPT account or not. Slashes are joined as they are. Of the query only
// characters that no URL has are escaped, as it may be escaped already.
func (p Provider) URL(chatGPT bool) string {
	base := p.BaseURL
	switch {
	case base != "":
	case chatGPT:
		base = chatGPTBaseURL
	default:
		base = openAIBaseURL
	}
	path := "/chat/completions"
	if p.WireAPI == WireAPIResponses {
		path = "/responses"
	}
	var query strings.Builder
	for i, name := range sortedKeys(p.QueryParams) {
		separator := "&"
		if i == 0 {
			separator = "?"
		}
		query.WriteString(separator + escapeIllegal(name) + "=" + escapeIllegal(p.QueryParams[name]))
	}
	return base + path + query.String()
}

func escapeIllegal(text string) string {
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"#<>\\^`{|}", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Headers returns the headers of every request: the static ones, and those from
// variables that are set, not blank and fit to be sent.
func (p Provider) Headers(environ []string) http.Header {
	headers := http.Header{}
	for name, value := range p.HTTPHeaders {
		headers.Set(name, value)
	}
	for name, variable := range p.EnvHTTPHeaders {
		if value := lookup(environ, variable); strings.TrimSpace(value) != "" && validHeaderValue(value) {
			headers.Set(name, value)
		}
	}
	return headers
}

// APIKey returns the key of EnvKey, "" if the provider names no variable. A
// variable that is missing or blank is a [*MissingKeyError].
func (p Provider) APIKey(environ []string) (string, error) {
	if p.EnvKey == "" {
		return "", nil
	}
	if key := lookup(environ, p.EnvKey); strings.TrimSpace(key) != "" {
		return key, nil
	}
	return "", &MissingKeyError{Variable: p.EnvKey, Instructions: p.EnvKeyInstructions}
}

// A MissingKeyError reports that the variable with a provider's API key is not
// set. Trying again is of no use.
type MissingKeyError struct{ Variable, Instructions string }

// Error names the variable and says how to get a key.
func (e *MissingKeyError) Error() string {
	text := fmt.Sprintf("the environment variable %q, which holds the API key, is not set", e.Variable)
	if e.Instructions != "" {
		text += ": " + e.Instructions
	}
	return text
}

// Azure reports whether the provider is Azure's, whose responses API wants
// store and item ids.
func (p Provider) Azure() bool {
	if p.WireAPI != WireAPIResponses {
		return false
	}
	if strings.EqualFold(p.Name, "azure") {
		return true
	}
	base := strings.ToLower(p.BaseURL)
	return slices.ContainsFunc([]string{
		"openai.azure.", "cognitiveservices.azure.", "aoai.azure.", "azure-api.", "azurefd.",
	}, func(mark string) bool { return strings.Contains(base, mark) })
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
