package patch

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// folder makes a temporary folder with files; a name that ends in a slash is a folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if strings.HasSuffix(name, "/") {
			require.NoError(t, os.MkdirAll(path, 0o777))
			continue
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o666))
	}
	return dir
}

// tree returns the files in a folder by their relative paths, without links.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		name, relErr := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = string(data)
		return errors.Join(err, relErr)
	}))
	return files
}

func parse(t *testing.T, lines ...string) *Patch {
	t.Helper()
	p, err := Parse(wrap(lines...))
	require.NoError(t, err)
	return p
}

func TestApply(t *testing.T) {
	tests := []struct {
		name    string
		files   map[string]string
		lines   []string
		want    map[string]string
		outcome Outcome
		wantErr string
	}{
		{"add, update and delete", map[string]string{"f.txt": "a\nb\nc\n", "d.txt": "gone\n"},
			[]string{"*** Add File: n.txt", "+hello", "+world", "*** Update File: f.txt", "@@", " a", "-b", "+B", " c", "*** Delete File: d.txt"},
			map[string]string{"f.txt": "a\nB\nc\n", "n.txt": "hello\nworld\n"},
			Outcome{Added: []string{"n.txt"}, Modified: []string{"f.txt"}, Deleted: []string{"d.txt"}}, ""},
		{"add makes folders", nil, []string{"*** Add File: a/b/c.txt", "+x"},
			map[string]string{"a/b/c.txt": "x\n"}, Outcome{Added: []string{"a/b/c.txt"}}, ""},
		{"add overwrites", map[string]string{"f": "old"}, []string{"*** Add File: f", "+new"},
			map[string]string{"f": "new\n"}, Outcome{Added: []string{"f"}}, ""},
		{"move", map[string]string{"f": "a\nb\n"}, []string{"*** Update File: f", "*** Move to: sub/g", "@@", "-a", "+A"},
			map[string]string{"sub/g": "A\nb\n"}, Outcome{Modified: []string{"sub/g"}}, ""},
		{"move over a file", map[string]string{"f": "a\n", "g": "old\n"}, []string{"*** Update File: f", "*** Move to: g", "@@", "-a", "+A"},
			map[string]string{"g": "A\n"}, Outcome{Modified: []string{"g"}}, ""},
		{"move to itself", map[string]string{"f": "a\n"}, []string{"*** Update File: f", "*** Move to: x/../f", "@@", "-a", "+A"},
			map[string]string{"f": "A\n"}, Outcome{Modified: []string{"x/../f"}}, ""},
		{"two sections for one file", map[string]string{"f": "a\nb\n"},
			[]string{"*** Update File: f", "@@", "-a", "+A", "*** Update File: f", "@@", "-b", "+B"},
			map[string]string{"f": "A\nB\n"}, Outcome{Modified: []string{"f", "f"}}, ""},
		{"stops at the first failure", map[string]string{"f": "a\n"},
			[]string{"*** Add File: n", "+x", "*** Update File: f", "@@", "-z", "*** Delete File: f"},
			map[string]string{"f": "a\n", "n": "x\n"}, Outcome{Added: []string{"n"}}, `update "f": cannot find these lines:` + "\nz"},
		{"delete what is not there", nil, []string{"*** Delete File: d"}, map[string]string{}, Outcome{}, `delete "d": `},
		{"delete a folder", map[string]string{"d/": ""}, []string{"*** Delete File: d"}, map[string]string{}, Outcome{}, `delete "d": is a directory`},
		{"update what is not there", nil, []string{"*** Update File: f", "@@", "+x"}, map[string]string{}, Outcome{}, `update "f": `},
		{"update a folder", map[string]string{"d/": ""}, []string{"*** Update File: d", "@@", "+x"}, map[string]string{}, Outcome{}, "is a directory"},
		{"update a binary file", map[string]string{"f": "\xff"}, []string{"*** Update File: f", "@@", "+x"},
			map[string]string{"f": "\xff"}, Outcome{}, "not valid UTF-8"},
		{"add over a folder", map[string]string{"d/": ""}, []string{"*** Add File: d", "+x"}, map[string]string{}, Outcome{}, `add "d": is a directory`},
		{"add below a file", map[string]string{"f": "a"}, []string{"*** Add File: f/g", "+x"}, map[string]string{"f": "a"}, Outcome{}, `add "f/g": create its folder: `},
		{"move below a file", map[string]string{"f": "a\n", "g": ""}, []string{"*** Update File: f", "*** Move to: g/h", "@@", "+x"},
			map[string]string{"f": "a\n", "g": ""}, Outcome{}, `update "f": move to "g/h": `},
		{"nothing to do", nil, nil, map[string]string{}, Outcome{}, "the patch changes no files"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := folder(t, test.files)
			outcome, err := Apply(parse(t, test.lines...), dir)
			if test.wantErr == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, test.wantErr)
			}
			require.Equal(t, test.outcome, outcome)
			require.Equal(t, test.want, tree(t, dir))
		})
	}
}

