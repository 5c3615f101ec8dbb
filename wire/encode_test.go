package wire_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/wire"
)

func encode(f func(e *wire.Encoder)) (string, error) {
	e := wire.NewEncoder(nil)
	f(&e)
	out, err := e.Result()
	return string(out), err
}

func TestEncodeStrings(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", `""`}, {"a", `"a"`}, {"abcdefgh", `"abcdefgh"`}, {"<a> & b\u2028", "\"<a> & b\u2028\""}, {"日本😀é", `"日本😀é"`},
		{"\"\\/\b\f\n\r\t", `"\"\\/\b\f\n\r\t"`}, {"\x00\x1f\x7f", "\"\\u0000\\u001f\x7f\""}, {"abcdefg\nhijklmn\"op", `"abcdefg\nhijklmn\"op"`},
	}
	for _, test := range tests {
		got, err := encode(func(e *wire.Encoder) { e.StringValue(test.in) })
		require.NoError(t, err)
		assert.Equal(t, test.want, got)
		var back string
		require.NoError(t, json.Unmarshal([]byte(got), &back))
		assert.Equal(t, test.in, back)
	}
	for _, bad := range []string{"\xff", "abc\xc3", "\xed\xa0\x80", "long enough for words \xe6\x97", "é\x80", "\xf4\x90\x80\x80"} {
		_, err := encode(func(e *wire.Encoder) {
			e.Object()
			e.Key(`"a":`)
			e.Array()
			e.IntValue(1)
			e.StringValue(bad)
		})
		assert.EqualError(t, err, "a[1]: string is not valid UTF-8", "%q", bad)
	}
}

func TestEncodeValues(t *testing.T) {
	got, err := encode(func(e *wire.Encoder) {
		e.Object()
		e.Bool(`"t":`, true)
		e.Bool(`"f":`, false)
		e.Int(`"i":`, math.MinInt64)
		e.Float(`"n":`, 1e21, wire.Members{})
		e.Raw(`"r":`, raw(t, ` { "a" : [ 1 ,`+"\r\n"+`2 ] , "b" : "\n" } `))
		e.ID(`"id":`, wire.IntID(-1))
		e.ID(`"sid":`, wire.StringID("\"x"))
		e.Members(`"m":`, wire.Members{})
		e.Const(`"c":`, "text")
		e.Key(`"a":`)
		e.Array()
		e.Null()
		e.FloatValue(-0.5)
		e.Array()
		e.EndArray()
		e.EndArray()
		e.OptID(`"absent":`, wire.RequestID{}, wire.Members{})
		e.Name("dy\"n")
		e.Null()
		e.EndObject(wire.Members{}, nil)
	})
	require.NoError(t, err)
	assert.Equal(t, `{"t":true,"f":false,"i":-9223372036854775808,"n":1e+21,"r":{ "a" : [ 1 ,2 ] , "b" : "\n" },"id":-1,"sid":"\"x","m":{},"c":"text","a":[null,-0.5,[]],"dy\"n":null}`, got)
}

func TestEncodeFailures(t *testing.T) {
	tests := []struct {
		name string
		f    func(e *wire.Encoder)
		want string
	}{
		{"raw", func(e *wire.Encoder) { e.Raw(`"b":`, wire.Raw{}) }, "a.b: missing"},
		{"id", func(e *wire.Encoder) { e.ID(`"b":`, wire.RequestID{}) }, "a.b: missing"},
		{"nan", func(e *wire.Encoder) { e.Float(`"b":`, math.NaN(), wire.Members{}) }, "a.b: number NaN has no JSON form"},
		{"infinity", func(e *wire.Encoder) { e.FloatValue(math.Inf(-1)) }, "a: number -Inf has no JSON form"},
		{"string", func(e *wire.Encoder) { e.Int(`"x":`, 1); e.String(`"b":`, "\xff") }, "a.b: string is not valid UTF-8"},
		{"unknown member", func(e *wire.Encoder) { e.EndObject(wire.MembersOf(wire.Member{Name: "\xff", Value: raw(t, "1")}), nil) }, `member name "\xff" is not valid UTF-8`},
		{"own", func(e *wire.Encoder) { e.Fail("no %s", "luck") }, "a: no luck"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := wire.NewEncoder([]byte("before,"))
			e.Object()
			e.Key(`"a":`)
			e.Object()
			test.f(&e)
			e.Fail("later")
			out, err := e.Result()
			assert.ErrorContains(t, err, test.want)
			assert.Equal(t, "before,", string(out))
		})
	}
}

func TestEncodeAppends(t *testing.T) {
	out, err := wire.Append([]byte("x,"), &wire.Empty{})
	require.NoError(t, err)
	assert.Equal(t, "x,{}", string(out))
}

func TestAUserMayRememberToo(t *testing.T) {
	v := result{Extra: wire.MembersOf(
		wire.Member{Name: "isError", Value: raw(t, "null")},
		wire.Member{Name: "title", Value: raw(t, `""`)},
		wire.Member{Name: "level", Value: raw(t, `""`)},
		wire.Member{Name: "other", Value: raw(t, "1")},
	)}
	v.Level = "info" // a set field wins
	out, err := wire.Append(nil, &v)
	require.NoError(t, err)
	assert.Equal(t, `{"content":[],"isError":null,"total":0,"title":"","level":"info","other":1}`, string(out))
}

func TestEncodingJSONWorks(t *testing.T) {
	type all struct {
		Raw     wire.Raw
		Absent  wire.Raw `json:",omitzero"`
		Members wire.Members
		NoMeta  wire.Members `json:",omitzero"`
		ID      wire.RequestID
		NoID    wire.RequestID `json:",omitzero"`
		Empty   wire.Empty
		Call    *call
	}
	const text = `{"Raw":[1,{"a":9007199254740993}],"Members":{"b":1,"a":{}},"ID":12345678901234567890,"Empty":{"x":1},"Call":{"name":"n","u":1}}`
	var v all
	require.NoError(t, json.Unmarshal([]byte(text), &v))
	got, err := json.Marshal(v)
	require.NoError(t, err)
	assert.Equal(t, text, string(got))

	got, err = json.Marshal([]any{wire.Raw{}, wire.Members{}, wire.RequestID{}, wire.MembersOf(), wire.StringID("")})
	require.NoError(t, err)
	assert.Equal(t, `[null,null,null,{},""]`, string(got))

	for _, bad := range []string{`{"Raw":{"a":1,"a":2}}`, `{"Members":[]}`, `{"Members":{"a":1,"a":2}}`, `{"ID":1.5}`, `{"ID":true}`, `{"Empty":7}`, `{"Call":{}}`} {
		assert.Error(t, json.Unmarshal([]byte(bad), &v), bad)
	}
	require.NoError(t, json.Unmarshal([]byte(`{"Members":null}`), &v))
	assert.True(t, v.Members.IsZero())
}
