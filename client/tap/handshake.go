package tap

import (
	"fmt"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// firstStateless is the first revision without a handshake.
const firstStateless = "2026-07-28"

// versionMember and capabilitiesMember say in the _meta of a request what the
// handshake says in revisions that have one.
const (
	versionMember      = "io.modelcontextprotocol/protocolVersion"
	capabilitiesMember = "io.modelcontextprotocol/clientCapabilities"
)

// initialize notes what a client opens a conversation with.
func (c *Checker) initialize(n *Note) {
	switch c.phase {
	case phaseAnswered, phaseOpen:
		n.fault("initialize comes again in a conversation that is open")
	case phaseStateless:
		if c.served {
			n.fault("initialize in a conversation of revision %s, which has no handshake", c.revision)
		}
		c.phase = phaseSilent // the client tries what older servers know
	}
	asked := textAt(n.Body, "protocolVersion")
	if c.revision = known(asked); c.revision == "" && asked != "" {
		n.fault("params.protocolVersion: there is no revision %q", asked)
	}
	c.declare(Client, rawAt(n.Body, "capabilities"))
}

// statelessRequest notes what a request says itself of the conversation.
func (c *Checker) statelessRequest(n *Note, version string) {
	switch {
	case known(version) == "":
		n.fault("params._meta[%q]: there is no revision %q", versionMember, version)
		return
	case c.phase == phaseAnswered || c.phase == phaseOpen:
		if version != c.revision {
			n.fault("params._meta[%q]: %q, but %q was agreed on", versionMember, version, c.revision)
		}
		return
	}
	c.revision, c.phase = version, phaseStateless
	c.declare(Client, rawAt(n.Body, "_meta", capabilitiesMember))
}

func (c *Checker) declare(side Side, capabilities wire.Raw) {
	var m wire.Members
	if capabilities.Kind() == wire.KindObject && capabilities.Decode(&m) == nil {
		c.declared[side] = m
	}
}

// order notes a message that comes too early.
func (c *Checker) order(n *Note) {
	switch {
	case n.Method == mcptypes.Initialize.Method || n.Method == mcptypes.Ping.Method || c.phase == phaseStateless || c.phase == phaseOpen:
	case n.Method == mcptypes.LoggingMessage.Method || n.Method == mcptypes.Cancelled.Method || n.Method == mcptypes.Progress.Method:
	case n.From == Client && n.Method == mcptypes.Initialized.Method:
		if c.phase == phaseAnswered {
			c.phase = phaseOpen
		} else {
			n.fault("%s before initialize was answered", n.Method)
		}
	case n.From == Client && c.phase == phaseSilent:
		n.fault("a %s before initialize was answered", n.Kind)
	case n.From == Server && c.phase == phaseSilent:
		n.fault("a %s before initialize was answered", n.Kind)
	case n.From == Server && n.Kind == "request":
		n.fault("a request before %s", mcptypes.Initialized.Method)
	}
}

// agree notes what a server answers to initialize.
func (c *Checker) agree(n *Note, asked string) {
	c.phase = phaseAnswered
	c.declare(Server, rawAt(n.Body, "capabilities"))
	offered := textAt(n.Body, "protocolVersion")
	c.revision = known(offered)
	switch {
	case offered == "":
	case c.revision == "":
		n.fault("result.protocolVersion: there is no revision %q", offered)
	case c.revision >= firstStateless:
		n.fault("result.protocolVersion: revision %s has no handshake", offered)
	case asked != "" && offered != asked:
		n.Remarks = append(n.Remarks, fmt.Sprintf("the client asked for revision %s, the server wants %s", asked, offered))
	}
}
