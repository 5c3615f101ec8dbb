package server

import (
	"fmt"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/mcptypes/mcp20241105"
	"github.com/codexmcp/codexmcp/wire"
)

// revision20241105 is the first one: no sound, no annotations of tools, and no
// declared completion.
var revision20241105 = &revision{
	name:     "2024-11-05",
	serves:   set(mcp20241105.ClientRequests),
	sends:    set(mcp20241105.ServerRequests, mcp20241105.ServerNotifications),
	fit:      func(_ *Server, result wire.Value) { fit20241105(result) },
	notFound: CodeResourceNotFound,
}

func fit20241105(result wire.Value) {
	fit20250326(result)
	switch r := result.(type) {
	case *mcptypes.InitializeResult:
		r.Capabilities.Completions = wire.Members{}
	case *mcptypes.ListToolsResult:
		r.Tools = each(r.Tools, func(t *mcptypes.Tool) { t.Annotations = nil })
	case *mcptypes.CallToolResult:
		r.Content = blocks(r.Content, block20241105)
	case *mcptypes.GetPromptResult:
		r.Messages = each(r.Messages, func(m *mcptypes.PromptMessage) { m.Content = block20241105(m.Content) })
	}
}

// block20241105 tells of a sound in words.
func block20241105(block mcptypes.ContentBlock) mcptypes.ContentBlock {
	if b, ok := block.(*mcptypes.AudioContent); ok {
		return mcptypes.Text(fmt.Sprintf("[sound, %s]", b.MIMEType))
	}
	return block
}
