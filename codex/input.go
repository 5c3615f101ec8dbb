package codex

import (
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"os"
	"path/filepath"
	"strings"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// maxImage is how large an image file may be to be sent to the model, in bytes.
const maxImage = 20 << 20

// message turns what the user said into a message for the model. It returns the
// texts, joined, and the images as well. An image file that cannot be read is
// left out, and the log says so.
func (t *turn) message(items []mcpprotocol.InputItem) (m *mcpprotocol.MessageItem, text string, images []string) {
	m = &mcpprotocol.MessageItem{Role: "user"}
	var texts []string
	for _, item := range items {
		switch i := item.(type) {
		case *mcpprotocol.TextInputItem:
			m.Content = append(m.Content, &mcpprotocol.InputTextContent{Text: i.Data.Text})
			texts = append(texts, i.Data.Text)
		case *mcpprotocol.ImageInputItem:
			m.Content = append(m.Content, &mcpprotocol.InputImageContent{ImageURL: i.Data.ImageURL})
			images = append(images, i.Data.ImageURL)
		case *mcpprotocol.LocalImageInputItem:
			url, err := imageURL(t.resolve(i.Data.Path))
			if err != nil {
				t.c.log.Warn("image left out", "conversation", t.c.id, "error", err)
				continue
			}
			m.Content = append(m.Content, &mcpprotocol.InputImageContent{ImageURL: url})
			images = append(images, url)
		}
	}
	return m, strings.Join(texts, ""), images
}

// resolve makes a path absolute against the turn's folder. It stays as it is
// written: that is how clients are told of it.
func (t *turn) resolve(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	const separator = string(filepath.Separator)
	return strings.TrimSuffix(t.settings.Cwd, separator) + separator + path
}

// imageURL reads an image file into a data URL.
func imageURL(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a regular file", path)
	}
	if info.Size() > maxImage {
		return "", fmt.Errorf("%s has %d bytes, at most %d can be sent", path, info.Size(), maxImage)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxImage))
	if err != nil {
		return "", err
	}
	kind := mime.TypeByExtension(strings.ToLower(filepath.Ext(path)))
	if kind == "" {
		kind = "image"
	}
	return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(data), nil
}
