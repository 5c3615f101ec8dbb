// Package wire is the JSON runtime that generated code calls, and the types that all generated packages share.
package wire
