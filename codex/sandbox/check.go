package sandbox

import (
	"errors"
	"fmt"
	"strings"
)

// HelperName is the name under which a program of ours that is started again
// knows itself to be the helper.
const HelperName = "codex-linux-sandbox"

// ProbeArg asks the helper, as its first argument, to set up a sandbox with the
// namespaces that the second names, and to end.
const ProbeArg = "--probe"

// ErrUnsupported means that this machine has no sandbox.
var ErrUnsupported = errors.New("sandbox: this machine has none that we can use")

// A Support says what a machine has to confine commands with.
type Support struct {
	// Kind names the sandbox of the system: "landlock", "seatbelt" or "none".
	Kind string

	// Landlock is the version of Landlock, zero without.
	Landlock int

	// Namespaces are those that a sandboxed command gets.
	Namespaces Namespaces

	// Missing says why something could not be had.
	Missing []string

	// Err is ErrUnsupported, or what else keeps a sandbox from working. It is
	// nil where commands can be confined.
	Err error
}

// String says for people what the machine supports, a line for each thing.
func (s Support) String() string {
	var text strings.Builder
	line := func(name, value string) { fmt.Fprintf(&text, "%-12s %s\n", name, value) }
	line("sandbox", s.Kind)
	if s.Landlock > 0 {
		line("landlock", fmt.Sprintf("version %d", s.Landlock))
		either := func(has bool, gain, loss string) string {
			if has {
				return "yes: " + gain
			}
			return "no: " + loss
		}
		line("mounts", either(s.Namespaces.Mount, "protected and hidden paths are kept",
			"commands that could write protected or hidden paths are asked about or refused"))
		line("processes", either(s.Namespaces.PID, "commands see and signal only their own", "commands see those of others"))
	}
	for _, missing := range s.Missing {
		line("missing", missing)
	}
	if s.Err != nil {
		line("problem", s.Err.Error())
	}
	return text.String()
}

// Unprotected returns an [*UnprotectedError] if the plan has paths that a
// machine like this cannot protect.
func (s Support) Unprotected(plan Plan) error {
	if paths := plan.needsMounts(); len(paths) > 0 && s.Kind == "landlock" && !s.Namespaces.Mount {
		return &UnprotectedError{Paths: paths}
	}
	return nil
}
