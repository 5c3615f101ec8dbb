package sandbox

import (
	"bytes"
	"encoding/binary"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Landlock does not know modes, owners, times and extended attributes, and
// seccomp does not see paths. So the watcher makes these calls itself: it
// opens what is meant, looks where that lies, and acts on what it has opened,
// whatever the caller does to the path or its memory meanwhile.

// none is the index of an argument that a call has not.
const none = -1

// An attributeCall says where a call has its arguments, and what it does.
type attributeCall struct {
	name             string
	dir, path, flags int // indexes: folder or file descriptor, path, AT_ flags
	noFollow         bool
	apply            func(target *target, n *notification) error
}

// attributeCalls are the calls that change what Landlock does not guard.
var attributeCalls = merged(legacyAttributeCalls, map[uint32]attributeCall{
	unix.SYS_FCHMOD:       {name: "fchmod", dir: 0, path: none, flags: none, apply: changeMode(1)},
	unix.SYS_FCHMODAT:     {name: "fchmodat", dir: 0, path: 1, flags: none, apply: changeMode(2)},
	unix.SYS_FCHMODAT2:    {name: "fchmodat", dir: 0, path: 1, flags: 3, apply: changeMode(2)},
	unix.SYS_FCHOWN:       {name: "fchown", dir: 0, path: none, flags: none, apply: changeOwner(1)},
	unix.SYS_FCHOWNAT:     {name: "fchownat", dir: 0, path: 1, flags: 4, apply: changeOwner(2)},
	unix.SYS_UTIMENSAT:    {name: "utimensat", dir: 0, path: 1, flags: 3, apply: changeTimes(2, time.Nanosecond, 2)},
	unix.SYS_SETXATTR:     {name: "setxattr", dir: none, path: 0, flags: none, apply: setAttribute},
	unix.SYS_LSETXATTR:    {name: "lsetxattr", dir: none, path: 0, flags: none, apply: setAttribute, noFollow: true},
	unix.SYS_FSETXATTR:    {name: "fsetxattr", dir: 0, path: none, flags: none, apply: setAttribute},
	unix.SYS_REMOVEXATTR:  {name: "removexattr", dir: none, path: 0, flags: none, apply: removeAttribute},
	unix.SYS_LREMOVEXATTR: {name: "lremovexattr", dir: none, path: 0, flags: none, apply: removeAttribute, noFollow: true},
	unix.SYS_FREMOVEXATTR: {name: "fremovexattr", dir: 0, path: none, flags: none, apply: removeAttribute},
})

func merged(a, b map[uint32]attributeCall) map[uint32]attributeCall {
	maps.Copy(b, a)
	return b
}

// A refusal is a change of something outside of the writable folders.
type refusal struct{ path string }

func (r *refusal) Error() string { return "not writable: " + r.path }

// As makes a refusal the error that the caller sees.
func (r *refusal) As(target any) bool {
	number, ok := target.(*unix.Errno)
	if ok {
		*number = unix.EPERM
	}
	return ok
}

// A target is what a call wants to change, opened by us.
type target struct {
	fd      int
	symlink bool
}

// path names the target in a way that cannot lead elsewhere.
func (t *target) path() string { return "/proc/self/fd/" + strconv.Itoa(t.fd) }

// change does what call wants, if its target may be written.
func (w *watcher) change(n *notification, call attributeCall) error {
	if w.plan.Mode == ReadOnly {
		return &refusal{}
	}
	fd, err := w.open(n, call)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	if !w.valid(n) {
		return unix.EINTR
	}
	var info unix.Stat_t
	if err := unix.Fstat(fd, &info); err != nil {
		return err
	}
	t := &target{fd: fd, symlink: info.Mode&unix.S_IFMT == unix.S_IFLNK}
	path, err := os.Readlink(t.path())
	if err != nil {
		return unix.EPERM
	}
	// What has no name, such as a pipe or memory, is the caller's own.
	if strings.HasPrefix(path, "/") && info.Nlink > 0 {
		if !w.plan.writable(path) {
			return &refusal{path}
		}
		if w.plan.keeps(path) {
			return unix.EROFS
		}
	}
	return call.apply(t, n)
}

// open opens what the caller means.
func (w *watcher) open(n *notification, call attributeCall) (int, error) {
	process := "/proc/" + strconv.FormatUint(uint64(n.pid), 10)
	// We must not lend our rights to a process that has become another user's.
	var owner unix.Stat_t
	if err := unix.Stat(process, &owner); err != nil || int(owner.Uid) != os.Geteuid() {
		return -1, unix.EPERM
	}
	flags := uint64(0)
	if call.flags != none {
		flags = n.args[call.flags]
	}
	base := process + "/cwd"
	if call.dir != none {
		if dir := int32(n.args[call.dir]); dir != unix.AT_FDCWD { //nolint:gosec // a descriptor has 32 bits
			base = process + "/fd/" + strconv.Itoa(int(dir))
		}
	}
	path := ""
	if call.path != none && n.args[call.path] != 0 {
		raw, err := readMemory(n.pid, n.args[call.path], unix.PathMax)
		if err != nil {
			return -1, err
		}
		end := bytes.IndexByte(raw, 0)
		if end < 0 {
			return -1, unix.ENAMETOOLONG
		}
		path = string(raw[:end])
		if path == "" && flags&unix.AT_EMPTY_PATH == 0 {
			return -1, unix.ENOENT
		}
	}
	how := unix.O_PATH | unix.O_CLOEXEC
	if path == "" {
		return opened(base, how)
	}
	if call.noFollow || flags&unix.AT_SYMLINK_NOFOLLOW != 0 {
		how |= unix.O_NOFOLLOW
	}
	if filepath.IsAbs(path) {
		for _, self := range []string{"/proc/self/", "/proc/thread-self/"} {
			if rest, ok := strings.CutPrefix(path, self); ok {
				path = process + "/" + rest
			}
		}
		return opened(path, how)
	}
	dir, err := opened(base, unix.O_PATH|unix.O_CLOEXEC)
	if err != nil {
		return -1, err
	}
	defer func() { _ = unix.Close(dir) }()
	return unix.Openat(dir, path, how, 0)
}

func opened(path string, how int) (int, error) { return unix.Open(path, how, 0) }

func changeMode(mode int) func(*target, *notification) error {
	return func(t *target, n *notification) error {
		if t.symlink {
			return unix.EOPNOTSUPP
		}
		return unix.Chmod(t.path(), uint32(n.args[mode])&0o7777)
	}
}

func changeOwner(user int) func(*target, *notification) error {
	return func(t *target, n *notification) error {
		//nolint:gosec // user and group numbers have 32 bits, and -1 is one
		return unix.Fchownat(t.fd, "", int(int32(n.args[user])), int(int32(n.args[user+1])), unix.AT_EMPTY_PATH)
	}
}

// changeTimes reads two times, each of so many words, the second word counting
// unit; a time of one word is whole seconds.
func changeTimes(times int, unit time.Duration, words int) func(*target, *notification) error {
	return func(t *target, n *notification) error {
		var specs *[2]unix.Timespec
		if n.args[times] != 0 {
			raw, err := readMemory(n.pid, n.args[times], 16*words)
			if err != nil {
				return err
			}
			if len(raw) < 16*words {
				return unix.EFAULT
			}
			specs = new([2]unix.Timespec)
			for i := range specs {
				word := func(at int) int64 {
					return int64(binary.NativeEndian.Uint64(raw[8*(i*words+at):])) //nolint:gosec // as it is in memory
				}
				specs[i].Sec = word(0)
				if words == 2 {
					specs[i].Nsec = word(1) * int64(unit)
				}
			}
		}
		empty := [1]byte{}
		_, _, number := unix.Syscall6(unix.SYS_UTIMENSAT, uintptr(t.fd), uintptr(unsafe.Pointer(&empty)),
			uintptr(unsafe.Pointer(specs)), unix.AT_EMPTY_PATH, 0, 0)
		if number != 0 {
			return number
		}
		return nil
	}
}

// attributeName reads the name of an extended attribute.
func attributeName(n *notification) (string, error) {
	raw, err := readMemory(n.pid, n.args[1], 256)
	if err != nil {
		return "", err
	}
	end := bytes.IndexByte(raw, 0)
	if end < 0 {
		return "", unix.ERANGE
	}
	return string(raw[:end]), nil
}

func setAttribute(t *target, n *notification) error {
	name, err := attributeName(n)
	if err != nil {
		return err
	}
	const most = 64 * 1024 // the kernel's limit
	if n.args[3] > most {
		return unix.E2BIG
	}
	value, err := readMemory(n.pid, n.args[2], int(n.args[3]))
	if err != nil {
		return err
	}
	if t.symlink {
		return unix.EPERM // only privileged users may, for their own namespaces of names
	}
	return unix.Setxattr(t.path(), name, value, int(n.args[4])) //nolint:gosec // flags
}

func removeAttribute(t *target, n *notification) error {
	name, err := attributeName(n)
	if err != nil {
		return err
	}
	if t.symlink {
		return unix.EPERM
	}
	return unix.Removexattr(t.path(), name)
}
