package safety

import "github.com/codexmcp/codexmcp/mcpprotocol"

// An Outcome is what happens to a command or a patch.
type Outcome int

// The outcomes. The zero value is the strictest one.
const (
	Reject Outcome = iota
	Ask
	Run
)

// String returns the outcome's name in lower case.
func (o Outcome) String() string {
	switch o {
	case Run:
		return "run"
	case Ask:
		return "ask"
	default:
		return "reject"
	}
}

// A Decision says what happens to a command or a patch.
type Decision struct {
	Outcome Outcome

	// Sandboxed says that it runs in the sandbox of the policy. What a person
	// approves runs without one.
	Sandboxed bool

	// Reason says why it is rejected.
	Reason string
}

// Policies are what a turn allows.
type Policies struct {
	Approval mcpprotocol.AskForApproval
	Sandbox  mcpprotocol.SandboxPolicy

	// SandboxAvailable says whether this system can enforce the sandbox policy.
	SandboxAvailable bool
}

// FullAccess reports whether policy restricts nothing.
func FullAccess(policy mcpprotocol.SandboxPolicy) bool {
	_, ok := policy.(*mcpprotocol.DangerFullAccessPolicy)
	return ok
}

// A Command is one that the model wants to run.
type Command struct {
	Argv []string

	// Approved says that a person has approved it for the session.
	Approved bool

	// Escalated says that the model asks to run it without a sandbox.
	Escalated bool
}

// DecideCommand returns whether and how a command may run. An approval policy it
// does not know counts as the one that asks most.
//
//	known safe                                        run, sandboxed if restricted
//	approved                                          run
//	untrusted                                         ask
//	full access                                       run
//	on-request, escalated                             ask
//	a sandbox is available                            run sandboxed
//	never                                             reject
//	otherwise                                         ask
func DecideCommand(c Command, p Policies) Decision {
	sandboxed := Decision{Outcome: Run, Sandboxed: true}
	full := FullAccess(p.Sandbox)
	switch {
	case c.Approved:
		return Decision{Outcome: Run}
	case IsKnownSafe(c.Argv):
		return Decision{Outcome: Run, Sandboxed: !full && p.SandboxAvailable}
	case p.Approval == mcpprotocol.AskForApprovalUntrusted || !p.Approval.Valid():
		return Decision{Outcome: Ask}
	case full:
		return Decision{Outcome: Run}
	case p.Approval == mcpprotocol.AskForApprovalOnRequest && c.Escalated:
		return Decision{Outcome: Ask}
	case p.SandboxAvailable:
		return sandboxed
	case p.Approval == mcpprotocol.AskForApprovalNever:
		return Decision{Reason: "there is no sandbox on this system, and the approval policy is to never ask"}
	default:
		return Decision{Outcome: Ask}
	}
}
