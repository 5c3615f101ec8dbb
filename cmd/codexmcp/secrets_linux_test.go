package main

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex/model/scripted"
)

// Whatever the program writes, to its client, to its log, into its home, and
// whatever commands and external servers see: no secret is in it. The scripted
// model alone gets those that are meant for it.
func TestSecretsStayWhereTheyBelong(t *testing.T) {
	secrets := map[string]string{
		"the key of the login":           "sk-login-4711",
		"the variable of a provider":     "pass-4712",
		"the variable of a header":       "header-4713",
		"a header of the configuration":  "header-4714",
		"the password in a base URL":     "url-4715",
		"a parameter of a query":         "query-4716",
		"the environment of a server":    "server-4717",
		"a variable named like a secret": "token-4718",
	}
	refused, err := net.Listen("tcp", "127.0.0.1:0") // nobody answers there
	require.NoError(t, err)
	nowhere := refused.Addr().String()
	require.NoError(t, refused.Close())
	run := func(name string) scripted.Reply {
		return scripted.Reply{Calls: []scripted.Call{{ID: "call_" + name, Name: "shell", Arguments: `{"command":["sh","-c","env"]}`}}}
	}
	echo := func(names ...string) scripted.Reply { // endpoints repeat what they were sent
		text := "not with"
		for _, name := range names {
			text += " " + secrets[name]
		}
		return scripted.Reply{Status: 403, Body: `{"error":{"message":"` + text + `"}}`}
	}
	endpoint, err := scripted.Start(
		run("1"), scripted.Reply{Text: []string{"done"}},
		echo("the variable of a provider", "the variable of a header", "a header of the configuration", "a parameter of a query"),
		echo("the key of the login"),
	)
	require.NoError(t, err)
	defer func() { require.NoError(t, endpoint.Close()) }()
	home := newHome(t, `model_provider = "good"
model = "m"
approval_policy = "never"
sandbox_mode = "danger-full-access"
[model_providers.good]
name = "Good"
base_url = "`+endpoint.URL()+`"
wire_api = "responses"
env_key = "PROVIDER_PASS"
env_http_headers = { X-Env = "PROVIDER_HEADER" }
http_headers = { X-Static = "`+secrets["a header of the configuration"]+`" }
query_params = { key = "`+secrets["a parameter of a query"]+`" }
request_max_retries = 0
stream_max_retries = 0
[model_providers.login]
name = "Login"
base_url = "`+endpoint.URL()+`"
requires_openai_auth = true
[model_providers.bad]
name = "Bad"
base_url = "http://user:`+secrets["the password in a base URL"]+`@`+nowhere+`/v1"
requires_openai_auth = true
query_params = { key = "`+secrets["a parameter of a query"]+`" }
request_max_retries = 0
stream_max_retries = 0
[mcp_servers.broken]
command = "/nonexistent/server"
env = { SERVER_TOKEN = "`+secrets["the environment of a server"]+`" }
[mcp_servers.env]
command = "sh"
args = ["-c", "env >> {{OUT}}"]
`)
	seen := filepath.Join(t.TempDir(), "seen")
	config, err := os.ReadFile(filepath.Join(home, "config.toml"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(home, "config.toml"), []byte(strings.ReplaceAll(string(config), "{{OUT}}", seen)), 0o600))

	path, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(path, "serve", "--log-level", "debug")
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), programVariable+"=1", "CODEX_HOME="+home, "PROVIDER_PASS="+secrets["the variable of a provider"],
		"PROVIDER_HEADER="+secrets["the variable of a header"], "MY_TOKEN="+secrets["a variable named like a secret"], "HARMLESS=visible-4719")
	p := startServer(t, cmd)
	var told strings.Builder
	keep := func(value any) {
		text, err := json.Marshal(value)
		require.NoError(t, err)
		told.Write(text)
	}
	p.heard = keep
	p.must("loginApiKey", map[string]any{"apiKey": secrets["the key of the login"]})
	begin := func(params map[string]any) string {
		id := p.must("newConversation", params)["conversationId"].(string)
		p.must("addConversationListener", map[string]any{"conversationId": id})
		return id
	}
	id := begin(map[string]any{})
	p.turn(id, "look around")
	p.turn(id, "be refused")
	id = begin(map[string]any{"config": map[string]any{"model_provider": "login"}})
	p.turn(id, "be refused with the login")
	id = begin(map[string]any{"config": map[string]any{"model_provider": "bad"}})
	p.turn(id, "reach nobody")
	p.must("getUserSavedConfig", nil)
	_, refusal := p.call("newConversation", map[string]any{"config": map[string]any{"model_providers.bad.http_headers": secrets["a header of the configuration"]}})
	require.NotEmpty(t, refusal)
	p.exit()

	require.Contains(t, told.String(), "visible-4719", "the command's output is there")
	require.Contains(t, told.String(), "403")
	require.Contains(t, told.String(), nowhere)
	require.Contains(t, told.String(), "/nonexistent/server")
	written := map[string]string{"to the client": told.String(), "to the log": p.errw.String()}
	require.NoError(t, filepath.WalkDir(home, func(at string, entry os.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && entry.Name() != "auth.json" && entry.Name() != "config.toml" {
			text, err := os.ReadFile(at)
			require.NoError(t, err)
			written["in "+entry.Name()] = string(text)
		}
		return err
	}))
	text, err := os.ReadFile(seen)
	require.NoError(t, err)
	written["to an external server"] = string(text)
	for where, text := range written {
		for name, secret := range secrets {
			require.NotContains(t, text, secret, "%s, written %s", name, where)
		}
	}
	requests := endpoint.Requests()
	require.Equal(t, "Bearer "+secrets["the variable of a provider"], requests[0].Header.Get("Authorization"))
	require.Equal(t, "Bearer "+secrets["the key of the login"], requests[len(requests)-1].Header.Get("Authorization"))

	for _, args := range [][]string{{"config", "check"}, {"mcp", "list"}, {"mcp", "get", "broken"}, {"login", "status"}} {
		r := runWith(t, "", args...)
		for name, secret := range secrets {
			require.NotContains(t, r.out+r.err, secret, "%s, said by %q", name, args)
		}
	}
}
