//go:build unix

package rollout

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lock locks file until it is closed. A file system without locks is fine.
func lock(file *os.File) error {
	for {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EWOULDBLOCK):
			return ErrInUse
		}
		return nil
	}
}
