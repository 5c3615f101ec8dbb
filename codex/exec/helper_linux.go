package exec

import (
	"bytes"
	"errors"
	"fmt"
	"math"
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
//	denied CALL             the sandbox refused a call, told once for each
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
	// What the server inherited from its own parent is not the command's.
	_ = unix.CloseRange(lifeline, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	report := os.NewFile(reports, "reports")
	tell := func(format string, values ...any) {
		_, _ = fmt.Fprintf(report, format+"\n", values...) // nobody listens when the server is gone
	}
	pid, err := begin(args, tell)
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
	keep(pid, tell)
	return 0
}

// begin confines the process as ordered and starts the command.
func begin(args []string, tell func(string, ...any)) (pid int, err error) {
	o, err := parseOrder(args)
	if err != nil {
		return 0, err
	}
	// Signals that would end us are for the command to send, not for us to heed.
	signal.Notify(make(chan os.Signal, 1), unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM)
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return 0, fmt.Errorf("adopt orphans: %w", err)
	}
	if o.confined() {
		if err := o.plan.Enter(o.namespaces); err != nil {
			return 0, err
		}
	}
	err = sandbox.OnThread(func() error {
		pid, err = o.start(func(call string) { tell("denied %s", call) })
		return err
	})
	return pid, err
}

// A startFailure is why a command did not start; dir is set if its folder is at
// fault.
type startFailure struct {
	number syscall.Errno
	dir    string
}

func (f *startFailure) Error() string { return f.number.Error() }

// start confines this thread and starts the command from it. Calls that the
// sandbox refuses are given to denied.
func (o order) start(denied func(call string)) (int, error) {
	if o.dir != "" {
		if err := os.Chdir(o.dir); err != nil {
			return 0, failure(err, o.dir)
		}
	}
	if o.confined() {
		if err := o.plan.Restrict(o.namespaces, denied); err != nil {
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

// keep reaps everything that ends, tells how the command ended, and kills what
// is left when the server says so or is gone. It returns when nothing is left.
func keep(pid int, tell func(string, ...any)) {
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		var end [1]byte
		for {
			if n, err := unix.Read(lifeline, end[:]); n == 0 || err != nil && !errors.Is(err, unix.EINTR) {
				return
			}
		}
	}()
	ended, alone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(alone)
		reap(pid, func(status unix.WaitStatus) {
			if status.Signaled() {
				tell("killed %d", int(status.Signal()))
			} else {
				tell("exited %d", status.ExitStatus())
			}
			close(ended)
		})
	}()
	select {
	case <-alone:
		return
	case <-gone:
	}
	if os.Getpid() == 1 {
		select {
		case <-ended:
		default:
			tell("killed %d", int(unix.SIGKILL))
		}
		return // the kernel ends a namespace with its first process
	}
	limit := time.After(sweepTime)
	for {
		killDescendants()
		select {
		case <-alone:
			return
		case <-time.After(5 * time.Millisecond): // for those that were just being started
		case <-limit:
			return
		}
	}
}

// reap collects every child that ends until there is none, and calls ended
// when it is the command.
func reap(pid int, ended func(unix.WaitStatus)) {
	for {
		var status unix.WaitStatus
		switch child, err := unix.Wait4(-1, &status, 0, nil); {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return
		case child == pid:
			ended(status)
			pid = 0 // the number may come again
		}
	}
}

// killDescendants kills every process that is our child or a child's child,
// parents before their children, so that none sees another die. What is
// orphaned by that becomes our child and is found the next time.
func killDescendants() {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return
	}
	children := map[int][]int{}
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil {
			if parent, ok := parentOf(pid); ok {
				children[parent] = append(children[parent], pid)
			}
		}
	}
	for next := children[os.Getpid()]; len(next) > 0; next = next[1:] {
		_ = unix.Kill(next[0], unix.SIGKILL)
		next = append(next, children[next[0]]...)
	}
}

// parentOf reads the parent's number out of /proc/PID/stat, where the program's
// name in parentheses may hold anything.
func parentOf(pid int) (int, bool) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, false
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:]) // state, parent, ...
	if len(fields) < 2 {
		return 0, false
	}
	parent, err := strconv.Atoi(string(fields[1]))
	return parent, err == nil
}
