// Package mcptypes has the types of the Model Context Protocol, revision
// 2025-06-18, generated from its published schema. The other revisions have
// packages of their own below this one.
//
// # Messages
//
// A method value joins a method's name, params and result, so that what does
// not belong together does not compile:
//
//	result, err := client.Call(ctx, session, mcptypes.CallTool, mcptypes.CallToolParams{Name: "echo"})
//	server.Handle(s, mcptypes.CallTool, func(ctx context.Context, p mcptypes.CallToolParams) (mcptypes.CallToolResult, error) { … })
//
// # Unions
//
// A union is an interface that only its variants implement. The Go type is the
// tag; there is no Type field to set or to forget:
//
//	for _, block := range result.Content {
//		switch b := block.(type) {
//		case *mcptypes.TextContent:
//			fmt.Println(b.Text)
//		case *mcptypes.UnknownContentBlock: // from a newer peer, kept as it came
//			log.Printf("skipped a %s block", b.Tag)
//		}
//	}
//
// # Nothing is lost
//
// Members that this revision does not know are kept in Extra and written back
// in their order; unknown variants of a union and unknown values of an
// enumeration are kept too. Free-form JSON, such as a tool's arguments, is a
// [wire.Raw]: its bytes, to be decoded into a type of your own with Decode.
// Numbers keep their digits.
//
// # Absent, null and zero
//
// An optional number, boolean or struct is a pointer; nil is absent, and
// new(false) is an explicit false. An optional string, slice or map is plain
// and absent when zero. What was explicitly empty or null when it was decoded is
// remembered in Extra and written back; to send an explicit null, set it there.
// A required slice that is nil is written as an empty array.
//
// # Errors
//
// Decoding is strict: names match exactly, a name twice, invalid UTF-8 or
// data after the end are errors. An error names the path and the offence,
// such as params.name: missing. encoding/json works with every type; AppendJSON
// and UnmarshalJSON without it are faster.
package mcptypes
