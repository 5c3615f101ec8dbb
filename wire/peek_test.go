package wire

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPeekInt(t *testing.T) {
	tests := []struct {
		text string
		want int64
		ok   bool
	}{
		{`{"code":-32700}`, -32700, true},
		{` {"a":[1,{"code":2}],"code" : 1.0 }`, 1, true},
		{`{"c\u006fde":9007199254740993}`, 9007199254740993, true},
		{`{"code":"1"}`, 0, false},
		{`{"code":1.5}`, 0, false},
		{`{"code":-}`, 0, false},
		{`{"code":1e}`, 0, false},
		{`{"code":1e999999999999}`, 0, false},
		{`{"code":9223372036854775808}`, 0, false},
		{`{"code":`, 0, false},
		{`{}`, 0, false},
		{`[]`, 0, false},
	}
	for _, tt := range tests {
		d := NewDecoder(tt.text)
		got, ok := d.PeekInt("code")
		assert.Equal(t, tt.want, got, tt.text)
		assert.Equal(t, tt.ok, ok, tt.text)
		assert.NoError(t, d.Err(), tt.text)
	}
}

// TestPeekEnds: looking ahead ends on every text, JSON or not. A control character
// where a value should be once held it for ever.
func TestPeekEnds(t *testing.T) {
	for c := range 256 {
		for _, text := range []string{`{"a":[` + string([]byte{byte(c)}) + `],"b":1}`, `{"a":` + string([]byte{byte(c)}), `{"a":{` + string([]byte{byte(c)}) + `:1},"b":"x"}`} {
			d := NewDecoder(text)
			d.PeekString("b")
			d.PeekInt("b")
			d.PeekHas("b", "c")
		}
	}
}
