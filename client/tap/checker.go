package tap

import (
	"slices"
	"sync"
	"time"

	"github.com/codexmcp/codexmcp/wire"
)

// maxPending is how many unanswered requests of a side are remembered.
const maxPending = 10_000

// A Checker follows one conversation. Its methods may be called by several
// goroutines.
type Checker struct {
	// Known, if set, reports methods beside those of MCP that a side may use.
	Known func(from Side, method string) bool

	mu       sync.Mutex // protects what follows
	revision string
	phase    phase
	served   bool // a request that says its revision itself has had a result
	waiting  map[Side]map[string]question
	used     map[Side]map[string]bool
	dropped  map[Side]map[string]bool      // cancelled: an answer may still be on its way
	progress map[Side]map[string]*progress // by token, of requests that wait
	declared map[Side]wire.Members         // capabilities, once they are known
}

// A phase is how far a conversation has come.
type phase int

const (
	phaseSilent    phase = iota // nothing has been agreed on
	phaseAnswered               // initialize has been answered
	phaseOpen                   // the client has said that it is ready
	phaseStateless              // every request says what it needs
)

// NewChecker returns a checker for a conversation that begins now.
func NewChecker() *Checker {
	c := &Checker{
		waiting: map[Side]map[string]question{}, used: map[Side]map[string]bool{}, dropped: map[Side]map[string]bool{},
		progress: map[Side]map[string]*progress{}, declared: map[Side]wire.Members{},
	}
	for _, side := range []Side{Client, Server} {
		c.waiting[side], c.used[side], c.dropped[side] = map[string]question{}, map[string]bool{}, map[string]bool{}
		c.progress[side] = map[string]*progress{}
	}
	return c
}

// Revision is the one that was agreed on so far; empty before.
func (c *Checker) Revision() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.revision
}

// Unanswered are the requests of a side that nobody has answered, by their ids
// and methods.
func (c *Checker) Unanswered(side Side) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []string
	for id, q := range c.waiting[side] {
		if q.method != "subscriptions/listen" { // it is answered when nobody listens any more
			all = append(all, "#"+id+" "+q.method)
		}
	}
	slices.Sort(all)
	return all
}

// Message notes what a side has sent, a line without its end, at a time.
func (c *Checker) Message(from Side, line []byte, at time.Time) Note {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := Note{From: from, Kind: "invalid"}
	raw, err := wire.ParseRaw(line)
	switch {
	case err != nil:
		n.fault("%v", err)
	case raw.Kind() == wire.KindArray:
		n.Kind, n.Body = "batch", raw
		c.batch(&n, at)
	default:
		c.message(&n, raw, at)
	}
	return n
}

// batch notes several messages in one line.
func (c *Checker) batch(n *Note, at time.Time) {
	if c.revision != "2025-03-26" {
		n.fault("a batch, which only revision 2025-03-26 has")
	}
	var all []wire.Raw
	if err := n.Body.Decode(&all); err != nil {
		n.fault("%v", err)
	}
	if len(all) == 0 {
		n.fault("a batch without messages")
	}
	for i, raw := range all {
		one := Note{From: n.From, Kind: "invalid"}
		c.message(&one, raw, at)
		for _, fault := range one.Faults {
			if len(n.Faults) < maxFaults {
				n.fault("[%d] %s", i, fault)
			}
		}
	}
}

// message notes one message.
func (c *Checker) message(n *Note, raw wire.Raw, at time.Time) {
	var m wire.Members
	if raw.Kind() != wire.KindObject || raw.Decode(&m) != nil {
		n.fault("want an object, got %s", raw.Kind())
		return
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
	if hasMethod && (hasResult || hasError) {
		n.fault("both a method and an answer")
	}
	switch {
	case hasMethod && hasID:
		n.Kind = "request"
		c.request(n, m, raw, at)
	case hasMethod:
		n.Kind = "notification"
		c.notification(n, m, raw)
	case hasResult || hasError:
		n.Kind = "response"
		c.response(n, m, at)
	default:
		n.fault("neither method, result nor error")
	}
}

// check validates a request or notification: against its type, who may send it,
// and what its receiver has declared.
func (c *Checker) check(n *Note, raw wire.Raw) {
	if c.Known != nil && c.Known(n.From, n.Method) {
		return
	}
	n.Type, n.Faults = rulesOf(c.revision).message(n.From, n.Method, n.Kind, raw, n.Faults)
	if missing := c.undeclared(n); missing != "" {
		n.Faults = append(n.Faults, missing)
	}
}
