package safety

import (
	"slices"
	"strings"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// ParseCommand says what argv seems to do, for people to read. It looks into the
// scripts of bash and leaves out what only formats output. Nothing may be decided
// by it.
func ParseCommand(argv []string) []mcpprotocol.ParsedCommand {
	if len(argv) == 3 && argv[0] == "bash" && argv[1] == "-lc" {
		return parseScript(argv[2])
	}
	if len(argv) > 1 && argv[1] == "|" {
		switch argv[0] {
		case "yes", "y", "no", "n":
			argv = argv[2:]
		}
	}
	commands := splitAtConnectors(argv)
	if len(argv) == 3 && argv[0] == "bash" && argv[1] == "-c" {
		if inner, ok := simpleCommands(argv[2]); ok {
			commands = values(inner)
		}
	}
	if len(commands) == 0 {
		return []mcpprotocol.ParsedCommand{other(Quote(argv))}
	}
	return summaries(simplify(commands))
}

func parseScript(script string) []mcpprotocol.ParsedCommand {
	whole := []mcpprotocol.ParsedCommand{other(script)}
	inner, ok := simpleCommands(script)
	if !ok {
		return whole
	}
	commands := raws(inner)
	if len(inner) == 1 {
		commands = values(inner)
	}
	commands = slices.DeleteFunc(commands, onlyFormats)
	if len(commands) == 0 {
		return whole
	}
	if len(commands) > 1 {
		commands = slices.DeleteFunc(commands, func(c []string) bool { return len(c) == 1 && c[0] == "true" })
	}
	result := summaries(simplify(commands))
	if len(result) == 1 {
		// The part of a file that is read is worth showing.
		if read, ok := result[0].(*mcpprotocol.ReadCommand); ok && pipesToSed(script) {
			read.Cmd = script
		}
	}
	return result
}

func raws(commands [][]word) [][]string {
	return texts(commands, func(w word) string { return w.raw })
}

func values(commands [][]word) [][]string {
	return texts(commands, func(w word) string { return w.value })
}

func texts(commands [][]word, text func(word) string) [][]string {
	result := make([][]string, len(commands))
	for i, words := range commands {
		for _, w := range words {
			result[i] = append(result[i], text(w))
		}
	}
	return result
}

func splitAtConnectors(argv []string) [][]string {
	var commands [][]string
	start := 0
	for i := 0; i <= len(argv); i++ {
		if i < len(argv) {
			switch argv[i] {
			case "&&", "||", "|", ";":
			default:
				continue
			}
		}
		if i > start {
			commands = append(commands, argv[start:i])
		}
		start = i + 1
	}
	return commands
}

// onlyFormats reports whether a command of a script only shapes the output of
// others.
func onlyFormats(words []string) bool {
	switch words[0] {
	case "wc", "tr", "cut", "sort", "uniq", "xargs", "tee", "column", "awk", "yes", "printf":
		return true
	case "head", "tail":
		return len(words) < 3
	case "sed":
		return len(words) < 4 || words[1] != "-n" || !isPrintRange(words[2])
	default:
		return false
	}
}

func pipesToSed(script string) bool {
	fields := strings.Fields(script)
	sed := slices.Index(fields, "sed")
	return slices.Contains(fields, "|") && sed >= 0 && sed+1 < len(fields) && fields[sed+1] == "-n"
}

// simplify drops, while there is more than one command, those that say nothing
// about what is done.
func simplify(commands [][]string) [][]string {
	for len(commands) > 1 {
		drop := -1
		if commands[0][0] == "echo" {
			drop = 0
		}
		for i := 0; drop < 0 && i < len(commands); i++ {
			c := commands[i]
			switch c[0] {
			case "cd":
				if i+1 < len(commands) {
					drop = i
				}
			case "true":
				if len(c) == 1 {
					drop = i
				}
			case "nl":
				if !slices.ContainsFunc(c[1:], isOperand) {
					drop = i
				}
			}
		}
		if drop < 0 {
			break
		}
		commands = slices.Delete(slices.Clone(commands), drop, drop+1)
	}
	return commands
}

// summaries sums up the commands, equal neighbours as one.
func summaries(commands [][]string) []mcpprotocol.ParsedCommand {
	result := []mcpprotocol.ParsedCommand{}
	for i, words := range commands {
		if i == 0 || !slices.Equal(words, commands[i-1]) {
			result = append(result, summarize(words))
		}
	}
	return result
}

// summarize sums up one command.
func summarize(words []string) mcpprotocol.ParsedCommand {
	cmd, args := Quote(words), words[1:]
	switch words[0] {
	case "ls":
		path := operand(skipValues(args, "-I", "-w", "--block-size", "--format", "--time-style", "--color", "--quoting-style"), 0)
		return &mcpprotocol.ListFilesCommand{Cmd: cmd, Path: shorten(path)}
	case "rg":
		if slices.Contains(args, "--files") {
			return &mcpprotocol.SearchCommand{Cmd: cmd, Path: shorten(operand(args, 0))}
		}
		return search(cmd, args)
	case "grep":
		return search(cmd, args)
	case "fd":
		args = skipValues(args, "-t", "--type", "-e", "--extension", "-E", "--exclude", "--search-path")
		if first := operand(args, 0); first != nil && operand(args, 1) == nil && looksLikePath(*first) {
			return &mcpprotocol.SearchCommand{Cmd: cmd, Path: shorten(first)}
		}
		return search(cmd, args)
	case "find":
		return find(cmd, args)
	}
	if name := readFile(words[0], args); name != nil {
		return &mcpprotocol.ReadCommand{Cmd: cmd, Name: *shorten(name)}
	}
	return other(cmd)
}

func other(cmd string) *mcpprotocol.OtherCommand { return &mcpprotocol.OtherCommand{Cmd: cmd} }

func search(cmd string, args []string) *mcpprotocol.SearchCommand {
	return &mcpprotocol.SearchCommand{Cmd: cmd, Query: operand(args, 0), Path: shorten(operand(args, 1))}
}

func find(cmd string, args []string) *mcpprotocol.SearchCommand {
	c := &mcpprotocol.SearchCommand{Cmd: cmd}
	for i, arg := range args {
		switch arg {
		case "-name", "-iname", "-path", "-regex":
			if c.Query == nil && i+1 < len(args) {
				c.Query = &args[i+1]
			}
		case "!", "(", ")":
		default:
			if c.Path == nil && isOperand(arg) {
				c.Path = shorten(&arg)
			}
		}
	}
	return c
}

// readFile returns the one file that a command prints, if it is such a command.
func readFile(name string, args []string) *string {
	switch name {
	case "cat":
		if len(args) > 0 && args[0] == "--" {
			args = args[1:]
		}
		if len(args) == 1 {
			return &args[0]
		}
	case "head", "tail":
		if count, rest, ok := lineCount(args); ok {
			if name == "tail" {
				count = strings.TrimPrefix(count, "+")
			}
			if !isDigits(count) {
				return nil
			}
			return operand(rest, 0)
		}
	case "nl":
		return operand(skipValues(args, "-s", "-w", "-v", "-i", "-b"), 0)
	case "sed":
		if len(args) >= 3 && args[0] == "-n" && isPrintRange(args[1]) {
			return &args[2]
		}
	}
	return nil
}

// lineCount takes the option -n off the arguments of head or tail.
func lineCount(args []string) (count string, rest []string, ok bool) {
	switch {
	case len(args) >= 2 && args[0] == "-n":
		return args[1], args[2:], true
	case len(args) >= 1 && strings.HasPrefix(args[0], "-n"):
		return args[0][len("-n"):], args[1:], true
	default:
		return "", nil, false
	}
}

func isOperand(arg string) bool { return !strings.HasPrefix(arg, "-") }

// operand returns the nth argument that is no option, counted from 0.
func operand(args []string, n int) *string {
	for i, arg := range args {
		if isOperand(arg) {
			if n == 0 {
				return &args[i]
			}
			n--
		}
	}
	return nil
}

// skipValues returns args without options that take a value, and their values.
func skipValues(args []string, options ...string) []string {
	var rest []string
	for i := 0; i < len(args); i++ {
		if slices.Contains(options, args[i]) {
			i++
			continue
		}
		rest = append(rest, args[i])
	}
	return rest
}

func looksLikePath(s string) bool {
	return s == "." || s == ".." || strings.ContainsAny(s, `/\`)
}

// shorten returns the last telling component of a path.
func shorten(path *string) *string {
	if path == nil {
		return nil
	}
	whole := strings.TrimRight(*path, "/")
	short := whole
	parts := strings.FieldsFunc(whole, func(r rune) bool { return r == '/' || r == '\\' })
	for _, part := range slices.Backward(parts) {
		switch part {
		case "build", "dist", "node_modules", "src":
			continue
		}
		short = part
		break
	}
	return &short
}
