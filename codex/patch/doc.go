// Package patch reads, checks and applies the patches a model writes.
//
// A patch names files to add, delete, update or move, and says for an update which
// lines to replace by quoting them. [Parse] reads one, [Recognize] finds one in a
// command line, [Verify] says what it would do to the files on disk, and [Apply]
// does it:
//
//	call, err := patch.Recognize(argv)
//	if call == nil || err != nil {
//		return err // an ordinary command, or a broken patch
//	}
//	dir := call.Dir(cwd)
//	changes, err := patch.Verify(call.Patch, dir) // to show, and to decide upon
//	...
//	outcome, err := patch.Apply(call.Patch, dir)
//
// A [TurnDiff] adds up what the patches of a turn did, as one diff in git's style.
//
// # Rules
//
// Paths are taken against a directory and resolved lexically, so that the file
// written is the file that was checked. Each file is replaced as a whole and keeps
// its permissions; a file that is reached through a symbolic link stays behind that
// link. A patch stops at its first failure, and what was done before stays.
// Patches and files have a size limit ([MaxPatchSize], [MaxFileSize]).
package patch
