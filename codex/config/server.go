package config

import (
	"math"
	"regexp"
	"time"
)

// DefaultStartupTimeout is how long an external MCP server may take to start
// unless it says otherwise.
const DefaultStartupTimeout = 10 * time.Second

// An MCPServer is an external MCP server that conversations use, an entry of
// mcp_servers.
type MCPServer struct {
	Name           string
	Command        string
	Args           []string
	Env            map[string]string
	StartupTimeout time.Duration // 0: not set, that is [DefaultStartupTimeout]

	// From is where the entry begins.
	From Origin
}

var serverName = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)

// ValidServerName reports whether an external MCP server may have this name,
// which becomes part of the names of its tools.
func ValidServerName(name string) bool { return serverName.MatchString(name) }

func decodeServer(d *decoder, s namedSection) MCPServer {
	m := MCPServer{
		Name:    s.id,
		Command: need(d, s, "command", asString).value,
		Args:    read(d, s.section, "args", asStrings).value,
		Env:     read(d, s.section, "env", asStringMap).value,
		From:    s.from,
	}
	if timeout := read(d, s.section, "startup_timeout_ms", asCount); timeout.set {
		m.StartupTimeout = time.Duration(min(timeout.value, math.MaxInt64/int64(time.Millisecond))) * time.Millisecond
	}
	return m
}
