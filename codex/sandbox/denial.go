package sandbox

import (
	"fmt"
	"slices"
	"strings"
)

// denialSigns are what programs say when the system refused them something.
var denialSigns = []string{
	"permission denied", "operation not permitted", "read-only file system", "eacces", "eperm", "erofs",
}

// networkSigns are what they say when they could not reach the network.
var networkSigns = []string{
	"network is unreachable", "could not resolve host", "temporary failure in name resolution",
	"name or service not known", "no such host", "getaddrinfo", "failed to lookup address",
}

// Denial judges whether the policy kept a failed command from something, by what
// it wrote to stderr and by the calls that it was refused (exec.Result.Denied).
// The reason names what the command named or the call, and the policy.
//
// Refused calls alone are no sign but for those that ask for the network, since
// programs try many a thing that they can do without.
func Denial(p Policy, stderr string, refused ...string) (reason string, denied bool) {
	in := fmt.Sprintf("the sandbox (%s)", p.mode())
	if !p.FullNetwork() {
		in = fmt.Sprintf("the sandbox (%s, no network)", p.mode())
	}
	for line := range strings.Lines(stderr) {
		line = strings.TrimSpace(line)
		lower := strings.ToLower(line)
		if containsAny(lower, denialSigns) || !p.FullNetwork() && containsAny(lower, networkSigns) {
			return fmt.Sprintf("%s refused: %s", in, shorten(line)), true
		}
	}
	network := func(call string) bool { return strings.HasPrefix(call, "socket AF_INET") }
	if i := slices.IndexFunc(refused, network); i >= 0 {
		return fmt.Sprintf("%s refused the call %s", in, refused[i]), true
	}
	return "", false
}

func containsAny(text string, signs []string) bool {
	return slices.ContainsFunc(signs, func(sign string) bool { return strings.Contains(text, sign) })
}

// shorten keeps a line short enough to quote.
func shorten(line string) string {
	const most = 200
	if len(line) <= most {
		return line
	}
	return strings.ToValidUTF8(line[:most], "") + "..."
}
