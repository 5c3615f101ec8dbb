// Package tap watches the conversation between an MCP client and an MCP server
// and says exactly what is wrong with it.
//
// A [Checker] is shown the messages of both sides in order. It validates each
// against the published schema of the revision that was agreed on, results
// against the type that belongs to their request, and follows the conversation:
// ids, answers without questions, messages before the handshake. [Proxy] stands
// between two real peers; an [Entry] is a line of the transcript it makes;
// [Replay] plays one side of a transcript again.
package tap
