package model

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	firstDelay = 200 * time.Millisecond
	lastDelay  = time.Minute
	// maxDelay is the longest wait that an endpoint may ask for. Beyond it a request fails at once,
	// with an error that says so, instead of a turn that seems to hang.
	maxDelay = 5 * time.Minute
)

// Backoff is the delay before the nth retry, counted from 1: 200 ms, doubled each time up to a
// minute, give or take a tenth.
func Backoff(n int) time.Duration {
	delay := firstDelay
	for i := 1; i < n && delay < lastDelay; i++ {
		delay *= 2
	}
	delay = min(delay, lastDelay)
	return time.Duration(float64(delay) * (0.9 + 0.2*rand.Float64()))
}

// sleep waits for d or for the end of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// retryAfter reads a Retry-After header: whole seconds or a date. given is false without one.
func retryAfter(headers http.Header) (delay time.Duration, given bool) {
	text := strings.TrimSpace(headers.Get("Retry-After"))
	if text == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(time.Until(at), 0), true
	}
	return 0, false
}

// hintedDelay finds "try again in 1.5s" or "... 250ms" in a message about a rate limit.
func hintedDelay(message string) time.Duration {
	const phrase = "try again in "
	lower := strings.ToLower(message)
	at := strings.Index(lower, phrase)
	if at < 0 {
		return 0
	}
	rest := lower[at+len(phrase):]
	digits := 0
	for digits < len(rest) && (rest[digits] >= '0' && rest[digits] <= '9' || rest[digits] == '.') {
		digits++
	}
	number, err := strconv.ParseFloat(rest[:digits], 64)
	if err != nil {
		return 0
	}
	number = min(number, 1e6) // long enough to be too long
	unit := strings.TrimLeft(rest[digits:], " ")
	switch {
	case strings.HasPrefix(unit, "ms"), strings.HasPrefix(unit, "millisecond"):
		return time.Duration(number * float64(time.Millisecond))
	case strings.HasPrefix(unit, "s"):
		return time.Duration(number * float64(time.Second))
	}
	return 0
}
