package safety

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

const (
	untrusted = mcpprotocol.AskForApprovalUntrusted
	onFailure = mcpprotocol.AskForApprovalOnFailure
	onRequest = mcpprotocol.AskForApprovalOnRequest
	never     = mcpprotocol.AskForApprovalNever
)

var (
	readOnlyPolicy mcpprotocol.SandboxPolicy = &mcpprotocol.ReadOnlyPolicy{}
	workspace      mcpprotocol.SandboxPolicy = &mcpprotocol.WorkspaceWritePolicy{}
	fullAccess     mcpprotocol.SandboxPolicy = &mcpprotocol.DangerFullAccessPolicy{}
)

func TestDecideCommand(t *testing.T) {
	const (
		yes  = "yes"
		no   = "no"
		both = "yes no"
	)
	all := []mcpprotocol.AskForApproval{untrusted, onFailure, onRequest, never}
	restricted := []mcpprotocol.SandboxPolicy{readOnlyPolicy, workspace, nil, &mcpprotocol.UnknownSandboxPolicy{}}
	everywhere := append([]mcpprotocol.SandboxPolicy{fullAccess}, restricted...)
	type list = []mcpprotocol.AskForApproval
	run, sandboxed, ask := Decision{Outcome: Run}, Decision{Outcome: Run, Sandboxed: true}, Decision{Outcome: Ask}
	tests := []struct {
		name       string
		command    Command
		approvals  list
		sandboxes  []mcpprotocol.SandboxPolicy
		escalated  string
		available  string
		want       Decision
		wantReject bool
	}{
		{name: "known safe, restricted", command: Command{Argv: []string{"ls"}}, approvals: all, sandboxes: restricted, escalated: both, available: yes, want: sandboxed},
		{name: "known safe, no sandbox", command: Command{Argv: []string{"ls"}}, approvals: all, sandboxes: restricted, escalated: both, available: no, want: run},
		{name: "known safe, full access", command: Command{Argv: []string{"ls"}}, approvals: all, sandboxes: []mcpprotocol.SandboxPolicy{fullAccess}, escalated: both, available: both, want: run},
		{name: "approved", command: Command{Argv: []string{"rm"}, Approved: true}, approvals: all, sandboxes: everywhere, escalated: both, available: both, want: run},
		{name: "untrusted", approvals: list{untrusted, "", "unheard-of"}, sandboxes: everywhere, escalated: both, available: both, want: ask},
		{name: "full access", approvals: list{onFailure, onRequest, never}, sandboxes: []mcpprotocol.SandboxPolicy{fullAccess}, escalated: both, available: both, want: run},
		{name: "on-request, escalated", approvals: list{onRequest}, sandboxes: restricted, escalated: yes, available: both, want: ask},
		{name: "on-request", approvals: list{onRequest}, sandboxes: restricted, escalated: no, available: yes, want: sandboxed},
		{name: "on-request, no sandbox", approvals: list{onRequest}, sandboxes: restricted, escalated: no, available: no, want: ask},
		{name: "never", approvals: list{never}, sandboxes: restricted, escalated: both, available: yes, want: sandboxed},
		{name: "never, no sandbox", approvals: list{never}, sandboxes: restricted, escalated: both, available: no, wantReject: true},
		{name: "on-failure", approvals: list{onFailure}, sandboxes: restricted, escalated: both, available: yes, want: sandboxed},
		{name: "on-failure, no sandbox", approvals: list{onFailure}, sandboxes: restricted, escalated: both, available: no, want: ask},
	}
	options := map[string][]bool{yes: {true}, no: {false}, both: {true, false}}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.command.Argv == nil {
				test.command.Argv = []string{"touch", "x"}
			}
			for _, approval := range test.approvals {
				for _, policy := range test.sandboxes {
					for _, escalated := range options[test.escalated] {
						for _, available := range options[test.available] {
							command := test.command
							command.Escalated = escalated
							got := DecideCommand(command, Policies{approval, policy, available})
							if test.wantReject {
								require.Equal(t, Reject, got.Outcome)
								require.NotEmpty(t, got.Reason)
								continue
							}
							require.Equal(t, test.want, got, "%s %T escalated %v available %v", approval, policy, escalated, available)
						}
					}
				}
			}
		})
	}
}

