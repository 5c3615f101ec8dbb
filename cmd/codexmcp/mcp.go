package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/codexmcp/codexmcp/codex/config"
)

func mcpCommand() *cobra.Command {
	cmd := group("mcp", "List and edit the external MCP servers that conversations use",
		`mcp lists and edits the table mcp_servers of $CODEX_HOME/config.toml. Every
conversation that begins starts the programs named there, speaks MCP with them
and offers their tools to the model. Comments, order and layout of the file stay.`)
	cmd.AddCommand(mcpListCommand(), mcpGetCommand(), mcpAddCommand(), mcpRemoveCommand())
	return cmd
}

// A serverEntry is an external server in JSON, as scripts know it from the
// original program.
type serverEntry struct {
	Name           string            `json:"name"`
	Command        string            `json:"command"`
	Args           []string          `json:"args"`
	Env            map[string]string `json:"env"`
	StartupTimeout *int64            `json:"startup_timeout_ms"`
	URL            string            `json:"url,omitzero"`
}

func entryOf(s config.MCPServer) serverEntry {
	entry := serverEntry{Name: s.Name, Command: s.Command, Args: s.Args, Env: s.Env, URL: s.URL}
	if entry.Args == nil {
		entry.Args = []string{}
	}
	if s.StartupTimeout > 0 {
		entry.StartupTimeout = new(s.StartupTimeout.Milliseconds())
	}
	return entry
}

func mcpListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the servers",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			servers, err := configuredServers()
			if err != nil {
				return err
			}
			if asJSON {
				entries := make([]serverEntry, len(servers))
				for i, s := range servers {
					entries[i] = entryOf(s)
				}
				return writeJSON(cmd.OutOrStdout(), entries)
			}
			if len(servers) == 0 {
				return say(cmd.ErrOrStderr(), "There are none. Add one: codexmcp mcp add NAME -- COMMAND")
			}
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			lines := []string{"NAME\tCOMMAND\tARGS\tENV"}
			for _, s := range servers {
				lines = append(lines, strings.Join([]string{s.Name, s.Where()[0], orDash(strings.Join(s.Args, " ")), orDash(variables(s.Env))}, "\t"))
			}
			if err := say(table, "%s", strings.Join(lines, "\n")); err != nil {
				return err
			}
			return table.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON, with the values of variables")
	return cmd
}

func mcpGetCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "get NAME",
		Short: "Show one server",
		Args:  oneArg("the name of a server"),
		RunE: func(cmd *cobra.Command, args []string) error {
			servers, err := configuredServers()
			if err != nil {
				return err
			}
			i := slices.IndexFunc(servers, func(s config.MCPServer) bool { return s.Name == args[0] })
			if i < 0 {
				return fmt.Errorf("there is no MCP server %q", args[0])
			}
			if s := servers[i]; !asJSON {
				return showServer(cmd.OutOrStdout(), s)
			}
			return writeJSON(cmd.OutOrStdout(), entryOf(servers[i]))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON, with the values of variables")
	return cmd
}

