package exec

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"github.com/codexmcp/codexmcp/codex/sandbox"
)

// DefaultTimeout is the time a command has when it names none.
const DefaultTimeout = 10 * time.Second

// ChunkSize is the most output that one call of [Command.OnOutput] carries.
const ChunkSize = 8192

// DefaultMaxOutput is how many bytes of each output are kept when a command
// sets no limit.
const DefaultMaxOutput = 1 << 20

// TimeoutExitCode is the exit code of a command whose time was up.
const TimeoutExitCode = 124

// A Stream names one of the two outputs of a command.
type Stream string

// The outputs of a command.
const (
	Stdout Stream = "stdout"
	Stderr Stream = "stderr"
)

// A Command says what to run, and how.
type Command struct {
	// Argv is the program and its arguments. A program without a slash is
	// looked for in the PATH of Env.
	Argv []string

	// Dir is the folder to run in; empty means the current one.
	Dir string

	// Env is the whole environment, as NAME=value.
	Env []string

	// Timeout is how long the command may run; zero means DefaultTimeout.
	Timeout time.Duration

	// MaxOutput is how many bytes of each output the result keeps; zero means
	// DefaultMaxOutput.
	MaxOutput int

	// Sandbox is the policy that the command is confined to; nil or one of full
	// access confines it to nothing.
	Sandbox *sandbox.Policy

	// Helper is a program that calls [Main] first of all, and that is started
	// between us and the command on Linux: as a rule this one, see [Self].
	// It confines the command and ends whatever it leaves behind. Without a
	// helper nothing can be confined, and only the command's process group is
	// killed.
	Helper string

	// OnOutput, if set, is called with each piece of output, one call at a
	// time. It must not keep chunk. While it runs, the command's output waits.
	OnOutput func(stream Stream, chunk []byte)
}

// A Result is what came of a command that ran.
type Result struct {
	// ExitCode is the command's own; TimeoutExitCode when the time was up, and
	// -1 when a signal ended it or it was interrupted.
	ExitCode int

	// Signal is what ended the command, zero when it exited by itself.
	Signal syscall.Signal

	// TimedOut reports that the command was killed because its time was up.
	TimedOut bool

	// Interrupted reports that the command was killed because the context was
	// done.
	Interrupted bool

	// Duration is how long the command ran.
	Duration time.Duration

	// Denied names system calls that the sandbox refused, each once and a few
	// at most. Landlock's refusals of paths are not among them; see
	// [sandbox.Denial].
	Denied []string

	// Stdout and Stderr are the command's outputs, Aggregated both together in
	// the order in which they arrived.
	Stdout, Stderr, Aggregated Output
}

// A StartError says why a command could not be started at all.
type StartError struct {
	Program string // the first word of the command
	Err     error
}

// Error says what could not be started, and why.
func (e *StartError) Error() string { return fmt.Sprintf("start %q: %v", e.Program, e.Err) }

// Unwrap returns the reason.
func (e *StartError) Unwrap() error { return e.Err }

// ExitCode is what a shell would exit with in this case: 127 for a program
// that does not exist, 126 for one that cannot be run.
func (e *StartError) ExitCode() int {
	if errors.Is(e.Err, fs.ErrNotExist) {
		return 127
	}
	return 126
}

// Errno returns the system's error number, if that is the reason.
func (e *StartError) Errno() (syscall.Errno, bool) {
	var number syscall.Errno
	ok := errors.As(e.Err, &number)
	return number, ok
}
