package wire_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/codexmcp/codexmcp/wire"
)

// Texts of the kinds that tell string code apart.
var (
	plainText   = strings.Repeat("The quick brown fox jumps over the lazy dog, and then it rests. ", 1024)
	proseText   = strings.Repeat("He said \"use C:\\temp\\x\" and left.\n\tThen 3 lines later, twice.\n", 256)
	unicodeText = strings.Repeat("naïve café — 日本語のテキスト, русский текст, emoji 😀🎉 ok. ", 220)
	codeText    = strings.Repeat("\tif err != nil {\n\t\treturn fmt.Errorf(\"read %q: %w\", name, err)\n\t}\n", 256)
)

// escapedText is 16 KiB in which all that can be escaped is, in turn.
var escapedText = func() string {
	const unit = `line one\nline \"two\"\t\u00e9\u65e5\u672c \ud83d\ude00 back\\slash é日本😀 \/ \u0041\r\n`
	return `"` + strings.Repeat(unit, 16<<10/len(unit)) + `"`
}()

func quoted(s string) string {
	e := wire.NewEncoder(nil)
	e.StringValue(s)
	out, _ := e.Result()
	return string(out)
}

// toolList is like the answer to tools/list: schemas, short strings, few long ones.
var toolList = func() string {
	const tool = `{"name":"read_text_file","title":"Read a file","description":"Read the complete contents of a file from the file system as text. Handles various encodings and reports what it could not read.","inputSchema":{"type":"object","properties":{"path":{"type":"string","description":"where the file is"},"head":{"type":"number","description":"only the first lines, this many"},"tail":{"type":"number","description":"only the last lines, this many"},"options":{"type":"object","properties":{"follow":{"type":"boolean","default":false},"encoding":{"enum":["utf-8","latin-1"],"default":"utf-8"}}}},"required":["path"],"additionalProperties":false,"$schema":"http://json-schema.org/draft-07/schema#"},"annotations":{"readOnlyHint":true,"destructiveHint":false}}`
	return `{"tools":[` + strings.Repeat(tool+",", 120) + tool + `]}`
}()

var callText = `{"name":"read_file","arguments":{"path":"/home/user/project/src/main.go","lines":[1,200],"reason":"look at the entry point before changing how flags are read"},"_meta":{"progressToken":"token-17"}}`

func BenchmarkSkip(b *testing.B) {
	texts := map[string]string{
		"plain": quoted(plainText), "prose": quoted(proseText), "unicode": quoted(unicodeText), "code": quoted(codeText), "escaped": escapedText, "tools": toolList, "call": callText,
	}
	for name, text := range texts {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				d := wire.NewDecoder(text)
				d.Skip()
				if d.End() != nil {
					b.Fatal(d.End())
				}
			}
		})
	}
}

func BenchmarkDecodeString(b *testing.B) {
	texts := map[string]string{
		"plain": quoted(plainText), "prose": quoted(proseText), "unicode": quoted(unicodeText), "code": quoted(codeText), "escaped": escapedText,
	}
	for name, text := range texts {
		b.Run(name, func(b *testing.B) {
			var d wire.Decoder
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				d.Reset(text)
				if d.String() == "" || d.Failed() {
					b.Fatal(d.Err())
				}
			}
		})
		b.Run(name+"/std", func(b *testing.B) {
			data := []byte(text)
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				var s string
				if err := json.Unmarshal(data, &s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEncodeString(b *testing.B) {
	var escaped string
	if err := json.Unmarshal([]byte(escapedText), &escaped); err != nil {
		b.Fatal(err)
	}
	texts := map[string]string{"plain": plainText, "prose": proseText, "unicode": unicodeText, "code": codeText, "escaped": escaped, "short": "read_text_file"}
	buf := make([]byte, 0, 256<<10)
	for name, text := range texts {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				e := wire.NewEncoder(buf[:0])
				e.StringValue(text)
				if _, err := e.Result(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCall(b *testing.B) {
	data := []byte(callText)
	var v call
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			if err := wire.Unmarshal(data, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
	buf := make([]byte, 0, 1024)
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			if _, err := wire.Append(buf[:0], &v); err != nil {
				b.Fatal(err)
			}
		}
	})
}
