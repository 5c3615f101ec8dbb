package server

import (
	"fmt"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/mcptypes/mcp20250326"
	"github.com/codexmcp/codexmcp/wire"
)

// revision20250326 has batches, and neither titles, structured results, links to
// resources nor elicitation.
var revision20250326 = &revision{
	name:     "2025-03-26",
	batches:  true,
	serves:   set(mcp20250326.ClientRequests),
	sends:    set(mcp20250326.ServerRequests, mcp20250326.ServerNotifications),
	fit:      func(_ *Server, result wire.Value) { fit20250326(result) },
	notFound: CodeResourceNotFound,
}

func fit20250326(result wire.Value) {
	fit20250618(result)
	switch r := result.(type) {
	case *mcptypes.InitializeResult:
		r.ServerInfo.Title = ""
	case *mcptypes.ListToolsResult:
		r.Tools = each(r.Tools, func(t *mcptypes.Tool) {
			t.Meta, t.Title, t.OutputSchema = wire.Members{}, "", wire.Raw{}
		})
	case *mcptypes.CallToolResult:
		r.StructuredContent = wire.Raw{}
		r.Content = blocks(r.Content, block20250326)
	case *mcptypes.ListPromptsResult:
		r.Prompts = each(r.Prompts, func(p *mcptypes.Prompt) {
			p.Meta, p.Title = wire.Members{}, ""
			p.Arguments = each(p.Arguments, func(a *mcptypes.PromptArgument) { a.Title = "" })
		})
	case *mcptypes.GetPromptResult:
		r.Messages = each(r.Messages, func(m *mcptypes.PromptMessage) { m.Content = block20250326(m.Content) })
	case *mcptypes.ListResourcesResult:
		r.Resources = each(r.Resources, func(x *mcptypes.Resource) {
			x.Meta, x.Title, x.Annotations = wire.Members{}, "", annotations20250326(x.Annotations)
		})
	case *mcptypes.ListResourceTemplatesResult:
		r.ResourceTemplates = each(r.ResourceTemplates, func(x *mcptypes.ResourceTemplate) {
			x.Meta, x.Title, x.Annotations = wire.Members{}, "", annotations20250326(x.Annotations)
		})
	case *mcptypes.ReadResourceResult:
		r.Contents = each(r.Contents, func(c *mcptypes.ResourceContents) { *c = contents20250326(*c) })
	}
}

// annotations20250326 leaves out when something last changed.
func annotations20250326(a *mcptypes.Annotations) *mcptypes.Annotations {
	if a == nil || a.LastModified == "" {
		return a
	}
	older := *a
	older.LastModified = ""
	return &older
}

// block20250326 tells of a link in words.
func block20250326(block mcptypes.ContentBlock) mcptypes.ContentBlock {
	switch b := block.(type) {
	case *mcptypes.ResourceLink:
		return mcptypes.Text(fmt.Sprintf("[%s](%s)", b.Name, b.URI))
	case *mcptypes.TextContent:
		older := *b
		older.Meta, older.Annotations = wire.Members{}, annotations20250326(b.Annotations)
		return &older
	case *mcptypes.ImageContent:
		older := *b
		older.Meta, older.Annotations = wire.Members{}, annotations20250326(b.Annotations)
		return &older
	case *mcptypes.AudioContent:
		older := *b
		older.Meta, older.Annotations = wire.Members{}, annotations20250326(b.Annotations)
		return &older
	case *mcptypes.EmbeddedResource:
		older := *b
		older.Meta, older.Annotations = wire.Members{}, annotations20250326(b.Annotations)
		older.Resource = contents20250326(b.Resource)
		return &older
	}
	return block
}

// contents20250326 leaves out metadata.
func contents20250326(contents mcptypes.ResourceContents) mcptypes.ResourceContents {
	switch c := contents.(type) {
	case *mcptypes.TextResourceContents:
		older := *c
		older.Meta = wire.Members{}
		return &older
	case *mcptypes.BlobResourceContents:
		older := *c
		older.Meta = wire.Members{}
		return &older
	}
	return contents
}
