package oauth

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// A Loopback waits on this machine for a user to come back from a page.
type Loopback struct {
	// RedirectURL is where the user is sent back to.
	RedirectURL string

	listener net.Listener
	show     func(page string)
}

// Listen returns a loopback that shows pages by calling show, which may open a
// browser or tell the user to.
func Listen(show func(page string)) (*Loopback, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("wait for the browser: %w", err)
	}
	return &Loopback{RedirectURL: "http://" + listener.Addr().String() + "/callback", listener: listener, show: show}, nil
}

// Close stops waiting.
func (l *Loopback) Close() error { return l.listener.Close() }

// Visit shows a page and waits until the user comes back. It can be called once.
func (l *Loopback) Visit(ctx context.Context, page string) (string, error) {
	back := make(chan string, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = fmt.Fprintln(w, "Done. You can close this page.")
		select {
		case back <- l.RedirectURL + "?" + r.URL.RawQuery:
		default:
		}
	})
	s := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l.listener) }()
	l.show(page)
	select {
	case url := <-back:
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = s.Shutdown(ending) // the page is shown or it is not
		return url, nil
	case err := <-served:
		return "", fmt.Errorf("wait for the browser: %w", err)
	case <-ctx.Done():
		_ = s.Close()
		return "", context.Cause(ctx)
	}
}
