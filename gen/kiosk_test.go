package gen

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestGuide follows docs/generate.md: what it shows are the files of the kiosk, and
// its commands, run in a module of its own, make them work.
func TestGuide(t *testing.T) {
	guide, err := read("docs/generate.md")
	require.NoError(t, err)
	kiosk, err := filepath.Abs("testdata/kiosk")
	require.NoError(t, err)
	repo, err := filepath.Abs("..")
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(kiosk)))

	// The tool and the module are those of this repository, not the latest ones.
	tool := filepath.Join(t.TempDir(), "schema")
	run(t, repo, "go", "build", "-o", tool, "./tools/schema")
	ran := 0
	for _, block := range fenced(string(guide)) {
		switch language, file, _ := strings.Cut(block.info, " "); {
		case file != "":
			text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(file)))
			require.NoError(t, err)
			assert.Contains(t, string(text), block.text, "%s is not what the guide shows", file)
		case language == "sh":
			for line := range strings.Lines(block.text) {
				ran++
				args := strings.Fields(line)
				switch {
				case strings.HasPrefix(line, "go run github.com/codexmcp/codexmcp/tools/schema@latest "):
					args = append([]string{tool}, args[3:]...)
				case strings.HasPrefix(line, "go get "):
					args = []string{"go", "mod", "edit", "-require=" + module + "@v0.0.0", "-replace=" + module + "=" + repo}
				}
				run(t, dir, args[0], args[1:]...)
			}
		}
	}
	require.Equal(t, 6, ran, "commands in the guide")

	// Generated code needs nothing but the standard library and wire.
	deps := run(t, dir, "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./protocol")
	assert.ElementsMatch(t, []string{module + "/wire", "example.com/kiosk/protocol"}, strings.Fields(deps))

	// The check names the file that is stale and what to run.
	stale := filepath.Join(dir, "protocol", "types_gen.go")
	require.NoError(t, os.WriteFile(stale, []byte("package protocol\n"), 0o600))
	cmd := exec.Command(tool, "check")
	cmd.Dir = dir
	text, err := cmd.CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(text), "protocol/types_gen.go is stale: run go generate ./...")
}

func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s %q\n%s", name, args, text)
	return string(text)
}

type fencedBlock struct{ info, text string }

// fenced returns the code blocks of a Markdown page.
func fenced(page string) []fencedBlock {
	var blocks []fencedBlock
	parts := strings.Split(page, "\n```")
	for i := 1; i+1 < len(parts); i += 2 {
		info, text, _ := strings.Cut(parts[i], "\n")
		blocks = append(blocks, fencedBlock{info, text + "\n"})
	}
	return blocks
}
