package tap

import (
	"fmt"
	"time"

	"github.com/codexmcp/codexmcp/client/tap/transcript"
	"github.com/codexmcp/codexmcp/wire"
)

// A Side is one of the two peers.
type Side = transcript.Side

// The sides.
const (
	Client = transcript.SideClient
	Server = transcript.SideServer
)

func other(s Side) Side {
	if s == Client {
		return Server
	}
	return Client
}

// A Note is what can be said of one message.
type Note struct {
	From Side
	// Kind is request, notification, response, batch or invalid.
	Kind string
	// Method is that of the message, or of the request it answers.
	Method string
	// ID is the id as it is written; empty if there is none.
	ID string
	// Type is the message's type in the schema; empty for what is not in it.
	Type string
	// Latency is how long a response took.
	Latency time.Duration
	// Body is the params, the result or the error.
	Body wire.Raw
	// Failed is set on a response that is an error, or a tool's result that is one.
	Failed bool
	// Faults are what is wrong, each with its place in the message.
	Faults []string
	// Remarks are what is right and still worth a look.
	Remarks []string
}

func (n *Note) fault(format string, args ...any) {
	n.Faults = append(n.Faults, fmt.Sprintf(format, args...))
}

func (n *Note) idFault() {
	var id wire.RequestID
	if id.UnmarshalJSON([]byte(n.ID)) != nil {
		n.fault("id: want a string or an integer, got %s", n.ID)
	}
}

// rawAt is the value at a path of members; zero if there is none.
func rawAt(raw wire.Raw, path ...string) wire.Raw {
	for _, name := range path {
		var m wire.Members
		if raw.Kind() != wire.KindObject || raw.Decode(&m) != nil {
			return wire.Raw{}
		}
		raw, _ = m.Get(name)
	}
	return raw
}

// textAt is the string at a path of members; empty if there is none.
func textAt(raw wire.Raw, path ...string) string {
	var text string
	if value := rawAt(raw, path...); value.Kind() != wire.KindString || value.Decode(&text) != nil {
		return ""
	}
	return text
}
