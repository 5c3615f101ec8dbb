package tap

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// endTime is how long a server may take to end when its client has gone.
const endTime = 5 * time.Second

// A Proxy stands between a client and a server on stdio.
type Proxy struct {
	// Observe is called with each line, in order for each side, before it is
	// passed on. Calls do not overlap.
	Observe func(from Side, line []byte, at time.Time)

	mu sync.Mutex // held while Observe runs
}

// Run starts the server and passes on what both sides say, byte for byte, until
// the server ends.
func (p *Proxy) Run(ctx context.Context, cmd *exec.Cmd, in io.Reader, out io.Writer) error {
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("start %q: %w", cmd.Path, err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start %q: %w", cmd.Path, err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %q: %w", cmd.Path, err)
	}
	asked := make(chan error, 1)
	go func() {
		err := p.pass(Client, in, stdin)
		asked <- errors.Join(err, stdin.Close())
	}()
	said := make(chan error, 1)
	go func() { said <- p.pass(Server, stdout, out) }()
	kill := time.AfterFunc(time.Hour, func() { _ = cmd.Process.Kill() })
	kill.Stop()
	defer kill.Stop()
	var passing error
	done := ctx.Done()
	for {
		select {
		case err := <-said:
			return errors.Join(ignoreEnd(passing), err, cmd.Wait())
		case passing = <-asked:
			asked = nil
			kill.Reset(endTime)
		case <-done:
			done = nil
			_ = stdin.Close() // it may be closed already
			kill.Reset(endTime)
		}
	}
}

func ignoreEnd(err error) error {
	if errors.Is(err, os.ErrClosed) || errors.Is(err, io.ErrClosedPipe) {
		return nil
	}
	return err
}

// pass passes lines on, and shows them.
func (p *Proxy) pass(from Side, in io.Reader, out io.Writer) error {
	lines := bufio.NewReaderSize(in, 64<<10)
	for {
		line, err := readLine(lines)
		if len(line) > 0 {
			if shown := bytes.TrimSpace(line); len(shown) > 0 {
				p.mu.Lock()
				p.Observe(from, shown, time.Now())
				p.mu.Unlock()
			}
			if _, err := out.Write(line); err != nil {
				return fmt.Errorf("write to the %s: %w", other(from), err)
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, os.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read from the %s: %w", from, err)
		}
	}
}

// readLine reads a line with its end, or part of one that is too long.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) || len(line) > maxLine {
			if errors.Is(err, bufio.ErrBufferFull) {
				err = nil
			}
			return line, err
		}
	}
}
