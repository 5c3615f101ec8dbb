package tap

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/codexmcp/codexmcp/wire"
)

// maxPending is how many unanswered requests of a side are remembered.
const maxPending = 10_000

// A Side is one of the two peers.
type Side string

// The sides.
const (
	Client Side = "client"
	Server Side = "server"
)

func (s Side) other() Side {
	if s == Client {
		return Server
	}
	return Client
}

// A Note is what can be said of one message.
type Note struct {
	From Side
	// Kind is request, notification, response or invalid.
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
}

// A Checker follows one conversation. Its methods may be called by several
// goroutines.
type Checker struct {
	mu       sync.Mutex // protects what follows
	revision string
	opened   bool // initialize has been answered, or the revision needs none
	waiting  map[Side]map[string]question
	used     map[Side]map[string]bool
}

// A question is a request that was not answered yet.
type question struct {
	method string
	at     time.Time
}

// NewChecker returns a checker for a conversation that begins now.
func NewChecker() *Checker {
	return &Checker{
		waiting: map[Side]map[string]question{Client: {}, Server: {}},
		used:    map[Side]map[string]bool{Client: {}, Server: {}},
	}
}

// Revision is the one that was agreed on so far; empty before.
func (c *Checker) Revision() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.revision
}

// Unanswered are the requests of a side that nobody has answered.
func (c *Checker) Unanswered(side Side) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiting[side])
}

