package mcpserver_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex"
	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/codex/model/scripted"
	"github.com/codexmcp/codexmcp/codex/sandbox"
)

// requireSandbox fails where the kernel could confine commands and we do not.
func requireSandbox(t *testing.T) sandbox.Support {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	support := sandbox.Check(program)
	if support.Landlock == 0 {
		t.Skip("this kernel has no Landlock")
	}
	require.NoError(t, support.Err)
	return support
}

// shellArguments is a reply of the model that calls the shell with these arguments.
func shellArguments(t *testing.T, arguments object) scripted.Reply {
	t.Helper()
	return scripted.Reply{Calls: []scripted.Call{{ID: "c1", Name: "shell", Arguments: encode(t, arguments)}}}
}

// told is what the model was told of the call that came before request n.
func told(t *testing.T, endpoint *scripted.Server, n int) string {
	t.Helper()
	_, messages := asked(t, endpoint, n)
	text, ok := messages[len(messages)-1]["content"].(string)
	require.True(t, ok)
	return text
}

// ran lets the model run a command and returns the event of its end and what
// the model was told.
func ran(t *testing.T, s setup, cwd, script string) (end object, output string) {
	t.Helper()
	s.replies = []scripted.Reply{shellCall(t, "c1", "sh", "-c", script), text("done")}
	c, endpoint := start(t, s)
	id := c.begin(object{"cwd": cwd})
	c.say(id, "go")
	end = c.event("exec_command_end")["msg"].(object)
	return end, told(t, endpoint, 2)
}

// Rough edge 34: a sandboxed one-off command works, and is confined.
func TestEdge34OneOffCommandsAreConfined(t *testing.T) {
	requireSandbox(t)
	c, _ := start(t, setup{})
	dir := t.TempDir()
	readOnly := object{"mode": "read-only"}
	result := c.result("execOneOffCommand", object{"command": []string{"echo", "hi"}, "cwd": dir, "sandboxPolicy": readOnly})
	require.Equal(t, object{"exitCode": 0.0, "stdout": "hi\n", "stderr": ""}, result)
	result = c.result("execOneOffCommand", object{"command": []string{"sh", "-c", "echo x > f"}, "cwd": dir, "sandboxPolicy": readOnly})
	require.NotEqual(t, 0.0, result["exitCode"])
	require.NoFileExists(t, filepath.Join(dir, "f"))
}

// Rough edge 35: commands of a resumed conversation run, in the sandbox.
func TestEdge35ResumedConversationsAreConfined(t *testing.T) {
	requireSandbox(t)
	home := t.TempDir()
	first, _ := start(t, setup{home: home, replies: []scripted.Reply{text("hi")}})
	begun := first.result("newConversation", object{})
	id := begun["conversationId"].(string)
	first.result("addConversationListener", object{"conversationId": id})
	first.say(id, "hello")
	first.event("task_complete")
	first.stop()

	outside := filepath.Join(t.TempDir(), "x")
	c, endpoint := start(t, setup{home: home, replies: []scripted.Reply{
		shellCall(t, "c1", "sh", "-c", "echo fine; echo x > "+outside), text("done"),
	}})
	id = c.result("resumeConversation", object{"path": begun["rolloutPath"]})["conversationId"].(string)
	c.result("addConversationListener", object{"conversationId": id})
	c.say(id, "go")
	require.Equal(t, "fine\n", c.event("exec_command_end")["msg"].(object)["stdout"])
	require.Contains(t, told(t, endpoint, 2), outside)
	require.NoFileExists(t, outside)
}

// Rough edge 37: a command that fails in the sandbox has its own exit code,
// output and duration, and counts as denied only if the sandbox denied it something.
func TestEdge37FailuresInTheSandboxAreTheCommands(t *testing.T) {
	requireSandbox(t)
	end, output := ran(t, setup{}, t.TempDir(), "echo out; echo err >&2; sleep 0.01; exit 3")
	require.EqualValues(t, 3, end["exit_code"])
	require.Equal(t, "out\n", end["stdout"])
	require.Equal(t, "err\n", end["stderr"])
	require.NotEqual(t, object{"secs": 0.0, "nanos": 0.0}, end["duration"])
	require.NotContains(t, output, "sandbox")

	end, output = ran(t, setup{}, t.TempDir(), "echo out; echo x > file; exit 3")
	require.EqualValues(t, 3, end["exit_code"])
	require.Equal(t, "out\n", end["stdout"])
	require.Contains(t, output, "the sandbox (read-only, no network) refused: sh: 1: cannot create file: Permission denied")
}

