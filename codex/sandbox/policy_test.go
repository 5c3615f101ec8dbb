package sandbox

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

func TestFromProtocol(t *testing.T) {
	yes, no := true, false
	tests := []struct {
		name string
		in   mcpprotocol.SandboxPolicy
		want Policy
	}{
		{"nothing", nil, Policy{Mode: ReadOnly, Root: "/w"}},
		{"read-only", &mcpprotocol.ReadOnlyPolicy{}, Policy{Mode: ReadOnly, Root: "/w"}},
		{"full access", &mcpprotocol.DangerFullAccessPolicy{}, Policy{Mode: DangerFullAccess, Root: "/w"}},
		{"workspace", &mcpprotocol.WorkspaceWritePolicy{NetworkAccess: &no}, Policy{Mode: WorkspaceWrite, Root: "/w"}},
		{"all of it", &mcpprotocol.WorkspaceWritePolicy{
			WritableRoots: []string{"/a"}, NetworkAccess: &yes, ExcludeTmpdirEnvVar: &yes, ExcludeSlashTmp: &yes,
		}, Policy{
			Mode: WorkspaceWrite, Root: "/w", WritableRoots: []string{"/a"},
			NetworkAccess: true, ExcludeTmpdir: true, ExcludeSlashTmp: true,
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := FromProtocol(test.in, "/w")
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
	_, err := FromProtocol(&mcpprotocol.UnknownSandboxPolicy{Tag: "moon"}, "/w")
	require.ErrorContains(t, err, `"moon"`)
}

func TestNetwork(t *testing.T) {
	for _, test := range []struct {
		policy Policy
		full   bool
	}{
		{Policy{}, false},
		{Policy{Mode: ReadOnly, NetworkAccess: true}, false},
		{Policy{Mode: WorkspaceWrite}, false},
		{Policy{Mode: WorkspaceWrite, NetworkAccess: true}, true},
		{Policy{Mode: DangerFullAccess}, true},
	} {
		require.Equal(t, test.full, test.policy.FullNetwork())
		require.Equal(t, !test.full, len(test.policy.Environment()) == 1)
	}
}

// tree makes folders (ending in a slash), files, and links (name -> target)
// below a new folder, and returns that.
func tree(t *testing.T, paths map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	for name, target := range paths {
		at := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(at), 0o700))
		switch target {
		case "folder":
			require.NoError(t, os.MkdirAll(at, 0o700))
		case "file":
			require.NoError(t, os.WriteFile(at, nil, 0o600))
		default:
			require.NoError(t, os.Symlink(filepath.Join(dir, target), at))
		}
	}
	return dir
}

func TestResolve(t *testing.T) {
	dir := tree(t, map[string]string{
		"ws/.git":        "folder",
		"ws/sub/.git":    "folder",
		"ws/secret":      "file",
		"ws/to-outside":  "outside",
		"worktree/.git":  "file",
		"outside/file":   "file",
		"link-to-ws":     "ws",
		"tmp/ws/.git":    "folder",
		"tmp/to-outside": "outside",
	})
	at := func(names ...string) []string {
		var paths []string
		for _, name := range names {
			paths = append(paths, filepath.Join(dir, name))
		}
		return paths
	}
	tests := []struct {
		name                                 string
		root                                 string
		roots                                []string
		tmpdir                               string
		protected, hidden                    []string
		writable, wantProtected, wantsHidden []string
	}{
		{name: "workspace", root: "ws", writable: at("ws"), wantProtected: at("ws/.git")},
		{name: "through a link", root: "link-to-ws", writable: at("ws"), wantProtected: at("ws/.git")},
		{name: "a work tree's file", root: "worktree", writable: at("worktree"), wantProtected: at("worktree/.git")},
		{name: "further roots", root: "ws", roots: at("outside", "missing"), writable: at("outside", "ws"), wantProtected: at("ws/.git")},
		{name: "relative root", root: "ws", roots: []string{"../outside"}, writable: at("outside", "ws"), wantProtected: at("ws/.git")},
		{name: "nested roots", root: "ws/sub", roots: at("ws"), writable: at("ws"), wantProtected: at("ws/.git", "ws/sub/.git")},
		{name: "workspace in TMPDIR", root: "tmp/ws", tmpdir: "tmp", writable: at("tmp"), wantProtected: at("tmp/ws/.git")},
		{name: "a link that a command could have made", root: "ws", roots: at("ws/to-outside"), writable: at("ws"), wantProtected: at("ws/.git")},
		{name: "TMPDIR through such a link", root: "tmp", tmpdir: "tmp/to-outside", writable: at("tmp")},
		{name: "protected", root: "ws", protected: []string{"secret", "missing", "../outside/file"}, writable: at("ws"), wantProtected: at("ws/.git", "ws/secret")},
		{name: "hidden", root: "ws", hidden: []string{"secret", "missing", "../outside/file"}, writable: at("ws"), wantProtected: at("ws/.git"), wantsHidden: at("ws/secret", "outside/file")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tmpdir := ""
			if test.tmpdir != "" {
				tmpdir = filepath.Join(dir, test.tmpdir)
			}
			plan, err := Policy{
				Mode: WorkspaceWrite, Root: filepath.Join(dir, test.root), WritableRoots: test.roots,
				ExcludeSlashTmp: true, Protected: test.protected, Hidden: test.hidden,
			}.Resolve(tmpdir)
			require.NoError(t, err)
			require.Equal(t, Plan{
				Mode: WorkspaceWrite, Writable: test.writable, Protected: test.wantProtected, Hidden: test.wantsHidden,
			}, plan)
		})
	}
}

