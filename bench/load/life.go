//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// The goals of what follows.
const (
	mostMemory = 10 << 10
	mostStart  = 8 * time.Millisecond
)

// sessionMemory measures what a session costs that is held and has no open
// stream. All are opened on one connection.
func sessionMemory(ctx context.Context, w io.Writer, o *options) (missed string, err error) {
	_, _ = fmt.Fprintf(w, "\n### Memory per held HTTP session, of %d\n\n| ours | go-sdk | mcp-go |\n|---|---|---|\n|", o.sessions)
	for i, c := range contenders[:floor] {
		each, err := memoryOf(ctx, o, c)
		if err != nil {
			return "", fmt.Errorf("sessions of %s: %w", c.name, err)
		}
		_, _ = fmt.Fprintf(w, " %.1f KiB |", float64(each)/1024)
		if i == ours && each > mostMemory {
			missed = fmt.Sprintf("memory per session, %.1f KiB instead of 10", float64(each)/1024)
		}
	}
	_, _ = fmt.Fprintln(w)
	return missed, nil
}

func memoryOf(ctx context.Context, o *options, c contender) (each int, err error) {
	p, err := start(ctx, o, c, "-http", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	address, err := p.address()
	if err != nil {
		return 0, err
	}
	client, err := dial(ctx, address)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, client.conn.Close()) }()
	open := func(n int) error {
		for range n {
			if _, err := client.initialize(address, o.revision); err != nil {
				return err
			}
		}
		return nil
	}
	if err := open(100); err != nil { // what the first ones need stays
		return 0, err
	}
	before, err := p.memory()
	if err != nil {
		return 0, err
	}
	if err := open(o.sessions); err != nil {
		return 0, err
	}
	after, err := p.memory()
	return (after - before) / o.sessions, err
}

// startUp measures how long it takes from the start of a process until it has
// answered initialize on stdout.
func startUp(ctx context.Context, w io.Writer, o *options) (missed string, err error) {
	took := make([][]time.Duration, floor)
	for range o.starts {
		for i, c := range contenders[:floor] {
			one, err := startOf(ctx, o, c)
			if err != nil {
				return "", fmt.Errorf("start of %s: %w", c.name, err)
			}
			took[i] = append(took[i], one)
		}
	}
	_, _ = fmt.Fprintf(w, "\n### Start to answered initialize on stdio, minimum and median of %d interleaved starts\n\n| ours | go-sdk | mcp-go |\n|---|---|---|\n|", o.starts)
	for i := range took {
		slices.Sort(took[i])
		_, _ = fmt.Fprintf(w, " %s, %s |", format(took[i][0]), format(took[i][len(took[i])/2]))
	}
	_, _ = fmt.Fprintln(w)
	if took[ours][0] > mostStart {
		missed = fmt.Sprintf("start-up, %s instead of %s", format(took[ours][0]), format(mostStart))
	}
	return missed, nil
}

func startOf(ctx context.Context, o *options, c contender) (took time.Duration, err error) {
	began := time.Now()
	p, err := start(ctx, o, c)
	if err != nil {
		return 0, err
	}
	s := &overStdio{process: p, reader: bufio.NewReader(p.out)}
	err = s.initialize(o.revision)
	took = time.Since(began)
	return took, errors.Join(err, p.close())
}
