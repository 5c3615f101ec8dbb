package tap

import (
	"strings"
	"time"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
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
