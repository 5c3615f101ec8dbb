//go:build linux

// Command load measures servers beside each other: it starts each as a process
// of its own, makes calls over stdin and stdout or over HTTP on loopback, and
// reads how much CPU time the server took for each. Contenders take turns, and
// what is shown is the minimum of all rounds. Then it measures how much memory a
// held HTTP session takes, and how long a server takes to start.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"
)

func main() {
	var o options
	flag.StringVar(&o.dir, "servers", ".", "folder of the servers: echo, gosdk, mcpgo, floor")
	flag.IntVar(&o.rounds, "rounds", 4, "interleaved rounds of each measurement")
	flag.DurationVar(&o.span, "span", 150*time.Millisecond, "CPU time that a server gets in one round")
	flag.StringVar(&o.only, "only", "", "measure only rows whose name contains this, such as \"stdio 16 echo\"")
	flag.StringVar(&o.contenders, "contenders", "ours go-sdk mcp-go floor", "those that are measured")
	flag.StringVar(&o.revision, "revision", "2025-06-18", "protocol revision to speak; over HTTP go-sdk has none without a handshake")
	flag.IntVar(&o.sessions, "sessions", 4000, "HTTP sessions to hold")
	flag.IntVar(&o.starts, "starts", 20, "times that each server is started")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, &o); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		stop()
		os.Exit(1)
	}
}

type options struct {
	dir, only, revision, contenders string
	rounds, sessions, starts        int
	span                            time.Duration
}

// A contender is a server that is measured. The first one is ours, the last one the
// floor, which speaks HTTP only and no protocol.
type contender struct{ name, program string }

var contenders = []contender{{"ours", "echo"}, {"go-sdk", "gosdk"}, {"mcp-go", "mcpgo"}, {"floor", "floor"}}

const (
	ours, goSDK, mcpGo, floor = 0, 1, 2, 3
	listed                    = 100 // tools in the list
)

// A row is one kind of call, made in one way.
type row struct {
	transport string // stdio or http
	inFlight  int
	call      call
	// The goals, zero where there is none: how many times as much CPU time as
	// ours each SDK should at least take, and ours at most of the floor's.
	sdk, mcp, overFloor float64
}

func (r *row) name() string { return fmt.Sprintf("%s %d %s", r.transport, r.inFlight, r.call.name) }

func rows() []row {
	all := []row{}
	for _, transport := range []string{"stdio", "http"} {
		for _, inFlight := range []int{1, 16} {
			for _, c := range []call{ping, echoOf(100), echoOf(10 << 10), echoOf(1 << 20), list} {
				all = append(all, row{transport: transport, inFlight: inFlight, call: c})
			}
		}
	}
	for i := range all {
		all[i].setGoals()
	}
	return all
}

func (r *row) setGoals() {
	switch r.name() {
	case "stdio 16 echo 100 B":
		r.sdk, r.mcp = 20, 6
	case "stdio 16 echo 1 MB":
		r.sdk, r.mcp = 30, 30
	case "stdio 16 tools/list":
		r.sdk, r.mcp = 50, 50
	case "http 16 echo 100 B":
		r.sdk, r.mcp, r.overFloor = 6, 2, 2
	case "http 16 echo 1 MB":
		r.sdk, r.mcp = 15, 15
	case "http 16 tools/list":
		r.sdk, r.mcp = 20, 20
	}
}

func run(ctx context.Context, w io.Writer, o *options) error {
	var short []string
	for _, transport := range []string{"stdio", "http"} {
		_, _ = fmt.Fprintf(w, "\n### %s, revision %s: the server's CPU time per call, minimum of %d interleaved rounds; in brackets calls per second\n\n",
			transport, o.revision, o.rounds)
		_, _ = fmt.Fprintln(w, "| call | in flight | ours | go-sdk | mcp-go | floor | go-sdk/ours | mcp-go/ours | ours/floor |")
		_, _ = fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|")
		for _, r := range rows() {
			if r.transport != transport || !strings.Contains(r.name(), o.only) || stateless(o.revision) && r.call.method == ping.method {
				continue
			}
			missed, err := r.measure(ctx, w, o)
			if err != nil {
				return fmt.Errorf("%s: %w", r.name(), err)
			}
			short = append(short, missed...)
		}
	}
	for _, last := range []func(context.Context, io.Writer, *options) (string, error){sessionMemory, startUp} {
		if o.only != "" {
			break
		}
		missed, err := last(ctx, w, o)
		if err != nil {
			return err
		}
		if missed != "" {
			short = append(short, missed)
		}
	}
	if len(short) == 0 {
		short = []string{"none"}
	}
	_, _ = fmt.Fprintf(w, "\nRows that fall short of their goal: %s.\n", strings.Join(short, "; "))
	return nil
}

