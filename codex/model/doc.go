// Package model asks language models, over the chat completions API and over the responses API.
//
//	endpoint := model.New(provider, model.Options{UserAgent: agent, Originator: "codex_cli_rs"})
//	for event, err := range endpoint.Stream(ctx, model.Request{Model: "gpt-5", Input: history, Tools: tools}) {
//		if err != nil {
//			delay, again := model.Retryable(err) // the turn's own attempts, see Provider.StreamRetries
//			...
//		}
//		switch e := event.(type) {
//		case model.TextDelta: // show it
//		case model.ItemDone: // record it, and run it if it is a call
//		case model.Completed: // count e.Usage
//		}
//	}
//
// A conversation is told in the items of the responses API ([mcpprotocol.ResponseItem]); for the chat
// API they are translated both ways. Both give the same events.
//
// # Promises
//
//   - An answer ends with [Completed] or with an error, and what arrived before an error was given out.
//     An answer that says that it is complete is complete, whether or not the connection is closed;
//     one that was cut off is an [IncompleteError], and calls it may not have finished are not given
//     out. A chat answer that just ends after some text counts as complete, since many servers end so.
//   - Requests are sent again after 429, 5xx and a failed connection, [Provider.RequestRetries] times,
//     after the time that Retry-After says or [Backoff]; other statuses fail at once. After 401 the
//     credentials are renewed once, if they are of a login. What else may be tried again is told by
//     [Retryable] and left to the caller, who has to tell people.
//   - Credentials of a login go only to a provider that requires them; redirects are not followed.
//   - Everything is bounded: an event, an answer, what is put together of pieces, the number of calls,
//     the body of an error, the time that an endpoint may be silent while it answers (the time of the
//     consumer does not count) and the time that it may ask to wait.
//   - Streaming starts no goroutines of its own. Leaving the loop or ending ctx ends the request.
//     Connections are kept for the next request.
//   - Data that is not JSON, events and items of unknown kinds are skipped.
//
// # The OpenAI library
//
// Requests are built from the types of github.com/openai/openai-go, sent by its client and its types
// read the events. It is gone around where it stands in the way:
//
//   - Its defaults from the environment (OPENAI_API_KEY, OPENAI_BASE_URL and others) would send
//     credentials to whom they are not meant for, so the client is made without them.
//   - Retries, headers (it sends several about itself), the URL (it puts slashes in order, and some
//     gateways want theirs as written) and errors (it reads bodies without a bound, and fails on
//     errors of an unusual shape) are set in a middleware, with its own retries off.
//   - Its stream ends at the first event that is not JSON, and bounds lines but not events, so events
//     are split here and only their data is decoded with its types.
//   - The conversation goes into a request as our own codec writes it, and items come out of the raw
//     JSON that it keeps: its types would lose members, and its encoder checks and copies what it is
//     given at every level of nesting.
package model
