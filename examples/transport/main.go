// Transport is a server over a transport of its own: every message is preceded
// by its length, on a TCP connection. What moves whole messages is a transport.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
)

// maxMessage is the longest message that is read.
const maxMessage = 16 << 20

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:7000")
	if err == nil {
		err = serve(ctx, listener)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "transport:", err)
		stop()
		os.Exit(1)
	}
}

// serve gives every connection a session, until ctx ends.
func serve(ctx context.Context, listener net.Listener) error {
	s := server.New(mcptypes.Implementation{Name: "transport", Version: "1.0.0"}, nil)
	err := server.AddTool(s, mcptypes.Tool{Name: "echo", Description: "Returns what it is given."},
		func(_ context.Context, in struct {
			Text string `json:"text"`
		}) (string, error) {
			return in.Text, nil
		})
	if err != nil {
		return err
	}
	var sessions sync.WaitGroup
	defer sessions.Wait()
	defer context.AfterFunc(ctx, func() {
		if err := listener.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "close listener:", err)
		}
	})()
	for {
		conn, err := listener.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		sessions.Go(func() {
			if err := s.Serve(ctx, &framed{conn: conn}); err != nil && ctx.Err() == nil {
				fmt.Fprintln(os.Stderr, "session:", err)
			}
		})
	}
}

// framed is a transport over a connection.
type framed struct {
	conn net.Conn
	mu   sync.Mutex // one message is written at a time
}

// Read reads a length and that many bytes.
func (f *framed) Read(context.Context) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(f.conn, head[:]); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(head[:])
	if size > maxMessage {
		return nil, fmt.Errorf("message of %d bytes is over the limit of %d bytes", size, maxMessage)
	}
	message := make([]byte, size)
	_, err := io.ReadFull(f.conn, message)
	return message, err
}

// Write waits for a client that does not read no longer than ctx lives, and at
// most half a minute.
func (f *framed) Write(ctx context.Context, m jsonrpc.Outgoing) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	deadline := time.Now().Add(30 * time.Second)
	if at, ok := ctx.Deadline(); ok && at.Before(deadline) {
		deadline = at
	}
	if err := f.conn.SetWriteDeadline(deadline); err != nil {
		return err
	}
	message := binary.BigEndian.AppendUint32(nil, uint32(len(m.Data)))
	_, err := f.conn.Write(append(message, m.Data...))
	return err
}

// Close ends the connection.
func (f *framed) Close() error { return f.conn.Close() }
