package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/gen"
)

// module is a copy of the parts of this module that generating needs, with the
// working directory inside.
func module(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	text, err := os.ReadFile("../../schema/packages.json")
	require.NoError(t, err)
	manifest, err := gen.ParseManifest(text)
	require.NoError(t, err)
	parts := []string{"go.mod", "go.sum", "schema", "wire", "docs/reference"}
	for _, pkg := range manifest.Packages {
		parts = append(parts, pkg.Dir)
	}
	for _, part := range parts {
		if _, err := os.Stat(filepath.Join("../..", part)); os.IsNotExist(err) {
			continue
		}
		require.NoError(t, filepath.WalkDir(filepath.Join("../..", part), func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || strings.HasSuffix(name, "_test.go") {
				return err
			}
			rel, err := filepath.Rel("../..", name)
			if err != nil {
				return err
			}
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			return writeFile(filepath.Join(dir, rel), data)
		}))
	}
	t.Chdir(dir)
	t.Setenv("GOFLAGS", "-trimpath") // so that packages compiled in one copy are known in the next
	return dir
}

// run runs the program in the working directory.
func run(t *testing.T, args ...string) (out string, err error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := command()
	cmd.SetArgs(args)
	cmd.SetOut(&stdout)
	cmd.SetErr(&stderr)
	err = cmd.ExecuteContext(t.Context())
	return stdout.String(), err
}

// tree is every file below a folder.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			files[name+"/"] = ""
			return nil
		}
		data, err := os.ReadFile(name)
		files[name] = string(data)
		return err
	}))
	return files
}

// edit changes a JSON file by a function.
func edit(t *testing.T, from, to string, change func(defs map[string]any)) {
	t.Helper()
	data, err := os.ReadFile(from)
	require.NoError(t, err)
	var root map[string]any
	require.NoError(t, json.Unmarshal(data, &root))
	change(root["$defs"].(map[string]any))
	data, err = json.Marshal(root)
	require.NoError(t, err)
	require.NoError(t, writeFile(to, data))
}

func object(required []any, properties map[string]any) map[string]any {
	return map[string]any{"type": "object", "required": required, "properties": properties}
}

// addTicket is an edit that adds a definition, refers to it, and adds a method.
func addTicket(defs map[string]any) {
	text := map[string]any{"type": "string", "description": "not ours to keep"}
	defs["Ticket"] = object([]any{"number"}, map[string]any{"number": map[string]any{"type": "integer"}, "state": map[string]any{"type": "string", "enum": []any{"open", "done"}}})
	defs["Tool"].(map[string]any)["properties"].(map[string]any)["ticket"] = map[string]any{"$ref": "#/$defs/Ticket"}
	defs["PullTicketRequest"] = object([]any{"method", "params"}, map[string]any{
		"method": map[string]any{"type": "string", "const": "tickets/pull"}, "params": object([]any{"queue"}, map[string]any{"queue": text})})
	defs["PullTicketResult"] = object([]any{"ticket"}, map[string]any{"ticket": map[string]any{"$ref": "#/$defs/Ticket"}})
	union := defs["ClientRequest"].(map[string]any)
	union["anyOf"] = append(union["anyOf"].([]any), map[string]any{"$ref": "#/$defs/PullTicketRequest"})
}

func TestUpgradeOfAPinnedRevision(t *testing.T) {
	module(t)
	edit(t, "schema/mcp/2025-06-18.json", "new.json", addTicket)
	out, err := run(t, "upgrade", "2025-06-18", "new.json", "--commit", "abc")
	require.NoError(t, err)
	for _, want := range []string{
		"2025-06-18 as it was -> 2025-06-18: 4 changes",
		"method added tickets/pull: {queue} -> PullTicketResult", "Go: PullTicket (added)",
		"definition added Ticket", "Go: Ticket (added)",
		"member added Tool.ticket: Ticket, optional", "Go: Tool.Ticket (added)",
		"+ PullTicketParams.Queue (added)", "+ TicketStateDone (added)",
	} {
		assert.Contains(t, out, want)
	}
	_, err = run(t, "check")
	assert.NoError(t, err)
	pins, err := os.ReadFile("schema/pins.json")
	require.NoError(t, err)
	assert.Contains(t, string(pins), `"commit": "abc"`)
	pin, err := os.ReadFile("schema/mcp/2025-06-18.json")
	require.NoError(t, err)
	assert.NotContains(t, string(pin), "not ours to keep")
}

