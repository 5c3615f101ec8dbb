package config

import (
	"math"
	"net/url"
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

	// URL is where a server is that is reached over streamable HTTP instead of
	// started; BearerTokenVar names the variable with the token for it, if it wants
	// one, and Headers are sent with every request.
	URL            string
	BearerTokenVar string
	Headers        map[string]string

	CallTimeout time.Duration // how long a call of a tool may take; 0: not set
	PinTools    bool          // whether tools run only as a person approved them

	// From is where the entry begins.
	From Origin
}

var serverName = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)

// ValidServerName reports whether an external MCP server may have this name,
// which becomes part of the names of its tools.
func ValidServerName(name string) bool { return serverName.MatchString(name) }

func decodeServer(d *decoder, s namedSection) MCPServer {
	m := MCPServer{
		Name: s.id,
		Args: read(d, s.section, "args", asStrings).value,
		Env:  read(d, s.section, "env", asStringMap).value,
		From: s.from,

		BearerTokenVar: read(d, s.section, "bearer_token_env_var", asString).value,
		Headers:        read(d, s.section, "http_headers", asStringMap).value,
		StartupTimeout: milliseconds(read(d, s.section, "startup_timeout_ms", asCount)),
		CallTimeout:    milliseconds(read(d, s.section, "tool_timeout_ms", asCount)),
		PinTools:       read(d, s.section, "pin_tools", asBool).value,
	}
	checkHeaders(d, s, "http_headers", m.Headers, validHeaderValue)
	if address := read(d, s.section, "url", asString); address.set {
		m.URL = address.value
		if s.get("command") != nil {
			d.fail(s.node, s.key("url"), "a server has a command or a url, not both")
		}
		if !isHTTPURL(m.URL) {
			d.fail(s.get("url"), s.key("url"), "%q is no HTTP URL", m.URL)
		}
		return m
	}
	m.Command = need(d, s, "command", asString).value
	return m
}

func isHTTPURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

func milliseconds(s setting[int64]) time.Duration {
	return time.Duration(min(s.value, math.MaxInt64/int64(time.Millisecond))) * time.Millisecond
}

// Where says what the server is: a URL, or a command with its arguments.
func (m *MCPServer) Where() []string {
	if m.URL != "" {
		return []string{m.URL}
	}
	return append([]string{m.Command}, m.Args...)
}
