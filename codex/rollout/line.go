package rollout

import (
	"fmt"
	"strings"
	"time"

	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/wire"
)

// maxLine is the longest line that is written or read: images make long ones.
const maxLine = 64 << 20

// timeFormat is RFC 3339 with milliseconds; the time must be in UTC.
const timeFormat = "2006-01-02T15:04:05.000Z"

func stamp(at time.Time) string { return at.UTC().Format(timeFormat) }

// A payload is what a line is about.
type payload interface{ EncodeJSON(e *wire.Encoder) }

// encodeLine returns a line with its end. Its members stand in the order in
// which the original writes them, so that a reader soon knows what it has.
func encodeLine(at time.Time, kind string, payload payload) ([]byte, error) {
	e := wire.NewEncoder(nil)
	e.Object()
	e.Key(`"timestamp":`)
	e.StringValue(stamp(at))
	e.Key(`"type":`)
	e.StringValue(kind)
	e.Key(`"payload":`)
	payload.EncodeJSON(&e)
	e.EndObject(wire.Members{}, nil)
	line, err := e.Result()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	if len(line) >= maxLine {
		return nil, fmt.Errorf("%s: %d bytes are too many for a line", kind, len(line))
	}
	return append(line, '\n'), nil
}

// decodeLine reads a line.
func decodeLine(text []byte) (mcpprotocol.RolloutLine, error) {
	d := wire.NewDecoder(string(text))
	line := mcpprotocol.DecodeRolloutLine(&d)
	return line, d.End()
}

// persisted reports whether an event is told again when the conversation is
// resumed.
func persisted(msg mcpprotocol.EventMsg) bool {
	switch msg.(type) {
	case *mcpprotocol.UserMessageEvent,
		*mcpprotocol.AgentMessageEvent,
		*mcpprotocol.AgentReasoningEvent,
		*mcpprotocol.AgentReasoningRawContentEvent,
		*mcpprotocol.TokenCountEvent,
		*mcpprotocol.EnteredReviewModeEvent,
		*mcpprotocol.ExitedReviewModeEvent,
		*mcpprotocol.TurnAbortedEvent:
		return true
	}
	return false
}

// storedItem returns item as it is written: without the id that the model API
// gave it, and with null where the original writes null. It is nil for an item
// that is not kept. The caller's item stays as it is.
func storedItem(item mcpprotocol.ResponseItem) mcpprotocol.ResponseItem {
	switch x := item.(type) {
	case *mcpprotocol.MessageItem:
		c := *x
		c.ID, c.Extra = "", withoutID(c.Extra)
		return &c
	case *mcpprotocol.ReasoningItem:
		c := *x
		c.ID, c.Extra = "", withoutID(c.Extra)
		c.Content = storedReasoning(c.Content)
		nulls(&c.Extra, absent{"content", x.Content == nil}, absent{"encrypted_content", c.EncryptedContent == ""})
		return &c
	case *mcpprotocol.LocalShellCallItem:
		c := *x
		a := &c.Action
		c.ID, c.Extra = "", withoutID(c.Extra)
		nulls(&c.Extra, absent{"call_id", c.CallID == ""})
		nulls(&a.Extra, absent{"timeout_ms", a.TimeoutMs == nil}, absent{"working_directory", a.WorkingDirectory == ""},
			absent{"env", a.Env == nil}, absent{"user", a.User == ""})
		return &c
	case *mcpprotocol.FunctionCallItem:
		c := *x
		c.ID, c.Extra = "", withoutID(c.Extra)
		return &c
	case *mcpprotocol.CustomToolCallItem:
		c := *x
		c.ID, c.Extra = "", withoutID(c.Extra)
		return &c
	case *mcpprotocol.FunctionCallOutputItem, *mcpprotocol.CustomToolCallOutputItem:
		return item
	}
	return nil
}

// storedReasoning leaves out content without a single reasoning text.
func storedReasoning(content []mcpprotocol.ReasoningContent) []mcpprotocol.ReasoningContent {
	for _, part := range content {
		if _, ok := part.(*mcpprotocol.ReasoningText); ok {
			return content
		}
	}
	return nil
}

func withoutID(extra wire.Members) wire.Members {
	if _, ok := extra.Get("id"); !ok {
		return extra
	}
	extra = extra.Clone()
	extra.Delete("id")
	return extra
}

// An absent is a member and whether it has no value.
type absent struct {
	name string
	null bool
}

// nulls writes null for those members that are absent.
func nulls(extra *wire.Members, members ...absent) {
	owned := extra.Clone()
	for _, m := range members {
		if _, ok := owned.Get(m.name); m.null && !ok {
			owned.Set(m.name, null)
		}
	}
	*extra = owned
}

var null, _ = wire.ParseRaw([]byte("null"))

// valid makes text from the system, a path for example, fit for JSON.
func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
