// Package mcpprotocol has the types of the Codex protocol, version 0.36.0: the
// methods by which an MCP client drives Codex conversations, the events it is
// told of, approvals, the arguments and results of the Codex tools, and the
// lines of rollout files. They are generated from this project's own schema.
//
// It builds on [github.com/codexmcp/codexmcp/mcptypes], whose documentation says how unions, unknown
// members and method values work.
package mcpprotocol
