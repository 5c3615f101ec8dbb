package exec

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCaptureKeepsStartAndEnd(t *testing.T) {
	text := []byte("0123456789abcdefghijklmnopqrstuvwxyz")
	for limit := range len(text) + 4 {
		for _, size := range []int{1, 3, 7, len(text)} {
			c := capture{limit: limit}
			for chunk := range slices.Chunk(text, size) {
				c.write(chunk)
			}
			out := c.output()
			require.EqualValues(t, len(text), out.Total())
			require.EqualValues(t, max(len(text)-limit, 0), out.Omitted(), "limit %d", limit)
			if limit >= len(text) {
				require.Equal(t, string(text), out.String())
				continue
			}
			require.Equal(t, string(text[:(limit+1)/2]), string(out.head))
			require.Equal(t, string(text[len(text)-limit/2:]), string(out.tail))
		}
	}
}

func TestOutputText(t *testing.T) {
	written := func(limit int, text string) Output {
		c := capture{limit: limit}
		c.write([]byte(text))
		return c.output()
	}
	require.Equal(t, "abc\n[4 bytes left out here]\nhij", written(6, "abcdefghij").String())
	require.Equal(t, "a\n[9 bytes left out here]\nb", written(6, "a€€€b").String(), "cut characters go")
	require.Equal(t, "a\ufffdb", written(100, "a\xffb").String())
	for text, want := range map[string]string{
		"\xe2\x82":             "\ufffd", // a beginning that does not go on
		"\xe2\x82\xe2\x82":     "\ufffd\ufffd",
		"\xf0\x9f\x98x":        "\ufffdx",
		"\xff\xfe":             "\ufffd\ufffd",
		"\xc0\xaf\xed\xa0\x80": strings.Repeat("\ufffd", 5), // none of them begins a character
		"é\x82\ufffd":          "é\ufffd\ufffd",
	} {
		require.Equal(t, want, written(100, text).String(), "%q", text)
	}
}