// Rough edge 38: what the model is told of a denial has bounds.
func TestEdge38DenialsAreTruncated(t *testing.T) {
	requireSandbox(t)
	_, output := ran(t, setup{}, t.TempDir(), "yes some line | head -n 100000 >&2; echo x > file; exit 1")
	require.Contains(t, output, "the sandbox (read-only, no network) refused: ")
	require.Less(t, len(output), 12_000)
}

// Rough edge 39: what is known to be safe runs in the sandbox, too.
func TestEdge39SafeCommandsAreConfined(t *testing.T) {
	requireSandbox(t)
	for _, approval := range []string{"untrusted", "on-request", "never"} {
		c, endpoint := start(t, setup{
			config:  []string{`approval_policy = "` + approval + `"`},
			replies: []scripted.Reply{shellCall(t, "c1", "grep", "-E", "NoNewPrivs|Seccomp:", "/proc/self/status"), text("done")},
		})
		id := c.begin(object{})
		c.say(id, "go")
		output := told(t, endpoint, 2)
		require.Contains(t, output, `NoNewPrivs:\t1`)
		require.Contains(t, output, `Seccomp:\t2`)
		require.Zero(t, c.seen("exec_approval_request"))
	}
}

// Rough edge 40: the workspace is the turn's folder, whatever folder a command
// asks for, and its .git is not written.
func TestEdge40WorkspaceIsTheTurns(t *testing.T) {
	support := requireSandbox(t)
	cwd, other := t.TempDir(), t.TempDir()
	c, _ := start(t, setup{
		config: []string{`sandbox_mode = "workspace-write"`, `approval_policy = "never"`,
			`sandbox_workspace_write = {exclude_slash_tmp = true, exclude_tmpdir_env_var = true}`},
		replies: []scripted.Reply{
			shellArguments(t, object{"command": []string{"sh", "-c", "echo x > f; echo x > " + cwd + "/f && echo inside"}, "workdir": other}),
			shellCall(t, "c2", "sh", "-c", "mkdir .git && echo x > .git/config && echo made"),
			shellCall(t, "c3", "sh", "-c", "echo y > .git/config || echo protected"),
			text("done"),
		},
	})
	id := c.begin(object{"cwd": cwd})
	c.say(id, "go")
	require.Equal(t, "inside\n", c.event("exec_command_end")["msg"].(object)["stdout"])
	require.NoFileExists(t, filepath.Join(other, "f"))
	require.Equal(t, "made\n", c.event("exec_command_end")["msg"].(object)["stdout"])
	if end := c.event("exec_command_end")["msg"].(object); support.Namespaces.Mount {
		require.Equal(t, "protected\n", end["stdout"])
	} else {
		require.Contains(t, end["stderr"], "cannot be protected")
	}
}

