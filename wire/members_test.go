package wire_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/wire"
)

func raw(t *testing.T, text string) wire.Raw {
	t.Helper()
	r, err := wire.ParseRaw([]byte(text))
	require.NoError(t, err)
	return r
}

func TestMembers(t *testing.T) {
	var m wire.Members
	assert.True(t, m.IsZero())
	assert.Zero(t, m.Len())
	m.Delete("a")
	m.Set("a", wire.Raw{})
	assert.True(t, m.IsZero(), "nothing was set")

	// The same through the small and the indexed form, against a plain list.
	var names []string
	for i := range 40 {
		name := fmt.Sprint("n", i)
		m.Set(name, raw(t, fmt.Sprint(i)))
		names = append(names, name)
		assert.Equal(t, i+1, m.Len())
	}
	m.Set("n3", raw(t, `"again"`))
	for i := 38; i >= 4; i -= 2 {
		m.Delete(fmt.Sprint("n", i))
		names = slices.DeleteFunc(names, func(s string) bool { return s == fmt.Sprint("n", i) })
	}
	m.Set("n5", wire.Raw{})
	names = slices.DeleteFunc(names, func(s string) bool { return s == "n5" })
	m.Delete("none")
	var got []string
	for k, v := range m.All() {
		got = append(got, k)
		r, ok := m.Get(k)
		assert.True(t, ok)
		assert.Equal(t, v, r)
	}
	assert.Equal(t, names, got)
	_, ok := m.Get("n4")
	assert.False(t, ok)
	r, _ := m.Get("n3")
	assert.Equal(t, `"again"`, r.String())
	for k := range m.All() {
		assert.Equal(t, "n0", k)
		break
	}

	c := m.Clone()
	assert.Equal(t, m, c)
	require.NoError(t, c.SetValue("own", map[string]int{"a": 1}))
	assert.Equal(t, m.Len()+1, c.Len())
	assert.Error(t, c.SetValue("own", func() {}))
	own, _ := c.Get("own")
	assert.Equal(t, `{"a":1}`, own.String())
	assert.True(t, wire.Members{}.Clone().IsZero())

	empty := wire.MembersOf()
	assert.False(t, empty.IsZero())
	assert.Zero(t, empty.Len())
}

func TestManyUnknownMembersTakeLinearTime(t *testing.T) {
	text := []byte{'{'}
	for i := range 100_000 {
		text = fmt.Appendf(text, `"%d":1,`, i)
	}
	text[len(text)-1] = '}'
	var v wire.Empty
	require.NoError(t, wire.Unmarshal(text, &v)) // quadratic time would be minutes
	assert.Equal(t, 100_000, v.Extra.Len())
	out, err := wire.Append(nil, &v)
	require.NoError(t, err)
	assert.Equal(t, string(text), string(out))
	_, err = wire.ParseRaw(text)
	require.NoError(t, err)
}

func TestRaw(t *testing.T) {
	var zero wire.Raw
	assert.True(t, zero.IsZero())
	assert.False(t, zero.IsNull())
	assert.Equal(t, wire.KindInvalid, zero.Kind())
	assert.Equal(t, "no value", zero.Kind().String())
	assert.Error(t, zero.Decode(new(any)))

	r := raw(t, " { \"a\" :\n1 } ")
	assert.Equal(t, "{ \"a\" :\n1 }", r.String(), "inner whitespace stays, outer goes")
	assert.Equal(t, wire.KindObject, r.Kind())
	assert.True(t, raw(t, "null").IsNull())
	var m map[string]int
	require.NoError(t, r.Decode(&m))
	assert.Equal(t, map[string]int{"a": 1}, m)
	b := r.Bytes()
	b[0] = 'x'
	assert.Equal(t, "{ \"a\" :\n1 }", r.String())

	var c call
	assert.EqualError(t, r.Decode(&c), "name: missing")
	require.NoError(t, raw(t, `{"name":"n"}`).Decode(&c))
	assert.Equal(t, "n", c.Name)
}

