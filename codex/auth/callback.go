package auth

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"html"
	"net"
	"net/http"
)

// handle answers the browser. Only requests made to this machine by name count:
// a page of someone else's that resolves to it has another host.
func (l *Login) handle(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("Cache-Control", "no-store")
	head.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	head.Set("Referrer-Policy", "no-referrer")
	head.Set("X-Content-Type-Options", "nosniff")
	if !l.isLocal(r.Host) {
		show(w, http.StatusForbidden, page{Title: "Wrong address", Text: "This address belongs to another program."})
		return
	}
	if r.Method != http.MethodGet {
		head.Set("Allow", http.MethodGet)
		show(w, http.StatusMethodNotAllowed, page{Title: "Not understood", Text: "Only GET is understood here."})
		return
	}
	switch r.URL.Path {
	case "/auth/callback":
		l.handleCallback(w, r)
	case "/success":
		l.handleSuccess(w)
	case "/cancel":
		l.handleCancel(w, r)
	default:
		notFound(w)
	}
}

func (l *Login) isLocal(host string) bool {
	name, port, err := net.SplitHostPort(host)
	if err != nil || ":"+port != l.address {
		return false
	}
	ip := net.ParseIP(name)
	return name == "localhost" || ip != nil && ip.IsLoopback()
}

// handleCallback gets the answer of the authorization server. The login succeeds
// here: whether the browser goes on to the last page does not matter.
func (l *Login) handleCallback(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(l.state)) != 1 {
		show(w, http.StatusBadRequest, page{Title: "Not signed in", Text: "This is not the answer to the login that is under way. Open the newest address to sign in."})
		return
	}
	if query.Has("error") {
		l.end(ErrLoginDenied)
		show(w, http.StatusBadRequest, page{Title: "Not signed in", Text: "The login was denied. You can close this window."})
		return
	}
	code := query.Get("code")
	if code == "" {
		show(w, http.StatusBadRequest, page{Title: "Not signed in", Text: "The answer of the authorization server has no code."})
		return
	}

	l.exchange.Lock() // a browser may ask twice
	defer l.exchange.Unlock()
	if l.ended() {
		l.redirect(w, r)
		return
	}
	// The exchange goes on when the browser goes away: a code works only once.
	if err := l.complete(code); err != nil {
		text := "The credentials could not be stored."
		if refused, ok := errors.AsType[*IssuerError](err); ok {
			text = "It did not work: " + refused.Error() + "."
		}
		show(w, http.StatusInternalServerError, page{Title: "Not signed in", Text: text + " You can go back and try again."})
		return
	}
	l.redirect(w, r)
}

// redirect leads to the last page, away from the address with the code.
func (l *Login) redirect(w http.ResponseWriter, r *http.Request) {
	if l.Err() != nil {
		show(w, http.StatusBadRequest, page{Title: "Not signed in", Text: "The login has ended."})
		return
	}
	http.Redirect(w, r, "/success", http.StatusFound)
}

func (l *Login) handleSuccess(w http.ResponseWriter) {
	if !l.ended() || l.err != nil {
		notFound(w)
		return
	}
	last := page{Title: "Signed in", Text: "You can close this window and go back to your program."}
	if l.setup {
		last.Text = "To use the API, finish setting up your organization at platform.openai.com. " + last.Text
	}
	show(w, http.StatusOK, last)
	l.seenOnce.Do(func() { close(l.pageSeen) })
}

// handleCancel ends the login for a program that needs the port. Other people's
// web pages may not: browsers say where a request comes from.
func (l *Login) handleCancel(w http.ResponseWriter, r *http.Request) {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "none" && site != "same-origin" {
		show(w, http.StatusForbidden, page{Title: "Not cancelled", Text: "Another site cannot cancel the login."})
		return
	}
	l.end(ErrLoginCancelled)
	show(w, http.StatusOK, page{Title: "Cancelled", Text: "The login was cancelled."})
}

func notFound(w http.ResponseWriter) {
	show(w, http.StatusNotFound, page{Title: "Not found", Text: "There is nothing here."})
}

type page struct{ Title, Text string }

// pageFormat takes the title, twice, and the text. It is no template: the template
// packages keep the linker from leaving out methods that nothing calls, which made
// the whole program much larger.
const pageFormat = `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>%[1]s</title>
<style>:root { color-scheme: light dark } body { font: 1.1rem/1.5 system-ui, sans-serif; margin: 20vh auto; max-width: 32rem; padding: 0 1rem }</style>
<h1>%[1]s</h1>
<p>%[2]s</p>
</html>
`

// show answers with a page. A browser that went away needs none.
func show(w http.ResponseWriter, status int, p page) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, pageFormat, html.EscapeString(p.Title), html.EscapeString(p.Text))
}
