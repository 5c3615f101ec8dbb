package mcptypes

import (
	"encoding/base64"
	"fmt"

	"github.com/codexmcp/codexmcp/wire"
)

// LatestRevision is the protocol revision of this package's types.
const LatestRevision = "2025-06-18"

// Text returns text as a content block.
func Text(text string) *TextContent { return &TextContent{Text: text} }

// Image returns an image as a content block, its bytes in base64.
func Image(data []byte, mimeType string) *ImageContent {
	return &ImageContent{Data: base64.StdEncoding.EncodeToString(data), MIMEType: mimeType}
}

// Audio returns sound as a content block, its bytes in base64.
func Audio(data []byte, mimeType string) *AudioContent {
	return &AudioContent{Data: base64.StdEncoding.EncodeToString(data), MIMEType: mimeType}
}

// Bytes decodes the image.
func (c *ImageContent) Bytes() ([]byte, error) { return decodeBase64("image", c.Data) }

// Bytes decodes the sound.
func (c *AudioContent) Bytes() ([]byte, error) { return decodeBase64("audio", c.Data) }

// Bytes decodes the contents.
func (c *BlobResourceContents) Bytes() ([]byte, error) { return decodeBase64("blob", c.Blob) }

func decodeBase64(what, text string) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return data, nil
}

// IntID returns an integer as a request id or progress token.
func IntID(n int64) RequestID { return wire.IntID(n) }

// StringID returns a string as a request id or progress token.
func StringID(s string) RequestID { return wire.StringID(s) }