func TestOutcomeString(t *testing.T) {
	got := Outcome{Added: []string{"n.txt", "o.txt"}, Modified: []string{"f.txt"}, Deleted: []string{"d.txt"}}.String()
	require.Equal(t, "Applied the patch. Changed files:\nA n.txt\nA o.txt\nM f.txt\nD d.txt\n", got)
}

func TestApplyOutsideOfTheFolder(t *testing.T) {
	dir := folder(t, map[string]string{"sub/": "", "abs": "a\n"})
	abs := filepath.Join(dir, "abs")
	outcome, err := Apply(parse(t, "*** Add File: ../out", "+x", "*** Update File: "+abs, "@@", "+b"), filepath.Join(dir, "sub"))
	require.NoError(t, err)
	require.Equal(t, Outcome{Added: []string{"../out"}, Modified: []string{abs}}, outcome)
	require.Equal(t, map[string]string{"out": "x\n", "abs": "a\nb\n"}, tree(t, dir))
}

func TestApplyKeepsPermissions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no permission bits")
	}
	dir := folder(t, map[string]string{"f": "a\n", "m": "a\n"})
	for _, name := range []string{"f", "m"} {
		require.NoError(t, os.Chmod(filepath.Join(dir, name), 0o751))
	}
	_, err := Apply(parse(t, "*** Update File: f", "@@", "+x", "*** Update File: m", "*** Move to: n", "@@", "+x"), dir)
	require.NoError(t, err)
	for _, name := range []string{"f", "n"} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o751), info.Mode().Perm(), name)
	}
}

func TestApplyAndSymbolicLinks(t *testing.T) {
	link := func(t *testing.T, target, name string) {
		if err := os.Symlink(target, name); err != nil {
			t.Skipf("this system makes no symbolic links: %v", err)
		}
	}
	dir := folder(t, map[string]string{"real": "a\n", "folder/f": "b\n", "sub/": "", "f": "mine\n"})
	link(t, "real", filepath.Join(dir, "link"))
	link(t, "nowhere", filepath.Join(dir, "dangling"))
	link(t, filepath.Join(dir, "folder"), filepath.Join(dir, "sub", "linked"))

	t.Run("the file behind a link is changed", func(t *testing.T) {
		_, err := Apply(parse(t, "*** Update File: link", "@@", "-a", "+A"), dir)
		require.NoError(t, err)
		target, err := os.Readlink(filepath.Join(dir, "link"))
		require.NoError(t, err)
		require.Equal(t, "real", target)
		require.Equal(t, "A\n", tree(t, dir)["real"])
	})
	t.Run("nothing is created through a link", func(t *testing.T) {
		_, err := Apply(parse(t, "*** Add File: dangling", "+x"), dir)
		require.ErrorContains(t, err, "follow the symbolic link")
		require.NoFileExists(t, filepath.Join(dir, "nowhere"))
	})
	t.Run("two dots are resolved before links", func(t *testing.T) {
		_, err := Apply(parse(t, "*** Update File: sub/linked/../../f", "@@", "+x"), dir)
		require.NoError(t, err)
		require.Equal(t, "mine\nx\n", tree(t, dir)["f"])
	})
	t.Run("the link is deleted", func(t *testing.T) {
		_, err := Apply(parse(t, "*** Delete File: link"), dir)
		require.NoError(t, err)
		require.FileExists(t, filepath.Join(dir, "real"))
		require.NoFileExists(t, filepath.Join(dir, "link"))
	})
}

