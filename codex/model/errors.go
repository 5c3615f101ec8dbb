package model

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// A StatusError is an HTTP status other than success.
type StatusError struct {
	Status     int
	Body       string        // the beginning of it
	RetryAfter time.Duration // what the endpoint asked for, 0 when it did not

	message    string // what the body says to people, if it is JSON that does
	delayGiven bool   // RetryAfter is what the endpoint said, also when it is 0
}

// Error names the status and what the endpoint says about it.
func (e *StatusError) Error() string {
	text := fmt.Sprintf("the model endpoint answered %d %s", e.Status, http.StatusText(e.Status))
	text = strings.TrimSpace(text)
	switch {
	case e.message != "":
		return fmt.Sprintf("%s: %s", text, cut(e.message))
	case e.Body != "":
		return fmt.Sprintf("%s: %q", text, cut(e.Body))
	}
	return text
}

// temporary reports whether the same request may succeed later.
func (e *StatusError) temporary() bool {
	return (e.Status == http.StatusTooManyRequests || e.Status >= 500) && e.RetryAfter <= maxDelay
}

// A UsageLimitError says that the account may not ask (for now); asking again is of no use.
type UsageLimitError struct {
	Plan        mcpprotocol.PlanType // empty when the endpoint does not say
	ResetsIn    time.Duration        // 0 when the endpoint does not say
	NotIncluded bool                 // the plan does not include this kind of use at all
}

// Error tells a person what to do.
func (e *UsageLimitError) Error() string {
	if e.NotIncluded {
		return "the plan of this account does not include Codex: an upgrade or an API key is needed"
	}
	advice := "try again "
	switch e.Plan {
	case mcpprotocol.PlanTypeFree:
		advice = "upgrade the plan, or try again "
	case mcpprotocol.PlanTypePlus:
		advice = "upgrade to Pro, or try again "
	case mcpprotocol.PlanTypeTeam, mcpprotocol.PlanTypeBusiness:
		advice = "ask the workspace's administrator for more, or try again "
	}
	when := "later"
	if e.ResetsIn > 0 {
		when = "in " + spell(e.ResetsIn)
	}
	return "the usage limit of this account is reached: " + advice + when
}

// A MissingKeyError says that the environment variable with the provider's API key is not set.
type MissingKeyError struct {
	Variable     string
	Instructions string // of the provider's configuration
}

// Error names the variable and adds the provider's instructions.
func (e *MissingKeyError) Error() string {
	text := fmt.Sprintf("the environment variable %q with the API key is not set", e.Variable)
	if e.Instructions != "" {
		text += ": " + e.Instructions
	}
	return text
}

// A StreamError is an answer that did not arrive whole, or an endpoint that could not be reached. It
// is worth another attempt.
type StreamError struct {
	Delay time.Duration // what the endpoint asked for, 0 when it did not
	Err   error
}

// Error is the cause, said to be one of the connection.
func (e *StreamError) Error() string { return "the model's answer broke off: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *StreamError) Unwrap() error { return e.Err }

// A ConnectError is an endpoint that could not be reached, or one that closed the connection before
// it answered. It is worth another attempt.
type ConnectError struct {
	URL string // without query and user
	Err error
}

// Error names the address and the cause.
func (e *ConnectError) Error() string { return fmt.Sprintf("post %q: %v", e.URL, e.Err) }

// Unwrap returns the cause.
func (e *ConnectError) Unwrap() error { return e.Err }

// An IncompleteError says that the model stopped before it was done. What it said until then has
// been given out as an item; calls that it may not have finished have not.
type IncompleteError struct {
	Reason string // such as length, max_output_tokens or content_filter
	Usage  *mcpprotocol.TokenUsage
}

// Error names the reason.
func (e *IncompleteError) Error() string {
	return fmt.Sprintf("the model stopped before it was done: %q", e.Reason)
}

// A FailedError is a failure that the model endpoint reported within its answer.
type FailedError struct {
	Code    string
	Message string
	Delay   time.Duration // until another attempt, when the message names one

	fatal bool
}

// Error is what the endpoint said.
func (e *FailedError) Error() string {
	switch {
	case e.Message == "" && e.Code == "":
		return "the model endpoint sent response.failed without a reason"
	case e.Message == "":
		return fmt.Sprintf("the model endpoint reported %q", e.Code)
	}
	return "the model endpoint reported: " + cut(e.Message)
}

// Retryable reports whether the request that ended with err may succeed when it is sent again, and
// after which delay if the endpoint named one; 0 means [Backoff]. The attempts within one request
// (see [Provider.RequestRetries]) are over by then: this is about sending the whole turn again.
func Retryable(err error) (delay time.Duration, ok bool) {
	var (
		status  *StatusError
		stream  *StreamError
		connect *ConnectError
		failed  *FailedError
	)
	switch {
	case errors.As(err, &failed):
		return failed.Delay, !failed.fatal && failed.Delay <= maxDelay
	case errors.As(err, &status):
		return status.RetryAfter, status.temporary()
	case errors.As(err, &stream):
		return stream.Delay, stream.Delay <= maxDelay
	case errors.As(err, &connect):
		return 0, true
	}
	return 0, false
}

// withoutURL takes the URL out of an error of net/url or net/http: it may hold a password or a key.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

const maxShown = 2000 // bytes of an endpoint's text in an error

// cut bounds what an endpoint said, without splitting a character.
func cut(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= maxShown {
		return text
	}
	return strings.ToValidUTF8(text[:maxShown], "") + "…"
}

// spell writes a duration in days, hours and minutes.
func spell(d time.Duration) string {
	minutes := int(d / time.Minute)
	if minutes == 0 {
		return "less than a minute"
	}
	var parts []string
	add := func(n int, unit string) {
		switch n {
		case 0:
		case 1:
			parts = append(parts, "1 "+unit)
		default:
			parts = append(parts, fmt.Sprintf("%d %ss", n, unit))
		}
	}
	add(minutes/(24*60), "day")
	add(minutes/60%24, "hour")
	add(minutes%60, "minute")
	return strings.Join(parts, " ")
}
