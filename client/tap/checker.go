package tap

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/codexmcp/codexmcp/client/tap/transcript"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// maxPending is how many unanswered requests of a side are remembered.
const maxPending = 10_000

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

// A question is a request that was not answered yet.
type question struct {
	method   string
	revision string // of the conversation when it was asked
	token    string // for progress; empty without one
	at       time.Time
}

// A progress is how far a request has come, as it was told.
type progress struct {
	told bool
	last float64
}

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

func (c *Checker) request(n *Note, m wire.Members, raw wire.Raw, at time.Time) {
	n.Body, _ = m.Get("params")
	n.idFault()
	if c.used[n.From][n.ID] {
		n.fault("id: %s was used before", n.ID)
	}
	version := textAt(n.Body, "_meta", versionMember)
	switch {
	case n.Method == mcptypes.Initialize.Method && n.From == Client:
		c.initialize(n)
	case version != "" && n.From == Client:
		c.statelessRequest(n, version)
	}
	if len(c.waiting[n.From]) < maxPending && len(c.used[n.From]) < 100*maxPending {
		token := rawAt(n.Body, "_meta", "progressToken").String()
		if token != "" {
			c.progress[n.From][token] = &progress{}
		}
		c.used[n.From][n.ID] = true
		if !strings.HasPrefix(n.Method, "notifications/") { // which nobody would answer
			c.waiting[n.From][n.ID] = question{n.Method, c.revision, token, at}
		}
	}
	c.order(n)
	c.check(n, raw)
}

// versionMember and capabilitiesMember say in the _meta of a request what the
// handshake says in revisions that have one.
const (
	versionMember      = "io.modelcontextprotocol/protocolVersion"
	capabilitiesMember = "io.modelcontextprotocol/clientCapabilities"
)

// initialize notes what a client opens a conversation with.
func (c *Checker) initialize(n *Note) {
	switch c.phase {
	case phaseAnswered, phaseOpen:
		n.fault("initialize comes again in a conversation that is open")
	case phaseStateless:
		if c.served {
			n.fault("initialize in a conversation of revision %s, which has no handshake", c.revision)
		}
		c.phase = phaseSilent // the client tries what older servers know
	}
	asked := textAt(n.Body, "protocolVersion")
	if c.revision = known(asked); c.revision == "" && asked != "" {
		n.fault("params.protocolVersion: there is no revision %q", asked)
	}
	c.declare(Client, rawAt(n.Body, "capabilities"))
}

// statelessRequest notes what a request says itself of the conversation.
func (c *Checker) statelessRequest(n *Note, version string) {
	switch {
	case known(version) == "":
		n.fault("params._meta[%q]: there is no revision %q", versionMember, version)
		return
	case c.phase == phaseAnswered || c.phase == phaseOpen:
		if version != c.revision {
			n.fault("params._meta[%q]: %q, but %q was agreed on", versionMember, version, c.revision)
		}
		return
	}
	c.revision, c.phase = version, phaseStateless
	c.declare(Client, rawAt(n.Body, "_meta", capabilitiesMember))
}

func (c *Checker) declare(side Side, capabilities wire.Raw) {
	var m wire.Members
	if capabilities.Kind() == wire.KindObject && capabilities.Decode(&m) == nil {
		c.declared[side] = m
	}
}

// order notes a message that comes too early.
func (c *Checker) order(n *Note) {
	switch {
	case n.Method == mcptypes.Initialize.Method || n.Method == mcptypes.Ping.Method || c.phase == phaseStateless || c.phase == phaseOpen:
	case n.Method == mcptypes.LoggingMessage.Method || n.Method == mcptypes.Cancelled.Method || n.Method == mcptypes.Progress.Method:
	case n.From == Client && n.Method == mcptypes.Initialized.Method:
		if c.phase == phaseAnswered {
			c.phase = phaseOpen
		} else {
			n.fault("%s before initialize was answered", n.Method)
		}
	case n.From == Client && c.phase == phaseSilent:
		n.fault("a %s before initialize was answered", n.Kind)
	case n.From == Server && c.phase == phaseSilent:
		n.fault("a %s before initialize was answered", n.Kind)
	case n.From == Server && n.Kind == "request":
		n.fault("a request before %s", mcptypes.Initialized.Method)
	}
}

