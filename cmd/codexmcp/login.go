package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/codexmcp/codexmcp/codex/auth"
	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/codex/useragent"
	"github.com/codexmcp/codexmcp/mcpprotocol"
)

const (
	// keyVariable names the variable whose key is offered where a person is asked.
	keyVariable = "OPENAI_API_KEY"
	// maxKey is how long an API key may be.
	maxKey = 64 << 10
)

var errKeyOnCommandLine = errors.New("a key on the command line can be seen by others: " +
	"type it when asked, or pipe it: printenv OPENAI_API_KEY | codexmcp login --api-key")

// A keyFlag is --api-key, which takes no value but must not repeat one either:
// it may well be a key.
type keyFlag struct{ asked, given bool }

func (f *keyFlag) String() string { return "false" }
func (f *keyFlag) Type() string   { return "bool" }

func (f *keyFlag) Set(value string) error {
	f.asked, f.given = true, value != "true"
	return nil
}

func loginCommand() *cobra.Command {
	var overrides []string
	var apiKey keyFlag
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Sign in with a ChatGPT account or an API key",
		Long: `login signs in with a ChatGPT account: it prints an address to open in a browser
on this machine, and waits. With --api-key it asks for an API key instead, which
is not shown, or reads it from a pipe. The last login counts.

The credentials are stored in $CODEX_HOME/auth.json, for you alone to read.`,
		Example: "  codexmcp login\n  codexmcp login --api-key\n  printenv OPENAI_API_KEY | codexmcp login --api-key\n  codexmcp login status",
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case apiKey.given, apiKey.asked && len(args) > 0:
				return errKeyOnCommandLine
			case len(args) > 0:
				return errors.New("login takes no argument but the command status")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if apiKey.asked {
				return loginKey(cmd.Context(), cmd.InOrStdin(), cmd.ErrOrStderr())
			}
			return loginBrowser(cmd.Context(), overrides, cmd.ErrOrStderr())
		},
	}
	cmd.Flags().Var(&apiKey, "api-key", "sign in with an API key, asked for or read from a pipe")
	cmd.Flags().Lookup("api-key").NoOptDefVal = "true"
	addOverrides(cmd, &overrides)
	cmd.AddCommand(&cobra.Command{
		Use:   "status",
		Short: "Show who is signed in",
		Long:  "status shows who is signed in. It exits with 0 if anybody is, else with 1.",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return loginStatus(cmd.OutOrStdout()) },
	})
	return cmd
}

func logoutCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "logout",
		Short: "Sign out",
		Long:  "logout removes the stored credentials. What runs with them finds out at its next request.",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			manager, err := openAuth()
			if err != nil {
				return err
			}
			before := manager.Snapshot()
			if err := manager.Logout(cmd.Context()); err != nil {
				return err
			}
			if before.Mode == "" && before.Problem == nil {
				return say(cmd.ErrOrStderr(), "Nobody was signed in.")
			}
			return say(cmd.ErrOrStderr(), "Signed out.")
		},
	}
}

// openAuth opens the credentials for work that needs no authorization server, and
// so no configuration that could be wrong.
func openAuth() (*auth.Manager, error) {
	home, err := config.FindHome(os.Environ())
	if err != nil {
		return nil, err
	}
	return auth.New(auth.Options{Home: home})
}

// loginBrowser signs in with a ChatGPT account.
func loginBrowser(ctx context.Context, overrides []string, errw io.Writer) error {
	base, err := loadConfig(overrides)
	if err != nil {
		return err
	}
	manager, err := newAuth(base, useragent.New(version(), os.LookupEnv))
	if err != nil {
		return err
	}
	return loginWith(ctx, manager, errw)
}

// loginWith shows a person where to sign in and waits for the end of it.
func loginWith(ctx context.Context, manager *auth.Manager, errw io.Writer) error {
	defer manager.Close()
	login, err := manager.StartLogin(ctx)
	if err != nil {
		return err
	}
	if err := say(errw, "Open this address in a browser on this machine to sign in:\n\n  %s\n\nWaiting (Ctrl-C gives up) ...", login.URL); err != nil {
		return err
	}
	select {
	case <-login.Done():
	case <-ctx.Done():
		manager.Close()
	}
	if err := login.Err(); err != nil {
		return err
	}
	if err := say(errw, "%s.", describeLogin(manager.Snapshot())); err != nil {
		return err
	}
	select {
	case <-login.Closed():
	case <-ctx.Done():
	}
	return nil
}

