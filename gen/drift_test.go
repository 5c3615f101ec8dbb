package gen

import (
	"bytes"
	"go/scanner"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func repositoryManifest(t *testing.T) *Manifest {
	t.Helper()
	text, err := read("schema/packages.json")
	require.NoError(t, err)
	m, err := ParseManifest(text)
	require.NoError(t, err)
	return m
}

// existing lists the repository's generated files.
func existing(t *testing.T, m *Manifest) []string {
	t.Helper()
	var names []string
	for _, pattern := range m.Patterns() {
		found, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(pattern)))
		require.NoError(t, err)
		for _, name := range found {
			names = append(names, strings.TrimPrefix(filepath.ToSlash(name), "../"))
		}
	}
	return names
}

// TestNothingHasDrifted generates everything in memory and compares it, bytes
// and set of files, with what is committed.
func TestNothingHasDrifted(t *testing.T) {
	m := repositoryManifest(t)
	want, err := m.Generate(read)
	require.NoError(t, err)
	for _, line := range Drift(want, existing(t, m), read) {
		t.Errorf("%s: run make generate", line)
	}
}

// TestDriftIsFound changes, adds and removes files in memory.
func TestDriftIsFound(t *testing.T) {
	m := repositoryManifest(t)
	want, err := m.Generate(read)
	require.NoError(t, err)
	const stale = "mcptypes/types_gen.go"
	require.Contains(t, want, stale)
	tests := []struct {
		name string
		edit func(files map[string][]byte)
		want []string
	}{
		{"nothing", func(map[string][]byte) {}, nil},
		{"a byte", func(files map[string][]byte) {
			files[stale] = bytes.Replace(files[stale], []byte("a"), []byte("b"), 1)
		}, []string{stale + " is stale"}},
		{"a byte at the end", func(files map[string][]byte) {
			files[stale] = append(bytes.Clone(files[stale]), '\n')
		}, []string{stale + " is stale"}},
		{"a file less", func(files map[string][]byte) { delete(files, stale) }, []string{stale + " is missing"}},
		{"a file more", func(files map[string][]byte) {
			files["mcptypes/old_gen.go"] = nil
		}, []string{"mcptypes/old_gen.go is not generated any more"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := maps.Clone(want)
			tt.edit(files)
			got := Drift(want, sortedKeys(files), func(name string) ([]byte, error) {
				if data, ok := files[name]; ok {
					return data, nil
				}
				return nil, fs.ErrNotExist
			})
			assert.Equal(t, tt.want, got)
		})
	}
}

// TestEveryInputCounts edits the inputs in memory: what is generated must differ,
// or generating must fail, so that no edit goes unnoticed.
func TestEveryInputCounts(t *testing.T) {
	m := repositoryManifest(t)
	m.Packages = m.Packages[:1] // one is enough, and fast
	want, err := m.Generate(read)
	require.ErrorContains(t, err, "matches nothing", "overlays are shared with other packages")
	tests := []struct {
		name, file, old, new string
		wantErr              string
	}{
		{"a member of a pin", "schema/mcp/2025-06-18.json", `"isError"`, `"isErroneous"`, ""},
		{"an overlay's type", "schema/overlays/go.json", `inputSchema", "type": "Raw"`, `inputSchema", "type": "Members"`, ""},
		{"an overlay's name", "schema/overlays/go.json", `"name": "ElicitAction"`, `"name": "ElicitDecision"`, ""},
		{"an overlay's patch", "schema/overlays/codex.json", `"user_agent"`, `"agent"`, ""},
		{"a doc comment", "schema/overlays/docs.json", `"doc": "`, `"doc": "X `, ""},
		{"an entry's place", "schema/overlays/codex.json", `"/Implementation"`, `"/Implementations"`, "overlay schema/overlays/codex.json: matches nothing: entry at /Implementations"},
		{"a doc's place", "schema/overlays/docs.json", `"CallToolResult": {`, `"CallToolResults": {`, "docs.CallToolResults"},
		{"an entry's word", "schema/overlays/go.json", `"omit": true`, `"omitt": true`, `overlay schema/overlays/go.json: json: unknown field "omitt"`},
		{"a keyword of a pin", "schema/mcp/2025-06-18.json", `"format": "byte"`, `"formatted": "byte"`, `keyword "formatted" is not supported`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			edited := 0
			got, err := m.Generate(func(name string) ([]byte, error) {
				text, err := read(name)
				if name == tt.file {
					edited = bytes.Count(text, []byte(tt.old))
					text = bytes.Replace(text, []byte(tt.old), []byte(tt.new), 1)
				}
				return text, err
			})
			require.NotZero(t, edited, "%s is not in %s any more", tt.old, tt.file)
			if tt.wantErr != "" {
				require.ErrorContains(t, err, tt.wantErr)
				return
			}
			require.ErrorContains(t, err, "matches nothing")
			assert.NotEmpty(t, Drift(want, sortedKeys(got), func(name string) ([]byte, error) { return got[name], nil }))
		})
	}
}

// TestGeneratorKnowsNoProtocol: what is special is in overlays, never in the Go code.
func TestGeneratorKnowsNoProtocol(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var code strings.Builder
		var s scanner.Scanner
		s.Init(token.NewFileSet().AddFile(file, -1, len(text)), text, nil, 0) // without comments
		for _, tok, lit := s.Scan(); tok != token.EOF; _, tok, lit = s.Scan() {
			code.WriteString(lit + " ")
		}
		for _, word := range []string{"CallTool", "Initialize", "tools/", "_meta", "Codex", "Model Context"} {
			assert.NotContains(t, code.String(), word, "%s names a protocol", file)
		}
	}
}
