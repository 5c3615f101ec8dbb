package wire_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/wire"
)

func seed(f *testing.F) {
	for _, text := range accepted {
		f.Add([]byte(text))
	}
	for _, test := range refused {
		f.Add([]byte(test.text))
	}
	for _, text := range corpus {
		f.Add([]byte(text))
	}
}

// oracleTakes reports whether go-json-experiment, strict by default, takes text; known is false where
// depth decides, for its limit is another.
func oracleTakes(text []byte) (valid, known bool) {
	d := jsontext.NewDecoder(strings.NewReader(string(text)))
	depth := 0
	for {
		tok, err := d.ReadToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return false, true
		}
		if k := tok.Kind(); k == '{' || k == '[' {
			depth = max(depth, d.StackDepth())
		}
	}
	return jsontext.Value(text).IsValid(), depth <= wire.MaxDepth
}

// FuzzRaw holds that we take exactly the texts that the oracle takes, in whichever place, and keep every byte.
func FuzzRaw(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		want, known := oracleTakes(text)
		r, err := wire.ParseRaw(text)
		if !known {
			return
		}
		require.Equal(t, want, err == nil, "%q: %v", text, err)
		if err != nil {
			require.ErrorAs(t, err, new(*wire.Error))
			return
		}
		require.Equal(t, strings.Trim(string(text), " \t\r\n"), r.String())

		// Written into a line it is still the same value.
		line, err := wire.RawOf(wire.MembersOf(wire.Member{Name: "x", Value: r}))
		require.NoError(t, err)
		require.NotContains(t, line.String(), "\n")
		a, b := jsontext.Value(`{"x":`+r.String()+`}`), jsontext.Value(line.String())
		require.NoError(t, a.Compact())
		require.NoError(t, b.Compact())
		require.Equal(t, string(a), string(b))

		// What looks ahead finds what is read.
		d := wire.NewDecoder(r.String())
		found, ok := d.PeekString("type")
		if r.Kind() == wire.KindObject {
			m := d.Members()
			require.NoError(t, d.End())
			v, has := m.Get("type")
			require.Equal(t, has && v.Kind() == wire.KindString, ok)
			if ok {
				var s string
				require.NoError(t, v.Decode(&s))
				require.Equal(t, s, found)
			}
		} else {
			require.False(t, ok)
		}
	})
}

// FuzzString holds that strings are read as encoding/json reads them, where they are valid, and that what is written
// reads back.
func FuzzString(f *testing.F) {
	for _, s := range []string{
		"", "plain", `\u00e9\n`, `\ud83d\ude00`, "日本", `\"\\\/`, "\x00", "\xff", `\ud800`, "long enough for a whole word\\n and another",
		"ééééééééé", "a\xe6\x97\xa5\\u65e5\"",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text := `"` + s + `"`
		d := wire.NewDecoder(text)
		got := d.String()
		err := d.End()
		require.Equal(t, jsontext.Value(text).IsValid(), err == nil, "%q: %v", text, err)
		_, rawErr := wire.ParseRaw([]byte(text))
		require.Equal(t, err, rawErr)
		if err == nil {
			var want string
			require.NoError(t, json.Unmarshal([]byte(text), &want))
			require.Equal(t, want, got)
		}

		e := wire.NewEncoder(nil)
		e.StringValue(s)
		out, err := e.Result()
		require.Equal(t, utf8.ValidString(s), err == nil, "%q: %v", s, err)
		if err == nil {
			var back string
			require.NoError(t, json.Unmarshal(out, &back))
			require.Equal(t, s, back)
			d := wire.NewDecoder(string(out))
			require.Equal(t, s, d.String())
			require.NoError(t, d.End())
		}
	})
}

// FuzzMembers holds that an object taken apart and written again is the object, and that a typed decoder takes no
// text that is not JSON.
func FuzzMembers(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		valid, known := oracleTakes(text)
		if !known {
			return
		}
		for _, v := range []wire.Value{&wire.Empty{}, &call{}, &result{}} {
			err := wire.Unmarshal(text, v)
			if !valid {
				var we *wire.Error
				require.ErrorAs(t, err, &we)
				require.NotEqual(t, wire.Mismatch, we.Kind, "%q: %v", text, err)
			}
			if err != nil {
				continue
			}
			out, err := wire.Append(nil, v)
			require.NoError(t, err)
			require.NotContains(t, string(out), "\n")
			require.NoError(t, wire.Unmarshal(out, v), "%q", out)
			if _, isEmpty := v.(*wire.Empty); isEmpty {
				// Escapes in names aside, which canonical form evens out.
				a, b := canonical(t, text), canonical(t, out)
				require.Equal(t, a, b)
			}
		}
	})
}

// canonical returns text with its strings and whitespace evened out, numbers as they are.
func canonical(t *testing.T, text []byte) string {
	v := jsontext.Value(text).Clone()
	require.NoError(t, v.Format(jsontext.CanonicalizeRawFloats(false), jsontext.CanonicalizeRawInts(false), jsontext.PreserveRawStrings(false)))
	return string(v)
}
