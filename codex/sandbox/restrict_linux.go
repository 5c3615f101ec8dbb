package sandbox

import (
	"errors"
	"fmt"

	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// keptCapabilities are what a privileged user keeps in a sandbox: what it takes
// to handle files and processes of several users.
const keptCapabilities = 1<<unix.CAP_CHOWN | 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_FOWNER | 1<<unix.CAP_FSETID |
	1<<unix.CAP_KILL | 1<<unix.CAP_SETGID | 1<<unix.CAP_SETUID

// Restrict confines the calling thread, and what it starts, for good. The
// goroutine must be locked to the thread and never leave it. The namespaces are
// those that Enter was given. Each different call that the sandbox refuses is
// given to denied, which may be nil.
func (p Plan) Restrict(namespaces Namespaces, denied func(call string)) error {
	rules, err := p.ruleset(namespaces.Mount)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(rules) }()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("sandbox: set no_new_privs: %w", err)
	}
	if err := dropCapabilities(); err != nil {
		return err
	}
	if err := ll.LandlockRestrictSelf(rules, 0); err != nil {
		return fmt.Errorf("landlock: enforce the rules: %w", err)
	}
	listener, err := p.installFilter()
	if err != nil {
		return err
	}
	return p.watch(listener, denied)
}

func dropCapabilities() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if err := unix.Capget(&header, &sets[0]); err != nil {
		return fmt.Errorf("sandbox: read capabilities: %w", err)
	}
	if sets[0].Effective&(1<<unix.CAP_SETPCAP) != 0 {
		for number := range uintptr(64) {
			if keptCapabilities&(1<<number) != 0 {
				continue
			}
			err := unix.Prctl(unix.PR_CAPBSET_DROP, number, 0, 0, 0)
			if errors.Is(err, unix.EINVAL) {
				break // the kernel knows no higher one
			}
			if err != nil {
				return fmt.Errorf("sandbox: drop capability %d: %w", number, err)
			}
		}
	}
	for i := range sets {
		kept := uint32(keptCapabilities >> (32 * i))
		sets[i].Permitted &= kept
		sets[i].Effective &= kept
		sets[i].Inheritable = 0
	}
	if err := unix.Capset(&header, &sets[0]); err != nil {
		return fmt.Errorf("sandbox: drop capabilities: %w", err)
	}
	return nil
}
