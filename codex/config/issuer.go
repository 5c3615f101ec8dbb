package config

import (
	"fmt"
	"net"
	"net/url"
)

// checkIssuer accepts https, and http to this machine: the login sends secrets.
func checkIssuer(issuer string) error {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("expected the https URL of an authorization server, found %q", redactURL(issuer))
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	local := host == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return fmt.Errorf("expected an https URL (http only to this machine), found %q", issuer)
	}
	return nil
}
