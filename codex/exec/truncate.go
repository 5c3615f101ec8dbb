package exec

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// What the model is shown of an output at most.
const (
	modelBytes = 10 * 1024
	modelLines = 256
)

// Truncate shortens output to what the model is shown: at most 10 KiB and 256
// lines, the first half from its start and the other from its end, with a line
// between them that says how much is missing. Shorter text comes back as it is,
// and no character is ever cut in two.
func Truncate(text string) string {
	total := countLines(text)
	if len(text) <= modelBytes && total <= modelLines {
		return text
	}
	head := firstLines(text, modelLines/2)
	tail := lastLines(text, modelLines/2)
	omitted := max(total-modelLines, 0)
	head = cutEnd(head, modelBytes/2)
	marker := fmt.Sprintf("\n[%d of %d lines left out here]\n\n", omitted, total)
	return head + marker + cutStart(tail, modelBytes-len(head)-len(marker))
}

func countLines(text string) int {
	n := strings.Count(text, "\n")
	if text != "" && !strings.HasSuffix(text, "\n") {
		n++
	}
	return n
}

// firstLines returns the first n lines of text, their line ends included.
func firstLines(text string, n int) string {
	end := 0
	for range n {
		i := strings.IndexByte(text[end:], '\n')
		if i < 0 {
			return text
		}
		end += i + 1
	}
	return text[:end]
}

// lastLines returns the last n lines of text, their line ends included.
func lastLines(text string, n int) string {
	start := len(strings.TrimSuffix(text, "\n"))
	for range n {
		i := strings.LastIndexByte(text[:start], '\n')
		if i < 0 {
			return text
		}
		start = i
	}
	return text[start+1:]
}

// cutEnd shortens text to size bytes or a little less.
func cutEnd(text string, size int) string {
	if len(text) <= size {
		return text
	}
	for size > 0 && !utf8.RuneStart(text[size]) {
		size--
	}
	return text[:size]
}

// cutStart keeps the last size bytes of text or a little less.
func cutStart(text string, size int) string {
	if len(text) <= size {
		return text
	}
	start := len(text) - size
	for start < len(text) && !utf8.RuneStart(text[start]) {
		start++
	}
	return text[start:]
}
