package patch

import (
	"errors"
	"fmt"
	"strings"
)

// MaxPatchSize is the length in bytes of the longest patch that [Parse] reads.
const MaxPatchSize = 16 << 20

// A Kind says what a patch does to a file.
type Kind int

// What a patch can do to a file.
const (
	Add Kind = iota + 1
	Delete
	Update
)

// String returns the name of k in lower case.
func (k Kind) String() string {
	switch k {
	case Add:
		return "add"
	case Delete:
		return "delete"
	case Update:
		return "update"
	default:
		return fmt.Sprintf("kind %d", int(k))
	}
}

// A Patch is what one patch asks for, in the order it asks.
type Patch struct {
	// Text is the patch as it was written.
	Text string

	// Sections are the files the patch names. There may be none.
	Sections []Section
}

// A Section is what a patch asks for one file.
type Section struct {
	Kind Kind

	// Path is the file, as the patch spells it.
	Path string

	// Content is what a file that is added will hold.
	Content string

	// MovePath is where an updated file goes. Empty means that it stays.
	MovePath string

	// Hunks are the changes to an updated file, at least one.
	Hunks []Hunk
}

// A Hunk replaces consecutive lines of a file.
type Hunk struct {
	// Context is a line that comes before the lines to replace, nil when the patch
	// gives none.
	Context *string

	// Old are the lines to find, without their line ends. None means that the new
	// lines go to the end of the file.
	Old []string

	// New are the lines to put in their place.
	New []string

	// EndOfFile says that the old lines are the last ones of the file.
	EndOfFile bool
}

// A ParseError says why a text is not a patch.
type ParseError struct {
	// Line is the number of the offending line, counted from 1. It is 0 when the
	// patch as a whole is wrong.
	Line int

	// Reason says what is wrong.
	Reason string
}

// Error returns the reason and, where there is one, the line.
func (e *ParseError) Error() string {
	if e.Line == 0 {
		return "invalid patch: " + e.Reason
	}
	return fmt.Sprintf("invalid patch, line %d: %s", e.Line, e.Reason)
}

var errEmpty = errors.New("the patch changes no files")

// The lines of the grammar.
const (
	beginPatch = "*** Begin Patch"
	endPatch   = "*** End Patch"
	addFile    = "*** Add File: "
	deleteFile = "*** Delete File: "
	updateFile = "*** Update File: "
	moveTo     = "*** Move to: "
	endOfFile  = "*** End of File"
	hunkMark   = "@@"
	starMark   = "***"
)

// Parse reads a patch. It accepts one that is still wrapped in the here-document
// of a shell command. Its errors are of type [*ParseError].
func Parse(text string) (*Patch, error) {
	if len(text) > MaxPatchSize {
		return nil, &ParseError{Reason: fmt.Sprintf("longer than %d bytes", MaxPatchSize)}
	}
	lines := splitPatch(text)
	if err := checkBounds(lines); err != nil {
		inner, ok := unwrap(lines)
		if !ok {
			return nil, err
		}
		if err := checkBounds(inner); err != nil {
			return nil, err
		}
		lines = inner
	}
	p := &parser{lines: lines[1 : len(lines)-1], line: 2}
	result := &Patch{Text: strings.Join(lines, "\n")}
	for len(p.lines) > 0 {
		section, err := p.section()
		if err != nil {
			return nil, err
		}
		result.Sections = append(result.Sections, section)
	}
	return result, nil
}

// splitPatch returns the lines of text without the white space around it and
// without carriage returns at line ends.
func splitPatch(text string) []string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i, line := range lines[:len(lines)-1] {
		lines[i] = strings.TrimSuffix(line, "\r")
	}
	return lines
}

func checkBounds(lines []string) error {
	if lines[0] != beginPatch {
		return &ParseError{Reason: fmt.Sprintf("the first line must be %q", beginPatch)}
	}
	if len(lines) < 2 || lines[len(lines)-1] != endPatch {
		return &ParseError{Reason: fmt.Sprintf("the last line must be %q", endPatch)}
	}
	return nil
}

