package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// ListenOptions are what [ListenHTTP] can be told.
type ListenOptions struct {
	// Address is where to listen, 127.0.0.1:0 when empty. Without a host it is
	// this machine alone: to be reached from others, name the address.
	Address string
	// Path is where the server is found; /mcp when empty.
	Path string
	// Token is what clients must send as their bearer token. Without it, and
	// without Resource, only this machine can be served.
	Token string
	// Resource lets those in who bring an access token, in place of Token. The
	// host of its URL is one by which the server may be called.
	Resource *ResourceServer
	// HTTP are the options of the handler.
	HTTP HTTPOptions
	// Ready is called with the server's URL when it can be reached.
	Ready func(url string)
	// Grace is how long requests may go on when ctx has ended; 5 s when zero.
	Grace time.Duration
}

// ListenHTTP serves s over HTTP until ctx ends; then requests that run may
// finish. It returns nil when they could.
func ListenHTTP(ctx context.Context, s *Server, o ListenOptions) error {
	if o.Path == "" {
		o.Path = "/mcp"
	}
	setDefault(&o.Grace, 5*time.Second)
	address, err := listenAddress(o.Address)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("serve HTTP: %w", err)
	}
	at, err := netip.ParseAddrPort(listener.Addr().String())
	if err == nil && o.Token == "" && o.Resource == nil && !at.Addr().Unmap().IsLoopback() {
		err = fmt.Errorf("listen at %q: without a token only this machine can be served", address)
	}
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	mux := http.NewServeMux()
	if o.Resource != nil {
		u, err := url.Parse(o.Resource.Resource)
		if err == nil && (o.Token != "" || u.Host == "") {
			err = fmt.Errorf("resource %q: want a URL, and no token beside it", o.Resource.Resource)
		}
		if err != nil {
			return errors.Join(err, listener.Close())
		}
		o.HTTP.AllowedHosts = append(slices.Clone(o.HTTP.AllowedHosts), u.Host)
		mux.Handle(o.Resource.MetadataPath(), o.Resource.Metadata())
	}
	handler := HTTPHandler(s, &o.HTTP)
	switch {
	case o.Resource != nil:
		mux.Handle(o.Path, o.Resource.Protect(handler))
	case o.Token != "":
		mux.Handle(o.Path, RequireToken(o.Token, handler))
	default:
		mux.Handle(o.Path, handler)
	}
	web := &http.Server{
		Handler: mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(listener) }()
	if o.Ready != nil {
		o.Ready("http://" + listener.Addr().String() + o.Path)
	}
	select {
	case err := <-failed:
		return errors.Join(fmt.Errorf("serve HTTP: %w", err), handler.Close(context.WithoutCancel(ctx)))
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.Grace)
	defer cancel()
	err = handler.Close(ending)
	if shut := web.Shutdown(ending); shut != nil {
		err = errors.Join(err, shut, web.Close())
	}
	if serving := <-failed; !errors.Is(serving, http.ErrServerClosed) {
		err = errors.Join(err, serving)
	}
	return err
}

// listenAddress makes an address without a host one of this machine alone.
func listenAddress(address string) (string, error) {
	if address == "" {
		address = ":0"
	}
	name, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("listen at %q: %w", address, err)
	}
	if name == "" {
		name = "127.0.0.1"
	}
	return net.JoinHostPort(name, port), nil
}

// RequireToken lets only those requests through to next that bring a bearer
// token. The time that the comparison takes tells nothing about it.
func RequireToken(token string, next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isPreflight(r) {
			next.ServeHTTP(w, r)
			return
		}
		given, ok := bearer(r)
		got := sha256.Sum256([]byte(given))
		if !ok || token == "" || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="mcp"`)
			http.Error(w, "a bearer token is required", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isPreflight reports whether a browser asks what a page may do, which it does
// without the page's token. The answer says nothing else.
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
}

// bearer returns the bearer token of a request.
func bearer(r *http.Request) (string, bool) {
	scheme, token, found := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), found && strings.EqualFold(scheme, "Bearer")
}