func TestResolveHome(t *testing.T) {
	dir := tree(t, map[string]string{
		"home/auth.json":      "elsewhere/auth.json",
		"elsewhere/auth.json": "file",
		"home/work/.git":      "folder",
		"work":                "folder",
		"link-to-home":        "home",
	})
	tests := []struct {
		name               string
		home, root, outer  string
		wantHome           string
		writable, readOnly []string // below dir; of readOnly may be nothing
	}{
		{"beside the workspace", "home", "work", "", "home", []string{"work"}, nil},
		{"through a link", "link-to-home", "work", "", "home", []string{"work"}, nil},
		{"in the workspace", "home", ".", "", "home", []string{"."}, []string{"home", "home/work", "home/new"}},
		{"is the workspace", "home", "home", "", "home", []string{"home"}, []string{"home", "home/work", "home/new"}},
		{"around the workspace", "home", "home/work", "", "home", []string{"home/work"}, []string{"home/work/.git"}},
		{"between folders", "home", "home/work", ".", "home", []string{".", "home/work"}, []string{"home", "home/new", "home/work/.git"}},
		{"missing", "nope", "work", "", "", []string{"work"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			policy := Policy{
				Mode: WorkspaceWrite, Root: filepath.Join(dir, test.root), ExcludeSlashTmp: true,
				Home: filepath.Join(dir, test.home), Secrets: []string{"auth.json"},
			}
			if test.outer != "" {
				policy.WritableRoots = []string{filepath.Join(dir, test.outer)}
			}
			plan, err := policy.Resolve("")
			require.NoError(t, err)
			if test.wantHome == "" {
				require.Empty(t, plan.Home)
				return
			}
			require.Equal(t, filepath.Join(dir, test.wantHome), plan.Home)
			require.Equal(t, []string{filepath.Join(dir, "elsewhere/auth.json")}, plan.Hidden, "where the secret is")
			var writable []string
			for _, name := range test.writable {
				writable = append(writable, filepath.Join(dir, name))
			}
			require.Equal(t, writable, plan.Writable)
			for _, root := range plan.Writable {
				require.Equal(t, root == plan.Home, plan.keeps(filepath.Join(root, "file")), root)
			}
			for _, name := range test.readOnly {
				require.True(t, plan.keeps(filepath.Join(dir, name)), name)
			}
		})
	}
	require.True(t, Plan{Secrets: []string{"auth.json"}}.secret("auth.json.123.tmp"))
	require.False(t, Plan{Secrets: []string{"auth.json"}}.secret("auth.jsonl"))
}