func TestOutcomeString(t *testing.T) {
	require.Equal(t, []string{"reject", "ask", "run"}, []string{Reject.String(), Ask.String(), Run.String()})
}

func TestDecidePatch(t *testing.T) {
	cwd := t.TempDir()
	inside, outside := []string{"a", filepath.Join(cwd, "b")}, []string{"a", "../../b"}
	run, sandboxed, ask, reject := Decision{Outcome: Run}, Decision{Outcome: Run, Sandboxed: true}, Decision{Outcome: Ask}, Decision{}
	only := &mcpprotocol.WorkspaceWritePolicy{ExcludeSlashTmp: new(true), ExcludeTmpdirEnvVar: new(true)}
	tests := []struct {
		name      string
		paths     []string
		approval  mcpprotocol.AskForApproval
		policy    mcpprotocol.SandboxPolicy
		available bool
		want      Decision // of one that is rejected only the outcome counts
	}{
		{"no changes", nil, untrusted, fullAccess, true, reject},
		{"untrusted, inside", inside, untrusted, only, true, ask},
		{"untrusted, full access", inside, untrusted, fullAccess, true, ask},
		{"unknown approval policy", inside, "unheard-of", fullAccess, true, ask},
		{"never, inside", inside, never, only, true, sandboxed},
		{"never, outside", outside, never, only, true, reject},
		{"never, read-only", inside, never, readOnlyPolicy, true, reject},
		{"never, full access", outside, never, fullAccess, true, run},
		{"never, inside, no sandbox", inside, never, only, false, reject},
		{"never, full access, no sandbox", outside, never, fullAccess, false, run},
		{"on-failure, inside", inside, onFailure, only, true, sandboxed},
		{"on-failure, outside", outside, onFailure, only, true, sandboxed},
		{"on-failure, no sandbox", inside, onFailure, only, false, ask},
		{"on-request, inside", inside, onRequest, only, true, sandboxed},
		{"on-request, outside", outside, onRequest, only, true, ask},
		{"on-request, read-only", inside, onRequest, readOnlyPolicy, true, ask},
		{"on-request, unknown sandbox policy", inside, onRequest, nil, true, ask},
		{"on-request, inside, no sandbox", inside, onRequest, only, false, ask},
		{"on-request, full access", outside, onRequest, fullAccess, false, run},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := DecidePatch(Patch{Paths: test.paths, Cwd: cwd}, Policies{test.approval, test.policy, test.available})
			require.Equal(t, got.Outcome == Reject, got.Reason != "")
			got.Reason = ""
			require.Equal(t, test.want, got)
		})
	}
}

