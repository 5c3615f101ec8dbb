package model_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex/model"
	"github.com/codexmcp/codexmcp/codex/model/scripted"
)

func TestHeaders(t *testing.T) {
	common := http.Header{
		"Accept":       {"text/event-stream"},
		"Content-Type": {"application/json"},
		"User-Agent":   {"codex_cli_rs/1.0 (Debian 12; x86_64) xterm"},
		"Originator":   {"codex_cli_rs"},
	}
	tests := []struct {
		name   string
		api    model.WireAPI
		change func(*model.Provider)
		path   string
		want   http.Header // beside the common ones
	}{
		{"chat", model.WireAPIChat, nil, "/v1/chat/completions", http.Header{}},
		{"responses", model.WireAPIResponses, nil, "/v1/responses", http.Header{
			"Openai-Beta": {"responses=experimental"}, "Conversation_id": {"conv-1"}, "Session_id": {"conv-1"}}},
		{"configured", model.WireAPIChat, func(p *model.Provider) {
			p.EnvKey = "MOCK_KEY"
			p.HTTPHeaders = map[string]string{"X-One": "one"}
			p.EnvHTTPHeaders = map[string]string{"OpenAI-Organization": "ORG", "OpenAI-Project": "UNSET", "X-Blank": "BLANK"}
			p.QueryParams = map[string]string{"b": "x y%2f é", "api-version": "2025"}
		}, "/v1/chat/completions?api-version=2025&b=x%20y%2f%20%C3%A9", http.Header{
			"Authorization": {"Bearer key-1"}, "X-One": {"one"}, "Openai-Organization": {"org-1"}}},
		{"configured ones win", model.WireAPIChat, func(p *model.Provider) {
			p.EnvKey = "MOCK_KEY"
			p.HTTPHeaders = map[string]string{"authorization": "Basic x"}
		}, "/v1/chat/completions", http.Header{"Authorization": {"Basic x"}}},
		{"odd base", model.WireAPIChat, func(p *model.Provider) { p.BaseURL += "//a%2Fb/" },
			"/v1//a%2Fb//chat/completions", http.Header{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server, provider := start(t, test.api, scripted.Reply{})
			if test.change != nil {
				test.change(&provider)
			}
			got := send(t, provider, server, model.Options{
				UserAgent: "codex_cli_rs/1.0 (Debian 12; x86_64) xterm", Originator: "codex_cli_rs",
				Getenv: env(map[string]string{"MOCK_KEY": " key-1\n", "ORG": "org-1", "BLANK": " "}),
			}, helloRequest(t))
			require.Equal(t, http.MethodPost, got.Method)
			require.Equal(t, test.path, got.Path)
			for name, values := range common {
				if test.want[name] == nil {
					test.want[name] = values
				}
			}
			got.Header.Del("Content-Length")
			got.Header.Del("Accept-Encoding")
			require.Equal(t, test.want, got.Header, "and nothing else, such as what a library says about itself")
		})
	}
}

// Rough edge 64: credentials of the login go only where they were asked for.
func TestCredentials(t *testing.T) {
	login := func(context.Context) (model.Credential, error) {
		return model.Credential{Bearer: "login", AccountID: "acct", ChatGPT: true}, nil
	}
	nobody := func(context.Context) (model.Credential, error) { return model.Credential{}, nil }
	broken := func(context.Context) (model.Credential, error) {
		return model.Credential{}, errors.New("no last_refresh")
	}
	tests := []struct {
		name        string
		envKey      string
		requires    bool
		credentials func(context.Context) (model.Credential, error)
		want        string
		account     string
		wantErr     string
	}{
		{"none asked for", "", false, login, "", "", ""},
		{"asked for", "", true, login, "Bearer login", "acct", ""},
		{"asked for, nobody logged in", "", true, nobody, "", "", ""},
		{"asked for, no login known", "", true, nil, "", "", ""},
		{"asked for, login broken", "", true, broken, "", "", "no last_refresh"},
		{"key", "KEY", false, login, "Bearer key", "", ""},
		{"key wins", "KEY", true, login, "Bearer key", "", ""},
		{"key missing", "UNSET", false, login, "", "", `"UNSET" with the API key is not set: Set it.`},
		{"key blank", "BLANK", false, login, "", "", `"BLANK" with the API key is not set`},
		{"key missing, login instead", "UNSET", true, login, "Bearer login", "acct", ""},
		{"key missing, nobody logged in", "UNSET", true, nobody, "", "", `"UNSET" with the API key is not set`},
		{"key that is no header", "BAD", false, nil, "", "", "not one that can be sent"},
	}
	for _, api := range []model.WireAPI{model.WireAPIChat, model.WireAPIResponses} {
		for _, test := range tests {
			t.Run(test.name+"/"+string(api), func(t *testing.T) {
				t.Parallel()
				server, provider := start(t, api, scripted.Reply{})
				provider.EnvKey, provider.EnvKeyInstructions = test.envKey, "Set it."
				provider.RequiresOpenAIAuth = test.requires
				_, err := ask(t, model.New(provider, model.Options{
					Credentials: test.credentials,
					Getenv:      env(map[string]string{"KEY": "key", "BLANK": "  ", "BAD": "a\nb"}),
				}), helloRequest(t))
				if test.wantErr != "" {
					require.ErrorContains(t, err, test.wantErr)
					_, again := model.Retryable(err)
					require.False(t, again)
					require.Empty(t, server.Requests())
					return
				}
				require.NoError(t, err)
				header := server.Requests()[0].Header
				require.Equal(t, test.want, header.Get("Authorization"))
				require.Equal(t, test.account, header.Get("Chatgpt-Account-Id"))
			})
		}
	}
}

