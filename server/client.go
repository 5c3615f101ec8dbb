package server

import (
	"context"
	"fmt"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/mcptypes/mcp20251125"
	"github.com/codexmcp/codexmcp/wire"
)

// Elicit puts a question to the person at the client and waits for the answer.
// In a session of 2026-07-28, where nothing can be asked, it is [ErrNotInRevision]: a
// handler that returns a [*Need] works in all of them.
func Elicit(ctx context.Context, params mcptypes.ElicitParams) (mcptypes.ElicitResult, error) {
	return ask(ctx, mcptypes.Elicit, params)
}

// elicitNewer is elicitation in the form of 2025-11-25.
var elicitNewer = wire.Request[mcp20251125.ElicitParams, mcptypes.ElicitResult]{Method: mcptypes.Elicit.Method}

// ElicitForm is [Elicit] with what forms can have since 2025-11-25: defaults,
// titled choices and choices of several. Older sessions get [ErrNotInRevision].
func ElicitForm(ctx context.Context, params mcp20251125.ElicitFormParams) (mcptypes.ElicitResult, error) {
	return elicitSince20251125(ctx, &params)
}

// ElicitURL sends the person at the client to a web page. It needs a session of
// 2025-11-25 whose client declared that it can.
func ElicitURL(ctx context.Context, params mcp20251125.ElicitURLParams) (mcptypes.ElicitResult, error) {
	return elicitSince20251125(ctx, &params)
}

// RequireURLs returns an error that refuses the current request until the person
// at the client has visited web pages: the client shows them, and tries again.
// [ElicitationDone] tells it when. A session that is not of 2025-11-25, or whose client did not
// declare that it can, gets an error that says so; in 2026-07-28 return a [*Need].
func RequireURLs(message string, pages ...mcp20251125.ElicitURLParams) error {
	e := jsonrpc.Errorf(CodeURLsRequired, "%s", message)
	data, err := wire.RawOf(&mcp20251125.URLElicitationRequiredErrorErrorData{Elicitations: pages})
	if err != nil {
		return fmt.Errorf("web pages to visit: %w", err)
	}
	e.Data = data
	return e
}

// ElicitationDone tells the client that the person has finished with a web page
// that [ElicitURL] or [RequireURLs] sent them to, by the id it was given there.
func ElicitationDone(ctx context.Context, s *Session, id string) error {
	return Tell(ctx, s, mcp20251125.ElicitationComplete, mcp20251125.ElicitationCompleteParams{ElicitationID: id})
}

func elicitSince20251125(ctx context.Context, params mcp20251125.ElicitVariant) (mcptypes.ElicitResult, error) {
	if s := SessionFrom(ctx); s != nil && !s.knows(revision20251125.name) {
		return mcptypes.ElicitResult{}, fmt.Errorf("%s as of %s: %w", elicitNewer.Method, revision20251125.name, ErrNotInRevision)
	}
	return ask(ctx, elicitNewer, mcp20251125.ElicitParams{ElicitVariant: params})
}

// asksURL reports whether params of elicitation/create want a web page.
func asksURL(params wire.Value) bool {
	p, ok := params.(*mcp20251125.ElicitParams)
	if !ok {
		return false
	}
	_, ok = p.ElicitVariant.(*mcp20251125.ElicitURLParams)
	return ok
}

// Sample asks the client's language model for an answer. Where nothing
// can be asked it fails as [Elicit] does.
func Sample(ctx context.Context, params mcptypes.CreateMessageParams) (mcptypes.CreateMessageResult, error) {
	return ask(ctx, mcptypes.CreateMessage, params)
}

// Roots asks the client which places the server may work in. Where
// nothing can be asked it fails as [Elicit] does.
func Roots(ctx context.Context) ([]mcptypes.Root, error) {
	result, err := ask(ctx, mcptypes.ListRoots, mcptypes.ListRootsParams{})
	return result.Roots, err
}

// ask is Ask in the session of ctx.
func ask[P, R any](ctx context.Context, m wire.Request[P, R], params P) (R, error) {
	s := SessionFrom(ctx)
	if s == nil {
		var none R
		return none, fmt.Errorf("%s: not in the course of a request", m.Method)
	}
	return Ask(ctx, s, m, params)
}

// Progress reports how far the current request has come, if its client asked
// to be told. progress must grow from call to call; total is what it will be at
// the end, nil if nobody knows.
func Progress(ctx context.Context, progress float64, total *float64, message string) error {
	r := requestOf(ctx)
	if r == nil || r.token.IsZero() {
		return nil
	}
	params := mcptypes.ProgressParams{ProgressToken: r.token, Progress: progress, Total: total, Message: message}
	if r.session.knows(revision20241105.name) {
		params.Message = ""
	}
	return Tell(ctx, r.session, mcptypes.Progress, params)
}

// HasProgress reports whether the current request's client wants to be told how
// far it has come.
func HasProgress(ctx context.Context) bool {
	r := requestOf(ctx)
	return r != nil && !r.token.IsZero()
}

// levels are the log levels, the least severe first.
var levels = []mcptypes.LoggingLevel{
	mcptypes.LoggingLevelDebug, mcptypes.LoggingLevelInfo, mcptypes.LoggingLevelNotice, mcptypes.LoggingLevelWarning,
	mcptypes.LoggingLevelError, mcptypes.LoggingLevelCritical, mcptypes.LoggingLevelAlert, mcptypes.LoggingLevelEmergency,
}

// severity is a level as a number, from 1; 0 for an unknown one.
func severity(level mcptypes.LoggingLevel) int32 {
	for i, l := range levels {
		if l == level {
			return int32(i + 1)
		}
	}
	return 0
}

func (s *Session) setLevel(level mcptypes.LoggingLevel) { s.level.Store(severity(level)) }

// Logs reports whether log messages of a level are sent to the client. Without a
// level of its choice that is info and above, in a stateless session nothing.
func (s *Session) Logs(level mcptypes.LoggingLevel) bool {
	from := s.level.Load()
	switch {
	case !s.server.options.Logging:
		return false
	case from == 0 && s.Stateless():
		return false
	case from == 0:
		from = severity(mcptypes.LoggingLevelInfo)
	}
	return severity(level) >= from
}

// Log sends a log message in the course of a request, if [Options.Logging] is set
// and the client wants that level. data is any value that has a JSON form.
func Log(ctx context.Context, level mcptypes.LoggingLevel, logger string, data any) error {
	s := SessionFrom(ctx)
	if s == nil || !s.Logs(level) {
		return nil
	}
	raw, err := wire.RawOf(data)
	if err != nil {
		return fmt.Errorf("log message: %w", err)
	}
	return Tell(ctx, s, mcptypes.LoggingMessage, mcptypes.LoggingMessageParams{Level: level, Logger: logger, Data: raw})
}
