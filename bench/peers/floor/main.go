// Command floor is the least that a server over HTTP can do: it reads a body and
// answers with fixed bytes. What it takes is net/http's.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	"github.com/codexmcp/codexmcp/bench/internal/fixture"
)

func main() {
	address := flag.String("http", "127.0.0.1:0", "serve HTTP at this address, at /mcp")
	size := flag.Int("answer", 100, "bytes of the answer")
	flag.Parse()
	if err := run(*address, *size); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

func run(address string, size int) error {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", address)
	if err != nil {
		return err
	}
	fixture.Listening(listener.Addr().String())
	answer := bytes.Repeat([]byte("x"), size)
	mux := http.NewServeMux()
	mux.HandleFunc("/mcp", func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	})
	return http.Serve(listener, mux)
}
