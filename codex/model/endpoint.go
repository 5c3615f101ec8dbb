package model

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

// A Credential is what a login gives.
type Credential struct {
	Bearer    string // empty when nobody is logged in
	AccountID string // of a ChatGPT login, when it is known
	ChatGPT   bool   // a ChatGPT login and no API key: this decides the default address
}

// Options are what an endpoint needs beside its provider. All are optional.
type Options struct {
	UserAgent  string
	Originator string

	// Credentials returns the login's credentials. It is asked once for each HTTP request, and only
	// if the provider requires them and has no key of its own.
	Credentials func(context.Context) (Credential, error)
	// Refresh renews the credentials after the endpoint refused them. The request is then sent once
	// more.
	Refresh func(context.Context) error

	// Getenv reads the environment, by default that of the process: keys and headers of the
	// provider, and CODEX_RS_SSE_FIXTURE.
	Getenv func(string) string

	// HTTPClient is used instead of the one that all endpoints share, which keeps connections open
	// between requests and follows the proxy settings of the environment.
	HTTPClient *http.Client
}

// An Endpoint is a [Client] for one provider. It may be used by many goroutines at once.
type Endpoint struct {
	provider Provider
	options  Options
}

// New returns the endpoint of a provider. A provider that cannot work, because its URL is none for
// example, is reported by the first [Endpoint.Stream].
func New(provider Provider, options Options) *Endpoint {
	if options.Getenv == nil {
		options.Getenv = os.Getenv
	}
	if options.HTTPClient == nil {
		options.HTTPClient = sharedClient()
	}
	provider.WireAPI = cmp.Or(provider.WireAPI, WireAPIChat)
	return &Endpoint{provider: provider, options: options}
}

// Provider returns what the endpoint was made for.
func (e *Endpoint) Provider() Provider { return e.provider }

var sharedClient = sync.OnceValue(func() *http.Client {
	transport := &http.Transport{}
	if t, ok := http.DefaultTransport.(*http.Transport); ok {
		transport = t.Clone()
	}
	transport.MaxIdleConnsPerHost = 16  // conversations of one process talk to one host
	transport.DisableCompression = true // a compressed stream comes in lumps
	return &http.Client{
		Transport: transport,
		// A request with credentials and a conversation in it goes where it was meant to go.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
})

// Stream implements [Client].
func (e *Endpoint) Stream(ctx context.Context, request Request) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		stopped := false
		emit := func(event Event) bool {
			stopped = stopped || !yield(event, nil)
			return !stopped
		}
		if err := e.stream(ctx, request, emit); err != nil && !stopped {
			yield(nil, err)
		}
	}
}

// errStopped ends reading when the consumer has gone.
var errStopped = errors.New("the consumer stopped")

func (e *Endpoint) stream(ctx context.Context, request Request, emit func(Event) bool) error {
	switch e.provider.WireAPI {
	case WireAPIChat:
		body, err := chatBody(request)
		if err != nil {
			return err
		}
		answer, err := e.post(ctx, body, request.ConversationID)
		if err != nil {
			return err
		}
		defer answer.close()
		return hide(readChat(answer, request.ShowRawReasoning, emit), answer.secrets)

	case WireAPIResponses:
		azure := e.provider.isAzure()
		if path := e.options.Getenv("CODEX_RS_SSE_FIXTURE"); path != "" {
			answer, err := openFixture(ctx, path, e.provider.IdleTimeout())
			if err != nil {
				return err
			}
			defer answer.close()
			return readResponses(answer, request.ShowRawReasoning, azure, emit)
		}
		body, err := responsesBody(request, azure)
		if err != nil {
			return err
		}
		answer, err := e.post(ctx, body, request.ConversationID)
		if err != nil {
			return err
		}
		defer answer.close()
		return hide(readResponses(answer, request.ShowRawReasoning, azure, emit), answer.secrets)
	}
	return fmt.Errorf("provider %q: unknown wire_api %q", e.provider.Name, e.provider.WireAPI)
}

