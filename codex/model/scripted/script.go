package scripted

import (
	"net/http"

	"github.com/codexmcp/codexmcp/wire"
)

// A Reply is the answer to one request. The zero Reply is an answer that says nothing and completes.
type Reply struct {
	// When keeps the reply for requests whose body contains this text.
	When string
	// Forever keeps the reply for later requests too.
	Forever bool

	// Reasoning is the summary of the reasoning, one text for each section. The chat API has no
	// summaries: it gets them as reasoning.
	Reasoning []string
	// RawReasoning are the pieces of the reasoning itself.
	RawReasoning []string
	// EncryptedReasoning goes with the reasoning on the responses API.
	EncryptedReasoning string
	// Text are the pieces of what the model says.
	Text []string
	// Calls are the tools that it calls.
	Calls []Call
	// Items are further output items for the responses API, as they are.
	Items []wire.Raw
	// Usage is what the endpoint says about tokens, nothing when it is nil.
	Usage *Usage

	// Data replaces all of the above: the data of server-sent events, whatever it is.
	Data []string

	// Hold keeps the reply back after HoldAfter events, until the channel is closed.
	Hold      <-chan struct{}
	HoldAfter int

	// End is how the reply ends.
	End End
	// Code and Message are what [EndFailed] says, [EndCutOff] has its reason in Code.
	Code, Message string

	// Status other than 0 answers with this status and Body instead of a stream. Headers are added to
	// either.
	Status  int
	Headers http.Header
	Body    string
}

// A Call is a tool call of the model.
type Call struct {
	ID        string
	Name      string
	Arguments string // JSON, or what is to be taken for it
}

// Usage counts tokens. The total is the sum of input and output.
type Usage struct {
	Input, CachedInput, Output, ReasoningOutput int64
}

// End is how a reply ends.
type End int

// The ends of a reply.
const (
	EndComplete End = iota // as it should
	EndSilent              // the stream ends without saying that it is complete
	EndFailed              // the endpoint reports a failure in the stream
	EndCutOff              // the model stopped before it was done
	EndDrop                // the connection breaks in the middle of an event
	EndRefuse              // the connection is closed before anything is answered
	EndHang                // the stream stays open and says nothing more, completed or not
	EndOpen                // complete, but the stream stays open
)
