//go:build unix

package config

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// project makes a home, and a repository with a configuration of its own.
func project(t *testing.T, lines ...string) (home, dir, file string) {
	t.Helper()
	home, dir = t.TempDir(), t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, ".git"), 0o755))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "sub"), 0o755))
	dir, err := filepath.EvalSymlinks(dir)
	require.NoError(t, err)
	file = filepath.Join(dir, ".codex", "config.toml")
	write(t, file, lines...)
	return home, dir, file
}

func resolved(t *testing.T, home, cwd string, r Request, options ...string) (*Conversation, error) {
	t.Helper()
	source := Source{Home: home, Cwd: t.TempDir(), Version: "1"}
	for _, option := range options {
		o, err := ParseOverride(option)
		require.NoError(t, err)
		source.Overrides = append(source.Overrides, o)
	}
	base, err := Load(source)
	require.NoError(t, err)
	r.Cwd = cwd
	return base.Resolve(r)
}

func trust(t *testing.T, home, dir string, yes bool) {
	t.Helper()
	p, err := FindProject(home, dir)
	require.NoError(t, err)
	require.NoError(t, TrustProject(t.Context(), home, p, yes))
}

func TestProjectCountsOnlyAsItWasTrusted(t *testing.T) {
	home, dir, file := project(t, `model = "theirs"`, `notify = ["evil"]`, `[mcp_servers.evil]`, `command = "evil"`)
	write(t, filepath.Join(home, FileName), `# mine`, `model = "mine"`, `[mcp_servers.good]`, `command = "good"`, ``)
	state := func() (model string, servers []string, notify []string, trusted bool) {
		c, err := resolved(t, home, filepath.Join(dir, "sub"), Request{})
		require.NoError(t, err)
		require.Equal(t, file, c.Project.Path)
		for _, s := range c.MCPServers {
			servers = append(servers, s.Name)
		}
		return c.Model, servers, c.Notify, c.Project.Trusted
	}
	untrusted := func(why string) {
		t.Helper()
		model, servers, notify, trusted := state()
		require.Equal(t, "mine", model, why)
		require.Equal(t, []string{"good"}, servers, why)
		require.Empty(t, notify, why)
		require.False(t, trusted, why)
	}
	inForce := func(why string) {
		t.Helper()
		model, servers, notify, trusted := state()
		require.Equal(t, "theirs", model, why)
		require.Equal(t, []string{"good", "evil"}, servers, why)
		require.Equal(t, []string{"evil"}, notify, why)
		require.True(t, trusted, why)
	}

	untrusted("nobody was asked")
	trust(t, home, dir, true)
	inForce("trusted")
	require.Contains(t, readText(t, filepath.Join(home, FileName)), "# mine\n", "the user's file keeps its layout")

	content := readText(t, file)
	write(t, file, content, `# changed`)
	untrusted("the content has changed")
	write(t, file, content)
	inForce("it is what was trusted")

	trust(t, home, dir, false)
	untrusted("taken back")

	write(t, filepath.Join(home, FileName), `model = "mine"`, `[mcp_servers.good]`, `command = "good"`,
		`[projects."`+dir+`"]`, `trust_level = "trusted"`)
	untrusted("trust that is not bound to a content")
	trust(t, home, dir, true)
	inForce("trusted beside another key")
	c, err := resolved(t, home, dir, Request{}, "projects={}")
	require.NoError(t, err)
	require.True(t, c.Project.Trusted, "options do not decide of trust")
}

