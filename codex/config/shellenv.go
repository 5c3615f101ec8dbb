package config

import (
	"slices"
	"strings"
)

// An Inherit says which variables of the server a command starts from.
type Inherit string

// The values of [Inherit].
const (
	InheritAll  Inherit = "all"
	InheritCore Inherit = "core" // those that a shell cannot do without
	InheritNone Inherit = "none"
)

// coreVariables is what InheritCore keeps.
var coreVariables = []string{
	"HOME", "LOGNAME", "PATH", "SHELL", "USER", "USERNAME", "TMPDIR", "TEMP", "TMP",
}

// secretPatterns is what commands do not see unless told otherwise.
var secretPatterns = []string{"*KEY*", "*SECRET*", "*TOKEN*"}

// A ShellEnvironment is the policy for the environment of commands, the table
// shell_environment_policy.
type ShellEnvironment struct {
	Inherit               Inherit // "" means all
	IgnoreDefaultExcludes bool    // keep what looks like a secret by its name, or is one of a provider's
	Exclude               []string
	Set                   map[string]string
	IncludeOnly           []string
	UseProfile            bool // run commands in the user's login shell

	credentials []string // variables that providers take credentials from
}

// Build returns the environment of a command, given that of the server. The
// order of environ is kept, and values need not be UTF-8; of several values for
// one name the last one counts. Set variables follow in the order of their names.
func (p ShellEnvironment) Build(environ []string) []string {
	values := map[string]string{}
	var names []string
	put := func(name, value string) {
		if _, ok := values[name]; !ok {
			names = append(names, name)
		}
		values[name] = value
	}
	for _, variable := range environ {
		// Windows has names that begin with "=".
		if i := strings.Index(variable, "="); i > 0 && p.inherits(variable[:i]) {
			put(variable[:i], variable[i+1:])
		}
	}
	for _, name := range sortedKeys(p.Set) {
		put(name, p.Set[name])
	}
	result := make([]string, 0, len(names))
	for _, name := range names {
		if len(p.IncludeOnly) == 0 || matchesAny(p.IncludeOnly, name) {
			result = append(result, name+"="+values[name])
		}
	}
	return result
}

// inherits reports whether a variable of the server is passed on.
func (p ShellEnvironment) inherits(name string) bool {
	switch p.Inherit {
	case InheritNone:
		return false
	case InheritCore:
		if !slices.Contains(coreVariables, name) {
			return false
		}
	}
	if !p.IgnoreDefaultExcludes && (matchesAny(secretPatterns, name) || slices.Contains(p.credentials, name)) {
		return false
	}
	return !matchesAny(p.Exclude, name)
}

func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, name) })
}

// matches compares a whole name with a pattern of * and ?, without regard to
// case.
func matches(pattern, name string) bool {
	p, s := []rune(strings.ToLower(pattern)), []rune(strings.ToLower(name))
	star, mark := -1, 0 // the last star, and where in s it began to match
	i, j := 0, 0
	for j < len(s) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == s[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}
