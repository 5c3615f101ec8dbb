package jsonrpc

// WithoutBuffers returns the messages without what only the package sees.
func WithoutBuffers(messages []Outgoing) []Outgoing {
	for i := range messages {
		messages[i].buf = nil
	}
	return messages
}
