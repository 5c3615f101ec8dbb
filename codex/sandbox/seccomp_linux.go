package sandbox

import (
	"errors"
	"fmt"
	"runtime"
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

// A systemCall is a call by its number and name.
type systemCall struct {
	number uint32
	name   string
}

// alwaysDenied are the calls that no sandboxed command may make: they reach
// into other processes, the kernel or the machine, or around Landlock.
var alwaysDenied = []systemCall{
	{unix.SYS_PTRACE, "ptrace"}, {unix.SYS_PROCESS_VM_READV, "process_vm_readv"},
	{unix.SYS_PROCESS_VM_WRITEV, "process_vm_writev"}, {unix.SYS_PIDFD_GETFD, "pidfd_getfd"},
	{unix.SYS_KCMP, "kcmp"}, {unix.SYS_PROCESS_MADVISE, "process_madvise"},
	{unix.SYS_IO_URING_SETUP, "io_uring_setup"}, {unix.SYS_IO_URING_ENTER, "io_uring_enter"},
	{unix.SYS_IO_URING_REGISTER, "io_uring_register"},
	{unix.SYS_MOUNT, "mount"}, {unix.SYS_UMOUNT2, "umount2"}, {unix.SYS_PIVOT_ROOT, "pivot_root"},
	{unix.SYS_MOVE_MOUNT, "move_mount"}, {unix.SYS_OPEN_TREE, "open_tree"},
	{unix.SYS_OPEN_TREE_ATTR, "open_tree_attr"}, {unix.SYS_MOUNT_SETATTR, "mount_setattr"},
	{unix.SYS_FSOPEN, "fsopen"}, {unix.SYS_FSCONFIG, "fsconfig"}, {unix.SYS_FSMOUNT, "fsmount"},
	{unix.SYS_FSPICK, "fspick"}, {unix.SYS_CHROOT, "chroot"}, {unix.SYS_SETNS, "setns"},
	{unix.SYS_OPEN_BY_HANDLE_AT, "open_by_handle_at"}, {unix.SYS_FANOTIFY_INIT, "fanotify_init"},
	{unix.SYS_BPF, "bpf"}, {unix.SYS_PERF_EVENT_OPEN, "perf_event_open"}, {unix.SYS_USERFAULTFD, "userfaultfd"},
	{unix.SYS_KEYCTL, "keyctl"}, {unix.SYS_ADD_KEY, "add_key"}, {unix.SYS_REQUEST_KEY, "request_key"},
	{unix.SYS_INIT_MODULE, "init_module"}, {unix.SYS_FINIT_MODULE, "finit_module"},
	{unix.SYS_DELETE_MODULE, "delete_module"}, {unix.SYS_KEXEC_LOAD, "kexec_load"},
	{unix.SYS_KEXEC_FILE_LOAD, "kexec_file_load"},
	{unix.SYS_REBOOT, "reboot"}, {unix.SYS_SWAPON, "swapon"}, {unix.SYS_SWAPOFF, "swapoff"},
	{unix.SYS_ACCT, "acct"}, {unix.SYS_QUOTACTL, "quotactl"}, {unix.SYS_QUOTACTL_FD, "quotactl_fd"},
	{unix.SYS_SETTIMEOFDAY, "settimeofday"}, {unix.SYS_CLOCK_SETTIME, "clock_settime"},
	{unix.SYS_SETHOSTNAME, "sethostname"}, {unix.SYS_SETDOMAINNAME, "setdomainname"}, {unix.SYS_SYSLOG, "syslog"},
	{unix.SYS_VHANGUP, "vhangup"}, {unix.SYS_NFSSERVCTL, "nfsservctl"},
	{unix.SYS_LOOKUP_DCOOKIE, "lookup_dcookie"},
	{unix.SYS_MIGRATE_PAGES, "migrate_pages"}, {unix.SYS_MOVE_PAGES, "move_pages"},
}

// networkDenied are the calls that reach others through a socket. What works
// on a pair of connected sockets stays.
var networkDenied = []systemCall{
	{unix.SYS_CONNECT, "connect"}, {unix.SYS_BIND, "bind"}, {unix.SYS_LISTEN, "listen"},
	{unix.SYS_ACCEPT, "accept"}, {unix.SYS_ACCEPT4, "accept4"}, {unix.SYS_SENDMSG, "sendmsg"},
	{unix.SYS_SENDMMSG, "sendmmsg"},
}

// missing are calls that no sandbox has, so that programs use older ones whose
// arguments we can see: those of clone3 are in memory, and the others change
// what attributeCalls change.
var missing = []uint32{unix.SYS_CLONE3, unix.SYS_SETXATTRAT, unix.SYS_REMOVEXATTRAT, unix.SYS_FILE_SETATTR}

var (
	notify  = ret(unix.SECCOMP_RET_USER_NOTIF)
	unknown = ret(unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS))
	allow   = ret(unix.SECCOMP_RET_ALLOW)
)

