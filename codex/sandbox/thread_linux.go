package sandbox

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// OnThread runs f on a thread of its own that is never used for anything else
// afterwards, but lives as long as the process. It is not the process's first
// thread, whose restrictions the kernel takes for those of the whole process.
func OnThread(f func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			result <- OnThread(f) // keeps the first thread occupied meanwhile
			return
		}
		result <- f()
		select {} // the thread is the parent of what it started
	}()
	return <-result
}
