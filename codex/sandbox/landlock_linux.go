package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

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

// ruleset makes the plan's Landlock rules and returns their descriptor. Without
// mounts it is they that keep hidden paths from being read.
func (p Plan) ruleset(mounts bool) (int, error) {
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
	if mounts {
		err = allow("/", readRights)
	} else {
		err = p.allowReading(allow)
	}
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

// allowReading grants reading of everything but what is hidden, which it finds
// folder by folder, since Landlock cannot take away. Names can be listed everywhere.
// What appears later beside something hidden cannot be read.
func (p Plan) allowReading(allow func(path string, rights uint64) error) error {
	hidden := p.Hidden
	if p.Home != "" {
		hidden = append(slices.Clone(hidden), filepath.Join(p.Home, "*")) // it has to be looked into
	}
	if len(hidden) == 0 {
		return allow("/", readRights)
	}
	if err := allow("/", ll.AccessFSReadDir); err != nil {
		return err
	}
	var read func(path string) error
	read = func(path string) error {
		if slices.Contains(p.Hidden, path) {
			return nil
		}
		if !slices.ContainsFunc(hidden, func(at string) bool { return beneath(at, path) }) {
			err := allow(path, readRights)
			if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ELOOP) {
				return nil // it is gone, or a symbolic link, which nobody needs to be allowed to read
			}
			return err
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return fmt.Errorf("landlock: what lies beside hidden paths: %w", err)
		}
		for _, entry := range entries {
			if path == p.Home && p.secret(entry.Name()) || entry.Type() == os.ModeSymlink {
				continue
			}
			if err := read(filepath.Join(path, entry.Name())); err != nil {
				return err
			}
		}
		return nil
	}
	return read("/")
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
