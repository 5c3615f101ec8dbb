package jsonrpc_test

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/wire"
)

type discard struct{}

func (discard) Write(context.Context, jsonrpc.Outgoing) error { return nil }

func BenchmarkDeliver(b *testing.B) {
	for _, bench := range []struct{ name, message string }{
		{"ping", `{"jsonrpc":"2.0","id":1,"method":"ping"}`},
		{"echo", `{"method":"echo","params":{"name":"` + strings.Repeat("x", 100) + `"},"jsonrpc":"2.0","id":1}`},
		{"unknown", `{"jsonrpc":"2.0","id":1,"method":"nope"}`},
		{"notification", `{"jsonrpc":"2.0","method":"note","params":{"name":"a"}}`},
	} {
		b.Run(bench.name, func(b *testing.B) {
			c := jsonrpc.New(jsonrpc.Options{Handler: basics()})
			message := []byte(bench.message)
			b.ReportAllocs()
			for b.Loop() {
				if err := c.Deliver(b.Context(), message, discard{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRoundTrip makes calls over a pair of pipes of the operating system.
func BenchmarkRoundTrip(b *testing.B) {
	for _, bench := range []struct {
		name     string
		method   wire.Request[text, text]
		inFlight int
		size     int
	}{
		{"echo100/1", echo, 1, 100},
		{"echo100/16", echo, 16, 100},
		{"echo1M/16", echo, 16, 1 << 20},
		{"inline100/1", wire.Request[text, text]{Method: "inline"}, 1, 100},
		{"inline100/16", wire.Request[text, text]{Method: "inline"}, 16, 100},
	} {
		b.Run(bench.name, func(b *testing.B) {
			ar, bw, err := os.Pipe()
			require.NoError(b, err)
			br, aw, err := os.Pipe()
			require.NoError(b, err)
			methods := basics()
			inline := *methods.Requests["echo"]
			inline.Order = jsonrpc.Inline
			methods.Requests["inline"] = &inline
			client := jsonrpc.New(jsonrpc.Options{})
			server := jsonrpc.New(jsonrpc.Options{Handler: methods})
			client.Start(context.Background(), jsonrpc.Lines(ar, aw, jsonrpc.Limits{}))
			server.Start(context.Background(), jsonrpc.Lines(br, bw, jsonrpc.Limits{}))
			params := text{Name: strings.Repeat("x", bench.size)}
			b.ReportAllocs()
			b.ResetTimer()
			var wg sync.WaitGroup
			for range bench.inFlight {
				n := b.N / bench.inFlight
				wg.Go(func() {
					for range n + 1 {
						if _, err := jsonrpc.Call(b.Context(), client, bench.method, params); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			require.NoError(b, client.Close(context.Background()))
			require.NoError(b, server.Close(context.Background()))
		})
	}
}
