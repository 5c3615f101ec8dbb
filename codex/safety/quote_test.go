package safety

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestQuote(t *testing.T) {
	tests := []struct {
		argv []string
		want string
	}{
		{nil, ""},
		{[]string{"ls", "-la", "/a_b/c.d:e@f+g]"}, "ls -la /a_b/c.d:e@f+g]"},
		{[]string{"echo", ""}, "echo ''"},
		{[]string{"echo", "a b", "c"}, "echo 'a b' c"},
		{[]string{"echo", "$x", `a"b`}, `echo '$x' 'a"b'`},
		{[]string{"it's"}, `"it's"`},
		{[]string{`a'b"c`}, `"a'b\"c"`},
		{[]string{`a\b`}, `"a\\b"`},
		{[]string{"it's!"}, `"it's"'!'`},
		{[]string{"it's $x"}, `"it's "'$x'`},
		{[]string{"^'"}, `'^'"'"`},
		{[]string{"'`"}, "\"'\"'`'"},
		{[]string{`x\'!y"`}, `"x\\'"'!y"'`},
		{[]string{"a=b", "a,b", "%", "~", "{", "#", "*", "é"}, `'a=b' 'a,b' '%' '~' '{' '#' '*' 'é'`},
		{[]string{"a\nb"}, "'a\nb'"},
	}
	for _, test := range tests {
		require.Equal(t, test.want, Quote(test.argv))
	}
}

// A shell reads back what was quoted.
func TestShellReadsQuotedWords(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no POSIX shell here")
	}
	var argv []string
	for _, word := range []string{"", "a b", "it's", `\`, `"`, "$HOME", "`x`", "!", "a\nb", "~", "*", "'\"'\\$`!^", "\t", "é", "#", "-n", "a'b!c\"d\\e^f"} {
		argv = append(argv, word, word+word, "x"+word+"y")
	}
	out, err := exec.Command(shell, "-c", "printf '%s\\0' "+Quote(argv)).Output()
	require.NoError(t, err)
	require.Equal(t, argv, strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"))
}

func TestVisible(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""},
		{"plain text, ünïcode, 日本語, 🙂", "plain text, ünïcode, 日本語, 🙂"},
		{"a\nb\tc\rd", `a\nb\tc\rd`},
		{"\x1b[2K\x00\x7f", `\x1b[2K\x00\x7f`},
		{"a\u202eb\u2066c\u200f", `a\u202eb\u2066c\u200f`},
		{"a\u200bb\ufeffc\u00add", `a\u200bb\ufeffc\u00add`},
		{"a\u00a0b\u2028c\u3000d\u0085", `a\u00a0b\u2028c\u3000d\u0085`},
		{"a\u3164b\u115fc\u2800d", `a\u3164b\u115fc\u2800d`},
		{"a\U000e0041b", `a\U000e0041b`},
		{"a\xffb\xe2\x80", `a\xffb\xe2\x80`},
		{"\ufffd", "\ufffd"},
	}
	for _, test := range tests {
		require.Equal(t, test.want, Visible(test.in), "%q", test.in)
	}
}

// What looks like an escape is told from one that was made.
func TestVisibleQuotedCommand(t *testing.T) {
	require.Equal(t, `echo 'a\u202eb'`, Visible(Quote([]string{"echo", "a\u202eb"})))
	require.Equal(t, `echo "a\\u202eb"`, Visible(Quote([]string{"echo", `a\u202eb`})))
}
