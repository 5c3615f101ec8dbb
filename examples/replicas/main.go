// Replicas is a server of which several run behind a load balancer that sends
// each request to any of them. They share what they know of their sessions over
// NATS JetStream: a client does not notice which one it speaks to, nor that one ends.
//
//	nats-server -js &
//	replicas -http 127.0.0.1:8081 &
//	replicas -http 127.0.0.1:8082 &
//	replicas -http 127.0.0.1:8083 &
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
	"github.com/codexmcp/codexmcp/server/natsstore"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv("STATE_KEY"), os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "replicas:", err)
		stop()
		os.Exit(1)
	}
}

// run is the whole program. All replicas have the same key.
func run(ctx context.Context, args []string, key string, errw io.Writer) error {
	flags := flag.NewFlagSet("replicas", flag.ContinueOnError)
	flags.SetOutput(errw)
	address := flags.String("http", "127.0.0.1:0", "serve HTTP at this address")
	url := flags.String("nats", nats.DefaultURL, "where NATS is")
	if err := flags.Parse(args); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(errw, nil))
	nc, err := nats.Connect(*url, nats.Name("replicas"), nats.MaxReconnects(-1))
	if err != nil {
		return fmt.Errorf("connect to NATS at %q: %w", *url, err)
	}
	defer nc.Close()
	store, err := natsstore.New(ctx, nc, natsstore.Options{})
	if err != nil {
		return err
	}
	s := server.New(mcptypes.Implementation{Name: "replicas", Version: "1.0.0"}, &server.Options{StateKey: []byte(key), Log: log})
	err = server.AddTool(s, mcptypes.Tool{Name: "count", Description: "Counts slowly, in whichever process is asked."}, count)
	if err != nil {
		return err
	}
	return server.ListenHTTP(ctx, s, server.ListenOptions{
		Address: *address, HTTP: server.HTTPOptions{Store: store},
		Ready: func(url string) { log.Info("listening", "url", url, "process", os.Getpid()) },
	})
}

// Count is what the tool takes.
type Count struct {
	To    int `json:"to" jsonschema:"minimum=1,maximum=1000000,description=Where to stop"`
	Pause int `json:"pause,omitempty" jsonschema:"minimum=1,maximum=60000,description=Milliseconds between two numbers"`
}

func count(ctx context.Context, in Count) (string, error) {
	tick := time.NewTicker(time.Duration(max(in.Pause, 1)) * time.Millisecond)
	defer tick.Stop()
	total := float64(in.To)
	for n := range in.To {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
		if err := server.Progress(ctx, float64(n+1), &total, fmt.Sprint("process ", os.Getpid())); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("process %d counted to %d", os.Getpid(), in.To), nil
}