func TestRun(t *testing.T) {
	text := wrap("*** Update File: f", "@@", "-a", "+A")
	tests := []struct {
		name        string
		args        []string
		stdin       string
		code        int
		out, errOut string // part of it
	}{
		{"argument", []string{text}, "ignored", 0, "Applied the patch. Changed files:\nM f\n", ""},
		{"standard input", nil, text, 0, "M f\n", ""},
		{"nothing", nil, "", 2, "", "usage: apply_patch PATCH"},
		{"two arguments", []string{text, text}, "", 2, "", "apply_patch takes one argument, not 2"},
		{"no patch", []string{"x"}, "", 1, "", `invalid patch: the first line must be "*** Begin Patch"`},
		{"empty patch", []string{wrap()}, "", 1, "", "changes no files"},
		{"does not match", []string{wrap("*** Update File: f", "@@", "-z")}, "", 1, "", "cannot find these lines:\nz\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := folder(t, map[string]string{"f": "a\n"})
			var out, errOut bytes.Buffer
			code := Run(dir, test.args, strings.NewReader(test.stdin), &out, &errOut)
			require.Equal(t, test.code, code, "%s", errOut.String())
			require.Contains(t, out.String(), test.out)
			require.Contains(t, errOut.String(), test.errOut)
			require.Equal(t, test.out == "", out.Len() == 0)
			require.Equal(t, test.errOut == "", errOut.Len() == 0)
		})
	}
}

// Patches made at random do what Verify says, touch nothing else, and fail together
// with it.
func TestVerifyAndApplyAgree(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	applied := 0
	for range 400 {
		files := make(map[string]string)
		for _, name := range []string{"a", "b", "s/c"} {
			if random.IntN(4) > 0 {
				files[name] = strings.Join(randomLines(random), "\n") + "\n"
			}
		}
		text := randomPatch(random, files)
		p, err := Parse(text)
		require.NoError(t, err, text)
		dir := folder(t, files)
		changes, verifyErr := Verify(p, dir)
		require.Equal(t, files, tree(t, dir), "verifying changes nothing")
		_, applyErr := Apply(p, dir)
		if applyErr != nil && strings.Contains(applyErr.Error(), "directory") {
			continue
		}
		require.Equal(t, verifyErr == nil, applyErr == nil, "%s\n%v\n%v", text, verifyErr, applyErr)
		if applyErr != nil {
			continue
		}
		applied++
		want := make(map[string]string)
		for name, content := range files {
			want[name] = content
		}
		relative := func(path string) string {
			name, err := filepath.Rel(dir, path)
			require.NoError(t, err)
			return filepath.ToSlash(name)
		}
		for _, c := range changes {
			if c.Kind == Delete || c.MovePath != "" {
				require.Equal(t, files[relative(c.Path)], c.Old)
				delete(want, relative(c.Path))
			}
		}
		for _, c := range changes {
			switch {
			case c.MovePath != "":
				want[relative(c.MovePath)] = c.New
			case c.Kind != Delete:
				want[relative(c.Path)] = c.New
			}
			if c.Kind == Update {
				require.Equal(t, files[relative(c.Path)], c.Old)
				require.Equal(t, UnifiedDiff(c.Old, c.New, 1), c.UnifiedDiff)
			}
		}
		require.Equal(t, want, tree(t, dir), "%s\n%+v", text, changes)
	}
	require.Greater(t, applied, 100)
}

func randomPatch(random *rand.Rand, files map[string]string) string {
	names := []string{"a", "b", "s/c", "./a", "n/d"}
	name := func() string { return names[random.IntN(len(names))] }
	var lines []string
	for range 1 + random.IntN(4) {
		at := name()
		switch random.IntN(5) {
		case 0:
			lines = append(lines, "*** Add File: "+at, "+x", "+"+string(rune('a'+random.IntN(4))))
		case 1:
			lines = append(lines, "*** Delete File: "+at)
		default:
			lines = append(lines, "*** Update File: "+at)
			if random.IntN(3) == 0 {
				lines = append(lines, "*** Move to: "+name())
			}
			lines = append(lines, "@@")
			content := splitFile(files[filepath.Clean(at)])
			if len(content) == 0 || random.IntN(4) == 0 {
				lines = append(lines, "+y")
				continue
			}
			from := random.IntN(len(content))
			lines = append(lines, "-"+content[from], "+"+content[from]+"!")
		}
	}
	return wrap(lines...)
}
