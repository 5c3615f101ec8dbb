package patch

import (
	"errors"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// ErrImplicit is returned by [Recognize] for a patch that stands where a command
// should: nothing says that it is to be applied.
var ErrImplicit = errors.New(`a patch is not a command: run it as ["apply_patch", PATCH]`)

// A Call is a command line that applies a patch.
type Call struct {
	Patch *Patch

	// Workdir is the directory the command changes to first, as it is written.
	// Empty means that it stays where it is.
	Workdir string
}

// Dir returns the directory the patch's paths are taken against when the command
// runs in cwd.
func (c *Call) Dir(cwd string) string {
	if c.Workdir == "" {
		return cwd
	}
	return join(cwd, c.Workdir)
}

// Recognize returns the call that argv is, and nil if argv is any other command.
// These are calls, with the program spelled apply_patch or applypatch:
//
//	apply_patch PATCH
//	bash -lc 'apply_patch <<EOF ... EOF'
//	bash -lc 'cd DIR && apply_patch <<EOF ... EOF'
//
// In a script nothing else may stand beside it, and DIR must be a plain word. The
// error is a [*ParseError] when the patch of a call is broken, or [ErrImplicit].
func Recognize(argv []string) (*Call, error) {
	switch {
	case len(argv) == 1 && implicit(argv[0]):
		return nil, ErrImplicit
	case len(argv) == 2 && isProgram(argv[0]):
		return newCall(argv[1], "")
	case len(argv) == 3 && argv[0] == "bash" && argv[1] == "-lc":
		if implicit(argv[2]) {
			return nil, ErrImplicit
		}
		text, dir, ok := fromScript(argv[2])
		if !ok {
			return nil, nil
		}
		return newCall(text, dir)
	default:
		return nil, nil
	}
}

func newCall(text, dir string) (*Call, error) {
	p, err := Parse(text)
	if err != nil {
		return nil, err
	}
	return &Call{Patch: p, Workdir: dir}, nil
}

func isProgram(word string) bool { return word == "apply_patch" || word == "applypatch" }

func implicit(text string) bool {
	if !strings.Contains(text, beginPatch) {
		return false
	}
	_, err := Parse(text)
	return err == nil
}

// fromScript returns the patch in a script that does nothing but apply it.
func fromScript(script string) (text, dir string, ok bool) {
	if len(script) > MaxPatchSize || !strings.Contains(script, "<<") {
		return "", "", false
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash), syntax.KeepComments(true)).
		Parse(strings.NewReader(script), "")
	if err != nil || len(file.Stmts) != 1 || len(file.Last) > 0 {
		return "", "", false
	}
	stmt := file.Stmts[0]
	if and, isBinary := stmt.Cmd.(*syntax.BinaryCmd); isBinary {
		if and.Op != syntax.AndStmt || !bare(stmt) || len(stmt.Redirs) > 0 {
			return "", "", false
		}
		words, isCall := plainCall(and.X)
		if !isCall || len(words) != 2 || words[0] != "cd" || strings.HasPrefix(words[1], "-") ||
			len(and.X.Redirs) > 0 {
			return "", "", false
		}
		dir, stmt = words[1], and.Y
	}
	words, isCall := plainCall(stmt)
	if !isCall || len(words) != 1 || !isProgram(words[0]) || len(stmt.Redirs) != 1 {
		return "", "", false
	}
	text, ok = hereDocument(script, stmt.Redirs[0])
	return text, dir, ok
}

// bare reports whether nothing but redirections stands beside the command of stmt.
func bare(stmt *syntax.Stmt) bool {
	return len(stmt.Comments) == 0 && !stmt.Negated && !stmt.Background && !stmt.Coprocess && !stmt.Disown
}

// plainCall returns the words of a simple command whose words mean what they say.
func plainCall(stmt *syntax.Stmt) ([]string, bool) {
	call, ok := stmt.Cmd.(*syntax.CallExpr)
	if !ok || !bare(stmt) || len(call.Assigns) > 0 {
		return nil, false
	}
	words := make([]string, len(call.Args))
	for i, word := range call.Args {
		if words[i], ok = plainWord(word); !ok {
			return nil, false
		}
	}
	return words, true
}

func plainWord(word *syntax.Word) (string, bool) {
	if len(word.Parts) != 1 {
		return "", false
	}
	switch part := word.Parts[0].(type) {
	case *syntax.Lit:
		return part.Value, !strings.ContainsAny(part.Value, `\~*?[{`)
	case *syntax.SglQuoted:
		return part.Value, !part.Dollar && part.Value != ""
	case *syntax.DblQuoted:
		if part.Dollar || len(part.Parts) != 1 {
			return "", false
		}
		lit, ok := part.Parts[0].(*syntax.Lit)
		if !ok {
			return "", false
		}
		return lit.Value, !strings.ContainsAny(lit.Value, "\\$`")
	default:
		return "", false
	}
}

// hereDocument returns the body as it is written: a patch may hold any text, so
// nothing in it is expanded, whether or not the delimiter is quoted.
func hereDocument(script string, redir *syntax.Redirect) (string, bool) {
	if (redir.Op != syntax.Hdoc && redir.Op != syntax.DashHdoc) || redir.N != nil || redir.Hdoc == nil {
		return "", false
	}
	from, to := redir.Hdoc.Pos().Offset(), redir.Hdoc.End().Offset()
	if from > to || to > uint(len(script)) {
		return "", false
	}
	// The end is that of the closing delimiter, which stands on its own line.
	body := script[from:to]
	body = body[:max(strings.LastIndexByte(body, '\n'), 0)]
	if redir.Op == syntax.DashHdoc {
		lines := strings.Split(body, "\n")
		for i, line := range lines {
			lines[i] = strings.TrimLeft(line, "\t")
		}
		body = strings.Join(lines, "\n")
	}
	return strings.TrimRight(body, "\n"), true
}
