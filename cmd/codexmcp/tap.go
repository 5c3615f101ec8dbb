package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/codexmcp/codexmcp/client/tap"
	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// tapFlags are what the tap can be told.
type tapFlags struct {
	transcript string
	log        string
	check      string
	replay     string
	as         string
	color      string
	width      int
}

func tapCommand() *cobra.Command {
	var flags tapFlags
	cmd := &cobra.Command{
		Use:   "tap {-- COMMAND [ARG...] | --check FILE | --replay FILE --as SIDE}",
		Short: "Watch what an MCP client and a server say to each other",
		Long: `tap stands between an MCP client and the server COMMAND: put it in front of the
server's command in the client's configuration. It passes on every byte as it is,
and prints each message to stderr with its direction, type and latency, and with
what is wrong with it by the schema of the revision that was agreed on.

--transcript keeps the messages, one JSON object per line. --check says what is
wrong in such a file and exits with 1 if anything is. --replay plays one side of it,
client or server, on stdin and stdout.`,
		Example: `  codexmcp tap --transcript talk.jsonl -- codexmcp serve
  codexmcp tap --check talk.jsonl
  codexmcp client tools -- codexmcp tap --replay talk.jsonl --as server`,
		RunE: func(cmd *cobra.Command, args []string) error {
			modes := 0
			for _, on := range []bool{len(args) > 0, flags.check != "", flags.replay != ""} {
				if on {
					modes++
				}
			}
			if modes != 1 {
				return errMisuse{errors.New("want a command after --, --check or --replay")}
			}
			switch {
			case flags.check != "":
				return checkTranscript(flags, cmd.OutOrStdout())
			case flags.replay != "":
				return replayTranscript(cmd.Context(), flags, cmd.InOrStdin(), cmd.OutOrStdout())
			}
			return runTap(cmd.Context(), flags, args, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVarP(&flags.transcript, "transcript", "t", "", "write the messages to a file, as JSON lines")
	cmd.Flags().StringVar(&flags.log, "log", "", "print to a file and not to stderr")
	cmd.Flags().StringVar(&flags.check, "check", "", "say what is wrong in a transcript")
	cmd.Flags().StringVar(&flags.replay, "replay", "", "play one side of a transcript")
	cmd.Flags().StringVar(&flags.as, "as", "server", "the side to play: client or server")
	cmd.Flags().StringVar(&flags.color, "color", "auto", "print in colour: auto, always or never")
	cmd.Flags().IntVar(&flags.width, "width", 400, "how many characters of a message's body to print; 0 prints all")
	return cmd
}

// runTap stands between the client on in and out, and a server.
func runTap(ctx context.Context, flags tapFlags, args []string, in io.Reader, out, errw io.Writer) (err error) {
	color := useColor(flags.color, errw)
	errw = &sharedWriter{w: errw} // the server writes there, too
	show := errw
	if flags.log != "" {
		file, err := os.Create(flags.log)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		show, color = file, flags.color == "always"
	}
	var transcript io.Writer
	if flags.transcript != "" {
		file, err := os.OpenFile(flags.transcript, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		transcript = file
	}
	checker := newChecker()
	p := printer{out: show, color: color, width: flags.width}
	var writing error
	proxy := &tap.Proxy{Observe: func(from tap.Side, line []byte, at time.Time) {
		p.print(checker.Message(from, line, at), line, at)
		if transcript != nil && writing == nil {
			writing = writeEntry(transcript, tap.Entry{Time: at, From: from, Line: line})
		}
	}}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), args[0], args[1:]...)
	cmd.Stderr = errw
	err = proxy.Run(ctx, cmd, in, out)
	p.unanswered(checker)
	p.sayf("%d messages, %d of them with faults", p.messages, p.faulty)
	if writing != nil {
		err = errors.Join(err, fmt.Errorf("write transcript: %w", writing))
	}
	return err
}

// A sharedWriter takes one write at a time.
type sharedWriter struct {
	mu sync.Mutex // held while w is written
	w  io.Writer
}

func (s *sharedWriter) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}

// checkTranscript says what is wrong in a file.
func checkTranscript(flags tapFlags, out io.Writer) error {
	entries, err := readTranscript(flags.check)
	if err != nil {
		return err
	}
	checker := newChecker()
	p := printer{out: out, color: useColor(flags.color, out), width: flags.width, onlyFaults: true}
	for i, e := range entries {
		p.place = fmt.Sprintf("%s:%d: ", flags.check, i+1)
		if e.Broken != nil {
			p.messages++
			p.faulty++
			p.sayf("%s%v", p.place, e.Broken)
			continue
		}
		p.print(checker.Message(e.From, e.Line, e.Time), e.Line, e.Time)
	}
	p.place = flags.check + ": "
	missing := p.unanswered(checker)
	if p.faulty > 0 || missing > 0 {
		return fmt.Errorf("%d of %d messages have faults, %d requests have no answer", p.faulty, p.messages, missing)
	}
	p.sayf("%d messages of revision %s, none with a fault", p.messages, checker.Revision())
	return nil
}

// newChecker returns a checker that knows the Codex methods, too.
func newChecker() *tap.Checker {
	c := tap.NewChecker()
	c.Known = func(from tap.Side, method string) bool {
		if from == tap.Client {
			return slices.Contains(mcpprotocol.ClientRequests, method)
		}
		return slices.Contains(mcpprotocol.ServerRequests, method) || slices.Contains(mcpprotocol.ServerNotifications, method) ||
			strings.HasPrefix(method, mcpprotocol.Event.Method+"/")
	}
	return c
}

// writeEntry writes a line of a transcript.
func writeEntry(to io.Writer, e tap.Entry) error {
	line, err := e.AppendJSON(nil)
	if err != nil {
		return err
	}
	_, err = to.Write(append(line, '\n'))
	return err
}

func replayTranscript(ctx context.Context, flags tapFlags, in io.Reader, out io.Writer) error {
	side := tap.Side(flags.as)
	if side != tap.Client && side != tap.Server {
		return errMisuse{fmt.Errorf("--as %q: want client or server", flags.as)}
	}
	entries, err := readTranscript(flags.replay)
	if err != nil {
		return err
	}
	return tap.Replay(ctx, entries, side, in, out)
}

func readTranscript(path string) ([]tap.Entry, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	entries, err := tap.ReadTranscript(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return entries, nil
}

// useColor reports whether to print in colour.
func useColor(flag string, out io.Writer) bool {
	file, ok := out.(*os.File)
	return flag == "always" || flag == "auto" && os.Getenv("NO_COLOR") == "" && ok && term.IsTerminal(int(file.Fd()))
}

// A printer shows messages to a person.
type printer struct {
	out        io.Writer
	color      bool
	width      int
	onlyFaults bool
	place      string // before each line

	messages, faulty int
}

// The colours.
const (
	grey   = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	blue   = "34"
)

func (p *printer) in(color, text string) string {
	if !p.color || text == "" {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

func (p *printer) sayf(format string, args ...any) {
	_, _ = fmt.Fprintln(p.out, p.in(grey, fmt.Sprintf(format, args...)))
}

// unanswered says which requests have no answer, and returns how many.
func (p *printer) unanswered(c *tap.Checker) int {
	count := 0
	for _, side := range []tap.Side{tap.Client, tap.Server} {
		for _, request := range c.Unanswered(side) {
			count++
			_, _ = fmt.Fprintln(p.out, p.place+p.in(yellow, fmt.Sprintf("no answer to %s of the %s", request, side)))
		}
	}
	return count
}

func (p *printer) print(n tap.Note, line []byte, at time.Time) {
	p.messages++
	if len(n.Faults) > 0 {
		p.faulty++
	} else if p.onlyFaults && len(n.Remarks) == 0 {
		return
	}
	arrow := p.in(blue, "client →")
	if n.From == tap.Server {
		arrow = p.in(green, "server ←")
	}
	parts := []string{p.place + p.in(grey, at.Format("15:04:05.000")), arrow}
	if n.ID != "" {
		parts = append(parts, "#"+n.ID)
	}
	parts = append(parts, n.Method)
	switch {
	case n.Kind == "invalid":
		parts = append(parts, p.in(red, "no message"))
	case n.Failed:
		parts = append(parts, p.in(yellow, "failed"))
	}
	parts = append(parts, p.in(grey, n.Type))
	if n.Latency > 0 {
		parts = append(parts, p.in(grey, n.Latency.Round(10*time.Microsecond).String()))
	}
	body := n.Body.String()
	if n.Kind == "invalid" {
		body = strings.ToValidUTF8(string(line), "\uFFFD")
	}
	parts = append(parts, p.cut(body))
	text := strings.Join(nonEmpty(parts), " ") + "\n"
	for _, fault := range n.Faults {
		text += p.place + "    " + p.in(red, "✗ "+fault) + "\n"
	}
	for _, remark := range n.Remarks {
		text += p.place + "    " + p.in(yellow, "! "+remark) + "\n"
	}
	_, _ = io.WriteString(p.out, text)
}

// cut shortens a body, and leaves no control characters in it.
func (p *printer) cut(body string) string {
	runes := []rune(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, body))
	if p.width > 0 && len(runes) > p.width {
		return fmt.Sprintf("%s… (%d bytes)", string(runes[:p.width]), len(body))
	}
	return string(runes)
}

func nonEmpty(parts []string) []string {
	kept := parts[:0]
	for _, part := range parts {
		if part != "" {
			kept = append(kept, part)
		}
	}
	return kept
}
