package sandbox

import (
	"errors"
	"fmt"

	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// Rights to the file system, as Landlock knows them.
const (
	readRights = ll.AccessFSExecute | ll.AccessFSReadFile | ll.AccessFSReadDir

	// fileRights are those that make sense for something that is no folder.
	fileRights = ll.AccessFSExecute | ll.AccessFSReadFile | ll.AccessFSWriteFile | ll.AccessFSTruncate |
		ll.AccessFSIoctlDev

	// writeRights is everything but making devices and talking to them.
	writeRights = 1<<17 - 1 - ll.AccessFSMakeChar - ll.AccessFSMakeBlock - ll.AccessFSIoctlDev
)

// handled returns what a kernel of the given ABI can refuse.
func handled(abi int, network bool) ll.RulesetAttr {
	attr := ll.RulesetAttr{HandledAccessFS: 1<<13 - 1}
	for version, right := range map[int]uint64{
		2: ll.AccessFSRefer, 3: ll.AccessFSTruncate, 5: ll.AccessFSIoctlDev, 9: ll.AccessFSResolveUnix,
	} {
		if abi >= version {
			attr.HandledAccessFS |= right
		}
	}
	if abi >= 4 && !network {
		attr.HandledAccessNet = ll.AccessNetBindTCP | ll.AccessNetConnectTCP
	}
	if abi >= 6 {
		attr.Scoped = ll.ScopeAbstractUnixSocket | ll.ScopeSignal
	}
	return attr
}

// landlockABI returns the version of Landlock that the kernel has.
func landlockABI() (int, error) {
	abi, err := ll.LandlockGetABIVersion()
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EOPNOTSUPP) || err == nil && abi < 1 {
		return 0, ErrUnsupported
	}
	if err != nil {
		return 0, fmt.Errorf("landlock: ask for its version: %w", err)
	}
	return abi, nil
}

// ruleset makes the plan's Landlock rules and returns their descriptor.
func (p Plan) ruleset() (int, error) {
	abi, err := landlockABI()
	if err != nil {
		return -1, err
	}
	attr := handled(abi, p.Network)
	rules, err := ll.LandlockCreateRuleset(&attr, 0)
	if err != nil {
		return -1, fmt.Errorf("landlock: make a ruleset: %w", err)
	}
	allow := func(path string, rights uint64) error {
		if err := addRule(rules, path, rights&attr.HandledAccessFS); err != nil {
			return fmt.Errorf("landlock: allow %q: %w", path, err)
		}
		return nil
	}
	err = allow("/", readRights)
	if err == nil {
		err = allow("/dev/null", readRights|ll.AccessFSWriteFile|ll.AccessFSTruncate)
	}
	for _, root := range p.Writable {
		if err == nil {
			err = allow(root, writeRights)
		}
	}
	if err != nil {
		_ = unix.Close(rules)
		return -1, err
	}
	return rules, nil
}

func addRule(rules int, path string, rights uint64) error {
	fd, err := openPath(path)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	var info unix.Stat_t
	if err := unix.Fstat(fd, &info); err != nil {
		return err
	}
	if info.Mode&unix.S_IFMT != unix.S_IFDIR {
		rights &= fileRights
	}
	return ll.LandlockAddPathBeneathRule(rules, &ll.PathBeneathAttr{AllowedAccess: rights, ParentFd: fd}, 0)
}

// openPath opens a path of a plan. It has no symbolic links: one that appears
// since the plan was made is an attempt to lead us elsewhere.
func openPath(path string) (int, error) {
	return unix.Openat2(unix.AT_FDCWD, path, &unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_NO_SYMLINKS,
	})
}
