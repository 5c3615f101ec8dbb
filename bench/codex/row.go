package main

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// A row is one figure of both programs, ours first.
type row struct {
	name    string
	samples [2][]float64
	format  func(float64) string
	// goal is how many times the original's figure ours may be, and most what it
	// may be at most whatever the original does. Zero is no goal.
	goal, most float64
}

// print writes the row and reports whether it meets its goals.
func (r row) print(w io.Writer) bool {
	ours, theirs := median(r.samples[0]), median(r.samples[1])
	ok, goal := true, ""
	if r.goal > 0 {
		ok, goal = ours <= r.goal*theirs, fmt.Sprintf("%.2f", r.goal)
	}
	if r.most > 0 {
		ok = ok && ours <= r.most
		goal += ", under " + r.format(r.most)
	}
	verdict := ""
	if !ok {
		verdict = "short"
	}
	_, _ = fmt.Fprintf(w, "| %s | %s | %s | %.2f | %s | %s |\n", r.name, r.cell(0), r.cell(1), ours/theirs, goal, verdict)
	return ok
}

func (r row) cell(program int) string {
	s := r.samples[program]
	if len(s) == 1 {
		return r.format(s[0])
	}
	return fmt.Sprintf("%s (%s)", r.format(median(s)), r.format(slices.Min(s)))
}

func median(samples []float64) float64 {
	s := slices.Sorted(slices.Values(samples))
	return s[len(s)/2]
}

// milliseconds and mebibytes write a figure with its unit.
func milliseconds(v float64) string { return fmt.Sprintf("%.2f ms", v) }
func mebibytes(v float64) string    { return fmt.Sprintf("%.1f MiB", v) }

func inMilliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
