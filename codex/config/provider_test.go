package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBuiltinProvidersStay(t *testing.T) {
	dir := home(t, `[model_providers.openai]`, `name = "Mine"`, `base_url = "http://127.0.0.1:1"`)
	base, err := load(t, dir)
	require.NoError(t, err)
	p := base.Initial().Provider
	require.Equal(t, "OpenAI", p.Name)
	require.Empty(t, p.BaseURL)
	require.Equal(t, map[string]string{"version": "1.2.3"}, p.HTTPHeaders)
}

func TestBuiltinProvidersFromEnvironment(t *testing.T) {
	load := func(id string, environ ...string) *Conversation {
		base, err := Load(Source{Home: t.TempDir(), Cwd: "/", Environ: environ, Overrides: []Override{{[]string{"model_provider"}, id}}})
		require.NoError(t, err)
		return base.Initial()
	}
	c := load("openai", "OPENAI_BASE_URL=http://h/v9")
	require.Equal(t, "http://h/v9", c.Provider.BaseURL)
	require.Equal(t, "environment OPENAI_BASE_URL", originOf(c, "model_providers.openai.base_url"))
	require.Empty(t, load("openai", "OPENAI_BASE_URL= ").Provider.BaseURL)
	require.Equal(t, "http://localhost:11434/v1", load("oss").Provider.BaseURL)
	require.Equal(t, "http://localhost:7/v1", load("oss", "CODEX_OSS_PORT=7").Provider.BaseURL)
	require.Equal(t, "http://x/", load("oss", "CODEX_OSS_PORT=7", "CODEX_OSS_BASE_URL=http://x/").Provider.BaseURL)
}

func TestFamilies(t *testing.T) {
	tests := []struct {
		model string
		want  Family
	}{
		{"gpt-5", Family{Name: "gpt-5", ReasoningSummaries: true, PatchHint: true}},
		{"gpt-5-mini", Family{Name: "gpt-5", ReasoningSummaries: true, PatchHint: true}},
		{"gpt-5-codex-x", Family{Name: "gpt-5-codex-x", ReasoningSummaries: true, Codex: true}},
		{"codex-1", Family{Name: "codex-1", ReasoningSummaries: true, Codex: true}},
		{"codex-mini-latest", Family{Name: "codex-mini-latest", ReasoningSummaries: true, PatchHint: true, LocalShell: true}},
		{"o3-pro", Family{Name: "o3", ReasoningSummaries: true, PatchHint: true}},
		{"o4-mini", Family{Name: "o4-mini", ReasoningSummaries: true, PatchHint: true}},
		{"gpt-4o-2024-05-13", Family{Name: "gpt-4o", PatchHint: true}},
		{"openai/gpt-oss-20b", Family{Name: "gpt-oss", PatchTool: PatchToolFunction}},
		{"mock", Family{Name: "mock"}},
	}
	for _, test := range tests {
		test.want.Slug = test.model
		family, known := FamilyOf(test.model)
		require.Equal(t, test.want, family)
		require.Equal(t, test.want.Name != test.model || test.want.ReasoningSummaries || test.want.PatchHint, known, test.model)
	}
	for model, want := range map[string]Limits{
		"gpt-5-nano": {272_000, 128_000}, "codex-x": {272_000, 128_000}, "codex-mini-latest": {200_000, 100_000}, "o3": {200_000, 100_000},
	} {
		got, ok := LimitsOf(model)
		require.True(t, ok)
		require.Equal(t, want, got)
	}
	_, ok := LimitsOf("o3-pro")
	require.False(t, ok)
}

func TestShellEnvironment(t *testing.T) {
	environ := []string{"PATH=/bin", "HOME=/h", "FOO=1", "MY_TOKEN=t", "API_key_X=k", "FOO=2", "BAR=\xff", "=C:=x", "TMP"}
	tests := []struct {
		name   string
		policy ShellEnvironment
		want   []string
	}{
		{"default", ShellEnvironment{}, []string{"PATH=/bin", "HOME=/h", "FOO=2", "BAR=\xff"}},
		{"core", ShellEnvironment{Inherit: InheritCore}, []string{"PATH=/bin", "HOME=/h"}},
		{"none", ShellEnvironment{Inherit: InheritNone, Set: map[string]string{"B": "2", "A": "1"}}, []string{"A=1", "B=2"}},
		{"secrets too", ShellEnvironment{IgnoreDefaultExcludes: true, Exclude: []string{"foo", "B?R"}},
			[]string{"PATH=/bin", "HOME=/h", "MY_TOKEN=t", "API_key_X=k"}},
		{"set over secrets", ShellEnvironment{Inherit: InheritCore, Set: map[string]string{"MY_TOKEN": "x", "PATH": "/p"}},
			[]string{"PATH=/p", "HOME=/h", "MY_TOKEN=x"}},
		{"include only", ShellEnvironment{IncludeOnly: []string{"*o*"}, Set: map[string]string{"A": "1", "SO": "2"}},
			[]string{"HOME=/h", "FOO=2", "SO=2"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { require.Equal(t, test.want, test.policy.Build(environ)) })
	}
	for _, m := range []struct {
		pattern, name string
		want          bool
	}{
		{"*", "", true}, {"", "", true}, {"?", "", false}, {"a*b*c", "aXbYbc", true}, {"a*b", "abx", false},
		{"**A", "bA", true}, {"?É", "xé", true}, {"*x*", "\xffX\xff", true},
	} {
		require.Equal(t, m.want, matches(m.pattern, m.name), "%q %q", m.pattern, m.name)
	}
}