// loginKey signs in with an API key.
func loginKey(ctx context.Context, in io.Reader, errw io.Writer) error {
	manager, err := openAuth()
	if err != nil {
		return err
	}
	key, err := readKey(ctx, in, errw)
	if err != nil {
		return err
	}
	if key == "" {
		return errors.New("no API key was given")
	}
	if err := manager.LoginAPIKey(ctx, auth.NewSecret(key)); err != nil {
		return err
	}
	return say(errw, "%s.", describeLogin(manager.Snapshot()))
}

// readKey asks a person for a key, or reads the first line of a pipe.
func readKey(ctx context.Context, in io.Reader, errw io.Writer) (string, error) {
	if terminal, ok := terminalOf(in); ok {
		return askKey(ctx, terminal, errw)
	}
	line, err := bufio.NewReader(io.LimitReader(in, maxKey+1)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the API key: %w", err)
	}
	if len(line) > maxKey {
		return "", fmt.Errorf("read the API key: more than %d bytes", maxKey)
	}
	return strings.TrimSpace(line), nil
}

// terminalOf returns the terminal that in is, if a person sits there.
func terminalOf(in io.Reader) (*os.File, bool) {
	file, ok := in.(*os.File)
	return file, ok && term.IsTerminal(int(file.Fd()))
}

// askKey asks a person for a key, which is not shown, and offers that of the
// environment.
func askKey(ctx context.Context, terminal *os.File, errw io.Writer) (string, error) {
	offered := strings.TrimSpace(os.Getenv(keyVariable))
	prompt := "API key (it is not shown): "
	if offered != "" {
		prompt = fmt.Sprintf("API key (it is not shown; Enter takes that of %s, %s): ", keyVariable, maskKey(offered))
	}
	if _, err := fmt.Fprint(errw, prompt); err != nil {
		return "", err
	}
	fd := int(terminal.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("read the API key: %w", err)
	}
	type reading struct {
		key []byte
		err error
	}
	read := make(chan reading, 1)
	go func() {
		key, err := term.ReadPassword(fd)
		read <- reading{key, err}
	}()
	select {
	case r := <-read:
		if err := say(errw, ""); err != nil {
			return "", err
		}
		if r.err != nil {
			return "", fmt.Errorf("read the API key: %w", r.err)
		}
		return cmp.Or(strings.TrimSpace(string(r.key)), offered), nil
	case <-ctx.Done():
		// The read goes on until the program ends; the terminal is left as it was.
		return "", errors.Join(context.Cause(ctx), term.Restore(fd, before))
	}
}

// loginStatus shows who is signed in.
func loginStatus(out io.Writer) error {
	manager, err := openAuth()
	if err != nil {
		return err
	}
	s := manager.Snapshot()
	switch {
	case s.Problem != nil:
		return s.Problem
	case !s.SignedIn():
		return errors.New("nobody is signed in; codexmcp login does it")
	}
	return say(out, "%s", describeLogin(s))
}

// describeLogin says who is signed in, without giving anything away.
func describeLogin(s auth.Snapshot) string {
	if s.Mode == mcpprotocol.AuthModeApikey {
		return "Signed in with an API key, " + maskKey(s.Token().Reveal())
	}
	text := "Signed in with ChatGPT"
	if s.Email != "" {
		text += " as " + s.Email
	}
	if s.Plan != "" {
		text += fmt.Sprintf(" (plan %s)", s.Plan)
	}
	return text
}

// maskKey is as much of a key as tells it from the person's other ones.
func maskKey(key string) string {
	const shown = 4
	if len(key) < 4*shown {
		return "***"
	}
	return "***" + key[len(key)-shown:]
}

// say writes a line for a person.
func say(w io.Writer, format string, args ...any) error {
	_, err := fmt.Fprintf(w, format+"\n", args...)
	return err
}
