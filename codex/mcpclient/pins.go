package mcpclient

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

const (
	// pinFile is where it is kept which tools were approved.
	pinFile = "mcp_pins.json"
	// maxPins is how many tools that are; the oldest are forgotten.
	maxPins = 10_000
	// maxPinFile is how long the file may be, in bytes.
	maxPinFile = 8 << 20
	// pinTime bounds how long other processes that change the file are waited for.
	pinTime = 10 * time.Second
)

// approve lets a tool of a server with pins run as a person approved it, and asks
// about one that nobody has, or that has changed. It returns why it must not run;
// empty if it may.
func (p *Pool) approve(t *tool, arguments wire.Raw, ask func([]string, string) (bool, string)) string {
	if !t.server.config.PinTools {
		return ""
	}
	what := fmt.Sprintf("the tool %s of the MCP server %s", t.Name, t.server.config.Name)
	mark, err := fingerprint(t.server.config.Where(), &t.Tool)
	if err != nil {
		return fmt.Sprintf("%s was not run: %v", what, err)
	}
	path := filepath.Join(t.server.options.Home, pinFile)
	pinned, err := readPins(path)
	if err != nil {
		return fmt.Sprintf("%s was not run: %v", what, err)
	}
	reason := what + " was never approved"
	if i := pinOf(pinned, t); i >= 0 {
		if pinned.Pins[i].Fingerprint == mark {
			return ""
		}
		reason = what + " has changed since it was approved"
	}
	if ask == nil {
		return reason + ", and nobody can be asked"
	}
	if t.Description != "" {
		reason += "; it says of itself: " + t.Description
	}
	allowed, refusal := ask([]string{"MCP tool", t.server.config.Name, t.Name, arguments.String()}, reason)
	if !allowed {
		return refusal
	}
	if err := pin(p.ctx, path, t, mark); err != nil {
		p.log.Warn("approval of a tool not kept", "server", t.server.config.Name, "tool", t.Name, "error", err)
	}
	return ""
}

// fingerprint is a hash of which server a tool belongs to, its command or URL, and
// of what the tool says of itself, whatever the order of the members.
func fingerprint(where []string, t *mcptypes.Tool) (string, error) {
	said := *t
	said.Meta = wire.Members{} // of no meaning to the model
	text, err := wire.Append(nil, &said)
	if err != nil {
		return "", err
	}
	var sorted any
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	if err := d.Decode(&sorted); err != nil {
		return "", err
	}
	if text, err = json.Marshal([]any{where, sorted}); err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

func pinOf(file *mcpprotocol.ToolPinFile, t *tool) int {
	return slices.IndexFunc(file.Pins, func(p mcpprotocol.ToolPin) bool {
		return p.Server == t.server.config.Name && p.Tool == t.Name
	})
}

// readPins reads which tools were approved. A file that cannot be read is an
// error, not an empty one.
func readPins(path string) (*mcpprotocol.ToolPinFile, error) {
	file := &mcpprotocol.ToolPinFile{}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return file, nil
	}
	if err == nil && info.Size() > maxPinFile {
		err = fmt.Errorf("%s has %d bytes, more than %d", path, info.Size(), maxPinFile)
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(path)
	}
	if err == nil {
		err = wire.Unmarshal(text, file)
	}
	if err != nil {
		return nil, fmt.Errorf("read which tools were approved: %w", err)
	}
	return file, nil
}

// pin keeps that a tool was approved as it is.
func pin(ctx context.Context, path string, t *tool, mark string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, pinTime)
	defer cancel()
	unlock, err := config.Lock(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	file, err := readPins(path)
	if err != nil {
		return err
	}
	if i := pinOf(file, t); i >= 0 {
		file.Pins = slices.Delete(file.Pins, i, i+1)
	}
	file.Pins = append(file.Pins, mcpprotocol.ToolPin{
		Server: t.server.config.Name, Tool: t.Name, Fingerprint: mark, ApprovedAt: time.Now().UTC().Format(time.RFC3339),
	})
	file.Pins = file.Pins[max(0, len(file.Pins)-maxPins):]
	text, err := wire.Append(nil, file)
	if err != nil {
		return err
	}
	return config.ReplaceFile(path, append(text, '\n'), 0o600)
}