// Rough edge 42: a patch that is asked about again is shown as the patch, and
// decided on where it is applied.
func TestEdge42PatchesAreDecidedWhereTheyAreApplied(t *testing.T) {
	requireSandbox(t)
	cwd := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(cwd, "sub"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(cwd, "sub", "a"), []byte("a\n"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(cwd, "locked"), 0o700))
	patch := func(to string) scripted.Reply {
		return shellCall(t, "c1", "bash", "-lc", "cd sub && apply_patch <<'EOF'\n*** Begin Patch\n*** Update File: a\n*** Move to: "+to+
			"\n@@\n-a\n+b\n*** End Patch\nEOF\n")
	}
	for to, asks := range map[string]bool{"../b": false, "../../outside": true} {
		c, _ := start(t, setup{
			config: []string{`sandbox_mode = "workspace-write"`,
				`sandbox_workspace_write = {exclude_slash_tmp = true, exclude_tmpdir_env_var = true}`},
			replies: []scripted.Reply{patch(to), text("done")},
		})
		id := c.begin(object{"cwd": cwd})
		c.say(id, "go")
		if !asks {
			require.Equal(t, true, c.event("patch_apply_end")["msg"].(object)["success"])
			require.FileExists(t, filepath.Join(cwd, "b"))
			require.NoError(t, os.WriteFile(filepath.Join(cwd, "sub", "a"), []byte("a\n"), 0o600))
			continue
		}
		question := c.request("applyPatchApproval")
		changes := question["params"].(object)["file_changes"].(object)
		require.Contains(t, changes, filepath.Join(cwd, "sub", "a"))
		c.answer(question, object{"decision": "denied"})
		c.event("task_complete")
	}

	// One that the sandbox stops, after all.
	c, _ := start(t, setup{
		config: []string{`sandbox_mode = "read-only"`, `approval_policy = "on-failure"`},
		replies: []scripted.Reply{
			shellCall(t, "c1", "apply_patch", "*** Begin Patch\n*** Add File: new\n+x\n*** End Patch"), text("done"),
		},
	})
	id := c.begin(object{"cwd": cwd})
	c.say(id, "go")
	question := c.request("applyPatchApproval")
	require.Contains(t, question["params"].(object)["file_changes"], filepath.Join(cwd, "new"))
	c.answer(question, object{"decision": "approved"})
	c.event("task_complete")
	require.FileExists(t, filepath.Join(cwd, "new"))
}

// Rough edge 44: a program that is not there, or cannot be run, is no denial of
// the sandbox: nobody is asked to run it without.
func TestEdge44ProgramsThatCannotBeRun(t *testing.T) {
	requireSandbox(t)
	c, endpoint := start(t, setup{
		config:  []string{`approval_policy = "on-failure"`},
		replies: []scripted.Reply{shellCall(t, "c1", "/no/such/program"), shellCall(t, "c2", "/etc/passwd"), text("done")},
	})
	id := c.begin(object{})
	c.say(id, "go")
	require.Contains(t, told(t, endpoint, 2), `"/no/such/program": no such file or directory`)
	require.Contains(t, told(t, endpoint, 3), `"/etc/passwd": permission denied`)
	c.event("task_complete")
	require.Zero(t, c.seen("exec_approval_request"))
}

// Rough edge 45: variables need not be UTF-8.
func TestEdge45AnyVariables(t *testing.T) {
	requireSandbox(t)
	t.Setenv("CODEXMCP_ODD", "a\xffb")
	end, output := ran(t, setup{}, t.TempDir(), `printf %s "$CODEXMCP_ODD" | od -An -tx1`)
	require.Equal(t, " 61 ff 62\n", end["stdout"])
	require.Contains(t, output, "61 ff 62")
}

// lockedHelper is the test's program as a helper on a machine that lets it make
// no namespaces.
func lockedHelper(t *testing.T) string {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "helper")
	script := "#!/bin/bash\nif [ \"$1\" = --probe ] && [ \"$2\" != --namespaces= ]; then echo not allowed >&2; exit 1; fi\n" +
		"exec -a " + sandbox.HelperName + " " + program + ` "$@"` + "\n"
	require.NoError(t, os.WriteFile(path, []byte(script), 0o700)) //nolint:gosec // it is run
	require.NoError(t, sandbox.Check(path).Err)
	require.False(t, sandbox.Check(path).Namespaces.Mount)
	return path
}

