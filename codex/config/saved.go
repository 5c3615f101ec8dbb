package config

import (
	"maps"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// Saved reads config.toml, and it alone, and returns what clients may know of
// it: no options, no arguments, and profiles beside the rest.
func (b *Base) Saved() (mcpprotocol.UserSavedConfig, error) {
	tree, err := readFile(b.source.Home)
	if err != nil {
		return mcpprotocol.UserSavedConfig{}, err
	}
	s, err := decodeSettings(tree)
	if err != nil {
		return mcpprotocol.UserSavedConfig{}, err
	}
	saved := mcpprotocol.UserSavedConfig{
		ApprovalPolicy:        s.approval.value,
		SandboxMode:           s.sandboxMode.value,
		Model:                 s.model.value,
		ModelReasoningEffort:  s.effort.value,
		ModelReasoningSummary: s.summary.value,
		ModelVerbosity:        s.verbosity.value,
		Profile:               s.profile.value,
		Profiles:              maps.Collect(s.savedProfiles),
	}
	if w := s.workspaceWrite; w.set {
		saved.SandboxSettings = &mcpprotocol.SandboxSettings{
			WritableRoots:       w.writableRoots.value,
			NetworkAccess:       w.networkAccess.value,
			ExcludeTmpdirEnvVar: w.excludeTmpdir.value,
			ExcludeSlashTmp:     w.excludeTmp.value,
		}
	}
	if tree.get("tools") != nil {
		saved.Tools = &mcpprotocol.Tools{
			WebSearch: optional(s.webSearch),
			ViewImage: optional(s.viewImage),
		}
	}
	return saved, nil
}

func (s *settings) savedProfiles(yield func(string, mcpprotocol.Profile) bool) {
	for i := range s.profiles {
		p := &s.profiles[i]
		if !yield(p.name, mcpprotocol.Profile{
			Model:                 optional(p.model),
			ModelProvider:         optional(p.provider),
			ApprovalPolicy:        optional(p.approval),
			ModelReasoningEffort:  optional(p.effort),
			ModelReasoningSummary: optional(p.summary),
			ModelVerbosity:        optional(p.verbosity),
			ChatgptBaseURL:        optional(p.chatGPTBaseURL),
		}) {
			return
		}
	}
}

// optional returns nil for what is not set.
func optional[T any](s setting[T]) *T {
	if !s.set {
		return nil
	}
	return &s.value
}
