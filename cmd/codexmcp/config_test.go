package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConfigCheckShowsValuesAndTheirOrigins(t *testing.T) {
	home := newHome(t, `model = "from-file"
model_provider = "local"
[model_providers.local]
name = "Local"
base_url = "http://localhost:1/v1"
http_headers = {Authorization = "Bearer secret-1"}
[mcp_servers.x]
command = "x"
env = {TOKEN = "secret-2"}
[profiles.fast]
model = "from-profile"
`)
	line := func(out, key string) string {
		for l := range strings.Lines(out) {
			if strings.HasPrefix(l, key+" =") {
				return strings.Join(strings.Fields(l), " ")
			}
		}
		return ""
	}
	r := runWith(t, "", "config", "check")
	require.Equal(t, 0, r.code, r.err)
	require.Equal(t, `model = "from-file" # `+home+`/config.toml:1`, line(r.out, "model"))
	require.Equal(t, `sandbox_mode = "read-only" # default`, line(r.out, "sandbox_mode"))
	require.NotContains(t, r.out, "secret-")
	r = runWith(t, "", "config", "check", "-c", "model=from-option")
	require.Equal(t, `model = "from-option" # -c model`, line(r.out, "model"))
	r = runWith(t, "", "config", "check", "--profile", "fast")
	require.Equal(t, `model = "from-profile" # `+home+`/config.toml:11`, line(r.out, "model"))
}

func TestConfigCheckReportsEveryWrongValue(t *testing.T) {
	home := newHome(t, "model = 3\n\napproval_policy = \"sometimes\"\n")
	r := runWith(t, "", "config", "check")
	require.Equal(t, 1, r.code)
	require.Empty(t, r.out)
	require.Contains(t, r.err, home+"/config.toml:1")
	require.Contains(t, r.err, home+"/config.toml:3")
	require.Contains(t, r.err, "on-request")
}

func TestConfigTrust(t *testing.T) {
	home := newHome(t, "model = \"mine\"\n")
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	file := filepath.Join(dir, ".codex", "config.toml")
	require.NoError(t, os.Mkdir(filepath.Dir(file), 0o700))
	require.NoError(t, os.WriteFile(file, []byte("model = \"theirs\"\n[mcp_servers.x]\ncommand = \"run\"\n"), 0o600))
	t.Chdir(dir)

	r := runWith(t, "", "config", "check")
	require.Equal(t, 0, r.code, r.err)
	require.Contains(t, r.out, "# project: "+file+": not trusted")
	require.NotContains(t, r.out, "theirs")

	r = runWith(t, "", "config", "trust")
	require.Equal(t, 0, r.code, r.err)
	require.Contains(t, r.out, `mcp_servers.x.command = "run"`)
	require.Contains(t, r.out, file+" is trusted as it is now")
	r = runWith(t, "", "config", "check")
	require.Equal(t, 0, r.code, r.err)
	require.Contains(t, r.out, "# project: "+file+": trusted\n")
	require.Regexp(t, `(?m)^model += "theirs" +# `+regexp.QuoteMeta(file)+`:1$`, r.out)

	r = runWith(t, "", "config", "trust", "--revoke", dir)
	require.Equal(t, 0, r.code, r.err)
	r = runWith(t, "", "config", "check")
	require.Regexp(t, `(?m)^model += "mine" +# `+regexp.QuoteMeta(home)+`/config.toml:1$`, r.out)

	r = runWith(t, "", "config", "trust", home)
	require.Equal(t, 1, r.code)
	require.Contains(t, r.err, "there is no .codex/config.toml")
}

// What keeps no conversation from starting is wrong all the same.
func TestConfigCheckReportsWhatIsNotUsedYet(t *testing.T) {
	home := newHome(t, `[mcp_servers."a b"]
command = "x"
[mcp_servers.empty]
command = ""
[model_providers.far]
name = "Far"
base_url = "nowhere"
[profiles.p]
model_provider = "none"
`)
	r := runWith(t, "", "config", "check")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.out, "sandbox_mode")
	for _, line := range []string{
		`config.toml:1: mcp_servers."a b": the name of a server`,
		`config.toml:3: mcp_servers.empty.command: expected a program, found ""`,
		`config.toml:7: model_providers.far.base_url: expected the URL of a model API, such as "https://host/v1", found "nowhere"`,
		`config.toml:9: profiles.p.model_provider: there is no model provider "none"`,
	} {
		require.Contains(t, r.err, home+"/"+line)
	}
	newHome(t, "[mcp_servers.x]\ncommand = \"c\"\nenv = { A = 1, B = \"hush\" }\n")
	r = runWith(t, "", "config", "check")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.err, "config.toml:3: mcp_servers.x.env.A: expected a string, found a number or boolean")
	require.NotContains(t, r.err, "hush")
}
