package wire_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/wire"
)

// accepted are texts that are JSON by every rule of the package.
var accepted = []string{
	`null`, `true`, `false`, `0`, `-0`, `1`, `-1`, `12345678901234567890123`, `1.5`, `-0.0`, `1e5`, `1E+5`, `1e-5`,
	`0e0`, `0.1e1`, `1e400`, `-1e-400`, `9007199254740993`,
	`""`, `"a"`, `" "`, `"abcdefgh"`, `"abcdefghijklmnop"`, `"\""`, `"\\"`, `"\/"`, `"\b\f\n\r\t"`, `"\u0000"`, `"\u00e9"`,
	`"\uD83D\uDE00"`, `"\ud83d\ude00 \ud83d\ude01"`, `"\uFFFF"`, `"\uDBFF\uDFFF"`, `"é"`, `"日本語"`, `"😀"`, "\"\x7f\"", "\"\u0080\"",
	"\"\u07ff\u0800\uffff\U00010000\U0010ffff\ud7ff\ue000\"", `"\\\\\\\""`, `"//comment"`, `"[{}]"`, `"a\"b\"c"`,
	`[]`, `[ ]`, `[1]`, `[1,2]`, "[1 , 2]", "\t[\n1\r,\n2 ]\n", `[[]]`, `[[],[],{}]`, `[null,true,false,"",0,{},[]]`,
	`{}`, `{ }`, `{"a":1}`, `{"a":1,"b":2}`, `{"":0}`, `{"a":{"a":{"a":1}}}`, `{"a":[{"a":1},{"a":1}]}`, ` {"a" : 1 , "b" : [ ] } `,
	`{"a":1,"A":2}`, `{"\u0061b":1,"a":2}`, `{"aaaaaaaaaa":1,"aaaaaaaaab":2,"baaaaaaaaa":3}`, `{"a\u0000":1,"a":2}`,
	"{\"\u212a\":1,\"k\":2}", `{"ſ":1,"s":2}`,
}

