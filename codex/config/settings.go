package config

import "github.com/codexmcp/codexmcp/mcpprotocol"

// A settings is what the tree says, before profiles, arguments and defaults.
type settings struct {
	profileKeys // the same keys at the top level

	profile               setting[string]
	reviewModel           setting[string]
	contextWindow         setting[int64]
	maxOutputTokens       setting[int64]
	autoCompactTokenLimit setting[int64]
	reasoningSummaries    setting[bool]
	sandboxMode           setting[mcpprotocol.SandboxMode]
	workspaceWrite        workspaceWrite
	protection            protection
	shellEnvironment      ShellEnvironment
	shellSettings         []Setting
	notify                setting[[]string]
	historyPersistence    setting[Persistence]
	projectDocMaxBytes    setting[int64]
	hideReasoning         setting[bool]
	showRawReasoning      setting[bool]
	webSearch             setting[bool]
	viewImage             setting[bool]
	execCommandTool       setting[bool]
	unifiedExecTool       setting[bool]
	loginIssuer           setting[string]
	loginTimeout          setting[int64] // seconds

	profiles  []profile
	providers []Provider
	servers   []MCPServer
}

// A profileKeys is the keys that a profile may have.
type profileKeys struct {
	model            setting[string]
	provider         setting[string]
	approval         setting[mcpprotocol.AskForApproval]
	effort           setting[mcpprotocol.ReasoningEffort]
	summary          setting[mcpprotocol.ReasoningSummary]
	verbosity        setting[mcpprotocol.Verbosity]
	chatGPTBaseURL   setting[string]
	instructionsFile setting[string]
}

type profile struct {
	name string
	profileKeys
}

// A workspaceWrite is the table sandbox_workspace_write.
type workspaceWrite struct {
	set           bool
	writableRoots setting[[]string]
	networkAccess setting[bool]
	excludeTmpdir setting[bool]
	excludeTmp    setting[bool]
}

// A protection is the table sandbox_protection.
type protection struct {
	protected   setting[[]string]
	hidden      setting[[]string]
	unprotected setting[Unprotected]
}

// decodeSettings reads a tree. The error has every wrong value.
func decodeSettings(tree *table) (*settings, error) {
	d := &decoder{}
	root := section{table: tree}
	s := &settings{
		profileKeys:           decodeProfileKeys(d, root),
		profile:               read(d, root, "profile", asString),
		reviewModel:           read(d, root, "review_model", asString),
		contextWindow:         read(d, root, "model_context_window", asCount),
		maxOutputTokens:       read(d, root, "model_max_output_tokens", asCount),
		autoCompactTokenLimit: read(d, root, "model_auto_compact_token_limit", asInt),
		reasoningSummaries:    read(d, root, "model_supports_reasoning_summaries", asBool),
		sandboxMode: read(d, root, "sandbox_mode",
			oneOf(mcpprotocol.SandboxModeReadOnly, mcpprotocol.SandboxModeWorkspaceWrite, mcpprotocol.SandboxModeDangerFullAccess)),
		notify:             read(d, root, "notify", asStrings),
		projectDocMaxBytes: read(d, root, "project_doc_max_bytes", asCount),
		hideReasoning:      read(d, root, "hide_agent_reasoning", asBool),
		showRawReasoning:   read(d, root, "show_raw_agent_reasoning", asBool),
		execCommandTool:    read(d, root, "experimental_use_exec_command_tool", asBool),
		unifiedExecTool:    read(d, root, "experimental_use_unified_exec_tool", asBool),
		loginIssuer:        read(d, root, "login_issuer", asString),
		loginTimeout:       read(d, root, "login_timeout_sec", asSeconds),
	}
	tools, _ := d.section(root, "tools")
	s.webSearch = read(d, tools, "web_search", asBool)
	s.viewImage = read(d, tools, "view_image", asBool)
	if history, n := d.section(root, "history"); n != nil {
		s.historyPersistence = need(d, namedSection{"history", n, history}, "persistence",
			oneOf(PersistenceSaveAll, PersistenceNone))
	}
	s.workspaceWrite = decodeWorkspaceWrite(d, root)
	s.protection = decodeProtection(d, root)
	s.decodeShellEnvironment(d, root)
	for _, p := range d.sections(root, "profiles") {
		s.profiles = append(s.profiles, profile{p.id, decodeProfileKeys(d, p.section)})
	}
	for _, p := range d.sections(root, "model_providers") {
		s.providers = append(s.providers, decodeProvider(d, p))
	}
	for _, m := range d.sections(root, "mcp_servers") {
		s.servers = append(s.servers, decodeServer(d, m))
	}
	return s, d.err()
}

