package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// A Mode is how much a policy allows.
type Mode = mcpprotocol.SandboxMode

// The modes of a policy.
const (
	ReadOnly         = mcpprotocol.SandboxModeReadOnly
	WorkspaceWrite   = mcpprotocol.SandboxModeWorkspaceWrite
	DangerFullAccess = mcpprotocol.SandboxModeDangerFullAccess
)

// A Policy says what a command may do. The zero Policy allows reading only.
type Policy struct {
	// Mode is how much is allowed; empty means ReadOnly.
	Mode Mode

	// Root is the folder of the workspace: the turn's, whatever folder a
	// single command runs in. It must be absolute.
	Root string

	// WritableRoots are further folders that may be written with WorkspaceWrite.
	WritableRoots []string

	// NetworkAccess allows the network with WorkspaceWrite.
	NetworkAccess bool

	// ExcludeTmpdir keeps the folder that TMPDIR names from being writable,
	// ExcludeSlashTmp the folder /tmp.
	ExcludeTmpdir, ExcludeSlashTmp bool

	// Protected are paths that cannot be written, although they lie in a
	// writable folder. The .git of each writable folder always is.
	Protected []string

	// Hidden are paths that cannot be read either.
	Hidden []string

	// AllowUnprotected accepts that a machine without namespaces cannot keep
	// Protected and Hidden.
	AllowUnprotected bool
}

// FromProtocol returns the policy that a client or the configuration names,
// for the workspace at root.
func FromProtocol(policy mcpprotocol.SandboxPolicy, root string) (Policy, error) {
	p := Policy{Root: root}
	switch policy := policy.(type) {
	case nil, *mcpprotocol.ReadOnlyPolicy:
		p.Mode = ReadOnly
	case *mcpprotocol.DangerFullAccessPolicy:
		p.Mode = DangerFullAccess
	case *mcpprotocol.WorkspaceWritePolicy:
		isTrue := func(b *bool) bool { return b != nil && *b }
		p.Mode = WorkspaceWrite
		p.WritableRoots = policy.WritableRoots
		p.NetworkAccess = isTrue(policy.NetworkAccess)
		p.ExcludeTmpdir = isTrue(policy.ExcludeTmpdirEnvVar)
		p.ExcludeSlashTmp = isTrue(policy.ExcludeSlashTmp)
	default:
		return Policy{}, fmt.Errorf("sandbox policy: unknown mode %q", policy.Mode())
	}
	return p, nil
}

func (p Policy) mode() Mode {
	if p.Mode == "" {
		return ReadOnly
	}
	return p.Mode
}

// FullAccess reports that the policy restricts nothing.
func (p Policy) FullAccess() bool { return p.Mode == DangerFullAccess }

// FullNetwork reports that the policy leaves the network alone.
func (p Policy) FullNetwork() bool {
	return p.Mode == DangerFullAccess || p.Mode == WorkspaceWrite && p.NetworkAccess
}

// Environment returns the variables that tell a command about the policy.
func (p Policy) Environment() []string {
	if p.FullNetwork() {
		return nil
	}
	return []string{"CODEX_SANDBOX_NETWORK_DISABLED=1"}
}

// A Plan is a policy resolved against the file system: what exists, without
// symbolic links. It is what the helper applies.
type Plan struct {
	// Mode is ReadOnly or WorkspaceWrite.
	Mode Mode

	// Writable are the folders that may be written.
	Writable []string

	// Protected and Hidden are paths that need a mount of their own.
	Protected, Hidden []string

	// Network allows the network.
	Network bool
}

// An UnprotectedError names paths that this machine cannot protect, because it
// does not let us make namespaces.
type UnprotectedError struct {
	Paths []string
}

// Error names the paths.
func (e *UnprotectedError) Error() string {
	return fmt.Sprintf("sandbox: %q cannot be protected on this machine, which allows no namespaces", e.Paths)
}