// measure makes one row of the table. It returns which goals were missed.
func (r *row) measure(ctx context.Context, w io.Writer, o *options) (missed []string, err error) {
	best := make([]figure, len(contenders))
	targets := make([]target, len(contenders))
	defer func() {
		for _, t := range targets {
			if t != nil {
				err = errors.Join(err, t.close())
			}
		}
	}()
	counts := make([]int, len(contenders))
	for i, c := range contenders {
		if i == floor && r.transport != "http" || !strings.Contains(o.contenders, c.name) {
			continue
		}
		if targets[i], err = r.open(ctx, o, i, targets); err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		if counts[i], err = calibrate(targets[i], r.inFlight, o.span); err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	for range o.rounds {
		for i, t := range targets {
			if t == nil {
				continue
			}
			f, err := timed(t, counts[i])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", contenders[i].name, err)
			}
			best[i].merge(f)
		}
	}
	cells := []string{r.call.name, fmt.Sprint(r.inFlight)}
	for i := range contenders {
		cells = append(cells, best[i].String())
	}
	for _, ratio := range []struct {
		of, by int
		least  float64 // the goal
		most   float64
	}{{goSDK, ours, r.sdk, 0}, {mcpGo, ours, r.mcp, 0}, {ours, floor, 0, r.overFloor}} {
		if best[ratio.by].cpu == 0 || best[ratio.of].cpu == 0 {
			cells = append(cells, "")
			continue
		}
		got := float64(best[ratio.of].cpu) / float64(best[ratio.by].cpu)
		text := fmt.Sprintf("%.1f", got)
		of := contenders[ratio.of].name + "/" + contenders[ratio.by].name
		switch {
		case ratio.least > 0:
			text += fmt.Sprintf(" (goal %g)", ratio.least)
			if got < ratio.least {
				missed = append(missed, fmt.Sprintf("%s, %s %.1f instead of %g", r.name(), of, got, ratio.least))
			}
		case ratio.most > 0:
			text += fmt.Sprintf(" (goal %g)", ratio.most)
			if got > ratio.most {
				missed = append(missed, fmt.Sprintf("%s, %s %.2f instead of %g", r.name(), of, got, ratio.most))
			}
		}
		cells = append(cells, text)
	}
	_, _ = fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | "))
	return missed, nil
}

// open starts a contender and gets ready to call it. The floor answers with as
// many bytes as ours.
func (r *row) open(ctx context.Context, o *options, i int, targets []target) (target, error) {
	args := []string{"-tools", fmt.Sprint(listed - 1)}
	if i == floor {
		args = []string{"-answer", fmt.Sprint(targets[ours].answerSize())}
	}
	if r.transport == "stdio" {
		return openStdio(ctx, o, contenders[i], args, r)
	}
	return openHTTP(ctx, o, contenders[i], args, r)
}

// A figure is what calls took.
type figure struct {
	cpu  time.Duration // of the server, per call
	rate float64       // calls per second
}

func (f *figure) merge(other figure) {
	if f.cpu == 0 || other.cpu < f.cpu {
		f.cpu = other.cpu
	}
	f.rate = max(f.rate, other.rate)
}

func (f figure) String() string {
	if f.cpu == 0 {
		return ""
	}
	return fmt.Sprintf("%s [%.0f]", format(f.cpu), f.rate)
}

func format(d time.Duration) string {
	if d < time.Millisecond {
		return fmt.Sprintf("%.2f µs", float64(d)/float64(time.Microsecond))
	}
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}

// timed makes n calls and tells what they took.
func timed(t target, n int) (figure, error) {
	before, err := t.cpu()
	if err != nil {
		return figure{}, err
	}
	began := time.Now()
	if err := t.calls(n); err != nil {
		return figure{}, err
	}
	took := time.Since(began)
	after, err := t.cpu()
	return figure{(after - before) / time.Duration(n), float64(n) / took.Seconds()}, err
}

// calibrate warms a server up and finds how many calls fill a span.
func calibrate(t target, inFlight int, span time.Duration) (int, error) {
	n := 4 * inFlight
	for range 20 {
		f, err := timed(t, n)
		if err != nil {
			return 0, err
		}
		if total := f.cpu * time.Duration(n); total > span/4 {
			return max(2*inFlight, int(float64(n)*float64(span)/float64(total))), nil
		}
		n *= 2
	}
	return n, nil
}