func TestRawOf(t *testing.T) {
	c := call{Name: "<n>"}
	tests := []struct {
		in   any
		want string
	}{
		{nil, "null"}, {1, "1"}, {"<&>", `"<&>"`}, {[]int{1, 2}, "[1,2]"}, {json.RawMessage(` { "a":1 }`), `{"a":1}`},
		{raw(t, "[ 1 ]"), "[ 1 ]"}, {wire.MembersOf(), "{}"}, {wire.IntID(7), "7"}, {&c, `{"name":"<n>"}`}, {c, `{"name":"<n>"}`},
		{(*call)(nil), "null"}, {[]call{c}, `[{"name":"<n>"}]`}, {wire.Empty{}, "{}"}, {new(7), "7"},
	}
	for _, test := range tests {
		r, err := wire.RawOf(test.in)
		require.NoError(t, err)
		assert.Equal(t, test.want, r.String())
	}
	for _, bad := range []any{wire.Raw{}, func() {}, json.RawMessage(`{"a":1,"a":2}`), call{Name: "\xff"}, "\xff", wire.RequestID{}} {
		r, err := wire.RawOf(bad)
		assert.Error(t, err)
		assert.True(t, r.IsZero())
	}
}

func TestRequestID(t *testing.T) {
	const digits64 = "1234567890123456789012345678901234567890123456789012345678901234"
	tests := []struct {
		in, want string
		wantErr  string
	}{
		{`1`, `1`, ""}, {`1.0`, `1`, ""}, {`1e0`, `1`, ""}, {`10e-1`, `1`, ""}, {`-0`, `0`, ""}, {`0.0`, `0`, ""}, {`9007199254740993`, `9007199254740993`, ""},
		{`9223372036854775807`, `9223372036854775807`, ""}, {`-9223372036854775808`, `-9223372036854775808`, ""}, {`9223372036854775808`, `9223372036854775808`, ""},
		{`-12345678901234567890.0`, `-12345678901234567890`, ""}, {`1e30`, `1000000000000000000000000000000`, ""}, {digits64, digits64, ""},
		{`"a"`, `"a"`, ""}, {`""`, `""`, ""}, {`"1"`, `"1"`, ""}, {`"\u00e9\n"`, `"é\n"`, ""},
		{`1.5`, "", `want an integer, got "1.5"`}, {`1e400`, "", "too many digits"}, {`1e9999999999`, "", "too many digits"}, {digits64 + "0", "", "too many digits"},
		{`1e-9999999999`, "", "want an integer"}, {`null`, "", "want a string or an integer, got null"}, {`true`, "", "got a boolean"}, {`{}`, "", "got an object"}, {`[1]`, "", "got an array"},
	}
	for _, test := range tests {
		d := wire.NewDecoder(test.in)
		id := d.ID()
		if test.wantErr != "" {
			assert.ErrorContains(t, d.End(), test.wantErr, test.in)
			assert.True(t, id.IsZero(), test.in)
			continue
		}
		require.NoError(t, d.End(), test.in)
		out, err := json.Marshal(id)
		require.NoError(t, err)
		assert.Equal(t, test.want, string(out), test.in)
		assert.Equal(t, test.in[0] == '"', id.IsString())

		// The same id, however spelled, is the same map key.
		var again wire.RequestID
		require.NoError(t, json.Unmarshal(out, &again))
		assert.True(t, id == again)
	}
	assert.NotEqual(t, wire.IntID(1), wire.StringID("1"))
	n, ok := wire.IntID(7).Int64()
	assert.True(t, ok && n == 7)
	_, ok = wire.StringID("7").Int64()
	assert.False(t, ok)
	assert.Equal(t, "7", wire.IntID(7).String())
	assert.Equal(t, "x", wire.StringID("x").String())
	assert.Equal(t, "", wire.RequestID{}.String())
}
