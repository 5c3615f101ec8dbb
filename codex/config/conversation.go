package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/wire"
)

// What is built in.
const (
	defaultModel          = "gpt-5"
	defaultProvider       = "openai"
	defaultChatGPTBaseURL = "https://chatgpt.com/backend-api/"
	defaultDocMaxBytes    = 32 << 10
	maxDocBytes           = 16 << 20

	// DefaultLoginIssuer is the authorization server of the ChatGPT login.
	DefaultLoginIssuer = "https://auth.openai.com"

	// DefaultLoginTimeout is how long a person has for a login.
	DefaultLoginTimeout = 10 * time.Minute
)

// A Persistence says whether what the user says goes to the message history.
type Persistence string

// The values of [Persistence].
const (
	PersistenceSaveAll Persistence = "save-all"
	PersistenceNone    Persistence = "none"
)

// An Unprotected says what happens with a command on a machine that cannot
// protect paths in the folders that the command may write.
type Unprotected string

// The values of [Unprotected].
const (
	UnprotectedAsk    Unprotected = "ask"    // whether it may run without that protection, in the sandbox otherwise
	UnprotectedRefuse Unprotected = "refuse" // it does not run
)

// A Source is what a process knows about its configuration when it starts.
type Source struct {
	Home      string     // see [FindHome]
	Cwd       string     // an absolute path: where relative ones begin
	Environ   []string   // as of os.Environ, with what [Dotenv] added
	Overrides []Override // the -c options, in order
	Version   string     // of the program, sent to OpenAI
}

// A Request is what a call says about one conversation. Zero values say nothing.
type Request struct {
	Model                 string
	Profile               string
	Cwd                   string // a relative path begins at that of the process
	Approval              mcpprotocol.AskForApproval
	Sandbox               mcpprotocol.SandboxMode
	Config                wire.Members // values by dotted key
	BaseInstructions      *string
	IncludePlanTool       *bool
	IncludeApplyPatchTool *bool
}

// A Base is the configuration of a process. It is safe for concurrent use.
type Base struct {
	source  Source
	initial *Conversation
}

// A Conversation is what one conversation runs with: every choice made, every
// path absolute. It is not changed once resolved.
type Conversation struct {
	Home    string
	Cwd     string
	Project *Project // the configuration of the folder, trusted or not; nil for none
	Profile string   // "" for none

	Model            string
	ReviewModel      string
	Family           Family
	ContextWindow    *int64                      // nil: not known
	MaxOutputTokens  *int64                      // nil: not known
	AutoCompactLimit *int64                      // tokens after which the history is compacted; nil: never
	ReasoningEffort  mcpprotocol.ReasoningEffort // "" for none
	ReasoningSummary mcpprotocol.ReasoningSummary
	Verbosity        mcpprotocol.Verbosity // "" for none
	Provider         Provider
	BaseInstructions *string // takes the place of the built-in prompt
	ShowRawReasoning bool
	HideReasoning    bool
	PlanTool         bool
	ApplyPatchTool   bool // offer apply_patch even if the family does not ask for it
	WebSearch        bool
	ViewImage        bool
	ExecCommandTool  bool
	UnifiedExecTool  bool
	Approval         mcpprotocol.AskForApproval
	Sandbox          mcpprotocol.SandboxPolicy
	Protected        []string // paths that commands in the sandbox cannot write; relative ones are the workspace's
	Hidden           []string // paths that they cannot read either
	Unprotected      Unprotected
	ShellEnvironment ShellEnvironment
	MCPServers       []MCPServer // in the order of the file
	Notify           []string    // the program to run after a turn, and its arguments
	History          Persistence
	ProjectDocMax    int64 // bytes; 0: none
	ChatGPTBaseURL   string
	LoginIssuer      string
	LoginTimeout     time.Duration

	environ  []string
	settings []Setting
	problems []error
}

// Load reads the configuration of a process. What is wrong with it is the
// error, be it needed yet or not.
func Load(source Source) (*Base, error) {
	source.Overrides = slices.Clone(source.Overrides)
	source.Environ = slices.Clone(source.Environ)
	b := &Base{source: source}
	var err error
	b.initial, err = b.Resolve(Request{})
	if err != nil {
		return nil, err
	}
	return b, nil
}

