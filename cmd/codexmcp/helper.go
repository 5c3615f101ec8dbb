package main

import (
	"os"
	"path/filepath"

	"github.com/codexmcp/codexmcp/codex"
	"github.com/codexmcp/codexmcp/codex/exec"
	"github.com/codexmcp/codexmcp/codex/patch"
)

// patchNames are the names under which the program applies patches: commands of
// the model find them in PATH.
var patchNames = []string{"apply_patch", "applypatch"}

// helper is what the program does for itself, as a process of its own: confine a
// command, apply a patch. It comes before everything else, since a command waits
// for it.
func helper(args []string) (code int, done bool) {
	if code, done := exec.Main(args); done {
		return code, true
	}
	if len(args) == 0 {
		return 0, false
	}
	switch name := filepath.Base(args[0]); {
	case name == patchNames[0], name == patchNames[1]:
		return patch.Run(".", args[1:], os.Stdin, os.Stdout, os.Stderr), true
	case len(args) > 1 && args[1] == codex.PatchArg:
		return patch.Run(".", args[2:], os.Stdin, os.Stdout, os.Stderr), true
	}
	return 0, false
}

// addPatchCommands makes the patch commands available to commands of the model,
// in a folder of their own at the front of PATH. It returns the folder, which no
// command may be able to write: it would choose the programs of all that follow,
// ours outside of the sandbox included.
func addPatchCommands(program string) (dir string, err error) {
	// Policies make the temporary folder writable, but not this one.
	dir, err = os.MkdirTemp("/dev/shm", "codexmcp-")
	if err != nil {
		dir, err = os.MkdirTemp("", "codexmcp-")
	}
	if err != nil {
		return "", err
	}
	for _, name := range patchNames {
		if err := os.Symlink(program, filepath.Join(dir, name)); err != nil {
			return dir, err
		}
	}
	path := dir
	if old := os.Getenv("PATH"); old != "" {
		path += string(os.PathListSeparator) + old
	}
	return dir, os.Setenv("PATH", path)
}