// Where the machine cannot protect paths in the workspace, a command is asked
// about or refused, as configured. Approved, it is confined all the same.
func TestUnprotectedPathsAreAskedAbout(t *testing.T) {
	requireSandbox(t)
	helper := lockedHelper(t)
	cwd, other := t.TempDir(), t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(cwd, ".git"), 0o700))
	script := "echo x > file && echo written; echo x > " + other + "/f && echo outside; true"
	tests := []struct {
		name, unprotected, approval string
		answers                     []string // to the questions of two equal commands
		stdout                      []string // of each, nothing where it did not run
	}{
		{"approved once", "ask", "on-request", []string{"approved", "approved"}, []string{"written\n", "written\n"}},
		{"approved for the session", "ask", "on-request", []string{"approved_for_session"}, []string{"written\n", "written\n"}},
		{"denied", "ask", "on-failure", []string{"denied", "denied"}, nil},
		{"never asked", "ask", "never", nil, []string{"", ""}},
		{"refused", "refuse", "on-request", nil, []string{"", ""}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			call := shellCall(t, "c1", "sh", "-c", script)
			c, endpoint := start(t, setup{
				config: []string{`sandbox_mode = "workspace-write"`, `approval_policy = "` + test.approval + `"`,
					`sandbox_workspace_write = {exclude_slash_tmp = true, exclude_tmpdir_env_var = true}`,
					`sandbox_protection = {unprotected = "` + test.unprotected + `"}`},
				replies: []scripted.Reply{shellCall(t, "c0", "cat", "/proc/self/status"), call, call, text("done")},
				manager: func(o *codex.Options) { o.Helper = helper },
			})
			id := c.begin(object{"cwd": cwd})
			c.say(id, "go")
			require.Contains(t, c.event("exec_command_end")["msg"].(object)["stdout"], "NoNewPrivs:\t1", "reading needs no question")
			for _, answer := range test.answers {
				question := c.request("execCommandApproval")
				require.Contains(t, question["params"].(object)["reason"], `cannot protect ["`+cwd+`/.git"]`)
				c.answer(question, object{"decision": answer})
			}
			for _, stdout := range test.stdout {
				end := c.event("exec_command_end")["msg"].(object)
				require.Equal(t, stdout, end["stdout"])
				if stdout == "" {
					require.Contains(t, end["stderr"], `cannot be protected on this machine`)
				}
			}
			c.event("task_complete")
			require.Equal(t, len(test.answers), c.seen("exec_approval_request"))
			require.NoFileExists(t, filepath.Join(other, "f"))
			if test.stdout == nil {
				require.Contains(t, told(t, endpoint, 4), "rejected by the user")
			}
		})
	}
}

// Credentials and configuration are read neither by commands of the model nor by
// one-off commands, and not shown to the model as images, wherever they lie.
func TestSecretsAreHiddenFromTheModel(t *testing.T) {
	requireSandbox(t)
	const secret = "sk-hush"
	for _, inside := range []bool{false, true} {
		cwd := t.TempDir()
		home := t.TempDir()
		if inside {
			home = filepath.Join(cwd, "home")
			require.NoError(t, os.Mkdir(home, 0o700))
		}
		for _, name := range []string{"auth.json", ".env", "AGENTS.md"} {
			require.NoError(t, os.WriteFile(filepath.Join(home, name), []byte(name+" "+secret), 0o600))
		}
		require.NoError(t, os.WriteFile(filepath.Join(cwd, "key"), []byte(secret), 0o600))
		config := []string{`sandbox_mode = "workspace-write"`, `approval_policy = "never"`, `sandbox_protection = {hidden = ["key"]}`}
		script := "cat " + home + "/auth.json " + home + "/.env " + home + "/config.toml key; ls " + home +
			"; cat " + home + "/AGENTS.md; echo 'notify = [\"x\"]' >> " + home + "/config.toml"
		c, endpoint := start(t, setup{home: home, config: config, replies: []scripted.Reply{
			shellCall(t, "c1", "sh", "-c", script),
			{Calls: []scripted.Call{{ID: "c2", Name: "view_image", Arguments: encode(t, object{"path": home + "/auth.json"})}}},
			text("done"),
		}})
		id := c.begin(object{"cwd": cwd})
		c.say(id, "go")
		end := c.event("exec_command_end")["msg"].(object)
		require.Equal(t, 1, strings.Count(end["stdout"].(string), secret), "that of AGENTS.md: %s", end["stdout"])
		require.Contains(t, end["stderr"], "auth.json: Permission denied")
		require.Contains(t, end["stderr"], "key: Permission denied")
		require.Contains(t, told(t, endpoint, 3), "hidden")
		result := c.result("execOneOffCommand", object{"command": []string{"cat", home + "/auth.json", cwd + "/key"}, "cwd": cwd})
		require.Equal(t, 1.0, result["exitCode"])
		require.Empty(t, result["stdout"])
		data, err := os.ReadFile(filepath.Join(home, "config.toml"))
		require.NoError(t, err)
		require.NotContains(t, string(data), "notify")
	}
	require.Contains(t, config.Secrets, "auth.json")
}
