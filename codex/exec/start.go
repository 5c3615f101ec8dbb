package exec

import (
	"errors"
	"io/fs"
	"os"
	osexec "os/exec"
	"syscall"
)

// scriptShell runs scripts that name no interpreter.
const scriptShell = "/bin/sh"

func scriptArgv(path string, argv []string) []string {
	return append([]string{scriptShell, path}, argv[1:]...)
}

func startGroup(command Command, outputs *pipes) (process, error) {
	path, err := lookPath(command.Argv[0], command.Dir, command.Env)
	if err != nil {
		return nil, &StartError{Program: command.Argv[0], Err: err}
	}
	g, err := newGroup(path, command.Argv, command, outputs)
	if errors.Is(err, noInterpreter) {
		// A script without a first line that names its interpreter is the shell's.
		g, err = newGroup(scriptShell, scriptArgv(path, command.Argv), command, outputs)
	}
	if err != nil {
		return nil, &StartError{Program: command.Argv[0], Err: reason(err, command.Dir)}
	}
	return g, nil
}

func newGroup(path string, argv []string, command Command, outputs *pipes) (*group, error) {
	cmd := &osexec.Cmd{
		Path:   path,
		Args:   argv,
		Dir:    command.Dir,
		Env:    command.Env,
		Stdout: outputs.writers[0],
		Stderr: outputs.writers[1],
	}
	if cmd.Env == nil {
		cmd.Env = []string{} // nil would mean our own environment
	}
	g := &group{cmd: cmd}
	if err := g.start(); err != nil {
		return nil, err
	}
	return g, nil
}

func (g *group) wait() (exit, error) {
	var failed *osexec.ExitError
	if err := g.cmd.Wait(); err != nil && !errors.As(err, &failed) {
		return exit{}, err
	}
	return exitOf(g.cmd.ProcessState), nil
}

// reason takes the call and the path off a system's error, since a StartError
// names the program already; unless it is the folder that is at fault.
func reason(err error, dir string) error {
	if dir != "" {
		info, statErr := os.Stat(dir)
		if statErr == nil && !info.IsDir() {
			return &fs.PathError{Op: "chdir", Path: dir, Err: syscall.ENOTDIR}
		}
		var at *fs.PathError
		if errors.As(statErr, &at) {
			return &fs.PathError{Op: "chdir", Path: dir, Err: at.Err}
		}
	}
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// exitOf translates what the system says of a process that has ended.
func exitOf(state *os.ProcessState) exit {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return exit{code: -1, signal: status.Signal()}
	}
	return exit{code: state.ExitCode()}
}
