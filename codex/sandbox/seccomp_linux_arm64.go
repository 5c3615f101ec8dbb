package sandbox

import "golang.org/x/sys/unix"

const (
	nativeArch     = unix.AUDIT_ARCH_AARCH64
	foreignCallBit = 0
	tiocLinux      = 0x541c
)

// legacyAttributeCalls are those that only old architectures have.
var legacyAttributeCalls map[uint32]attributeCall
