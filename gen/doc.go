// Package gen turns a JSON-RPC protocol described by a JSON Schema into Go.
//
// It is a library of pure functions: nothing is read but what is passed in,
// nothing written but what is returned. The stages, one file each, are
//
//	normal    a published schema into the pinned form
//	load      the pinned form, checked keyword by keyword
//	overlay   deliberate departures, as data
//	build     every decision about Go: names, types (with union and method)
//	render    the model as source, through templates
//	drift     what is on disk against what should be
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
//     A string or an integer is wire.RequestID. Other alternatives of scalars
//     only are wire.Raw.
//   - A string with enum is an open string type with constants; a definition
//     that is a string of format uuid is a string type of its own. Other named
//     strings are plain strings.
//   - A required member is a plain value. An optional number, boolean or struct
//     is a pointer; an optional string, slice or map is plain, its zero value
//     meaning absent. A required member that may be null is a pointer.
//   - A required constant member is no field; it is checked and written. An
//     optional one is an ordinary field.
//   - allOf is merged; where two parts describe one member the later counts.
//   - anyOf and oneOf are the same: a union, told apart by the kind of JSON
//     value, then by a member that is constant in every variant, then by a
//     member that only one of them requires. Never by trying. A union that
//     refers to a union has its variants.
//   - Two anonymous unions of the same variants are one type.
//
// # Messages
//
//   - An object whose member method is constant is a message. XRequest becomes
//     the method value X, joined to its params and to XResult, or to EmptyResult
//     where there is no XResult; XNotification likewise, without a result.
//   - Params are called XParams, also when the schema's name for them is
//     XRequestParams or XNotificationParams. A union of params is boxed in a
//     struct.
//   - A message is a type as well where another type refers to it.
//
// # Names
//
// Names become PascalCase with Go's initialisms; of a namespaced name only what
// follows the last slash counts. An anonymous object is named after its parent
// and member. Two things with one name are an error that an overlay resolves.
package gen
