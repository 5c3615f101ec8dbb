package safety

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// maxScript is the length in bytes of the longest script that is looked into.
const maxScript = 256 << 10

// A word is an argument in a shell script.
type word struct {
	raw   string // as written, without quotation marks around it
	value string // what the command gets, but for globs
	bare  bool   // not quoted: the shell expands globs in it
}

// simpleCommands returns the commands of a script, in order, if there is nothing in
// it but simple commands of plain words, joined by &&, ||, |, ; or line ends.
func simpleCommands(script string) ([][]word, bool) {
	// The parser takes a carriage return before a line end for part of that; bash
	// does not.
	if len(script) > maxScript || strings.ContainsAny(script, "\r\x00") {
		return nil, false
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash), syntax.KeepComments(true)).
		Parse(strings.NewReader(script), "")
	if err != nil || len(file.Last) > 0 {
		return nil, false
	}
	var commands [][]word
	for _, stmt := range file.Stmts {
		if !appendCommands(&commands, stmt) {
			return nil, false
		}
	}
	return commands, len(commands) > 0
}

func appendCommands(commands *[][]word, stmt *syntax.Stmt) bool {
	if len(stmt.Comments) > 0 || len(stmt.Redirs) > 0 ||
		stmt.Negated || stmt.Background || stmt.Coprocess || stmt.Disown {
		return false
	}
	switch cmd := stmt.Cmd.(type) {
	case *syntax.CallExpr:
		if len(cmd.Assigns) > 0 || len(cmd.Args) == 0 {
			return false
		}
		words := make([]word, len(cmd.Args))
		for i, arg := range cmd.Args {
			var ok bool
			if words[i], ok = plainWord(arg); !ok {
				return false
			}
		}
		if !words[0].bare || isDigits(words[0].raw) {
			return false
		}
		*commands = append(*commands, words)
		return true
	case *syntax.BinaryCmd:
		switch cmd.Op {
		case syntax.AndStmt, syntax.OrStmt, syntax.Pipe:
			return appendCommands(commands, cmd.X) && appendCommands(commands, cmd.Y)
		}
	}
	return false
}

// plainWord reads a word that is quoted as a whole or not at all and in which
// nothing is expanded but globs.
func plainWord(arg *syntax.Word) (word, bool) {
	if len(arg.Parts) != 1 {
		return word{}, false
	}
	switch part := arg.Parts[0].(type) {
	case *syntax.Lit:
		value, ok := unescape(part.Value, "")
		return word{raw: part.Value, value: value, bare: true}, ok && !contains(part.Value, "$[{`")
	case *syntax.SglQuoted:
		return word{raw: part.Value, value: part.Value}, !part.Dollar
	case *syntax.DblQuoted:
		if part.Dollar || len(part.Parts) != 1 {
			return word{}, false
		}
		lit, ok := part.Parts[0].(*syntax.Lit)
		if !ok || contains(lit.Value, "$`") || strings.Contains(lit.Value, "\n") {
			return word{}, false
		}
		value, ok := unescape(lit.Value, "$`\"\\")
		return word{raw: lit.Value, value: value}, ok
	default:
		return word{}, false
	}
}

// unescape takes away backslashes: before any character, or before those in only if
// it is not empty. It reports false if there is nothing to escape after the last.
func unescape(s, only string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			if i+1 == len(s) {
				return "", false
			}
			if only == "" || strings.IndexByte(only, s[i+1]) >= 0 {
				i++
			}
		}
		b.WriteByte(s[i])
	}
	return b.String(), true
}

// contains reports whether one of chars is in s without a backslash before it.
func contains(s, chars string) bool {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case strings.IndexByte(chars, s[i]) >= 0:
			return true
		}
	}
	return false
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
