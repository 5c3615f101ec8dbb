// Package gen turns a JSON-RPC protocol described by a JSON Schema into Go.
//
// It is a library of pure functions: nothing is read but what is passed in,
// nothing written but what is returned. The stages, one file each, are
//
//	normal    a published schema into the pinned form
//	overlay   deliberate departures, as data
//	load      the schema, checked keyword by keyword
//	reduce    the many ways to say a thing brought to one
//	build     every decision about Go: names, types (with struct, enum, union,
//	          discriminate and method)
//	render    the model as source, through templates
//	drift     what is on disk against what should be
//
// Beside them stand diff, which compares two schemas and says whom a change
// breaks, and what is made from the same model for other languages: bundle (one
// JSON Schema), typescript and markdown.
//
// The generator knows no protocol by name. What it does with a schema follows
// from these rules; where a schema wants something else, an overlay says so.
//
// # Types
//
//   - An object with properties is a struct; its unknown members are kept in
//     the field Extra. An object without is wire.Members, one whose
//     additionalProperties have a schema a map.
//   - integer is int64, number float64, a schema that allows anything wire.Raw.
//     A string or an integer is wire.RequestID. Other alternatives of plain
//     types only are wire.Raw. Formats and bounds make no difference.
//   - A string with enum is an open string type with constants, and so are
//     alternatives of constant strings, open ones included; a definition that is a
//     string of format uuid is a string type of its own. Other named strings
//     are plain strings. Integers with enum are int64.
//   - A required member is a plain value. An optional number, boolean or struct
//     is a pointer; an optional string, slice or map is plain, its zero value
//     meaning absent. A required member that may be null is a pointer, and so is
//     an item that may.
//   - A required constant member is no field; it is checked and written. An
//     optional one is an ordinary field. An enum of one value is a constant.
//   - A member that is required but not described is wire.Raw.
//   - A member whose Go name the generated code needs, as extra, gets the suffix
//     Value.
//   - allOf is merged, and so is what stands beside a $ref; where two parts
//     describe one member the later counts.
//   - anyOf and oneOf are the same: a union, told apart by the kind of JSON
//     value, then by what discriminator names, then by a member that is constant in
//     every variant (or in all but one, which is then meant where the member
//     is absent or, if it requires the member, has another value), then by a
//     member that only one of them requires. Never by trying. A union that refers to a union has its variants. Members beside a
//     union belong to every variant.
//   - A variant with a not that lists the constants of the others is no type: it is
//     what the union's unknown variant is for.
//   - Alternatives that are all arrays are an array of the alternatives. allOf with
//     a union of objects is a union, each variant having the rest.
//   - Alternatives that only say which members are required together decide
//     nothing.
//   - Two anonymous unions of the same variants are one type.
//
// # Messages
//
//   - An object whose member method is constant is a message: a request if its
//     name ends in Request or it has an id, else a notification. XRequest becomes
//     the method value X, joined to its params and to the member result of
//     XResponse, to XResult, or to EmptyResult; XNotification likewise, without a
//     result.
//   - Params are called XParams, also when the schema's name for them is
//     XRequestParams or XNotificationParams. Params and results that are no
//     objects with members are boxed in a struct.
//   - A message is a type as well where another type refers to it.
//
// # Names
//
// Names become PascalCase with Go's initialisms; of a namespaced name only what
// follows the last slash counts. An anonymous object is named after its parent
// and member. Two things with one name are an error that an overlay resolves.
//
// # What stops the build
//
// A keyword the generator does not know, save annotations that begin with x-
// or _; a construct it has no type for, such as a tuple or patternProperties;
// a union that nothing tells apart; an overlay entry that matches nothing. The
// error names the path, the construct and what an overlay can do about it.
// Below a place to which an overlay gives the type Raw anything may stand.
package gen