// Resolve finds what the policy means for a command that runs with TMPDIR set
// to tmpdir. A policy of full access has no plan.
//
// A writable folder reached through a symbolic link that a command could have
// made, since the link itself lies in a writable folder, is left out.
func (p Policy) Resolve(tmpdir string) (Plan, error) {
	if p.FullAccess() {
		return Plan{}, errors.New("sandbox policy: full access needs no sandbox")
	}
	plan := Plan{Mode: p.mode(), Network: p.FullNetwork()}
	if !plan.Mode.Valid() {
		return Plan{}, fmt.Errorf("sandbox policy: unknown mode %q", p.Mode)
	}
	if plan.Mode == WorkspaceWrite {
		roots, err := p.roots(tmpdir)
		if err != nil {
			return Plan{}, err
		}
		resolved := resolveRoots(roots)
		plan.Writable = outermost(resolved)
		for _, root := range resolved {
			plan.Protected = appendExisting(plan.Protected, filepath.Join(root, ".git"))
		}
	}
	for _, path := range p.Protected {
		if path = p.absolute(path); plan.writable(path) {
			plan.Protected = appendExisting(plan.Protected, path)
		}
	}
	for _, path := range p.Hidden {
		plan.Hidden = appendExisting(plan.Hidden, p.absolute(path))
	}
	return plan, nil
}

func (p Policy) absolute(path string) string {
	if !filepath.IsAbs(path) {
		path = filepath.Join(p.Root, path)
	}
	return filepath.Clean(path)
}

// roots returns the folders that are to be writable, as they were named.
func (p Policy) roots(tmpdir string) ([]string, error) {
	if !filepath.IsAbs(p.Root) {
		return nil, fmt.Errorf("sandbox policy: workspace %q is not absolute", p.Root)
	}
	var roots []string
	for _, root := range p.WritableRoots {
		roots = append(roots, p.absolute(root))
	}
	roots = append(roots, filepath.Clean(p.Root))
	if !p.ExcludeSlashTmp {
		roots = append(roots, "/tmp")
	}
	if !p.ExcludeTmpdir && filepath.IsAbs(tmpdir) {
		roots = append(roots, filepath.Clean(tmpdir))
	}
	return roots, nil
}

// resolveRoots follows symbolic links and drops what is missing and what a link
// inside another root leads to.
func resolveRoots(roots []string) []string {
	var resolved []string
	for _, root := range roots {
		if _, err := os.Stat(root); err == nil && !redirected(root, roots) {
			if real, err := filepath.EvalSymlinks(root); err == nil {
				resolved = append(resolved, real)
			}
		}
	}
	slices.Sort(resolved)
	return slices.Compact(resolved)
}

// outermost drops the roots that lie in another one.
func outermost(roots []string) []string {
	return slices.DeleteFunc(slices.Clone(roots), func(root string) bool {
		return slices.ContainsFunc(roots, func(other string) bool { return root != other && beneath(root, other) })
	})
}

// redirected reports whether the way to path leads through a symbolic link
// that lies beneath one of roots.
func redirected(path string, roots []string) bool {
	for at := path; at != filepath.Dir(at); at = filepath.Dir(at) {
		info, err := os.Lstat(at)
		if err != nil || info.Mode()&os.ModeSymlink == 0 {
			continue
		}
		folder, err := filepath.EvalSymlinks(filepath.Dir(at))
		if err != nil {
			return true
		}
		for _, root := range roots {
			real, err := filepath.EvalSymlinks(root)
			if err == nil && root != path && beneath(folder, real) {
				return true
			}
		}
	}
	return false
}

// beneath reports whether path is root or lies in it. Both are clean.
func beneath(path, root string) bool {
	return path == root || root == "/" || strings.HasPrefix(path, root+"/")
}

// writable reports whether the plan lets path be written.
func (p Plan) writable(path string) bool {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return slices.ContainsFunc(p.Writable, func(root string) bool { return beneath(path, root) })
}

// appendExisting adds the real place of path, if there is something.
func appendExisting(paths []string, path string) []string {
	real, err := filepath.EvalSymlinks(path)
	if err != nil || slices.Contains(paths, real) {
		return paths
	}
	return append(paths, real)
}

// needsMounts names what only a mount namespace can protect.
func (p Plan) needsMounts() []string { return slices.Concat(p.Protected, p.Hidden) }