func (c *Checker) notification(n *Note, m wire.Members, raw wire.Raw) {
	n.Body, _ = m.Get("params")
	switch n.Method {
	case mcptypes.Cancelled.Method:
		c.cancelled(n)
	case mcptypes.Progress.Method:
		c.progressed(n)
	}
	c.order(n)
	c.check(n, raw)
}

// cancelled notes that no answer has to come any more. One may be on its way.
func (c *Checker) cancelled(n *Note) {
	id := rawAt(n.Body, "requestId").String()
	q, waits := c.waiting[n.From][id]
	switch {
	case id == "":
	case waits && q.method == mcptypes.Initialize.Method:
		n.fault("params.requestId: initialize must not be cancelled")
	case waits:
		delete(c.waiting[n.From], id)
		c.dropped[n.From][id] = true
	case !c.used[n.From][id]:
		n.fault("params.requestId: there is no request %s", id)
	}
}

// progressed notes progress, which belongs to a request that waits and only grows.
func (c *Checker) progressed(n *Note) {
	token := rawAt(n.Body, "progressToken")
	p := c.progress[other(n.From)][token.String()]
	if p == nil {
		if !token.IsZero() {
			n.fault("params.progressToken: no request that waits for an answer has the token %s", token)
		}
		return
	}
	var now float64
	if raw := rawAt(n.Body, "progress"); raw.Kind() != wire.KindNumber || raw.Decode(&now) != nil {
		return
	}
	if p.told && now <= p.last {
		n.fault("params.progress: want more than %v, which was told before, got %v", p.last, now)
	}
	p.told, p.last = true, now
}

func (c *Checker) response(n *Note, m wire.Members, at time.Time) {
	result, hasResult := m.Get("result")
	refusal, hasError := m.Get("error")
	if hasResult && hasError {
		n.fault("both result and error")
	}
	asker := other(n.From)
	asked, ok := c.waiting[asker][n.ID]
	delete(c.waiting[asker], n.ID)
	delete(c.progress[asker], asked.token)
	switch {
	case ok:
		n.Method, n.Latency = asked.method, at.Sub(asked.at)
	case hasError && (n.ID == "" || n.ID == "null"): // it could not read the id
	case n.ID == "":
		n.fault("id: missing")
	case c.dropped[asker][n.ID]:
		delete(c.dropped[asker], n.ID) // the two crossed
	case c.used[asker][n.ID]:
		n.fault("id: %s was answered before", n.ID)
	default:
		n.fault("id: there is no request %s", n.ID)
	}
	if hasError {
		n.Body, n.Failed, n.Type = refusal, true, "Error"
		n.Faults = append(n.Faults, errorFaults(refusal)...)
		return
	}
	n.Body = result
	if !ok {
		return
	}
	revision := asked.revision
	c.served = c.served || c.phase == phaseStateless
	switch asked.method {
	case mcptypes.Initialize.Method:
		c.agree(n, asked.revision)
		revision = c.revision
	case "server/discover":
		c.declare(Server, rawAt(result, "capabilities"))
	case mcptypes.CallTool.Method:
		n.Failed = rawAt(result, "isError").String() == "true"
	}
	n.Type, n.Faults = rulesOf(revision).result(asked.method, result, n.Faults)
}

// agree notes what a server answers to initialize.
func (c *Checker) agree(n *Note, asked string) {
	c.phase = phaseAnswered
	c.declare(Server, rawAt(n.Body, "capabilities"))
	offered := textAt(n.Body, "protocolVersion")
	c.revision = known(offered)
	switch {
	case offered == "":
	case c.revision == "":
		n.fault("result.protocolVersion: there is no revision %q", offered)
	case c.revision >= firstStateless:
		n.fault("result.protocolVersion: revision %s has no handshake", offered)
	case asked != "" && offered != asked:
		n.Remarks = append(n.Remarks, fmt.Sprintf("the client asked for revision %s, the server wants %s", asked, offered))
	}
}

// firstStateless is the first revision without a handshake.
const firstStateless = "2026-07-28"

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
