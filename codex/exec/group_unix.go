//go:build unix

package exec

import (
	osexec "os/exec"
	"syscall"
)

const noInterpreter = syscall.ENOEXEC

// A group is a command in a process group of its own, which has its number.
type group struct{ cmd *osexec.Cmd }

func (g *group) start() error {
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return g.cmd.Start()
}

func (g *group) kill() {
	// It fails when nobody of the group is left, which is what was wanted.
	_ = syscall.Kill(-g.cmd.Process.Pid, syscall.SIGKILL)
}

func (g *group) release() {}
