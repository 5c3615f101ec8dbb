package exec

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	osexec "os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/codexmcp/codexmcp/codex/sandbox"
)

// A scene is a folder in which sandboxed commands try to get out: WS is the
// workspace, OUT lies beside it.
type scene struct {
	dir  string
	vars *strings.Replacer
}

func newScene(t testing.TB) scene {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	for path, text := range map[string]string{
		"ws/file":           "inside",
		"ws/.git/config":    "[core]",
		"ws/.git/hooks/pre": "#!/bin/sh",
		"ws/secret":         "secret",
		"ws/vault/key":      "secret",
		"ws/conf/locked":    "locked",
		"out/file":          "outside",
		"out/dir/file":      "outside",
		"hidden/key":        "secret",
	} {
		path = filepath.Join(dir, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return scene{dir: dir, vars: strings.NewReplacer(
		"DIR", dir, "WS", dir+"/ws", "OUT", dir+"/out", "SERVER", strconv.Itoa(os.Getpid()))}
}

func (s scene) policy(mode sandbox.Mode, network bool) *sandbox.Policy {
	return &sandbox.Policy{
		Mode: mode, Root: s.dir + "/ws", NetworkAccess: network, ExcludeSlashTmp: true, ExcludeTmpdir: true,
		Protected: []string{"conf/locked"}, Hidden: []string{"secret", "vault", "../hidden"},
		AllowUnprotected: !sandbox.Check(Self).Namespaces.Mount,
	}
}

// try lets a sandboxed command attempt something and returns what it printed.
func (s scene) try(t *testing.T, policy *sandbox.Policy, what string) string {
	t.Helper()
	result, err := Run(t.Context(), Command{
		Argv:    append([]string{testBinary(t), attemptArg}, strings.Fields(s.vars.Replace(what))...),
		Dir:     s.dir + "/ws",
		Env:     testEnv(),
		Sandbox: policy,
		Helper:  Self,
	})
	require.NoError(t, err)
	if result.Signal != 0 {
		return result.Signal.String()
	}
	return result.Stdout.String() + result.Stderr.String()
}

func testBinary(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	require.NoError(t, err)
	return path
}

// requireSandbox fails the test where the kernel could confine commands and we
// do not; only a kernel without the means is a reason to skip.
func requireSandbox(t testing.TB) sandbox.Support {
	t.Helper()
	if raceBuild {
		t.Skip("hundreds of commands take minutes below a helper with the race detector")
	}
	support := sandbox.Check(Self)
	if support.Landlock == 0 {
		t.Skip("this kernel has no Landlock")
	}
	require.NoError(t, support.Err)
	if os.Getenv(lockedVariable) != "" {
		require.False(t, namespacesAllowed())
	}
	require.Equal(t, namespacesAllowed(), support.Namespaces.Mount && support.Namespaces.PID, "%q", support.Missing)
	return support
}

// namespacesAllowed reports whether the machine lets us make the namespaces that
// a sandbox wants, whatever our own check says.
var namespacesAllowed = sync.OnceValue(func() bool {
	return osexec.Command("unshare", "--map-current-user", "--user", "--mount", "--pid", "--fork", "true").Run() == nil
})

// TestEscapes tries ways out of each mode. What is expected is one of several
// outcomes, separated by slashes, for each of: read-only, workspace-write,
// workspace-write with network.
func TestEscapes(t *testing.T) {
	namespaces := requireSandbox(t).Namespaces
	tcp, unixPath := listen(t)
	shareQueue(t)

	const (
		no    = "EACCES"      // Landlock
		never = "EPERM"       // seccomp, capabilities
		ro    = "EROFS/EBUSY" // a mount
	)
	all := func(outcome string) [3]string { return [3]string{outcome, outcome, outcome} }
	writable := func(otherwise string) [3]string { return [3]string{otherwise, "ok", "ok"} }
	network := func(off string) [3]string { return [3]string{off, off, "ok"} }
	alone := func(outcome, otherwise string) [3]string { // with or without processes of its own
		if namespaces.PID {
			return all(outcome)
		}
		return all(otherwise)
	}
	type row struct {
		what string
		want [3]string
	}
	tests := []row{
		// What must go on working.
		{"read WS/file", all("ok")},
		{"read OUT/file", all("ok")},
		{"read /etc/passwd", all("ok")},
		{"list /proc", all("ok")},
		{"write /dev/null", all("ok")},
		{"write WS/new", writable(no)},
		{"mkdir WS/newdir", writable(no)},
		{"remove WS/file", writable(no)},
		{"chmod WS/file", writable(never)},
		{"utime WS/file", writable(never)},
		{"rename WS/file WS/conf/moved", writable(no)},
		{"link WS/file WS/hard", writable(no)},
		{"symlink /etc/passwd WS/soft", writable(no)},
		{"truncate WS/file", writable(never)},
		{"pair", all("ok")},
		{"daemon read WS/file", all("ok")},
		{"anonymous-program read WS/file", all("ok")},
		{"unnamed WS/unnamed", writable(no)},
		{"fifo WS/fifo", writable(no)},
		{"kill-all", all("ok")},
		{"new-privs", all("ok")},
		{"write-fd 1", all("xok")},

		// Writing outside.
		{"write OUT/new", all(no)},
		{"append OUT/file", all(no)},
		{"truncate OUT/file", [3]string{never, no, no}},
		{"otrunc OUT/file", all(no)},
		{"mkdir OUT/newdir", all(no)},
		{"remove OUT/file", all(no)},
		{"rmdir OUT/dir", all(no)},
		{"write /tmp/codexmcp-escape", all(no)},
		{"write /etc/codexmcp-escape", all(no)},
		{"write /dev/shm/codexmcp-escape", all(no)},
		{"chdir-write .. new", all(no)},
		{"chdir-write OUT new", all(no)},
		{"write WS/../out/new", all(no)},
		{"append /proc/self/root/OUT/file", all(no)},
		{"open-how OUT/new", all(no)},
		{"reopen OUT/file", all(no)},
		{"unnamed OUT/new", all(no)},
		{"fifo OUT/fifo", all(no)},
		{"map OUT/file", all(no)},
		{"copy-range OUT/file", all("EBADF")},
		{"anonymous-program write OUT/new", all(no)},
		{"daemon write OUT/new", all(no)},
		{"thread write OUT/new", all(no)},
		{"append /dev/tty", all(no + "/ENXIO")},
		{"append /dev/ptmx", all(no + "/ENOENT")},

		// Tricks with links and names.
		{"symlink-write OUT/file WS/soft", all("cannot even make the link: permission denied/" + no)},
		{"symlink-dir-write OUT/file WS/soft", all("cannot even make the link: permission denied/" + no)},
		{"rename OUT/file WS/taken", all(no + "/EXDEV")},
		{"rename WS/file OUT/given", all(no + "/EXDEV")},
		{"exchange WS/file OUT/file", all(no + "/EXDEV")},
		{"link OUT/file WS/hard", all(no + "/EXDEV")},
		{"link WS/file OUT/hard", all(no + "/EXDEV")},
		{"rename WS OUT/ws", all(no + "/EXDEV/EBUSY")},
		{"rename WS OUT/../ws2", all(no + "/EBUSY")},
		{"handle OUT/file", all(never)},
		{"device WS/disk", all(no + "/EPERM")},

		// Hidden outside of the workspace.
		{"read DIR/hidden/key", all(no + "/ENOENT")},
		{"read /proc/self/root/DIR/hidden/key", all(no + "/ENOENT")},
		{"write DIR/hidden/new", all(no + "/EROFS")},
		{"link DIR/hidden/key WS/hard", all(no + "/EXDEV/ENOENT")},
		{"rename DIR/hidden WS/hidden", all(no + "/EXDEV/EBUSY")},

		// Attributes outside, which Landlock does not know.
		{"chmod OUT/file", all(never)},
		{"fchmod OUT/file", all(never)},
		{"chown OUT/file", all(never)},
		{"utime OUT/file", all(never)},
		{"xattr OUT/file", all(never)},
		{"chattr OUT/file", all(never)},

		// Other processes and /proc.
		{"read /proc/SERVER/environ", alone("ENOENT", no)},
		{"read /proc/1/environ", all(no)},
		{"append /proc/1/mem", all(no)},
		{"append /proc/SERVER/mem", alone("ENOENT", no)},
		{"append /proc/SERVER/root/OUT/file", alone("ENOENT", no)},
		{"append /proc/self/../1/mem", all(no)},
		{"read /proc/1/mem", all(no)},
		{"read /proc/1/fd/4", all(no)},
		{"list /proc/1/root", all(no)},
		{"append /proc/sys/kernel/core_pattern", all(no)},
		{"append /proc/sysrq-trigger", all(no + "/ENOENT")},
		{"append /sys/kernel/mm/transparent_hugepage/enabled", all(no)},
		{"kill SERVER 0", alone("ESRCH", never)},
		{"kill 1 9", all(never)},
		{"kill -1 0", all("ok/EPERM/ESRCH")},
		{"tgkill SERVER", alone("ESRCH", never)},
		{"queue-signal SERVER", alone("ESRCH", never)},
		{"pidfd SERVER", alone("ESRCH", never)},
		{"pidfd 1", all(never)},
		{"limit SERVER", all(never)},
		{"limit 1", all(never)},
		{"own-limit", all("ok")},
		{"kcmp", all(never)},
		{"move-pages", all(never)},
		{"queue", alone("ENOENT", "ok")},
		{"vm-writev", all(never)},
		{"ptrace 1", all(never)},
		{"traceme", all(never)},
		{"vm-readv", all(never)},
		{"pidfd-getfd", all(never)},

		// The network, and sockets of each family.
		{"tcp " + tcp, network(never)},
		{"udp", network(never)},
		{"loopback", network(never)},
		{fmt.Sprintf("socket %d %d", unix.AF_INET6, unix.SOCK_STREAM), network(never)},
		{fmt.Sprintf("socket %d %d %d", unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP), all(never)},
		{fmt.Sprintf("socket %d %d", unix.AF_NETLINK, unix.SOCK_RAW), network(never)},
		{fmt.Sprintf("socket %d %d", unix.AF_PACKET, unix.SOCK_RAW), all(never)},
		{fmt.Sprintf("socket %d %d", unix.AF_VSOCK, unix.SOCK_STREAM), all(never)},
		{fmt.Sprintf("socket %d %d", unix.AF_ALG, unix.SOCK_SEQPACKET), all(never)},
		{fmt.Sprintf("socket %d %d", unix.AF_BLUETOOTH, unix.SOCK_RAW), all(never)},
		{fmt.Sprintf("socket %d %d", unix.AF_XDP, unix.SOCK_RAW), all(never)},
		{"unix " + unixPath, all(never)},
		{"unix @codexmcp-SERVER", all(never)},
		{"unix-bind @codexmcp-bind-SERVER", all(never)},
		{"unix-bind WS/socket", all(never)},
		{"unix-sendto " + unixPath, all(never)},
		{"unix-sendmsg " + unixPath, all(never)},
		{"pass-fd", network(never)},

		// The kernel.
		{"io-uring", all(never)},
		{"mount WS/conf", all(never)},
		{"bind OUT WS/conf", all(never)},
		{"open-tree OUT", all(never)},
		{"fsopen", all(never)},
		{fmt.Sprintf("unshare %d", unix.CLONE_NEWUSER), all(never)},
		{fmt.Sprintf("unshare %d", unix.CLONE_NEWNS), all(never)},
		{fmt.Sprintf("unshare %d", unix.CLONE_NEWNET), all(never)},
		{"setns", all(never)},
		{"chroot", all(never)},
		{"bpf", all(never)},
		{"perf", all(never)},
		{"userfaultfd", all(never)},
		{"keyctl", all(never)},
		{"add-key", all(never)},
		{"request-key", all(never)},
		{"handle-name OUT/file", all("ok")}, // a name is no access
		{"module", all(never)},
		{"kexec", all(never)},
		{"reboot", all(never)},
		{"swapon", all(never)},
		{"hostname", all(never)},
		{"syslog", all(never)},
		{"fanotify", all(never)},
		{"settime", all(never)},
		{"clone3", all("ENOSYS")},
		{"x32", all("ENOSYS")},
		{"tiocsti", all(never)},
		{fmt.Sprintf("capability %d", unix.CAP_SYS_ADMIN), all(never)},
		{fmt.Sprintf("capability %d", unix.CAP_SYS_PTRACE), all(never)},
		{fmt.Sprintf("capability %d", unix.CAP_DAC_READ_SEARCH), all(never)},
	}
	// Without mounts these are not promised; see TestSandboxUnprotected.
	kept := []row{
		{"write WS/.git/config", [3]string{no, ro, ro}},
		{"write WS/.git/hooks/post", [3]string{no, ro, ro}},
		{"remove WS/.git/config", [3]string{no, ro, ro}},
		{"rename WS/.git WS/.git2", [3]string{no, ro, ro}},
		{"rmdir WS/.git", [3]string{no, ro, ro}},
		{"exchange WS/.git WS/conf", [3]string{no, ro, ro}},
		{"link WS/.git/config WS/config", [3]string{no + "/EXDEV", "EXDEV", "EXDEV"}},
		{"truncate WS/.git/config", [3]string{never, ro, ro}},
		{"chmod WS/.git/config", [3]string{never, ro, ro}},
		{"fchmod WS/.git/config", [3]string{never, ro, ro}},
		{"chmod WS/.git", [3]string{never, ro, ro}},
		{"chown WS/.git/config", [3]string{never, ro, ro}},
		{"utime WS/.git/config", [3]string{never, ro, ro}},
		{"xattr WS/.git/config", [3]string{never, ro, ro}},
		{"chattr WS/.git/config", all(never)},
		{"write WS/conf/locked", [3]string{no, ro, ro}},
		{"remove WS/conf/locked", [3]string{no, ro, ro}},
		{"rename WS/file WS/conf/locked", [3]string{no, ro, ro}},
		{"read WS/secret", all(no)},
		{"read /proc/self/root/WS/secret", all(no)},
		{"link WS/secret WS/hard", all(no + "/EXDEV")},
		{"list WS/vault", all(no + "/empty")},
		{"read WS/vault/key", all(no + "/ENOENT")},
		{"umount WS/.git", all(never)},
		{"umount WS/secret", all(never)},
		{"remount WS/.git", all(never)},
	}
	if namespaces.Mount {
		tests = append(tests, kept...)
	}
	modes := []struct {
		name    string
		mode    sandbox.Mode
		network bool
	}{{"read-only", sandbox.ReadOnly, false}, {"workspace-write", sandbox.WorkspaceWrite, false},
		{"network", sandbox.WorkspaceWrite, true}}
	for i, mode := range modes {
		t.Run(mode.name, func(t *testing.T) {
			for _, test := range tests {
				t.Run(test.what, func(t *testing.T) {
					t.Parallel()
					s := newScene(t)
					got := s.try(t, s.policy(mode.mode, mode.network), test.what)
					require.Contains(t, strings.Split(test.want[i], "/"), got)
				})
			}
		})
	}
}

// shareQueue makes a message queue that others find by its number.
func shareQueue(t *testing.T) {
	t.Helper()
	id, _, number := unix.Syscall(unix.SYS_MSGGET, messageQueue, unix.IPC_CREAT|0o666, 0)
	require.Zero(t, number)
	t.Cleanup(func() { _, _, _ = unix.Syscall(unix.SYS_MSGCTL, id, unix.IPC_RMID, 0) })
}

// listen serves a TCP port and a Unix socket outside of any sandbox.
func listen(t *testing.T) (tcp, path string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "s")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	path = filepath.Join(dir, "s")
	for _, address := range [][2]string{{"tcp", "127.0.0.1:0"}, {"unix", path}, {"unix", fmt.Sprintf("@codexmcp-%d", os.Getpid())}} {
		listener, err := net.Listen(address[0], address[1])
		require.NoError(t, err)
		t.Cleanup(func() { _ = listener.Close() })
		if address[0] == "tcp" {
			tcp = listener.Addr().String()
		}
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				_ = conn.Close()
			}
		}()
	}
	return tcp, path
}