func TestUpgradeToANewRevision(t *testing.T) {
	module(t)
	edit(t, "schema/mcp/2026-07-28.json", "new.json", addTicket)
	out, err := run(t, "upgrade", "2027-01-15", "new.json", "--format", "json")
	require.NoError(t, err)
	report, err := gen.ParseReport([]byte(out))
	require.NoError(t, err)
	assert.Equal(t, "2026-07-28", report.Old)
	assert.Equal(t, "2027-01-15", report.New)
	assert.Equal(t, gen.BreaksNone, report.Breaks())

	source, err := os.ReadFile("mcptypes/mcp20270115/types_gen.go")
	require.NoError(t, err)
	assert.Contains(t, string(source), "type Ticket struct {")
	packages, err := os.ReadFile("schema/packages.json")
	require.NoError(t, err)
	assert.Contains(t, string(packages), `
    {
      "dir": "mcptypes/mcp20270115",
      "name": "mcp20270115",
      "title": "Model Context Protocol",
      "revision": "2027-01-15",
      "schema": "schema/mcp/2027-01-15.json",
      "overlays": ["schema/overlays/docs.json", "schema/overlays/wire.json", "schema/overlays/go.json"],
      "directions": ["ClientRequest", "ClientNotification", "ServerRequest", "ServerNotification"],
      "like": ["2026-07-28"]
    },
`)
	compile(t, "./mcptypes/...")
	_, err = run(t, "check")
	assert.NoError(t, err)

	edit(t, "new.json", "newer.json", func(defs map[string]any) { defs["Coupon"] = defs["Ticket"] })
	_, err = run(t, "upgrade", "2027-06-01", "newer.json")
	require.NoError(t, err)
	_, err = run(t, "check")
	assert.NoError(t, err)
	_, err = os.Stat("mcptypes/mcp20270601/types_gen.go")
	assert.NoError(t, err)
}

func TestUpgradeThatFailsChangesNothing(t *testing.T) {
	constructs := []struct {
		name   string
		change func(defs map[string]any)
		want   []string
	}{
		{"unknown keyword", func(defs map[string]any) {
			defs["Ticket"] = map[string]any{"type": "object", "patternProperties": map[string]any{"^x": map[string]any{"type": "string"}}}
		}, []string{"/$defs/Ticket", "patternProperties"}},
		{"tuple", func(defs map[string]any) {
			defs["Ticket"] = object([]any{}, map[string]any{"pair": map[string]any{"type": "array", "items": []any{map[string]any{"type": "string"}, map[string]any{"type": "integer"}}}})
		}, []string{"/$defs/Ticket/properties/pair", "tuple"}},
		{"union that nothing tells apart", func(defs map[string]any) {
			a := object([]any{"name"}, map[string]any{"name": map[string]any{"type": "string"}})
			defs["A"], defs["B"] = a, a
			defs["Ticket"] = map[string]any{"anyOf": []any{map[string]any{"$ref": "#/$defs/A"}, map[string]any{"$ref": "#/$defs/B"}}}
		}, []string{"/$defs/Ticket", "nothing tells A, B apart"}},
		{"reference to nothing", func(defs map[string]any) {
			defs["Ticket"] = object([]any{}, map[string]any{"x": map[string]any{"$ref": "#/$defs/Nowhere"}})
		}, []string{"/$defs/Ticket/properties/x", "Nowhere"}},
		{"code that does not compile", func(defs map[string]any) {
			properties := defs["TextContent"].(map[string]any)["properties"].(map[string]any)
			properties["text"] = map[string]any{"type": "integer"}
		}, []string{"do not compile", "mcptypes"}},
	}
	dir := module(t)
	for _, test := range constructs {
		for _, revision := range []string{"2025-06-18", "2027-01-15"} {
			if revision != "2025-06-18" && test.name == "code that does not compile" {
				continue
			}
			t.Run(test.name+" in "+revision, func(t *testing.T) {
				from := "schema/mcp/2025-06-18.json"
				if revision == "2027-01-15" {
					from = "schema/mcp/2026-07-28.json"
				}
				edited := filepath.Join(t.TempDir(), "new.json")
				edit(t, from, edited, test.change)
				before := tree(t, dir)
				out, err := run(t, "upgrade", revision, edited)
				require.Error(t, err)
				assert.Empty(t, out)
				for _, want := range test.want {
					assert.ErrorContains(t, err, want)
				}
				after := tree(t, dir)
				assert.Equal(t, slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
				assert.True(t, maps.Equal(before, after), "a file changed")
			})
		}
	}
}

func TestUpgradeRefuses(t *testing.T) {
	module(t)
	require.NoError(t, os.WriteFile("broken.json", []byte(`{"$defs": `), 0o644))
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"upgrade", "2027-01-15", "missing.json"}, "missing.json"},
		{[]string{"upgrade", "2027-01-15", "broken.json"}, "broken.json"},
		{[]string{"upgrade", "draft", "schema/mcp/2026-07-28.json"}, "called by its date"},
		{[]string{"upgrade", "../escape", "schema/mcp/2026-07-28.json"}, "no pin that is older"},
		{[]string{"upgrade", "2000-01-01", "schema/mcp/2026-07-28.json"}, "no pin that is older"},
		{[]string{"upgrade", "2025-06-18", "schema/mcp/2025-06-18.json", "--format", "xml"}, `format "xml"`},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			_, err := run(t, test.args...)
			assert.ErrorContains(t, err, test.want)
		})
	}
}

