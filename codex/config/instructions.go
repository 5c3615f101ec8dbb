package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/codexmcp/codexmcp/codex/sandbox"
)

// docSeparator stands between the user's own instructions and those of the
// project.
const docSeparator = "\n\n--- project-doc ---\n\n"

// readInstructions returns the text of experimental_instructions_file.
func readInstructions(cwd, path string) (string, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(cwd, path)
	}
	content, ok, err := readBounded(path, maxInstructionsSize)
	if err != nil {
		return "", err
	}
	if !ok {
		return "", fmt.Errorf("there is no file %q", path)
	}
	text := strings.TrimSpace(toValid(content))
	if text == "" {
		return "", fmt.Errorf("the file %q is empty", path)
	}
	return text, nil
}

// UserInstructions returns what the user and the project want every model to
// know: AGENTS.md of the home folder, then those from the root of the git
// repository down to the working directory. It reads the files as they are now;
// what cannot be read is left out.
func (c *Conversation) UserInstructions() string {
	var parts []string
	if text := strings.TrimSpace(readDoc(filepath.Join(c.Home, docFileName), maxInstructionsSize)); text != "" {
		parts = append(parts, text)
	}
	docs, err := c.projectDocs()
	if err == nil && docs != "" {
		parts = append(parts, docs)
	}
	return strings.Join(parts, docSeparator)
}

// readDoc returns the first limit bytes of a regular file, "" if there is none.
func readDoc(path string, limit int64) string {
	content, err := readDocBytes(path, limit)
	if err != nil {
		return ""
	}
	return toValid(content)
}

// readDocBytes is nil for a missing file and for what is no regular file.
func readDocBytes(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	content, _, err := readAtMost(path, limit)
	return content, err
}

// projectDocs joins the docs of the folders from the repository to the working
// directory, up to so many bytes in all. A doc that is a link to what is hidden
// from commands, one of which may have made it, is left out. An error means that
// none of them is to be used.
func (c *Conversation) projectDocs() (string, error) {
	limit := c.ProjectDocMax
	if limit == 0 {
		return "", nil
	}
	folders, err := docFolders(c.Cwd)
	if err != nil {
		return "", err
	}
	policy := sandbox.Policy{Root: c.Cwd, Home: c.Home, Secrets: Secrets, Hidden: c.Hidden}
	var parts []string
	for _, folder := range folders {
		if limit <= 0 {
			break
		}
		path := filepath.Join(folder, docFileName)
		if policy.Hides(path) {
			continue
		}
		content, err := readDocBytes(path, limit)
		if err != nil {
			return "", err
		}
		if len(bytes.TrimSpace(content)) > 0 {
			parts = append(parts, toValid(content))
			limit -= int64(len(content))
		}
	}
	return strings.Join(parts, "\n\n"), nil
}

// docFolders returns the folders from the root of the repository down to cwd, or
// cwd alone outside of one.
func docFolders(cwd string) ([]string, error) {
	cwd, err := filepath.EvalSymlinks(cwd)
	if err != nil {
		return nil, err
	}
	var folders []string
	for folder := cwd; ; folder = filepath.Dir(folder) {
		folders = append(folders, folder)
		if _, err := os.Lstat(filepath.Join(folder, ".git")); err == nil {
			slices.Reverse(folders)
			return folders, nil
		}
		if filepath.Dir(folder) == folder {
			return []string{cwd}, nil
		}
	}
}

// toValid replaces what is not UTF-8.
func toValid(content []byte) string {
	return strings.ToValidUTF8(string(content), "\ufffd")
}
