package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex/model/scripted"
)

// originalVariable names the original program, codex 0.36.0. The tests in this
// file let it read what ours has written and the other way round; without it
// there is nothing to compare with.
const originalVariable = "CODEXMCP_ORIGINAL"

// A side is one of the two programs.
type side struct {
	name   string
	path   string
	server []string // the arguments that make it a server
	env    []string
}

// sides are our program and the original.
func sides(t *testing.T) (ours, theirs side) {
	t.Helper()
	original := os.Getenv(originalVariable)
	if original == "" {
		t.Skipf("%s does not name the original program", originalVariable)
	}
	program, err := os.Executable()
	require.NoError(t, err)
	return side{"ours", program, []string{"serve"}, []string{programVariable + "=1"}},
		side{"theirs", original, []string{"mcp"}, nil}
}

func (s side) command(home string, args ...string) *exec.Cmd {
	cmd := exec.Command(s.path, args...)
	cmd.Env = append(append(os.Environ(), "CODEX_HOME="+home), s.env...)
	cmd.Dir = home
	return cmd
}

func (s side) serve(t *testing.T, home string) *program {
	t.Helper()
	return startServer(t, s.command(home, s.server...))
}

func (s side) run(t *testing.T, home string, args ...string) string {
	t.Helper()
	out, err := s.command(home, args...).Output()
	require.NoError(t, err, "%s %q", s.name, args)
	return string(out)
}

// both calls f once with each program as the one that writes.
func both(t *testing.T, f func(t *testing.T, writer, reader side)) {
	ours, theirs := sides(t)
	t.Run("theirs is read by ours", func(t *testing.T) { f(t, theirs, ours) })
	t.Run("ours is read by theirs", func(t *testing.T) { f(t, ours, theirs) })
}

// modelHome is a home whose model is the scripted one.
func modelHome(t *testing.T, endpoint *scripted.Server) string {
	t.Helper()
	home := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(home, "config.toml"), []byte(`model = "gpt-5"
model_provider = "p"
approval_policy = "never"
sandbox_mode = "danger-full-access"

[model_providers.p]
name = "P"
base_url = "`+endpoint.URL()+`"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
`), 0o600))
	return home
}

// A conversation that one program has recorded goes on in the other: clients are
// told the same of it as by the program that recorded it, and so is the model.
func TestConversationsGoOnInTheOtherProgram(t *testing.T) {
	both(t, func(t *testing.T, writer, reader side) {
		endpoint, err := scripted.Start(
			scripted.Reply{
				Reasoning: []string{"I look."}, EncryptedReasoning: "E", RawReasoning: []string{"raw"},
				Calls: []scripted.Call{{ID: "call_1", Name: "shell", Arguments: `{"command":["echo","hello"]}`}},
				Usage: &scripted.Usage{Input: 10, Output: 5},
			},
			scripted.Reply{Text: []string{"It says hello."}, Usage: &scripted.Usage{Input: 20, Output: 5}},
			scripted.Reply{Forever: true, Text: []string{"Again."}},
		)
		require.NoError(t, err)
		defer func() { require.NoError(t, endpoint.Close()) }()
		home := modelHome(t, endpoint)
		p := writer.serve(t, home)
		begun := p.must("newConversation", map[string]any{})
		id, path := begun["conversationId"].(string), begun["rolloutPath"].(string)
		p.must("addConversationListener", map[string]any{"conversationId": id})
		p.turn(id, "look")
		p.turn(id, "and again")
		p.exit()

		recorded, err := os.ReadFile(path)
		require.NoError(t, err)
		goOn := func(s side) (told, asked any) {
			require.NoError(t, os.WriteFile(path, recorded, 0o600))
			p := s.serve(t, home)
			page := p.must("listConversations", map[string]any{})
			require.Len(t, page["items"], 1, s.name)
			resumed := p.must("resumeConversation", map[string]any{"path": path})
			require.Equal(t, id, resumed["conversationId"], s.name)
			p.must("addConversationListener", map[string]any{"conversationId": id})
			p.turn(id, "go on")
			p.exit()
			requests := endpoint.Requests()
			var body map[string]any
			require.NoError(t, json.Unmarshal(requests[len(requests)-1].Body, &body))
			return []any{page["items"], resumed["initialMessages"]}, body["input"]
		}
		wantTold, wantAsked := goOn(writer)
		told, asked := goOn(reader)
		require.Equal(t, wantTold, told)
		require.Equal(t, wantAsked, asked)
		require.Contains(t, string(mustJSON(t, asked)), "It says hello.")

		p = reader.serve(t, home)
		p.must("archiveConversation", map[string]any{"conversationId": id, "rolloutPath": path})
		p.exit()
		require.FileExists(t, filepath.Join(home, "archived_sessions", filepath.Base(path)))
	})
}

