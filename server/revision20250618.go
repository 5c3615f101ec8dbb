package server

import (
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// revision20250618 is the revision that handlers are written against.
var revision20250618 = &revision{
	name:     mcptypes.LatestRevision,
	serves:   set(mcptypes.ClientRequests),
	sends:    set(mcptypes.ServerRequests, mcptypes.ServerNotifications),
	fit:      func(_ *Server, result wire.Value) { fit20250618(result) },
	notFound: CodeResourceNotFound,
}

// fit20250618 leaves out what came later: icons, and how a tool may be run as a task.
func fit20250618(result wire.Value) {
	switch r := result.(type) {
	case *mcptypes.InitializeResult:
		r.ServerInfo.Extra = without(r.ServerInfo.Extra, "description", "icons", "websiteUrl")
		r.Capabilities.Extra = without(r.Capabilities.Extra, "tasks", "extensions")
	case *mcptypes.ListToolsResult:
		r.Tools = each(r.Tools, func(t *mcptypes.Tool) { t.Extra = without(t.Extra, "icons", "execution") })
	case *mcptypes.ListPromptsResult:
		r.Prompts = each(r.Prompts, func(p *mcptypes.Prompt) { p.Extra = without(p.Extra, "icons") })
	case *mcptypes.ListResourcesResult:
		r.Resources = each(r.Resources, func(x *mcptypes.Resource) { x.Extra = without(x.Extra, "icons") })
	case *mcptypes.ListResourceTemplatesResult:
		r.ResourceTemplates = each(r.ResourceTemplates, func(x *mcptypes.ResourceTemplate) { x.Extra = without(x.Extra, "icons") })
	}
}