// refused are texts that are not JSON, or break a rule beyond its grammar.
var refused = []struct {
	text string
	kind wire.ErrorKind
	want string // part of the error text
}{
	{``, wire.Syntax, "unexpected end, want a value at byte 0"},
	{` `, wire.Syntax, "unexpected end"},
	{`nul`, wire.Syntax, "unexpected end, want null"},
	{`nulL`, wire.Syntax, "unexpected 'L', want null at byte 3"},
	{`tru`, wire.Syntax, "want true"}, {`TRUE`, wire.Syntax, "unexpected 'T', want a value"},
	{`falsey`, wire.Syntax, "unexpected 'y', want the end at byte 5"},
	{`NaN`, wire.Syntax, ""}, {`Infinity`, wire.Syntax, ""}, {`-Infinity`, wire.Syntax, "want a digit"},
	{`01`, wire.Syntax, ""}, {`-01`, wire.Syntax, ""}, {`-`, wire.Syntax, ""}, {`+1`, wire.Syntax, ""}, {`.5`, wire.Syntax, ""},
	{`1.`, wire.Syntax, "unexpected end, want a digit"}, {`1.e5`, wire.Syntax, ""}, {`1e`, wire.Syntax, ""}, {`1e+`, wire.Syntax, ""},
	{`1e1.5`, wire.Syntax, ""}, {`0x10`, wire.Syntax, ""}, {`1_000`, wire.Syntax, ""}, {`- 1`, wire.Syntax, ""}, {`--1`, wire.Syntax, ""}, {`１`, wire.Syntax, ""},
	{`"`, wire.Syntax, ""}, {`"abc`, wire.Syntax, ""}, {`"abcdefghijklmnopq`, wire.Syntax, ""}, {`"\"`, wire.Syntax, ""}, {`"\`, wire.Syntax, ""},
	{`'a'`, wire.Syntax, ""}, {`"\x41"`, wire.Syntax, "broken escape"}, {`"\a"`, wire.Syntax, ""}, {`"\U0041"`, wire.Syntax, ""}, {`"\u"`, wire.Syntax, ""},
	{`"\u12"`, wire.Syntax, ""}, {`"\u12g4"`, wire.Syntax, ""}, {`"\u+123"`, wire.Syntax, ""}, {`"\u 123"`, wire.Syntax, ""},
	{`"\ud800"`, wire.Syntax, "lone surrogate"}, {`"\udc00"`, wire.Syntax, ""}, {`"\ud800\ud800"`, wire.Syntax, ""}, {`"\ud800\u0041"`, wire.Syntax, ""},
	{`"\udc00\ud800"`, wire.Syntax, ""}, {`"\ud800x"`, wire.Syntax, ""}, {`"\ud800\n"`, wire.Syntax, ""}, {`"\ud83d\ude0"`, wire.Syntax, ""},
	{"\"\n\"", wire.Syntax, "control character '\\n' in a string"}, {"\"\t\"", wire.Syntax, ""}, {"\"\x00\"", wire.Syntax, ""}, {"\"\x1f\"", wire.Syntax, ""},
	{"\"abcdefghij\x01klmnopqrst\"", wire.Syntax, ""},
	{"\"\x80\"", wire.Syntax, "invalid UTF-8"}, {"\"\xc0\xaf\"", wire.Syntax, ""}, {"\"\xc1\xbf\"", wire.Syntax, ""}, {"\"\xe0\x80\xaf\"", wire.Syntax, ""},
	{"\"\xe0\x9f\xbf\"", wire.Syntax, ""}, {"\"\xed\xa0\x80\"", wire.Syntax, ""}, {"\"\xed\xbf\xbf\"", wire.Syntax, ""}, {"\"\xf0\x80\x80\x80\"", wire.Syntax, ""},
	{"\"\xf0\x8f\xbf\xbf\"", wire.Syntax, ""}, {"\"\xf4\x90\x80\x80\"", wire.Syntax, ""}, {"\"\xf5\x80\x80\x80\"", wire.Syntax, ""}, {"\"\xff\"", wire.Syntax, ""},
	{"\"\xc3\"", wire.Syntax, ""}, {"\"\xe6\x97\"", wire.Syntax, ""}, {"\"\xf0\x9f\x98\"", wire.Syntax, ""}, {"\"\xc3\xc3\xa9\"", wire.Syntax, ""},
	{"\"\xc3\\u00a9\"", wire.Syntax, ""}, {"\"long enough for words \xe6\x97\"", wire.Syntax, ""}, {"\"é\xc3(\"", wire.Syntax, ""}, {"\xff", wire.Syntax, "unexpected byte 0xff"}, {"\"a\xff\"", wire.Syntax, "invalid UTF-8 at byte 2"},
	{"\ufeff{}", wire.Syntax, ""}, {"\"\xe2\x82\"\xac", wire.Syntax, ""},
	{`[`, wire.Syntax, ""}, {`]`, wire.Syntax, ""}, {`[1`, wire.Syntax, "want ',' or ']'"}, {`[1,`, wire.Syntax, ""}, {`[1,]`, wire.Syntax, "unexpected ']', want a value"},
	{`[,1]`, wire.Syntax, ""}, {`[1 2]`, wire.Syntax, ""}, {`[1,,2]`, wire.Syntax, ""}, {`[1}`, wire.Syntax, ""}, {`[1]]`, wire.Syntax, ""}, {`[1:2]`, wire.Syntax, ""},
	{"[\f1]", wire.Syntax, ""}, {"[\u00a01]", wire.Syntax, ""}, {"[1]\x00", wire.Syntax, ""}, {"[\x001]", wire.Syntax, ""}, {"\x00", wire.Syntax, ""},
	{`{`, wire.Syntax, ""}, {`}`, wire.Syntax, ""}, {`{"a"`, wire.Syntax, ""}, {`{"a":`, wire.Syntax, ""}, {`{"a":1`, wire.Syntax, ""}, {`{"a":1,`, wire.Syntax, ""},
	{`{"a":1,}`, wire.Syntax, "unexpected '}', want a member name"}, {`{,"a":1}`, wire.Syntax, ""}, {`{"a" 1}`, wire.Syntax, ""}, {`{"a":}`, wire.Syntax, "a: unexpected"}, {`{a:1}`, wire.Syntax, ""},
	{`{1:1}`, wire.Syntax, ""}, {`{"a":1 "b":2}`, wire.Syntax, ""}, {`{"a":1]`, wire.Syntax, ""}, {`{"a":1}{`, wire.Syntax, ""}, {`{"a"::1}`, wire.Syntax, ""},
	{`{"a":1,,"b":2}`, wire.Syntax, ""}, {`{"a","b"}`, wire.Syntax, ""}, {`{null:1}`, wire.Syntax, ""}, {`{"a":/**/1}`, wire.Syntax, ""}, {`{}//`, wire.Syntax, ""},
	{`1 2`, wire.Syntax, "unexpected '2', want the end at byte 2"}, {`{} {}`, wire.Syntax, ""}, {`""""`, wire.Syntax, ""},
	{`{"a":1,"a":2}`, wire.Invalid, `duplicate member "a"`},
	{`{"a":1,"\u0061":2}`, wire.Invalid, `duplicate member "a"`},
	{`{"\u0061":1,"a":2}`, wire.Invalid, `duplicate member "a"`},
	{`{"\u0061":1,"\u0061":2}`, wire.Invalid, `duplicate member "a"`},
	{`{"":1,"":2}`, wire.Invalid, `duplicate member ""`},
	{`{"x":[0,{"b":{"long member name":1,"c":2,"long member name":3}}]}`, wire.Invalid, `x[1].b: duplicate member "long member name"`},
	{`{"a":{"k":1},"b":{"k":1,"k":1}}`, wire.Invalid, `b: duplicate member "k"`},
	{`{"\ud83d\ude00":1,"😀":2}`, wire.Invalid, `duplicate member "😀"`},
	{manyMembers(100, 0), wire.Invalid, `duplicate member "member 0"`},
	{manyMembers(33, 31), wire.Invalid, `duplicate member "member 31"`},
	{manyMembers(32, 31), wire.Invalid, `duplicate member "member 31"`},
	{manyMembers(17, 3), wire.Invalid, `duplicate member "member 3"`},
}

// manyMembers returns an object of n members and one more that repeats the given one.
func manyMembers(n, again int) string {
	var b strings.Builder
	b.WriteString(`{`)
	name := func(i int) string { return fmt.Sprintf(`"member %d":{"in":1}`, i) }
	for i := range n {
		b.WriteString(name(i) + ",")
	}
	return b.String() + name(again) + "}"
}

// TestDuplicatesOfAllLengths has the two at all distances from the end of the text, where names are read otherwise.
func TestDuplicatesOfAllLengths(t *testing.T) {
	for n := range 24 {
		name := "abcdefghijklmnopqrstuvwx"[:n]
		for pad := range 12 {
			text := `{"` + name + `":1,"between":2,"` + name + `":3` + strings.Repeat(" ", pad) + `}`
			_, err := wire.ParseRaw([]byte(text))
			assert.ErrorContains(t, err, "duplicate member", text)
			_, err = wire.ParseRaw([]byte(strings.Replace(text, name+`":3`, name+`y":3`, 1)))
			assert.NoError(t, err)
		}
	}
}

func TestAccepted(t *testing.T) {
	for _, text := range accepted {
		r, err := wire.ParseRaw([]byte(text))
		if !assert.NoError(t, err, "%q", text) {
			continue
		}
		assert.Equal(t, strings.Trim(text, " \t\r\n"), r.String())
		assert.True(t, jsontext.Value(text).IsValid(), "the oracle refuses %q", text)

		// As a member and as an element, where other code paths read it.
		var e wire.Empty
		require.NoError(t, wire.Unmarshal([]byte(`{"x": `+text+` }`), &e), "%q", text)
		got, _ := e.Extra.Get("x")
		assert.Equal(t, r, got)
		_, err = wire.ParseRaw([]byte(`[` + text + `]`))
		assert.NoError(t, err, "%q", text)
	}
}

func TestRefused(t *testing.T) {
	for _, test := range refused {
		_, err := wire.ParseRaw([]byte(test.text))
		var we *wire.Error
		if !assert.ErrorAs(t, err, &we, "%q", test.text) {
			continue
		}
		assert.Equal(t, test.kind, we.Kind, "%q: %v", test.text, err)
		assert.Contains(t, err.Error(), test.want, "%q", test.text)
		assert.False(t, jsontext.Value(test.text).IsValid(), "the oracle takes %q", test.text)

		assert.Error(t, wire.Unmarshal([]byte(`{"x":`+test.text+`}`), &wire.Empty{}), "%q", test.text)
		assert.Error(t, wire.Unmarshal([]byte(`{"content":`+test.text+`,"total":0}`), &result{}), "%q", test.text)
	}
}

// corpus are whole messages for the tests that take them apart.
var corpus = []string{
	`{"name":"a","arguments":{"x":[1,2.5,-3e4,"é\n\ud83d\ude00",{"y":null}],"z":true},"_meta":{"progressToken":"t"},"token":17,"more":[{}]}`,
	`{"content":[{"type":"text","text":"a \"b\" \u00e9 日本 c"},{"type":"image","data":"AAAA"}],"isError":false,"score":1.25,"total":9007199254740993,"title":"","level":"info","count":12,"labels":{"a":"b","c":"d"},"unknown":{"a":[false]}}`,
	` { "content" : [ ] , "total" : 0 , "score" : null } `,
}

func TestCutAnywhereFails(t *testing.T) {
	for _, text := range corpus {
		body := strings.TrimRight(text, " ")
		for i := range body {
			_, err := wire.ParseRaw([]byte(body[:i]))
			var we *wire.Error
			require.ErrorAs(t, err, &we, "%q", body[:i])
			require.Equal(t, wire.Syntax, we.Kind, "%q: %v", body[:i], err)
			for _, v := range []wire.Value{&call{}, &result{}, &wire.Empty{}} {
				err := wire.Unmarshal([]byte(body[:i]), v)
				require.ErrorAs(t, err, &we, "%q", body[:i])
				require.Equal(t, wire.Syntax, we.Kind, "%q: %v", body[:i], err)
			}
		}
	}
}

func TestOneByteChangedNeverDisagreesWithTheOracle(t *testing.T) {
	for _, text := range corpus {
		for i := range text {
			for _, c := range []byte("\x00\n \"\\,:{}[]0-.eut\x80\xc3\xed\xf0") {
				changed := []byte(text[:i] + string([]byte{c}) + text[i+1:])
				_, err := wire.ParseRaw(changed)
				require.Equal(t, jsontext.Value(changed).IsValid(), err == nil, "%q: %v", changed, err)
			}
		}
	}
}

func TestDepth(t *testing.T) {
	nested := func(n int, open, end string) string { return strings.Repeat(open, n) + "1" + strings.Repeat(end, n) }
	for _, form := range [][2]string{{"[", "]"}, {`{"a":`, "}"}, {`[{"a":`, "}]"}} {
		per := strings.Count(form[0], "[") + strings.Count(form[0], "{")
		_, err := wire.ParseRaw([]byte(nested(wire.MaxDepth/per, form[0], form[1])))
		assert.NoError(t, err)
		for _, n := range []int{wire.MaxDepth/per + 1, 100_000} {
			_, err = wire.ParseRaw([]byte(nested(n, form[0], form[1])))
			var we *wire.Error
			require.ErrorAs(t, err, &we)
			assert.Equal(t, wire.Invalid, we.Kind)
			assert.Contains(t, err.Error(), "nested deeper than 512")
			assert.Less(t, len(err.Error()), 1000)
		}
	}

	// What a type reads itself and what it leaves to Raw count together.
	for n, ok := range map[int]bool{wire.MaxDepth - 1: true, wire.MaxDepth: false} {
		err := wire.Unmarshal([]byte(`{"name":"a","arguments":`+nested(n, "[", "]")+`}`), &call{})
		assert.Equal(t, ok, err == nil, "%d: %v", n, err)
		err = wire.Unmarshal([]byte(`{"_meta":`+nested(n, `{"a":`, "}")+`,"name":"a"}`), &call{})
		assert.Equal(t, ok, err == nil, "%d: %v", n, err)
	}

	d := wire.NewDecoder(`[[[1]]]`)
	d.LimitDepth(2)
	d.Raw()
	assert.EqualError(t, d.End(), "[0][0]: nested deeper than 2")
}
