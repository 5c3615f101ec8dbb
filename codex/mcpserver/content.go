package mcpserver

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/codexmcp/codexmcp/codex"
	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// maxQuoted is how large a text file may be that is part of a message.
const maxQuoted = 256 << 10

// messageItems is a message as the engine takes it. What cannot be sent is an
// error: nobody would notice if it were left out.
func messageItems(c *codex.Conversation, content []mcpprotocol.ConversationContent) ([]mcpprotocol.InputItem, error) {
	if len(content) == 0 {
		return nil, errors.New("the message is empty: content has no items")
	}
	var items []mcpprotocol.InputItem
	for i, piece := range content {
		switch p := piece.(type) {
		case *mcpprotocol.ConversationText:
			if p.Text != "" {
				items = append(items, textItems(p.Text)...)
			}
		case *mcpprotocol.ConversationImage:
			if !isImageURL(p.ImageURL) {
				return nil, fmt.Errorf("content[%d].image_url is no data:, http: or https: URL", i)
			}
			items = append(items, &mcpprotocol.ImageInputItem{Data: mcpprotocol.ImageInput{ImageURL: p.ImageURL}})
		case *mcpprotocol.ConversationFile:
			item, err := fileItem(c.Cwd(), p.Path)
			if err != nil {
				return nil, fmt.Errorf("content[%d]: %w", i, err)
			}
			items = append(items, item)
		default:
			return nil, fmt.Errorf("content[%d].type: %q is not one of text, image, file", i, piece.Type())
		}
	}
	if len(items) == 0 {
		return nil, errors.New("the message is empty: it has no text")
	}
	return items, nil
}

func isImageURL(url string) bool {
	for _, scheme := range []string{"data:", "http:", "https:"} {
		if len(url) > len(scheme) && strings.EqualFold(url[:len(scheme)], scheme) {
			return true
		}
	}
	return false
}

// fileItem is a file of this machine in a message: an image is shown, text is
// quoted.
func fileItem(cwd, path string) (mcpprotocol.InputItem, error) {
	full := path
	if !filepath.IsAbs(full) {
		full = filepath.Join(cwd, full)
	}
	info, err := os.Stat(full)
	if err != nil {
		return nil, fmt.Errorf("file %q: %w", path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("file %q is not a regular file", path)
	}
	if strings.HasPrefix(mime.TypeByExtension(strings.ToLower(filepath.Ext(full))), "image/") {
		return &mcpprotocol.LocalImageInputItem{Data: mcpprotocol.LocalImageInput{Path: full}}, nil
	}
	f, err := os.Open(full)
	if err != nil {
		return nil, fmt.Errorf("file %q: %w", path, err)
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxQuoted+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("file %q: %w", path, err)
	case len(data) > maxQuoted:
		return nil, fmt.Errorf("file %q has more than %d bytes; name it in the message instead", path, maxQuoted)
	case !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0:
		return nil, fmt.Errorf("file %q is neither an image nor text", path)
	}
	return textItems(fmt.Sprintf("The file %s:\n\n%s\n", path, data))[0], nil
}
