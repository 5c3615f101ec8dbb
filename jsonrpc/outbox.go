package jsonrpc

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"
)

// outbox is the queue of messages on their way to a stream. Whoever finds it idle becomes its flusher: a goroutine that
// has nothing else to do (it ran a handler and answers) writes itself and takes along what others add meanwhile; for
// others, who must not be kept by a peer that does not read, a goroutine is started that ends when the queue is empty.
type outbox struct {
	w      io.Writer
	limits Limits

	// mu protects what follows. It is never held during a write.
	mu       sync.Mutex
	queue    []*buffer     // whole messages, each with its newline: several small ones or one large one in each
	spare    []*buffer     // the slice that takes turns with queue
	size     int           // bytes in queue, or taken from it and not yet written
	moved    uint64        // counts writes that succeeded, to tell a slow peer from one that stands still
	flushing bool          // somebody is writing
	changed  chan struct{} // closed at every progress; nil when nobody waits
	err      error         // why nothing can be written any more
}

// Write queues m. See outbox for who sends it.
func (o *outbox) Write(ctx context.Context, m Outgoing) error {
	o.mu.Lock()
	if err := o.admit(ctx, len(m.Data)+1, m.room(o.limits.MaxQueue)); err != nil {
		o.mu.Unlock()
		return err
	}
	o.add(m)
	if o.flushing || m.Hold && o.size < holdSize {
		o.mu.Unlock()
		return nil
	}
	o.flushing = true
	small := o.size < waitSize
	o.mu.Unlock()
	if m.Kind != Response || m.reading {
		go o.flush(false)
		return nil
	}
	if small {
		runtime.Gosched()
	}
	o.flush(true)
	return o.failure()
}

// add puts m into the queue: a small one into its last buffer, a large one in the buffer in which it was encoded. mu is
// held.
func (o *outbox) add(m Outgoing) {
	o.size += len(m.Data) + 1
	if len(o.queue) > 0 {
		if last := o.queue[len(o.queue)-1]; len(last.data)+len(m.Data) < chunkSize {
			last.data = append(append(last.data, m.Data...), '\n')
			return
		}
	}
	b := newBuffer()
	if len(m.Data) >= largeSize && m.buf.holds(m.Data) {
		m.buf.data, b.data = b.data[:0], m.buf.data
		b.data = append(b.data, '\n')
	} else {
		b.data = append(append(b.data[:0], m.Data...), '\n')
	}
	o.queue = append(o.queue, b)
}

// room is how many bytes may wait, m included. Answers that hold up the reading may take as much again: two peers whose
// reading waits for the other's would wait for ever.
func (m *Outgoing) room(limit int) int {
	if m.reading {
		return 2 * limit
	}
	return limit
}

// admit waits until size more bytes may be queued without exceeding room. It is called with mu held and returns with
// it held.
func (o *outbox) admit(ctx context.Context, size, room int) error {
	var stall *time.Timer
	for {
		if o.err != nil {
			return o.err
		}
		waiting := o.size
		if waiting == 0 || waiting+size <= room {
			return nil
		}
		if !o.flushing { // all of it was held
			o.flushing = true
			go o.flush(false)
		}
		if stall == nil {
			stall = time.NewTimer(o.limits.WriteStall)
			defer stall.Stop()
		}
		changed, moved := o.change(), o.moved
		o.mu.Unlock()
		var err error
		select {
		case <-changed:
			stall.Reset(o.limits.WriteStall)
		case <-ctx.Done():
			err = context.Cause(ctx)
		case <-stall.C:
			err = fmt.Errorf("%w: %d bytes of output waited for %v (queue limit %d)",
				ErrStalled, waiting, o.limits.WriteStall, room)
		}
		o.mu.Lock()
		if err == nil || o.moved != moved && ctx.Err() == nil {
			continue
		}
		if ctx.Err() == nil {
			o.failLocked(err)
		}
		return err
	}
}

// change returns a channel that is closed at the next progress. mu is held.
func (o *outbox) change() <-chan struct{} {
	if o.changed == nil {
		o.changed = make(chan struct{})
	}
	return o.changed
}

// progress wakes who waits. mu is held.
func (o *outbox) progress() {
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
}

// flush writes until the queue is empty. A borrowed goroutine is not kept for long.
func (o *outbox) flush(borrowed bool) {
	o.mu.Lock()
	for round := 0; len(o.queue) > 0 && o.err == nil; round++ {
		if borrowed && round == 4 {
			o.mu.Unlock()
			go o.flush(false)
			return
		}
		out := o.queue
		o.queue, o.spare = o.spare, nil
		o.mu.Unlock()
		for _, b := range out {
			if !o.send(b.data) {
				break
			}
			b.free()
		}
		clear(out)
		o.mu.Lock()
		o.spare = out[:0]
	}
	o.flushing = false
	o.progress()
	o.mu.Unlock()
}

// send writes data in pieces, so that progress shows. It reports whether more may be written.
func (o *outbox) send(data []byte) bool {
	for len(data) > 0 {
		n, err := o.w.Write(data[:min(len(data), writeSize)])
		if err == nil && n == 0 {
			err = io.ErrShortWrite
		}
		data = data[n:]
		o.mu.Lock()
		o.size -= n
		o.moved++
		if o.err == nil && err != nil {
			o.err = err
		}
		ended := o.err != nil
		o.progress()
		o.mu.Unlock()
		if ended {
			return false
		}
	}
	return true
}

// Start lets held messages go before the reading goroutine waits. That one does not write them itself: it must go on
// reading while the peer does not.
func (o *outbox) Start() {
	o.mu.Lock()
	start := len(o.queue) > 0 && !o.flushing && o.err == nil
	if start {
		o.flushing = true
	}
	o.mu.Unlock()
	if start {
		go o.flush(false)
		runtime.Gosched()
	}
}

// Flush returns when the queue is empty and nothing is being written.
func (o *outbox) Flush(ctx context.Context) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		if o.err != nil {
			return o.err
		}
		if !o.flushing {
			if len(o.queue) == 0 {
				return nil
			}
			o.flushing = true
			go o.flush(false)
		}
		changed := o.change()
		o.mu.Unlock()
		var err error
		select {
		case <-changed:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		o.mu.Lock()
		if err != nil {
			return err
		}
	}
}

// failure returns why nothing can be written any more.
func (o *outbox) failure() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// fail ends writing for good; the first reason stays.
func (o *outbox) fail(err error) {
	o.mu.Lock()
	o.failLocked(err)
	o.mu.Unlock()
}

func (o *outbox) failLocked(err error) {
	if o.err == nil {
		o.err = err
	}
	o.progress()
}