func mustJSON(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return text
}

// Who is signed in is the same for both, whoever signed in.
func TestCredentialsServeBothPrograms(t *testing.T) {
	const token = `{"OPENAI_API_KEY":null,"tokens":{"id_token":"eyJhbGciOiJub25lIn0.eyJlbWFpbCI6InVAZXhhbXBsZS5jb20ifQ.sig",` +
		`"access_token":"access","refresh_token":"refresh","account_id":null},"last_refresh":"2099-01-01T00:00:00Z"}`
	both(t, func(t *testing.T, writer, reader side) {
		home := t.TempDir()
		status := func(s side) map[string]any {
			p := s.serve(t, home)
			got := p.must("getAuthStatus", map[string]any{"includeToken": true})
			got["email"] = p.must("userInfo", nil)["allegedUserEmail"]
			p.exit()
			return got
		}
		p := writer.serve(t, home)
		p.must("loginApiKey", map[string]any{"apiKey": "sk-both"})
		p.exit()
		require.Equal(t, map[string]any{"authMethod": "apikey", "authToken": "sk-both", "requiresOpenaiAuth": true, "email": nil}, status(reader))
		p = reader.serve(t, home)
		p.must("logoutChatGpt", nil)
		p.exit()
		require.Equal(t, map[string]any{"requiresOpenaiAuth": true, "email": nil}, status(writer))

		require.NoError(t, os.WriteFile(filepath.Join(home, "auth.json"), []byte(token), 0o600))
		require.Equal(t, status(writer), status(reader))
		require.Equal(t, "access", status(reader)["authToken"])
	})
}

// What one program writes to config.toml is what the other finds in it.
func TestConfigurationServesBothPrograms(t *testing.T) {
	both(t, func(t *testing.T, writer, reader side) {
		home := t.TempDir()
		file := filepath.Join(home, "config.toml")
		require.NoError(t, os.WriteFile(file, []byte("# mine\napproval_policy = \"never\"\n\n[tools] # these\nweb_search = true\n"), 0o600))
		writer.run(t, home, "mcp", "add", "one", "--env", "A=b \"c\"", "--env", "B=", "--", "prog", "-x", "y z", "ü")
		writer.run(t, home, "mcp", "add", "two", "--", "prog")
		reader.run(t, home, "mcp", "add", "three", "--", "other")
		reader.run(t, home, "mcp", "remove", "two")
		for _, args := range [][]string{{"mcp", "list", "--json"}, {"mcp", "get", "one", "--json"}, {"mcp", "get", "three", "--json"}} {
			require.JSONEq(t, writer.run(t, home, args...), reader.run(t, home, args...), "%q", args)
		}
		saved := func(s side) any {
			p := s.serve(t, home)
			defer p.exit()
			return p.must("getUserSavedConfig", nil)
		}
		p := writer.serve(t, home)
		p.must("setDefaultModel", map[string]any{"model": "m-1", "reasoningEffort": "high"})
		p.exit()
		require.Equal(t, saved(writer), saved(reader))
		p = reader.serve(t, home)
		require.Equal(t, "m-1", p.must("newConversation", map[string]any{})["model"])
		p.must("setDefaultModel", map[string]any{"model": "m-2"})
		p.exit()
		require.Equal(t, saved(writer), saved(reader))
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Contains(t, string(text), "# mine\n")
		require.Contains(t, string(text), "[tools] # these\n")
		require.Contains(t, string(text), `model = "m-2"`)
		require.NotContains(t, string(text), "two")
	})
}
