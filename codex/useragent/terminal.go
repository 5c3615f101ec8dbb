package useragent

import "strings"

// terminal names the terminal the process runs in, by the variables that
// terminals set. Most of them say so by being set at all.
func terminal(lookup func(string) (string, bool)) string {
	versioned := func(name, variable string) (string, bool) {
		v, set := lookup(variable)
		if set && strings.TrimSpace(v) != "" {
			name += "/" + v
		}
		return name, set
	}
	isSet := func(variable string) bool {
		_, set := lookup(variable)
		return set
	}
	term, named := lookup("TERM")
	if program, _ := lookup("TERM_PROGRAM"); strings.TrimSpace(program) != "" {
		if v, _ := lookup("TERM_PROGRAM_VERSION"); strings.TrimSpace(v) != "" {
			program += "/" + v
		}
		return sanitize(program)
	}
	if name, ok := versioned("WezTerm", "WEZTERM_VERSION"); ok {
		return sanitize(name)
	}
	if isSet("KITTY_WINDOW_ID") || strings.Contains(term, "kitty") {
		return "kitty"
	}
	if isSet("ALACRITTY_SOCKET") || term == "alacritty" {
		return "Alacritty"
	}
	if name, ok := versioned("Konsole", "KONSOLE_VERSION"); ok {
		return sanitize(name)
	}
	if isSet("GNOME_TERMINAL_SCREEN") {
		return "gnome-terminal"
	}
	if name, ok := versioned("VTE", "VTE_VERSION"); ok {
		return sanitize(name)
	}
	if isSet("WT_SESSION") {
		return "WindowsTerminal"
	}
	if !named {
		return "unknown"
	}
	return sanitize(term)
}

// sanitize keeps what a user agent may have in the name of a product.
func sanitize(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("-_./", r):
			return r
		}
		return '_'
	}, s)
}
