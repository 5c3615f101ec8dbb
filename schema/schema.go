// Package schema holds the protocols as data: the pinned MCP revisions, the
// Codex protocol, the overlays that say what the published schemas lost, and
// the manifest of the Go packages generated from them.
//
// A pin is the wire structure of a published schema in this project's own
// normal form; pins.json says where each came from. See the command
// tools/schema, which makes, verifies, compares and upgrades pins.
package schema

import "embed"

//go:generate go run ../tools/schema generate

// Files are the schemas, overlays and manifests, by their path below this folder.
//
//go:embed *.json mcp/*.json overlays/*.json codex/*.json client/*.json
var Files embed.FS
