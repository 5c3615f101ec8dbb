package server

import (
	"slices"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// A revision is what the server knows of one revision of the protocol: what may
// be asked and sent in it, and how what a handler returned is made to fit. Each
// has a file of its own.
type revision struct {
	name string
	// stateless revisions have no handshake and no requests of the server: a
	// request says of itself what a session otherwise knows.
	stateless bool
	// batches are legal.
	batches bool
	// resumes: a stream may end before its answer, which the client then fetches.
	resumes bool
	// serves and sends are the methods of the protocol that clients may ask and
	// that a server may send.
	serves, sends map[string]bool
	// fit makes a result that a handler returned one of this revision, in place
	// but without touching what it points to.
	fit func(s *Server, result wire.Value)
	// notFound is the code for a resource that does not exist.
	notFound int64
}

// Codes that this protocol defines beside those of JSON-RPC.
const (
	CodeResourceNotFound    int64 = -32002 // the resource does not exist; -32602 from 2026-07-28 on
	CodeHeaderMismatch      int64 = -32020 // the HTTP headers do not say what the message says
	CodeMissingCapability   int64 = -32021 // the client did not declare what the request needs
	CodeUnsupportedRevision int64 = -32022 // the server does not speak the revision of the request
	CodeURLsRequired        int64 = -32042 // a person must visit web pages first; 2025-11-25 only
)

// revisions are those the server speaks, the newest first.
var revisions = []*revision{revision20260728, revision20251125, revision20250618, revision20250326, revision20241105}

// Revisions are the protocol revisions a client can speak, the newest first.
var Revisions = names(func(*revision) bool { return true })

// handshakes are those that a session is opened with.
var handshakes = names(func(r *revision) bool { return !r.stateless })

func names(which func(*revision) bool) []string {
	var out []string
	for _, r := range revisions {
		if which(r) {
			out = append(out, r.name)
		}
	}
	return out
}

// revisionOf returns a revision by its name, nil if there is none.
func revisionOf(name string) *revision {
	for _, r := range revisions {
		if r.name == name {
			return r
		}
	}
	return nil
}

// protocol holds every method that any revision defines. Others are extensions,
// and legal in all of them.
var protocol = func() map[string]bool {
	all := map[string]bool{}
	for _, r := range revisions {
		for m := range r.serves {
			all[m] = true
		}
		for m := range r.sends {
			all[m] = true
		}
	}
	return all
}()

// answers reports whether the revision has a request method of clients.
func (r *revision) answers(method string) bool { return r.serves[method] || !protocol[method] }

// may reports whether a server may send a request or notification.
func (r *revision) may(method string) bool { return r.sends[method] || !protocol[method] }

// set makes a set of lists of methods.
func set(lists ...[]string) map[string]bool {
	out := map[string]bool{}
	for _, method := range slices.Concat(lists...) {
		out[method] = true
	}
	return out
}

// without returns members without some names, leaving the given ones as they are.
func without(m wire.Members, names ...string) wire.Members {
	cloned := false
	for _, name := range names {
		if _, found := m.Get(name); !found {
			continue
		}
		if !cloned {
			m, cloned = m.Clone(), true
		}
		m.Delete(name)
	}
	return m
}

// with returns members with one more, leaving the given ones as they are.
func with(m wire.Members, name string, value wire.Raw) wire.Members {
	m = m.Clone()
	m.Set(name, value)
	return m
}

// each returns a copy of list in which change has been at every element.
func each[T any](list []T, change func(*T)) []T {
	out := slices.Clone(list)
	for i := range out {
		change(&out[i])
	}
	return out
}

// blocks returns content in which change may replace blocks.
func blocks(list []mcptypes.ContentBlock, change func(mcptypes.ContentBlock) mcptypes.ContentBlock) []mcptypes.ContentBlock {
	return each(list, func(b *mcptypes.ContentBlock) { *b = change(*b) })
}

// unsupported refuses a revision that the server does not speak.
func unsupported(requested string) *jsonrpc.Error {
	e := jsonrpc.Errorf(CodeUnsupportedRevision, "protocol revision %q is not supported", requested)
	e.Data = unsupportedData(requested)
	return e
}