func mcpAddCommand() *cobra.Command {
	var env []string
	var timeout time.Duration
	var address, token string
	cmd := &cobra.Command{
		Use:   "add NAME (--url URL | [--env KEY=VALUE]... -- COMMAND [ARG]...)",
		Short: "Add a server, or give one another command or URL",
		Long: `add adds a server to config.toml, or gives the one with that name another
command, arguments and environment, or another URL. The program is started without a
shell; a server with a URL is spoken to over streamable HTTP.`,
		Example: "  codexmcp mcp add files -- npx -y @modelcontextprotocol/server-filesystem /srv\n" +
			"  codexmcp mcp add issues --env TOKEN=secret --startup-timeout 30s -- issues-mcp --read-only\n" +
			"  codexmcp mcp add far --url https://example.com/mcp --bearer-token-env-var FAR_TOKEN",
		Args: func(cmd *cobra.Command, args []string) error {
			switch far := cmd.Flags().Changed("url"); {
			case len(args) < 1 || len(args) < 2 && !far:
				return errors.New("add needs a name and a command: codexmcp mcp add NAME -- COMMAND")
			case far && len(args) > 1:
				return fmt.Errorf("--url goes without a command: %q", args[1])
			case far && cmd.Flags().Changed("env"):
				return errors.New("--env is for a server that is started; one with --url has none")
			case !far && cmd.Flags().Changed("bearer-token-env-var"):
				return errors.New("--bearer-token-env-var goes with --url")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			server := config.MCPServer{Name: args[0], URL: address, BearerTokenVar: token, StartupTimeout: timeout}
			if len(args) > 1 {
				server.Command, server.Args = args[1], args[2:]
			}
			if !config.ValidServerName(server.Name) {
				return errMisuse{fmt.Errorf("the name %q: want letters, digits, - and _ only", server.Name)}
			}
			if timeout < 0 {
				return errMisuse{fmt.Errorf("--startup-timeout %s is negative", timeout)}
			}
			for _, pair := range env {
				name, value, ok := strings.Cut(pair, "=")
				if !ok || name == "" {
					return errMisuse{fmt.Errorf("--env %q: want KEY=VALUE", name)}
				}
				if server.Env == nil {
					server.Env = map[string]string{}
				}
				server.Env[name] = value
			}
			return changeServers(func(home string) error {
				if err := config.AddServer(cmd.Context(), home, server); err != nil {
					return err
				}
				return say(cmd.ErrOrStderr(), "Added %s. Conversations that begin from now on use it.", server.Name)
			})
		},
	}
	cmd.Flags().StringArrayVar(&env, "env", nil, "a variable of its environment, as KEY=VALUE; may be repeated")
	cmd.Flags().StringVar(&address, "url", "", "where the server is, if it is not started here")
	cmd.Flags().StringVar(&token, "bearer-token-env-var", "", "the variable with the token for the server at the URL")
	cmd.Flags().DurationVar(&timeout, "startup-timeout", 0, "how long it may take to start, such as 30s (default 10s)")
	return cmd
}

func mcpRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use:        "remove NAME",
		SuggestFor: []string{"rm", "delete"},
		Short:      "Remove a server",
		Args:       oneArg("the name of a server"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return changeServers(func(home string) error {
				found, err := config.RemoveServer(cmd.Context(), home, args[0])
				if err != nil {
					return err
				}
				if !found {
					return say(cmd.ErrOrStderr(), "There was no MCP server %q.", args[0])
				}
				return say(cmd.ErrOrStderr(), "Removed %s.", args[0])
			})
		},
	}
}

// changeServers runs a change of config.toml.
func changeServers(change func(home string) error) error {
	home, err := config.FindHome(os.Environ())
	if err != nil {
		return err
	}
	return change(home)
}

// configuredServers are the servers in config.toml.
func configuredServers() ([]config.MCPServer, error) {
	base, err := loadConfig(nil)
	if err != nil {
		return nil, err
	}
	return base.Initial().MCPServers, nil
}

// showServer shows one server to a person.
func showServer(out io.Writer, s config.MCPServer) error {
	timeout := s.StartupTimeout
	if timeout == 0 {
		timeout = config.DefaultStartupTimeout
	}
	if s.URL != "" {
		return say(out, "%s\n  url:             %s\n  token in:        %s\n  startup timeout: %s\n  set in:          %s",
			s.Name, s.URL, orDash(s.BearerTokenVar), timeout, s.From)
	}
	return say(out, "%s\n  command:         %s\n  args:            %s\n  env:             %s\n  startup timeout: %s\n  set in:          %s",
		s.Name, s.Command, orDash(strings.Join(s.Args, " ")), orDash(variables(s.Env)), timeout, s.From)
}

// variables are the names of variables. Their values may be secret.
func variables(env map[string]string) string {
	names := slices.Sorted(maps.Keys(env))
	for i, name := range names {
		names[i] = name + "=***"
	}
	return strings.Join(names, ", ")
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// writeJSON writes a value for scripts.
func writeJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
