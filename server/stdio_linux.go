package server

import (
	"os"

	"golang.org/x/sys/unix"
)

// pipeSize is how much a pipe on stdin or stdout holds: the most that the kernel
// gives without privilege.
const pipeSize = 1 << 20

// widen makes a pipe hold more, so that large messages go through it in few
// steps. What is no pipe, or cannot be widened, stays as it is.
func widen(f *os.File) {
	conn, err := f.SyscallConn()
	if err != nil {
		return
	}
	_ = conn.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, pipeSize) })
}
