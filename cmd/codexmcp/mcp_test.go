package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestServersAreEditedInPlace(t *testing.T) {
	home := newHome(t, `# mine
model = "gpt-5" # the usual

[mcp_servers.old] # keep
command = "old"

# the end
`)
	r := runWith(t, "", "mcp", "add", "docs", "--env", "TOKEN=secret", "--startup-timeout", "30s", "--", "npx", "-y", "docs", "--flag")
	require.Equal(t, 0, r.code, r.err)
	text, err := os.ReadFile(filepath.Join(home, "config.toml"))
	require.NoError(t, err)
	for _, kept := range []string{"# mine\n", `model = "gpt-5" # the usual`, "[mcp_servers.old] # keep", "# the end\n"} {
		require.Contains(t, string(text), kept)
	}

	r = runWith(t, "", "mcp", "list", "--json")
	require.Equal(t, 0, r.code, r.err)
	var entries []map[string]any
	require.NoError(t, json.Unmarshal([]byte(r.out), &entries))
	require.Equal(t, []map[string]any{
		{"name": "old", "command": "old", "args": []any{}, "env": nil, "startup_timeout_ms": nil},
		{
			"name": "docs", "command": "npx", "args": []any{"-y", "docs", "--flag"},
			"env": map[string]any{"TOKEN": "secret"}, "startup_timeout_ms": 30000.0,
		},
	}, entries)
	r = runWith(t, "", "mcp", "list")
	require.Equal(t, "NAME  COMMAND  ARGS            ENV\nold   old      -               -\ndocs  npx      -y docs --flag  TOKEN=***\n", r.out)
	r = runWith(t, "", "mcp", "get", "docs")
	require.Contains(t, r.out, "30s")
	require.NotContains(t, r.out, "secret")
	r = runWith(t, "", "mcp", "get", "docs", "--json")
	require.Contains(t, r.out, `"TOKEN": "secret"`)

	require.Equal(t, ran{0, "", "Removed docs.\n"}, runWith(t, "", "mcp", "remove", "docs"))
	require.Equal(t, ran{0, "", "There was no MCP server \"docs\".\n"}, runWith(t, "", "mcp", "remove", "docs"))
	after, err := os.ReadFile(filepath.Join(home, "config.toml"))
	require.NoError(t, err)
	require.Equal(t, "# mine\nmodel = \"gpt-5\" # the usual\n\n[mcp_servers.old] # keep\ncommand = \"old\"\n\n# the end\n", string(after))
}

func TestServersElsewhereAreShown(t *testing.T) {
	home := newHome(t, "[mcp_servers.far]\nurl = \"https://example.com/mcp\"\nbearer_token_env_var = \"FAR\"\n")
	require.Equal(t, "NAME  COMMAND                  ARGS  ENV\nfar   https://example.com/mcp  -     -\n", runWith(t, "", "mcp", "list").out)
	require.Contains(t, runWith(t, "", "mcp", "get", "far").out, "FAR")
	require.Contains(t, runWith(t, "", "mcp", "get", "far", "--json").out, `"url": "https://example.com/mcp"`)

	r := runWith(t, "", "mcp", "add", "far", "--", "near")
	require.Equal(t, 0, r.code, r.err)
	text, err := os.ReadFile(filepath.Join(home, "config.toml"))
	require.NoError(t, err)
	require.NotContains(t, string(text), "url =")
	require.Equal(t, 0, runWith(t, "", "mcp", "list").code)

	r = runWith(t, "", "mcp", "add", "far", "--url", "https://example.org/mcp", "--bearer-token-env-var", "OTHER")
	require.Equal(t, 0, r.code, r.err)
	text, err = os.ReadFile(filepath.Join(home, "config.toml"))
	require.NoError(t, err)
	require.NotContains(t, string(text), "command")
	require.Equal(t, ran{1, "", "codexmcp: the url of the MCP server \"far\": \"ftp://h\" is no HTTP URL\n"},
		runWith(t, "", "mcp", "add", "far", "--url", "ftp://h"))
	r = runWith(t, "", "mcp", "get", "far")
	require.Contains(t, r.out, "https://example.org/mcp")
	require.Contains(t, r.out, "OTHER")
}
