package codex

import (
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

const (
	environmentOpen   = "<environment_context>"
	environmentClose  = "</environment_context>"
	instructionsOpen  = "<user_instructions>"
	instructionsClose = "</user_instructions>"
)

// Settings are what one turn runs with. A conversation has its own; a turn may
// bring others.
type Settings struct {
	Cwd      string
	Approval mcpprotocol.AskForApproval
	Sandbox  mcpprotocol.SandboxPolicy
	Model    string
	Effort   mcpprotocol.ReasoningEffort
	Summary  mcpprotocol.ReasoningSummary
}

// sameEnvironment reports whether the model needs no word about other settings.
func (s Settings) sameEnvironment(other Settings) bool {
	return environmentContext(s, "") == environmentContext(other, "")
}

// environmentContext tells the model where it works and what it may do. The
// form is one that models were trained on and that rollout files contain.
func environmentContext(s Settings, shell string) string {
	var b strings.Builder
	line := func(tag, value string) {
		if value != "" {
			b.WriteString("  <" + tag + ">" + value + "</" + tag + ">\n")
		}
	}
	b.WriteString(environmentOpen + "\n")
	line("cwd", s.Cwd)
	line("approval_policy", string(s.Approval))
	mode, network, roots := describePolicy(s.Sandbox)
	line("sandbox_mode", mode)
	line("network_access", network)
	if len(roots) > 0 {
		b.WriteString("  <writable_roots>\n")
		for _, root := range roots {
			b.WriteString("    <root>" + root + "</root>\n")
		}
		b.WriteString("  </writable_roots>\n")
	}
	line("shell", shell)
	b.WriteString(environmentClose)
	return b.String()
}

// describePolicy puts a sandbox policy into the model's words.
func describePolicy(policy mcpprotocol.SandboxPolicy) (mode, network string, roots []string) {
	switch p := policy.(type) {
	case *mcpprotocol.DangerFullAccessPolicy:
		return string(mcpprotocol.SandboxModeDangerFullAccess), "enabled", nil
	case *mcpprotocol.WorkspaceWritePolicy:
		network = "restricted"
		if p.NetworkAccess != nil && *p.NetworkAccess {
			network = "enabled"
		}
		return string(mcpprotocol.SandboxModeWorkspaceWrite), network, slices.Clone(p.WritableRoots)
	}
	return string(mcpprotocol.SandboxModeReadOnly), "restricted", nil
}

// userInstructions wraps what the user wants every conversation to know.
func userInstructions(text string) string {
	return instructionsOpen + "\n\n" + text + "\n\n" + instructionsClose
}

// loginShell is where the user's login shell is, empty where nobody knows.
func loginShell() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	passwd, err := os.ReadFile("/etc/passwd")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(passwd)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), ":")
		if len(fields) == 7 && fields[2] == u.Uid {
			return fields[6]
		}
	}
	return ""
}

// shellName is the name of a login shell that models know how to talk to, else
// empty.
func shellName(path string) string {
	switch name := filepath.Base(path); name {
	case "bash", "zsh":
		return name
	}
	return ""
}
