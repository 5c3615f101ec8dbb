package config

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// lockTimeout is how long a change waits for other processes that change the
// same file.
const lockTimeout = 10 * time.Second

// SetDefaultModel stores model and reasoning effort in config.toml for the
// conversations to come; "" removes what is stored. The place is the profile
// that was active when the process started, else the one the file names, else
// the top level.
func (b *Base) SetDefaultModel(ctx context.Context, model string, effort mcpprotocol.ReasoningEffort) error {
	if effort != "" && !effort.Valid() {
		return fmt.Errorf("storing the model: %q is no reasoning effort", effort)
	}
	return editFile(ctx, b.source.Home, func(s *settings) ([]change, error) {
		var table []string
		if profile := b.initial.Profile; profile != "" {
			table = []string{"profiles", profile}
		} else if s.profile.value != "" {
			table = []string{"profiles", s.profile.value}
		}
		at := func(key string, value string) change {
			c := change{path: append(slices.Clone(table), key)}
			if value != "" {
				c.value = value
			}
			return c
		}
		return []change{at("model", model), at("model_reasoning_effort", string(effort))}, nil
	})
}

// AddServer adds an external MCP server to config.toml in home, or gives the one
// with that name another command, arguments and environment, or another URL. Other
// keys of an entry stay, unlike a startup timeout or a token's variable set here.
func AddServer(ctx context.Context, home string, server MCPServer) error {
	switch {
	case !ValidServerName(server.Name):
		return fmt.Errorf("the name %q of an MCP server may only have letters, digits, - and _", server.Name)
	case (server.Command == "") == (server.URL == ""):
		return fmt.Errorf("the MCP server %q needs either a command or a url", server.Name)
	case server.URL != "" && !isHTTPURL(server.URL):
		return fmt.Errorf("the url of the MCP server %q: %q is no HTTP URL", server.Name, server.URL)
	}
	for name := range server.Env {
		if name == "" || strings.ContainsAny(name, "=\x00") {
			return fmt.Errorf("%q is not the name of a variable", name)
		}
	}
	return editFile(ctx, home, func(s *settings) ([]change, error) {
		path := func(keys ...string) []string { return append([]string{"mcp_servers", server.Name}, keys...) }
		changes := []change{{path: path("command")}, {path: path("args")}, {path: path("url")}}
		if server.URL != "" {
			changes[2].value = server.URL
		} else {
			changes[0].value = server.Command
		}
		if len(server.Args) > 0 {
			changes[1].value = server.Args
		}
		if server.BearerTokenVar != "" {
			changes = append(changes, change{path("bearer_token_env_var"), server.BearerTokenVar})
		}
		if i := slices.IndexFunc(s.servers, func(m MCPServer) bool { return m.Name == server.Name }); i >= 0 {
			for _, name := range sortedKeys(s.servers[i].Env) {
				if _, ok := server.Env[name]; !ok {
					changes = append(changes, change{path: path("env", name)})
				}
			}
		}
		for _, name := range sortedKeys(server.Env) {
			changes = append(changes, change{path("env", name), server.Env[name]})
		}
		if server.StartupTimeout > 0 {
			changes = append(changes, change{path("startup_timeout_ms"), server.StartupTimeout.Milliseconds()})
		}
		return changes, nil
	})
}

// RemoveServer removes an external MCP server from config.toml in home. It
// reports whether there was one.
func RemoveServer(ctx context.Context, home, name string) (found bool, err error) {
	err = editFile(ctx, home, func(s *settings) ([]change, error) {
		found = slices.ContainsFunc(s.servers, func(m MCPServer) bool { return m.Name == name })
		if !found {
			return nil, nil
		}
		return []change{{path: []string{"mcp_servers", name}}}, nil
	})
	return found, err
}

// editFile makes the changes that plan asks for, given what is in the file now.
// When they change nothing, the file stays untouched.
func editFile(ctx context.Context, home string, plan func(*settings) ([]change, error)) (err error) {
	path := filepath.Join(home, FileName)
	if text, edited, err := edited(path, plan); err != nil || bytes.Equal(edited, text) {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	unlock, err := Lock(ctx, path)
	if err != nil {
		return err
	}
	defer func() {
		if unlockErr := unlock(); err == nil {
			err = unlockErr
		}
	}()
	text, edited, err := edited(path, plan)
	if err != nil || bytes.Equal(edited, text) {
		return err
	}
	return ReplaceFile(path, edited, 0)
}

// edited returns the text of the file at path, and what plan makes of it.
func edited(path string, plan func(*settings) ([]change, error)) (text, edited []byte, err error) {
	text, _, err = readBounded(path, maxConfigSize)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the configuration: %w", err)
	}
	tree, err := parseFile(path, text)
	if err != nil {
		return nil, nil, err
	}
	s, _ := decodeSettings(tree) // what is wrong elsewhere does not stop a change
	changes, err := plan(s)
	if err != nil {
		return nil, nil, err
	}
	if edited, err = edit(text, changes); err != nil {
		return nil, nil, fmt.Errorf("changing %s: %w", path, err)
	}
	return text, edited, nil
}
