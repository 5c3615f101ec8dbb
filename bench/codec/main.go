// Command codec measures how long messages take to decode and encode: ours,
// general JSON libraries on equivalent structs, and the codecs of two MCP SDKs
// with all the parses that their transports make of a message.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"sort"
	"strings"
	"syscall"
	"time"
)

func main() {
	rounds := flag.Int("rounds", 12, "interleaved rounds of each measurement")
	span := flag.Duration("span", 30*time.Millisecond, "CPU time of one measurement")
	only := flag.String("only", "", "measure only messages whose name contains this")
	beside := flag.String("beside", "", "measure us beside these contenders only, separated by commas")
	flag.Parse()
	runtime.GOMAXPROCS(1)
	if err := run(os.Stdout, *rounds, *span, *only, *beside); err != nil {
		fmt.Fprintln(os.Stderr, "codec:", err)
		os.Exit(1)
	}
}

// An operation decodes or encodes one message once.
type operation func() error

// A contender offers an operation per message and direction.
type contender struct {
	name   string
	sdk    bool
	decode func(m message) (operation, error)
	encode func(m message) (operation, error)
}

func run(w io.Writer, rounds int, span time.Duration, only, beside string) error {
	messages, err := corpus()
	if err != nil {
		return err
	}
	contenders := []contender{ours, std, jsonv2, sonicLibrary, goccyLibrary, segmentioLibrary, goSDK, mcpGo}
	if beside != "" {
		names := strings.Split(beside, ",")
		contenders = slices.DeleteFunc(contenders, func(c contender) bool { return c.name != ours.name && !slices.Contains(names, c.name) })
	}
	for _, direction := range []string{"decode", "encode"} {
		_, _ = fmt.Fprintf(w, "\n### %s, minimum CPU time of %d interleaved rounds\n\n", direction, rounds)
		names := []string{"message", "bytes"}
		for _, c := range contenders {
			names = append(names, c.name)
		}
		names = append(names, "SDKs/ours", "ours/best library", "allocs")
		_, _ = fmt.Fprintf(w, "| %s |\n|%s\n", strings.Join(names, " | "), strings.Repeat("---|", len(names)))
		for _, m := range messages {
			if !strings.Contains(m.name, only) {
				continue
			}
			if err := row(w, direction, m, contenders, rounds, span); err != nil {
				return fmt.Errorf("%s %s: %w", direction, m.name, err)
			}
		}
	}
	return nil
}

func row(w io.Writer, direction string, m message, contenders []contender, rounds int, span time.Duration) error {
	operations := make([]operation, len(contenders))
	counts := make([]int, len(contenders))
	best := make([]time.Duration, len(contenders))
	for i, c := range contenders {
		make := c.decode
		if direction == "encode" {
			make = c.encode
		}
		op, err := make(m)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		if op == nil {
			continue
		}
		if err := op(); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		operations[i] = op
		counts[i] = calibrate(op, span)
	}
	for range rounds {
		for i, op := range operations {
			if op == nil {
				continue
			}
			runtime.GC()
			took, err := measure(op, counts[i])
			if err != nil {
				return err
			}
			if best[i] == 0 || took < best[i] {
				best[i] = took
			}
		}
	}
	cells := []string{m.name, fmt.Sprint(len(m.text))}
	var sdks []float64
	library := 0.0
	for i, c := range contenders {
		if operations[i] == nil {
			cells = append(cells, "-")
			continue
		}
		cells = append(cells, format(best[i]))
		ratio := float64(best[i]) / float64(best[0])
		switch {
		case i == 0:
		case c.sdk:
			sdks = append(sdks, ratio)
		case library == 0 || ratio < library:
			library = ratio
		}
	}
	sort.Float64s(sdks)
	var least []string
	for _, s := range sdks {
		least = append(least, fmt.Sprintf("%.1f", s))
	}
	beside := "-"
	if library > 0 {
		beside = fmt.Sprintf("%.2f", 1/library)
	}
	cells = append(cells, strings.Join(least, " "), beside, fmt.Sprint(allocations(operations[0])))
	_, _ = fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | "))
	return nil
}

// calibrate finds how often an operation runs in a span.
func calibrate(op operation, span time.Duration) int {
	for n := 1; ; n *= 2 {
		took, err := measure(op, n)
		if err != nil {
			return 1
		}
		if total := took * time.Duration(n); total > span/4 {
			return max(1, int(float64(n)*float64(span)/float64(total)))
		}
	}
}

func measure(op operation, n int) (time.Duration, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	began := cpu()
	for range n {
		if err := op(); err != nil {
			return 0, err
		}
	}
	return (cpu() - began) / time.Duration(n), nil
}

// cpu is the CPU time this process has taken.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func allocations(op operation) uint64 {
	const n = 100
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range n {
		_ = op()
	}
	runtime.ReadMemStats(&after)
	return (after.Mallocs - before.Mallocs + n/2) / n
}

func format(d time.Duration) string {
	switch {
	case d < time.Microsecond:
		return fmt.Sprintf("%d ns", d.Nanoseconds())
	case d < time.Millisecond:
		return fmt.Sprintf("%.2f µs", float64(d)/float64(time.Microsecond))
	}
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}
