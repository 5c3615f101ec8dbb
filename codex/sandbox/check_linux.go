package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// checked holds what Check found, by helper.
var checked sync.Map

// Check finds out what this machine supports, by trying it with the program
// that helper names. It tries once in the life of a process.
func Check(helper string) Support {
	found, _ := checked.LoadOrStore(helper, sync.OnceValue(func() Support { return check(helper) }))
	return found.(func() Support)()
}

func check(helper string) Support {
	abi, err := landlockABI()
	if err != nil {
		return Support{Kind: "none", Err: err}
	}
	s := Support{Kind: "landlock", Landlock: abi}
	candidates := []Namespaces{
		{Mount: true, PID: true}, {User: true, Mount: true, PID: true},
		{Mount: true}, {User: true, Mount: true},
	}
	if os.Geteuid() != 0 {
		candidates = []Namespaces{{User: true, Mount: true, PID: true}, {User: true, Mount: true}}
	}
	for _, candidate := range append(candidates, Namespaces{}) {
		err := probe(helper, candidate)
		if err == nil {
			s.Namespaces = candidate
			s.Err = nil
			s.Missing = append(s.Missing, lacks(s)...)
			return s
		}
		s.Missing = append(s.Missing, err.Error())
		s.Err = err
	}
	return s
}

// lacks says what a sandbox of this kind cannot keep a command from.
func lacks(s Support) []string {
	var missing []string
	if s.Landlock < 3 {
		missing = append(missing, "files outside can be emptied, which Landlock refuses since version 3")
	}
	if !s.Namespaces.PID {
		missing = append(missing, "what the user's processes share by number or name (System V and POSIX queues and memory) can be used")
	}
	if s.Landlock < 6 && !s.Namespaces.PID {
		missing = append(missing, "the user's processes can be signalled, which Landlock refuses since version 6")
	}
	return missing
}

// probe lets the helper set up a sandbox with namespaces.
func probe(helper string, namespaces Namespaces) error {
	var stderr bytes.Buffer
	cmd := &exec.Cmd{
		Path:        helper,
		Args:        []string{HelperName, ProbeArg, namespaces.Arg()},
		Env:         []string{},
		Stderr:      &stderr,
		SysProcAttr: namespaces.SysProcAttr(),
	}
	err := cmd.Run()
	if err == nil {
		return nil
	}
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return fmt.Errorf("%s: %s", namespaces.Arg()[len("--"):], bytes.TrimSpace(stderr.Bytes()))
	}
	return fmt.Errorf("%s: %w", namespaces.Arg()[len("--"):], err)
}

// SysProcAttr returns what makes a process start in these namespaces, and in a
// session of its own.
func (n Namespaces) SysProcAttr() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if n.Mount {
		attr.Cloneflags |= syscall.CLONE_NEWNS
	}
	if n.PID { // and no messages and memory that are shared by number or name
		attr.Cloneflags |= syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC
	}
	if n.User {
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}}
		// An ordinary user would lose these, which count in the namespace only,
		// when the helper's program starts.
		attr.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SETPCAP}
	}
	return attr
}

// Probe is what the helper does when it is asked to probe.
func Probe(namespaces Namespaces) error {
	plan := Plan{Mode: ReadOnly, Hidden: []string{"/dev/zero", "/etc"}} // a file and a folder
	if err := plan.Enter(namespaces); err != nil {
		return err
	}
	return OnThread(func() error { return plan.Restrict(namespaces, nil) })
}