func TestHides(t *testing.T) {
	dir := tree(t, map[string]string{
		"home/auth.json": "file", "home/auth.json.bak": "file", "home/AGENTS.md": "file", "home/sub/auth.json": "file",
		"ws/key": "file", "ws/file": "file", "ws/link": "home/auth.json", "vault/in": "file",
	})
	policy := Policy{
		Root: filepath.Join(dir, "ws"), Home: filepath.Join(dir, "home"), Secrets: []string{"auth.json"}, Hidden: []string{"key", dir + "/vault"},
	}
	for name, hidden := range map[string]bool{
		"home/auth.json": true, "home/auth.json.bak": true, "home/AGENTS.md": false, "home/sub/auth.json": false,
		"ws/key": true, "ws/file": false, "ws/link": true, "vault/in": true, "vault": true, "home": false, "missing": false,
	} {
		require.Equal(t, hidden, policy.Hides(filepath.Join(dir, name)), name)
	}
	policy.Mode = DangerFullAccess
	require.False(t, policy.Hides(filepath.Join(dir, "ws/key")))
}

func TestResolveTemporaryFolders(t *testing.T) {
	slashTmp, err := filepath.EvalSymlinks("/tmp")
	require.NoError(t, err)
	plan, err := Policy{Mode: WorkspaceWrite, Root: "/"}.Resolve("")
	require.NoError(t, err)
	require.Equal(t, []string{"/"}, plan.Writable)

	root := tree(t, map[string]string{"ws": "folder"}) + "/ws"
	plan, err = Policy{Mode: WorkspaceWrite, Root: root}.Resolve("relative")
	require.NoError(t, err)
	require.Contains(t, plan.Writable, slashTmp)
}

func TestResolveRefuses(t *testing.T) {
	_, err := Policy{Mode: DangerFullAccess, Root: "/"}.Resolve("")
	require.ErrorContains(t, err, "full access")
	_, err = Policy{Mode: "moon", Root: "/"}.Resolve("")
	require.ErrorContains(t, err, `"moon"`)
	_, err = Policy{Mode: WorkspaceWrite, Root: "here"}.Resolve("")
	require.ErrorContains(t, err, `"here"`)
	plan, err := Policy{}.Resolve("/tmp")
	require.NoError(t, err)
	require.Equal(t, Plan{Mode: ReadOnly}, plan)
}

func TestPlanSurvivesArguments(t *testing.T) {
	for _, plan := range []Plan{
		{Mode: ReadOnly},
		{Mode: WorkspaceWrite, Network: true},
		{Mode: WorkspaceWrite, Writable: []string{"/a=b", "/c d"}, Protected: []string{"/e"}, Hidden: []string{"/f\n", "/g"}},
		{Mode: ReadOnly, Home: "/h", Secrets: []string{"auth.json", ".env"}},
	} {
		var got Plan
		for _, arg := range plan.Args() {
			ok, err := got.Set(arg)
			require.NoError(t, err)
			require.True(t, ok)
		}
		require.Equal(t, plan, got)
	}
	ok, err := new(Plan).Set("--sandbox=moon")
	require.True(t, ok)
	require.ErrorContains(t, err, `"moon"`)
	ok, err = new(Plan).Set("--other")
	require.False(t, ok)
	require.NoError(t, err)
}

func TestNamespacesSurviveArguments(t *testing.T) {
	for _, n := range []Namespaces{{}, {Mount: true}, {User: true, Mount: true, PID: true}} {
		var got Namespaces
		require.True(t, got.Set(n.Arg()))
		require.Equal(t, n, got)
	}
	require.False(t, new(Namespaces).Set("--other"))
}

