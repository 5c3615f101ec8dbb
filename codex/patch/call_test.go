package patch

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRecognize(t *testing.T) {
	text := wrap("*** Add File: $HOME.txt", "+`x` \\ $y")
	script := func(s string) []string { return []string{"bash", "-lc", s} }
	here := "<<'EOF'\n" + text + "\nEOF\n"
	tests := []struct {
		name    string
		argv    []string
		call    bool
		workdir string
		err     string // part of it
	}{
		{"program", []string{"apply_patch", text}, true, "", ""},
		{"other spelling", []string{"applypatch", text}, true, "", ""},
		{"here-document", script("apply_patch " + here), true, "", ""},
		{"other spelling, here-document", script("applypatch " + here), true, "", ""},
		{"nothing is expanded", script("apply_patch <<EOF\n" + text + "\nEOF"), true, "", ""},
		{"any delimiter", script("apply_patch <<\"A B\"\n" + text + "\nA B\n\n"), true, "", ""},
		{"tabs taken off", script("apply_patch <<-EOF\n\t" + wrap("*** Add File: $HOME.txt", "+`x` \\ $y") + "\n\tEOF"), true, "", ""},
		{"cd", script("cd sub/dir && apply_patch " + here), true, "sub/dir", ""},
		{"cd, single quotes", script("cd 'a b' && apply_patch " + here), true, "a b", ""},
		{"cd, double quotes", script(`cd "a b" && apply_patch ` + here), true, "a b", ""},
		{"cd absolute", script("cd /tmp && apply_patch " + here), true, "/tmp", ""},

		{"no command", nil, false, "", ""},
		{"program alone", []string{"apply_patch"}, false, "", ""},
		{"two arguments", []string{"apply_patch", text, text}, false, "", ""},
		{"other program", []string{"echo", text}, false, "", ""},
		{"other shell", []string{"sh", "-lc", "apply_patch " + here}, false, "", ""},
		{"no login shell", []string{"bash", "-c", "apply_patch " + here}, false, "", ""},
		{"command before", script("echo x; apply_patch " + here), false, "", ""},
		{"command after", script("apply_patch " + here + "echo x"), false, "", ""},
		{"comment", script("# now\napply_patch " + here), false, "", ""},
		{"pipe", script("cat <<EOF | apply_patch\n" + text + "\nEOF"), false, "", ""},
		{"cd or", script("cd x || apply_patch " + here), false, "", ""},
		{"cd and then", script("cd x; apply_patch " + here), false, "", ""},
		{"cd with two arguments", script("cd x y && apply_patch " + here), false, "", ""},
		{"cd back", script("cd - && apply_patch " + here), false, "", ""},
		{"cd home", script("cd ~ && apply_patch " + here), false, "", ""},
		{"cd expanded", script("cd \"$x\" && apply_patch " + here), false, "", ""},
		{"cd glob", script("cd a* && apply_patch " + here), false, "", ""},
		{"cd concatenated", script("cd a'b' && apply_patch " + here), false, "", ""},
		{"cd twice", script("cd a && cd b && apply_patch " + here), false, "", ""},
		{"argument and here-document", script("apply_patch x " + here), false, "", ""},
		{"here-string", script("apply_patch <<<x"), false, "", ""},
		{"other descriptor", script("apply_patch 3" + here), false, "", ""},
		{"second redirection", script("apply_patch >out " + here), false, "", ""},
		{"background", script("apply_patch <<EOF &\n" + text + "\nEOF"), false, "", ""},
		{"negated", script("! apply_patch " + here), false, "", ""},
		{"assignment", script("A=1 apply_patch " + here), false, "", ""},
		{"group", script("{ apply_patch <<EOF\n" + text + "\nEOF\n}"), false, "", ""},
		{"broken script", script("apply_patch <<EOF && (\n" + text + "\nEOF"), false, "", ""},

		{"patch as a command", []string{text}, false, "", "a patch is not a command"},
		{"patch as a script", script(text), false, "", "a patch is not a command"},
		{"broken patch", []string{"apply_patch", "x"}, false, "", "invalid patch: the first line"},
		{"broken patch in a script", script("apply_patch <<EOF\nx\nEOF"), false, "", "invalid patch: the first line"},
		{"broken patch as a command", []string{"*** Begin Patch\nx\n*** End Patch"}, false, "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			call, err := Recognize(test.argv)
			if test.err != "" {
				require.ErrorContains(t, err, test.err)
				require.Nil(t, call)
				return
			}
			require.NoError(t, err)
			if !test.call {
				require.Nil(t, call)
				return
			}
			require.NotNil(t, call)
			require.Equal(t, test.workdir, call.Workdir)
			require.Equal(t, []Section{{Kind: Add, Path: "$HOME.txt", Content: "`x` \\ $y\n"}}, call.Patch.Sections)
			require.Equal(t, text, call.Patch.Text)
		})
	}
}

func TestCallDir(t *testing.T) {
	cwd := t.TempDir()
	require.Equal(t, cwd, (&Call{}).Dir(cwd))
	require.Equal(t, cwd+string(filepath.Separator)+"sub", (&Call{Workdir: "sub"}).Dir(cwd))
	require.Equal(t, cwd, (&Call{Workdir: cwd}).Dir("/elsewhere"))
}

func FuzzRecognizeScript(f *testing.F) {
	f.Add("cd x && apply_patch <<'EOF'\n" + wrap("*** Delete File: d") + "\nEOF")
	f.Add("apply_patch <<-EOF\n\tx\n\tEOF")
	f.Fuzz(func(t *testing.T, script string) {
		call, err := Recognize([]string{"bash", "-lc", script})
		require.True(t, call == nil || err == nil)
	})
}
