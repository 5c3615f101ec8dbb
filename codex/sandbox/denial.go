package sandbox

import (
	"fmt"
	"strings"
)

// denialSigns are what programs say when the system refused them something.
var denialSigns = []string{
	"permission denied", "operation not permitted", "read-only file system",
}

// networkSigns are what they say when they could not reach the network.
var networkSigns = []string{
	"network is unreachable", "could not resolve host", "temporary failure in name resolution",
	"name or service not known", "no such host", "getaddrinfo", "failed to lookup address", "socket: operation not permitted",
}

// Denial judges by what a failed command wrote to stderr whether the policy kept
// it from something. The reason names what the command named, and the policy.
func Denial(p Policy, stderr string) (reason string, denied bool) {
	for line := range strings.Lines(stderr) {
		line = strings.TrimSpace(line)
		lower := strings.ToLower(line)
		if !p.FullNetwork() && containsAny(lower, networkSigns) {
			return fmt.Sprintf("the sandbox (%s, no network) refused: %s", p.Mode, shorten(line)), true
		}
		if containsAny(lower, denialSigns) {
			return fmt.Sprintf("the sandbox (%s) refused: %s", p.Mode, shorten(line)), true
		}
	}
	return "", false
}

func containsAny(text string, signs []string) bool {
	for _, sign := range signs {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

// shorten keeps a line short enough to quote.
func shorten(line string) string {
	const most = 200
	if len(line) <= most {
		return line
	}
	return strings.ToValidUTF8(line[:most], "") + "..."
}
