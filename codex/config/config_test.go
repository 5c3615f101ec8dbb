package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex/model"
	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/wire"
)

// home makes a home folder with this config.toml.
func home(t *testing.T, lines ...string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, FileName), []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	return dir
}

// load loads a home folder with these -c options.
func load(t *testing.T, home string, options ...string) (*Base, error) {
	t.Helper()
	s := Source{Home: home, Cwd: home, Version: "1.2.3", Environ: []string{"HOME=/home/me"}}
	for _, option := range options {
		o, err := ParseOverride(option)
		require.NoError(t, err)
		s.Overrides = append(s.Overrides, o)
	}
	return Load(s)
}

// members makes a config map of name and JSON pairs.
func members(t *testing.T, pairs ...string) wire.Members {
	t.Helper()
	var m wire.Members
	for i := 0; i < len(pairs); i += 2 {
		raw, err := wire.ParseRaw([]byte(pairs[i+1]))
		require.NoError(t, err)
		m.Set(pairs[i], raw)
	}
	return m
}

func TestPrecedence(t *testing.T) {
	dir := home(t,
		`model = "file"`, `profile = "p"`, `[profiles.p]`, `[profiles.q]`, `model = "profile"`)
	tests := []struct {
		name       string
		options    []string
		request    Request
		model      string
		wantOrigin string
	}{
		{"file", nil, Request{}, "file", dir + "/config.toml:1"},
		{"option", []string{"model=a", "model=option"}, Request{}, "option", "-c model"},
		{"call", []string{"model=option"}, Request{Config: members(t, "model", `"call"`)}, "call", "config model"},
		{"profile over option and call", []string{"model=option"},
			Request{Profile: "q", Config: members(t, "model", `"call"`)}, "profile", dir + "/config.toml:5"},
		{"profile chosen by the call", nil, Request{Config: members(t, "profile", `"q"`)}, "profile", dir + "/config.toml:5"},
		{"profile chosen by an option", []string{"profile=q"}, Request{}, "profile", dir + "/config.toml:5"},
		{"option for the profile", []string{"profiles.q.model=option"}, Request{Profile: "q"}, "option", "-c profiles.q.model"},
		{"argument", []string{"model=option"},
			Request{Profile: "q", Model: "argument", Config: members(t, "model", `"call"`)}, "argument", "argument model"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			base, err := load(t, dir, test.options...)
			require.NoError(t, err)
			c, err := base.Resolve(test.request)
			require.NoError(t, err)
			require.Equal(t, test.model, c.Model)
			require.Equal(t, test.wantOrigin, originOf(c, "model"))
		})
	}
}

func originOf(c *Conversation, key string) string {
	for _, s := range c.Settings() {
		if s.Key == key {
			return s.Origin.String()
		}
	}
	return "not there"
}

func TestDefaults(t *testing.T) {
	base, err := load(t, t.TempDir())
	require.NoError(t, err)
	c := base.Initial()
	require.Equal(t, "gpt-5", c.Model)
	require.Equal(t, "default", originOf(c, "model"))
	require.Equal(t, "openai", c.Provider.ID)
	require.True(t, c.Provider.RequiresOpenAIAuth)
	require.Equal(t, mcpprotocol.AskForApprovalOnRequest, c.Approval)
	require.Equal(t, &mcpprotocol.ReadOnlyPolicy{}, c.Sandbox)
	require.Equal(t, mcpprotocol.ReasoningSummaryAuto, c.ReasoningSummary)
	require.Empty(t, c.ReasoningEffort)
	require.Equal(t, int64(272_000), *c.ContextWindow)
	require.Nil(t, c.AutoCompactLimit)
	require.True(t, c.ViewImage)
	require.False(t, c.WebSearch)
	require.False(t, c.PlanTool)
	require.Equal(t, int64(32768), c.ProjectDocMax)
	require.Equal(t, DefaultLoginIssuer, c.LoginIssuer)
	require.Equal(t, DefaultLoginTimeout, c.LoginTimeout)
	require.Equal(t, UnprotectedAsk, c.Unprotected)
	require.Empty(t, slices.Concat(c.Protected, c.Hidden))
	require.Equal(t, PersistenceSaveAll, c.History)
}

