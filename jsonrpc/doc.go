// Package jsonrpc joins two peers that speak JSON-RPC 2.0 over anything that moves messages.
//
// A [Conn] is one end of the conversation. It knows bytes, ids and method names, and no message of any protocol
// above it: a [Handler] says what the peer may ask, [Conn.Call] and [Conn.Notify] ask the peer.
//
//	conn := jsonrpc.New(jsonrpc.Options{Handler: &jsonrpc.Methods{
//		Requests: map[string]*jsonrpc.RequestHandler{
//			"add": jsonrpc.HandleRequest(Add, func(ctx context.Context, p AddParams) (AddResult, error) {
//				return AddResult{Sum: p.A + p.B}, nil
//			}),
//		},
//	}})
//	err := conn.Serve(ctx, jsonrpc.Lines(os.Stdin, os.Stdout, jsonrpc.Limits{}))
//
// A Conn is passive at heart. [Conn.Serve] reads one [Transport] until it ends; where every message comes on its own
// (an HTTP POST), [Conn.Deliver] handles one message and sends what belongs to it to a [Writer] of its own, and the
// Conn holds no goroutine between two messages. Both may be used by any number of goroutines.
//
// # Requests of the peer
//
// Every request gets exactly one response, which carries its id:
//
//   - its method is unknown: -32601;
//   - its params are missing or do not decode: -32602, the text names the path (tools/call params.name: missing);
//   - it has no usable id (null, 1.5, true), or its method is no string, or its id is in flight already: -32600;
//   - its line is not JSON: -32700, with the id null;
//   - it is JSON but no message, has a member twice, or is over a limit: -32600, with the id where one could be read;
//   - its handler returned an [*Error]: that; another error: -32603 with its text;
//   - its handler panicked: -32603; the stack is logged and the conversation goes on.
//
// An id is a string or an integer; 1.0 is the integer 1. Params that are null count as missing. A message with a method
// and without an id is a notification and is never answered, not even with an error. A "jsonrpc" member that is
// missing or is not "2.0" is tolerated unless [Options.RequireVersion] is set.
//
// A request that the peer cancelled ([Conn.Cancel]) gets no response; its handler's context ends, and its slot is free
// once the handler has returned. A handler's context also ends when the connection ends, and when the handler has
// returned (but for Inline ones on a stream, which have no context of their own).
//
// A batch is -32600 unless [Options.Batches] allows it. Then its messages are handled in turn and their responses
// are written as one array when the last one is there; without responses nothing is written.
//
// # Order
//
// On a stream ([Conn.Serve]) messages are looked at in the order in which they came:
//
//   - a notification is handled before anything after it is looked at, responses included: who waits for a call
//     knows that the notifications sent before the response have been handled;
//   - a request of Order [Concurrent] (the default) runs in its own goroutine;
//   - one of Order [Inline] runs on the reading goroutine, without a goroutine of its own: for quick answers;
//   - one of Order [Ordered] is complete before the next message is looked at, or has called [Release].
//
// [RequestHandler.OrderOf] can decide by the params of each request.
//
// As nothing is read meanwhile, a call to the peer made by a notification handler, by an Inline handler or by an
// Ordered one before Release could never be answered: it fails at once with [ErrInOrder]. A handler that starts work
// which outlives it gives that work the context made by [Detach].
//
// With [Conn.Deliver] a message has been handled when Deliver returns, so messages delivered one after the
// other keep their order and those delivered at the same time have none.
//
// # Calls to the peer
//
// Ids are minted in one place, count up from 1 and are never reused. A response with an id that nobody waits for is
// dropped and counted ([Conn.Stats]), and so is an error with the id null, which is logged too. When the context of a
// call ends, [Options.OnCancel] can tell the peer, and the call fails with the context's cause; a late response is
// dropped. When the connection ends, every pending call fails with the reason. A response that does not decode fails
// its call.
//
// Calls and notifications made with the context of a handler belong to its request: they go to the Writer of that
// request and carry its id as [Outgoing.Related], until it has been answered. Others go to the transport or to
// the Writer of [Conn.SetWriter].
//
// # Writing
//
// A write never splits a message and never mixes two. Output that the peer does not read waits in a queue of
// Limits.MaxQueue bytes. When it is full, handlers and callers wait until their context ends. Answers that are
// written before reading goes on (refusals, Inline and Ordered requests) may fill the queue a second time, so that two
// peers who do not read because both write get out of it; then they wait too, and the peer cannot send any more. When
// the peer has taken nothing for Limits.WriteStall while somebody waits, the connection ends with [ErrStalled]. The
// queue belongs to the transport: [Lines] and [Pipe] have one, a Writer of your own has its own policy.
//
// # Limits
//
// Everything a peer can make grow has a limit in [Limits], with a default, and the error names it. A request
// beyond Limits.MaxConcurrent is refused with -32603 rather than held back, because to stop reading would also
// stop the responses and cancellations that let the others finish. A line beyond MaxMessage is skipped to its end and
// answered with -32600, its bytes are not kept, and the conversation goes on.
//
// # The end
//
// Serve returns nil when the peer has closed its side, and else the reason. At the end of input, requests in flight
// may go on for Options.Linger; then their contexts end and they have Limits.Grace to return, and what they answer is
// still written if the peer reads it. [Conn.Close] does the same from our side and returns within Grace or the life of
// its context, whatever the peer does. No goroutine is left but one that waits in a Read, Write or handler which
// cannot be interrupted.
package jsonrpc
