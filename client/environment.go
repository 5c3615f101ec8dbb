package client

import (
	"maps"
	"runtime"
	"slices"
	"strings"
)

// EnvironmentNames are the variables a server needs to find its way around a
// system, and that tell it no secrets.
func EnvironmentNames() []string {
	if runtime.GOOS == "windows" {
		return []string{"PATH", "PATHEXT", "USERNAME", "USERDOMAIN", "USERPROFILE", "TEMP", "TMP"}
	}
	return []string{"HOME", "LOGNAME", "PATH", "SHELL", "USER", "__CF_USER_TEXT_ENCODING",
		"LANG", "LC_ALL", "TERM", "TMPDIR", "TZ"}
}

// Environment is the environment of a server: those variables of environ
// ("NAME=value") that [EnvironmentNames] or allow has, and set on top.
func Environment(environ []string, set map[string]string, allow ...string) []string {
	allowed := append(EnvironmentNames(), allow...)
	env := []string{} // an exec.Cmd takes nil for everything
	for _, variable := range environ {
		name, _, ok := strings.Cut(variable, "=")
		_, overridden := set[name]
		if ok && !overridden && slices.ContainsFunc(allowed, func(a string) bool { return sameName(a, name) }) {
			env = append(env, variable)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		env = append(env, name+"="+set[name])
	}
	return env
}

func sameName(a, b string) bool {
	if runtime.GOOS == "windows" {
		return strings.EqualFold(a, b)
	}
	return a == b
}
