package config

import (
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"github.com/stretchr/testify/require"
)

func TestEditKeepsTheRest(t *testing.T) {
	tests := []struct {
		name, in string
		changes  []change
		want     string
	}{
		{"replace", "# top\nmodel = \"a\"   # mine\nother = 1\n",
			[]change{{[]string{"model"}, "b"}},
			"# top\nmodel = \"b\"   # mine\nother = 1\n"},
		{"empty file", "", []change{{[]string{"model"}, "b"}}, "model = \"b\"\n"},
		{"no newline at the end", "other = 1", []change{{[]string{"model"}, "b"}}, "other = 1\nmodel = \"b\"\n"},
		{"before the first section", "# about a\n[a]\nx = 1\n",
			[]change{{[]string{"model"}, "b"}},
			"model = \"b\"\n# about a\n[a]\nx = 1\n"},
		{"after the top keys", "x = 1 # one\n\n# about a\n[a]\nmodel = 2\n",
			[]change{{[]string{"model"}, "b"}},
			"x = 1 # one\nmodel = \"b\"\n\n# about a\n[a]\nmodel = 2\n"},
		{"windows", "x = 1\r\n[a]\r\n", []change{{[]string{"model"}, "b"}}, "x = 1\r\nmodel = \"b\"\r\n[a]\r\n"},
		{"byte order mark", "\ufeffx = 1\n", []change{{[]string{"x"}, "b"}}, "\ufeffx = \"b\"\n"},
		{"in a section", "[profiles.fast]\napproval_policy = \"never\"\n\n[z]\n",
			[]change{{[]string{"profiles", "fast", "model"}, "b"}},
			"[profiles.fast]\napproval_policy = \"never\"\nmodel = \"b\"\n\n[z]\n"},
		{"in an empty section", "[profiles.fast] # quick\n[z]\n",
			[]change{{[]string{"profiles", "fast", "model"}, "b"}},
			"[profiles.fast] # quick\nmodel = \"b\"\n[z]\n"},
		{"quoted header", "[profiles.\"a b\"]\nx = 1\n",
			[]change{{[]string{"profiles", "a b", "model"}, "b"}},
			"[profiles.\"a b\"]\nx = 1\nmodel = \"b\"\n"},
		{"header with brackets in it", "[ \"[x]\" . 'y]' ] # ]\na = 1\n",
			[]change{{[]string{"[x]", "y]", "b"}, "c"}},
			"[ \"[x]\" . 'y]' ] # ]\na = 1\nb = \"c\"\n"},
		{"dotted keys", "profiles.fast.x = 1\nother = 2\n",
			[]change{{[]string{"profiles", "fast", "model"}, "b"}},
			"profiles.fast.x = 1\nprofiles.fast.model = \"b\"\nother = 2\n"},
		{"dotted keys in a section", "[profiles]\nfast.x = 1\n# end\n",
			[]change{{[]string{"profiles", "fast", "model"}, "b"}},
			"[profiles]\nfast.x = 1\nfast.model = \"b\"\n# end\n"},
		{"inline table", "profiles = { fast = { x = 1 }, z = 2 } # p\n",
			[]change{{[]string{"profiles", "fast", "model"}, "b"}},
			"profiles = { fast = { x = 1, model = \"b\" }, z = 2 } # p\n"},
		{"empty inline table", "profiles = {}\n",
			[]change{{[]string{"profiles", "fast", "model"}, "b"}},
			"profiles = { fast.model = \"b\" }\n"},
		{"new section", "x = 1\n\n\n",
			[]change{{[]string{"mcp_servers", "a", "command"}, "p"}, {[]string{"mcp_servers", "a", "args"}, []string{"-x", "y\"z"}}, {[]string{"mcp_servers", "a", "env", "A.B"}, "é"}},
			"x = 1\n\n[mcp_servers.a]\ncommand = \"p\"\nargs = [\"-x\", \"y\\\"z\"]\n\n[mcp_servers.a.env]\n\"A.B\" = \"é\"\n"},
		{"beside its like", "[mcp_servers.a]\ncommand = \"p\"\n# args = []\n\n# about z\n[z]\n",
			[]change{{[]string{"mcp_servers", "b", "command"}, "q"}},
			"[mcp_servers.a]\ncommand = \"p\"\n# args = []\n\n[mcp_servers.b]\ncommand = \"q\"\n\n# about z\n[z]\n"},
		{"section of a parent", "[profiles.fast.deep]\nx = 1\n",
			[]change{{[]string{"profiles", "fast", "model"}, "b"}},
			"[profiles.fast.deep]\nx = 1\n\n[profiles.fast]\nmodel = \"b\"\n"},
		{"multi-line value", "a = [\n 1, # one\n 2,\n]\nb = '''\n[x]\nmodel = 1\n'''\n",
			[]change{{[]string{"model"}, "m"}, {[]string{"a"}, "n"}},
			"a = \"n\"\nb = '''\n[x]\nmodel = 1\n'''\nmodel = \"m\"\n"},

		{"remove", "# top\nmodel = \"a\" # mine\nother = 1\n", []change{{[]string{"model"}, nil}}, "# top\nother = 1\n"},
		{"remove the last", "model = \"a\"", []change{{[]string{"model"}, nil}}, ""},
		{"remove nothing", "x = 1", []change{{[]string{"model"}, nil}}, "x = 1"},
		{"remove many lines", "a = [\n 1,\n]\nb = 1\n", []change{{[]string{"a"}, nil}}, "b = 1\n"},
		{"remove from an inline table", "p = { a = 1, b = { c = 2 }, d = 3 }\n",
			[]change{{[]string{"p", "b"}, nil}}, "p = { a = 1, d = 3 }\n"},
		{"remove the last of an inline table", "p = { a = 1, d = 3 }\n", []change{{[]string{"p", "d"}, nil}}, "p = { a = 1 }\n"},
		{"remove all of an inline table", "p = { a = 1 }\n", []change{{[]string{"p", "a"}, nil}}, "p = {  }\n"},
		{"remove sections", "# all\n[s.a]\nx = 1\n\n# about b\n[s.b]\ny = 1 # why\n# end of b\n\n[s.b.env]\nE = \"1\"\n\n# about c\n[s.c]\nz = 1\n",
			[]change{{[]string{"s", "b"}, nil}},
			"# all\n[s.a]\nx = 1\n\n# about b\n# end of b\n\n# about c\n[s.c]\nz = 1\n"},
		{"remove the last section", "a = 1\n\n[s.b]\ny = 1\n", []change{{[]string{"s", "b"}, nil}}, "a = 1\n"},
		{"remove array of tables", "[[x]]\na = 1\n\n[[x]]\na = 2\n\n[y]\n", []change{{[]string{"x"}, nil}}, "[y]\n"},
		{"remove dotted", "s.b.x = 1\ns.b.y = 2\ns.c = 3\n", []change{{[]string{"s", "b"}, nil}}, "s.c = 3\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := edit([]byte(test.in), test.changes)
			require.NoError(t, err)
			require.Equal(t, test.want, string(got))
		})
	}
}

