// Package useragent says who this program is: the user agent that model
// endpoints and clients are told, and the originator within it.
package useragent

import (
	"os"
	"runtime"
	"strings"
	"sync"
)

// DefaultOriginator is what the program calls itself unless it is told otherwise.
const DefaultOriginator = "codex_cli_rs"

// originatorVariable overrides the originator.
const originatorVariable = "CODEX_INTERNAL_ORIGINATOR_OVERRIDE"

// An Agent makes the user agent of a process. It may be used by any number of
// goroutines.
type Agent struct {
	// Originator is the name of whoever uses this program.
	Originator string
	prefix     string

	mu     sync.Mutex // protects suffix
	suffix string
}

// New returns the agent of a process whose variables lookup tells.
func New(version string, lookup func(string) (string, bool)) *Agent {
	originator := DefaultOriginator
	if override, set := lookup(originatorVariable); set && validHeader(override) {
		originator = override
	}
	name, release := operatingSystem()
	return &Agent{
		Originator: originator,
		prefix:     originator + "/" + version + " (" + name + " " + release + "; " + machine() + ") " + terminal(lookup),
	}
}

// SetClient adds the name and version of the client that uses this process.
func (a *Agent) SetClient(name, version string) {
	inner := strings.TrimSpace(name + "; " + version)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.suffix = ""
	if inner != "" {
		a.suffix = " (" + inner + ")"
	}
}

// String returns the user agent. It is always fit for an HTTP header.
func (a *Agent) String() string {
	a.mu.Lock()
	full := a.prefix + a.suffix
	a.mu.Unlock()
	if validHeader(full) {
		return full
	}
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '_'
		}
		return r
	}, full)
	if validHeader(clean) {
		return clean
	}
	return a.Originator
}

// validHeader reports whether text may be the value of an HTTP header.
func validHeader(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// machine is the architecture as the kernel names it.
func machine() string {
	switch runtime.GOARCH {
	case "amd64":
		return "x86_64"
	case "arm64":
		if runtime.GOOS == "darwin" {
			return "arm64"
		}
		return "aarch64"
	case "386":
		return "i686"
	}
	return runtime.GOARCH
}

// operatingSystem is the system's name and its version in three numbers.
func operatingSystem() (name, release string) {
	switch runtime.GOOS {
	case "darwin":
		return "Mac OS", "unknown"
	case "windows":
		return "Windows", "unknown"
	}
	name, release = "Linux", "unknown"
	text, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return name, release
	}
	return parseRelease(string(text))
}

// distributions are the names of those whose os-release says more than the name.
var distributions = map[string]string{
	"alpine": "Alpine Linux", "amzn": "Amazon Linux AMI", "arch": "Arch Linux", "debian": "Debian", "fedora": "Fedora",
	"linuxmint": "Linux Mint", "manjaro": "Manjaro", "nixos": "NixOS", "opensuse-leap": "openSUSE", "opensuse-tumbleweed": "openSUSE",
	"ol": "Oracle Linux", "pop": "Pop!_OS", "rhel": "Red Hat Enterprise Linux", "ubuntu": "Ubuntu",
}

// parseRelease reads the lines of os-release.
func parseRelease(text string) (name, release string) {
	fields := map[string]string{}
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok {
			fields[key] = strings.Trim(value, `"'`)
		}
	}
	name, release = "Linux", "unknown"
	if known, ok := distributions[fields["ID"]]; ok {
		name = known
	} else if fields["NAME"] != "" {
		name = fields["NAME"]
	}
	if v := fields["VERSION_ID"]; v != "" {
		parts := strings.Split(v, ".")
		for len(parts) < 3 {
			parts = append(parts, "0")
		}
		release = strings.Join(parts, ".")
	}
	return name, release
}
