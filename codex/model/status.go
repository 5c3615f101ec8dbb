package model

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/wire"
)

const (
	maxErrorBody    = 64 << 10             // what is read of the body of an error
	maxResetSeconds = 10 * 365 * 24 * 3600 // so that nothing overflows
)

// statusError reads a response that is no success and closes it.
func statusError(response *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBody)) // half an explanation will do
	_ = response.Body.Close()

	e := &StatusError{Status: response.StatusCode, Body: strings.TrimSpace(string(text))}
	e.RetryAfter, e.delayGiven = retryAfter(response.Header)

	var body mcpprotocol.ModelErrorBody
	if wire.Unmarshal(text, &body) != nil || body.Error == nil {
		e.message = freeMessage(text)
		return e
	}
	e.message = body.Error.Message
	if e.Status != http.StatusTooManyRequests {
		return e
	}
	switch body.Error.Type {
	case "usage_limit_reached":
		limit := &UsageLimitError{Plan: body.Error.PlanType}
		if seconds := body.Error.ResetsInSeconds; seconds != nil && *seconds > 0 {
			limit.ResetsIn = time.Duration(min(*seconds, maxResetSeconds)) * time.Second
		}
		return limit
	case "usage_not_included":
		return &UsageLimitError{Plan: body.Error.PlanType, NotIncluded: true}
	}
	return e
}

// freeMessage finds what a body says to people that is not of the usual shape. Errors come from
// gateways as well as from models.
func freeMessage(body []byte) string {
	top := object(body)
	for _, text := range []json.RawMessage{object(top["error"])["message"], top["error"], top["message"], top["detail"]} {
		if message := str(text); message != "" {
			return message
		}
	}
	return ""
}

// object returns the members of a JSON object, none if data is something else. Errors come in many
// shapes, from gateways as well as from models, so nothing is demanded of them.
func object(data []byte) map[string]json.RawMessage {
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil {
		return nil
	}
	return members
}

// str returns a JSON string, or nothing if data is something else.
func str(data []byte) string {
	var text string
	if json.Unmarshal(data, &text) != nil {
		return ""
	}
	return text
}
