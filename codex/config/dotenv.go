package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// A Variable is one name and value for the environment.
type Variable struct{ Name, Value string }

// Dotenv reads the file .env of home and returns the variables to set, in the
// order of the file. They go over those that environ has already. Names that
// begin with CODEX_, in any case, are left out, so that the file cannot move
// the home folder or switch protections off. A missing file gives nothing.
//
// Lines that cannot be understood are skipped and reported together in the
// error, beside the variables of all other lines.
func Dotenv(home string, environ []string) ([]Variable, error) {
	path := filepath.Join(home, dotenvName)
	text, ok, err := readBounded(path, maxDotenvSize)
	if err != nil {
		return nil, fmt.Errorf("reading variables: %w", err)
	}
	if !ok {
		return nil, nil
	}
	p := dotenvParser{environ: environ, rest: string(text), line: 1}
	var errs []error
	var vars []Variable
	for p.rest != "" {
		at := p.line
		v, found, err := p.next()
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("%s:%d: %w", path, at, err))
		case found && !strings.HasPrefix(strings.ToUpper(v.Name), "CODEX_"):
			vars = append(vars, v)
		}
	}
	return vars, errors.Join(errs...)
}

// A dotenvParser goes through the text of a .env file.
type dotenvParser struct {
	environ []string
	seen    []string // what the file has set so far, for $NAME
	rest    string
	line    int
}

// next reads one line, or several when a quoted value spans them.
func (p *dotenvParser) next() (v Variable, found bool, err error) {
	defer p.skipLine()
	p.skipBlanks()
	if p.atEnd() || p.rest[0] == '#' {
		return v, false, nil
	}
	name := p.name()
	if after := strings.TrimLeft(p.rest, " \t"); name == "export" && after != p.rest {
		p.rest = after
		name = p.name()
	}
	p.skipBlanks()
	if name == "" || p.atEnd() || p.rest[0] != '=' {
		return v, false, errors.New("expected NAME=value")
	}
	p.rest = p.rest[1:]
	p.skipBlanks()
	value, err := p.value()
	if err != nil {
		return v, false, fmt.Errorf("%s: %w", name, err)
	}
	p.skipBlanks()
	if !p.atEnd() && p.rest[0] != '#' {
		return v, false, fmt.Errorf("%s: a value with blanks needs quotes", name)
	}
	if strings.ContainsRune(value, 0) {
		return v, false, fmt.Errorf("%s: the value has a NUL character", name)
	}
	p.seen = append(p.seen, name+"="+value)
	return Variable{Name: name, Value: value}, true, nil
}

func (p *dotenvParser) atEnd() bool {
	return p.rest == "" || p.rest[0] == '\n' || strings.HasPrefix(p.rest, "\r\n")
}

func (p *dotenvParser) skipBlanks() { p.rest = strings.TrimLeft(p.rest, " \t") }

func (p *dotenvParser) skipLine() {
	_, p.rest, _ = strings.Cut(p.rest, "\n")
	p.line++
}

func (p *dotenvParser) name() string {
	n := 0
	for n < len(p.rest) && (isNameByte(p.rest[n]) || n > 0 && (p.rest[n] == '.' || isDigit(p.rest[n]))) {
		n++
	}
	name := p.rest[:n]
	p.rest = p.rest[n:]
	return name
}

func isNameByte(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// value reads pieces that may be bare, in double quotes or in single quotes, up
// to a blank or the end of the line.
func (p *dotenvParser) value() (string, error) {
	var b strings.Builder
	var quote byte // 0 outside of quotes
	for {
		if p.rest == "" || quote == 0 && p.atEnd() {
			if quote != 0 {
				return "", errors.New("the closing quote is missing")
			}
			return b.String(), nil
		}
		c := p.rest[0]
		switch {
		case quote == 0 && (c == ' ' || c == '\t'):
			return b.String(), nil
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote != 0 && c == quote:
			quote = 0
		case c == '\\' && quote != '\'' && len(p.rest) > 1:
			p.rest = p.rest[1:]
			if p.rest[0] == 'n' {
				b.WriteByte('\n')
			} else {
				b.WriteByte(p.rest[0])
			}
		case c == '$' && quote != '\'':
			p.rest = p.rest[1:]
			b.WriteString(p.expand())
			continue
		default:
			b.WriteByte(c)
		}
		if p.rest[0] == '\n' {
			p.line++
		}
		p.rest = p.rest[1:]
	}
}

// expand reads what follows a dollar: NAME or {NAME}. The environment wins over
// what the file has set.
func (p *dotenvParser) expand() string {
	before := p.rest
	braces := strings.HasPrefix(p.rest, "{")
	if braces {
		p.rest = p.rest[1:]
	}
	name := p.name()
	if braces {
		if !strings.HasPrefix(p.rest, "}") {
			name = ""
		} else {
			p.rest = p.rest[1:]
		}
	}
	if name == "" {
		p.rest = before
		return "$"
	}
	if value := lookup(p.environ, name); value != "" {
		return value
	}
	return lookup(p.seen, name)
}
