//go:build unix

package rollout

import "syscall"

// openFlags follow no symbolic link and wait for nobody.
const openFlags = syscall.O_NOFOLLOW | syscall.O_NONBLOCK
