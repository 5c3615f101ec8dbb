package config

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// projectDir is the folder within a project that may have a [FileName].
const projectDir = ".codex"

// keyHash is where config.toml has, for a project, the hash of the file that
// the user trusts.
const keyHash = "config_sha256"

// userOnly are the keys that a project cannot set: what is trusted, and where the
// user signs in.
var userOnly = []string{"projects", "login_issuer", "login_timeout_sec"}

// ErrNoProject is returned for a folder whose project has no configuration.
var ErrNoProject = errors.New("there is no " + projectDir + "/" + FileName)

// A Project is the configuration that the folder of a conversation brings
// along: .codex/config.toml at the root of its git repository, or in the folder
// itself outside of one. Nothing of it counts unless the user has trusted
// exactly this content.
type Project struct {
	Dir     string // the project's, without symbolic links
	Path    string // of the file
	Hash    string // the SHA-256 of its content, in hexadecimal
	Trusted bool   // by the user: see [TrustProject]
	Err     error  // why the file cannot be read, and so is not trusted

	content []byte
}

// findProject reads the configuration of the project that cwd is in, nil if it
// has none. What home/config.toml says of it is in user.
func findProject(home, cwd string, user *table) *Project {
	folders, err := docFolders(cwd)
	if err != nil {
		return nil // a folder that is not there has no project
	}
	p := &Project{Dir: folders[0]}
	p.Path = filepath.Join(p.Dir, projectDir, FileName)
	if sameFolder(filepath.Dir(p.Path), home) {
		return nil // the user's own
	}
	content, ok, err := readBounded(p.Path, maxConfigSize)
	if err != nil {
		p.Err = fmt.Errorf("reading the configuration of the project: %w", err)
		return p
	}
	if !ok {
		return nil
	}
	hash := sha256.Sum256(content)
	p.content, p.Hash = content, hex.EncodeToString(hash[:])
	p.Trusted = trusts(user, p)
	return p
}

func sameFolder(a, b string) bool {
	x, err := os.Stat(a)
	y, err2 := os.Stat(b)
	return err == nil && err2 == nil && os.SameFile(x, y)
}

// trusts reports whether the user's configuration has the hash of p.
func trusts(user *table, p *Project) bool {
	projects, _ := valueAt[*table](user, "projects")
	entry, _ := valueAt[*table](projects, p.Dir)
	hash, _ := valueAt[string](entry, keyHash)
	level, _ := valueAt[string](entry, "trust_level")
	return hash == p.Hash && level != "untrusted"
}

func valueAt[T any](t *table, key string) (value T, ok bool) {
	if n := t.get(key); n != nil {
		value, ok = n.value.(T)
	}
	return value, ok
}

// apply sets what the project says over root.
func (p *Project) apply(root *table) error {
	tree, err := parseFile(p.Path, p.content)
	if err != nil {
		return err
	}
	for _, key := range userOnly {
		if n := tree.get(key); n != nil {
			return &ValueError{Origin: n.from, Key: key, Problem: "a project cannot set it"}
		}
	}
	if err := renameAliases(tree); err != nil {
		return err
	}
	root.merge(tree)
	return nil
}

// merge sets all values of over, tables key by key.
func (t *table) merge(over *table) {
	for _, key := range over.keys {
		n := over.nodes[key]
		if inner, ok := n.value.(*table); ok {
			if mine, ok := valueAt[*table](t, key); ok {
				mine.merge(inner)
				continue
			}
		}
		t.set(key, n)
	}
}

// FindProject returns the configuration of the project that dir is in. Without
// one it is [ErrNoProject].
func FindProject(home, dir string) (*Project, error) {
	user, err := readFile(home)
	if err != nil {
		return nil, err
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	p := findProject(home, dir, user)
	if p == nil {
		return nil, fmt.Errorf("%q: %w", dir, ErrNoProject)
	}
	return p, p.Err
}

// TrustProject notes in home/config.toml that the user trusts the content of p
// as it was read, or with trust false that the user does not. Another content
// of the file is another decision.
func TrustProject(ctx context.Context, home string, p *Project, trust bool) error {
	c := change{path: []string{"projects", p.Dir, keyHash}}
	if trust {
		if err := p.apply(newTable()); err != nil {
			return err
		}
		c.value = p.Hash
	}
	return editFile(ctx, home, func(*settings) ([]change, error) { return []change{c}, nil })
}

// Settings returns what the file of the project sets, as far as it is one value
// for all conversations of the project, and the programs it would start.
func (p *Project) Settings() ([]Setting, error) {
	root := newTable()
	if err := p.apply(root); err != nil {
		return nil, err
	}
	var all []Setting
	root.list("", &all)
	return all, nil
}

// list appends the values of t, of tables that may have secrets only the names.
func (t *table) list(prefix string, all *[]Setting) {
	for _, key := range t.keys {
		n, name := t.nodes[key], prefix+quoteKey([]string{key})
		inner, ok := n.value.(*table)
		switch {
		case !ok:
			*all = append(*all, Setting{Key: name, Value: displayNode(n), Origin: n.from})
		case key == "env" || key == "http_headers" || key == "query_params" || key == "set":
			*all = append(*all, Setting{Key: name, Value: display(namesOf(inner)), Origin: n.from})
		default:
			inner.list(name+".", all)
		}
	}
}

func namesOf(t *table) map[string]string {
	names := make(map[string]string, len(t.keys))
	for _, key := range t.keys {
		names[key] = ""
	}
	return names
}

func displayNode(n *node) string {
	if items, ok := n.value.([]*node); ok {
		texts := make([]string, len(items))
		for i, item := range items {
			texts[i], _ = item.value.(string)
		}
		return display(texts)
	}
	return display(n.value)
}
