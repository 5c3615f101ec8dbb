package sandbox

import (
	"fmt"
	"strconv"
	"strings"
)

// seatbeltProgram applies a profile on macOS. Its place is fixed, so that PATH
// cannot lead to another.
const seatbeltProgram = "/usr/bin/sandbox-exec"

// Seatbelt returns the command line that runs argv under the plan on macOS.
// Paths are parameters of the profile, so that their text is never part of it.
func (p Plan) Seatbelt(argv []string) []string {
	var profile strings.Builder
	var parameters []string
	parameter := func(prefix, path string) string {
		name := prefix + strconv.Itoa(len(parameters))
		parameters = append(parameters, "-D"+name+"="+path)
		return fmt.Sprintf("(param %q)", name)
	}
	profile.WriteString("(version 1)\n(deny default)\n" +
		"(allow process-exec process-fork)\n(allow signal (target same-sandbox))\n" +
		"(allow sysctl-read)\n(allow file-read*)\n(allow file-write-data (literal \"/dev/null\"))\n" +
		"(allow mach-lookup (global-name \"com.apple.system.opendirectoryd.libinfo\"))\n")
	// The last rule that fits counts.
	write := func(inHome bool) {
		for _, root := range p.Writable {
			if p.inHome(root) == inHome {
				fmt.Fprintf(&profile, "(allow file-write* (subpath %s))\n", parameter("WRITE_", root))
			}
		}
	}
	write(false)
	if p.Home != "" {
		fmt.Fprintf(&profile, "(deny file-write* (subpath %s))\n", parameter("HOME_", p.Home))
		write(true)
	}
	for _, name := range p.Secrets {
		fmt.Fprintf(&profile, "(deny file-read* file-write* (literal %s))\n", parameter("SECRET_", p.Home+"/"+name))
	}
	for _, path := range p.Protected {
		fmt.Fprintf(&profile, "(deny file-write* (subpath %s))\n", parameter("PROTECT_", path))
	}
	for _, path := range p.Hidden {
		fmt.Fprintf(&profile, "(deny file-read* file-write* (subpath %s))\n", parameter("HIDE_", path))
	}
	if p.Network {
		profile.WriteString("(allow network-outbound (remote ip))\n(allow network-inbound (local ip))\n" +
			"(allow network-bind (local ip))\n(allow system-socket)\n" +
			"(allow mach-lookup (global-name \"com.apple.mDNSResponder\") (global-name \"com.apple.SecurityServer\"))\n")
	}
	line := append([]string{seatbeltProgram, "-p", profile.String()}, parameters...)
	return append(append(line, "--"), argv...)
}
