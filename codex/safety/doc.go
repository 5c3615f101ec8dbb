// Package safety decides what may run and be changed without asking, and shows
// commands to people.
//
// [DecideCommand] and [DecidePatch] follow the approval policy and the sandbox
// policy of a turn. Commands that only read ([IsKnownSafe]) run without asking, and
// so do those a person approved for the session ([Approved]). [ParseCommand] says
// what a command seems to do, for display alone, and [Quote] and [Visible] write it
// so that nobody is misled.
//
// # Commands known to be safe
//
// Compared with the original, these are asked about too, because they can write
// files or start other programs:
//
//   - git log, diff and show with --output or --ext-diff, however abbreviated;
//   - git branch in any form but those that list branches;
//   - cargo check, which runs build scripts;
//   - rg with -z inside of a group of flags;
//   - sed -n with a file operand that is an option;
//   - in a script, an argument of find, rg, git or sed that the shell could expand to
//     an option.
//
// A command on the list still runs in the sandbox where there is one: it can read
// what configuration of its own tells it to start, as git does.
package safety
