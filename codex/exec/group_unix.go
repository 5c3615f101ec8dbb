//go:build unix

package exec

import (
	"syscall"
)

const noInterpreter = syscall.ENOEXEC

// A job is nothing here: the process group has its leader's number.
type job struct{}

func (g *group) start() error {
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return g.cmd.Start()
}

func (g *group) kill() {
	// It fails when nobody of the group is left, which is what was wanted.
	_ = syscall.Kill(-g.cmd.Process.Pid, syscall.SIGKILL)
}

func (g *group) release() {}
