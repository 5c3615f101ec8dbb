package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// Enter makes the plan's mounts. It must run in a process that has namespaces
// of its own, as SysProcAttr makes them, and before Restrict.
func (p Plan) Enter(namespaces Namespaces) error {
	if !namespaces.Mount {
		return nil
	}
	// Nothing that is mounted here may reach the machine's own namespace.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("sandbox: make mounts private: %w", err)
	}
	if namespaces.PID {
		if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
			return fmt.Errorf("sandbox: mount /proc: %w", err)
		}
	}
	if p.Home != "" {
		if err := p.veil(); err != nil {
			return fmt.Errorf("sandbox: protect %q: %w", p.Home, err)
		}
	}
	for _, path := range p.Protected {
		if err := cover(path, path, unix.MOUNT_ATTR_RDONLY); err != nil {
			return fmt.Errorf("sandbox: protect %q: %w", path, err)
		}
	}
	for _, path := range p.Hidden {
		if err := coverEmpty(path); err != nil {
			return fmt.Errorf("sandbox: hide %q: %w", path, err)
		}
	}
	return nil
}

// veil puts a picture of the home folder over it that cannot be changed: each
// entry is the one below, read-only, and the secrets are nothing. What appears
// or is replaced in the folder later does not show, unlike with a mount over
// each secret, which another process would take away by replacing the file.
func (p Plan) veil() error {
	home, err := openPath(p.Home)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(home) }()
	entries, err := os.ReadDir(p.Home)
	if err != nil {
		return err
	}
	picture, err := newFolder("0755")
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(picture) }()
	if err := move(picture, home); err != nil {
		return err
	}
	for _, entry := range entries {
		if err := p.depict(entry, home, picture); err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("%q: %w", entry.Name(), err)
		}
	}
	return unix.MountSetattr(picture, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY})
}

// depict makes an entry of the picture. Of the home folder's entries it leaves
// those as they are in which a writable folder lies.
func (p Plan) depict(entry os.DirEntry, home, picture int) error {
	name := entry.Name()
	if p.secret(name) {
		return depictNothing(name, picture)
	}
	if entry.Type() == os.ModeSymlink {
		target := make([]byte, unix.PathMax)
		n, err := unix.Readlinkat(home, name, target)
		if err != nil {
			return err
		}
		return unix.Symlinkat(string(target[:n]), picture, name)
	}
	attributes := uint64(unix.MOUNT_ATTR_RDONLY)
	at := filepath.Join(p.Home, name)
	if slices.ContainsFunc(p.Writable, func(root string) bool { return beneath(root, at) }) {
		attributes = 0
	}
	from, err := unix.Openat(home, name, unix.O_PATH|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(from) }()
	if !entry.IsDir() {
		return attachNew(from, picture, name, attributes)
	}
	if err := unix.Mkdirat(picture, name, 0o755); err != nil {
		return err
	}
	target, err := unix.Openat(picture, name, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(target) }()
	return attach(from, target, attributes)
}

// depictNothing puts what cannot be read in the place of a secret.
func depictNothing(name string, picture int) error {
	null, err := openPath(nothing)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(null) }()
	return attachNew(null, picture, name, nothingAttributes)
}

// attachNew mounts from on a new file.
func attachNew(from, folder int, name string, attributes uint64) error {
	file, err := unix.Openat(folder, name, unix.O_CREAT|unix.O_EXCL|unix.O_RDONLY|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(file) }()
	return attach(from, file, attributes)
}

// nothing is what stands for something hidden: a device on a mount without
// devices, which cannot be opened.
const (
	nothing           = "/dev/null"
	nothingAttributes = unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NODEV
)

// coverEmpty puts something over path that holds nothing and cannot be read.
func coverEmpty(path string) error {
	var info unix.Stat_t
	if err := unix.Lstat(path, &info); err != nil {
		return err
	}
	if info.Mode&unix.S_IFMT != unix.S_IFDIR {
		return cover(nothing, path, nothingAttributes)
	}
	target, err := openPath(path)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(target) }()
	folder, err := newFolder("0000")
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(folder) }()
	err = unix.MountSetattr(folder, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY})
	if err != nil {
		return err
	}
	return move(folder, target)
}

// newFolder makes a file system that is an empty folder of that mode, mounted
// nowhere yet.
func newFolder(mode string) (int, error) {
	context, err := unix.Fsopen("tmpfs", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, err
	}
	defer func() { _ = unix.Close(context) }()
	for _, option := range [][2]string{{"mode", mode}, {"size", "4k"}} {
		if err := unix.FsconfigSetString(context, option[0], option[1]); err != nil {
			return -1, err
		}
	}
	if err := unix.FsconfigCreate(context); err != nil {
		return -1, err
	}
	return unix.Fsmount(context, unix.FSMOUNT_CLOEXEC, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC)
}

// cover puts what is at source over path.
func cover(source, path string, attributes uint64) error {
	from, err := openPath(source)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(from) }()
	target, err := openPath(path)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(target) }()
	return attach(from, target, attributes)
}

// attach mounts a copy of what from is, and of all that is mounted in it, on target.
func attach(from, target int, attributes uint64) error {
	tree, err := unix.OpenTree(from, "", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_EMPTY_PATH|unix.AT_RECURSIVE)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(tree) }()
	if attributes != 0 {
		err = unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: attributes})
		if err != nil {
			return err
		}
	}
	return move(tree, target)
}

func move(tree, target int) error {
	return unix.MoveMount(tree, "", target, "", unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH)
}
