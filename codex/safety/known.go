package safety

import "strings"

// IsKnownSafe reports whether argv only reads, as far as its arguments can tell: none
// of them makes it change files or start other programs. It looks into the script of
// exactly bash -lc SCRIPT, all commands of which must be safe.
func IsKnownSafe(argv []string) bool {
	if len(argv) == 3 && argv[0] == "bash" && argv[1] == "-lc" {
		commands, ok := simpleCommands(argv[2])
		if !ok {
			return false
		}
		for _, words := range commands {
			if !isSafeInScript(words) {
				return false
			}
		}
		return true
	}
	return isSafe(argv)
}

func isSafeInScript(words []word) bool {
	name := words[0].raw
	if readOnly[name] {
		return true
	}
	argv := make([]string, len(words))
	for i, w := range words {
		// A glob may stand for a file that is named like an option.
		if i > 0 && w.bare && mayExpandToOption(w.raw) {
			return false
		}
		argv[i] = w.value
	}
	argv[0] = name
	return isSafe(argv)
}

func mayExpandToOption(raw string) bool {
	glob := strings.IndexAny(raw, "*?")
	return glob >= 0 && (glob == 0 || raw[0] == '-' || raw[0] == '\\')
}

// readOnly are the commands that are safe with any arguments.
var readOnly = map[string]bool{
	"cat": true, "cd": true, "echo": true, "false": true, "grep": true, "head": true, "ls": true, "nl": true,
	"pwd": true, "tail": true, "true": true, "wc": true, "which": true,
}

func isSafe(argv []string) bool {
	if len(argv) == 0 {
		return false
	}
	switch argv[0] {
	case "find":
		return isSafeFind(argv[1:])
	case "git":
		return isSafeGit(argv[1:])
	case "rg":
		return isSafeRipgrep(argv[1:])
	case "sed":
		return isSafeSed(argv[1:])
	default:
		return readOnly[argv[0]]
	}
}

func isSafeFind(args []string) bool {
	for _, arg := range args {
		switch arg {
		case "-exec", "-execdir", "-ok", "-okdir", "-delete", "-fls", "-fprint", "-fprint0", "-fprintf":
			return false
		}
	}
	return true
}

func isSafeRipgrep(args []string) bool {
	for _, arg := range args {
		name, _, _ := strings.Cut(arg, "=")
		switch name {
		case "--search-zip", "--pre", "--hostname-bin":
			return false
		}
		// Flags may be grouped, and telling -z from a value in a group takes all of
		// the program's options.
		if strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "--") && strings.Contains(arg, "z") {
			return false
		}
	}
	return true
}

// isSafeSed allows printing a range of lines of one file.
func isSafeSed(args []string) bool {
	return len(args) == 3 && args[0] == "-n" && isPrintRange(args[1]) &&
		args[2] != "" && !strings.HasPrefix(args[2], "-")
}

// isPrintRange reports whether script is a sed script that prints a line or a range
// of lines.
func isPrintRange(script string) bool {
	lines, ok := strings.CutSuffix(script, "p")
	from, to, isRange := strings.Cut(lines, ",")
	return ok && isDigits(from) && (!isRange || isDigits(to))
}

func isSafeGit(args []string) bool {
	if len(args) == 0 {
		return false
	}
	switch args[0] {
	case "status":
		return true
	case "log", "diff", "show":
		for _, arg := range args[1:] {
			name, _, _ := strings.Cut(arg, "=")
			if abbreviates(name, "--output") || abbreviates(name, "--ext-diff") {
				return false
			}
		}
		return true
	case "branch":
		return isBranchList(args[1:])
	default:
		return false
	}
}

// abbreviates reports whether git may take name for option.
func abbreviates(name, option string) bool {
	return len(name) > len("--") && strings.HasPrefix(option, name)
}

// isBranchList reports whether git branch with these arguments lists branches.
// Whatever it does not know counts as something else.
func isBranchList(args []string) bool {
	lists, operands := false, false
	for _, arg := range args {
		name, _, hasValue := strings.Cut(arg, "=")
		switch name {
		case "--list", "--contains", "--no-contains", "--merged", "--no-merged", "--points-at":
			lists = true
		case "--sort", "--format":
			if !hasValue {
				return false // the next argument is its value
			}
		case "--all", "--remotes", "--verbose", "--ignore-case", "--show-current", "--omit-empty",
			"--abbrev", "--no-abbrev", "--color", "--no-color", "--column", "--no-column":
		default:
			switch {
			case !strings.HasPrefix(arg, "-"):
				operands = true
			case len(arg) < 2 || strings.Trim(arg[1:], "arvli") != "":
				return false
			}
		}
	}
	return lists || !operands
}