func TestEverything(t *testing.T) {
	dir := home(t,
		`model_provider = "mine"`,
		`model_context_window = 1000`,
		`model_auto_compact_token_limit = 900`,
		`model_supports_reasoning_summaries = true`,
		`sandbox_mode = "workspace-write"`,
		`notify = ["say", "done"]`,
		`tools = { web_search_request = true, view_image = false }`,
		`login_issuer = "http://127.0.0.1:9/"`,
		`login_timeout_sec = 90`,
		`unknown = { key = [1, 2.5, 1979-05-27] }`,
		`[sandbox_workspace_write]`,
		`writable_roots = ["/srv", "sub"]`,
		`network_access = true`,
		`[sandbox_protection]`,
		`protected = ["vendor"]`,
		`hidden = ["~/.ssh", "keys", "/srv/key"]`,
		`unprotected = "refuse"`,
		`[history]`,
		`persistence = "none"`,
		`[shell_environment_policy]`,
		`inherit = "core"`,
		`set = { SECRET_WORD = "hush" }`,
		`[mcp_servers.z]`,
		`command = "zed"`,
		`startup_timeout_ms = 5`,
		`[mcp_servers.a]`,
		`command = "ay"`,
		`args = ["-v"]`,
		`env = { TOKEN = "hush" }`,
		`tool_timeout_ms = 7`,
		`pin_tools = true`,
		`[mcp_servers.far]`,
		`url = "https://example.com/mcp"`,
		`bearer_token_env_var = "FAR"`,
		`http_headers = { "X-Secret" = "hush" }`,
		`[model_providers.mine]`,
		`name = "Mine"`,
		`base_url = "http://127.0.0.1:1/v1"`,
		`request_max_retries = 1000`,
		`stream_max_retries = 0`,
		`stream_idle_timeout_ms = 1500`,
		`http_headers = { "X-Secret" = "hush" }`,
	)
	base, err := load(t, dir)
	require.NoError(t, err)
	c, err := base.Resolve(Request{Cwd: "work", Model: "unheard-of", IncludePlanTool: new(true)})
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, "work"), c.Cwd)
	require.Equal(t, int64(1000), *c.ContextWindow)
	require.Nil(t, c.MaxOutputTokens)
	require.Equal(t, int64(900), *c.AutoCompactLimit)
	require.Equal(t, Family{Slug: "unheard-of", Name: "unheard-of", ReasoningSummaries: true}, c.Family)
	require.Equal(t, &mcpprotocol.WorkspaceWritePolicy{
		WritableRoots: []string{"/srv", filepath.Join(dir, "work/sub")},
		NetworkAccess: new(true), ExcludeTmpdirEnvVar: new(false), ExcludeSlashTmp: new(false),
	}, c.Sandbox)
	require.Equal(t, []string{"vendor"}, c.Protected)
	require.Equal(t, []string{"/home/me/.ssh", "keys", "/srv/key"}, c.Hidden)
	require.Equal(t, UnprotectedRefuse, c.Unprotected)
	require.Equal(t, []string{"say", "done"}, c.Notify)
	require.True(t, c.WebSearch)
	require.False(t, c.ViewImage)
	require.True(t, c.PlanTool)
	require.Equal(t, PersistenceNone, c.History)
	require.Equal(t, "http://127.0.0.1:9", c.LoginIssuer)
	require.Equal(t, 90*time.Second, c.LoginTimeout)
	require.Equal(t, []string{"PATH=/bin", "SECRET_WORD=hush"}, c.ShellEnvironment.Build([]string{"PATH=/bin", "X=1"}))
	require.Equal(t, []string{"z", "a", "far"}, []string{c.MCPServers[0].Name, c.MCPServers[1].Name, c.MCPServers[2].Name}, "in the order of the file")
	require.Equal(t, 7*time.Millisecond, c.MCPServers[1].CallTimeout)
	require.True(t, c.MCPServers[1].PinTools)
	far := c.MCPServers[2]
	require.Equal(t, []string{"https://example.com/mcp", "FAR", "hush"}, []string{far.URL, far.BearerTokenVar, far.Headers["X-Secret"]})
	require.Equal(t, []string{"https://example.com/mcp"}, far.Where())
	require.Equal(t, "5ms", c.MCPServers[0].StartupTimeout.String())
	require.Zero(t, c.MCPServers[1].StartupTimeout)
	require.Equal(t, map[string]string{"TOKEN": "hush"}, c.MCPServers[1].Env)
	require.Equal(t, 100, c.Provider.RequestRetries())
	require.Equal(t, 0, c.Provider.StreamRetries())
	require.Equal(t, "1.5s", c.Provider.StreamIdleTimeout.String())
	require.Equal(t, model.WireAPIChat, c.Provider.WireAPI)
	for _, s := range c.Settings() {
		require.NotContains(t, s.Value, "hush", s.Key)
	}
}

