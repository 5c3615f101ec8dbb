// Package config reads, resolves and edits the configuration of Codex:
// $CODEX_HOME/config.toml, the -c options of the program and the arguments of
// a call, brought together into what one conversation runs with.
//
//	base, err := config.Load(config.Source{Home: home, Cwd: cwd, Environ: os.Environ(), Overrides: flags})
//	...
//	conversation, err := base.Resolve(config.Request{Model: "gpt-5", Profile: "fast"})
//
// # Precedence
//
// One rule holds everywhere. From the weakest to the strongest:
//
//  1. what is built in;
//  2. config.toml;
//  3. .codex/config.toml of the project, if the user trusts its content;
//  4. -c key=value of the program, later ones over earlier ones;
//  5. the config map of a call;
//  6. the active profile, for the keys a profile has;
//  7. the typed arguments of a call (model, cwd, sandbox and so on).
//
// Layers 2 to 5 are merged key by key into one tree, and the profile is taken
// from that tree. So an override of profiles.fast.model reaches the profile
// fast, while an override of model loses to it: whoever selects a profile asks
// for its values. The profile itself is selected by the typed argument, else by
// the key profile of the tree.
//
// config.toml is read again for every [Base.Resolve], so an edit reaches the
// next conversation without a restart; -c options stay for the life of the
// program.
//
// # Projects
//
// A project's file can name programs to start, so it counts for nothing until
// the user trusts it: [TrustProject] stores the hash of its content in
// config.toml, below projects and the project's folder. Content with another
// hash is not trusted and not even parsed. A project cannot say what is trusted
// nor where to sign in.
//
// # Origins and errors
//
// Every value remembers where it was set ([Origin]); [Conversation.Settings]
// lists all of them. A wrong value is a [*ValueError] that names the place, the
// key and what was expected there, and all wrong values are reported at once.
// Unknown keys are ignored.
//
// # What the original does not have
//
//	login_issuer = "https://login.example.com"
//
//	[sandbox_protection]
//	protected = ["vendor"]          # cannot be written by commands in the sandbox
//	hidden = [".env", "~/.ssh"]     # cannot be read by them either
//	unprotected = "ask"             # or "refuse"
//
// Relative paths are the workspace's. The key unprotected says what happens with a
// command where the machine cannot protect paths in the folders that the command
// may write: see docs/security.md.
//
// # Editing
//
// [Base.SetDefaultModel], [AddServer] and [RemoveServer] change config.toml as
// text: comments, order and layout of everything else stay as they are. Before
// the file is replaced, atomically and under a lock, the new text is parsed and
// compared with what was meant.
package config