// filter returns the plan's seccomp program. What it does not allow it leaves
// to the watcher, which refuses it and knows what it was.
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
	for _, call := range alwaysDenied {
		on(call.number, notify)
	}
	if !p.Network {
		for _, call := range networkDenied {
			on(call.number, notify)
		}
	}
	for call := range attributeCalls {
		on(call, notify)
	}
	if p.Mode == ReadOnly {
		on(unix.SYS_TRUNCATE, notify)
	}
	for _, call := range missing {
		on(call, unknown)
	}
	// Limits of another process, such as one that ends it: only one's own are set.
	on(unix.SYS_PRLIMIT64, load(offsetArgs), jump(unix.BPF_JEQ, 0, 0, 1), allow,
		load(offsetArgs+2*8), jump(unix.BPF_JEQ, 0, 1, 0), notify,
		load(offsetArgs+2*8+4), jump(unix.BPF_JEQ, 0, 1, 0), notify, allow)
	on(unix.SYS_CLONE, load(offsetArgs), jump(unix.BPF_JSET, newNamespaces, 0, 1), notify, allow)
	on(unix.SYS_UNSHARE, load(offsetArgs), jump(unix.BPF_JSET, newNamespaces|unix.CLONE_NEWTIME, 0, 1), notify, allow)
	on(unix.SYS_IOCTL, either(offsetArgs+8, []uint32{unix.TIOCSTI, tiocLinux, setFlags, setFlags32, setXattr}, notify, allow)...)

	// A Unix socket reaches services that would act outside of the sandbox. It
	// can be made where it cannot be connected, and nothing else can.
	families := []uint32{unix.AF_UNIX}
	if p.Network {
		families = []uint32{unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK}
	} else {
		on(unix.SYS_SENDTO, load(offsetArgs+4*8), jump(unix.BPF_JEQ, 0, 1, 0), notify,
			load(offsetArgs+4*8+4), jump(unix.BPF_JEQ, 0, 1, 0), notify, allow)
	}
	on(unix.SYS_SOCKET, either(offsetArgs, families, allow, notify)...)
	on(unix.SYS_SOCKETPAIR, either(offsetArgs, []uint32{unix.AF_UNIX}, allow, notify)...)
	return append(program, allow)
}

// either does one thing if the word at offset is one of values, else another.
func either(offset uint32, values []uint32, match, otherwise unix.SockFilter) []unix.SockFilter {
	program := []unix.SockFilter{load(offset)}
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

// installFilter applies the plan's program to this thread, and returns the
// descriptor from which the watcher learns of refused calls.
func (p Plan) installFilter() (int, error) {
	program := p.filter()
	header := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	install := func(flags uintptr) (int, error) {
		fd, _, number := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
			unix.SECCOMP_FILTER_FLAG_NEW_LISTENER|flags, uintptr(unsafe.Pointer(&header)))
		runtime.KeepAlive(program)
		if number != 0 {
			return -1, fmt.Errorf("seccomp: install the filter: %w", number)
		}
		return int(fd), nil
	}
	// Kernels since 5.19 do not let a signal interrupt a call that is being answered.
	listener, err := install(unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
	if errors.Is(err, unix.EINVAL) {
		listener, err = install(0)
	}
	return listener, err
}
