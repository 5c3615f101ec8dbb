package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/codexmcp/codexmcp/codex"
	"github.com/codexmcp/codexmcp/codex/auth"
	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/codex/exec"
	"github.com/codexmcp/codexmcp/codex/mcpclient"
	"github.com/codexmcp/codexmcp/codex/mcpserver"
	"github.com/codexmcp/codexmcp/codex/model"
	"github.com/codexmcp/codexmcp/codex/rollout"
	"github.com/codexmcp/codexmcp/codex/sandbox"
	"github.com/codexmcp/codexmcp/codex/useragent"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
	"github.com/codexmcp/codexmcp/server/oauth"
)

// shutdownTime is how long conversations may take to end with the server.
const shutdownTime = 5 * time.Second

// serveFlags are what serve can be told.
type serveFlags struct {
	overrides []string
	events    string
	tools     string
	logLevel  string
	idleTime  time.Duration
	http      string
	tokenFile string
	issuers   []string
	resource  string
	scopes    []string
	debug     string
}

func serveCommand() *cobra.Command {
	var flags serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve Codex conversations to MCP clients",
		Long: `serve speaks MCP on stdin and stdout, one JSON message per line. It reads
$CODEX_HOME/config.toml; -c overrides what is there. It ends when stdin does.

With --http it serves streamable HTTP at /mcp instead, to any number of clients.
Clients must send a bearer token, read from --token-file or the variable
CODEXMCP_TOKEN; only on a loopback address may it be left out. With --issuer they
send OAuth access tokens instead: JSON Web Tokens of that authorization server
which are for --resource, the URL by which clients call the server.

With --debug an address has profiles of the program at /debug/pprof/ and its
health at /healthz. Elsewhere than on a loopback address it wants the token, too.`,
		Example: `  codexmcp serve -c model=gpt-5
  codexmcp serve -c model=m -c model_provider=local -c 'model_providers.local={name="Local", base_url="http://localhost:11434/v1"}'
  codexmcp serve --http 127.0.0.1:8080 --token-file token.txt`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serve(cmd.Context(), flags, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	addOverrides(cmd, &flags.overrides)
	cmd.Flags().StringVar(&flags.events, "events", "on", "send codex/event notifications: on or off")
	cmd.Flags().StringVar(&flags.tools, "tools", "", "offer more tools than codex and codex-reply: conversations, for work in the background")
	cmd.Flags().DurationVar(&flags.idleTime, "idle-time", codex.DefaultIdleTime, "how long a conversation that nobody uses stays in memory; it comes back when spoken to")
	cmd.Flags().StringVar(&flags.http, "http", "", "serve HTTP at this address, such as 127.0.0.1:8080")
	cmd.Flags().StringVar(&flags.tokenFile, "token-file", "", "file with the bearer token that HTTP clients must send")
	cmd.Flags().StringArrayVar(&flags.issuers, "issuer", nil, "accept access tokens of this authorization server; may be repeated")
	cmd.Flags().StringVar(&flags.resource, "resource", "", "the URL by which HTTP clients call the server, which access tokens must be for")
	cmd.Flags().StringArrayVar(&flags.scopes, "scope", nil, "a scope that access tokens must have; may be repeated")
	cmd.Flags().StringVar(&flags.debug, "debug", "", "serve profiles and health at this address, such as 127.0.0.1:6060")
	cmd.Flags().StringVar(&flags.logLevel, "log-level", "warn", "what goes to stderr: debug, info, warn or error")
	return cmd
}

// serve runs the server over a pair of streams until the first ends.
func serve(ctx context.Context, flags serveFlags, in io.Reader, out, errw io.Writer) error {
	if flags.events != "on" && flags.events != "off" {
		return errMisuse{fmt.Errorf("--events %q: want on or off", flags.events)}
	}
	if flags.tokenFile != "" && flags.http == "" {
		return errMisuse{errors.New("--token-file is of use with --http only")}
	}
	if len(flags.issuers) > 0 && (flags.http == "" || flags.resource == "" || flags.tokenFile != "") {
		return errMisuse{errors.New("--issuer wants --http and --resource, and no --token-file")}
	}
	if len(flags.issuers) == 0 && (flags.resource != "" || len(flags.scopes) > 0) {
		return errMisuse{errors.New("--resource and --scope are of use with --issuer only")}
	}
	if flags.tools != "" && flags.tools != "conversations" {
		return errMisuse{fmt.Errorf("--tools %q: want conversations", flags.tools)}
	}
	if flags.idleTime <= 0 {
		return errMisuse{fmt.Errorf("--idle-time %s: want more than nothing", flags.idleTime)}
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(flags.logLevel)); err != nil {
		return errMisuse{fmt.Errorf("--log-level %q: want debug, info, warn or error", flags.logLevel)}
	}
	log := slog.New(slog.NewTextHandler(errw, &slog.HandlerOptions{Level: level}))
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	patchDir, err := addPatchCommands(program)
	defer func() { _ = os.RemoveAll(patchDir) }()
	if err != nil {
		log.Warn("scripts of the model will not find apply_patch", "error", err)
	}
	token, err := clientToken(flags.tokenFile)
	if err != nil {
		return err
	}
	if flags.debug != "" {
		stopDebug, err := serveDebug(ctx, flags.debug, token, log, errw)
		if err != nil {
			return err
		}
		defer stopDebug()
	}
	base, err := loadConfig(flags.overrides)
	if err != nil {
		return err
	}
	agent := useragent.New(version(), os.LookupEnv)
	credentials, err := newAuth(base, agent)
	if err != nil {
		return err
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	go credentials.Watch(watching)
	manager := newManager(base, credentials, agent, program, patchDir, flags.idleTime, log)
	srv, err := mcpserver.New(mcpserver.Options{
		Manager: manager, Auth: credentials, Agent: agent, Version: version(), NoEvents: flags.events == "off",
		ConversationTools: flags.tools == "conversations", Log: log,
	})
	if err != nil {
		return err
	}
	if flags.http == "" {
		if _, ok := terminalOf(in); ok {
			_ = say(errw, "Waiting for an MCP client on stdin (Ctrl-D ends). A client starts this by itself; codexmcp demo shows one at work.")
		}
		err = srv.Serve(ctx, jsonrpc.Lines(in, out, jsonrpc.Limits{}))
	} else {
		err = serveHTTP(ctx, srv, flags, token, log, errw)
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	if ctx.Err() != nil {
		err = nil // somebody asked the server to end
	}
	credentials.Close()
	return errors.Join(err, manager.Close(ending))
}

// tokenVariable holds the bearer token of HTTP clients.
const tokenVariable = "CODEXMCP_TOKEN"

// clientToken is the bearer token of HTTP clients, empty if there is none.
func clientToken(file string) (string, error) {
	if file == "" {
		return os.Getenv(tokenVariable), nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", fmt.Errorf("read the token: %q is empty", file)
	}
	return token, nil
}

// serveHTTP runs the server over HTTP until ctx ends. It says where.
func serveHTTP(ctx context.Context, srv *server.Server, flags serveFlags, token string, log *slog.Logger, errw io.Writer) error {
	o := server.ListenOptions{Address: flags.http, Token: token, Grace: shutdownTime}
	if len(flags.issuers) > 0 {
		var config oauth.Config
		for _, issuer := range flags.issuers {
			config.Issuers = append(config.Issuers, oauth.Issuer{URL: issuer})
		}
		verifier, err := oauth.NewVerifier(config)
		if err != nil {
			return errMisuse{err}
		}
		o.Token = ""
		o.Resource = &server.ResourceServer{
			Resource: flags.resource, AuthorizationServers: verifier.Issuers(), Scopes: flags.scopes, Verify: verifier.Verify, Log: log,
		}
	}
	who := "programs on this machine; no token is asked for"
	switch {
	case o.Resource != nil:
		who = "clients that bring an access token of " + strings.Join(flags.issuers, " or ")
	case token != "":
		who = "clients that bring the token"
	}
	o.Ready = func(url string) { _ = say(errw, "Serving %s to %s.", url, who) } // that nobody reads it changes nothing
	return server.ListenHTTP(ctx, srv, o)
}

// loadConfig reads the configuration of the process.
func loadConfig(options []string) (*config.Base, error) {
	var overrides []config.Override
	for _, option := range options {
		o, err := config.ParseOverride(option)
		if err != nil {
			return nil, err
		}
		overrides = append(overrides, o)
	}
	environ := os.Environ()
	home, err := config.FindHome(environ)
	if err != nil {
		return nil, err
	}
	variables, err := config.Dotenv(home, environ)
	if err != nil {
		return nil, err
	}
	for _, v := range variables {
		if err := os.Setenv(v.Name, v.Value); err != nil {
			return nil, fmt.Errorf("set %s from .env: %w", v.Name, err)
		}
	}
	cwd, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	return config.Load(config.Source{Home: home, Cwd: cwd, Environ: os.Environ(), Overrides: overrides, Version: version()})
}

// newManager puts the engine together.
func newManager(base *config.Base, credentials *auth.Manager, agent *useragent.Agent, program, patchDir string, idle time.Duration, log *slog.Logger) *codex.Manager {
	var protected []string
	if patchDir != "" {
		protected = []string{patchDir}
	}
	return codex.NewManager(codex.Options{
		Config: base, Log: log, IdleTime: idle, Program: program, Helper: exec.Self,
		Sandboxed: func() bool { return sandbox.Check(exec.Self).Err == nil }, Protected: protected,
		NewModel: func(c *config.Conversation) (model.Client, error) {
			return newModel(c, credentials, agent), nil
		},
		NewTools: func(ctx context.Context, c *config.Conversation, d codex.Delegate) (codex.ToolSet, []error) {
			o := mcpclient.Options{
				Info: mcptypes.Implementation{Name: "codex-mcp-client", Title: "Codex", Version: version()}, Log: log, Home: c.Home,
			}
			elicits, samples := mcpserver.Abilities(ctx)
			if elicits {
				o.Elicit = d.Elicit
			}
			if samples {
				o.CreateMessage = d.CreateMessage
			}
			pool, failures := mcpclient.New(ctx, c.MCPServers, o)
			return pool, failures
		},
		NewRecorder: func(id mcpprotocol.ConversationID, c *config.Conversation, instructions string) (codex.Recorder, error) {
			return rollout.Create(rollout.Options{
				Home: c.Home, ConversationID: id, Cwd: c.Cwd, Originator: agent.Originator, Version: version(), Instructions: instructions,
			})
		},
	})
}
