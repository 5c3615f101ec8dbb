package patch

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// step applies a patch as a turn does.
func step(t *testing.T, d *TurnDiff, dir string, lines ...string) {
	t.Helper()
	p := parse(t, lines...)
	changes, err := Verify(p, dir)
	require.NoError(t, err)
	d.Touch(changes)
	_, err = Apply(p, dir)
	require.NoError(t, err)
}

const (
	idAbc    = "de980441c3ab03a8c07dda1ad27b8a11f39deb1e" // "a\nb\nc\n"
	idX      = "587be6b4c3f93f93c489c0111bba5596147a26cb" // "x\n"
	idEmpty  = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
	idABc    = "4484d91500cbaaf5ffff4a3825a9e18e0b0cc6f9" // "A\nB\nc\n"
	idAbcNew = "4f213f7002eb91a1c4439914e50d4d754febe824" // "A\nb\nc\n"
)

func TestTurnDiff(t *testing.T) {
	abc := map[string]string{"f.txt": "a\nb\nc\n"}
	tests := []struct {
		name  string
		files map[string]string
		do    func(t *testing.T, d *TurnDiff, dir string)
		want  string // DIR stands for the folder
	}{
		{"nothing", nil, func(*testing.T, *TurnDiff, string) {}, ""},
		{"update", abc, func(t *testing.T, d *TurnDiff, dir string) {
			step(t, d, dir, "*** Update File: f.txt", "@@", "-a", "+A")
		}, "diff --git a/DIR/f.txt b/DIR/f.txt\nindex " + idAbc + ".." + idAbcNew +
			"\n--- a/DIR/f.txt\n+++ b/DIR/f.txt\n@@ -1,3 +1,3 @@\n-a\n+A\n b\n c\n"},
		{"two patches add up", abc, func(t *testing.T, d *TurnDiff, dir string) {
			step(t, d, dir, "*** Update File: f.txt", "@@", "-a", "+A")
			step(t, d, dir, "*** Update File: f.txt", "@@", "-b", "+B")
		}, "diff --git a/DIR/f.txt b/DIR/f.txt\nindex " + idAbc + ".." + idABc +
			"\n--- a/DIR/f.txt\n+++ b/DIR/f.txt\n@@ -1,3 +1,3 @@\n-a\n-b\n+A\n+B\n c\n"},
		{"undone", abc, func(t *testing.T, d *TurnDiff, dir string) {
			step(t, d, dir, "*** Update File: f.txt", "@@", "-a", "+A")
			step(t, d, dir, "*** Update File: f.txt", "@@", "-A", "+a")
			step(t, d, dir, "*** Add File: n", "+x")
			step(t, d, dir, "*** Delete File: n")
		}, ""},
		{"add", nil, func(t *testing.T, d *TurnDiff, dir string) {
			step(t, d, dir, "*** Add File: sub/n", "+x", "*** Add File: e")
		}, "diff --git a/DIR/e b/DIR/e\nnew file mode 100644\nindex " + absentID + ".." + idEmpty + "\n" +
			"diff --git a/DIR/sub/n b/DIR/sub/n\nnew file mode 100644\nindex " + absentID + ".." + idX +
			"\n--- /dev/null\n+++ b/DIR/sub/n\n@@ -0,0 +1 @@\n+x\n"},
		{"delete", abc, func(t *testing.T, d *TurnDiff, dir string) {
			step(t, d, dir, "*** Delete File: f.txt")
		}, "diff --git a/DIR/f.txt b/DIR/f.txt\ndeleted file mode 100644\nindex " + idAbc + ".." + absentID +
			"\n--- a/DIR/f.txt\n+++ /dev/null\n@@ -1,3 +0,0 @@\n-a\n-b\n-c\n"},
		{"move and update", abc, func(t *testing.T, d *TurnDiff, dir string) {
			step(t, d, dir, "*** Update File: f.txt", "*** Move to: sub/g.txt", "@@", "-a", "+A")
			step(t, d, dir, "*** Update File: sub/g.txt", "@@", "-b", "+B")
		}, "diff --git a/DIR/f.txt b/DIR/sub/g.txt\nindex " + idAbc + ".." + idABc +
			"\n--- a/DIR/f.txt\n+++ b/DIR/sub/g.txt\n@@ -1,3 +1,3 @@\n-a\n-b\n+A\n+B\n c\n"},
		{"moved twice, content as before", abc, func(t *testing.T, d *TurnDiff, dir string) {
			step(t, d, dir, "*** Update File: f.txt", "*** Move to: g", "@@", " a")
			step(t, d, dir, "*** Update File: g", "*** Move to: h", "@@", " a")
		}, "diff --git a/DIR/f.txt b/DIR/h\nsimilarity index 100%\nrename from DIR/f.txt\nrename to DIR/h\n"},
		{"moved and deleted", abc, func(t *testing.T, d *TurnDiff, dir string) {
			step(t, d, dir, "*** Update File: f.txt", "*** Move to: g", "@@", " a")
			step(t, d, dir, "*** Delete File: g")
		}, "diff --git a/DIR/f.txt b/DIR/g\ndeleted file mode 100644\nindex " + idAbc + ".." + absentID +
			"\n--- a/DIR/f.txt\n+++ /dev/null\n@@ -1,3 +0,0 @@\n-a\n-b\n-c\n"},
		{"a move that fails", abc, func(t *testing.T, d *TurnDiff, dir string) {
			p := parse(t, "*** Update File: f.txt", "*** Move to: g", "@@", "-a", "+A")
			changes, err := Verify(p, dir)
			require.NoError(t, err)
			d.Touch(changes)
		}, ""},
		{"a new file where one was moved away", map[string]string{"f": "x\n"}, func(t *testing.T, d *TurnDiff, dir string) {
			step(t, d, dir, "*** Update File: f", "*** Move to: g", "@@", " x")
			step(t, d, dir, "*** Add File: f")
		}, "diff --git a/DIR/f b/DIR/f\nnew file mode 100644\nindex " + absentID + ".." + idEmpty + "\n" +
			"diff --git a/DIR/f b/DIR/g\nsimilarity index 100%\nrename from DIR/f\nrename to DIR/g\n"},
		{"other changes to a touched file", map[string]string{"f": "x\n"}, func(t *testing.T, d *TurnDiff, dir string) {
			step(t, d, dir, "*** Update File: f", "@@", "+y")
			require.NoError(t, os.WriteFile(filepath.Join(dir, "f"), []byte("\xff"), 0o666))
		}, "diff --git a/DIR/f b/DIR/f\nindex " + idX + ".." + blobID([]byte("\xff")) +
			"\n--- a/DIR/f\n+++ b/DIR/f\nBinary files differ\n"},
		{"too large to show", map[string]string{"f": strings.Repeat("x", maxShown+1)}, func(t *testing.T, d *TurnDiff, dir string) {
			step(t, d, dir, "*** Delete File: f")
		}, "diff --git a/DIR/f b/DIR/f\ndeleted file mode 100644\nindex " + blobID([]byte(strings.Repeat("x", maxShown+1))) + ".." + absentID +
			"\n--- a/DIR/f\n+++ /dev/null\nBinary files differ\n"},
		{"in a git work tree", map[string]string{".git/": "", "sub/f": "x\n"}, func(t *testing.T, d *TurnDiff, dir string) {
			step(t, d, filepath.Join(dir, "sub"), "*** Update File: f", "*** Move to: ../g", "@@", " x")
			step(t, d, filepath.Join(dir, "sub"), "*** Add File: e")
		}, "diff --git a/sub/f b/g\nsimilarity index 100%\nrename from sub/f\nrename to g\n" +
			"diff --git a/sub/e b/sub/e\nnew file mode 100644\nindex " + absentID + ".." + idEmpty + "\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := folder(t, test.files)
			var d TurnDiff
			test.do(t, &d, dir)
			got, changed := d.Next()
			require.Equal(t, strings.ReplaceAll(test.want, "DIR", filepath.ToSlash(dir)), got)
			require.Equal(t, test.want != "", changed)
		})
	}
}

func TestTurnDiffOfModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no modes")
	}
	dir := folder(t, map[string]string{"f": "x\n", "g": "x\n"})
	var d TurnDiff
	step(t, &d, dir, "*** Update File: f", "@@", "-x", "+y", "*** Delete File: g")
	require.NoError(t, os.Chmod(filepath.Join(dir, "f"), 0o755))
	require.NoError(t, os.Symlink("f", filepath.Join(dir, "g")))
	want := "diff --git a/DIR/f b/DIR/f\nold mode 100644\nnew mode 100755\nindex " + idX + ".." + blobID([]byte("y\n")) +
		"\n--- a/DIR/f\n+++ b/DIR/f\n@@ -1 +1 @@\n-x\n+y\n" +
		"diff --git a/DIR/g b/DIR/g\nold mode 100644\nnew mode 120000\nindex " + idX + ".." + blobID([]byte("f")) +
		"\n--- a/DIR/g\n+++ b/DIR/g\n@@ -1 +1 @@\n-x\n+f\n\\ No newline at end of file\n"
	got, _ := d.Next()
	require.Equal(t, strings.ReplaceAll(want, "DIR", dir), got)
}

// The diff is sent when it changes, not after every response (rough edge 31).
func TestTurnDiffSaysWhetherItChanged(t *testing.T) {
	dir := folder(t, map[string]string{"f": "x\n"})
	var d TurnDiff
	step(t, &d, dir, "*** Update File: f", "@@", "+y")
	first, changed := d.Next()
	require.True(t, changed)
	again, changed := d.Next()
	require.False(t, changed)
	require.Equal(t, first, again)
	step(t, &d, dir, "*** Update File: f", "@@", "-y")
	undone, changed := d.Next()
	require.True(t, changed)
	require.Empty(t, undone)
}