func decodeProfileKeys(d *decoder, s section) profileKeys {
	return profileKeys{
		model:    read(d, s, "model", asString),
		provider: read(d, s, "model_provider", asString),
		approval: read(d, s, "approval_policy", oneOf(mcpprotocol.AskForApprovalUntrusted,
			mcpprotocol.AskForApprovalOnFailure, mcpprotocol.AskForApprovalOnRequest, mcpprotocol.AskForApprovalNever)),
		effort: read(d, s, "model_reasoning_effort", oneOf(mcpprotocol.ReasoningEffortMinimal,
			mcpprotocol.ReasoningEffortLow, mcpprotocol.ReasoningEffortMedium, mcpprotocol.ReasoningEffortHigh)),
		summary: read(d, s, "model_reasoning_summary", oneOf(mcpprotocol.ReasoningSummaryAuto,
			mcpprotocol.ReasoningSummaryConcise, mcpprotocol.ReasoningSummaryDetailed, mcpprotocol.ReasoningSummaryNone)),
		verbosity: read(d, s, "model_verbosity", oneOf(mcpprotocol.VerbosityLow,
			mcpprotocol.VerbosityMedium, mcpprotocol.VerbosityHigh)),
		chatGPTBaseURL:   read(d, s, "chatgpt_base_url", asString),
		instructionsFile: read(d, s, "experimental_instructions_file", asString),
	}
}

func decodeWorkspaceWrite(d *decoder, root section) workspaceWrite {
	s, n := d.section(root, "sandbox_workspace_write")
	return workspaceWrite{
		set:           n != nil,
		writableRoots: read(d, s, "writable_roots", asStrings),
		networkAccess: read(d, s, "network_access", asBool),
		excludeTmpdir: read(d, s, "exclude_tmpdir_env_var", asBool),
		excludeTmp:    read(d, s, "exclude_slash_tmp", asBool),
	}
}

func decodeProtection(d *decoder, root section) protection {
	s, _ := d.section(root, "sandbox_protection")
	return protection{
		protected:   read(d, s, "protected", asStrings),
		hidden:      read(d, s, "hidden", asStrings),
		unprotected: read(d, s, "unprotected", oneOf(UnprotectedAsk, UnprotectedRefuse)),
	}
}

func (s *settings) decodeShellEnvironment(d *decoder, root section) {
	t, _ := d.section(root, "shell_environment_policy")
	inherit := read(d, t, "inherit", oneOf(InheritAll, InheritCore, InheritNone))
	ignore := read(d, t, "ignore_default_excludes", asBool)
	exclude := read(d, t, "exclude", asStrings)
	set := read(d, t, "set", asStringMap)
	only := read(d, t, "include_only", asStrings)
	useProfile := read(d, t, "experimental_use_profile", asBool)
	s.shellEnvironment = ShellEnvironment{
		Inherit: inherit.value, IgnoreDefaultExcludes: ignore.value, Exclude: exclude.value,
		Set: set.value, IncludeOnly: only.value, UseProfile: useProfile.value,
	}
	s.shellSettings = recordSet(s.shellSettings, t, "inherit", inherit)
	s.shellSettings = recordSet(s.shellSettings, t, "ignore_default_excludes", ignore)
	s.shellSettings = recordSet(s.shellSettings, t, "exclude", exclude)
	s.shellSettings = recordSet(s.shellSettings, t, "set", set)
	s.shellSettings = recordSet(s.shellSettings, t, "include_only", only)
	s.shellSettings = recordSet(s.shellSettings, t, "experimental_use_profile", useProfile)
}
