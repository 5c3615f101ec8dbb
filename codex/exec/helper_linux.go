package exec

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/codexmcp/codexmcp/codex/sandbox"
)

// The helper is our own program, started again for one command. It confines
// itself, starts the command, adopts whatever the command leaves behind, and
// ends all of it when the server says so or is gone. Its arguments are
//
//	codex-linux-sandbox --supervise [--dir=DIR] [--namespaces=...] [sandbox plan] -- COMMAND...
//
// It reads lifeline until that ends, and writes to reports a line for each
// thing that happens:
//
//	failed NUMBER FOLDER    the command could not be started
//	refused TEXT            the sandbox could not be set up
//	started
//	exited CODE | killed SIGNAL
const (
	superviseArg = "--supervise"
	lifeline     = 3
	reports      = 4
)

// sweepTime bounds how long the helper hunts for what a command left behind,
// should some of it belong to another user and not let itself be killed.
const sweepTime = 2 * time.Second

// helperMain is the whole helper.
func helperMain(args []string) int {
	switch {
	case len(args) > 1 && args[0] == sandbox.ProbeArg:
		var namespaces sandbox.Namespaces
		namespaces.Set(args[1])
		if err := sandbox.Probe(namespaces); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	case len(args) > 0 && args[0] == superviseArg:
		return supervise(args[1:])
	default:
		return runPolicy(args)
	}
}

// An order is what the helper was asked to do.
type order struct {
	argv       []string
	dir        string
	namespaces sandbox.Namespaces
	plan       sandbox.Plan
}

func (o order) confined() bool { return o.plan.Mode != "" }

func (o order) args() []string {
	args := []string{sandbox.HelperName, superviseArg}
	if o.dir != "" {
		args = append(args, "--dir="+o.dir)
	}
	if o.confined() {
		args = append(args, o.namespaces.Arg())
		args = append(args, o.plan.Args()...)
	}
	return slices.Concat(args, []string{"--"}, o.argv)
}

func parseOrder(args []string) (order, error) {
	var o order
	for i, arg := range args {
		if arg == "--" && i+1 < len(args) {
			o.argv = args[i+1:]
			return o, nil
		}
		if dir, ok := strings.CutPrefix(arg, "--dir="); ok {
			o.dir = dir
			continue
		}
		if o.namespaces.Set(arg) {
			continue
		}
		if ok, err := o.plan.Set(arg); err != nil || !ok {
			return order{}, fmt.Errorf("helper: argument %q: %w", arg, errors.Join(err, errors.ErrUnsupported))
		}
	}
	return order{}, errors.New("helper: no command")
}

func supervise(args []string) int {
	unix.CloseOnExec(lifeline)
	unix.CloseOnExec(reports)
	report := os.NewFile(reports, "reports")
	tell := func(format string, values ...any) {
		_, _ = fmt.Fprintf(report, format+"\n", values...) // nobody listens when the server is gone
	}
	// Whatever the command sends around must not end us before it.
	signal.Notify(make(chan os.Signal, 1), unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGUSR1,
		unix.SIGUSR2, unix.SIGALRM, unix.SIGPIPE)
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		tell("refused adopt orphans: %v", err)
		return 1
	}
	o, err := parseOrder(args)
	if err == nil && o.confined() {
		err = o.plan.Enter(o.namespaces)
	}
	if err != nil {
		tell("refused %v", err)
		return 1
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		var end [1]byte
		for {
			if n, err := unix.Read(lifeline, end[:]); n == 0 || err != nil && err != unix.EINTR {
				return
			}
		}
	}()
	var pid int
	err = sandbox.OnThread(func() error {
		var err error
		pid, err = o.start()
		return err
	})
	var failed *startFailure
	switch {
	case errors.As(err, &failed):
		tell("failed %d %s", int(failed.number), failed.dir)
		return 0
	case err != nil:
		tell("refused %v", err)
		return 1
	}
	tell("started")
	muteSelf()
	(&keeper{pid: pid, tell: tell, gone: gone}).watch()
	return 0
}

