package model

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// WireAPI is the HTTP API that a provider speaks.
type WireAPI string

// The two APIs.
const (
	WireAPIChat      WireAPI = "chat"      // POST base/chat/completions
	WireAPIResponses WireAPI = "responses" // POST base/responses
)

// Valid reports whether a is one of the two APIs.
func (a WireAPI) Valid() bool { return a == WireAPIChat || a == WireAPIResponses }

// Defaults of a provider, and the most retries that a configuration gets.
const (
	DefaultRequestMaxRetries = 4
	DefaultStreamMaxRetries  = 5
	DefaultStreamIdleTimeout = 5 * time.Minute

	maxRetries = 100
)

// Base addresses of a provider that names none.
const (
	openAIBaseURL  = "https://api.openai.com/v1"
	chatGPTBaseURL = "https://chatgpt.com/backend-api/codex"
)

// A Provider says where a model is served and how to ask for it: one entry of model_providers in
// config.toml. The zero value of an optional field means its default.
type Provider struct {
	Name    string // for people
	BaseURL string // default: OpenAI's, or ChatGPT's when the credentials are of a ChatGPT login
	WireAPI WireAPI

	// EnvKey names the environment variable with the API key. EnvKeyInstructions is added to the
	// error when it is not set.
	EnvKey             string
	EnvKeyInstructions string

	// RequiresOpenAIAuth lets requests carry the credentials of the login. A provider that does not
	// ask for them never gets them.
	RequiresOpenAIAuth bool

	QueryParams map[string]string // appended to the URL as they are, sorted by name
	HTTPHeaders map[string]string // sent with every request
	// EnvHTTPHeaders maps headers to environment variables; one that is unset or blank is not sent.
	EnvHTTPHeaders map[string]string

	RequestMaxRetries *int // further attempts for one HTTP request, default 4
	StreamMaxRetries  *int // further attempts for one answer, default 5
	StreamIdleTimeout time.Duration
}

// OpenAI is the built-in provider "openai". The version goes into a header; getenv is os.Getenv.
func OpenAI(version string, getenv func(string) string) Provider {
	return Provider{
		Name:               "OpenAI",
		BaseURL:            strings.TrimSpace(getenv("OPENAI_BASE_URL")),
		WireAPI:            WireAPIResponses,
		RequiresOpenAIAuth: true,
		HTTPHeaders:        map[string]string{"version": version},
		EnvHTTPHeaders: map[string]string{
			"OpenAI-Organization": "OPENAI_ORGANIZATION",
			"OpenAI-Project":      "OPENAI_PROJECT",
		},
	}
}

// OSS is the built-in provider "oss": a model served on this machine.
func OSS(getenv func(string) string) Provider {
	base := strings.TrimSpace(getenv("CODEX_OSS_BASE_URL"))
	if base == "" {
		port := strings.TrimSpace(getenv("CODEX_OSS_PORT"))
		if port == "" {
			port = "11434"
		}
		base = "http://localhost:" + port + "/v1"
	}
	return Provider{Name: "gpt-oss", BaseURL: base, WireAPI: WireAPIChat}
}

// RequestRetries is how many further attempts one HTTP request gets.
func (p Provider) RequestRetries() int {
	return retries(p.RequestMaxRetries, DefaultRequestMaxRetries)
}

// StreamRetries is how many further attempts one answer gets. These attempts are the caller's to
// make, who tells people of each; see [Retryable].
func (p Provider) StreamRetries() int { return retries(p.StreamMaxRetries, DefaultStreamMaxRetries) }

func retries(n *int, otherwise int) int {
	if n == nil {
		return otherwise
	}
	return min(max(*n, 0), maxRetries)
}

// IdleTimeout is how long an endpoint may be silent while it answers.
func (p Provider) IdleTimeout() time.Duration {
	if p.StreamIdleTimeout <= 0 {
		return DefaultStreamIdleTimeout
	}
	return p.StreamIdleTimeout
}

// azureHosts are parts of a base URL that mean the responses API as Azure serves it.
var azureHosts = []string{"openai.azure.", "cognitiveservices.azure.", "aoai.azure.", "azure-api.", "azurefd."}

// isAzure reports whether the responses API is served by Azure, which wants answers stored and
// items named by their ids.
func (p Provider) isAzure() bool {
	if p.WireAPI != WireAPIResponses {
		return false
	}
	base := strings.ToLower(p.BaseURL)
	return strings.EqualFold(p.Name, "azure") ||
		slices.ContainsFunc(azureHosts, func(part string) bool { return strings.Contains(base, part) })
}

// target is the URL to post to. Base and query are put together as they were written: some gateways
// know their paths only with a doubled slash or an unescaped character. Only what no request may
// contain is escaped.
func (p Provider) target(chatGPT bool) (*url.URL, error) {
	base := p.BaseURL
	switch {
	case base != "":
	case chatGPT:
		base = chatGPTBaseURL
	default:
		base = openAIBaseURL
	}
	path := "/responses"
	if p.WireAPI == WireAPIChat {
		path = "/chat/completions"
	}
	var query strings.Builder
	for i, name := range slices.Sorted(maps.Keys(p.QueryParams)) {
		separator := "&"
		if i == 0 {
			separator = "?"
		}
		query.WriteString(separator)
		for _, c := range []byte(name + "=" + p.QueryParams[name]) {
			if c <= ' ' || c >= 0x7f || strings.IndexByte(`"<>`, c) >= 0 {
				fmt.Fprintf(&query, "%%%02X", c)
				continue
			}
			query.WriteByte(c)
		}
	}
	u, err := url.Parse(base + path + query.String())
	if err != nil {
		return nil, fmt.Errorf("provider %q: base URL: %w", p.Name, withoutURL(err))
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("provider %q: base URL %q is no http or https address", p.Name, p.BaseURL)
	}
	return u, nil
}

// headers are what the configuration adds to every request.
func (p Provider) headers(getenv func(string) string) (http.Header, error) {
	headers := http.Header{}
	set := func(name, value string) error {
		if !validHeaderName(name) || !validHeaderValue(value) {
			return fmt.Errorf("provider %q: header %q is not one that can be sent", p.Name, name)
		}
		headers.Set(name, value)
		return nil
	}
	for name, value := range p.HTTPHeaders {
		if err := set(name, value); err != nil {
			return nil, err
		}
	}
	for name, variable := range p.EnvHTTPHeaders {
		value := getenv(variable)
		if strings.TrimSpace(value) == "" {
			continue
		}
		if err := set(name, value); err != nil {
			return nil, err
		}
	}
	return headers, nil
}

func validHeaderName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
	})
}

func validHeaderValue(value string) bool {
	return !strings.ContainsFunc(value, func(r rune) bool { return r != '\t' && r < ' ' || r == 0x7f })
}
