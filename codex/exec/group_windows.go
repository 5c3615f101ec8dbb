package exec

import (
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// noInterpreter is what no start fails with here.
const noInterpreter = syscall.ENOEXEC

// A group is a command in a job, which holds everything that it starts. Closing
// the job ends them all.
type group struct {
	cmd *osexec.Cmd
	job windows.Handle
}

func (g *group) start() error {
	handle, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return os.NewSyscallError("CreateJobObject", err)
	}
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{
		BasicLimitInformation: windows.JOBOBJECT_BASIC_LIMIT_INFORMATION{
			LimitFlags: windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
		},
	}
	if _, err := windows.SetInformationJobObject(handle, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits))); err != nil {
		_ = windows.CloseHandle(handle)
		return os.NewSyscallError("SetInformationJobObject", err)
	}
	g.job = handle
	// Suspended until it is in the job, so that nothing it starts gets away.
	g.cmd.SysProcAttr = &syscall.SysProcAttr{
		CreationFlags: windows.CREATE_NEW_PROCESS_GROUP | windows.CREATE_SUSPENDED,
	}
	if err := g.cmd.Start(); err != nil {
		_ = windows.CloseHandle(handle)
		return err
	}
	if err := g.admit(); err != nil {
		_ = g.cmd.Process.Kill()
		_ = g.cmd.Wait()
		_ = windows.CloseHandle(handle)
		return err
	}
	return nil
}

// admit puts the suspended process into the job and lets it run.
func (g *group) admit() error {
	id := uint32(g.cmd.Process.Pid)
	process, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, id)
	if err != nil {
		return os.NewSyscallError("OpenProcess", err)
	}
	defer func() { _ = windows.CloseHandle(process) }()
	if err := windows.AssignProcessToJobObject(g.job, process); err != nil {
		return os.NewSyscallError("AssignProcessToJobObject", err)
	}
	return resume(id)
}

// resume starts the threads of a process that was created suspended.
func resume(id uint32) error {
	snapshot, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPTHREAD, 0)
	if err != nil {
		return os.NewSyscallError("CreateToolhelp32Snapshot", err)
	}
	defer func() { _ = windows.CloseHandle(snapshot) }()
	entry := windows.ThreadEntry32{Size: uint32(unsafe.Sizeof(windows.ThreadEntry32{}))}
	for err = windows.Thread32First(snapshot, &entry); err == nil; err = windows.Thread32Next(snapshot, &entry) {
		if entry.OwnerProcessID != id {
			continue
		}
		thread, err := windows.OpenThread(windows.THREAD_SUSPEND_RESUME, false, entry.ThreadID)
		if err != nil {
			return os.NewSyscallError("OpenThread", err)
		}
		_, err = windows.ResumeThread(thread)
		_ = windows.CloseHandle(thread)
		if err != nil {
			return os.NewSyscallError("ResumeThread", err)
		}
	}
	return nil
}

func (g *group) kill() { _ = windows.TerminateJobObject(g.job, TimeoutExitCode) }

func (g *group) release() { _ = windows.CloseHandle(g.job) }

// lookPath finds program in the PATH of env, and then as the system does.
func lookPath(program, dir string, env []string) (string, error) {
	if strings.ContainsAny(program, `/\:`) {
		if !filepath.IsAbs(program) {
			program = filepath.Join(dir, program)
		}
		return osexec.LookPath(program)
	}
	for _, entry := range env {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.EqualFold(name, "PATH") {
			continue
		}
		for _, folder := range filepath.SplitList(value) {
			if !filepath.IsAbs(folder) {
				folder = filepath.Join(dir, folder)
			}
			if found, err := osexec.LookPath(filepath.Join(folder, program)); err == nil {
				return found, nil
			}
		}
	}
	return osexec.LookPath(program)
}
