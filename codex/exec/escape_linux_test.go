package exec

import (
	"fmt"
	"io"
	"net"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

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

func newScene(t *testing.T) scene {
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
	} {
		path = filepath.Join(dir, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return scene{dir: dir, vars: strings.NewReplacer(
		"WS", dir+"/ws", "OUT", dir+"/out", "SERVER", strconv.Itoa(os.Getpid()))}
}

func (s scene) policy(mode sandbox.Mode, network bool) *sandbox.Policy {
	return &sandbox.Policy{
		Mode: mode, Root: s.dir + "/ws", NetworkAccess: network, ExcludeSlashTmp: true, ExcludeTmpdir: true,
		Protected: []string{"conf/locked"}, Hidden: []string{"secret", "vault"},
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
func requireSandbox(t *testing.T) sandbox.Support {
	t.Helper()
	if raceBuild {
		t.Skip("hundreds of commands take minutes below a helper with the race detector")
	}
	support := sandbox.Check(Self)
	if support.Landlock == 0 {
		t.Skip("this kernel has no Landlock")
	}
	require.NoError(t, support.Err)
	return support
}

// TestEscapes tries ways out of each mode. What is expected is one of several
// outcomes, separated by slashes, for each of: read-only, workspace-write,
// workspace-write with network.
func TestEscapes(t *testing.T) {
	support := requireSandbox(t)
	if !support.Namespaces.Mount {
		t.Skipf("this machine allows no namespaces: %q", support.Missing)
	}
	tcp, unixPath := listen(t)
	var outside unix.Stat_t
	require.NoError(t, unix.Stat("/dev/null", &outside))

	const (
		no    = "EACCES"      // Landlock
		never = "EPERM"       // seccomp, capabilities
		ro    = "EROFS/EBUSY" // a mount
	)
	all := func(outcome string) [3]string { return [3]string{outcome, outcome, outcome} }
	writable := func(otherwise string) [3]string { return [3]string{otherwise, "ok", "ok"} }
	network := func(off string) [3]string { return [3]string{off, off, "ok"} }
	tests := []struct {
		what string
		want [3]string
	}{
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

		// Protected inside of the workspace.
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

		// Attributes outside, which Landlock does not know.
		{"chmod OUT/file", all(never)},
		{"fchmod OUT/file", all(never)},
		{"chown OUT/file", all(never)},
		{"utime OUT/file", all(never)},
		{"xattr OUT/file", all(never)},
		{"chattr OUT/file", all(never)},

		// Other processes and /proc.
		{"read /proc/SERVER/environ", all("ENOENT/" + no)},
		{"read /proc/1/environ", all(no)},
		{"append /proc/1/mem", all(no)},
		{"read /proc/1/fd/4", all(no)},
		{"list /proc/1/root", all(no)},
		{"append /proc/sys/kernel/core_pattern", all(no)},
		{"append /proc/sysrq-trigger", all(no + "/ENOENT")},
		{"append /sys/kernel/mm/transparent_hugepage/enabled", all(no)},
		{"kill SERVER 0", all("ESRCH/EPERM")},
		{"kill 1 9", all(never)},
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
		{"settime", all(never)},
		{"clone3", all("ENOSYS")},
		{"x32", all("ENOSYS")},
		{"tiocsti", all(never)},
		{fmt.Sprintf("capability %d", unix.CAP_SYS_ADMIN), all(never)},
		{fmt.Sprintf("capability %d", unix.CAP_SYS_PTRACE), all(never)},
		{fmt.Sprintf("capability %d", unix.CAP_DAC_READ_SEARCH), all(never)},
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

// TestSandboxAsOrdinaryUser runs the tests of the sandbox again without root's
// powers, where user namespaces do what root could do itself.
func TestSandboxAsOrdinaryUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("the other tests run as an ordinary user already")
	}
	requireSandbox(t)
	const nobody = 65534
	dir, err := os.MkdirTemp("", "ordinary")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755)) //nolint:gosec // the other user has to reach it
	temporary := filepath.Join(dir, "tmp")
	require.NoError(t, os.Mkdir(temporary, 0o700))
	require.NoError(t, os.Chown(temporary, nobody, nobody))
	program := filepath.Join(dir, "exec.test")
	copyProgram(t, testBinary(t), program)
	cmd := osexec.CommandContext(t.Context(), program, "-test.run=^(TestEscapes|TestRun.*|TestSandbox.*|TestNothing.*)$", "-test.short")
	cmd.Dir = dir
	cmd.Env = append(testEnv(), "TMPDIR="+temporary)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", output)
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
