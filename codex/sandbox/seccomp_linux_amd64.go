package sandbox

import (
	"time"

	"golang.org/x/sys/unix"
)

const (
	nativeArch = unix.AUDIT_ARCH_X86_64

	// foreignCallBit marks calls of the x32 flavour, whose numbers differ.
	foreignCallBit = 0x40000000

	tiocLinux = 0x541c
)

// legacyAttributeCalls are those that only old architectures have.
var legacyAttributeCalls = map[uint32]attributeCall{
	unix.SYS_CHMOD:     {name: "chmod", dir: none, path: 0, flags: none, apply: changeMode(1)},
	unix.SYS_CHOWN:     {name: "chown", dir: none, path: 0, flags: none, apply: changeOwner(1)},
	unix.SYS_LCHOWN:    {name: "lchown", dir: none, path: 0, flags: none, apply: changeOwner(1), noFollow: true},
	unix.SYS_UTIME:     {name: "utime", dir: none, path: 0, flags: none, apply: changeTimes(1, time.Second, 1)},
	unix.SYS_UTIMES:    {name: "utimes", dir: none, path: 0, flags: none, apply: changeTimes(1, time.Microsecond, 2)},
	unix.SYS_FUTIMESAT: {name: "futimesat", dir: 0, path: 1, flags: none, apply: changeTimes(2, time.Microsecond, 2)},
}
