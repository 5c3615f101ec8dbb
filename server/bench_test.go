package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
)

// echoing is a server with a hundred tools, one of which returns its text.
func echoing(b *testing.B) *server.Server {
	b.Helper()
	s := server.New(info, nil)
	for i := range 100 {
		name := fmt.Sprint("echo", i)
		if err := server.AddTool(s, mcptypes.Tool{Name: name, Description: "Returns its text."}, func(_ context.Context, in struct {
			Text string `json:"text"`
		}) (string, error) {
			return in.Text, nil
		}, server.Immediate); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

func BenchmarkHTTP(b *testing.B) {
	h := server.HTTPHandler(echoing(b), nil)
	b.Cleanup(func() {
		if err := h.Close(context.Background()); err != nil {
			b.Error(err)
		}
	})
	serve := func(body string, headers http.Header) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader(body))
		r.Host, r.Header = "localhost", headers
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for _, revision := range []string{"2025-06-18", "2025-11-25"} {
		headers := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}}
		opened := serve(`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"`+revision+`","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`, headers)
		headers.Set("Mcp-Session-Id", opened.Header().Get("Mcp-Session-Id"))
		headers.Set("Mcp-Protocol-Version", revision)
		for name, body := range map[string]string{
			"ping":     `{"jsonrpc":"2.0","id":1,"method":"ping"}`,
			"list":     `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`,
			"echo100B": `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo1","arguments":{"text":"` + strings.Repeat("x", 100) + `"}}}`,
			"echo1MB":  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo1","arguments":{"text":"` + strings.Repeat("x", 1<<20) + `"}}}`,
		} {
			b.Run(revision+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if w := serve(body, headers); w.Code != http.StatusOK {
						b.Fatal(w.Code, w.Body)
					}
				}
			})
		}
	}
}

// BenchmarkStdio serves a client over pipes of the operating system that sends
// sixteen requests at a time.
func BenchmarkStdio(b *testing.B) {
	const inFlight = 16
	for _, bench := range []struct{ name, method, params string }{
		{"ping", "ping", `{}`},
		{"list", "tools/list", `{}`},
		{"echo100B", "tools/call", `{"name":"echo1","arguments":{"text":"` + strings.Repeat("x", 100) + `"}}`},
		{"echo10KB", "tools/call", `{"name":"echo1","arguments":{"text":"` + strings.Repeat("x", 10<<10) + `"}}`},
		{"echo1MB", "tools/call", `{"name":"echo1","arguments":{"text":"` + strings.Repeat("x", 1<<20) + `"}}`},
	} {
		b.Run(bench.name, func(b *testing.B) {
			in, requests, err := os.Pipe()
			require.NoError(b, err)
			answers, out, err := os.Pipe()
			require.NoError(b, err)
			served := make(chan error, 1)
			go func() { served <- echoing(b).Serve(context.Background(), jsonrpc.Lines(in, out, jsonrpc.Limits{})) }()
			reader := bufio.NewReaderSize(answers, 64<<10)
			roundTrip := func(lines string, n int) {
				go func() {
					if _, err := io.WriteString(requests, lines); err != nil {
						b.Error(err)
					}
				}()
				for n > 0 {
					_, err := reader.ReadSlice('\n')
					if err == nil {
						n--
					} else if !errors.Is(err, bufio.ErrBufferFull) {
						b.Fatal(err)
					}
				}
			}
			roundTrip(`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`+"\n", 1)
			var lines strings.Builder
			for i := range inFlight {
				fmt.Fprintf(&lines, `{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`+"\n", i+1, bench.method, bench.params)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i += inFlight {
				roundTrip(lines.String(), inFlight)
			}
			b.StopTimer()
			require.NoError(b, requests.Close())
			require.NoError(b, <-served)
		})
	}
}