func TestProjectPrecedence(t *testing.T) {
	home, dir, file := project(t, `model = "project"`, `model_reasoning_effort = "high"`,
		`[profiles.p]`, `model = "profile"`, `[tools]`, `web_search_request = true`)
	write(t, filepath.Join(home, FileName), `model = "user"`, `model_verbosity = "low"`, `[tools]`, `web_search = false`, `view_image = false`, ``)
	trust(t, home, dir, true)
	tests := []struct {
		name, want string
		options    []string
		request    Request
	}{
		{"over the user's file", "project", nil, Request{}},
		{"under an option", "option", []string{"model=option"}, Request{}},
		{"under a call's map", "call", nil, Request{Config: members(t, "model", `"call"`)}},
		{"a profile of it", "profile", nil, Request{Profile: "p"}},
		{"under an argument", "argument", nil, Request{Model: "argument"}},
	}
	for _, test := range tests {
		c, err := resolved(t, home, dir, test.request, test.options...)
		require.NoError(t, err, test.name)
		require.Equal(t, test.want, c.Model, test.name)
		require.Equal(t, mcpprotocol.VerbosityLow, c.Verbosity, test.name)
		require.True(t, c.WebSearch, test.name)
		require.False(t, c.ViewImage, test.name)
	}
	c, err := resolved(t, home, dir, Request{})
	require.NoError(t, err)
	for _, s := range c.Settings() {
		if s.Key == "model_reasoning_effort" {
			require.Equal(t, Origin{Layer: LayerFile, Path: file, Line: 2}, s.Origin)
		}
	}
	c, err = resolved(t, home, t.TempDir(), Request{})
	require.NoError(t, err)
	require.Equal(t, "user", c.Model, "another folder")
	require.Nil(t, c.Project)
}

func TestProjectCannotSayWhatIsTheUsers(t *testing.T) {
	for _, line := range []string{`login_issuer = "https://evil"`, `login_timeout_sec = 1`, "[projects.\"/\"]\nconfig_sha256 = \"x\""} {
		home, dir, file := project(t, line)
		p, err := FindProject(home, dir)
		require.NoError(t, err)
		err = TrustProject(t.Context(), home, p, true)
		require.ErrorContains(t, err, file+":1", line)
		require.ErrorContains(t, err, "a project cannot set it", line)
		_, err = resolved(t, home, dir, Request{})
		require.NoError(t, err, "what is not trusted harms nobody")
	}
}

// What a stranger's repository has may not keep a conversation from starting.
func TestUnusableProjects(t *testing.T) {
	tests := []struct {
		name string
		make func(t *testing.T, file string)
	}{
		{"not TOML", func(t *testing.T, file string) { write(t, file, "= [") }},
		{"a pipe", func(t *testing.T, file string) {
			require.NoError(t, os.Remove(file))
			require.NoError(t, syscall.Mkfifo(file, 0o600))
		}},
		{"a folder", func(t *testing.T, file string) {
			require.NoError(t, os.Remove(file))
			require.NoError(t, os.Mkdir(file, 0o700))
		}},
		{"too large", func(t *testing.T, file string) { require.NoError(t, os.Truncate(file, maxConfigSize+1)) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			home, dir, file := project(t, `model = "theirs"`)
			test.make(t, file)
			c, err := resolved(t, home, dir, Request{})
			require.NoError(t, err)
			require.Equal(t, defaultModel, c.Model)
			require.False(t, c.Project.Trusted)
		})
	}
}

func TestHomeIsNoProject(t *testing.T) {
	user := t.TempDir()
	home := filepath.Join(user, ".codex")
	write(t, filepath.Join(home, FileName), `model = "mine"`)
	c, err := resolved(t, home, user, Request{})
	require.NoError(t, err)
	require.Nil(t, c.Project)
	_, err = FindProject(home, user)
	require.ErrorIs(t, err, ErrNoProject)
}

func TestProjectSettingsHideSecrets(t *testing.T) {
	home, dir, _ := project(t, `model = "m"`, `notify = ["say", "done"]`, `[mcp_servers.x]`, `command = "run"`, `env = { TOKEN = "secret-1" }`)
	p, err := FindProject(home, dir)
	require.NoError(t, err)
	settings, err := p.Settings()
	require.NoError(t, err)
	var lines []string
	for _, s := range settings {
		lines = append(lines, s.Key+" = "+s.Value)
	}
	require.Equal(t, []string{`model = "m"`, `notify = ["say", "done"]`, `mcp_servers.x.command = "run"`, `mcp_servers.x.env = {TOKEN}`}, lines)
}