func TestWrongValues(t *testing.T) {
	tests := []struct {
		name, line string
		want       []string
	}{
		{"type", `model = 5`, []string{"config.toml:1: model: expected a string, found 5"}},
		{"enum", `approval_policy = "sometimes"`,
			[]string{`config.toml:1: approval_policy: expected one of "untrusted", "on-failure", "on-request", "never", found "sometimes"`}},
		{"nested", "\n[model_providers.x]\nname = \"X\"\n\nwire_api = \"soap\"",
			[]string{`config.toml:5: model_providers.x.wire_api: expected one of "responses", "chat", found "soap"`}},
		{"missing", "[mcp_servers.m]\nargs = []", []string{"config.toml:1: mcp_servers.m.command: missing"}},
		{"url and command", "[mcp_servers.m]\ncommand = \"c\"\nurl = \"http://localhost/\"", []string{"config.toml:1: mcp_servers.m.url: a server has a command or a url, not both"}},
		{"url", "[mcp_servers.m]\nurl = \"ftp://localhost/\"", []string{`config.toml:2: mcp_servers.m.url: "ftp://localhost/" is no HTTP URL`}},
		{"all at once", "model = 5\nnotify = [1]\n[history]",
			[]string{"config.toml:1: model", "config.toml:2: notify: expected a list of strings, found a list", "config.toml:3: history.persistence: missing"}},
		{"negative", `model_context_window = -1`, []string{"expected a whole number from 0, found -1"}},
		{"table", `profiles = 1`, []string{"profiles: expected a table, found a number or boolean"}},
		{"profile", `profile = "nope"`, []string{`config.toml:1: profile: there is no profile "nope"`}},
		{"provider", `model_provider = "nope"`, []string{`config.toml:1: model_provider: there is no model provider "nope"`}},
		{"header name", "[model_providers.x]\nname = \"X\"\nhttp_headers = { \"a b\" = \"hush\" }", []string{`config.toml:3: model_providers.x.http_headers: "a b" is not the name of a header`}},
		{"header value", "[model_providers.x]\nname = \"X\"\n[model_providers.x.http_headers]\nA = \"hu\\nsh\"", []string{`config.toml:4: model_providers.x.http_headers.A: a header value`}},
		{"secret in the wrong place", "[model_providers.x]\nname = \"X\"\nhttp_headers = \"Bearer hush\"", []string{`expected a table of strings, found a string`}},
		{"base URL", "model_provider = \"x\"\n[model_providers.x]\nname = \"X\"\nbase_url = \"localhost:1\"", []string{`config.toml:4: model_providers.x.base_url: expected the URL`, `"localhost:1"`}},
		{"issuer", `login_issuer = "http://example.com"`, []string{`config.toml:1: login_issuer: expected an https URL`}},
		{"no time", `login_timeout_sec = 0`, []string{`config.toml:1: login_timeout_sec: expected a number of seconds from 1 to 86400, found 0`}},
		{"too long", `login_timeout_sec = 9000000000`, []string{`from 1 to 86400`}},
		{"instructions", `experimental_instructions_file = "nope.md"`, []string{`config.toml:1: experimental_instructions_file`, "nope.md"}},
		{"syntax", "a = 1\nmodel = = 3", []string{"config.toml:2:9: not TOML"}},
		{"twice", "[tools]\nweb_search = true\nweb_search_request = false", []string{"config.toml:3: tools.web_search_request"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := load(t, home(t, test.line))
			for _, want := range test.want {
				require.ErrorContains(t, err, want)
			}
			require.NotContains(t, err.Error(), "hush")
		})
	}
}

