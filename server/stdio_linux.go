package server

import (
	"os"

	"golang.org/x/sys/unix"
)

// pipeSize is how much a pipe on stdin or stdout should hold. What one user's pipes
// may hold together is bounded, so that this is less than a pipe can have.
const pipeSize = 256 << 10

// widen makes a pipe hold more, so that large messages go through it in few
// steps. What is no pipe, or cannot be widened, stays as it is.
func widen(f *os.File) {
	conn, err := f.SyscallConn()
	if err != nil {
		return
	}
	_ = conn.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, pipeSize) })
}
