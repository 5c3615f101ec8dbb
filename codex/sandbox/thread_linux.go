package sandbox

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// OnThread runs prepare and then, if that went well, body, on a thread of its
// own that is never used for anything else afterwards, but lives as long as the
// process. It returns when prepare has. The thread is not the process's first
// one, whose restrictions the kernel takes for those of the whole process.
func OnThread(prepare func() error, body ...func()) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			result <- OnThread(prepare, body...) // on another one, while this keeps the first
			return
		}
		err := prepare()
		result <- err
		if err == nil {
			for _, f := range body {
				f()
			}
		}
		select {} // the thread is the parent of what it has started
	}()
	return <-result
}
