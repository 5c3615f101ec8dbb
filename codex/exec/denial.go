package exec

import (
	"strings"
)

// Denial says what the sandbox refused the command, if that can be known: the
// system calls it refused, or else what the command itself wrote of a path that
// it was not allowed to use. A command that ended well, or failed without any
// such sign, was not denied anything as far as one can tell, and the answer is
// empty. Only the result of a sandboxed command says anything here.
func (r Result) Denial() string {
	if r.ExitCode == 0 || r.TimedOut || r.Interrupted {
		return ""
	}
	if line := complaint(r.Stderr.String()); line != "" {
		return line
	}
	if line := complaint(r.Stdout.String()); line != "" {
		return line
	}
	return strings.Join(r.Denied, ", ")
}

// complaints are the system's words for what a sandbox refuses.
var complaints = []string{"permission denied", "operation not permitted", "read-only file system",
	"eacces", "eperm", "erofs"}

// complaint returns the last line that has one of the complaints, shortened.
func complaint(text string) string {
	lines := strings.Split(text, "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		lower := strings.ToLower(lines[i])
		for _, words := range complaints {
			if strings.Contains(lower, words) {
				const most = 500
				return cutEnd(strings.TrimSpace(lines[i]), most)
			}
		}
	}
	return ""
}
