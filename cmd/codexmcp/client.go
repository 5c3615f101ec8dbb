package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/codexmcp/codexmcp/client"
	"github.com/codexmcp/codexmcp/client/oauth"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
)

// clientFlags are what the client can be told.
type clientFlags struct {
	url      string
	headers  []string
	json     bool
	ask      bool
	verbose  bool
	timeout  time.Duration
	revision string
}

func clientCommand() *cobra.Command {
	var flags clientFlags
	cmd := &cobra.Command{
		Use:   "client [tools | resources | prompts | call TOOL [ARGUMENT...] | read URI | prompt NAME [ARGUMENT...] | follow] {--url URL | -- COMMAND [ARG...]}",
		Short: "Use any MCP server from the command line",
		Long: `client connects to an MCP server, which it starts as COMMAND or reaches at a URL,
and does what it is told:

  (nothing)     list all the server offers
  tools         list the tools, with their arguments
  resources     list resources and resource templates
  prompts       list prompts, with their arguments
  call TOOL     call a tool; arguments are one JSON object, or any number of key=value
  read URI      read a resource
  prompt NAME   fill in a prompt; arguments are key=value
  follow        print what the server tells of, until interrupted

What the server asks its user is put to you, at a terminal. With --json there is one JSON document on stdout, or one per line with follow.
The exit status is 1 when a tool says that it failed.`,
		Example: `  codexmcp client -- codexmcp serve
  codexmcp client call add a=2 b=3 -- python3 server.py
  codexmcp client call search '{"query": "go"}' --url https://example.com/mcp`,
		RunE: func(cmd *cobra.Command, args []string) error {
			words, program := args, []string(nil)
			if dash := cmd.ArgsLenAtDash(); dash >= 0 {
				words, program = args[:dash], args[dash:]
			}
			if (flags.url == "") == (len(program) == 0) {
				return errMisuse{errors.New("want either --url or a command after --")}
			}
			v := &visitor{flags: flags, out: cmd.OutOrStdout(), errw: &sharedWriter{w: cmd.ErrOrStderr()}}
			if _, person := terminalOf(cmd.InOrStdin()); person || flags.ask {
				v.interview = &interview{in: bufio.NewReader(cmd.InOrStdin()), out: v.errw}
			}
			do, err := v.action(words)
			if err != nil {
				return errMisuse{err}
			}
			return v.visit(cmd.Context(), program, do)
		},
	}
	cmd.Flags().StringVar(&flags.url, "url", "", "the server's URL (streamable HTTP)")
	cmd.Flags().StringArrayVarP(&flags.headers, "header", "H", nil, "add a header to HTTP requests, as 'Name: value'")
	cmd.Flags().BoolVar(&flags.json, "json", false, "print JSON")
	cmd.Flags().BoolVar(&flags.ask, "ask", false, "answer on stdin what the server asks its user; without it only at a terminal")
	cmd.Flags().BoolVarP(&flags.verbose, "verbose", "v", false, "print to stderr what happens beside the protocol, and progress")
	cmd.Flags().DurationVar(&flags.timeout, "timeout", time.Minute, "how long to wait for the server, each time")
	cmd.Flags().StringVar(&flags.revision, "revision", "", "insist on a protocol revision, such as 2025-06-18")
	return cmd
}

// A visitor connects to a server and does one thing there.
type visitor struct {
	flags   clientFlags
	out     io.Writer
	errw    io.Writer
	session *client.Session
	follow  bool
	// interview answers what the server asks; nil without a person.
	interview *interview
}

// visit connects, does it, and leaves.
func (v *visitor) visit(ctx context.Context, program []string, do func(context.Context) error) error {
	o := client.Options{Info: mcptypes.Implementation{Name: "codexmcp-client", Version: version()}, CallTimeout: v.flags.timeout}
	if v.flags.revision != "" {
		o.Revisions = []string{v.flags.revision}
	}
	if v.flags.verbose {
		o.Log = slog.New(slog.NewTextHandler(v.errw, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	if v.interview != nil {
		o.Elicit = v.interview.elicit
	}
	if v.follow {
		v.followWith(&o)
	}
	opening, cancel := context.WithTimeoutCause(ctx, v.flags.timeout, fmt.Errorf("no answer within %v: %w", v.flags.timeout, context.DeadlineExceeded))
	defer cancel()
	var err error
	if v.flags.url != "" {
		v.session, err = v.connectHTTP(opening, o)
	} else {
		v.session, err = v.connect(opening, program, o)
	}
	if err != nil {
		return err
	}
	err = do(ctx)
	leaving, leave := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer leave()
	return errors.Join(err, v.session.Close(leaving))
}

func (v *visitor) connect(ctx context.Context, program []string, o client.Options) (*client.Session, error) {
	cmd := exec.Command(program[0], program[1:]...)
	cmd.Env = os.Environ() // it is the user's own command
	cmd.Stderr = v.errw
	transport, err := client.Command(cmd, jsonrpc.Limits{})
	if err != nil {
		return nil, err
	}
	return client.Connect(ctx, transport, o)
}

func (v *visitor) connectHTTP(ctx context.Context, o client.Options) (*client.Session, error) {
	h := client.HTTP{URL: v.flags.url, Header: http.Header{}}
	for _, header := range v.flags.headers {
		name, value, ok := strings.Cut(header, ":")
		if !ok {
			return nil, errMisuse{fmt.Errorf("--header %q: want 'Name: value'", header)}
		}
		h.Header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	if h.Header.Get("Authorization") == "" {
		loopback, err := oauth.Listen(func(page string) {
			_, _ = fmt.Fprintf(v.errw, "The server wants you to sign in. Open this page:\n\n  %s\n\n", page)
		})
		if err != nil {
			return nil, err
		}
		defer func() { _ = loopback.Close() }()
		h.Auth = oauth.New(oauth.Config{
			Resource: v.flags.url, Name: "codexmcp", RedirectURL: loopback.RedirectURL, Visit: loopback.Visit,
		})
	}
	return client.ConnectHTTP(ctx, h, o)
}
