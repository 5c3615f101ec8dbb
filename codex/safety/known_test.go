package safety

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIsKnownSafe(t *testing.T) {
	tests := []struct {
		safe bool
		argv []string
	}{
		{false, nil},
		{false, []string{""}},
		{true, []string{"cat", "f"}},
		{true, []string{"cd", "x"}},
		{true, []string{"echo", "x", "; rm -rf /"}},
		{true, []string{"false"}},
		{true, []string{"grep", "-rn", "x", "."}},
		{true, []string{"head", "-n", "3"}},
		{true, []string{"ls", "-la"}},
		{true, []string{"nl", "-ba", "f"}},
		{true, []string{"pwd"}},
		{true, []string{"tail", "f"}},
		{true, []string{"true"}},
		{true, []string{"wc", "-l"}},
		{true, []string{"which", "go"}},
		{false, []string{"/bin/ls"}},
		{false, []string{"./ls"}},
		{false, []string{"rm", "f"}},
		{false, []string{"touch", "f"}},
		{false, []string{"sh", "-c", "ls"}},

		{true, []string{"find", ".", "-name", "*.go", "-print"}},
		{false, []string{"find", ".", "-exec", "rm", "{}", ";"}},
		{false, []string{"find", ".", "-execdir", "x"}},
		{false, []string{"find", ".", "-ok", "x"}},
		{false, []string{"find", ".", "-okdir", "x"}},
		{false, []string{"find", ".", "-delete"}},
		{false, []string{"find", ".", "-fls", "x"}},
		{false, []string{"find", ".", "-fprint", "x"}},
		{false, []string{"find", ".", "-fprint0", "x"}},
		{false, []string{"find", ".", "-fprintf", "x", "y"}},

		{true, []string{"rg", "-n", "x", "--pretty"}},
		{true, []string{"rg", "fuzz", "src"}},
		{true, []string{"rg", "--json", "--size=z"}},
		{false, []string{"rg", "--search-zip", "x"}},
		{false, []string{"rg", "-z", "x"}},
		{false, []string{"rg", "-nz", "x"}},
		{false, []string{"rg", "--pre", "sh", "x"}},
		{false, []string{"rg", "--pre=sh", "x"}},
		{false, []string{"rg", "--hostname-bin", "sh", "x"}},
		{false, []string{"rg", "--hostname-bin=sh", "x"}},

		{true, []string{"sed", "-n", "1p", "f"}},
		{true, []string{"sed", "-n", "1,20p", "f"}},
		{false, []string{"sed", "-n", "1p"}},
		{false, []string{"sed", "-n", "1p", ""}},
		{false, []string{"sed", "-n", "p", "f"}},
		{false, []string{"sed", "-n", ",2p", "f"}},
		{false, []string{"sed", "-n", "1,p", "f"}},
		{false, []string{"sed", "-n", "1,2,3p", "f"}},
		{false, []string{"sed", "-n", "1w x", "f"}},
		{false, []string{"sed", "-n", "1p", "f", "g"}},
		{false, []string{"sed", "-i", "1p", "f"}},
		{false, []string{"sed", "1p", "f"}},
		// A hole of the original: -f makes 1p a file and runs the script.
		{false, []string{"sed", "-n", "1p", "-fscript"}},

		{false, []string{"git"}},
		{true, []string{"git", "status", "--short"}},
		{true, []string{"git", "log", "--oneline", "-n", "3"}},
		{true, []string{"git", "diff", "--output-indicator-new=x"}},
		{true, []string{"git", "show", "HEAD:f"}},
		{true, []string{"git", "branch"}},
		{true, []string{"git", "branch", "-a", "-vv"}},
		{true, []string{"git", "branch", "-ra", "--sort=-committerdate", "--format=%(refname)"}},
		{true, []string{"git", "branch", "--list", "x*"}},
		{true, []string{"git", "branch", "--contains", "HEAD", "--no-color"}},
		{true, []string{"git", "branch", "--show-current"}},
		{false, []string{"git", "-C", "x", "status"}},
		{false, []string{"git", "-c", "core.pager=x", "log"}},
		{false, []string{"git", "commit"}},
		// Holes of the original.
		{false, []string{"git", "log", "--output=x"}},
		{false, []string{"git", "log", "--output", "x"}},
		{false, []string{"git", "log", "--outp=x"}},
		{false, []string{"git", "show", "--ext-diff"}},
		{false, []string{"git", "diff", "--ext"}},
		{false, []string{"git", "branch", "x"}},
		{false, []string{"git", "branch", "-v", "x"}},
		{false, []string{"git", "branch", "-l", "x"}},
		{false, []string{"git", "branch", "-D", "x"}},
		{false, []string{"git", "branch", "-aD", "x"}},
		{false, []string{"git", "branch", "-m", "x"}},
		{false, []string{"git", "branch", "-f", "x", "y"}},
		{false, []string{"git", "branch", "--del", "--list", "x"}},
		{false, []string{"git", "branch", "--edit-description"}},
		{false, []string{"git", "branch", "--set-upstream-to=x"}},
		{false, []string{"git", "branch", "-"}},
		{false, []string{"git", "branch", "--sort", "x"}},
		{false, []string{"cargo", "check"}},
	}
	for _, test := range tests {
		require.Equal(t, test.safe, IsKnownSafe(test.argv), "%q", test.argv)
	}
}