func TestUnprotected(t *testing.T) {
	plan := Plan{
		Mode: WorkspaceWrite, Writable: []string{"/w"}, Protected: []string{"/w/.git"},
		Hidden: []string{"/w/key", "/outside/key"}, Home: "/w/home", Secrets: []string{"auth.json"},
	}
	without := Support{Kind: "landlock", Landlock: 7}
	var unprotected *UnprotectedError
	require.ErrorAs(t, without.Unprotected(plan), &unprotected)
	require.Equal(t, []string{"/w/.git", "/w/key", "/w/home"}, unprotected.Paths)
	require.ErrorContains(t, unprotected, `"/w/.git"`)
	require.NoError(t, without.Unprotected(Plan{Mode: WorkspaceWrite, Writable: []string{"/w"}, Hidden: []string{"/key"}, Home: "/home"}),
		"Landlock hides what lies outside of writable folders")
	require.NoError(t, Support{Kind: "landlock", Namespaces: Namespaces{Mount: true}}.Unprotected(plan))
	require.NoError(t, Support{Kind: "seatbelt"}.Unprotected(plan))
}

func TestSeatbelt(t *testing.T) {
	plan := Plan{Mode: WorkspaceWrite, Writable: []string{`/w"(allow default)`}, Protected: []string{"/w/.git"}, Hidden: []string{"/w/key"}}
	line := plan.Seatbelt([]string{"make", "test"})
	require.Equal(t, []string{"/usr/bin/sandbox-exec", "-p"}, line[:2])
	require.Equal(t, []string{`-DWRITE_0=/w"(allow default)`, "-DPROTECT_1=/w/.git", "-DHIDE_2=/w/key", "--", "make", "test"}, line[3:])
	profile := line[2]
	require.Contains(t, profile, "(deny default)")
	require.Contains(t, profile, `(allow file-write* (subpath (param "WRITE_0")))`)
	require.Contains(t, profile, `(deny file-write* (subpath (param "PROTECT_1")))`)
	require.Contains(t, profile, `(deny file-read* file-write* (subpath (param "HIDE_2")))`)
	require.NotContains(t, profile, "allow default", "paths are not part of the profile")
	home := Plan{Mode: WorkspaceWrite, Writable: []string{"/tmp", "/tmp/home/ws"}, Home: "/tmp/home", Secrets: []string{"auth.json"}}
	line = home.Seatbelt([]string{"true"})
	require.Equal(t, []string{"-DWRITE_0=/tmp", "-DHOME_1=/tmp/home", "-DWRITE_2=/tmp/home/ws", "-DSECRET_3=/tmp/home/auth.json", "--", "true"}, line[3:])
	require.Contains(t, line[2], `(allow file-write* (subpath (param "WRITE_0")))
(deny file-write* (subpath (param "HOME_1")))
(allow file-write* (subpath (param "WRITE_2")))
(deny file-read* file-write* (literal (param "SECRET_3")))
`)
	require.NotContains(t, profile, "network")
	require.Contains(t, Plan{Network: true}.Seatbelt([]string{"x"})[2], "network-outbound")
}

func TestDenial(t *testing.T) {
	readOnly := Policy{Mode: ReadOnly}
	network := Policy{Mode: WorkspaceWrite, NetworkAccess: true}
	tests := []struct {
		name    string
		policy  Policy
		stderr  string
		refused []string
		want    string
	}{
		{"own failure", readOnly, "grep: no match\n", nil, ""},
		{"a path", readOnly, "working\nsh: 1: cannot create g.txt: Permission denied\n", nil,
			"the sandbox (read-only, no network) refused: sh: 1: cannot create g.txt: Permission denied"},
		{"a protected path", network, "fatal: .git/index.lock: Read-only file system", nil,
			"the sandbox (workspace-write) refused: fatal: .git/index.lock: Read-only file system"},
		{"the network", Policy{}, "curl: (6) Could not resolve host: example.org", nil,
			"the sandbox (read-only, no network) refused: curl: (6) Could not resolve host: example.org"},
		{"network is on", network, "curl: (6) Could not resolve host: example.org", nil, ""},
		{"only a call", readOnly, "failed", []string{"connect", "socket AF_INET"},
			"the sandbox (read-only, no network) refused the call socket AF_INET"},
		{"harmless calls", readOnly, "failed", []string{`connect "/var/run/nscd/socket"`, "fchmodat"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			reason, denied := Denial(test.policy, test.stderr, test.refused...)
			require.Equal(t, test.want, reason)
			require.Equal(t, test.want != "", denied)
		})
	}
}
