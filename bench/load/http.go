//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
)

// overHTTP makes calls to a server over HTTP: every caller has a connection.
type overHTTP struct {
	*process
	row     *row
	callers []*caller
	size    int // of an answer
}

// A caller is a connection that is kept alive.
type caller struct {
	conn    net.Conn
	reader  *bufio.Reader
	request []byte
	id      []byte // the digits of its id
	next    int
	answer  bytes.Buffer // the last one
}

func openHTTP(ctx context.Context, o *options, c contender, args []string, r *row) (target, error) {
	p, err := start(ctx, o, c, append(args, "-http", "127.0.0.1:0")...)
	if err != nil {
		return nil, err
	}
	h := &overHTTP{process: p, row: r}
	if err := h.open(ctx, o, c.program == contenders[floor].program); err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

func (h *overHTTP) open(ctx context.Context, o *options, bare bool) error {
	address, err := h.address()
	if err != nil {
		return err
	}
	for i := range h.row.inFlight {
		c, err := dial(ctx, address)
		if err != nil {
			return err
		}
		h.callers = append(h.callers, c)
		c.next = 1_000_000 * (i + 1)
	}
	session := ""
	if !bare && !stateless(o.revision) {
		if session, err = h.callers[0].initialize(address, o.revision); err != nil {
			return err
		}
	}
	for _, c := range h.callers {
		text, at := h.row.call.message(o.revision)
		head := requestHead(address, session, len(text), h.row.call.headers(o.revision))
		c.request = slices.Concat(head, text)
		c.id = c.request[len(head)+at:][:idDigits-1]
		if err := c.call(); err != nil {
			return err
		}
		h.size = c.answer.Len()
		if bare {
			continue
		}
		if err := h.row.call.check(c.answer.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

func dial(ctx context.Context, address string) (*caller, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &caller{conn: conn, reader: bufio.NewReaderSize(conn, 256<<10)}, nil
}

// headers are those that say in which revision a call is made, and in one without
// sessions what it calls.
func (c *call) headers(revision string) string {
	lines := "Mcp-Protocol-Version: " + revision + "\r\n"
	if stateless(revision) {
		lines += "Mcp-Method: " + c.method + "\r\n"
		if c.text != "" {
			lines += "Mcp-Name: echo\r\n"
		}
	}
	return lines
}

// requestHead is what comes before a body.
func requestHead(address, session string, size int, more string) []byte {
	head := fmt.Appendf(nil, "POST /mcp HTTP/1.1\r\nHost: %s\r\nUser-Agent: load\r\nContent-Length: %d\r\n"+
		"Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n", address, size)
	if session != "" {
		head = fmt.Appendf(head, "Mcp-Session-Id: %s\r\n", session)
	}
	return append(append(head, more...), "\r\n"...)
}

// initialize opens a session and returns its id.
func (c *caller) initialize(address, revision string) (string, error) {
	initialize, initialized := handshake(revision)
	header, err := c.exchange(slices.Concat(requestHead(address, "", len(initialize), ""), []byte(initialize)))
	if err != nil || !bytes.Contains(c.answer.Bytes(), []byte(`"result"`)) {
		return "", errors.Join(fmt.Errorf("initialize: %.100q", c.answer.Bytes()), err)
	}
	session := header.Get("Mcp-Session-Id")
	_, err = c.exchange(slices.Concat(requestHead(address, session, len(initialized), "Mcp-Protocol-Version: "+revision+"\r\n"), []byte(initialized)))
	return session, err
}

// call makes the call.
func (c *caller) call() error {
	c.next++
	setID(c.id, c.next)
	_, err := c.exchange(c.request)
	return err
}

// exchange sends a request and reads the answer.
func (c *caller) exchange(request []byte) (http.Header, error) {
	c.answer.Reset()
	if _, err := c.conn.Write(request); err != nil {
		return nil, err
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return nil, err
	}
	_, err = c.answer.ReadFrom(response.Body)
	err = errors.Join(err, response.Body.Close())
	if err == nil && response.StatusCode/100 != 2 {
		err = fmt.Errorf("status %s: %.200q", response.Status, c.answer.Bytes())
	}
	return response.Header, err
}

// sized is call where the size of the answer says enough.
func (c *caller) sized(size int) error {
	if err := c.call(); err != nil {
		return err
	}
	if n := c.answer.Len(); n != size {
		return fmt.Errorf("an answer of %d bytes, want %d", n, size)
	}
	return nil
}

func (h *overHTTP) answerSize() int { return h.size }

func (h *overHTTP) calls(n int) error {
	errs := make([]error, len(h.callers))
	var all sync.WaitGroup
	for i, c := range h.callers {
		share := n / len(h.callers)
		if i < n%len(h.callers) {
			share++
		}
		all.Go(func() {
			for range share {
				if errs[i] = c.sized(h.size); errs[i] != nil {
					return
				}
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func (h *overHTTP) close() error {
	for _, c := range h.callers {
		_ = c.conn.Close()
	}
	return h.process.close()
}
