package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Who misuses the program is told what it wants, and where there is more, with
// exit code 2; what did not work is 1.
func TestExitCodes(t *testing.T) {
	tests := []struct {
		args string
		code int
		says string
	}{
		{"", 2, "a command is missing\n\nRun 'codexmcp --help' for usage."},
		{"serv", 2, `unknown command "serv"; did you mean serve?`},
		{"frobnicate", 2, `unknown command "frobnicate"` + "\n"},
		{"mcp", 2, "mcp: a command is missing\n\nRun 'codexmcp mcp --help' for usage."},
		{"mcp rm x", 2, `unknown command "rm"; did you mean remove?`},
		{"mcp get", 2, "get wants the name of a server, got 0 arguments"},
		{"mcp get nope", 1, `there is no MCP server "nope"`},
		{"mcp remove a b", 2, "remove wants the name of a server, got 2 arguments"},
		{"mcp add x", 2, "add needs a name and a command: codexmcp mcp add NAME -- COMMAND"},
		{"mcp add x --url http://h/mcp -- y", 2, `--url goes without a command: "y"`},
		{"mcp add x --url http://h/mcp --env A=b", 2, "--env is for a server that is started"},
		{"mcp add x --bearer-token-env-var T -- y", 2, "--bearer-token-env-var goes with --url"},
		{"mcp add a.b -- x", 2, `the name "a.b": want letters, digits, - and _ only`},
		{"mcp add a --env x -- y", 2, `--env "x": want KEY=VALUE`},
		{"config", 2, "config: a command is missing"},
		{"schema", 2, "schema: a command is missing"},
		{"schema types x", 2, `types takes no arguments: "x"`},
		{"serve extra", 2, `serve takes no arguments: "extra"`},
		{"serve --bogus", 2, "unknown flag: --bogus\n\nRun 'codexmcp serve --help' for usage."},
		{"serve --events maybe", 2, `--events "maybe": want on or off`},
		{"serve --idle-time 0s", 2, "--idle-time 0s: want more than nothing"},
		{"serve --token-file x", 2, "--token-file is of use with --http only"},
		{"serve --http 0.0.0.0:0", 1, `listen at "0.0.0.0:0": without a token only this machine can be served`},
		{"sandbox", 2, "a command is missing: codexmcp sandbox -- CMD"},
		{"sandbox --mode open -- true", 2, `--mode "open": want read-only, workspace-write or danger-full-access`},
		{"client", 2, "want either --url or a command after --"},
		{"tap", 2, "want a command after --"},
	}
	newHome(t, "")
	t.Setenv(tokenVariable, "")
	for _, test := range tests {
		t.Run(test.args, func(t *testing.T) {
			r := runWith(t, "", strings.Fields(test.args)...)
			require.Equal(t, test.code, r.code, r.err)
			require.Empty(t, r.out)
			require.True(t, strings.HasPrefix(r.err, "codexmcp: "+test.says), r.err)
		})
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"help", "serve"}, {"mcp", "add", "--help"}} {
		r := runWith(t, "", args...)
		require.Equal(t, 0, r.code)
		require.Contains(t, r.out, "Usage:\n  codexmcp")
		require.Empty(t, r.err)
	}
}
