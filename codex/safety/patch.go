package safety

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// A Patch is one that the model wants to apply.
type Patch struct {
	// Paths are the files it writes or removes, those it moves files to included.
	// Relative ones are taken against Cwd.
	Paths []string

	// Cwd is the turn's working directory. It is absolute.
	Cwd string

	// Tmpdir is the value of TMPDIR, which a policy may make writable.
	Tmpdir string

	// Protected are paths that the patch may not change although they lie in a
	// writable folder. Relative ones are taken against Cwd.
	Protected []string
}

// DecidePatch returns whether and how a patch may be applied. An approval policy it
// does not know counts as the one that asks most.
//
//	no paths                                          reject
//	untrusted                                         ask
//	full access                                       run
//	writable or on-failure, a sandbox is available    run sandboxed
//	never                                             reject
//	otherwise                                         ask
func DecidePatch(c Patch, p Policies) Decision {
	writable := c.IsWritable(p.Sandbox)
	switch {
	case len(c.Paths) == 0:
		return Decision{Reason: "the patch changes no files"}
	case p.Approval == mcpprotocol.AskForApprovalUntrusted || !p.Approval.Valid():
		return Decision{Outcome: Ask}
	case FullAccess(p.Sandbox):
		return Decision{Outcome: Run}
	case p.SandboxAvailable && (writable || p.Approval == mcpprotocol.AskForApprovalOnFailure):
		return Decision{Outcome: Run, Sandboxed: true}
	case p.Approval != mcpprotocol.AskForApprovalNever:
		return Decision{Outcome: Ask}
	case writable:
		return Decision{Reason: "there is no sandbox on this system, and the approval policy is to never ask"}
	default:
		return Decision{Reason: "it writes outside of the project, and the approval policy is to never ask"}
	}
}

// IsWritable reports whether the policy lets all of the patch's paths be written.
// Both the paths as they read and where symbolic links lead must lie in writable
// folders and not in a folder .git nor in what is protected. A folder that the
// policy names is writable though what it lies in is protected.
func (c Patch) IsWritable(policy mcpprotocol.SandboxPolicy) bool {
	if FullAccess(policy) {
		return true
	}
	workspace, ok := policy.(*mcpprotocol.WorkspaceWritePolicy)
	if !ok {
		return false
	}
	roots := WritableRoots(workspace, c.Cwd, c.Tmpdir)
	real := make([]string, len(roots))
	for i, root := range roots {
		real[i] = followLinks(root)
	}
	for _, path := range c.Paths {
		path = absolute(path, c.Cwd)
		if !isBeneath(path, roots) || !isBeneath(followLinks(path), real) || c.isProtected(followLinks(path), real) {
			return false
		}
	}
	return true
}

// isProtected reports whether path lies in what is protected, unless it lies in
// a writable folder there.
func (c Patch) isProtected(path string, roots []string) bool {
	return slices.ContainsFunc(c.Protected, func(protected string) bool {
		protected = followLinks(absolute(protected, c.Cwd))
		return holds(protected, path) && !slices.ContainsFunc(roots, func(root string) bool {
			return root != protected && holds(protected, root) && holds(root, path)
		})
	})
}

// holds reports whether path is folder or lies in it.
func holds(folder, path string) bool {
	relative, err := filepath.Rel(folder, path)
	return folder != "" && err == nil && filepath.IsLocal(relative)
}

// WritableRoots returns the folders that a policy makes writable for a turn in cwd,
// in this order: those it names, cwd, /tmp if there is one, and the folder that
// TMPDIR names.
func WritableRoots(policy *mcpprotocol.WorkspaceWritePolicy, cwd, tmpdir string) []string {
	isTrue := func(b *bool) bool { return b != nil && *b }
	var roots []string
	for _, root := range policy.WritableRoots {
		roots = append(roots, absolute(root, cwd))
	}
	roots = append(roots, filepath.Clean(cwd))
	if info, err := os.Stat("/tmp"); err == nil && info.IsDir() && !isTrue(policy.ExcludeSlashTmp) {
		roots = append(roots, "/tmp")
	}
	if filepath.IsAbs(tmpdir) && !isTrue(policy.ExcludeTmpdirEnvVar) {
		roots = append(roots, filepath.Clean(tmpdir))
	}
	return roots
}

func absolute(path, cwd string) string {
	if !filepath.IsAbs(path) {
		path = filepath.Join(cwd, path)
	}
	return filepath.Clean(path)
}

// isBeneath reports whether path lies in one of roots without a folder .git between
// them. An empty path lies nowhere.
func isBeneath(path string, roots []string) bool {
	isGit := func(name string) bool { return strings.EqualFold(name, ".git") }
	return path != "" && slices.ContainsFunc(roots, func(root string) bool {
		relative, err := filepath.Rel(root, path)
		return err == nil && holds(root, path) &&
			!slices.ContainsFunc(strings.Split(filepath.ToSlash(relative), "/"), isGit)
	})
}

// followLinks returns where path is without symbolic links; it need not exist. A
// path that leads nowhere is empty.
func followLinks(path string) string {
	rest := ""
	for at := path; ; at = filepath.Dir(at) {
		if real, err := filepath.EvalSymlinks(at); err == nil {
			return filepath.Join(real, rest)
		}
		if _, err := os.Lstat(at); err == nil || at == filepath.Dir(at) {
			return "" // a link to nothing, or a folder that cannot be entered
		}
		rest = filepath.Join(filepath.Base(at), rest)
	}
}
