//go:build !unix

package client

import "os/exec"

func ownGroup(*exec.Cmd) {}

// killGroup ends the server; the system has no process groups.
func killGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