// Home returns the folder of configuration and state.
func (b *Base) Home() string { return b.source.Home }

// Environ returns the environment of the process, to be read only.
func (b *Base) Environ() []string { return b.source.Environ }

// Initial returns what a conversation would have run with when the process
// started, without arguments of a call.
func (b *Base) Initial() *Conversation { return b.initial }

// Resolve reads config.toml again and returns what a conversation runs with.
// The package documentation has the precedence.
func (b *Base) Resolve(r Request) (*Conversation, error) {
	tree, err := readFile(b.source.Home)
	if err != nil {
		return nil, err
	}
	project := findProject(b.source.Home, b.absolute(r.Cwd), tree)
	if project != nil && project.Trusted {
		if err := project.apply(tree); err != nil {
			return nil, err
		}
	}
	for _, o := range b.source.Overrides {
		if err := o.apply(tree); err != nil {
			return nil, err
		}
	}
	if err := applyCall(tree, r.Config); err != nil {
		return nil, err
	}
	s, err := decodeSettings(tree)
	if err != nil {
		return nil, err
	}
	c, err := b.resolve(s, r)
	if err != nil {
		return nil, err
	}
	c.Project = project
	return c, nil
}

// absolute is the folder that a call names, from that of the process.
func (b *Base) absolute(cwd string) string {
	switch {
	case cwd == "":
		return b.source.Cwd
	case filepath.IsAbs(cwd):
		return cwd
	}
	return b.source.Cwd + string(filepath.Separator) + cwd
}

func (b *Base) resolve(s *settings, r Request) (*Conversation, error) {
	t := &trace{}
	c := &Conversation{Home: b.source.Home, environ: b.source.Environ}
	c.Cwd = b.absolute(pick(t, "cwd", argument("cwd", r.Cwd), fallback(b.source.Cwd)))
	p, err := s.selectProfile(t, r, c)
	if err != nil {
		return nil, err
	}

	c.Model = pick(t, "model", argument("model", r.Model), p.model, s.model, fallback(defaultModel))
	c.ReviewModel = pick(t, "review_model", s.reviewModel, fallback(defaultModel))
	if err := b.resolveProvider(t, s, p, c); err != nil {
		return nil, err
	}
	c.resolveModel(t, s, p)
	if err := c.resolveInstructions(t, s, p, r); err != nil {
		return nil, err
	}
	if err := c.resolveSafety(t, s, p, r); err != nil {
		return nil, err
	}

	c.resolveProtection(t, s)
	c.ShellEnvironment = s.shellEnvironment
	c.ShellEnvironment.credentials = s.credentialVariables()
	t.settings = append(t.settings, s.shellSettings...)
	c.MCPServers = s.servers
	for _, m := range s.servers {
		t.settings = append(t.settings, Setting{Key: "mcp_servers." + m.Name, Value: display(m.Where()), Origin: m.From})
	}
	c.PlanTool = pick(t, "include_plan_tool", given("include_plan_tool", r.IncludePlanTool))
	c.ApplyPatchTool = pick(t, "include_apply_patch_tool", given("include_apply_patch_tool", r.IncludeApplyPatchTool))
	c.WebSearch = pick(t, "tools.web_search", s.webSearch, fallback(false))
	c.ViewImage = pick(t, "tools.view_image", s.viewImage, fallback(true))
	c.ExecCommandTool = pick(t, "experimental_use_exec_command_tool", s.execCommandTool, fallback(false))
	c.UnifiedExecTool = pick(t, "experimental_use_unified_exec_tool", s.unifiedExecTool, fallback(false))
	c.HideReasoning = pick(t, "hide_agent_reasoning", s.hideReasoning, fallback(false))
	c.ShowRawReasoning = pick(t, "show_raw_agent_reasoning", s.showRawReasoning, fallback(false))
	c.Notify = pick(t, "notify", s.notify)
	c.History = pick(t, "history.persistence", s.historyPersistence, fallback(PersistenceSaveAll))
	c.ProjectDocMax = min(pick(t, "project_doc_max_bytes", s.projectDocMaxBytes, fallback[int64](defaultDocMaxBytes)), maxDocBytes)
	c.ChatGPTBaseURL = pick(t, "chatgpt_base_url", p.chatGPTBaseURL, s.chatGPTBaseURL, fallback(defaultChatGPTBaseURL))
	if c.LoginIssuer, err = resolveIssuer(t, s); err != nil {
		return nil, err
	}
	timeout := pick(t, "login_timeout_sec", s.loginTimeout, fallback(int64(DefaultLoginTimeout/time.Second)))
	c.LoginTimeout = time.Duration(timeout) * time.Second
	c.settings = t.settings
	return c, nil
}

