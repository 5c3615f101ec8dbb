// Package mcpclient lets a conversation use the tools of external MCP servers.
//
// A [Pool] starts the servers of a configuration, all at the same time, and
// offers their tools to the model. A server that cannot be started costs its own
// tools and nothing else; one that dies later is started again when one of its
// tools is called, after a pause that grows.
//
// # Names
//
// A tool is offered as server__tool. Characters that the model API refuses in
// names become _, and a name that is too long or taken by another tool is cut and
// ends in a hash of the whole, so that it stays the same between conversations.
//
// # Schemas
//
// The schema of a tool's arguments goes to the model as the server wrote it, but
// for what the APIs of models do not take, or what the clients of this protocol
// know otherwise:
//
//   - the schema itself is of type object; anyOf, oneOf, allOf, not and enum are
//     left out there, and there only; a $ref there is followed;
//   - an object has properties, if only none; an array has items, if only strings;
//   - a schema that is true or false, or says nothing of the type, gets the type
//     that its other members imply, and string if there are none;
//   - integer becomes number;
//   - $schema and $id are left out.
//
// # Pins
//
// With pin_tools a server's tool runs only as a person has approved it: before its
// first call, and before the first after its description, schemas or annotations,
// or the server's command or URL, have changed, a person is asked as about a
// command. What was approved is kept in mcp_pins.json in the home folder.
package mcpclient
