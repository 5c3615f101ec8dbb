package config

import (
	"errors"
	"fmt"
	"slices"
)

// Problems returns what is wrong with the configuration without keeping this
// conversation from starting: external servers that will not start, and
// providers and profiles that no conversation could be had with. It is nil when
// there is nothing.
func (c *Conversation) Problems() error { return errors.Join(c.problems...) }

// problems finds what [Conversation.Problems] returns, given all providers.
func (s *settings) problems(providers []Provider) []error {
	var all []error
	add := func(from Origin, key, format string, args ...any) {
		all = append(all, &ValueError{Origin: from, Key: key, Problem: fmt.Sprintf(format, args...)})
	}
	for i := range s.servers {
		m := &s.servers[i]
		if !ValidServerName(m.Name) {
			add(m.From, "mcp_servers."+quoteKey([]string{m.Name}), "the name of a server has only letters, digits, - and _")
		}
		if m.Command == "" && m.URL == "" {
			add(m.From, "mcp_servers."+quoteKey([]string{m.Name})+".command", "expected a program, found %q", "")
		}
	}
	for _, p := range s.providers {
		if err := p.check(); err != nil {
			all = append(all, err)
		}
	}
	for i := range s.profiles {
		p := &s.profiles[i]
		known := func(provider Provider) bool { return provider.ID == p.provider.value }
		if p.provider.set && !slices.ContainsFunc(providers, known) {
			add(p.provider.from, "profiles."+quoteKey([]string{p.name})+".model_provider", "there is no model provider %q", p.provider.value)
		}
	}
	return all
}
