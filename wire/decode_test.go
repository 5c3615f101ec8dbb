package wire_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/wire"
)

// TestFaithful: what a type decodes comes back as it was.
func TestFaithful(t *testing.T) {
	tests := []struct{ name, text string }{
		{"all members", `{"content":[],"isError":false,"score":1.5,"total":2,"title":"t","level":"info","count":3,"labels":{"a":"b"}}`},
		{"explicit nulls", `{"content":[],"isError":null,"score":null,"total":0,"title":null,"level":null,"count":null}`},
		{"explicit empties", `{"content":[],"total":0,"title":"","level":""}`},
		{"unknown members keep their order", `{"content":[],"total":0,"z":1,"a":{"b":[1e400,-0,1.50]},"m":"\u00e9"}`},
		{"unknown enum value", `{"content":[],"total":0,"level":"panic"}`},
		{"unknown variant", `{"content":[{"type":"video","x":{"y":1.0}},{"type":"text","text":"t","unknown":[]}],"total":0}`},
		{"zeros", `{"content":[],"score":0,"total":-0,"count":0}`},
		{"digits beyond float64", `{"content":[],"score":9007199254740993,"total":0.1000000000000000055511151231257827}`},
		{"underflow", `{"content":[],"score":1e-400,"total":-123456789012345678901234567890}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var v result
			require.NoError(t, wire.Unmarshal([]byte(test.text), &v))
			got, err := wire.Append(nil, &v)
			require.NoError(t, err)
			assert.Equal(t, test.text, string(got))
		})
	}
}

func TestFloats(t *testing.T) {
	tests := []struct {
		text       string
		remembered bool
	}{
		{"0", false}, {"-0", false}, {"-0.0", false}, {"0e7", false}, {"1.50", false}, {"1.0", false}, {"1e2", false}, {"100", false},
		{"9007199254740991", false}, {"9007199254740992", false}, {"9007199254740993", true}, {"-9007199254740993", true},
		{"0.1", false}, {"0.30000000000000004", false}, {"0.300000000000000040", false}, {"0.3000000000000000401", true},
		{"1e22", false}, {"1e23", false}, {"123456789012345678", true}, {"1.7976931348623157e308", false}, {"5e-324", false}, {"3e-324", true}, {"1e-400", true},
		{"0.000001", false}, {"1e-7", false}, {"0.0000001", false}, {"1e21", false}, {"1e20", false},
	}
	for _, test := range tests {
		var x wire.Members
		d := wire.NewDecoder(test.text)
		v := d.NumberFloat(&x, "n")
		require.NoError(t, d.End())
		var want float64
		require.NoError(t, json.Unmarshal([]byte(test.text), &want))
		assert.Equal(t, math.Float64bits(want), math.Float64bits(v), test.text)
		assert.Equal(t, test.remembered, !x.IsZero(), test.text)

		// Written again it is the same number; a changed field is written instead of the digits.
		e := wire.NewEncoder(nil)
		e.Object()
		e.Float(`"n":`, v, x)
		e.EndObject(x, []string{"n"})
		got, err := e.Result()
		require.NoError(t, err)
		if test.remembered {
			assert.Equal(t, `{"n":`+test.text+`}`, string(got))
			e = wire.NewEncoder(nil)
			e.Float(`"n":`, 7, x)
			got, err = e.Result()
			require.NoError(t, err)
			assert.Equal(t, `"n":7`, string(got))
		} else {
			std, err := json.Marshal(want)
			require.NoError(t, err)
			assert.Equal(t, `{"n":`+string(std)+`}`, string(got))
		}
	}
}

func TestIntegers(t *testing.T) {
	tests := []struct {
		text    string
		want    int64
		wantErr string
	}{
		{"0", 0, ""}, {"-0", 0, ""}, {"7", 7, ""}, {"-7", -7, ""}, {"1.0", 1, ""}, {"1.000", 1, ""}, {"1e2", 100, ""}, {"12.5e1", 125, ""}, {"100e-2", 1, ""},
		{"0e99999999999999999999", 0, ""}, {"0.0e-5", 0, ""}, {"999999999999999999", 999999999999999999, ""}, {"1e18", 1e18, ""},
		{"9223372036854775807", math.MaxInt64, ""}, {"-9223372036854775808", math.MinInt64, ""}, {"9223372036854775807.0", math.MaxInt64, ""},
		{"9223372036854775808", 0, `number "9223372036854775808" is beyond 64 bits`}, {"-9223372036854775809", 0, "beyond 64 bits"}, {"1e19", 0, "beyond 64 bits"},
		{"1.5", 0, `want an integer, got "1.5"`}, {"1e-1", 0, "want an integer"}, {"12e-1", 0, "want an integer"}, {"0.5", 0, "want an integer"}, {"1e-99999999999999999999", 0, "want an integer"},
		{"1e400", 0, `number "1e400" has too many digits`}, {"1e99999999999999999999", 0, "too many digits"},
		{`"1"`, 0, `want an integer, got the string "1"`}, {"null", 0, "want an integer, got null"}, {"true", 0, "want an integer, got a boolean"}, {"[]", 0, "got an array"}, {"{}", 0, "got an object"},
	}
	for _, test := range tests {
		d := wire.NewDecoder(test.text)
		got := d.Int()
		if test.wantErr == "" {
			assert.NoError(t, d.End(), test.text)
		} else {
			assert.ErrorContains(t, d.End(), test.wantErr, test.text)
		}
		assert.Equal(t, test.want, got, test.text)
	}
}

func TestMismatches(t *testing.T) {
	const ok = `"content":[],"total":0`
	tests := []struct {
		name, text string
		kind       wire.ErrorKind
		want       string
	}{
		{"missing", `{"content":[]}`, wire.Mismatch, "total: missing"},
		{"missing the first of two", `{"title":"x"}`, wire.Mismatch, "content: missing"},
		{"missing deep", `{"content":[{"type":"text","text":""},{"type":"text"}],"total":0}`, wire.Mismatch, "content[1].text: missing"},
		{"wrong kind", `{"content":[{"type":"text","text":7}],"total":0}`, wire.Mismatch, "content[0].text: want a string, got the number 7"},
		{"wrong kind of the whole", `[]`, wire.Mismatch, "want an object, got an array"},
		{"null for a required member", `{"content":null,"total":0}`, wire.Mismatch, "content: want an array, got null"},
		{"no discriminator", `{"content":[{"text":"a"}],"total":0}`, wire.Mismatch, `content[0]: want an object with a member "type" that is a string`},
		{"odd name", `{` + ok + `,"labels":{"a b":1}}`, wire.Mismatch, `labels["a b"]: want a string, got the number 1`},
		{"no name", `{` + ok + `,"labels":{"":1}}`, wire.Mismatch, `labels[""]: want a string, got the number 1`},
		{"boolean", `{` + ok + `,"isError":"x"}`, wire.Mismatch, `isError: want a boolean, got the string "x"`},
		{"float", `{"content":[],"total":1e400}`, wire.Mismatch, `total: number "1e400" is beyond float64`},
		{"integer", `{` + ok + `,"count":1.5}`, wire.Mismatch, `count: want an integer, got "1.5"`},
		{"duplicate known", `{"content":[],"content":[],"total":0}`, wire.Invalid, `duplicate member "content"`},
		{"duplicate known with escapes", `{"content":[],"c\u006fntent":[],"total":0}`, wire.Invalid, `duplicate member "content"`},
		{"duplicate unknown", `{"x":1,` + ok + `,"x":2}`, wire.Invalid, `duplicate member "x"`},
		{"duplicate in a variant", `{"content":[{"type":"text","text":"a","text":"b"}],"total":0}`, wire.Invalid, `content[0]: duplicate member "text"`},
		{"duplicate in a map", `{` + ok + `,"labels":{"a":"1","a":"2"}}`, wire.Invalid, `labels: duplicate member "a"`},
		{"duplicate discriminator", `{"content":[{"type":"text","type":"image","text":"a"}],"total":0}`, wire.Invalid, `content[0]: duplicate member "type"`},
		{"duplicate in raw", `{` + ok + `,"x":{"y":[{"a":1,"a":2}]}}`, wire.Invalid, `x.y[0]: duplicate member "a"`},
		{"syntax comes first", `{"content":7,"total":0`, wire.Syntax, "total: unexpected end, want ',' or '}' at byte 22"},
		{"duplicates come before a mismatch", `{"content":7,"total":0,"a":{"b":1,"b":2}}`, wire.Invalid, `a: duplicate member "b"`},
		{"syntax deep", `{"content":[{"type":"text","text":"a` + "\x01" + `"}],"total":0}`, wire.Syntax, `content[0].text: control character '\x01' in a string at byte 36`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := wire.Unmarshal([]byte(test.text), &result{})
			var we *wire.Error
			require.ErrorAs(t, err, &we)
			assert.EqualError(t, err, test.want)
			assert.Equal(t, test.kind, we.Kind)
			assert.True(t, strings.HasPrefix(we.Within("params").Error(), "params"), we.Within("params"))
		})
	}
}

func TestErrorWithin(t *testing.T) {
	tests := []struct{ in, path, want string }{
		{"", "params", "params: missing"},
		{"name", "params", "params.name: missing"},
		{"[1].a", "params", "params[1].a: missing"},
		{"name", "", "name: missing"},
	}
	for _, test := range tests {
		e := &wire.Error{Kind: wire.Mismatch, Path: test.in, Message: "missing"}
		assert.EqualError(t, e.Within(test.path), test.want)
	}
}

func TestErrorsAreBounded(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	for _, in := range []string{
		`{"` + long + `":1,"` + long + `":1}`,
		`{"` + long + `":tru}`,
		strings.Repeat(`{"`+long[:1000]+`":`, 500) + "x",
		`{"type":"` + long + `"}`,
	} {
		err := wire.Unmarshal([]byte(in), &text{})
		require.Error(t, err)
		assert.Less(t, len(err.Error()), 1000)
	}
}

func TestConst(t *testing.T) {
	tests := []struct{ text, want string }{
		{`"text"`, ""},
		{`"t\u0065xt"`, ""},
		{`"image"`, `want "text", got "image"`},
		{`7`, `want "text", got the number 7`},
	}
	for _, test := range tests {
		d := wire.NewDecoder(test.text)
		d.Const("text")
		if err := d.End(); test.want == "" {
			assert.NoError(t, err, test.text)
		} else {
			assert.EqualError(t, err, test.want, test.text)
		}
	}
	d := wire.NewDecoder(`[-32001.0, 1]`)
	d.FirstItem()
	d.ConstInt(-32001)
	require.NoError(t, d.Err())
	d.NextItem()
	d.ConstInt(2)
	assert.EqualError(t, d.Err(), "[1]: want 2, got 1")
}

func TestPeek(t *testing.T) {
	tests := []struct {
		text, key, want string
		has, isString   bool
	}{
		{`{"type":"a"}`, "type", "a", true, true},
		{` { "x" : { "type" : "no" , "y":[1,{"type":"no"}] } , "s":"\"type\":\"no\"", "n":-1.5e3,"b":true , "type" : "a" } `, "type", "a", true, true},
		{`{"t\u0079pe":"\u0061"}`, "type", "a", true, true},
		{`{"type":7}`, "type", "", true, false},
		{`{"type":null,"type":"a"}`, "type", "", true, false},
		{`{"other":"a"}`, "type", "", false, false},
		{`{"x":"\\","type":"a"}`, "type", "a", true, true},
		{`{"x":"\\\"","type":"a"}`, "type", "a", true, true},
		{`{}`, "type", "", false, false}, {`[]`, "type", "", false, false}, {``, "type", "", false, false}, {`{"type":"a`, "type", "", true, false},
		{`{"type"`, "type", "", false, false}, {`{"x":]`, "type", "", false, false}, {`{"x":[`, "type", "", false, false}, {`{"x`, "type", "", false, false},
	}
	for _, test := range tests {
		d := wire.NewDecoder(test.text)
		before := d.Offset()
		got, ok := d.PeekString(test.key)
		assert.Equal(t, test.isString, ok, test.text)
		assert.Equal(t, test.want, got, test.text)
		assert.Equal(t, test.has, d.PeekHas(test.key), test.text)
		assert.Equal(t, before, d.Offset())
	}
	kinds := map[string]wire.Kind{
		`{}`: wire.KindObject, ` []`: wire.KindArray, `""`: wire.KindString, `-1`: wire.KindNumber, `7`: wire.KindNumber, `true`: wire.KindBool,
		`false`: wire.KindBool, `null`: wire.KindNull, ``: wire.KindInvalid, `x`: wire.KindInvalid,
	}
	for text, want := range kinds {
		d := wire.NewDecoder(text)
		assert.Equal(t, want, d.PeekKind(), text)
	}
}

func TestAfterFailureNothingIsRead(t *testing.T) {
	d := wire.NewDecoder(`{"a":1}`)
	d.Fail("no such %s", "luck")
	_, ok := d.First()
	assert.False(t, ok)
	assert.False(t, d.FirstItem())
	assert.Empty(t, d.String())
	assert.Zero(t, d.Int())
	assert.Zero(t, d.Float())
	assert.False(t, d.Bool())
	assert.False(t, d.Null())
	assert.True(t, d.Raw().IsZero())
	assert.True(t, d.ID().IsZero())
	assert.True(t, d.Members().IsZero())
	d.Fail("another")
	assert.True(t, d.Failed())
	assert.EqualError(t, d.End(), "no such luck")

	d.Reset(`7`)
	assert.Equal(t, int64(7), d.Int())
	assert.NoError(t, d.End())
}

func TestShortValuesDoNotHoldALongMessage(t *testing.T) {
	shares := func(text, part string) bool {
		base, p := uintptr(unsafe.Pointer(unsafe.StringData(text))), uintptr(unsafe.Pointer(unsafe.StringData(part)))
		return base <= p && p < base+uintptr(len(text))
	}
	read := func(text string) (call, string) {
		d := wire.NewDecoder(text)
		var v call
		v.DecodeJSON(&d)
		require.NoError(t, d.End())
		for k := range v.Extra.All() {
			return v, k
		}
		return v, ""
	}
	short := `{"name":"abc","arguments":{"x":"y"},"unknown":1}`
	v, k := read(short)
	assert.True(t, shares(short, v.Name) && shares(short, v.Args.String()) && shares(short, k))

	long := `{"name":"abc","arguments":{"x":"` + strings.Repeat("y", 4000) + `"},"unknown":1}`
	v, k = read(long)
	assert.True(t, shares(long, v.Args.String()))
	assert.False(t, shares(long, v.Name) || shares(long, k))
}

func TestNothingHoldsOnToALentText(t *testing.T) {
	const big = "18446744073709551616" // an id that is kept by its digits
	for _, text := range []string{
		`{"name":"abc","arguments":{"x":"y"},"unknown":null,"_meta":{"token":"t","a\u0062":[1]}}`,
		`{"name":"` + strings.Repeat("long ", 400) + `","arguments":{"x":"y"},"un` + strings.Repeat("known", 60) + `":null,"_meta":{"token":"t"}}`,
	} {
		var v call
		lent := []byte(text)
		require.NoError(t, wire.Unmarshal(lent, &v))
		clear(lent)
		out, err := wire.Append(nil, &v)
		require.NoError(t, err)
		assert.JSONEq(t, text, string(out))
	}

	lent := []byte(big)
	var d wire.Decoder
	d.LimitDepth(1)
	d.ResetBytes(lent)
	id := d.ID()
	require.NoError(t, d.End())
	clear(lent)
	assert.Equal(t, big, id.String())

	lent = []byte(`{"a":{"b c":1,"b c":2}}`)
	d.LimitDepth(9)
	d.ResetBytes(lent)
	d.Skip()
	err := d.End()
	clear(lent)
	assert.EqualError(t, err, `a: duplicate member "b c"`)
}

func TestAllocations(t *testing.T) {
	allocs := func(f func()) float64 { return testing.AllocsPerRun(100, f) }
	message := []byte(`{"name":"read_file","arguments":{"path":"/tmp/x","lines":[1,2,3],"deep":{"a":{"b":"c"}}}}`)
	withMeta := []byte(`{"name":"a","_meta":{"progressToken":1}}`)
	var v call
	assert.Equal(t, 1.0, allocs(func() { require.NoError(t, wire.Unmarshal(message, &v)) }), "decode")
	assert.Equal(t, 2.0, allocs(func() { require.NoError(t, wire.Unmarshal(withMeta, &v)) }), "decode with _meta")
	buf := make([]byte, 0, 1024)
	assert.Equal(t, 0.0, allocs(func() {
		out, err := wire.Append(buf[:0], &v)
		require.NoError(t, err)
		buf = out
	}), "encode")
	assert.Equal(t, 0.0, allocs(func() {
		d := wire.NewDecoder(corpus[0])
		d.Skip()
		require.NoError(t, d.End())
	}), "skip on the stack")
}

// TestRoomFollowsTheText holds a list to about what it needs, however long, and to the size of the text where elements are
// smaller there than in memory.
func TestRoomFollowsTheText(t *testing.T) {
	type large [256]byte
	read := func(text string) []large {
		d := wire.NewDecoder(text)
		var list []large
		for ok := d.FirstItem(); ok; ok = d.NextItem() {
			d.Skip()
			list = append(wire.Room(&d, list), large{})
		}
		require.NoError(t, d.End())
		return list
	}
	even := read("[" + strings.Repeat(`"`+strings.Repeat("x", 500)+`",`, 99) + `""]`)
	assert.Len(t, even, 100)
	assert.Less(t, cap(even), 150)
	// One element that makes a million look likely.
	one := read("[1" + strings.Repeat(" ", 1<<20) + "]")
	assert.Len(t, one, 1)
	assert.Equal(t, 1, cap(one))
	two := read("[1,2" + strings.Repeat(" ", 1<<20) + "]")
	assert.Len(t, two, 2)
	assert.LessOrEqual(t, cap(two)*256, 2<<20)
}