func TestWrongValuesOfOtherLayers(t *testing.T) {
	_, err := load(t, t.TempDir(), "model_context_window=big")
	require.EqualError(t, err, `-c model_context_window: expected a whole number from 0, found "big"`)

	base, err := load(t, t.TempDir())
	require.NoError(t, err)
	_, err = base.Resolve(Request{Config: members(t, "sandbox_mode", `"open"`)})
	require.ErrorContains(t, err, `config sandbox_mode: expected one of "read-only"`)
	_, err = base.Resolve(Request{Config: members(t, "a..b", `1`)})
	require.ErrorContains(t, err, `"a..b"`)
	_, err = base.Resolve(Request{Approval: "maybe"})
	require.ErrorContains(t, err, `argument approval_policy`)
	_, err = base.Resolve(Request{Sandbox: "maybe"})
	require.ErrorContains(t, err, `argument sandbox_mode`)
	_, err = base.Resolve(Request{Profile: "nope"})
	require.ErrorContains(t, err, `argument profile: there is no profile "nope"`)
}

func TestResolveReadsTheFileAgain(t *testing.T) {
	dir := home(t, `model = "old"`)
	base, err := load(t, dir, "model_verbosity=low")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, FileName), []byte(`model = "new"`), 0o600))
	c, err := base.Resolve(Request{})
	require.NoError(t, err)
	require.Equal(t, "new", c.Model)
	require.Equal(t, mcpprotocol.VerbosityLow, c.Verbosity, "options reach new conversations")
	require.Equal(t, "old", base.Initial().Model)
}

func TestParseOverride(t *testing.T) {
	tests := []struct {
		option string
		path   []string
		value  any
	}{
		{`model=o3`, []string{"model"}, "o3"},
		{`model="o3"`, []string{"model"}, "o3"},
		{`model='o3`, []string{"model"}, "o3"},
		{` a . b = 5 `, []string{"a ", " b"}, int64(5)},
		{`a.b.c=true`, []string{"a", "b", "c"}, true},
		{`x=1.5`, []string{"x"}, 1.5},
		{`x=[1, "two"]`, []string{"x"}, []any{int64(1), "two"}},
		{`x={a = 1, b.c = "d"}`, []string{"x"}, map[string]any{"a": int64(1), "b": map[string]any{"c": "d"}}},
		{`x=`, []string{"x"}, ""},
		{`x=a=b`, []string{"x"}, "a=b"},
		{"x=1\ny=2", []string{"x"}, "1\ny=2"},
		{`x="a" "b"`, []string{"x"}, `a" "b`},
	}
	for _, test := range tests {
		o, err := ParseOverride(test.option)
		require.NoError(t, err, test.option)
		require.Equal(t, test.path, o.path, test.option)
		require.Equal(t, test.value, o.value, test.option)
	}
	for _, option := range []string{"nonsense", "=x", "  =x", "a..b=1", ".=1"} {
		_, err := ParseOverride(option)
		require.Error(t, err, option)
	}
}

