package server

import (
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// admit checks what every request must satisfy before anything is done for it:
// by which name the server was called, which page calls, and what is sent and
// accepted.
func (h *HTTP) admit(w http.ResponseWriter, r *http.Request) (status int, err error) {
	host, err := parseHost(r.Host)
	if err != nil {
		return http.StatusForbidden, err
	}
	if !h.hostAllowed(r, host) {
		return http.StatusForbidden, fmt.Errorf("host %q is not allowed", r.Host)
	}
	if origins := r.Header.Values("Origin"); len(origins) > 0 {
		if len(origins) > 1 || !h.originAllowed(origins[0], host) {
			return http.StatusForbidden, fmt.Errorf("origin %q is not allowed", origins[0])
		}
		allowPage(w.Header(), origins[0])
	}
	switch r.Method {
	case http.MethodPost:
		if contentType := r.Header.Get("Content-Type"); !isJSON(contentType) {
			return http.StatusUnsupportedMediaType, fmt.Errorf("content type %q: want application/json", contentType)
		}
		if !accepts(r, "application/json") || !accepts(r, "text/event-stream") {
			return http.StatusNotAcceptable, errors.New("accept: want both application/json and text/event-stream")
		}
	case http.MethodGet:
		if !accepts(r, "text/event-stream") {
			return http.StatusNotAcceptable, errors.New("accept: want text/event-stream")
		}
	}
	return 0, nil
}

// isJSON reports whether a content type says JSON.
func isJSON(contentType string) bool {
	if contentType == "application/json" {
		return true
	}
	media, params, err := mime.ParseMediaType(contentType)
	return err == nil && media == "application/json" && (params["charset"] == "" || strings.EqualFold(params["charset"], "utf-8"))
}

// allowPage lets a web page of another origin call and read the answers.
func allowPage(header http.Header, origin string) {
	header.Add("Vary", "Origin")
	header.Set("Access-Control-Allow-Origin", origin)
	header.Set("Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS")
	header.Set("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, Last-Event-ID, Mcp-Session-Id, MCP-Protocol-Version, Mcp-Method, Mcp-Name")
	header.Set("Access-Control-Expose-Headers", "Mcp-Session-Id, WWW-Authenticate")
	header.Set("Access-Control-Max-Age", "600")
}

// accepts reports whether the client takes a media type.
func accepts(r *http.Request, media string) bool {
	group, _, _ := strings.Cut(media, "/")
	for _, line := range r.Header.Values("Accept") {
		for part := range strings.SplitSeq(line, ",") {
			kind, params, _ := strings.Cut(part, ";")
			kind = strings.ToLower(strings.TrimSpace(kind))
			if kind != media && kind != "*/*" && kind != group+"/*" {
				continue
			}
			if !refused(params) {
				return true
			}
		}
	}
	return false
}

// refused reports whether the parameters of a media range give it no weight at all.
func refused(params string) bool {
	if params == "" {
		return false
	}
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
		if q, err := strconv.ParseFloat(value, 64); strings.EqualFold(name, "q") && err == nil && q == 0 {
			return true
		}
	}
	return false
}

// A host is a parsed Host header, or the host of an origin.
type host struct {
	name string // in lower case, an address without brackets
	port string // empty if there is none
}

// parseHost reads NAME, NAME:PORT, [ADDRESS] or [ADDRESS]:PORT and nothing else.
func parseHost(text string) (host, error) {
	name, port := text, ""
	if rest, bracketed := strings.CutPrefix(text, "["); bracketed {
		address, after, closed := strings.Cut(rest, "]")
		ip, err := netip.ParseAddr(address)
		if !closed || err != nil || !ip.Is6() || ip.Zone() != "" || after != "" && !strings.HasPrefix(after, ":") {
			return host{}, fmt.Errorf("host %q: not an address in brackets", text)
		}
		name, port = address, strings.TrimPrefix(after, ":")
		if after == ":" {
			return host{}, fmt.Errorf("host %q: port: missing", text)
		}
	} else if before, after, colon := strings.Cut(text, ":"); colon {
		name, port = before, after
		if port == "" {
			return host{}, fmt.Errorf("host %q: port: missing", text)
		}
	}
	if port != "" {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return host{}, fmt.Errorf("host %q: port %q: not a number", text, port)
		}
	}
	if name == "" || strings.ContainsAny(name, " /@?#\\%") {
		return host{}, fmt.Errorf("host %q: not a name", text)
	}
	return host{strings.TrimSuffix(strings.ToLower(name), "."), port}, nil
}

// local reports whether the name is one of this machine for itself.
func (h host) local() bool {
	if h.name == "localhost" || strings.HasSuffix(h.name, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(h.name)
	return err == nil && ip.Unmap().IsLoopback()
}

// matches reports whether an entry of a list of hosts means h.
func (h host) matches(entry string) bool {
	if entry == "*" {
		return true
	}
	allowed, err := parseHost(entry)
	return err == nil && allowed.name == h.name && (allowed.port == "" || allowed.port == h.port)
}

// hostAllowed reports whether the server may be called by a name: one of those
// allowed, one of this machine where the call came in on loopback, or the very
// address that it came in on.
func (h *HTTP) hostAllowed(r *http.Request, called host) bool {
	for _, entry := range h.options.AllowedHosts {
		if called.matches(entry) {
			return true
		}
	}
	address, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return called.local()
	}
	at, err := addrPort(address)
	if err != nil || at.Addr().Unmap().IsLoopback() { // or a socket without an address
		return called.local()
	}
	ip, err := netip.ParseAddr(called.name)
	return err == nil && ip.Unmap() == at.Addr().Unmap()
}

// addrPort is the address and port of a network address.
func addrPort(address net.Addr) (netip.AddrPort, error) {
	if tcp, ok := address.(*net.TCPAddr); ok {
		return tcp.AddrPort(), nil
	}
	return netip.ParseAddrPort(address.String())
}

// originAllowed reports whether a page of an origin may call the server.
func (h *HTTP) originAllowed(text string, called host) bool {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	origin, err := parseHost(u.Host)
	if err != nil {
		return false
	}
	for _, entry := range h.options.AllowedOrigins {
		if entry == "*" {
			return true
		}
		allowed, err := url.Parse(entry)
		if err != nil || !strings.EqualFold(allowed.Scheme, u.Scheme) {
			continue
		}
		if other, err := parseHost(allowed.Host); err == nil && other == origin {
			return true
		}
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	return origin.local() && called.local()
}