func TestDiff(t *testing.T) {
	module(t)
	edit(t, "schema/mcp/2025-06-18.json", "edited.json", func(defs map[string]any) {
		delete(defs["Tool"].(map[string]any)["properties"].(map[string]any), "title")
	})
	for _, test := range []struct {
		name string
		args []string
		want []string
	}{
		{"revisions", []string{"2024-11-05", "2025-03-26"}, []string{"2024-11-05 -> 2025-03-26", "Go: AudioContent (added)"}},
		{"revision and file", []string{"2025-06-18", "edited.json"}, []string{"2025-06-18 -> edited.json: 1 change ", "Go: Tool.Title (removed)"}},
		{"two files", []string{"schema/mcp/2025-06-18.json", "edited.json", "--as", "2025-06-18"}, []string{"2025-06-18.json -> edited.json: 1 change ", "- Tool.Title (removed)"}},
		{"two files, whose revision is found", []string{"schema/mcp/2025-06-18.json", "edited.json"}, []string{"- Tool.Title (removed)"}},
		{"a file and itself", []string{"edited.json", "edited.json"}, []string{"nothing changed on the wire"}},
		{"markdown", []string{"2025-06-18", "edited.json", "--format", "markdown"}, []string{"# 2025-06-18 to edited.json", "| member removed | `Tool.title` |"}},
		{"json", []string{"2025-06-18", "edited.json", "--format", "json"}, []string{`"kind": "member removed"`, `"breaks": "none"`, `"name": "Tool.Title"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, err := run(t, append([]string{"diff"}, test.args...)...)
			require.NoError(t, err)
			for _, want := range test.want {
				assert.Contains(t, out, want)
			}
			assert.NotContains(t, out, "note:")
		})
	}
	require.NoError(t, os.WriteFile("a.json", []byte(`{"definitions": {"Crate": {"type": "object", "properties": {"size": {"type": "integer"}}}}}`), 0o644))
	require.NoError(t, os.WriteFile("b.json", []byte(`{"$defs": {"Crate": {"type": "object", "properties": {"size": {"type": "string"}}}}}`), 0o644))
	out, err := run(t, "diff", "a.json", "b.json")
	require.NoError(t, err)
	assert.Contains(t, out, "Go: Crate.Size (*int64 to string)")
	_, err = run(t, "diff", "2025-06-18", "2025-06-19")
	assert.ErrorContains(t, err, `"2025-06-19" is neither a file nor a revision; revisions are 0.36.0, 2024-11-05`)
	_, err = run(t, "diff", "2025-06-18", "edited.json", "--as", "x")
	assert.ErrorContains(t, err, `--as "x"`)
}

func TestPinVerifyCheck(t *testing.T) {
	module(t)
	published := []byte(`{"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"Thing": {"description": "prose", "type": "object", "properties": {"description": {"type": "string"}}}}}`)
	require.NoError(t, os.WriteFile("published.json", published, 0o644))
	_, err := run(t, "pin", "2030-01-01", "published.json", "--repository", "https://example.com/r", "--commit", "c", "--path", "p")
	require.NoError(t, err)
	pinned, err := os.ReadFile("schema/mcp/2030-01-01.json")
	require.NoError(t, err)
	assert.Equal(t, `{
  "$defs": {
    "Thing": {
      "properties": {
        "description": {
          "type": "string"
        }
      },
      "type": "object"
    }
  },
  "$schema": "https://json-schema.org/draft/2020-12/schema"
}
`, string(pinned))
	out, err := run(t, "verify", "2030-01-01", "published.json")
	require.NoError(t, err)
	assert.Contains(t, out, "the pin is what published.json gives")
	_, err = run(t, "check")
	require.NoError(t, err)

	write := func(name, text string) func() {
		return func() { require.NoError(t, os.WriteFile(name, []byte(text), 0o644)) }
	}
	pins, err := os.ReadFile("schema/pins.json")
	require.NoError(t, err)
	types, err := os.ReadFile("mcptypes/types_gen.go")
	require.NoError(t, err)
	other := strings.Replace(string(published), "prose", "other prose", 1)
	for _, test := range []struct {
		name         string
		change, back func()
		args         []string
		want         string
	}{
		{"tampered pin", write("schema/mcp/2030-01-01.json", strings.Replace(string(pinned), "string", "integer", 1)), write("schema/mcp/2030-01-01.json", string(pinned)), []string{"check"}, "schema/mcp/2030-01-01.json: changed by hand"},
		{"tampered pin, verified", write("schema/mcp/2030-01-01.json", strings.Replace(string(pinned), "string", "integer", 1)), write("schema/mcp/2030-01-01.json", string(pinned)), []string{"verify", "2030-01-01", "published.json"}, "schema/mcp/2030-01-01.json is not what published.json gives"},
		{"missing pin", func() { require.NoError(t, os.Remove("schema/mcp/2030-01-01.json")) }, write("schema/mcp/2030-01-01.json", string(pinned)), []string{"check"}, "recorded in schema/pins.json, but missing"},
		{"unrecorded pin", write("schema/mcp/2031-01-01.json", "{}"), func() { require.NoError(t, os.Remove("schema/mcp/2031-01-01.json")) }, []string{"check"}, "schema/mcp/2031-01-01.json: not recorded"},
		{"tampered hash", write("schema/pins.json", strings.Replace(string(pins), hash(pinned), hash(nil), 1)), write("schema/pins.json", string(pins)), []string{"check"}, "schema/mcp/2030-01-01.json: changed by hand"},
		{"tampered hash of the published bytes", write("schema/pins.json", strings.Replace(string(pins), hash(published), hash(nil), 1)), write("schema/pins.json", string(pins)), []string{"verify", "2030-01-01", "published.json"}, "records " + hash(nil)},
		{"pins of another form", write("schema/pins.json", `{"2030-01-01": {"md5": "x"}}`), write("schema/pins.json", string(pins)), []string{"check"}, "schema/pins.json"},
		{"wrong bytes, same structure", write("published.json", other), write("published.json", string(published)), []string{"verify", "2030-01-01", "published.json"}, "has sha256 " + hash([]byte(other))},
		{"wrong bytes", write("published.json", `{"$defs": {}}`), write("published.json", string(published)), []string{"verify", "2030-01-01", "published.json"}, "is not what"},
		{"not pinned", func() {}, func() {}, []string{"verify", "1999-01-01", "published.json"}, `revision "1999-01-01" is not pinned`},
		{"stale file", write("mcptypes/types_gen.go", "package mcptypes\n"), write("mcptypes/types_gen.go", string(types)), []string{"check"}, "mcptypes/types_gen.go is stale: run make generate"},
		{"missing file", func() { require.NoError(t, os.Remove("mcptypes/types_gen.go")) }, write("mcptypes/types_gen.go", string(types)), []string{"check"}, "mcptypes/types_gen.go is missing"},
		{"left over file", write("mcptypes/old_gen.go", "package mcptypes\n"), func() { require.NoError(t, os.Remove("mcptypes/old_gen.go")) }, []string{"check"}, "mcptypes/old_gen.go is not generated any more"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.change()
			defer test.back()
			_, err := run(t, test.args...)
			assert.ErrorContains(t, err, test.want)
		})
	}
}

func TestGenerateWritesAndRemoves(t *testing.T) {
	module(t)
	require.NoError(t, os.WriteFile("mcptypes/old_gen.go", []byte("package mcptypes\n"), 0o644))
	require.NoError(t, os.Remove("mcptypes/enums_gen.go"))
	_, err := run(t, "generate")
	require.NoError(t, err)
	_, err = run(t, "check")
	require.NoError(t, err)
	_, err = os.Stat("mcptypes/old_gen.go")
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

// TestHelp holds that every command explains itself, with an example.
func TestHelp(t *testing.T) {
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		assert.NotEmpty(t, c.Short, c.Name())
		assert.Greater(t, len(c.Long), len(c.Short), c.Name())
		assert.Contains(t, c.Example, "go run ./tools/schema", c.Name())
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(command())
}

func compile(t *testing.T, packages string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "build", packages).CombinedOutput()
	require.NoError(t, err, string(out))
}

func TestExitCodes(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, c := range []struct {
		args []string
		want int
		says string
	}{
		{nil, exitDone, ""},
		{[]string{"diff", "--help"}, exitDone, ""},
		{[]string{"check"}, exitFailed, "no schema/packages.json here or above"},
		{[]string{"chekc"}, exitMisuse, `"chekc"`},
		{[]string{"check", "twice"}, exitMisuse, `"twice"`},
		{[]string{"check", "--hard"}, exitMisuse, "--hard"},
		{[]string{"diff", "2025-06-18"}, exitMisuse, "2 arg"},
		{[]string{"diff", "a", "b", "--format", "xml"}, exitMisuse, `"xml"`},
	} {
		var out, errw bytes.Buffer
		assert.Equal(t, c.want, execute(t.Context(), c.args, &out, &errw), "%q: %s", c.args, &errw)
		assert.Contains(t, errw.String(), c.says, "%q", c.args)
	}
}
