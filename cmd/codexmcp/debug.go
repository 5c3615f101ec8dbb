package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"time"

	"github.com/codexmcp/codexmcp/server"
)

// serveDebug serves profiles and health until it is stopped. Without a host the
// address is one of this machine; others see it with the token only.
func serveDebug(ctx context.Context, address, token string, log *slog.Logger, errw io.Writer) (stop func(), err error) {
	name, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, errMisuse{fmt.Errorf("--debug %q: %w", address, err)}
	}
	if name == "" {
		name = "127.0.0.1"
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(name, port))
	if err != nil {
		return nil, fmt.Errorf("listen for --debug: %w", err)
	}
	at, err := netip.ParseAddrPort(listener.Addr().String())
	if err == nil && !at.Addr().Unmap().IsLoopback() && token == "" {
		err = errMisuse{fmt.Errorf("--debug %q: without a token only this machine can be served", address)}
	}
	if err != nil {
		_ = listener.Close()
		return nil, err
	}
	handler := debugHandler(ctx)
	if !at.Addr().Unmap().IsLoopback() {
		handler = server.RequireToken(token, handler)
	}
	web := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("serve --debug", "error", err)
		}
	}()
	_ = say(errw, "Serving http://%s/debug/pprof/ and /healthz.", listener.Addr()) // that nobody reads it changes nothing
	return func() {
		if err := web.Close(); err != nil {
			log.Debug("end of --debug", "error", err)
		}
		<-done
	}, nil
}

// debugHandler serves profiles at /debug/pprof/ and health at /healthz, which is
// good until ctx ends. Pages that call it by another name than an address or
// localhost get nothing: they are not of this machine.
func debugHandler(ctx context.Context) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if ctx.Err() != nil {
			http.Error(w, "shutting down", http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.Host
		if host, _, err := net.SplitHostPort(r.Host); err == nil {
			name = host
		}
		if _, err := netip.ParseAddr(name); err != nil && name != "localhost" {
			http.Error(w, "the host is not allowed", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}
