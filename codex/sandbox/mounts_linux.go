package sandbox

import (
	"fmt"

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
	for _, path := range p.Protected {
		if err := coverReadOnly(path); err != nil {
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

// coverReadOnly puts a read-only copy of what is mounted at path over it.
func coverReadOnly(path string) error {
	return cover(path, path, unix.MOUNT_ATTR_RDONLY)
}

// coverEmpty puts something over path that holds nothing and cannot be read.
func coverEmpty(path string) error {
	var info unix.Stat_t
	if err := unix.Lstat(path, &info); err != nil {
		return err
	}
	if info.Mode&unix.S_IFMT != unix.S_IFDIR {
		// A device on a mount without devices cannot be opened.
		return cover("/dev/null", path, unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NODEV)
	}
	return unix.Mount("tmpfs", path, "tmpfs", unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "size=4k,mode=000")
}

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
	tree, err := unix.OpenTree(from, "", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_EMPTY_PATH|unix.AT_RECURSIVE)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(tree) }()
	err = unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: attributes})
	if err != nil {
		return err
	}
	return unix.MoveMount(tree, "", target, "", unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH)
}