func TestIsWritable(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"work/.git", "work/sub", "extra", "tmp", "other"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, name), 0o777))
	}
	policy := &mcpprotocol.WorkspaceWritePolicy{
		WritableRoots: []string{filepath.Join(dir, "extra"), "../relative"}, ExcludeSlashTmp: new(true),
	}
	tests := []struct {
		path string // relative to the folder, or as it is if it starts with a dot
		want bool
	}{
		{"work/f", true},
		{"work/new/folder/f", true},
		{"./f", true},
		{"./sub/../f", true},
		{"extra/f", true},
		{"relative/f", true},
		{"tmp/f", true},
		{"workshop/f", false},
		{"other/f", false},
		{"../f", false},
		{"./sub/../../other/f", false},
		{"work/../other/f", false},
		{"other/../work/f", true},
		{"work/.git/config", false},
		{"./.git/hooks/pre-commit", false},
		{"work/sub/.git/config", false},
		{"work/.GIT/config", false},
		{"work/.gitignore", true},
	}
	if os.Symlink(filepath.Join(dir, "other"), filepath.Join(dir, "work", "out")) == nil {
		require.NoError(t, os.Symlink(filepath.Join(dir, "work", "sub"), filepath.Join(dir, "work", "in")))
		require.NoError(t, os.Symlink(filepath.Join(dir, "work", ".git"), filepath.Join(dir, "work", "repository")))
		require.NoError(t, os.Symlink(filepath.Join(dir, "nothing"), filepath.Join(dir, "work", "dangling")))
		require.NoError(t, os.Symlink(filepath.Join(dir, "work"), filepath.Join(dir, "workplace")))
		tests = append(tests, []struct {
			path string
			want bool
		}{{"work/out/f", false}, {"work/in/f", true}, {"work/repository/config", false}, {"work/dangling", false}, {"work/dangling/f", false}}...)
		linked := Patch{Paths: []string{"f"}, Cwd: filepath.Join(dir, "workplace")}
		require.True(t, linked.IsWritable(policy), "the workspace itself may be a link")
	}
	for _, test := range tests {
		path := test.path
		if path[0] != '.' {
			path = filepath.Join(dir, path)
		}
		patch := Patch{Paths: []string{"f", path}, Cwd: filepath.Join(dir, "work"), Tmpdir: filepath.Join(dir, "tmp")}
		require.Equal(t, test.want, patch.IsWritable(policy), test.path)
		require.False(t, patch.IsWritable(readOnlyPolicy))
		require.True(t, patch.IsWritable(fullAccess))
	}
}

func TestProtectedIsNotWritable(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"work/vendor", "home/project", "home/sessions"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, name), 0o777))
	}
	protected := []string{"vendor", "keys/new", filepath.Join(dir, "home")}
	tests := []struct {
		cwd, path string
		want      bool
	}{
		{"work", "f", true},
		{"work", "vendor/f", false},
		{"work", "vendored", true},
		{"work", "keys/new", false},
		{".", "home/config.toml", false},
		{".", "home/sessions/f", false},
		{"home", "f", false},
		{"home/project", "f", true},
	}
	for _, test := range tests {
		patch := Patch{Paths: []string{test.path}, Cwd: filepath.Join(dir, test.cwd), Protected: protected}
		policy := &mcpprotocol.WorkspaceWritePolicy{ExcludeSlashTmp: new(true)}
		require.Equal(t, test.want, patch.IsWritable(policy), "%s in %s", test.path, test.cwd)
	}
}

func TestWritableRoots(t *testing.T) {
	cwd, tmp := t.TempDir(), t.TempDir()
	extra := filepath.Join(cwd, "extra")
	slashTmp := []string{}
	if info, err := os.Stat("/tmp"); err == nil && info.IsDir() {
		slashTmp = append(slashTmp, "/tmp")
	}
	require.Equal(t, append(append([]string{extra, cwd}, slashTmp...), tmp),
		WritableRoots(&mcpprotocol.WorkspaceWritePolicy{WritableRoots: []string{extra}}, cwd, tmp))
	require.Equal(t, append([]string{cwd}, slashTmp...), WritableRoots(&mcpprotocol.WorkspaceWritePolicy{}, cwd, ""))
	require.Equal(t, []string{cwd},
		WritableRoots(&mcpprotocol.WorkspaceWritePolicy{ExcludeSlashTmp: new(true), ExcludeTmpdirEnvVar: new(true)}, cwd, tmp))
}

func TestApproved(t *testing.T) {
	var a Approved
	require.False(t, a.Has([]string{"rm", "f"}))
	a.Add([]string{"rm", "f"})
	require.True(t, a.Has([]string{"rm", "f"}))
	for _, argv := range [][]string{nil, {"rm"}, {"rm", "f", ""}, {"rm f"}, {"rm", "g"}, {"", "rm", "f"}, {"2 rm1 f"}} {
		require.False(t, a.Has(argv), "%q", argv)
	}
	for i := range MaxApproved {
		a.Add([]string{strconv.Itoa(i)})
	}
	require.True(t, a.Has([]string{"0"}))
	require.False(t, a.Has([]string{strconv.Itoa(MaxApproved - 1)}))
}
