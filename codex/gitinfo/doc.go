// Package gitinfo tells what git knows about a folder: the commit, branch and
// remote that a session is recorded with, and how a work tree differs from
// what has been pushed.
//
// It asks the git command, of which it expects little: every call has a time
// limit and a limit on its output, nobody is prompted for anything, and no
// program named by the repository's configuration is started where git lets
// itself be told so. A folder outside of any repository, or a machine without
// git, is no error for [Collect] and one for [DiffToRemote].
package gitinfo