func TestEditRefusesWhatItCannotKeep(t *testing.T) {
	for name, in := range map[string]string{
		"array of tables": "[[profiles.fast]]\nx = 1\n",
		"a plain value":   "profiles = 1\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := edit([]byte(in), []change{{[]string{"profiles", "fast", "model"}, "b"}})
			require.ErrorIs(t, err, errLayout)
		})
	}
	_, err := edit([]byte("x = 1\n"), []change{{[]string{"model"}, "a\xff"}})
	require.ErrorContains(t, err, "not UTF-8")
	_, err = edit([]byte("x = = 1\n"), nil)
	require.Error(t, err)
}

// FuzzEdit sets and removes keys in any text: what is not meant stays.
func FuzzEdit(f *testing.F) {
	for _, seed := range []string{
		"", "model = \"a\" # c\n", "[a.b]\nc = 1\n[a]\nd = 2", "a = { b = { c = 1 }, d = [ { b = 1 } ] }\n",
		"a.b.c = 1\na.b.d = 2\n", "[[a]]\nb = 1\n[[a]]\n[a.b]\nc = 1\n", "# x\r\na = '''\n[b]\n'''\r\n",
		"\"a\".'b' = nan\n[ \"]\" ]\n", "a = [\n{ b = 1 }, # x\n]\n", "x = 1979-05-27T07:32:00Z\n[a]\n\n\n",
		"a = {\n b = 1, # x\n}\n",
	} {
		f.Add(seed, "a.b.c", "value", true)
		f.Add(seed, "a.b", "va\nl\"ue", false)
		f.Add(seed, "model", "", true)
	}
	f.Fuzz(func(t *testing.T, text, key, value string, remove bool) {
		var before map[string]any
		if strings.Contains(key, "..") || key == "" || toml.Unmarshal([]byte(text), &before) != nil {
			return
		}
		c := change{path: strings.Split(key, ".")}
		if !remove {
			c.value = value
		}
		got, err := edit([]byte(text), []change{c})
		if err != nil {
			return // edit found that it cannot do it
		}
		// Undo the change in the values; the rest must be as before.
		var after map[string]any
		require.NoError(t, toml.Unmarshal(got, &after))
		if before == nil {
			before = map[string]any{}
		}
		if remove {
			deletePath(before, c.path)
			prune(before, after, c.path)
		} else {
			require.NoError(t, assignPath(before, c.path, value))
		}
		require.True(t, sameValues(before, after), "%q became %q", text, got)
		// Comments outside of what was changed stay.
		if !remove && !strings.Contains(text, "\x00") {
			for line := range strings.Lines(text) {
				if trimmed := strings.TrimSpace(line); strings.HasPrefix(trimmed, "#") && !strings.ContainsAny(text, "[{'\"") {
					require.Contains(t, string(got), trimmed)
				}
			}
		}
	})
}
