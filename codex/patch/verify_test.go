package patch

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVerify(t *testing.T) {
	abc := map[string]string{"f": "a\nb\nc\n", "sub/g": "x\n"}
	diff := "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"
	tests := []struct {
		name  string
		lines []string
		want  []Change // DIR stands for the folder
	}{
		{"nothing", nil, nil},
		{"one of each", []string{"*** Add File: n", "+x", "*** Update File: f", "@@", "-b", "+B", "*** Delete File: sub/g"},
			[]Change{
				{Kind: Add, Path: "DIR/n", New: "x\n"},
				{Kind: Update, Path: "DIR/f", Old: "a\nb\nc\n", New: "a\nB\nc\n", UnifiedDiff: diff},
				{Kind: Delete, Path: "DIR/sub/g", Old: "x\n"},
			}},
		{"move", []string{"*** Update File: f", "*** Move to: sub/f", "@@", "-b", "+B"},
			[]Change{{Kind: Update, Path: "DIR/f", MovePath: "DIR/sub/f", Old: "a\nb\nc\n", New: "a\nB\nc\n", UnifiedDiff: diff}}},
		{"paths keep their spelling", []string{"*** Add File: ../out", "+x", "*** Add File: ./n"},
			[]Change{{Kind: Add, Path: "DIR/../out", New: "x\n"}, {Kind: Add, Path: "DIR/./n"}}},
		{"two sections for one file", []string{"*** Update File: f", "@@", "-a", "*** Update File: ./f", "@@", "-c"},
			[]Change{{Kind: Update, Path: "DIR/f", Old: "a\nb\nc\n", New: "b\n", UnifiedDiff: "@@ -1,3 +1 @@\n-a\n b\n-c\n"}}},
		{"added and updated", []string{"*** Add File: n", "+x", "*** Update File: n", "@@", "-x", "+y"},
			[]Change{{Kind: Add, Path: "DIR/n", New: "y\n"}}},
		{"added and deleted", []string{"*** Add File: n", "+x", "*** Delete File: n"}, nil},
		{"deleted and added", []string{"*** Delete File: f", "*** Add File: f", "+a", "+B", "+c"},
			[]Change{{Kind: Add, Path: "DIR/f", New: "a\nB\nc\n"}}},
		{"added over a file", []string{"*** Add File: f", "+x"}, []Change{{Kind: Add, Path: "DIR/f", New: "x\n"}}},
		{"added over a file and deleted", []string{"*** Add File: f", "+x", "*** Delete File: f"},
			[]Change{{Kind: Delete, Path: "DIR/f", Old: "a\nb\nc\n"}}},
		{"moved over a file", []string{"*** Update File: sub/g", "*** Move to: f", "@@", " x"},
			[]Change{{Kind: Update, Path: "DIR/sub/g", MovePath: "DIR/f", Old: "x\n", New: "x\n"}}},
		{"moved over a file and deleted", []string{"*** Update File: sub/g", "*** Move to: f", "@@", " x", "*** Delete File: f"},
			[]Change{{Kind: Delete, Path: "DIR/sub/g", Old: "x\n"}, {Kind: Delete, Path: "DIR/f", Old: "a\nb\nc\n"}}},
		{"moved away and added again", []string{"*** Update File: f", "*** Move to: n", "@@", " a", "*** Add File: f", "+a", "+B", "+c"},
			[]Change{
				{Kind: Update, Path: "DIR/f", Old: "a\nb\nc\n", New: "a\nB\nc\n", UnifiedDiff: diff},
				{Kind: Add, Path: "DIR/n", New: "a\nb\nc\n"},
			}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := folder(t, abc)
			got, err := Verify(parse(t, test.lines...), dir)
			require.NoError(t, err)
			for i := range test.want {
				c := &test.want[i]
				for _, path := range []*string{&c.Path, &c.MovePath} {
					*path = strings.ReplaceAll(filepath.FromSlash(*path), "DIR", dir)
				}
			}
			require.Equal(t, test.want, got)
		})
	}
}

func TestVerifyErrors(t *testing.T) {
	tests := []struct {
		name  string
		lines []string
		want  string // DIR stands for the folder
	}{
		{"lines missing", []string{"*** Update File: f", "@@", " zzz", "-b"}, `update "DIR/f": cannot find these lines:` + "\nzzz\nb"},
		{"no file to update", []string{"*** Update File: n", "@@", "+x"}, `update "DIR/n": no such file or directory`},
		{"no file to delete", []string{"*** Delete File: n"}, `delete "DIR/n": no such file or directory`},
		{"deleted before", []string{"*** Delete File: f", "*** Update File: f", "@@", "+x"}, `update "DIR/f": file does not exist`},
		{"moved before", []string{"*** Update File: f", "*** Move to: g", "@@", "+x", "*** Delete File: f"}, `delete "DIR/f": file does not exist`},
		{"folder", []string{"*** Delete File: d"}, `delete "DIR/d": is a directory`},
		{"binary", []string{"*** Delete File: b"}, `delete "DIR/b": not a text file: it is not valid UTF-8`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := folder(t, map[string]string{"f": "a\nb\n", "d/": "", "b": "\xff"})
			_, err := Verify(parse(t, test.lines...), dir)
			require.Error(t, err)
			require.Equal(t, strings.ReplaceAll(test.want, "DIR", dir), err.Error())
		})
	}
}

func TestPaths(t *testing.T) {
	got := Paths([]Change{{Path: "/a"}, {Path: "/b", MovePath: "/c"}})
	require.Equal(t, []string{"/a", "/b", "/c"}, got)
	require.Empty(t, Paths(nil))
}