// nobody is an ordinary user.
const nobody = 65534

// again are the tests that are run again by another user.
const again = "-test.run=^(TestEscapes|TestRun.*|TestSandbox.*|TestNothing.*)$"

// lockedVariable says that the machine lets us make no namespaces.
const lockedVariable = "CODEXMCP_TEST_LOCKED"

// TestAsOrdinaryUser runs the tests of the sandbox again without root's powers,
// where user namespaces do what root could do itself.
func TestAsOrdinaryUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("the other tests run as an ordinary user already")
	}
	requireSandbox(t)
	cmd := ordinary(t, again)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", output)
}

// TestWithoutNamespaces runs them as an ordinary user on a machine that allows
// no namespaces, or rather in a user namespace that allows none.
func TestWithoutNamespaces(t *testing.T) {
	if !requireSandbox(t).Namespaces.Mount {
		t.Skip("this machine allows none, and so do the other tests")
	}
	cmd := ordinary(t, lockArg, again)
	cmd.Env = append(cmd.Env, lockedVariable+"=1")
	ids := []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}}
	groups := []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}}
	if os.Geteuid() == 0 {
		other := syscall.SysProcIDMap{ContainerID: nobody, HostID: nobody, Size: 1}
		ids, groups = append(ids, other), append(groups, other)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER, UidMappings: ids, GidMappings: groups,
		AmbientCaps: []uintptr{unix.CAP_SYS_RESOURCE},
	}
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", output)
}

