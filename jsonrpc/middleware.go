package jsonrpc

import (
	"context"

	"github.com/codexmcp/codexmcp/wire"
)

// A CallFunc takes a request or notification to what serves it: a handler, or the peer. A notification has no result.
type CallFunc func(ctx context.Context, method string, params wire.Value) (wire.Value, error)

// A Middleware wraps calls, on their way to a handler or to the peer. Params and results are pointers to generated
// types; they may be looked at, and replaced by others of their type.
type Middleware func(next CallFunc) CallFunc

// Wrap puts middleware around a call, the first outermost.
func Wrap(around []Middleware, call CallFunc) CallFunc {
	for i := len(around) - 1; i >= 0; i-- {
		call = around[i](call)
	}
	return call
}
