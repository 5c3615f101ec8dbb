package sandbox

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// run interprets a filter for one call, as the kernel would.
func run(t *testing.T, program []unix.SockFilter, arch, number uint32, args ...uint64) uint32 {
	t.Helper()
	word := func(offset uint32) uint32 {
		switch offset {
		case offsetNumber:
			return number
		case offsetArch:
			return arch
		default:
			arg := args[(offset-offsetArgs)/8]
			if (offset-offsetArgs)%8 == 4 {
				arg >>= 32
			}
			return uint32(arg) //nolint:gosec // one half of it
		}
	}
	var loaded uint32
	for at := 0; at < len(program); at++ {
		step := program[at]
		var holds bool
		switch step.Code {
		case unix.BPF_LD | unix.BPF_W | unix.BPF_ABS:
			loaded = word(step.K)
			continue
		case unix.BPF_RET | unix.BPF_K:
			return step.K
		case unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K:
			holds = loaded == step.K
		case unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K:
			holds = loaded&step.K != 0
		default:
			t.Fatalf("instruction %d is unknown: %+v", at, step)
		}
		if holds {
			at += int(step.Jt)
		} else {
			at += int(step.Jf)
		}
	}
	t.Fatal("the program ends without a verdict")
	return 0
}

func TestFilter(t *testing.T) {
	readOnly := Plan{Mode: ReadOnly}.filter()
	writing := Plan{Mode: WorkspaceWrite}.filter()
	online := Plan{Mode: WorkspaceWrite, Network: true}.filter()
	const (
		yes  = unix.SECCOMP_RET_ALLOW
		no   = unix.SECCOMP_RET_USER_NOTIF
		gone = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
	)
	tests := []struct {
		name     string
		number   uint32
		args     []uint64
		verdicts [3]uint32
	}{
		{"read", unix.SYS_READ, nil, [3]uint32{yes, yes, yes}},
		{"ptrace", unix.SYS_PTRACE, nil, [3]uint32{no, no, no}},
		{"io_uring", unix.SYS_IO_URING_SETUP, nil, [3]uint32{no, no, no}},
		{"connect", unix.SYS_CONNECT, nil, [3]uint32{no, no, yes}},
		{"inet", unix.SYS_SOCKET, []uint64{unix.AF_INET}, [3]uint32{no, no, yes}},
		{"inet with a high half", unix.SYS_SOCKET, []uint64{1<<32 | unix.AF_INET}, [3]uint32{no, no, yes}},
		{"unix", unix.SYS_SOCKET, []uint64{unix.AF_UNIX}, [3]uint32{yes, yes, no}},
		{"vsock", unix.SYS_SOCKET, []uint64{unix.AF_VSOCK}, [3]uint32{no, no, no}},
		{"pair", unix.SYS_SOCKETPAIR, []uint64{unix.AF_UNIX}, [3]uint32{yes, yes, yes}},
		{"send", unix.SYS_SENDTO, []uint64{3, 1, 1, 0, 0}, [3]uint32{yes, yes, yes}},
		{"send to", unix.SYS_SENDTO, []uint64{3, 1, 1, 0, 0x1000}, [3]uint32{no, no, yes}},
		{"send to high", unix.SYS_SENDTO, []uint64{3, 1, 1, 0, 1 << 40}, [3]uint32{no, no, yes}},
		{"fork", unix.SYS_CLONE, []uint64{uint64(unix.SIGCHLD)}, [3]uint32{yes, yes, yes}},
		{"user namespace", unix.SYS_CLONE, []uint64{unix.CLONE_NEWUSER}, [3]uint32{no, no, no}},
		{"unshare files", unix.SYS_UNSHARE, []uint64{unix.CLONE_FILES}, [3]uint32{yes, yes, yes}},
		{"unshare mounts", unix.SYS_UNSHARE, []uint64{unix.CLONE_NEWNS | unix.CLONE_FS}, [3]uint32{no, no, no}},
		{"clone3", unix.SYS_CLONE3, nil, [3]uint32{gone, gone, gone}},
		{"terminal size", unix.SYS_IOCTL, []uint64{0, unix.TIOCGWINSZ}, [3]uint32{yes, yes, yes}},
		{"type ahead", unix.SYS_IOCTL, []uint64{0, unix.TIOCSTI}, [3]uint32{no, no, no}},
		{"mode", unix.SYS_FCHMODAT, nil, [3]uint32{no, no, no}},
		{"own limit", unix.SYS_PRLIMIT64, []uint64{0, 0, 1, 0}, [3]uint32{yes, yes, yes}},
		{"another's limit", unix.SYS_PRLIMIT64, []uint64{1, 0, 0, 1}, [3]uint32{yes, yes, yes}},
		{"set another's limit", unix.SYS_PRLIMIT64, []uint64{1, 0, 1 << 40, 0}, [3]uint32{no, no, no}},
		{"truncate", unix.SYS_TRUNCATE, nil, [3]uint32{no, yes, yes}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for i, program := range [][]unix.SockFilter{readOnly, writing, online} {
				require.Equal(t, test.verdicts[i], run(t, program, nativeArch, test.number, test.args...), "plan %d", i)
			}
		})
	}
	require.EqualValues(t, unix.SECCOMP_RET_KILL_PROCESS, run(t, readOnly, unix.AUDIT_ARCH_I386, unix.SYS_READ))
	if foreignCallBit != 0 {
		require.Equal(t, gone, run(t, readOnly, nativeArch, foreignCallBit|unix.SYS_READ))
	}
}

func TestHandledGrowsWithTheKernel(t *testing.T) {
	var last uint64
	for abi := 1; abi <= 9; abi++ {
		attr := handled(abi, false)
		require.Equal(t, last, attr.HandledAccessFS&last, "version %d", abi)
		require.Equal(t, abi >= 4, attr.HandledAccessNet != 0)
		require.Equal(t, abi >= 6, attr.Scoped != 0)
		require.Zero(t, handled(abi, true).HandledAccessNet)
		last = attr.HandledAccessFS
	}
	require.EqualValues(t, 1<<17-1, last)
}
