package client

import (
	"context"
	"sync"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

type progressKey struct{}

// WithProgress returns a context whose calls ask the server to report how far
// it has come. report is called in order, and no more once the call has returned.
func WithProgress(ctx context.Context, report func(mcptypes.ProgressParams)) context.Context {
	return context.WithValue(ctx, progressKey{}, report)
}

func progressOf(ctx context.Context) func(mcptypes.ProgressParams) {
	report, _ := ctx.Value(progressKey{}).(func(mcptypes.ProgressParams))
	return report
}

// listeners are those who wait for progress, by token.
type listeners struct {
	mu   sync.Mutex // protects what follows
	last int64
	all  map[wire.ProgressToken]func(mcptypes.ProgressParams)
}

func (l *listeners) add(report func(mcptypes.ProgressParams)) wire.ProgressToken {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil {
		l.all = map[wire.ProgressToken]func(mcptypes.ProgressParams){}
	}
	l.last++
	token := wire.IntID(l.last)
	l.all[token] = report
	return token
}

func (l *listeners) remove(token wire.ProgressToken) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.all, token)
}

// progressed hands a report to who waits for it.
func (s *Session) progressed(_ context.Context, p mcptypes.ProgressParams) {
	s.progress.mu.Lock()
	report := s.progress.all[p.ProgressToken]
	s.progress.mu.Unlock()
	if report != nil {
		report(p)
	}
}
