//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
)

// overStdio makes calls to a server on its stdin and stdout. Every caller
// writes its request by itself; one more goroutine reads the answers.
type overStdio struct {
	*process
	row     *row
	reader  *bufio.Reader
	message []byte // with its newline
	id      []byte // the digits of its id
	next    int
	size    int // of an answer
}

func openStdio(ctx context.Context, o *options, c contender, args []string, r *row) (target, error) {
	p, err := start(ctx, o, c, args...)
	if err != nil {
		return nil, err
	}
	s := &overStdio{process: p, row: r, reader: bufio.NewReaderSize(p.out, 256<<10)}
	if err := s.open(o); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *overStdio) open(o *options) error {
	if !stateless(o.revision) {
		if err := s.initialize(o.revision); err != nil {
			return err
		}
	}
	text, at := s.row.call.message(o.revision)
	s.message = slices.Concat(text, []byte("\n"))
	s.id = s.message[at : at+idDigits-1]
	s.next = 1
	if _, err := s.in.Write(s.message); err != nil {
		return err
	}
	for {
		answer, err := s.reader.ReadBytes('\n')
		if err != nil {
			return err
		}
		if bytes.Contains(answer, []byte(`"method"`)) && !bytes.Contains(answer, []byte(`"result"`)) {
			continue // a notification
		}
		s.size = len(answer)
		return s.row.call.check(answer)
	}
}

func (s *overStdio) initialize(revision string) error {
	initialize, initialized := handshake(revision)
	if _, err := io.WriteString(s.in, initialize+"\n"); err != nil {
		return err
	}
	if answer, err := s.reader.ReadBytes('\n'); err != nil || !bytes.Contains(answer, []byte(`"result"`)) {
		return errors.Join(fmt.Errorf("initialize: %.100q", answer), err)
	}
	_, err := io.WriteString(s.in, initialized+"\n")
	return err
}

func (s *overStdio) answerSize() int { return s.size - 1 }

func (s *overStdio) calls(n int) error {
	room := make(chan struct{}, s.row.inFlight)
	gone := make(chan struct{})
	defer close(gone)
	wrote := make(chan error, 1)
	go func() {
		for range n {
			select {
			case room <- struct{}{}:
			case <-gone:
				return
			}
			s.next++
			setID(s.id, s.next)
			if _, err := s.in.Write(s.message); err != nil {
				wrote <- err
				return
			}
		}
		wrote <- nil
	}()
	for range n {
		if err := s.readAnswer(); err != nil {
			return err
		}
		<-room
	}
	return <-wrote
}

// readAnswer reads one line and checks its size: its content was checked once.
func (s *overStdio) readAnswer() error {
	size := 0
	for {
		part, err := s.reader.ReadSlice('\n')
		size += len(part)
		if err == nil {
			break
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
	if size != s.size {
		return fmt.Errorf("an answer of %d bytes, want %d", size, s.size)
	}
	return nil
}