// selectProfile finds the active profile; without one its keys are all unset.
func (s *settings) selectProfile(t *trace, r Request, c *Conversation) (profileKeys, error) {
	selected := s.profile
	if r.Profile != "" {
		selected = argument("profile", r.Profile)
	}
	c.Profile = pick(t, "profile", selected)
	if !selected.set {
		return profileKeys{}, nil
	}
	for i := range s.profiles {
		p := &s.profiles[i]
		if p.name == c.Profile {
			return p.profileKeys, nil
		}
	}
	return profileKeys{}, &ValueError{
		Origin: selected.from, Key: "profile",
		Problem: fmt.Sprintf("there is no profile %q", c.Profile),
	}
}

func (b *Base) resolveProvider(t *trace, s *settings, p profileKeys, c *Conversation) error {
	// Of two providers with one id the first counts: the built-in ones stay.
	providers := slices.Concat(builtinProviders(b.source.Environ, b.source.Version), s.providers)
	c.problems = s.problems(providers)
	id := pick(t, "model_provider", p.provider, s.provider, fallback(defaultProvider))
	i := slices.IndexFunc(providers, func(p Provider) bool { return p.ID == id })
	if i < 0 {
		from := t.settings[len(t.settings)-1].Origin
		return &ValueError{Origin: from, Key: "model_provider", Problem: fmt.Sprintf("there is no model provider %q", id)}
	}
	c.Provider = providers[i]
	if base := c.Provider.BaseURL; base != "" {
		t.settings = append(t.settings, Setting{
			Key: "model_providers." + id + ".base_url", Value: display(redactURL(base)), Origin: c.Provider.baseURLFrom,
		})
	}
	return c.Provider.check()
}

// resolveModel picks what depends on the model.
func (c *Conversation) resolveModel(t *trace, s *settings, p profileKeys) {
	c.Family, _ = FamilyOf(c.Model)
	c.Family.ReasoningSummaries = pick(t, "model_supports_reasoning_summaries",
		s.reasoningSummaries, fallback(c.Family.ReasoningSummaries))
	window, output := setting[int64]{}, setting[int64]{}
	if known, ok := LimitsOf(c.Model); ok {
		window, output = fallback(known.ContextWindow), fallback(known.MaxOutputTokens)
	}
	c.ContextWindow = pickOptional(t, "model_context_window", s.contextWindow, window)
	c.MaxOutputTokens = pickOptional(t, "model_max_output_tokens", s.maxOutputTokens, output)
	c.AutoCompactLimit = pickOptional(t, "model_auto_compact_token_limit", s.autoCompactTokenLimit)
	c.ReasoningEffort = pick(t, "model_reasoning_effort", p.effort, s.effort)
	c.ReasoningSummary = pick(t, "model_reasoning_summary", p.summary, s.summary, fallback(mcpprotocol.ReasoningSummaryAuto))
	c.Verbosity = pick(t, "model_verbosity", p.verbosity, s.verbosity)
}

// pickOptional is like pick for what may have no value at all.
func pickOptional(t *trace, key string, candidates ...setting[int64]) *int64 {
	for _, c := range candidates {
		if c.set {
			return new(pick(t, key, c))
		}
	}
	return nil
}

