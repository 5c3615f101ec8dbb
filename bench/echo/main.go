// Command echo is the server that is measured: a tool, echo, which returns its
// argument text, and as many more as asked for.
//
//	echo                          on stdin and stdout
//	echo -http 127.0.0.1:8080     at http://127.0.0.1:8080/mcp
//	echo -tools 99                with 99 further tools
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/codexmcp/codexmcp/bench/internal/fixture"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
	"github.com/codexmcp/codexmcp/wire"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, fixture.Parse()); err != nil {
		fmt.Fprintln(os.Stderr, "echo:", err)
		stop()
		os.Exit(1)
	}
}

// Echo is what the tools take.
type Echo struct {
	Text string `json:"text" jsonschema:"description=What is returned"`
}

func echo(_ context.Context, in Echo) (string, error) { return in.Text, nil }

func run(ctx context.Context, flags fixture.Flags) error {
	s := server.New(mcptypes.Implementation{Name: "echo", Version: "1.0.0"}, nil)
	if err := server.AddTool(s, mcptypes.Tool{Name: "echo", Description: "Returns its text."}, echo, server.Immediate); err != nil {
		return err
	}
	for _, t := range fixture.Tools(flags.Tools) {
		schema, err := wire.ParseRaw([]byte(t.Schema))
		if err != nil {
			return err
		}
		tool := mcptypes.Tool{Name: t.Name, Description: t.Description, InputSchema: schema}
		if err := server.AddTool(s, tool, echo, server.Immediate); err != nil {
			return err
		}
	}
	if flags.HTTP == "" {
		return s.Serve(ctx, server.Stdio())
	}
	return server.ListenHTTP(ctx, s, server.ListenOptions{
		Address: flags.HTTP,
		HTTP:    server.HTTPOptions{MaxBody: 64 << 20}, // as on stdin
		Ready:   func(url string) { fmt.Fprintln(os.Stderr, "listening at", url) },
	})
}
