package patch

import (
	"errors"
	"fmt"
	"sort"
	"strings"
	"unicode"
)

// maxComparisons bounds the lines that are compared for one file. Only a patch made
// to be slow gets there.
const maxComparisons = 20 << 20

// update returns content with the hunks applied. The lines of every hunk are
// looked for after those of the hunk before it.
func update(content string, hunks []Hunk) (string, error) {
	lines := splitFile(content)
	budget := maxComparisons
	find := func(want []string, start int, atEnd bool) (int, bool) {
		return find(lines, want, start, atEnd, &budget)
	}
	type replacement struct {
		at, remove int
		lines      []string
	}
	var (
		replacements []replacement
		cursor       int
	)
	for _, h := range hunks {
		if h.Context != nil {
			at, ok := find([]string{*h.Context}, cursor, false)
			if !ok && budget > 0 {
				return "", fmt.Errorf("cannot find the context %q", *h.Context)
			}
			cursor = at + 1
		}
		if len(h.Old) == 0 {
			at := len(lines)
			if at > 0 && lines[at-1] == "" {
				at--
			}
			replacements = append(replacements, replacement{at, 0, h.New})
			continue
		}
		before, after := h.Old, h.New
		at, ok := find(before, cursor, h.EndOfFile)
		if !ok && before[len(before)-1] == "" {
			// The blank line may only stand for the end of the file's last line.
			before = before[:len(before)-1]
			if len(after) > 0 && after[len(after)-1] == "" {
				after = after[:len(after)-1]
			}
			at, ok = find(before, cursor, h.EndOfFile)
		}
		if !ok && budget > 0 {
			return "", fmt.Errorf("cannot find these lines:\n%s", strings.Join(h.Old, "\n"))
		}
		replacements = append(replacements, replacement{at, len(before), after})
		if len(before) > 0 {
			cursor = at + len(before)
		}
	}
	sort.SliceStable(replacements, func(i, j int) bool { return replacements[i].at < replacements[j].at })

	if budget <= 0 {
		return "", errors.New("the hunks take too long to match")
	}
	var result []string
	done := 0
	for _, r := range replacements {
		if r.at < done {
			return "", errors.New("two hunks replace the same lines")
		}
		result = append(result, lines[done:r.at]...)
		result = append(result, r.lines...)
		done = r.at + r.remove
	}
	result = append(result, lines[done:]...)
	if len(result) == 0 || result[len(result)-1] != "" {
		result = append(result, "")
	}
	return strings.Join(result, "\n"), nil
}

// splitFile returns the lines of a file without their line ends; a line end at the
// end of the file starts no further line.
func splitFile(content string) []string {
	lines := strings.Split(content, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// find returns where the block of lines want starts in lines, at or after start;
// atEnd demands that it is the end. An exact match anywhere comes before an
// approximate one. Every comparison is taken from the budget; without any left
// nothing is found.
func find(lines, want []string, start int, atEnd bool, budget *int) (int, bool) {
	last := len(lines) - len(want)
	if atEnd && last >= 0 {
		start = last
	}
	if len(want) == 0 {
		return start, true
	}
	for _, alike := range [...]func(string) string{
		func(s string) string { return s },
		trimRight,
		strings.TrimSpace,
		plain,
	} {
		wanted := make([]string, len(want))
		for i, line := range want {
			wanted[i] = alike(line)
		}
		for at := start; at <= last; at++ {
			if matches(lines[at:], wanted, alike, budget) {
				return at, true
			}
		}
	}
	return 0, false
}

func matches(lines, wanted []string, alike func(string) string, budget *int) bool {
	for i, want := range wanted {
		*budget--
		if *budget <= 0 || alike(lines[i]) != want {
			return false
		}
	}
	return true
}

func trimRight(s string) string { return strings.TrimRightFunc(s, unicode.IsSpace) }

// plain spells s with ASCII characters where models tend to: it trims s and
// replaces typographic dashes, quotation marks and spaces.
func plain(s string) string { return typography.Replace(strings.TrimSpace(s)) }

var typography = strings.NewReplacer(
	"\u2010", "-", "\u2011", "-", "\u2012", "-", "\u2013", "-", "\u2014", "-", "\u2015", "-", "\u2212", "-",
	"\u2018", "'", "\u2019", "'", "\u201a", "'", "\u201b", "'",
	"\u201c", `"`, "\u201d", `"`, "\u201e", `"`, "\u201f", `"`,
	"\u00a0", " ", "\u2002", " ", "\u2003", " ", "\u2004", " ", "\u2005", " ", "\u2006", " ", "\u2007", " ",
	"\u2008", " ", "\u2009", " ", "\u200a", " ", "\u202f", " ", "\u205f", " ", "\u3000", " ",
)
