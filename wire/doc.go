// Package wire is the JSON runtime that generated code calls, and the types that all generated packages share:
// [Raw], [Members], [RequestID], and the method values [Request] and [Notification].
//
// A generated type implements [Value]. Its decoder is a loop over the members with one case each, its encoder a line
// per member; all behaviour is here:
//
//	func (x *Point) DecodeJSON(d *wire.Decoder) {
//		*x = Point{}
//		var seen uint64
//		for k, ok := d.First(); ok; k, ok = d.Next() {
//			switch k {
//			case "x":
//				d.Once(&seen, 1<<0)
//				x.X = d.Int()
//			case "label":
//				d.Once(&seen, 1<<1)
//				x.Label = d.OptString(&x.Extra, "label")
//			default:
//				d.Extra(&x.Extra, k)
//			}
//		}
//		d.Require(seen, 1<<0, "x")
//	}
//
//	func (x *Point) EncodeJSON(e *wire.Encoder) {
//		e.Object()
//		e.Int(`"x":`, x.X)
//		e.OptString(`"label":`, x.Label, x.Extra)
//		e.EndObject(x.Extra, pointMembers)
//	}
//
// [Unmarshal] and [Append] run them; so do [Raw.Decode] and [RawOf]. Whoever owns a stream keeps a [Decoder] and an
// [Encoder] of its own and resets them.
//
// # What is promised
//
// Decoding is strict, in a single pass, and stops at the first failure:
//
//	input                                                     what happens
//	not JSON; text after the value                            error, Syntax
//	invalid UTF-8, half of a surrogate pair                   error, Syntax
//	a control character in a string                           error, Syntax
//	a member twice, at any depth, in a Raw too, however       error, Invalid
//	    its name is spelled
//	more than MaxDepth containers in one another              error, Invalid
//	a required member missing or null; another kind of value  error, Mismatch
//	1.0 or 1e2 for an integer                                 1 and 100
//	1.5 for an integer, an integer beyond int64               error, Mismatch
//	1e400 for a number                                        error, Mismatch
//	9007199254740993 for a number of a required or optional   its digits are remembered and written back
//	    member
//	null or "" for an optional member                         absent, remembered and written back
//	an unknown member                                         kept in order, written back
//	an id like 1.0                                            the integer 1
//	an id like 18446744073709551616                           kept digit for digit, up to 64 digits
//	an id like 1.5, 1e400, null                               error, Mismatch
//	"Name" for the member "name"                              an unknown member
//
// The kinds of [Error] follow the codes of JSON-RPC. Mismatch means that the text as a whole is JSON and breaks
// none of the other rules, wherever in it the mismatch is: that is made sure of once something has failed.
// Errors name the path to the value and the offence, and quote at most a few bytes from outside.
//
// [Unmarshal] and [Decoder.ResetBytes] borrow their text: values keep copies of what they need. Of a text given as a
// string values keep parts, but only where that holds little: strings and raw values shorter than an eighth of a
// message of more than 1 KiB are copies.
//
// Encoding writes one line. It fails for strings that are not UTF-8, for numbers that JSON has no form for, and for
// required values that are absent. It escapes what JSON requires and nothing else. A [Raw] goes out byte for byte as it
// came, but for line ends between its tokens.
//
// Time and memory are in proportion to the text, whatever is in it; what is looked ahead into, for the sake of a union, is
// read twice, but for long strings.
package wire
