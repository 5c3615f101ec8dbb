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

	// Home is a folder of settings and credentials. What lies in it cannot be
	// written, but for writable folders that lie in it themselves, and Secrets,
	// names in it, cannot be read, nor what goes on from such a name after a dot.
	Home    string
	Secrets []string

	// AllowUnprotected accepts that a machine without namespaces cannot keep
	// what is protected or hidden in a writable folder.
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

	// Protected are paths in writable folders that cannot be written, Hidden
	// paths anywhere that cannot be read.
	Protected, Hidden []string

	// Home is a folder that cannot be written, and Secrets what cannot be read
	// in it. See [Policy].
	Home    string
	Secrets []string

	// Network allows the network.
	Network bool
}

// An UnprotectedError names paths in writable folders that this machine cannot
// protect, because it does not let us make namespaces.
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
	p.resolveHome(&plan)
	if plan.Mode == WorkspaceWrite {
		roots, err := p.roots(tmpdir)
		if err != nil {
			return Plan{}, err
		}
		resolved := resolveRoots(roots)
		plan.Writable = plan.outermost(resolved)
		for _, root := range resolved {
			plan.Protected = appendExisting(plan.Protected, filepath.Join(root, ".git"))
		}
	}
	for _, path := range p.Protected {
		if real, err := filepath.EvalSymlinks(p.absolute(path)); err == nil && plan.writable(real) {
			plan.Protected = appendExisting(plan.Protected, real)
		}
	}
	for _, path := range p.Hidden {
		plan.Hidden = appendExisting(plan.Hidden, p.absolute(path))
	}
	return plan, nil
}

// resolveHome finds the home folder and where its secrets lie if they are links.
func (p Policy) resolveHome(plan *Plan) {
	if p.Home == "" {
		return
	}
	home, err := filepath.EvalSymlinks(p.absolute(p.Home))
	if err != nil {
		return
	}
	plan.Home, plan.Secrets = home, p.Secrets
	for _, name := range p.Secrets {
		at := filepath.Join(home, name)
		if real, err := filepath.EvalSymlinks(at); err == nil && real != at {
			plan.Hidden = appendExisting(plan.Hidden, real)
		}
	}
}

// Hides reports whether a command under the policy could not read path.
func (p Policy) Hides(path string) bool {
	if p.FullAccess() {
		return false
	}
	var plan Plan
	p.resolveHome(&plan)
	for _, hidden := range p.Hidden {
		plan.Hidden = appendExisting(plan.Hidden, p.absolute(hidden))
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	entry, _, _ := strings.Cut(strings.TrimPrefix(real, plan.Home+"/"), "/")
	return plan.inHome(real) && plan.secret(entry) ||
		slices.ContainsFunc(plan.Hidden, func(hidden string) bool { return beneath(real, hidden) })
}

// secret reports whether an entry of the home folder is not to be read.
func (p Plan) secret(entry string) bool {
	return slices.ContainsFunc(p.Secrets, func(name string) bool {
		return entry == name || strings.HasPrefix(entry, name+".")
	})
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

// outermost drops the roots that lie in another one, but for those that are
// writable although the home folder between them is not.
func (p Plan) outermost(roots []string) []string {
	return slices.DeleteFunc(slices.Clone(roots), func(root string) bool {
		return slices.ContainsFunc(roots, func(other string) bool {
			return root != other && beneath(root, other) && !(p.inHome(root) && beneath(p.Home, other))
		})
	})
}

// inHome reports whether path lies in the home folder and is not that itself.
func (p Plan) inHome(path string) bool {
	return p.Home != "" && path != p.Home && beneath(path, p.Home)
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

// writable reports whether path lies in a writable folder.
func (p Plan) writable(path string) bool {
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

// keeps reports whether path, which lies in a writable folder, is not to be
// changed all the same.
func (p Plan) keeps(path string) bool {
	inside := func(root string) bool { return beneath(path, root) }
	if p.Home != "" && inside(p.Home) {
		inHome := func(root string) bool { return p.inHome(root) && inside(root) }
		if !slices.ContainsFunc(p.Writable, inHome) {
			return true
		}
	}
	return slices.ContainsFunc(p.Protected, inside) || slices.ContainsFunc(p.Hidden, inside)
}

// needsMounts names what only a mount namespace can protect: Landlock cannot
// take away inside of a folder that it has granted.
func (p Plan) needsMounts() []string {
	paths := slices.Clone(p.Protected)
	for _, path := range append(slices.Clone(p.Hidden), p.Home) {
		if path != "" && p.writable(path) {
			paths = append(paths, path)
		}
	}
	return paths
}
