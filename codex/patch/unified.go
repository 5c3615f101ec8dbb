package patch

import (
	"fmt"
	"strings"
)

// UnifiedDiff returns the hunks of a unified diff that makes old into new, with up
// to context unchanged lines around each change and without file headers. It is
// empty if and only if both are equal.
func UnifiedDiff(old, new string, context int) string {
	a, b := splitLines(old), splitLines(new)
	var out strings.Builder
	for _, group := range groupEdits(diffLines(a, b), context) {
		writeHunk(&out, a, b, group, context)
	}
	return out.String()
}

// splitLines returns the lines of s with their line ends.
func splitLines(s string) []string {
	lines := strings.SplitAfter(s, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// groupEdits puts the edits together whose contexts touch.
func groupEdits(edits []edit, context int) [][]edit {
	var groups [][]edit
	for i, e := range edits {
		if i > 0 && e.a0-edits[i-1].a1 <= 2*context {
			last := len(groups) - 1
			groups[last] = append(groups[last], e)
			continue
		}
		groups = append(groups, []edit{e})
	}
	return groups
}

func writeHunk(out *strings.Builder, a, b []string, group []edit, context int) {
	first, last := group[0], group[len(group)-1]
	before := min(context, first.a0)
	after := min(context, len(a)-last.a1)
	fmt.Fprintf(out, "@@ -%s +%s @@\n",
		lineRange(first.a0-before, last.a1+after), lineRange(first.b0-before, last.b1+after))
	at := first.a0 - before
	for _, e := range group {
		writeLines(out, ' ', a[at:e.a0])
		writeLines(out, '-', a[e.a0:e.a1])
		writeLines(out, '+', b[e.b0:e.b1])
		at = e.a1
	}
	writeLines(out, ' ', a[at:at+after])
}

// lineRange formats the lines from up to but not including to, counted from 0.
func lineRange(from, to int) string {
	switch to - from {
	case 0:
		return fmt.Sprintf("%d,0", from)
	case 1:
		return fmt.Sprintf("%d", from+1)
	default:
		return fmt.Sprintf("%d,%d", from+1, to-from)
	}
}

func writeLines(out *strings.Builder, mark byte, lines []string) {
	for _, line := range lines {
		out.WriteByte(mark)
		out.WriteString(line)
		if !strings.HasSuffix(line, "\n") {
			out.WriteString("\n\\ No newline at end of file\n")
		}
	}
}