// resolveInstructions picks the base instructions. The file must be fit to be
// read even when the call brings its own.
func (c *Conversation) resolveInstructions(t *trace, s *settings, p profileKeys, r Request) error {
	file := p.instructionsFile
	if !file.set {
		file = s.instructionsFile
	}
	fromFile := setting[string]{from: file.from}
	if file.set {
		text, err := readInstructions(c.Cwd, file.value)
		if err != nil {
			return &ValueError{Origin: file.from, Key: "experimental_instructions_file", Problem: err.Error()}
		}
		fromFile.value, fromFile.set = text, true
		pick(t, "experimental_instructions_file", file)
	}
	if r.BaseInstructions != nil {
		c.BaseInstructions = r.BaseInstructions
	} else if fromFile.set {
		c.BaseInstructions = &fromFile.value
	}
	return nil
}

// resolveSafety picks when to ask and what commands may do.
func (c *Conversation) resolveSafety(t *trace, s *settings, p profileKeys, r Request) error {
	if r.Approval != "" && !r.Approval.Valid() {
		return argumentError("approval_policy", string(r.Approval))
	}
	if r.Sandbox != "" && !r.Sandbox.Valid() {
		return argumentError("sandbox_mode", string(r.Sandbox))
	}
	c.Approval = pick(t, "approval_policy", argument("approval_policy", r.Approval),
		p.approval, s.approval, fallback(mcpprotocol.AskForApprovalOnRequest))
	mode := pick(t, "sandbox_mode", argument("sandbox_mode", r.Sandbox),
		s.sandboxMode, fallback(mcpprotocol.SandboxModeReadOnly))
	switch mode {
	case mcpprotocol.SandboxModeDangerFullAccess:
		c.Sandbox = &mcpprotocol.DangerFullAccessPolicy{}
	case mcpprotocol.SandboxModeWorkspaceWrite:
		w := s.workspaceWrite
		c.Sandbox = &mcpprotocol.WorkspaceWritePolicy{
			WritableRoots:       c.absolute(pick(t, "sandbox_workspace_write.writable_roots", w.writableRoots)),
			NetworkAccess:       new(pick(t, "sandbox_workspace_write.network_access", w.networkAccess, fallback(false))),
			ExcludeTmpdirEnvVar: new(pick(t, "sandbox_workspace_write.exclude_tmpdir_env_var", w.excludeTmpdir, fallback(false))),
			ExcludeSlashTmp:     new(pick(t, "sandbox_workspace_write.exclude_slash_tmp", w.excludeTmp, fallback(false))),
		}
	default:
		c.Sandbox = &mcpprotocol.ReadOnlyPolicy{}
	}
	return nil
}

// resolveProtection picks what is kept from commands in the sandbox.
func (c *Conversation) resolveProtection(t *trace, s *settings) {
	c.Protected = c.atHome(pick(t, "sandbox_protection.protected", s.protection.protected))
	c.Hidden = c.atHome(pick(t, "sandbox_protection.hidden", s.protection.hidden))
	c.Unprotected = pick(t, "sandbox_protection.unprotected", s.protection.unprotected, fallback(UnprotectedAsk))
}

// atHome replaces a leading "~/" by the user's home folder.
func (c *Conversation) atHome(paths []string) []string {
	var all []string
	for _, path := range paths {
		if rest, ok := strings.CutPrefix(path, "~/"); ok && lookup(c.environ, "HOME") != "" {
			path = filepath.Join(lookup(c.environ, "HOME"), rest)
		}
		all = append(all, path)
	}
	return all
}

func argumentError(name, value string) error {
	return &ValueError{
		Origin: Origin{Layer: LayerArgument, Name: name}, Key: name,
		Problem: fmt.Sprintf("%q is none of its values", value),
	}
}

// absolute joins relative paths to the working directory.
func (c *Conversation) absolute(paths []string) []string {
	var all []string
	for _, path := range paths {
		if !filepath.IsAbs(path) {
			path = filepath.Join(c.Cwd, path)
		}
		all = append(all, path)
	}
	return all
}

func resolveIssuer(t *trace, s *settings) (string, error) {
	issuer := pick(t, "login_issuer", s.loginIssuer, fallback(DefaultLoginIssuer))
	if err := checkIssuer(issuer); err != nil {
		return "", &ValueError{Origin: s.loginIssuer.from, Key: "login_issuer", Problem: err.Error()}
	}
	return strings.TrimRight(issuer, "/"), nil
}

// Settings returns the values in force and where each came from.
func (c *Conversation) Settings() []Setting { return slices.Clone(c.settings) }