func TestOverridesReplaceWhatIsInTheWay(t *testing.T) {
	dir := home(t, `model_providers = { x = { name = "X", wire_api = "chat" } }`, `tools = { web_search_request = true }`)
	base, err := load(t, dir, "model_providers.x.wire_api=responses", "model_provider=x", "tools.web_search=false",
		"mcp_servers.a.command=run", "mcp_servers.a.args=[\"x\"]", "unknown=1", "unknown.deeper=2")
	require.NoError(t, err)
	c := base.Initial()
	require.Equal(t, model.WireAPIResponses, c.Provider.WireAPI)
	require.Equal(t, "X", c.Provider.Name)
	require.False(t, c.WebSearch)
	require.Equal(t, "run", c.MCPServers[0].Command)

	base, err = load(t, dir, "tools.web_search_request=false")
	require.NoError(t, err)
	require.False(t, base.Initial().WebSearch, "the older name works in every layer")
}

func TestCallMembers(t *testing.T) {
	base, err := load(t, t.TempDir())
	require.NoError(t, err)
	c, err := base.Resolve(Request{Config: members(t,
		"model_context_window", "7",
		"tools", `{"view_image": false, "web.search": true}`,
		"shell_environment_policy.set", `{"A.B": "c"}`,
		"profile_unused", `null`,
	)})
	require.NoError(t, err)
	require.Equal(t, int64(7), *c.ContextWindow)
	require.False(t, c.ViewImage)
	require.Equal(t, map[string]string{"A.B": "c"}, c.ShellEnvironment.Set, "names within values are not split")

	_, err = base.Resolve(Request{Config: members(t, "model_context_window", "7.0")})
	require.ErrorContains(t, err, "expected a whole number from 0, found 7")
	_, err = base.Resolve(Request{Config: members(t, "model_context_window", "99999999999999999999")})
	require.ErrorContains(t, err, "found 1e+20")
	c, err = base.Resolve(Request{Config: members(t, "chatgpt_base_url", "null")})
	require.NoError(t, err)
	require.Empty(t, c.ChatGPTBaseURL, "null is the empty string")
}

func TestInstructionsFile(t *testing.T) {
	dir := home(t, `experimental_instructions_file = "base.md"`, `[profiles.p]`, `experimental_instructions_file = "p.md"`)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "base.md"), []byte(" Be brief.\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "p.md"), []byte("\n"), 0o600))
	base, err := load(t, dir)
	require.NoError(t, err)
	require.Equal(t, "Be brief.", *base.Initial().BaseInstructions)
	c, err := base.Resolve(Request{BaseInstructions: new("")})
	require.NoError(t, err)
	require.Empty(t, *c.BaseInstructions, "those of the call win, empty ones too")
	_, err = base.Resolve(Request{Profile: "p", BaseInstructions: new("x")})
	require.ErrorContains(t, err, "is empty")
	_, err = base.Resolve(Request{Cwd: t.TempDir()})
	require.ErrorContains(t, err, "there is no file", "relative to the conversation")
}

// FuzzParseOverride checks that any option is refused or can be applied.
func FuzzParseOverride(f *testing.F) {
	for _, seed := range []string{"model=o3", "a.b={c=1}", "tools={web_search=true,web_search_request=true}", "x=\"", "x='''a\n'''", "mcp_servers.a={}", "=", "a.=1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, option string) {
		o, err := ParseOverride(option)
		if err != nil {
			return
		}
		key, _, _ := strings.Cut(option, "=")
		require.Equal(t, strings.TrimSpace(key), strings.Join(o.path, "."))
		tree := newTable()
		if o.apply(tree) != nil {
			return
		}
		at := &node{value: tree}
		for _, part := range o.path {
			inner, ok := at.value.(*table)
			require.True(t, ok)
			if at = inner.get(part); at == nil && o.path[0] == "tools" {
				return // an older name
			}
			require.NotNil(t, at)
			require.Equal(t, LayerOption, at.from.Layer)
		}
		_, err = decodeSettings(tree)
		if err != nil {
			require.Contains(t, err.Error(), "-c ")
		}
	})
}
