package patch

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnifiedDiff(t *testing.T) {
	tests := []struct {
		name, old, new string
		context        int
		want           string
	}{
		{"equal", "a\n", "a\n", 3, ""},
		{"both empty", "", "", 3, ""},
		{"one line", "a\nb\nc\n", "a\nB\nc\n", 1, "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"},
		{"first line, one of context", "a\nb\nc\n", "A\nb\nc\n", 1, "@@ -1,2 +1,2 @@\n-a\n+A\n b\n"},
		{"first line, three of context", "a\nb\nc\n", "A\nb\nc\n", 3, "@@ -1,3 +1,3 @@\n-a\n+A\n b\n c\n"},
		{"created", "", "x\n", 3, "@@ -0,0 +1 @@\n+x\n"},
		{"emptied", "a\nb\n", "", 3, "@@ -1,2 +0,0 @@\n-a\n-b\n"},
		{"no line end before", "x", "y\nz\n", 3, "@@ -1 +1,2 @@\n-x\n\\ No newline at end of file\n+y\n+z\n"},
		{"no line end after", "x\n", "x", 3, "@@ -1 +1 @@\n-x\n+x\n\\ No newline at end of file\n"},
		{"appended", "a\nb\n", "a\nb\nc\n", 1, "@@ -2 +2,2 @@\n b\n+c\n"},
		{"contexts touch", "1\n2\n3\n4\n", "A\n2\n3\nB\n", 1, "@@ -1,4 +1,4 @@\n-1\n+A\n 2\n 3\n-4\n+B\n"},
		{"contexts apart", "1\n2\n3\n4\n5\n", "A\n2\n3\n4\nB\n", 1,
			"@@ -1,2 +1,2 @@\n-1\n+A\n 2\n@@ -4,2 +4,2 @@\n 4\n-5\n+B\n"},
		{"without context", "1\n2\n3\n", "1\nA\n3\n", 0, "@@ -2 +2 @@\n-2\n+A\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, UnifiedDiff(test.old, test.new, test.context))
		})
	}
}

// The edits of random files lead from one to the other and are as few as possible.
func TestDiffIsShortest(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		a, b := randomLines(random), randomLines(random)
		edits := diffLines(a, b)
		var rebuilt []string
		at, changed := 0, 0
		for i, e := range edits {
			require.True(t, e.a0 < e.a1 || e.b0 < e.b1)
			require.True(t, i == 0 || e.a0 > at, "edits touch: %v", edits)
			rebuilt = append(rebuilt, a[at:e.a0]...)
			rebuilt = append(rebuilt, b[e.b0:e.b1]...)
			at = e.a1
			changed += e.a1 - e.a0 + e.b1 - e.b0
		}
		rebuilt = append(rebuilt, a[at:]...)
		require.Equal(t, strings.Join(b, ""), strings.Join(rebuilt, ""))
		require.Equal(t, len(a)+len(b)-2*longestCommon(a, b), changed, "%q %q %v", a, b, edits)
	}
}

func TestDiffOfDifferentLargeFilesEnds(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	a, b := make([]string, 60_000), make([]string, 60_000)
	for i := range a {
		a[i], b[i] = string(rune('a'+random.IntN(20))), string(rune('A'+random.IntN(20)))
	}
	edits := diffLines(a, b)
	require.Equal(t, []edit{{0, len(a), 0, len(b)}}, edits)
}

func randomLines(random *rand.Rand) []string {
	lines := make([]string, random.IntN(14))
	for i := range lines {
		lines[i] = string(rune('a' + random.IntN(4)))
	}
	return lines
}

// longestCommon is the length of the longest common subsequence, the plain way.
func longestCommon(a, b []string) int {
	row := make([]int, len(b)+1)
	for _, x := range a {
		diagonal := 0
		for j, y := range b {
			above := row[j+1]
			if x == y {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(above, row[j])
			}
			diagonal = above
		}
	}
	return row[len(b)]
}