// Message notes what a side has sent, a line without its end, at a time.
func (c *Checker) Message(from Side, line []byte, at time.Time) Note {
	n := Note{From: from, Kind: "invalid"}
	raw, err := wire.ParseRaw(line)
	if err != nil {
		n.Faults = append(n.Faults, err.Error())
		return n
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if raw.Kind() == wire.KindArray {
		n.Kind = "batch"
		if n.Body = raw; c.revision != "2025-03-26" {
			n.fault("a batch, which only revision 2025-03-26 has")
		}
		return n
	}
	var m wire.Members
	if raw.Kind() != wire.KindObject || raw.Decode(&m) != nil {
		n.fault("want an object, got %s", raw.Kind())
		return n
	}
	if version, ok := m.Get("jsonrpc"); !ok {
		n.fault("jsonrpc: missing")
	} else if version.String() != `"2.0"` {
		n.fault(`jsonrpc: want "2.0", got %s`, version)
	}
	id, hasID := m.Get("id")
	n.ID = id.String()
	method, hasMethod := m.Get("method")
	_, hasResult := m.Get("result")
	_, hasError := m.Get("error")
	if hasMethod && method.Decode(&n.Method) != nil {
		n.fault("method: want a string, got %s", method.Kind())
	}
	switch {
	case hasMethod && hasID:
		n.Kind = "request"
		c.request(&n, m, raw, at)
	case hasMethod:
		n.Kind = "notification"
		c.notification(&n, m, raw)
	case hasResult || hasError:
		n.Kind = "response"
		c.response(&n, m, at)
	default:
		n.fault("neither method, result nor error")
	}
	return n
}

func (n *Note) fault(format string, args ...any) {
	n.Faults = append(n.Faults, fmt.Sprintf(format, args...))
}

func (c *Checker) request(n *Note, m wire.Members, raw wire.Raw, at time.Time) {
	n.Body, _ = m.Get("params")
	n.idFault()
	if c.used[n.From][n.ID] {
		n.fault("id: %s was used before", n.ID)
	}
	if len(c.waiting[n.From]) < maxPending && len(c.used[n.From]) < 100*maxPending {
		c.used[n.From][n.ID] = true
		c.waiting[n.From][n.ID] = question{n.Method, at}
	}
	switch version := declared(n.Body); {
	case n.Method == "initialize" && n.From == Client:
		var p struct {
			ProtocolVersion string `json:"protocolVersion"`
		}
		if !n.Body.IsZero() && n.Body.Decode(&p) == nil {
			c.revision = known(p.ProtocolVersion)
		}
	case version != "":
		c.revision, c.opened = known(version), true
	case !c.opened && n.Method != "ping" && n.From == Client:
		n.fault("a request before initialize was answered")
	}
	c.check(n, raw, "Request")
}

// declared is the revision that a request itself says it is of.
func declared(params wire.Raw) string {
	var p struct {
		Meta struct {
			Version string `json:"io.modelcontextprotocol/protocolVersion"`
		} `json:"_meta"`
	}
	if params.IsZero() || params.Decode(&p) != nil {
		return ""
	}
	return p.Meta.Version
}

func (c *Checker) notification(n *Note, m wire.Members, raw wire.Raw) {
	n.Body, _ = m.Get("params")
	if n.Method == "notifications/cancelled" {
		var p struct {
			RequestID wire.Raw `json:"requestId"`
		}
		if !n.Body.IsZero() && n.Body.Decode(&p) == nil && !p.RequestID.IsZero() {
			// No answer has to come any more, and none must.
			if _, ok := c.waiting[n.From][p.RequestID.String()]; !ok && !c.used[n.From][p.RequestID.String()] {
				n.fault("params.requestId: there is no request %s", p.RequestID)
			}
			delete(c.waiting[n.From], p.RequestID.String())
		}
	}
	c.check(n, raw, "Notification")
}

func (c *Checker) response(n *Note, m wire.Members, at time.Time) {
	result, hasResult := m.Get("result")
	refusal, hasError := m.Get("error")
	if hasResult && hasError {
		n.fault("both result and error")
	}
	asker := n.From.other()
	asked, ok := c.waiting[asker][n.ID]
	delete(c.waiting[asker], n.ID)
	switch {
	case ok:
		n.Method, n.Latency = asked.method, at.Sub(asked.at)
	case hasError && (n.ID == "" || n.ID == "null"): // it could not read the id
	case c.used[asker][n.ID]:
		n.fault("id: %s was answered before, or cancelled", n.ID)
	default:
		n.fault("id: there is no request %s", n.ID)
	}
	if hasError {
		n.Body, n.Failed, n.Type = refusal, true, "Error"
		n.Faults = append(n.Faults, errorFaults(refusal)...)
		return
	}
	n.Body = result
	if ok && asked.method == "initialize" {
		var r struct {
			ProtocolVersion string `json:"protocolVersion"`
		}
		if result.Decode(&r) == nil {
			if c.revision = known(r.ProtocolVersion); c.revision == "" {
				n.fault("result.protocolVersion: there is no revision %q", r.ProtocolVersion)
			}
		}
		c.opened = true
	}
	if ok {
		var failed struct {
			IsError bool `json:"isError"`
		}
		n.Failed = asked.method == "tools/call" && result.Decode(&failed) == nil && failed.IsError
		n.Type, n.Faults = c.rules().result(asked.method, result, n.Faults)
	}
}

func errorFaults(refusal wire.Raw) []string {
	var m wire.Members
	if refusal.Kind() != wire.KindObject || refusal.Decode(&m) != nil {
		return []string{"error: want an object, got " + refusal.Kind().String()}
	}
	var faults []string
	if code, ok := m.Get("code"); !ok {
		faults = append(faults, "error.code: missing")
	} else if code.Kind() != wire.KindNumber || strings.ContainsAny(code.String(), ".eE") {
		faults = append(faults, "error.code: want an integer, got "+code.String())
	}
	if message, ok := m.Get("message"); !ok {
		faults = append(faults, "error.message: missing")
	} else if message.Kind() != wire.KindString {
		faults = append(faults, "error.message: want a string, got "+message.Kind().String())
	}
	return faults
}

func (n *Note) idFault() {
	var id wire.RequestID
	if id.UnmarshalJSON([]byte(n.ID)) != nil {
		n.fault("id: want a string or an integer, got %s", n.ID)
	}
}

// check validates a request or notification against its type.
func (c *Checker) check(n *Note, raw wire.Raw, suffix string) {
	n.Type, n.Faults = c.rules().message(n.Method, suffix, raw, n.Faults)
}

func (c *Checker) rules() *rules { return rulesOf(c.revision) }
