// Command codex measures codexmcp serve beside the original program, codex mcp
// 0.36.0: how long it takes to start, to begin a conversation, to run a turn
// with a model that answers at once and to list ten thousand rollouts, and how
// much memory a hundred conversations need.
//
// The original is not a dependency. To have it beside, install it anywhere and
// name the program for this machine:
//
//	npm install --prefix DIR @openai/codex@0.36.0
//	make bench ORIGINAL=DIR/node_modules/@openai/codex/bin/codex-x86_64-unknown-linux-musl
//
// Both run in one go and take turns at every single measurement, so that a busy
// machine treats them alike. Figures are the median and, in brackets, the
// minimum. The exit code is 1 if a goal is missed and -strict is set.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	ours := flag.String("ours", "bin/codexmcp", "our program")
	theirs := flag.String("theirs", "", "the original, codex of the package @openai/codex 0.36.0")
	rounds := flag.Int("rounds", 40, "how often each thing is measured")
	files := flag.Int("files", 10_000, "how many rollouts are listed")
	only := flag.String("only", "", "measure only rows whose name contains this")
	strict := flag.Bool("strict", false, "exit with 1 if a goal is missed")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	missed, err := run(ctx, os.Stdout, options{*ours, *theirs, *rounds, *files, *only})
	stop()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "codex:", err)
		os.Exit(1)
	case missed > 0 && *strict:
		os.Exit(1)
	}
}

type options struct {
	ours, theirs  string
	rounds, files int
	only          string
}

// A program is one of the two that are compared.
type program struct {
	path string
	args []string
}

// A benchmark measures one thing of both programs and gives a row for each
// figure it has.
type benchmark struct {
	name    string
	measure func(context.Context, options, [2]program) ([]row, error)
}

// run prints a table and returns how many goals were missed.
func run(ctx context.Context, w io.Writer, o options) (missed int, err error) {
	if o.theirs == "" {
		return 0, fmt.Errorf("-theirs is missing: the path of the original program")
	}
	programs := [2]program{{o.ours, []string{"serve"}}, {o.theirs, []string{"mcp"}}}
	for i := range programs {
		if programs[i].path, err = filepath.Abs(programs[i].path); err != nil {
			return 0, err
		}
	}
	_, _ = fmt.Fprintln(w, "| what | ours | original | ours/original | goal | |\n|---|---|---|---|---|---|")
	for _, b := range []benchmark{
		{"start", start}, {"newConversation", begin}, {"turn", turns}, {"memory", memory}, {"list", listing},
	} {
		if !strings.Contains(b.name, o.only) {
			continue
		}
		measuring, cancel := context.WithTimeout(ctx, 5*time.Minute)
		rows, err := b.measure(measuring, o, programs)
		cancel()
		if err != nil {
			return missed, fmt.Errorf("%s: %w", b.name, err)
		}
		for _, r := range rows {
			if !r.print(w) {
				missed++
			}
		}
	}
	return missed, nil
}
