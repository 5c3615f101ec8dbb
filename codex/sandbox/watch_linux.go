package sandbox

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What the kernel says of a call that waits for an answer, and the answer
// (struct seccomp_notif and seccomp_notif_resp).
type (
	notification struct {
		id     uint64
		pid    uint32
		flags  uint32
		number uint32
		arch   uint32
		ip     uint64
		args   [6]uint64
	}
	answer struct {
		id    uint64
		value int64
		errno int32
		flags uint32
	}
)

// deniedKept is how many different refused calls are told of.
const deniedKept = 16

// A watcher answers the calls that the filter does not let through.
type watcher struct {
	plan     Plan
	listener int
	denied   func(string)
	told     map[string]bool
}

// watch starts to answer on a thread of its own, which has no more
// capabilities than the command.
func (p Plan) watch(listener int, denied func(string)) error {
	w := &watcher{plan: p, listener: listener, denied: denied, told: map[string]bool{}}
	return OnThread(dropCapabilities, w.run)
}

// run answers until the process ends.
func (w *watcher) run() {
	for {
		var n notification
		err := w.ioctl(unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&n))
		if errors.Is(err, unix.EINTR) || errors.Is(err, unix.ENOENT) {
			continue // whoever called is gone
		}
		if err != nil {
			return
		}
		a := answer{id: n.id}
		if err := w.decide(&n); err != nil {
			number := unix.EPERM
			errors.As(err, &number)
			a.errno = -int32(number)
		}
		// It fails when the caller is gone, who needs no answer then.
		_ = w.ioctl(unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&a))
	}
}

func (w *watcher) ioctl(request uint, value unsafe.Pointer) error {
	if _, _, number := unix.Syscall(unix.SYS_IOCTL, uintptr(w.listener), uintptr(request), uintptr(value)); number != 0 {
		return number
	}
	return nil
}

// valid reports whether the caller still waits, so that what was read of it
// was not another's.
func (w *watcher) valid(n *notification) bool {
	return w.ioctl(unix.SECCOMP_IOCTL_NOTIF_ID_VALID, unsafe.Pointer(&n.id)) == nil
}

// decide makes a call on behalf of who asked for it, or refuses it.
func (w *watcher) decide(n *notification) error {
	if call, ok := attributeCalls[n.number]; ok {
		err := w.change(n, call)
		var refused *refusal
		if errors.As(err, &refused) {
			w.tell(strings.TrimSpace(call.name + " " + refused.path))
		}
		return err
	}
	w.tell(describe(n))
	return unix.EPERM
}

func (w *watcher) tell(call string) {
	if w.denied != nil && !w.told[call] && len(w.told) < deniedKept {
		w.told[call] = true
		w.denied(call)
	}
}

// families names the address families that people know.
var families = map[uint64]string{
	unix.AF_UNIX: "AF_UNIX", unix.AF_INET: "AF_INET", unix.AF_INET6: "AF_INET6", unix.AF_NETLINK: "AF_NETLINK",
	unix.AF_PACKET: "AF_PACKET", unix.AF_VSOCK: "AF_VSOCK", unix.AF_ALG: "AF_ALG", unix.AF_BLUETOOTH: "AF_BLUETOOTH",
}

// describe names a refused call for people.
func describe(n *notification) string {
	switch n.number {
	case unix.SYS_SOCKET, unix.SYS_SOCKETPAIR:
		family, ok := families[n.args[0]]
		if !ok {
			family = "family " + strconv.FormatUint(n.args[0], 10)
		}
		return "socket " + family
	case unix.SYS_CONNECT, unix.SYS_BIND:
		name := "connect"
		if n.number == unix.SYS_BIND {
			name = "bind"
		}
		if path, ok := unixAddress(n); ok {
			name += " " + path
		}
		return name
	case unix.SYS_SENDTO:
		return "sendto"
	case unix.SYS_TRUNCATE:
		return "truncate"
	case unix.SYS_CLONE, unix.SYS_UNSHARE:
		return "a new namespace"
	case unix.SYS_IOCTL:
		return fmt.Sprintf("ioctl %#x", n.args[1])
	}
	for _, call := range slices.Concat(alwaysDenied, networkDenied) {
		if call.number == n.number {
			return call.name
		}
	}
	return "system call " + strconv.FormatUint(uint64(n.number), 10)
}

// unixAddress reads the path of a Unix socket's address.
func unixAddress(n *notification) (string, bool) {
	raw, err := readMemory(n.pid, n.args[1], min(int(n.args[2]), 110))
	if err != nil || len(raw) < 4 || raw[0] != unix.AF_UNIX || raw[1] != 0 {
		return "", false
	}
	path := strings.TrimRight(string(raw[2:]), "\x00")
	if strings.HasPrefix(path, "\x00") {
		path = "@" + path[1:]
	}
	return strconv.Quote(path), true
}

// readMemory reads up to size bytes of a process, less where its memory ends.
func readMemory(pid uint32, address uint64, size int) ([]byte, error) {
	if size <= 0 {
		return nil, nil
	}
	buffer := make([]byte, size)
	read := 0
	for read < size {
		// Not across the end of a page, as the next may be missing.
		step := min(size-read, os.Getpagesize()-int(address%uint64(os.Getpagesize())))
		local := []unix.Iovec{{Base: &buffer[read]}}
		local[0].SetLen(step)
		n, err := unix.ProcessVMReadv(int(pid), local, []unix.RemoteIovec{{Base: uintptr(address), Len: step}}, 0)
		if err != nil {
			if read > 0 {
				break
			}
			return nil, err
		}
		read += n
		address += uint64(n)
	}
	return buffer[:read], nil
}
