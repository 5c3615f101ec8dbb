package server

import (
	"github.com/codexmcp/codexmcp/mcptypes/mcp20251125"
	"github.com/codexmcp/codexmcp/wire"
)

// revision20251125 adds icons, titled choices and web pages in elicitation, and
// streams that are taken up again by design.
var revision20251125 = &revision{
	name:     "2025-11-25",
	resumes:  true,
	serves:   set(mcp20251125.ClientRequests),
	sends:    set(mcp20251125.ServerRequests, mcp20251125.ServerNotifications),
	fit:      func(*Server, wire.Value) {},
	notFound: CodeResourceNotFound,
}
