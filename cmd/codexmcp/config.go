package main

import (
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/codexmcp/codexmcp/codex/config"
)

func configCommand() *cobra.Command {
	cmd := group("config", "Look at the configuration", "config looks at $CODEX_HOME/config.toml and what goes over it.")
	cmd.AddCommand(configCheckCommand(), configTrustCommand())
	return cmd
}

func configTrustCommand() *cobra.Command {
	var revoke bool
	cmd := &cobra.Command{
		Use:   "trust [DIR]",
		Short: "Let a project's .codex/config.toml count",
		Long: `trust shows what .codex/config.toml of the project in DIR sets, by default the
current folder, and lets it count from now on, over the user's config.toml. It can
name programs to start, so look at it first. The decision is for exactly this
content: when the file changes, it counts for nothing until it is trusted again.`,
		Example: "  codexmcp config trust\n  codexmcp config trust --revoke ~/src/project",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) > 0 {
				dir = args[0]
			}
			home, err := config.FindHome(os.Environ())
			if err != nil {
				return err
			}
			project, err := config.FindProject(home, dir)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if !revoke {
				settings, err := project.Settings()
				if err != nil {
					return err
				}
				if err := showSettings(out, settings); err != nil {
					return err
				}
			}
			if err := config.TrustProject(cmd.Context(), home, project, !revoke); err != nil {
				return err
			}
			if revoke {
				return say(out, "%s is not trusted any more.", project.Path)
			}
			return say(out, "%s is trusted as it is now (SHA-256 %s).", project.Path, project.Hash)
		},
	}
	cmd.Flags().BoolVar(&revoke, "revoke", false, "take the decision back")
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
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			base, err := loadConfig(overrides)
			if err != nil {
				return err
			}
			conversation, err := base.Resolve(config.Request{Profile: profile})
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if err := say(out, "# home: %s", conversation.Home); err != nil {
				return err
			}
			if p := conversation.Project; p != nil {
				state := "trusted"
				switch {
				case p.Err != nil:
					state = p.Err.Error()
				case !p.Trusted:
					state = "not trusted, so nothing of it is in force; see codexmcp config trust --help"
				}
				if err := say(out, "# project: %s: %s", p.Path, state); err != nil {
					return err
				}
			}
			if err := showSettings(out, conversation.Settings()); err != nil {
				return err
			}
			return conversation.Problems()
		},
	}
	cmd.Flags().StringVar(&profile, "profile", "", "as a conversation with this profile would have it")
	addOverrides(cmd, &overrides)
	return cmd
}

// showSettings lists values and where they were set, one a line.
func showSettings(out io.Writer, settings []config.Setting) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, s := range settings {
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