// A startFailure is why a command did not start; dir is set if its folder is at
// fault.
type startFailure struct {
	number syscall.Errno
	dir    string
}

func (f *startFailure) Error() string { return f.number.Error() }

// start confines this thread and starts the command from it.
func (o order) start() (int, error) {
	if o.dir != "" {
		if err := os.Chdir(o.dir); err != nil {
			return 0, failure(err, o.dir)
		}
	}
	if o.confined() {
		if err := o.plan.Restrict(); err != nil {
			return 0, err
		}
	}
	env := os.Environ()
	path, err := lookPath(o.argv[0], "", env)
	if err != nil {
		return 0, failure(err, "")
	}
	attr := &syscall.ProcAttr{Env: env, Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{
		Setsid:    true,
		Pdeathsig: unix.SIGKILL,
	}}
	pid, err := syscall.ForkExec(path, o.argv, attr)
	if errors.Is(err, noInterpreter) {
		pid, err = syscall.ForkExec(scriptShell, scriptArgv(path, o.argv), attr)
	}
	if err != nil {
		return 0, failure(err, "")
	}
	return pid, nil
}

func failure(err error, dir string) error {
	var number syscall.Errno
	if !errors.As(err, &number) {
		return err
	}
	return &startFailure{number: number, dir: dir}
}

// muteSelf lets go of the command's outputs, so that they end when it does.
func muteSelf() {
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		null = lifeline // anything that is no pipe to the server's readers
	}
	for fd := 1; fd <= 2; fd++ {
		_ = unix.Dup3(null, fd, 0)
	}
}

// A keeper looks after a command and all that comes of it.
type keeper struct {
	pid   int // the command, zero when it has ended
	tell  func(format string, values ...any)
	gone  <-chan struct{} // closed when all has to end
	sweep <-chan time.Time
}

// watch reaps everything that ends, tells how the command ended, and when the
// server is gone kills what is left.
func (k *keeper) watch() {
	children := make(chan os.Signal, 1)
	signal.Notify(children, unix.SIGCHLD)
	for {
		left := k.reap()
		if k.sweep != nil {
			if !left {
				return
			}
			killDescendants()
			k.sweep = time.After(5 * time.Millisecond) // for those that were just being started
		}
		select {
		case <-children:
		case <-k.sweep:
		case <-k.gone:
			if os.Getpid() == 1 {
				// The kernel ends a namespace with its first process.
				if k.pid != 0 {
					k.tell("killed %d", int(unix.SIGKILL))
				}
				return
			}
			k.gone, k.sweep = nil, time.After(0)
			time.AfterFunc(sweepTime, func() { os.Exit(1) })
		}
	}
}

// reap collects every child that has ended, and reports whether any is left.
func (k *keeper) reap() bool {
	for {
		var status unix.WaitStatus
		child, err := unix.Wait4(-1, &status, unix.WNOHANG, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return false
		case child == 0:
			return true
		case child == k.pid:
			k.pid = 0
			if status.Signaled() {
				k.tell("killed %d", int(status.Signal()))
			} else {
				k.tell("exited %d", status.ExitStatus())
			}
		}
	}
}

// killDescendants kills every process that is our child or a child's child.
// What is orphaned by that becomes our child and is found the next time.
func killDescendants() {
	parents := map[int]int{}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return
	}
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil {
			if parent, ok := parentOf(pid); ok {
				parents[pid] = parent
			}
		}
	}
	self := os.Getpid()
	for pid := range parents {
		for at, steps := parents[pid], 0; at > 1 && steps < len(parents); at, steps = parents[at], steps+1 {
			if at == self {
				_ = unix.Kill(pid, unix.SIGKILL)
				break
			}
		}
	}
}

// parentOf reads the parent's number out of /proc/PID/stat, where the program's
// name in parentheses may hold anything.
func parentOf(pid int) (int, bool) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, false
	}
	_, rest, _ := strings.Cut(string(text[strings.LastIndexByte(string(text), ')')+1:]), " ")
	fields := strings.Fields(rest)
	if len(fields) < 2 {
		return 0, false
	}
	parent, err := strconv.Atoi(fields[1])
	return parent, err == nil
}
