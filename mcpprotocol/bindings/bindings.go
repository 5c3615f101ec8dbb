// Package bindings holds the Codex protocol for those who don't write Go:
// TypeScript declarations and a JSON Schema, generated from the same schema as
// package mcpprotocol. The command "codexmcp schema types" writes them out.
//
// The declarations say what is on the wire, in one respect more precisely than
// those that Codex itself generates: a member that is left out when it has no
// value is optional, numbers are number and a Duration is an object. Types that
// Codex calls otherwise go by its names too.
package bindings

import (
	"embed"
	"io/fs"
)

// TypeScript holds declarations in four files: index.ts exports all of them,
// types.ts has the types of the protocol, mcp.ts those it takes from MCP, and
// methods.ts says what each method takes and gives.
var TypeScript = sub("typescript")

// JSONSchema holds codex.schema.json, in dialect 2020-12: every type is a
// definition of its own and refers to nothing outside the file.
var JSONSchema fs.FS = schema

//go:embed typescript/*.ts
var typescript embed.FS

//go:embed codex.schema.json
var schema embed.FS

// sub is a folder of the embedded declarations. An embedded folder is always there.
func sub(dir string) fs.FS {
	files, err := fs.Sub(typescript, dir)
	if err != nil {
		return typescript
	}
	return files
}
