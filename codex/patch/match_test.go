package patch

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUpdate(t *testing.T) {
	tests := []struct {
		name, file string
		hunks      []string // the lines of a section
		want       string
		wantErr    string
	}{
		{"replace", "a\nb\nc\n", []string{"@@", " a", "-b", "+B"}, "a\nB\nc\n", ""},
		{"delete all", "a\n", []string{"@@", "-a"}, "", ""},
		{"line end is added", "a\nb", []string{"@@", "-a", "+A"}, "A\nb\n", ""},
		{"addition goes to the end", "a\nb\n", []string{"@@", "+c"}, "a\nb\nc\n", ""},
		{"addition with context goes to the end", "a\nb\n", []string{"@@ a", "+c"}, "a\nb\nc\n", ""},
		{"addition before a blank last line", "a\n\n", []string{"@@", "+c"}, "a\nc\n", ""},
		{"addition to an empty file", "", []string{"@@", "+c"}, "c\n", ""},
		{"context picks the second", "f\nx\ng\nx\n", []string{"@@ g", "-x", "+y"}, "f\nx\ng\ny\n", ""},
		{"context is passed", "x\nx\n", []string{"@@ x", "-x", "+y"}, "x\ny\n", ""},
		{"hunks go on where the last ended", "x\nx\nx\n", []string{"@@", "-x", "+1", "@@", "-x", "+2"}, "1\n2\nx\n", ""},
		{"hunks out of order", "a\nb\n", []string{"@@", "-b", "@@", "-a"}, "", "cannot find these lines:\na"},
		{"end of file picks the last", "x\ny\nx\n", []string{"@@", "-x", "+z", "*** End of File"}, "x\ny\nz\n", ""},
		{"end of file must be there", "x\ny\n", []string{"@@", "-x", "*** End of File"}, "", "cannot find these lines"},
		{"blank last line of the block", "a\nb\n", []string{"@@", " b", ""}, "a\nb\n", ""},
		{"blank line at the end of the file", "a\n", []string{"@@", "-", "+b", "*** End of File"}, "a\nb\n", ""},
		{"exact match before an earlier similar one", "x \nx\n", []string{"@@", "-x", "+y"}, "x \ny\n", ""},
		{"white space at line ends", "a \nb\t\n", []string{"@@", " a", "-b", "+B"}, "a\nB\n", ""},
		{"indentation", "\t\tif x {\n", []string{"@@", "-if x {", "+if y {"}, "if y {\n", ""},
		{"typography", "it\u2019s \u201cthis\u201d \u2013\u00a0that\n", []string{"@@", "-it's \"this\" - that", "+ok"}, "ok\n", ""},
		{"carriage returns stay elsewhere", "a\r\nb\r\nc\r\n", []string{"@@", "-b", "+B"}, "a\r\nB\nc\r\n", ""},
		{"context missing", "a\n", []string{"@@ zz", "-a"}, "", `cannot find the context "zz"`},
		{"lines missing", "a\nb\n", []string{"@@", " z", "-b"}, "", "cannot find these lines:\nz\nb"},
		{"longer than the file", "a\n", []string{"@@", " a", " b"}, "", "cannot find these lines"},
		{"end of file hides an earlier hunk", "a\nb\n", []string{"@@", "-a", "-b", "@@", "-b", "*** End of File"}, "",
			"two hunks replace the same lines"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := Parse(wrap(append([]string{"*** Update File: f"}, test.hunks...)...))
			require.NoError(t, err)
			got, err := update(test.file, p.Sections[0].Hunks)
			if test.wantErr != "" {
				require.ErrorContains(t, err, test.wantErr)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
}

func TestMatchingIsBounded(t *testing.T) {
	block := strings.Split(strings.Repeat("a ", 5000), " ")
	block[len(block)-1] = "b"
	_, err := update(strings.Repeat("a\n", 1_000_000), []Hunk{{Old: block}})
	require.EqualError(t, err, "the hunks take too long to match")
}
