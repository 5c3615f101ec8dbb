package exec

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	// lingerTime is how long output is still awaited after a command ended by
	// itself: what it wrote through a helper process may come a little later.
	lingerTime = 250 * time.Millisecond

	// drainTime is how long the pipes may take to run dry once everything that
	// could write to them was killed.
	drainTime = 250 * time.Millisecond
)

// A process is a command that runs, with everything that it started.
type process interface {
	// wait returns when the command itself has ended.
	wait() (exit, error)
	// kill ends the command and all that it started. It may be called at any
	// time, also while wait waits and after it.
	kill()
	// release frees what is left. Nothing of the command runs afterwards.
	release()
}

// An exit is how a command ended.
type exit struct {
	code   int
	signal syscall.Signal
	denied []string // calls that the sandbox refused
}

// Run runs command until it ends, its time is up, or ctx is done, and reports
// what came of it. The error is a [*StartError] when the command could not be
// started.
func Run(ctx context.Context, command Command) (Result, error) {
	if len(command.Argv) == 0 || command.Argv[0] == "" {
		return Result{}, errors.New("run a command: it is empty")
	}
	outputs, err := newPipes(command)
	if err != nil {
		return Result{}, fmt.Errorf("run %q: %w", command.Argv[0], err)
	}
	defer outputs.close()
	started := time.Now()
	process, err := start(ctx, command, outputs)
	outputs.closeWriters()
	if err != nil {
		return Result{}, err
	}
	defer process.release()
	outputs.read()

	timeout := command.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	limit := time.NewTimer(timeout)
	defer limit.Stop()

	var result Result
	ended := make(chan struct{})
	var how exit
	var waitErr error
	go func() {
		defer close(ended)
		how, waitErr = process.wait()
	}()
	select {
	case <-ended:
		outputs.await(ctx, lingerTime)
	case <-limit.C:
		result.TimedOut = true
	case <-ctx.Done():
		result.Interrupted = true
	}
	process.kill()
	<-ended
	result.Duration = time.Since(started)
	outputs.drain(drainTime)
	if waitErr != nil {
		return Result{}, fmt.Errorf("run %q: %w", command.Argv[0], waitErr)
	}

	result.ExitCode, result.Signal, result.Denied = how.code, how.signal, how.denied
	switch {
	case result.TimedOut:
		result.ExitCode = TimeoutExitCode
	case result.Interrupted:
		result.ExitCode, result.Signal = -1, syscall.SIGKILL
	case how.signal != 0:
		result.ExitCode = -1
	}
	result.Stdout, result.Stderr, result.Aggregated = outputs.results()
	return result, nil
}

// pipes carry the outputs of one command to the capture.
type pipes struct {
	readers, writers [2]*os.File // stdout, stderr
	onOutput         func(Stream, []byte)
	reading          sync.WaitGroup
	dry              chan struct{} // closed when both readers are done

	mu       sync.Mutex // guards what follows, and makes calls of onOutput single
	captured [2]capture
	both     capture
}

func newPipes(command Command) (*pipes, error) {
	limit := command.MaxOutput
	if limit == 0 {
		limit = DefaultMaxOutput
	}
	p := &pipes{onOutput: command.OnOutput, dry: make(chan struct{}), both: capture{limit: limit}}
	for i := range p.readers {
		p.captured[i].limit = limit
		r, w, err := os.Pipe()
		if err != nil {
			p.close()
			p.closeWriters()
			return nil, err
		}
		p.readers[i], p.writers[i] = r, w
	}
	return p, nil
}

func (p *pipes) read() {
	for i, stream := range []Stream{Stdout, Stderr} {
		p.reading.Go(func() {
			buffer := make([]byte, ChunkSize)
			for {
				n, err := p.readers[i].Read(buffer)
				if n > 0 {
					p.take(i, stream, buffer[:n])
				}
				if err != nil {
					return // the end, or the deadline that drain set
				}
			}
		})
	}
	go func() {
		p.reading.Wait()
		close(p.dry)
	}()
}

func (p *pipes) take(i int, stream Stream, chunk []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.captured[i].write(chunk)
	p.both.write(chunk)
	if p.onOutput != nil {
		p.onOutput(stream, chunk)
	}
}

// await waits until both outputs have ended, for at most d.
func (p *pipes) await(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.dry:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// drain takes what is left in the pipes, and stops reading after d.
func (p *pipes) drain(d time.Duration) {
	deadline := time.Now().Add(d)
	for _, r := range p.readers {
		// Where a pipe has no deadlines, closing it ends the reading.
		if err := r.SetReadDeadline(deadline); err != nil {
			time.AfterFunc(d, func() { _ = r.Close() })
		}
	}
	<-p.dry
}

func (p *pipes) results() (stdout, stderr, both Output) {
	return p.captured[0].output(), p.captured[1].output(), p.both.output()
}

func (p *pipes) close() {
	for _, r := range p.readers {
		if r != nil {
			_ = r.Close()
		}
	}
}

func (p *pipes) closeWriters() {
	for _, w := range p.writers {
		if w != nil {
			_ = w.Close()
		}
	}
}
