// Package mcpserver is the engine's face as an MCP server: the tools codex and
// codex-reply, the Codex methods, the events and the questions for approval.
// It turns messages into calls of package codex and what happens there into
// messages; it decides nothing itself.
package mcpserver