func TestRefusedCredentialsAreRenewedOnce(t *testing.T) {
	refused := scripted.Reply{Status: http.StatusUnauthorized, Body: `{"error":{"message":"expired"}}`}
	tests := []struct {
		name    string
		script  []scripted.Reply
		refresh error
		want    int // requests
		wantErr string
	}{
		{"once", []scripted.Reply{refused, {}}, nil, 2, ""},
		{"in vain", []scripted.Reply{refused, refused, {}}, nil, 2, "401 Unauthorized: expired"},
		{"not possible", []scripted.Reply{refused, {}}, errors.New("no token"), 1, "no token"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server, provider := start(t, model.WireAPIResponses, test.script...)
			provider.RequiresOpenAIAuth = true
			token := "old"
			_, err := ask(t, model.New(provider, model.Options{
				Getenv:      noEnv,
				Credentials: func(context.Context) (model.Credential, error) { return model.Credential{Bearer: token}, nil },
				Refresh:     func(context.Context) error { token = "new"; return test.refresh },
			}), helloRequest(t))
			requests := server.Requests()
			require.Len(t, requests, test.want)
			require.Equal(t, "Bearer old", requests[0].Header.Get("Authorization"))
			if len(requests) > 1 {
				require.Equal(t, "Bearer new", requests[1].Header.Get("Authorization"))
			}
			if test.wantErr == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.wantErr)
			_, again := model.Retryable(err)
			require.False(t, again)
		})
	}
}

func TestProviderThatCannotWork(t *testing.T) {
	tests := []struct {
		name     string
		provider model.Provider
		want     string
	}{
		{"no URL", model.Provider{Name: "P", BaseURL: "http://us er:secret@[::1"}, `provider "P": base URL`},
		{"no scheme", model.Provider{Name: "P", BaseURL: "example.com/v1"}, `"example.com/v1" is no http or https address`},
		{"header name", model.Provider{Name: "P", BaseURL: "http://127.0.0.1:1", HTTPHeaders: map[string]string{"a b": "c"}}, `header "a b"`},
		{"header value", model.Provider{Name: "P", BaseURL: "http://127.0.0.1:1", HTTPHeaders: map[string]string{"a": "c\nd"}}, `header "a"`},
		{"header of the environment", model.Provider{Name: "P", BaseURL: "http://127.0.0.1:1", EnvHTTPHeaders: map[string]string{"a": "BAD"}}, `header "a"`},
		{"API", model.Provider{Name: "P", BaseURL: "http://127.0.0.1:1", WireAPI: "grpc"}, `unknown wire_api "grpc"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := ask(t, model.New(test.provider, model.Options{Getenv: env(map[string]string{"BAD": "c\nd"})}), helloRequest(t))
			require.ErrorContains(t, err, test.want)
			require.NotContains(t, err.Error(), "secret")
			_, again := model.Retryable(err)
			require.False(t, again)
		})
	}
}

func TestBuiltInProviders(t *testing.T) {
	p := model.OpenAI("1.2.3", env(map[string]string{"OPENAI_BASE_URL": " http://x/v1 "}))
	require.Equal(t, "http://x/v1", p.BaseURL)
	require.Equal(t, model.WireAPIResponses, p.WireAPI)
	require.True(t, p.RequiresOpenAIAuth)
	require.Equal(t, "1.2.3", p.HTTPHeaders["version"])
	require.Equal(t, 4, p.RequestRetries())
	require.Equal(t, 5, p.StreamRetries())
	require.Equal(t, model.DefaultStreamIdleTimeout, p.IdleTimeout())

	require.Equal(t, "http://localhost:11434/v1", model.OSS(noEnv).BaseURL)
	require.Equal(t, "http://localhost:1/v1", model.OSS(env(map[string]string{"CODEX_OSS_PORT": "1"})).BaseURL)
	require.Equal(t, "http://y", model.OSS(env(map[string]string{"CODEX_OSS_PORT": "1", "CODEX_OSS_BASE_URL": "http://y"})).BaseURL)
	require.False(t, model.OSS(noEnv).RequiresOpenAIAuth)

	p.RequestMaxRetries, p.StreamMaxRetries = new(1000), new(-1)
	require.Equal(t, 100, p.RequestRetries())
	require.Equal(t, 0, p.StreamRetries())
}
