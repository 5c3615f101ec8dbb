package sandbox

import (
	"fmt"
	"runtime"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The filter is written by hand, because what we need is small: libraries
// bring tables of all calls of all architectures that are built at every start
// of the program, and the helper starts once for each command.

// Where the kernel puts the parts of a call (struct seccomp_data, little endian).
const (
	offsetNumber = 0
	offsetArch   = 4
	offsetArgs   = 16
)

// Flags of clone and unshare that make a new namespace.
const newNamespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
	unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET

// Requests of ioctl that change a file's attributes, which take no write access.
const (
	setFlags   = 0x40086602 // FS_IOC_SETFLAGS
	setFlags32 = 0x40046602 // FS_IOC32_SETFLAGS
	setXattr   = 0x401c5820 // FS_IOC_FSSETXATTR
)

// alwaysDenied are the calls that no sandboxed command may make: they reach
// into other processes, the kernel or the machine, or around Landlock.
var alwaysDenied = []uint32{
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PIDFD_GETFD, unix.SYS_KCMP,
	unix.SYS_PROCESS_MADVISE,
	unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER,
	unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_MOVE_MOUNT, unix.SYS_OPEN_TREE,
	unix.SYS_OPEN_TREE_ATTR, unix.SYS_MOUNT_SETATTR, unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT,
	unix.SYS_FSPICK, unix.SYS_CHROOT, unix.SYS_SETNS, unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_FANOTIFY_INIT,
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD,
	unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY,
	unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_KEXEC_LOAD, unix.SYS_KEXEC_FILE_LOAD,
	unix.SYS_REBOOT, unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_ACCT, unix.SYS_QUOTACTL, unix.SYS_QUOTACTL_FD,
	unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME, unix.SYS_SETHOSTNAME, unix.SYS_SETDOMAINNAME, unix.SYS_SYSLOG,
	unix.SYS_VHANGUP, unix.SYS_NFSSERVCTL, unix.SYS_LOOKUP_DCOOKIE,
}

// networkDenied are the calls that reach others through a socket. What works
// on a pair of connected sockets stays.
var networkDenied = []uint32{
	unix.SYS_CONNECT, unix.SYS_BIND, unix.SYS_LISTEN, unix.SYS_ACCEPT, unix.SYS_ACCEPT4,
	unix.SYS_SENDMSG, unix.SYS_SENDMMSG,
}

// attributeDenied change what Landlock does not guard: modes, owners, times
// and attributes of files.
var attributeDenied = append(legacyAttributeCalls,
	unix.SYS_FCHMOD, unix.SYS_FCHMODAT, unix.SYS_FCHMODAT2, unix.SYS_FCHOWN, unix.SYS_FCHOWNAT,
	unix.SYS_UTIMENSAT, unix.SYS_TRUNCATE,
	unix.SYS_SETXATTR, unix.SYS_LSETXATTR, unix.SYS_FSETXATTR, unix.SYS_SETXATTRAT,
	unix.SYS_REMOVEXATTR, unix.SYS_LREMOVEXATTR, unix.SYS_FREMOVEXATTR, unix.SYS_REMOVEXATTRAT,
	unix.SYS_FILE_SETATTR,
)

var (
	refuse  = ret(unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM))
	unknown = ret(unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS))
	allow   = ret(unix.SECCOMP_RET_ALLOW)
)

// filter returns the plan's seccomp program.
func (p Plan) filter() []unix.SockFilter {
	program := []unix.SockFilter{
		load(offsetArch),
		jump(unix.BPF_JEQ, nativeArch, 1, 0),
		ret(unix.SECCOMP_RET_KILL_PROCESS), // calls of another architecture have other numbers
		load(offsetNumber),
	}
	if foreignCallBit != 0 {
		program = append(program, jump(unix.BPF_JSET, foreignCallBit, 0, 1), unknown)
	}
	on := func(call uint32, block ...unix.SockFilter) {
		program = append(program, jump(unix.BPF_JEQ, call, 0, uint8(len(block))))
		program = append(program, block...)
	}
	denied := slices.Clone(alwaysDenied)
	ioctls := []uint32{unix.TIOCSTI, tiocLinux}
	if !p.Network {
		denied = append(denied, networkDenied...)
	}
	if p.Mode == ReadOnly {
		denied = append(denied, attributeDenied...)
		ioctls = append(ioctls, setFlags, setFlags32, setXattr)
	}
	for _, call := range denied {
		on(call, refuse)
	}

	// The flags of clone3 are in memory, out of reach: without it, programs use clone.
	on(unix.SYS_CLONE3, unknown)
	on(unix.SYS_CLONE, load(offsetArgs), jump(unix.BPF_JSET, newNamespaces, 0, 1), refuse, allow)
	on(unix.SYS_UNSHARE, load(offsetArgs), jump(unix.BPF_JSET, newNamespaces|unix.CLONE_NEWTIME, 0, 1), refuse, allow)
	on(unix.SYS_IOCTL, append([]unix.SockFilter{load(offsetArgs + 8)}, unless(ioctls)...)...)

	// A Unix socket reaches services that would act outside of the sandbox. It
	// can be made where it cannot be connected, and nothing else can.
	families := []uint32{unix.AF_UNIX}
	if p.Network {
		families = []uint32{unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK}
	} else {
		on(unix.SYS_SENDTO, load(offsetArgs+4*8), jump(unix.BPF_JEQ, 0, 1, 0), refuse,
			load(offsetArgs+4*8+4), jump(unix.BPF_JEQ, 0, 1, 0), refuse, allow)
	}
	on(unix.SYS_SOCKET, append([]unix.SockFilter{load(offsetArgs)}, only(families)...)...)
	on(unix.SYS_SOCKETPAIR, append([]unix.SockFilter{load(offsetArgs)}, only([]uint32{unix.AF_UNIX})...)...)
	return append(program, allow)
}

// only refuses every value that is not in values, unless the reverse.
func only(values []uint32) []unix.SockFilter   { return either(values, refuse, allow) }
func unless(values []uint32) []unix.SockFilter { return either(values, allow, refuse) }

func either(values []uint32, otherwise, match unix.SockFilter) []unix.SockFilter {
	var program []unix.SockFilter
	for _, value := range values {
		program = append(program, jump(unix.BPF_JEQ, value, 0, 1), match)
	}
	return append(program, otherwise)
}

func load(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

func jump(test uint16, value uint32, yes, no uint8) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | test | unix.BPF_K, Jt: yes, Jf: no, K: value}
}

func ret(action uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: action}
}

// installFilter applies the plan's program to this thread.
func (p Plan) installFilter() error {
	program := p.filter()
	header := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	_, _, number := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&header)))
	runtime.KeepAlive(program)
	if number != 0 {
		return fmt.Errorf("seccomp: install the filter: %w", number)
	}
	return nil
}
