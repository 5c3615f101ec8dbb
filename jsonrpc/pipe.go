package jsonrpc

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// Pipe returns the two ends of a connection in memory: what one writes the other reads. Each direction holds as much as
// the default of Limits.MaxQueue.
func Pipe() (Transport, Transport) {
	limits := Limits{}.withDefaults()
	a, b := newLane(limits), newLane(limits)
	return &pipe{in: a, out: b}, &pipe{in: b, out: a}
}

type pipe struct{ in, out *lane }

func (p *pipe) Read(ctx context.Context) ([]byte, error)    { return p.in.get(ctx) }
func (p *pipe) Write(ctx context.Context, m Outgoing) error { return p.out.put(ctx, m) }

// Close ends both directions. The peer still reads what was written before.
func (p *pipe) Close() error {
	p.out.close()
	p.in.close()
	return nil
}

// lane is one direction of a pipe.
type lane struct {
	limits Limits

	// mu protects what follows.
	mu      sync.Mutex
	queue   [][]byte
	size    int
	closed  bool
	changed chan struct{} // closed at every change; nil when nobody waits
}

func newLane(limits Limits) *lane { return &lane{limits: limits} }

func (l *lane) put(ctx context.Context, m Outgoing) error {
	data, room := m.Data, m.room(l.limits.MaxQueue)
	l.mu.Lock()
	defer l.mu.Unlock()
	for !l.closed && l.size > 0 && l.size+len(data) > room {
		size := l.size
		timer := time.NewTimer(l.limits.WriteStall)
		changed, err := l.wait(ctx, timer.C)
		timer.Stop()
		if err != nil {
			return err
		}
		if !changed {
			return fmt.Errorf("%w: %d bytes of output waited for %v (queue limit %d)",
				ErrStalled, size, l.limits.WriteStall, room)
		}
	}
	if l.closed {
		return io.ErrClosedPipe
	}
	l.queue = append(l.queue, bytes.Clone(data))
	l.size += len(data)
	l.change()
	return nil
}

func (l *lane) get(ctx context.Context) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.queue) == 0 {
		if l.closed {
			return nil, io.EOF
		}
		if _, err := l.wait(ctx, nil); err != nil {
			return nil, err
		}
	}
	data := l.queue[0]
	l.queue[0] = nil
	if l.queue = l.queue[1:]; len(l.queue) == 0 {
		l.queue = nil
	}
	l.size -= len(data)
	l.change()
	return data, nil
}

func (l *lane) close() {
	l.mu.Lock()
	l.closed = true
	l.change()
	l.mu.Unlock()
}

// wait waits for a change, with mu released meanwhile; false: the time was up.
func (l *lane) wait(ctx context.Context, timeout <-chan time.Time) (bool, error) {
	if l.changed == nil {
		l.changed = make(chan struct{})
	}
	changed := l.changed
	l.mu.Unlock()
	defer l.mu.Lock()
	select {
	case <-changed:
		return true, nil
	case <-timeout:
		return false, nil
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
}

// change wakes who waits. mu is held.
func (l *lane) change() {
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}