// lockArg makes the test binary forbid namespaces where it runs, give up root,
// and start itself again.
const lockArg = "lock"

func lock(args []string) error {
	for _, kind := range []string{"user", "mnt", "pid"} {
		if err := os.WriteFile("/proc/sys/user/max_"+kind+"_namespaces", []byte("0"), 0); err != nil { //nolint:gosec // it exists
			return err
		}
	}
	if os.Geteuid() == 0 {
		if err := errors.Join(unix.Setgid(nobody), unix.Setuid(nobody)); err != nil {
			return err
		}
	}
	return unix.Exec("/proc/self/exe", append([]string{"exec.test"}, args...), os.Environ())
}

// bareArg makes the test binary do without Landlock, as a kernel that has none,
// and start itself again.
const bareArg = "bare"

func bare(args []string) error {
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}, // the call's number
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_LANDLOCK_CREATE_RULESET, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	filter := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&filter)), 0, 0); err != nil {
		return err
	}
	return unix.Exec("/proc/self/exe", append([]string{"exec.test"}, args...), append(os.Environ(), bareVariable+"=1"))
}

// bareVariable says that there is no Landlock.
const bareVariable = "CODEXMCP_TEST_BARE"

// TestKernelWithoutLandlock is about such a kernel: nothing that is to be
// confined runs, and the error has a name. All else goes on.
func TestKernelWithoutLandlock(t *testing.T) {
	if os.Getenv(bareVariable) == "" {
		output, err := osexec.CommandContext(t.Context(), testBinary(t), bareArg, "-test.run=^TestKernelWithoutLandlock$").CombinedOutput()
		require.NoError(t, err, "%s", output)
		return
	}
	support := sandbox.Check(Self)
	require.ErrorIs(t, support.Err, sandbox.ErrUnsupported)
	require.Contains(t, support.String(), "none")
	made := filepath.Join(t.TempDir(), "made")
	for _, mode := range []sandbox.Mode{sandbox.ReadOnly, sandbox.WorkspaceWrite} {
		command := shell("echo x > " + made)
		command.Sandbox = &sandbox.Policy{Mode: mode, Root: filepath.Dir(made)}
		_, err := Run(t.Context(), command)
		require.ErrorIs(t, err, sandbox.ErrUnsupported)
	}
	require.NoFileExists(t, made)
	result, err := Run(t.Context(), shell("echo x > "+made))
	require.NoError(t, err)
	require.Zero(t, result.ExitCode)
	require.FileExists(t, made)
}

// ordinary is the test binary, to be run by a user who has a folder for it.
func ordinary(t *testing.T, args ...string) *osexec.Cmd {
	t.Helper()
	dir, err := os.MkdirTemp("", "ordinary")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755)) //nolint:gosec // the other user has to reach it
	temporary := filepath.Join(dir, "tmp")
	require.NoError(t, os.Mkdir(temporary, 0o700))
	if os.Geteuid() == 0 {
		require.NoError(t, os.Chown(temporary, nobody, nobody))
	}
	program := filepath.Join(dir, "exec.test")
	copyProgram(t, testBinary(t), program)
	cmd := osexec.CommandContext(t.Context(), program, append(args, "-test.short")...)
	cmd.Dir = dir
	cmd.Env = append(testEnv(), "TMPDIR="+temporary)
	return cmd
}

func copyProgram(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from) //nolint:gosec // our own program
	require.NoError(t, err)
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755) //nolint:gosec // it has to be run by another
	require.NoError(t, err)
	_, err = io.Copy(out, in)
	require.NoError(t, err)
	require.NoError(t, out.Close())
}
