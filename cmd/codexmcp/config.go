package main

import (
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/codexmcp/codexmcp/codex/config"
)

func configCommand() *cobra.Command {
	cmd := group("config", "Look at the configuration", "config looks at $CODEX_HOME/config.toml and what goes over it.")
	cmd.AddCommand(configCheckCommand())
	return cmd
}

func configCheckCommand() *cobra.Command {
	var overrides []string
	var profile string
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Show what is in force and where each value came from",
		Long: `check shows what a conversation would run with, and where each value was set: a
line of config.toml, an option, a variable or what is built in. Of what may be
secret only the names are shown. Wrong values are all reported, with their place
and what was expected there, and the exit code is 1.`,
		Example: "  codexmcp config check\n  codexmcp config check --profile fast -c model=gpt-5",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			base, err := loadConfig(overrides)
			if err != nil {
				return err
			}
			conversation, err := base.Resolve(config.Request{Profile: profile})
			if err != nil {
				return err
			}
			return showSettings(cmd.OutOrStdout(), conversation)
		},
	}
	cmd.Flags().StringVar(&profile, "profile", "", "as a conversation with this profile would have it")
	addOverrides(cmd, &overrides)
	return cmd
}

// showSettings lists what is in force, one value a line.
func showSettings(out io.Writer, c *config.Conversation) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if err := say(table, "# home: %s", c.Home); err != nil {
		return err
	}
	for _, s := range c.Settings() {
		if err := say(table, "%s = %s\t# %s", s.Key, s.Value, s.Origin); err != nil {
			return err
		}
	}
	return table.Flush()
}

// addOverrides gives a command the option -c.
func addOverrides(cmd *cobra.Command, overrides *[]string) {
	cmd.Flags().StringArrayVarP(overrides, "config", "c", nil, "override a configuration value, as key=value; the value is TOML or else text")
}