// unwrap removes the lines of a here-document around a patch: models that mean to
// call a tool sometimes write the shell's form.
func unwrap(lines []string) ([]string, bool) {
	if len(lines) < 4 || !strings.HasSuffix(lines[len(lines)-1], "EOF") {
		return nil, false
	}
	switch lines[0] {
	case "<<EOF", "<<'EOF'", `<<"EOF"`:
		return lines[1 : len(lines)-1], true
	default:
		return nil, false
	}
}

// parser reads the lines between the first and the last one.
type parser struct {
	lines []string // what is left
	line  int      // number of lines[0]
}

func (p *parser) next() string {
	line := p.lines[0]
	p.lines = p.lines[1:]
	p.line++
	return line
}

func (p *parser) errorf(format string, args ...any) error {
	return &ParseError{Line: p.line, Reason: fmt.Sprintf(format, args...)}
}

func (p *parser) section() (Section, error) {
	header := strings.TrimSpace(p.lines[0])
	if path, ok := strings.CutPrefix(header, addFile); ok {
		p.next()
		return Section{Kind: Add, Path: path, Content: p.content()}, nil
	}
	if path, ok := strings.CutPrefix(header, deleteFile); ok {
		p.next()
		return Section{Kind: Delete, Path: path}, nil
	}
	if path, ok := strings.CutPrefix(header, updateFile); ok {
		return p.update(path)
	}
	return Section{}, p.errorf("%q starts no section: want %q, %q or %q and a path",
		header, strings.TrimSpace(addFile), strings.TrimSpace(deleteFile), strings.TrimSpace(updateFile))
}

func (p *parser) content() string {
	var b strings.Builder
	for len(p.lines) > 0 && strings.HasPrefix(p.lines[0], "+") {
		b.WriteString(p.next()[1:])
		b.WriteByte('\n')
	}
	return b.String()
}

func (p *parser) update(path string) (Section, error) {
	start := p.line
	p.next()
	s := Section{Kind: Update, Path: path}
	if len(p.lines) > 0 {
		if to, ok := strings.CutPrefix(p.lines[0], moveTo); ok {
			s.MovePath = to
			p.next()
		}
	}
	for len(p.lines) > 0 {
		if strings.TrimSpace(p.lines[0]) == "" {
			p.next()
			continue
		}
		if strings.HasPrefix(p.lines[0], starMark) {
			break
		}
		hunk, err := p.hunk(len(s.Hunks) == 0)
		if err != nil {
			return Section{}, err
		}
		s.Hunks = append(s.Hunks, hunk)
	}
	if len(s.Hunks) == 0 {
		return Section{}, &ParseError{Line: start, Reason: fmt.Sprintf("the update of %q has no hunks", path)}
	}
	return s, nil
}

// hunk reads one hunk. Only the first one of a file may come without its mark.
func (p *parser) hunk(first bool) (Hunk, error) {
	var h Hunk
	context, hasContext := strings.CutPrefix(p.lines[0], hunkMark+" ")
	switch {
	case hasContext:
		h.Context = &context
		p.next()
	case p.lines[0] == hunkMark:
		p.next()
	case !first:
		return Hunk{}, p.errorf("a hunk must start with %q, got %q", hunkMark, p.lines[0])
	}
	if len(p.lines) == 0 {
		return Hunk{}, p.errorf("the hunk has no lines")
	}
	for n := 0; len(p.lines) > 0; n++ {
		line := p.lines[0]
		switch {
		case line == endOfFile:
			if n == 0 {
				return Hunk{}, p.errorf("the hunk has no lines")
			}
			p.next()
			h.EndOfFile = true
			return h, nil
		case line == "":
			h.Old = append(h.Old, "")
			h.New = append(h.New, "")
		case line[0] == ' ':
			h.Old = append(h.Old, line[1:])
			h.New = append(h.New, line[1:])
		case line[0] == '-':
			h.Old = append(h.Old, line[1:])
		case line[0] == '+':
			h.New = append(h.New, line[1:])
		case n == 0:
			return Hunk{}, p.errorf("a line of a hunk must start with a space, \"+\" or \"-\", got %q", line)
		default:
			return h, nil
		}
		p.next()
	}
	return h, nil
}
