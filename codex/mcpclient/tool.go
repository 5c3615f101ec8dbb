package mcpclient

import (
	"crypto/sha1"
	"encoding/hex"
	"log/slog"
	"slices"
	"strings"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

const (
	// maxName is how long the name of a tool may be that the model is offered.
	maxName = 64
	// keptName is how much is kept of a name that is cut.
	keptName = maxName - 2*sha1.Size
)

// A tool is one tool of a server as the model is offered it.
type tool struct {
	mcptypes.Tool
	server     *server
	name       string
	parameters wire.Raw
}

// qualified is the tool's name with that of its server.
func (t *tool) qualified() string { return t.server.config.Name + "__" + t.Name }

// name gives tools the names they are offered under, and sorts them by those.
// Of tools that a server lists twice the first stays.
func name(tools []*tool, log *slog.Logger) []*tool {
	taken := map[string]bool{}
	seen := map[string]bool{}
	var changed, named []*tool
	for _, t := range tools {
		full := t.qualified()
		switch {
		case seen[full]:
			log.Warn("tool of an MCP server listed twice", "server", t.server.config.Name, "tool", t.Name)
			continue
		case len(full) > maxName || sanitized(full) != full:
			changed = append(changed, t)
		default:
			t.name = full
			taken[full] = true
			named = append(named, t)
		}
		seen[full] = true
	}
	slices.SortFunc(changed, func(a, b *tool) int { return strings.Compare(a.qualified(), b.qualified()) })
	for _, t := range changed {
		t.name = sanitized(t.qualified())
		if len(t.name) > maxName || taken[t.name] {
			t.name = hashed(t.qualified())
		}
		taken[t.name] = true
		named = append(named, t)
	}
	slices.SortFunc(named, func(a, b *tool) int { return strings.Compare(a.name, b.name) })
	return named
}

// sanitized is a name with only the characters that the model API takes.
func sanitized(full string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return '_'
	}, full)
}

// hashed is the beginning of a name and a hash of the whole.
func hashed(full string) string {
	sum := sha1.Sum([]byte(full))
	kept := sanitized(full)
	return kept[:min(len(kept), keptName)] + hex.EncodeToString(sum[:])
}
