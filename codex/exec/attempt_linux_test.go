package exec

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// attemptArg makes the test binary try one thing, as a sandboxed command.
const attemptArg = "attempt"

// attempt tries what args name and prints "ok" or the error's short name.
func attempt(args []string) {
	if args[0] == "thread" { // on one that was started when we were confined
		runtime.LockOSThread()
		done := make(chan struct{})
		go func() {
			defer close(done)
			attempt(args[1:])
		}()
		<-done
		return
	}
	try, ok := attempts[args[0]]
	if !ok {
		fmt.Printf("no such attempt: %q", args[0])
		return
	}
	err := try(args[1:])
	var number syscall.Errno
	switch {
	case err == nil:
		fmt.Print("ok")
	case errors.As(err, &number):
		fmt.Print(unix.ErrnoName(number))
	default:
		fmt.Print(err)
	}
}

var attempts = map[string]func(args []string) error{
	"read": func(a []string) error {
		f, err := os.Open(a[0])
		if err != nil {
			return err
		}
		_, err = f.Read(make([]byte, 1))
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	},
	"list": func(a []string) error {
		entries, err := os.ReadDir(a[0])
		if err == nil && len(entries) == 0 {
			return errors.New("empty")
		}
		return err
	},
	"write":    func(a []string) error { return os.WriteFile(a[0], []byte("x"), 0o600) },
	"append":   func(a []string) error { return opened(a[0], unix.O_WRONLY|unix.O_APPEND) },
	"truncate": func(a []string) error { return unix.Truncate(a[0], 0) },
	"otrunc":   func(a []string) error { return opened(a[0], unix.O_RDONLY|unix.O_TRUNC) },
	"mkdir":    func(a []string) error { return unix.Mkdir(a[0], 0o700) },
	"remove":   func(a []string) error { return os.Remove(a[0]) },
	"rmdir":    func(a []string) error { return os.RemoveAll(a[0]) },
	"rename":   func(a []string) error { return unix.Rename(a[0], a[1]) },
	"exchange": func(a []string) error {
		return unix.Renameat2(unix.AT_FDCWD, a[0], unix.AT_FDCWD, a[1], unix.RENAME_EXCHANGE)
	},
	"link":    func(a []string) error { return unix.Link(a[0], a[1]) },
	"symlink": func(a []string) error { return unix.Symlink(a[0], a[1]) },
	"symlink-write": func(a []string) error {
		if err := unix.Symlink(a[0], a[1]); err != nil {
			return fmt.Errorf("cannot even make the link: %w", err)
		}
		return opened(a[1], unix.O_WRONLY)
	},
	"symlink-dir-write": func(a []string) error {
		if err := unix.Symlink(filepath.Dir(a[0]), a[1]); err != nil {
			return fmt.Errorf("cannot even make the link: %w", err)
		}
		return opened(filepath.Join(a[1], filepath.Base(a[0])), unix.O_WRONLY)
	},
	"device": func(a []string) error { return unix.Mknod(a[0], unix.S_IFBLK|0o600, int(unix.Mkdev(254, 0))) },
	"chmod":  func(a []string) error { return unix.Chmod(a[0], 0o644) },
	"fchmod": func(a []string) error {
		f, err := os.Open(a[0])
		if err != nil {
			return err
		}
		return unix.Fchmod(int(f.Fd()), 0o644)
	},
	"chown": func(a []string) error { return unix.Lchown(a[0], os.Getuid(), os.Getgid()) },
	"utime": func(a []string) error {
		return unix.UtimesNanoAt(unix.AT_FDCWD, a[0], make([]unix.Timespec, 2), 0)
	},
	"xattr": func(a []string) error { return unix.Setxattr(a[0], "user.x", []byte("y"), 0) },
	"chattr": func(a []string) error {
		f, err := os.Open(a[0])
		if err != nil {
			return err
		}
		var flags int
		return ioctl(int(f.Fd()), 0x40086602, unsafe.Pointer(&flags))
	},
	"handle": func(a []string) error {
		handle, mount, err := unix.NameToHandleAt(unix.AT_FDCWD, a[0], 0)
		if err != nil {
			return err
		}
		_ = mount
		folder, err := unix.Open(filepath.Dir(a[0]), unix.O_RDONLY|unix.O_DIRECTORY, 0)
		if err != nil {
			return err
		}
		_, err = unix.OpenByHandleAt(folder, handle, unix.O_WRONLY)
		return err
	},
	"chdir-write": func(a []string) error {
		if err := os.Chdir(a[0]); err != nil {
			return err
		}
		return os.WriteFile(a[1], []byte("x"), 0o600)
	},

	"socket": func(a []string) error {
		protocol := 0
		if len(a) > 2 {
			protocol = number(a[2])
		}
		_, err := unix.Socket(number(a[0]), number(a[1]), protocol)
		return err
	},
	"tcp": func(a []string) error {
		conn, err := net.Dial("tcp", a[0])
		if err == nil {
			_ = conn.Close()
		}
		return err
	},
	"udp": func(a []string) error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
		if err != nil {
			return err
		}
		return unix.Sendto(fd, []byte("x"), 0, &unix.SockaddrInet4{Port: 9, Addr: [4]byte{127, 0, 0, 1}})
	},
	"loopback": func([]string) error {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		_, err = net.Dial("tcp", listener.Addr().String())
		return err
	},
	"unix": func(a []string) error { return unixSocket(unix.SOCK_STREAM, unix.Connect, a[0]) },
	"unix-bind": func(a []string) error {
		return unixSocket(unix.SOCK_STREAM, unix.Bind, a[0])
	},
	"unix-sendto": func(a []string) error {
		return unixSocket(unix.SOCK_DGRAM, func(fd int, to unix.Sockaddr) error {
			return unix.Sendto(fd, []byte("x"), 0, to)
		}, a[0])
	},
	"unix-sendmsg": func(a []string) error {
		return unixSocket(unix.SOCK_DGRAM, func(fd int, to unix.Sockaddr) error {
			return unix.Sendmsg(fd, []byte("x"), nil, to, 0)
		}, a[0])
	},
	"pair": func([]string) error {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		if err != nil {
			return err
		}
		if err := unix.Sendto(pair[0], []byte("x"), 0, nil); err != nil {
			return err
		}
		_, _, err = unix.Recvfrom(pair[1], make([]byte, 1), 0)
		return err
	},
	"pass-fd": func([]string) error {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		if err != nil {
			return err
		}
		return unix.Sendmsg(pair[0], []byte("x"), unix.UnixRights(1), nil, 0)
	},
	"open-how": func(a []string) error { // openat2, whose arguments no filter sees
		fd, err := unix.Openat2(unix.AT_FDCWD, a[0], &unix.OpenHow{Flags: unix.O_WRONLY | unix.O_CREAT, Mode: 0o600})
		if err == nil {
			_ = unix.Close(fd)
		}
		return err
	},
	"reopen": func(a []string) error { // what was opened for reading, for writing
		fd, err := unix.Open(a[0], unix.O_RDONLY, 0)
		if err != nil {
			return err
		}
		return opened("/proc/self/fd/"+strconv.Itoa(fd), unix.O_WRONLY)
	},
	"unnamed": func(a []string) error { // a file without a name gets one
		fd, err := unix.Open(filepath.Dir(a[0]), unix.O_TMPFILE|unix.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		return unix.Linkat(unix.AT_FDCWD, "/proc/self/fd/"+strconv.Itoa(fd), unix.AT_FDCWD, a[0], unix.AT_SYMLINK_FOLLOW)
	},
	"fifo": func(a []string) error { return unix.Mkfifo(a[0], 0o600) },
	"map": func(a []string) error { // shared memory of a file
		fd, err := unix.Open(a[0], unix.O_RDONLY, 0)
		if err != nil {
			return err
		}
		_, err = unix.Mmap(fd, 0, 1, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
		return err
	},
	"copy-range": func(a []string) error {
		from, err := unix.Open("/etc/passwd", unix.O_RDONLY, 0)
		if err != nil {
			return err
		}
		to, err := unix.Open(a[0], unix.O_RDONLY, 0)
		if err != nil {
			return err
		}
		_, err = unix.CopyFileRange(from, nil, to, nil, 1, 0)
		return err
	},
	"anonymous-program": func(a []string) error { // a program in memory does what a[0:] say
		fd, err := unix.MemfdCreate("program", 0)
		if err != nil {
			return err
		}
		self, err := os.ReadFile("/proc/self/exe")
		if err != nil {
			return err
		}
		if _, err := unix.Write(fd, self); err != nil {
			return err
		}
		return elsewhere("/proc/self/fd/"+strconv.Itoa(fd), nil, a)
	},
	"daemon": func(a []string) error { // in a session of its own
		return elsewhere("/proc/self/exe", &syscall.SysProcAttr{Setsid: true}, a)
	},
	"write-fd": func(a []string) error {
		_, err := unix.Write(number(a[0]), []byte("x"))
		return err
	},

	"kill": func(a []string) error { return unix.Kill(number(a[0]), unix.Signal(number(a[1]))) },
	"pidfd": func(a []string) error {
		fd, err := unix.PidfdOpen(number(a[0]), 0)
		if err != nil {
			return err
		}
		return unix.PidfdSendSignal(fd, 0, nil, 0)
	},
	"tgkill": func(a []string) error { return unix.Tgkill(number(a[0]), number(a[0]), 0) },
	"queue-signal": func(a []string) error {
		info := [32]int32{2: -1} // SI_QUEUE, as kill's are not taken
		_, _, number := unix.Syscall(unix.SYS_RT_SIGQUEUEINFO, uintptr(number(a[0])), 0, uintptr(unsafe.Pointer(&info)))
		return errnoOf(number)
	},
	"limit": func(a []string) error {
		limit := unix.Rlimit{Cur: 1, Max: 1}
		return unix.Prlimit(number(a[0]), unix.RLIMIT_CPU, &limit, nil)
	},
	"own-limit": func([]string) error {
		limit := unix.Rlimit{Cur: 64, Max: 64}
		return unix.Prlimit(0, unix.RLIMIT_NOFILE, &limit, nil)
	},
	"queue": func([]string) error { // of messages, which the test has made
		_, _, number := unix.Syscall(unix.SYS_MSGGET, messageQueue, 0, 0)
		return errnoOf(number)
	},
	"kill-all": func([]string) error {
		child := exec.Command("sleep", "100")
		if err := child.Start(); err != nil {
			return err
		}
		return child.Process.Kill()
	},
	"ptrace":      func(a []string) error { return unix.PtraceAttach(number(a[0])) },
	"traceme":     raw(unix.SYS_PTRACE, unix.PTRACE_TRACEME, 0, 0),
	"vm-writev":   raw(unix.SYS_PROCESS_VM_WRITEV, 1, 0, 0),
	"handle-name": func(a []string) error { _, _, err := unix.NameToHandleAt(unix.AT_FDCWD, a[0], 0); return err },
	"add-key":     raw(unix.SYS_ADD_KEY, 0, 0, 0),
	"request-key": raw(unix.SYS_REQUEST_KEY, 0, 0, 0),
	"kcmp":        raw(unix.SYS_KCMP, 1, 1, 0),
	"move-pages":  raw(unix.SYS_MOVE_PAGES, 1, 0, 0),
	"module":      raw(unix.SYS_INIT_MODULE, 0, 0, 0),
	"kexec":       raw(unix.SYS_KEXEC_LOAD, 0, 0, 0),
	"reboot":      raw(unix.SYS_REBOOT, 0, 0, 0),
	"swapon":      raw(unix.SYS_SWAPON, 0, 0, 0),
	"hostname":    raw(unix.SYS_SETHOSTNAME, 0, 0, 0),
	"syslog":      raw(unix.SYS_SYSLOG, 3, 0, 0),
	"fanotify":    raw(unix.SYS_FANOTIFY_INIT, 0, 0, 0),
	"vm-readv":    raw(unix.SYS_PROCESS_VM_READV, 1, 0, 0),
	"pidfd-getfd": raw(unix.SYS_PIDFD_GETFD, 0, 0, 0),
	"io-uring": func([]string) error {
		var parameters [120]byte
		_, _, number := unix.Syscall(unix.SYS_IO_URING_SETUP, 8, uintptr(unsafe.Pointer(&parameters)), 0)
		return errnoOf(number)
	},
	"mount":     func(a []string) error { return unix.Mount("tmpfs", a[0], "tmpfs", 0, "") },
	"bind":      func(a []string) error { return unix.Mount(a[0], a[1], "", unix.MS_BIND, "") },
	"remount":   func(a []string) error { return unix.Mount("", a[0], "", unix.MS_REMOUNT|unix.MS_BIND, "") },
	"umount":    func(a []string) error { return unix.Unmount(a[0], unix.MNT_DETACH) },
	"open-tree": func(a []string) error { _, err := unix.OpenTree(unix.AT_FDCWD, a[0], 1); return err },
	"fsopen":    func([]string) error { _, err := unix.Fsopen("tmpfs", 0); return err },
	"unshare": func(a []string) error {
		cmd := exec.Command("/proc/self/exe", attemptArg, "pair")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: uintptr(number(a[0]))}
		return cmd.Run()
	},
	"setns":       raw(unix.SYS_SETNS, 0, 0, 0),
	"chroot":      func([]string) error { return unix.Chroot("/") },
	"bpf":         raw(unix.SYS_BPF, 0, 0, 0),
	"perf":        raw(unix.SYS_PERF_EVENT_OPEN, 0, 0, 0),
	"userfaultfd": raw(unix.SYS_USERFAULTFD, 1<<30, 0, 0),
	"keyctl":      raw(unix.SYS_KEYCTL, 0, ^uintptr(2), 0),
	"clone3":      raw(unix.SYS_CLONE3, 0, 0, 0),
	"settime":     raw(unix.SYS_CLOCK_SETTIME, 1<<10, 0, 0),
	"x32":         raw(0x40000000|unix.SYS_GETPID, 0, 0, 0),
	"tiocsti": func([]string) error {
		letter := byte('x')
		return ioctl(0, unix.TIOCSTI, unsafe.Pointer(&letter))
	},
	"new-privs": func([]string) error {
		set, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
		if err == nil && set != 1 {
			return errors.New("no_new_privs is not set")
		}
		return err
	},
	"capability": func(a []string) error {
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var sets [2]unix.CapUserData
		if err := unix.Capget(&header, &sets[0]); err != nil {
			return err
		}
		if n := number(a[0]); sets[n/32].Effective&(1<<(n%32)) == 0 {
			return unix.EPERM
		}
		return nil
	},
}

