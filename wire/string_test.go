package wire_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/wire"
)

// decodeString reads text as a string, by the typed reader and by the one that only checks, which must agree.
func decodeString(t *testing.T, text string) (string, error) {
	t.Helper()
	d := wire.NewDecoder(text)
	s := d.String()
	err := d.End()
	_, skipErr := wire.ParseRaw([]byte(text))
	require.Equal(t, err, skipErr)
	return s, err
}

// TestStringsOfAllShapes compares with encoding/json on texts made of pieces, since how a string is scanned depends on how
// long it is, where its escapes are and what follows it.
func TestStringsOfAllShapes(t *testing.T) {
	pieces := []string{
		"a", "plain", "plain text of some length, longer than a word or two; ", strings.Repeat("long ", 60), "é", "日本", "😀", "\x7f",
		`\n`, `\"`, `\\`, `\/`, `\u0041`, `\u00e9`, `\u65e5`, `\ud83d\ude00`, `\u0000`, `\\\\\"`,
	}
	broken := []string{`\`, `\x`, `\u12`, `\ud83d`, `\ude00`, `\ud83d\u0041`, "\n", "\x00", "\xff", "\xe6\x97", "\xed\xa0\x80", "\xc0\xaf"}
	r := rand.New(rand.NewPCG(1, 2))
	for range 4000 {
		var b strings.Builder
		subset := pieces[r.IntN(len(pieces)):]
		for range r.IntN(60) {
			b.WriteString(subset[r.IntN(len(subset))])
		}
		if r.IntN(8) == 0 {
			b.WriteString(strings.Repeat("x", 5000))
			b.WriteString(subset[r.IntN(len(subset))])
		}
		body, after := b.String(), strings.Repeat(" ", r.IntN(12))
		if r.IntN(3) == 0 {
			after += "\n" // a control character, if not in the string
		}
		text := `"` + body + `"`
		var want string
		require.NoError(t, json.Unmarshal([]byte(text), &want))
		got, err := decodeString(t, text+after)
		require.NoError(t, err, "%q", text)
		require.Equal(t, want, got)

		e := wire.NewEncoder(make([]byte, 0, r.IntN(100)))
		e.StringValue(want)
		out, err := e.Result()
		require.NoError(t, err)
		got, err = decodeString(t, string(out))
		require.NoError(t, err)
		require.Equal(t, want, got)
		var back string
		require.NoError(t, json.Unmarshal(out, &back))
		require.Equal(t, want, back)

		// One broken piece anywhere, not in the middle of an escape.
		bad := broken[r.IntN(len(broken))]
		_, err = decodeString(t, `"`+body+bad+strings.Repeat("y", r.IntN(80))+`"`+after)
		require.Error(t, err, "%q", bad)
	}
}

// TestUTF8 goes through all beginnings of characters, at all places of a word, against the standard library.
func TestUTF8(t *testing.T) {
	check := func(text string) {
		e := wire.NewEncoder(nil)
		e.StringValue(text)
		if _, err := e.Result(); utf8.ValidString(text) != (err == nil) {
			t.Fatalf("%q: %v", text, err)
		}
	}
	interesting := []byte{0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xe0, 0xed, 0xf0, 0xf4, 0xff}
	for pad := 0; pad < 8; pad += 3 {
		before, after := strings.Repeat("x", 64+pad), strings.Repeat("y", 8-pad)
		for a := range 256 {
			for _, b := range interesting {
				check(before + string([]byte{byte(a), b}) + after)
				for _, c := range interesting {
					check(before + string([]byte{byte(a), b, c}) + after)
				}
			}
		}
		for _, a := range []byte{0xf0, 0xf1, 0xf4, 0xf5} {
			for _, b := range interesting {
				for _, c := range interesting {
					for _, d := range interesting {
						check(before + string([]byte{a, b, c, d}) + after)
					}
				}
			}
		}
	}
}

func TestEveryByteInAString(t *testing.T) {
	for pad := range 20 {
		for c := range 256 {
			s := strings.Repeat("x", pad) + string([]byte{byte(c)}) + strings.Repeat("y", 20-pad)
			_, err := decodeString(t, `"`+s+`"`)
			ok := c >= ' ' && c < 0x80 && c != '"' && c != '\\'
			assert.Equal(t, ok, err == nil, "%q", s)
			_, err = decodeString(t, `"\`+s[pad:]+`"`)
			assert.Equal(t, strings.IndexByte(`"\/bfnrt`, byte(c)) >= 0, err == nil, `\%q`, s[pad:])
		}
	}
}
