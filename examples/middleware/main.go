// Middleware is a server behind ordinary net/http middleware: it logs every
// request, wants a token, and lives beside other handlers of the same program.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
	"github.com/codexmcp/codexmcp/wire"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := run(ctx, log, os.Getenv("TOKEN")); err != nil {
		log.Error("middleware", "error", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, log *slog.Logger, token string) error {
	if token == "" {
		return errors.New("TOKEN: missing")
	}
	handler, mcp, err := newHandler(log, token)
	if err != nil {
		return err
	}
	web := &http.Server{Addr: "127.0.0.1:8080", Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- web.ListenAndServe() }()
	log.Info("listening", "url", "http://127.0.0.1:8080/mcp")
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(mcp.Close(ending), web.Shutdown(ending))
}

// newHandler puts the handlers together.
func newHandler(log *slog.Logger, token string) (http.Handler, *server.HTTP, error) {
	s := server.New(mcptypes.Implementation{Name: "middleware", Version: "1.0.0"}, &server.Options{
		Incoming: []server.Middleware{timed(log)},
	})
	err := server.AddTool(s, mcptypes.Tool{Name: "time", Description: "Tells the time."},
		func(context.Context, struct{}) (string, error) { return time.Now().Format(time.Kitchen), nil })
	mcp := server.HTTPHandler(s, nil)
	mux := http.NewServeMux()
	mux.Handle("/mcp", server.RequireToken(token, mcp))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	return logged(log, mux), mcp, err
}

// logged is middleware of net/http: it sees requests.
func logged(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		log.Info("request", "method", r.Method, "path", r.URL.Path, "from", r.RemoteAddr)
		next.ServeHTTP(w, r)
	})
}

// timed is middleware of the server: it sees messages.
func timed(log *slog.Logger) server.Middleware {
	return func(next server.Call) server.Call {
		return func(ctx context.Context, method string, params wire.Value) (wire.Value, error) {
			started := time.Now()
			result, err := next(ctx, method, params)
			log.Info("message", "method", method, "took", time.Since(started), "error", err)
			return result, err
		}
	}
}