// messageQueue is the number of a System V message queue of the test.
const messageQueue = 0x636f6478

// elsewhere lets another program do what args say.
func elsewhere(program string, attr *syscall.SysProcAttr, args []string) error {
	cmd := exec.Cmd{Path: program, Args: append([]string{"attempt", attemptArg}, args...), SysProcAttr: attr}
	output, err := cmd.Output()
	if err != nil {
		return err
	}
	for number := range syscall.Errno(200) {
		if unix.ErrnoName(number) == string(output) {
			return number
		}
	}
	if string(output) != "ok" {
		return errors.New(string(output))
	}
	return nil
}

func opened(path string, flags int) error {
	fd, err := unix.Open(path, flags, 0)
	if err == nil {
		_ = unix.Close(fd)
	}
	return err
}

func unixSocket(kind int, use func(int, unix.Sockaddr) error, name string) error {
	fd, err := unix.Socket(unix.AF_UNIX, kind, 0)
	if err != nil {
		return err
	}
	return use(fd, &unix.SockaddrUnix{Name: name})
}

func raw(call, a, b, c uintptr) func([]string) error {
	return func([]string) error {
		_, _, number := unix.Syscall6(call, a, b, c, 0, 0, 0)
		return errnoOf(number)
	}
}

func ioctl(fd int, request uintptr, value unsafe.Pointer) error {
	_, _, number := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(value))
	return errnoOf(number)
}

func errnoOf(number syscall.Errno) error {
	if number == 0 {
		return nil
	}
	return number
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return n
}