// post sends a request until it is answered with success or the attempts are used up.
func (e *Endpoint) post(ctx context.Context, body []byte, conversationID string) (*answer, error) {
	refreshed := false
	for retry := 1; ; {
		credential, ofLogin, err := e.credential(ctx)
		if err != nil {
			return nil, err
		}
		secrets := e.secrets(credential)
		answer, err := e.attempt(ctx, body, conversationID, credential)
		if err == nil {
			answer.secrets = secrets
			return answer, nil
		}
		err = hide(err, secrets)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var status *StatusError
		if errors.As(err, &status) && status.Status == http.StatusUnauthorized &&
			ofLogin && !refreshed && e.options.Refresh != nil {
			refreshed = true
			if renewErr := e.options.Refresh(ctx); renewErr != nil {
				return nil, fmt.Errorf("%w; renewing the credentials: %w", err, renewErr)
			}
			continue
		}
		delay, again := Retryable(err)
		if !again || retry > e.provider.RequestRetries() {
			if status != nil && status.Status == http.StatusUnauthorized && e.provider.RequiresOpenAIAuth && credential.Bearer == "" {
				err = fmt.Errorf("%w; nobody is signed in (codexmcp login does that)", err)
			}
			return nil, err
		}
		if status == nil || !status.delayGiven {
			delay = Backoff(retry)
		}
		if err := sleep(ctx, delay); err != nil {
			return nil, err
		}
		retry++
	}
}

// credential decides what a request carries. Those of the login go to nobody who did not ask.
func (e *Endpoint) credential(ctx context.Context) (credential Credential, ofLogin bool, err error) {
	if e.provider.EnvKey != "" {
		if key := strings.TrimSpace(e.options.Getenv(e.provider.EnvKey)); key != "" {
			return Credential{Bearer: key}, false, nil
		}
	}
	if e.provider.RequiresOpenAIAuth && e.options.Credentials != nil {
		credential, err = e.options.Credentials(ctx)
		if err != nil {
			return Credential{}, false, fmt.Errorf("credentials of the login: %w", err)
		}
	}
	if credential.Bearer == "" && e.provider.EnvKey != "" {
		return Credential{}, false, &MissingKeyError{e.provider.EnvKey, e.provider.EnvKeyInstructions}
	}
	return credential, credential.Bearer != "", nil
}

// attempt sends the request once. The library makes the exchange; the middleware puts in what it
// would do differently: URL, headers and errors.
func (e *Endpoint) attempt(ctx context.Context, body []byte, conversationID string, credential Credential) (*answer, error) {
	target, err := e.provider.target(credential.ChatGPT)
	if err != nil {
		return nil, err
	}
	headers, err := e.headers(conversationID, credential)
	if err != nil {
		return nil, err
	}
	exact := func(request *http.Request, next option.MiddlewareNext) (*http.Response, error) {
		request.URL, request.Host, request.Header = target, target.Host, headers
		response, err := next(request)
		if err != nil {
			shown := url.URL{Scheme: target.Scheme, Host: target.Host, Path: target.Path}
			return nil, &ConnectError{shown.String(), withoutURL(err)}
		}
		if response.StatusCode != http.StatusOK {
			return nil, statusError(response)
		}
		return response, nil
	}
	client := openai.Client{Options: []option.RequestOption{
		option.WithBaseURL(target.Scheme + "://" + target.Host + "/"),
		option.WithHTTPClient(e.options.HTTPClient),
		option.WithMaxRetries(0),
		option.WithMiddleware(exact),
	}}
	a := newAnswer(ctx, e.provider.IdleTimeout())
	var response *http.Response
	a.watch()
	err = client.Post(a.ctx, "", body, &response)
	a.unwatch()
	if err != nil {
		a.close()
		return nil, a.cause(err)
	}
	a.read(response.Body, response.Header.Get("Content-Type"))
	return a, nil
}

// headers of one request; those of the configuration win.
func (e *Endpoint) headers(conversationID string, credential Credential) (http.Header, error) {
	headers := http.Header{}
	set := func(name, value string) {
		if value != "" && validHeaderValue(value) {
			headers.Set(name, value)
		}
	}
	set("Content-Type", "application/json")
	set("Accept", "text/event-stream")
	set("User-Agent", e.options.UserAgent)
	set("Originator", e.options.Originator)
	if credential.Bearer != "" {
		if !validHeaderValue(credential.Bearer) {
			return nil, fmt.Errorf("provider %q: the key is not one that can be sent", e.provider.Name)
		}
		headers.Set("Authorization", "Bearer "+credential.Bearer)
		set("Chatgpt-Account-Id", credential.AccountID)
	}
	if e.provider.WireAPI == WireAPIResponses {
		set("OpenAI-Beta", "responses=experimental")
		set("Conversation_id", conversationID)
		set("Session_id", conversationID)
	}
	configured, err := e.provider.headers(e.options.Getenv)
	if err != nil {
		return nil, err
	}
	for name, values := range configured {
		headers[name] = values
	}
	return headers, nil
}
