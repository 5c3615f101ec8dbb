package exec

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func numbered(from, to int) string {
	var text strings.Builder
	for i := from; i <= to; i++ {
		fmt.Fprintln(&text, i)
	}
	return text.String()
}

func TestTruncate(t *testing.T) {
	const marker = "\n[%d of %d lines left out here]\n\n"
	long := strings.Repeat("x", 5120)
	tests := []struct{ name, in, want string }{
		{"nothing", "", ""},
		{"short", "a\nb", "a\nb"},
		{"256 lines", numbered(1, 256), numbered(1, 256)},
		{"10 KiB", long + long, long + long},
		{"257 lines", numbered(1, 257), numbered(1, 128) + fmt.Sprintf(marker, 1, 257) + numbered(130, 257)},
		{"400 lines", numbered(1, 400), numbered(1, 128) + fmt.Sprintf(marker, 144, 400) + numbered(273, 400)},
		{"no last line end", strings.TrimSuffix(numbered(1, 300), "\n"),
			numbered(1, 128) + fmt.Sprintf(marker, 44, 300) + strings.TrimSuffix(numbered(173, 300), "\n")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, Truncate(test.in))
		})
	}
}

func TestTruncateKeepsCharactersWhole(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("é", 10_000),
		strings.Repeat("a€", 10_000),
		"x" + strings.Repeat("😀", 10_000),
		strings.Repeat(strings.Repeat("ü", 333)+"\n", 500),
	} {
		got := Truncate(text)
		require.True(t, utf8.ValidString(got))
		require.LessOrEqual(t, len(got), modelBytes)
		require.Greater(t, len(got), modelBytes-16)
	}
}

func FuzzTruncate(f *testing.F) {
	f.Add(numbered(1, 300))
	f.Add(strings.Repeat("€\n", 4000))
	f.Fuzz(func(t *testing.T, text string) {
		got := Truncate(text)
		if len(text) <= modelBytes && countLines(text) <= modelLines {
			require.Equal(t, text, got)
			return
		}
		require.LessOrEqual(t, len(got), modelBytes)
		require.Equal(t, utf8.ValidString(text), utf8.ValidString(text) && utf8.ValidString(got))
	})
}
