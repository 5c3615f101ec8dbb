package patch

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// wrap makes a patch of the lines between its first and last one.
func wrap(lines ...string) string {
	return beginPatch + "\n" + strings.Join(append(lines, endPatch), "\n")
}

func TestParse(t *testing.T) {
	context := "func f() {"
	abc := []Section{{Kind: Update, Path: "f", Hunks: []Hunk{{Old: []string{"a", "b"}, New: []string{"a", "B"}}}}}
	tests := []struct {
		name, text string
		want       []Section
	}{
		{"no section", "*** Begin Patch\n*** End Patch", nil},
		{"add", wrap("*** Add File: a/b.txt", "+x", "+", "+ y"), []Section{{Kind: Add, Path: "a/b.txt", Content: "x\n\n y\n"}}},
		{"add nothing", wrap("*** Add File: e"), []Section{{Kind: Add, Path: "e"}}},
		{"delete", wrap("*** Delete File: d"), []Section{{Kind: Delete, Path: "d"}}},
		{"header with space around", wrap("  *** Delete File: d  "), []Section{{Kind: Delete, Path: "d"}}},
		{"update", wrap("*** Update File: f", "@@", " a", "-b", "+B"), abc},
		{"first hunk without mark", wrap("*** Update File: f", " a", "-b", "+B"), abc},
		{"blank line before the hunk", wrap("*** Update File: f", "", "@@", " a", "-b", "+B"), abc},
		{"space around the patch", "\n  " + wrap("*** Update File: f", " a", "-b", "+B") + "\n\n", abc},
		{"carriage returns", strings.ReplaceAll(wrap("*** Update File: f", " a", "-b", "+B"), "\n", "\r\n"), abc},
		{"here-document", "<<EOF\n" + wrap("*** Update File: f", " a", "-b", "+B") + "\nEOF", abc},
		{"quoted here-document", "<<'EOF'\n" + wrap("*** Update File: f", " a", "-b", "+B") + "\nEOF\n", abc},
		{"double-quoted here-document", "<<\"EOF\"\n" + wrap("*** Update File: f", " a", "-b", "+B") + "\nEOF", abc},
		{"move", wrap("*** Update File: f", "*** Move to: g", "@@", "+x"),
			[]Section{{Kind: Update, Path: "f", MovePath: "g", Hunks: []Hunk{{New: []string{"x"}}}}}},
		{"context and end of file", wrap("*** Update File: f", "@@ func f() {", "-b", "*** End of File"),
			[]Section{{Kind: Update, Path: "f", Hunks: []Hunk{{Context: &context, Old: []string{"b"}, EndOfFile: true}}}}},
		{"empty line is context", wrap("*** Update File: f", "@@", "-a", "", "+b"),
			[]Section{{Kind: Update, Path: "f", Hunks: []Hunk{{Old: []string{"a", ""}, New: []string{"", "b"}}}}}},
		{"two hunks, two files", wrap("*** Update File: f", "@@", "-a", "@@", "-b", "*** Delete File: g"),
			[]Section{
				{Kind: Update, Path: "f", Hunks: []Hunk{{Old: []string{"a"}}, {Old: []string{"b"}}}},
				{Kind: Delete, Path: "g"},
			}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := Parse(test.text)
			require.NoError(t, err)
			require.Equal(t, test.want, p.Sections)
		})
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct {
		name, text string
		line       int
		reason     string // part of it
	}{
		{"empty", "", 0, "first line"},
		{"no first line", "x", 0, `first line must be "*** Begin Patch"`},
		{"space before the first line's end", "*** Begin Patch \n*** End Patch", 0, "first line"},
		{"no last line", "*** Begin Patch\n*** Add File: a", 0, `last line must be "*** End Patch"`},
		{"only the first line", "*** Begin Patch", 0, "last line"},
		{"short here-document", "<<EOF\n*** Begin Patch\nEOF", 0, "first line"},
		{"here-document without a patch", "<<EOF\nx\ny\nEOF", 0, "first line"},
		{"blank line", wrap(""), 2, `"" starts no section`},
		{"unknown section", wrap("*** Rename File: a"), 2, `"*** Rename File: a" starts no section`},
		{"no path", wrap("*** Add File: "), 2, "starts no section"},
		{"line after an added file", wrap("*** Add File: a", "+x", "y"), 4, `"y" starts no section`},
		{"no hunks", wrap("*** Delete File: d", "*** Update File: f"), 3, `update of "f" has no hunks`},
		{"only blank lines", wrap("*** Update File: f", "", " "), 2, "has no hunks"},
		{"hunk without lines", wrap("*** Update File: f", "@@"), 4, "no lines"},
		{"end of file without lines", wrap("*** Update File: f", "@@", "*** End of File"), 4, "no lines"},
		{"bad first line of a hunk", wrap("*** Update File: f", "@@", "x"), 4, `got "x"`},
		{"bad mark", wrap("*** Update File: f", "@@x"), 3, `got "@@x"`},
		{"second hunk without mark", wrap("*** Update File: f", "@@", "-a", "x"), 5, `must start with "@@", got "x"`},
		{"too long", strings.Repeat(" ", MaxPatchSize+1), 0, "longer than"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse(test.text)
			var parseError *ParseError
			require.ErrorAs(t, err, &parseError)
			require.Equal(t, test.line, parseError.Line, "%v", err)
			require.Contains(t, parseError.Reason, test.reason)
		})
	}
}

func TestParseErrorText(t *testing.T) {
	require.EqualError(t, &ParseError{Reason: "broken"}, "invalid patch: broken")
	require.EqualError(t, &ParseError{Line: 7, Reason: "broken"}, "invalid patch, line 7: broken")
}

// Whatever the text, Parse returns a patch or an error with a line of the text.
func FuzzParse(f *testing.F) {
	f.Add(wrap("*** Add File: a", "+x", "*** Update File: f", "*** Move to: g", "@@ c", " a", "-b", "+B", "*** End of File"))
	f.Add("<<EOF\n" + wrap("*** Delete File: d") + "\nEOF")
	f.Add("*** Begin Patch\r\n\r\n*** End Patch")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text)
		if err != nil {
			parseError, ok := err.(*ParseError)
			require.True(t, ok, "%v", err)
			require.LessOrEqual(t, parseError.Line, strings.Count(text, "\n")+1)
			return
		}
		again, err := Parse(p.Text)
		require.NoError(t, err)
		require.Equal(t, p.Sections, again.Sections)
		for _, s := range p.Sections {
			if s.Kind != Update {
				continue
			}
			require.NotEmpty(t, s.Hunks)
			content, err := update("a\nb\nc\n", s.Hunks)
			if err == nil {
				require.True(t, strings.HasSuffix(content, "\n"))
			}
		}
	})
}
