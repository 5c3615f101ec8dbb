package useragent

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// variables looks names up in lines of NAME=VALUE.
func variables(lines ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, line := range lines {
			if value, ok := strings.CutPrefix(line, name+"="); ok {
				return value, true
			}
		}
		return "", false
	}
}

func TestTerminals(t *testing.T) {
	tests := []struct {
		variables []string
		want      string
	}{
		{nil, "unknown"},
		{[]string{"TERM="}, ""},
		{[]string{"TERM=xterm-256color"}, "xterm-256color"},
		{[]string{"TERM=weird term"}, "weird_term"},
		{[]string{"TERM=xterm-kitty"}, "kitty"},
		{[]string{"TERM=alacritty"}, "Alacritty"},
		{[]string{"TERM_PROGRAM=iTerm.app", "TERM_PROGRAM_VERSION=3.5 beta!", "TERM=xterm-kitty"}, "iTerm.app/3.5_beta_"},
		{[]string{"TERM_PROGRAM=vscode", "TERM_PROGRAM_VERSION= "}, "vscode"},
		{[]string{"TERM_PROGRAM= ", "TERM=dumb"}, "dumb"},
		{[]string{"WEZTERM_VERSION="}, "WezTerm"},
		{[]string{"WEZTERM_VERSION=2024 x"}, "WezTerm/2024_x"},
		{[]string{"KITTY_WINDOW_ID="}, "kitty"},
		{[]string{"ALACRITTY_SOCKET=/x"}, "Alacritty"},
		{[]string{"KONSOLE_VERSION= ", "VTE_VERSION=7200"}, "Konsole"},
		{[]string{"GNOME_TERMINAL_SCREEN=", "VTE_VERSION=7200"}, "gnome-terminal"},
		{[]string{"VTE_VERSION=7200", "WT_SESSION=x"}, "VTE/7200"},
		{[]string{"WT_SESSION=", "TERM=xterm"}, "WindowsTerminal"},
	}
	for _, test := range tests {
		require.Equal(t, test.want, terminal(variables(test.variables...)), "%q", test.variables)
	}
}

func TestOriginator(t *testing.T) {
	for override, want := range map[string]string{
		"my app/1.0": "my app/1.0", "a\nb": DefaultOriginator, "été": "été", "": "",
	} {
		agent := New("1.2.3", variables(originatorVariable+"="+override))
		require.Equal(t, want, agent.Originator, "%q", override)
		require.True(t, strings.HasPrefix(agent.String(), want+"/1.2.3 ("), "%q", agent)
	}
	require.Equal(t, DefaultOriginator, New("1", variables()).Originator)
}

func TestClients(t *testing.T) {
	agent := New("1", variables())
	bare := agent.String()
	tests := []struct{ name, version, want string }{
		{"client", "2", bare + " (client; 2)"},
		{"", "", bare + " (;)"},
		{" n ", " 1 ", bare + " (n ;  1)"},
		{"a\ab", "1\n2", bare + " (a_b; 1_2)"},
		{"héllo 日", "1", bare + " (héllo 日; 1)"},
	}
	for _, test := range tests {
		agent.SetClient(test.name, test.version)
		require.Equal(t, test.want, agent.String(), "%q %q", test.name, test.version)
	}
}
