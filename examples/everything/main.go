// Everything is a server with one of everything that the protocol has: what the
// MCP conformance suite asks of a server, in every revision.
//
//	everything                       on stdin and stdout
//	everything -http 127.0.0.1:8080  at http://127.0.0.1:8080/mcp
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "everything:", err)
		stop()
		os.Exit(1)
	}
}

// run is the whole program.
func run(ctx context.Context, args []string, in io.Reader, out, errw io.Writer) error {
	flags := flag.NewFlagSet("everything", flag.ContinueOnError)
	flags.SetOutput(errw)
	address := flags.String("http", "", "serve HTTP at this address instead of stdin and stdout")
	if err := flags.Parse(args); err != nil {
		return err
	}
	s, err := newServer(slog.New(slog.NewTextHandler(errw, nil)))
	if err != nil {
		return err
	}
	if *address == "" {
		return s.Serve(ctx, jsonrpc.Lines(in, out, jsonrpc.Limits{}))
	}
	return server.ListenHTTP(ctx, s, server.ListenOptions{
		Address: *address,
		Ready:   func(url string) { _, _ = fmt.Fprintln(errw, "listening at", url) },
	})
}

// newServer puts the server together.
func newServer(log *slog.Logger) (*server.Server, error) {
	s := server.New(mcptypes.Implementation{Name: "everything", Title: "Everything", Version: "1.0.0"}, &server.Options{
		Instructions: "A server with one of everything, to try a client on.",
		Logging:      true,
		ListCache:    server.Cache{TTLMs: time.Minute.Milliseconds(), Shared: true},
		ReadCache:    server.Cache{TTLMs: 1000},
		Log:          log,
	})
	return s, errors.Join(
		addContentTools(s), addCourseTools(s), addClientTools(s), addSchemaTools(s), addChangeTools(s), addInputTools(s),
		addResources(s), addPrompts(s),
	)
}

// nothing is the arguments of a tool that takes none.
type nothing struct{}
