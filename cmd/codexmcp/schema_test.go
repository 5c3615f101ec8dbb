package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSchemaTypes(t *testing.T) {
	tests := []struct {
		name, args string
		code       int
		files      []string
		errs       string // part of what is told
	}{
		{"typescript", "--lang typescript -o DIR", exitDone, []string{"index.ts", "mcp.ts", "methods.ts", "types.ts"}, ""},
		{"json schema", "--lang json-schema --output DIR", exitDone, []string{"codex.schema.json"}, ""},
		{"unknown language", "--lang cobol -o DIR", exitMisuse, nil, `--lang "cobol"`},
		{"no language", "-o DIR", exitMisuse, nil, "want typescript or json-schema"},
		{"no folder", "--lang typescript", exitMisuse, nil, "-o DIR is missing"},
		{"too much", "--lang typescript -o DIR more", exitMisuse, nil, `"more"`},
		{"unknown flag", "--langs typescript", exitMisuse, nil, "unknown flag: --langs"},
		{"folder below a file", "--lang typescript -o DIR/file/below", exitFailed, []string{"file"}, "write types"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			if slices.Contains(test.files, "file") {
				require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o644))
			}
			args := append([]string{"schema", "types"}, strings.Fields(strings.ReplaceAll(test.args, "DIR", dir))...)
			var out, errs bytes.Buffer
			code := run(t.Context(), args, strings.NewReader(""), &out, &errs)
			assert.Equal(t, test.code, code, errs.String())
			assert.Empty(t, out.String())
			assert.Contains(t, errs.String(), test.errs)
			entries, err := os.ReadDir(dir)
			require.NoError(t, err)
			var names []string
			for _, e := range entries {
				names = append(names, e.Name())
			}
			assert.Equal(t, test.files, names)
		})
	}
}
