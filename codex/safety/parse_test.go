package safety

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/wire"
)

// encode writes commands as they stand in an event.
func encode(t *testing.T, commands []mcpprotocol.ParsedCommand) string {
	t.Helper()
	texts := []json.RawMessage{}
	for _, command := range commands {
		raw, err := wire.RawOf(command)
		require.NoError(t, err)
		texts = append(texts, json.RawMessage(raw.String()))
	}
	text, err := json.Marshal(texts)
	require.NoError(t, err)
	return string(text)
}

// The file holds commands and what version 0.36.0 of the original makes of them.
func TestParseCommandAsTheOriginal(t *testing.T) {
	file, err := os.Open("testdata/parsed_commands.jsonl")
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	lines := bufio.NewScanner(file)
	rows := 0
	for ; lines.Scan(); rows++ {
		var row struct {
			Argv   []string
			Parsed json.RawMessage
		}
		require.NoError(t, json.Unmarshal(lines.Bytes(), &row))
		require.JSONEq(t, string(row.Parsed), encode(t, ParseCommand(row.Argv)), "%q", row.Argv)
	}
	require.NoError(t, lines.Err())
	require.Greater(t, rows, 500)
}

// What is told better than by the original, or as well with less.
func TestParseCommandUnlikeTheOriginal(t *testing.T) {
	login := func(script string) []string { return []string{"bash", "-lc", script} }
	tests := []struct {
		name string
		argv []string
		want string
	}{
		{"semicolon at the end", login("ls;"), `[{"type":"list_files","cmd":"ls","path":null}]`},
		{"semicolon after a file", login("cat f; "), `[{"type":"read","cmd":"cat f","name":"f"}]`},
		{"escaped semicolon", login(`echo a\; ls Q`), `[{"type":"unknown","cmd":"echo 'a;' ls Q"}]`},
		{"escaped space", login(`ls a\ b`), `[{"type":"list_files","cmd":"ls 'a b'","path":"a b"}]`},
		{"escaped quotation mark", login(`rg "a\"b" d`), `[{"type":"search","cmd":"rg 'a\"b' d","query":"a\"b","path":"d"}]`},
		{"escaped dot", login(`rg a\.b d`), `[{"type":"search","cmd":"rg a.b d","query":"a.b","path":"d"}]`},
		{"no number", login("head -n '' f"), `[{"type":"unknown","cmd":"head -n '' f"}]`},
		{"bash -c with a redirection", []string{"bash", "-c", "ls > x"}, `[{"type":"unknown","cmd":"bash -c 'ls > x'"}]`},
		{"bash -c with a semicolon", []string{"bash", "-c", "cat f; ls"},
			`[{"type":"read","cmd":"cat f","name":"f"},{"type":"list_files","cmd":"ls","path":null}]`},
		{"time", login("time ls; ls Q"), `[{"type":"unknown","cmd":"time ls; ls Q"}]`},
		{"let", login("let x=1; ls Q"), `[{"type":"unknown","cmd":"let x=1; ls Q"}]`},
		{"coproc", login("coproc ls; ls Q"), `[{"type":"unknown","cmd":"coproc ls; ls Q"}]`},
		{"unset", login("unset A; ls"), `[{"type":"unknown","cmd":"unset A"},{"type":"list_files","cmd":"ls","path":null}]`},
		{"nothing", nil, `[{"type":"unknown","cmd":""}]`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			require.JSONEq(t, test.want, encode(t, ParseCommand(test.argv)))
		})
	}
}

// Whatever a script says, it is shown and decided upon without a panic, and what is
// safe is so for a reason that display agrees with: it has commands.
func FuzzScript(f *testing.F) {
	f.Add("cd a && nl -ba f | sed -n '1,2p'; ls \"a b\" || git log *")
	f.Add("cat <<E\n$(x)\nE")
	f.Add("fd -t f \\( \"\\\"\" '' # c")
	f.Fuzz(func(t *testing.T, script string) {
		argv := []string{"bash", "-lc", script}
		for _, command := range ParseCommand(argv) {
			require.NotEmpty(t, command.Type())
		}
		if IsKnownSafe(argv) {
			commands, ok := simpleCommands(script)
			require.True(t, ok)
			require.NotEmpty(t, commands)
		}
		require.NotContains(t, Visible(Quote(argv)), "\n")
	})
}