func TestIsKnownSafeScript(t *testing.T) {
	tests := []struct {
		safe   bool
		script string
	}{
		{true, "ls"},
		{true, "ls\npwd"},
		{true, "ls && pwd | wc -l"},
		{true, "ls || true"},
		{true, "ls *.txt"},
		{true, `echo "a b" 'c'`},
		{true, "echo 1 2.5"},
		{true, "ls;"},
		{true, "ls ; pwd;"},
		{true, "\n  ls\n"},
		{true, `cat a\ b`},
		{true, "git status && git diff"},
		{true, "find . -name '*.go' | head -n 3"},
		{true, "rg foo src/*.go"},
		{true, "sed -n '1,200p' f"},
		{false, ""},
		{false, "# only a comment"},
		{false, `ls "$HOME"`},
		{false, "ls $HOME"},
		{false, "ls $(pwd)"},
		{false, "ls `pwd`"},
		{false, "ls > x"},
		{false, "ls 2>&1"},
		{false, "ls < x"},
		{false, "(ls)"},
		{false, "{ ls; }"},
		{false, "FOO=1 ls"},
		{false, "ls &"},
		{false, "ls # comment"},
		{false, "! ls"},
		{false, "cat <<E\nx\nE"},
		{false, "cat <<<x"},
		{false, `"ls"`},
		{false, "'ls'"},
		{false, `l\s`},
		{false, `ls a"b"`},
		{false, "echo {a,b}"},
		{false, "ls [ab]"},
		{false, "ls @(a)"},
		{false, "ls <(pwd)"},
		{false, `echo ""`},
		{false, "echo $'a'"},
		{false, `echo $"a"`},
		{false, "echo \"a\nb\""},
		{false, "/bin/ls"},
		{false, "bash -c ls"},
		{false, "git -C x status"},
		{false, "sed -n 1p"},
		{false, "ls | rm f"},
		{false, "ls |& wc"},
		{false, "if true; then ls; fi"},
		{false, "f() { ls; }"},
		{false, "time ls"},
		{false, "coproc ls"},
		{false, "ls &&"},
		{false, "ls 'x"},
		{false, "cargo check"},
		// Written so that only the shell sees what it is.
		{false, `find . \-delete`},
		{false, `find . "-delete"`},
		{false, "find . -del\\\nete"},
		{false, "find . \"-del\\\nete\""},
		{false, "ls\r\nrm"},
		// A file may have the name of an option.
		{false, "rg foo *"},
		{false, "rg foo *.go"},
		{false, "find . -delet?"},
		{false, `find . \-delet?`},
		{false, "sed -n 1p *"},
		{false, "git diff *"},
	}
	for _, test := range tests {
		require.Equal(t, test.safe, IsKnownSafe([]string{"bash", "-lc", test.script}), "%q", test.script)
	}
	for _, argv := range [][]string{
		{"bash", "-c", "ls"}, {"sh", "-lc", "ls"}, {"zsh", "-lc", "ls"}, {"/bin/bash", "-lc", "ls"}, {"bash", "-lc"},
		{"bash", "-lc", "ls", "x"}, {"bash"},
	} {
		require.False(t, IsKnownSafe(argv), "%q", argv)
	}
}
