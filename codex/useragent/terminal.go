package useragent

import "strings"

// terminal names the terminal the process runs in, by the variables that
// terminals set.
func terminal(getenv func(string) string) string {
	versioned := func(name, variable string) (string, bool) {
		v, set := lookup(getenv, variable)
		if !set {
			return "", false
		}
		if strings.TrimSpace(v) == "" {
			return name, true
		}
		return name + "/" + v, true
	}
	term := getenv("TERM")
	if program := getenv("TERM_PROGRAM"); strings.TrimSpace(program) != "" {
		if v := getenv("TERM_PROGRAM_VERSION"); strings.TrimSpace(v) != "" {
			program += "/" + v
		}
		return sanitize(program)
	}
	if name, ok := versioned("WezTerm", "WEZTERM_VERSION"); ok {
		return sanitize(name)
	}
	if _, set := lookup(getenv, "KITTY_WINDOW_ID"); set || strings.Contains(term, "kitty") {
		return "kitty"
	}
	if _, set := lookup(getenv, "ALACRITTY_SOCKET"); set || term == "alacritty" {
		return "Alacritty"
	}
	if name, ok := versioned("Konsole", "KONSOLE_VERSION"); ok {
		return sanitize(name)
	}
	if _, set := lookup(getenv, "GNOME_TERMINAL_SCREEN"); set {
		return "gnome-terminal"
	}
	if name, ok := versioned("VTE", "VTE_VERSION"); ok {
		return sanitize(name)
	}
	if _, set := lookup(getenv, "WT_SESSION"); set {
		return "WindowsTerminal"
	}
	if term == "" {
		return "unknown"
	}
	return sanitize(term)
}

// lookup treats an empty variable as one that is not set.
func lookup(getenv func(string) string, name string) (string, bool) {
	v := getenv(name)
	return v, v != ""
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
