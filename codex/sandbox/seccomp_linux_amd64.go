package sandbox

import "golang.org/x/sys/unix"

const (
	nativeArch = unix.AUDIT_ARCH_X86_64

	// foreignCallBit marks calls of the x32 flavour, whose numbers differ.
	foreignCallBit = 0x40000000

	tiocLinux = 0x541c
)

// legacyAttributeCalls only old architectures have.
var legacyAttributeCalls = []uint32{
	unix.SYS_CHMOD, unix.SYS_CHOWN, unix.SYS_LCHOWN, unix.SYS_UTIME, unix.SYS_UTIMES, unix.SYS_FUTIMESAT,
}
