package model

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/mcpprotocol"
)

func readAll(r io.Reader) ([]string, error) {
	s := newSSEReader(r)
	var events []string
	for {
		data, err := s.next()
		if err != nil {
			return events, err
		}
		events = append(events, string(data))
	}
}

func TestServerSentEvents(t *testing.T) {
	tests := []struct {
		name, in string
		want     []string
	}{
		{"one", "data: a\n\n", []string{"a"}},
		{"named", "event: x\nid: 1\nretry: 5\ndata: a\n\n", []string{"a"}},
		{"no space", "data:a\n\n", []string{"a"}},
		{"two spaces", "data:  a\n\n", []string{" a"}},
		{"several lines", "data: a\ndata: b\n\ndata: c\n\n", []string{"a\nb", "c"}},
		{"windows", "data: a\r\ndata: b\r\n\r\n", []string{"a\nb"}},
		{"comments", ": ping\n\n: ping\ndata: a\n: ping\n\n", []string{"a"}},
		{"empty lines", "\n\n\ndata: a\n\n\n", []string{"a"}},
		{"empty data", "data\n\ndata:\n\n", []string{"", ""}},
		{"byte order mark", "\xef\xbb\xbfdata: a\n\n", []string{"a"}},
		{"last line missing", "data: a\n", []string{"a"}},
		{"line end missing", "data: a\n\ndata: b", []string{"a", "b"}},
		{"nothing", "", nil},
		{"long", "data: " + strings.Repeat("x", 100_000) + "\ndata: y\n\n", []string{strings.Repeat("x", 100_000) + "\ny"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(test.in), iotest.OneByteReader(strings.NewReader(test.in))} {
				got, err := readAll(r)
				require.ErrorIs(t, err, io.EOF)
				require.Equal(t, test.want, got)
			}
		})
	}
}

func TestServerSentEventsAreBounded(t *testing.T) {
	s := newSSEReader(strings.NewReader("data: " + strings.Repeat("x", 20_000) + "\n\n"))
	s.maxEvent = 10_000
	_, err := s.next()
	require.ErrorIs(t, err, errEventTooLarge)

	s = newSSEReader(strings.NewReader(strings.Repeat("data: 123456789\n", 2000)))
	s.maxEvent = 10_000
	_, err = s.next()
	require.ErrorIs(t, err, errEventTooLarge)

	s = newSSEReader(strings.NewReader(strings.Repeat(": nothing\n", 2000)))
	s.maxTotal = 10_000
	_, err = s.next()
	require.ErrorIs(t, err, errAnswerTooLarge)
}

func TestBrokenStreamGivesNothingTorn(t *testing.T) {
	broken := errors.New("broken")
	got, err := readAll(io.MultiReader(strings.NewReader("data: a\n\ndata: b"), iotest.ErrReader(broken)))
	require.ErrorIs(t, err, broken)
	require.Equal(t, []string{"a"}, got)
}

func FuzzServerSentEvents(f *testing.F) {
	f.Add("data: a\n\n")
	f.Add("data: a\r\ndata: b\n\n: c\n\n")
	f.Fuzz(func(t *testing.T, in string) {
		whole, err := readAll(strings.NewReader(in))
		require.ErrorIs(t, err, io.EOF)
		pieces, err := readAll(iotest.OneByteReader(strings.NewReader(in)))
		require.ErrorIs(t, err, io.EOF)
		require.Equal(t, whole, pieces)
	})
}

// An endpoint may send anything: reading it ends with an error or an end, and nothing panics.
func FuzzAnswers(f *testing.F) {
	f.Add("data: {\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"usage\":{\"input_tokens\":1}}}\n\n")
	f.Add("data: {\"type\":\"response.output_item.done\",\"item\":{\"type\":\"reasoning\",\"summary\":[]}}\n\n")
	f.Add("data: {\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"try again in 1s\"}}}\n\n")
	f.Add("data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{}}]},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	f.Add("data: {\"choices\":[{\"delta\":{\"reasoning\":{\"text\":\"a\"}}}],\"usage\":{}}\n\n")
	f.Fuzz(func(t *testing.T, in string) {
		for _, read := range []func(*answer) error{
			func(a *answer) error { return readChat(a, true, func(Event) bool { return true }) },
			func(a *answer) error { return readResponses(a, true, false, func(Event) bool { return true }) },
		} {
			a := newAnswer(t.Context(), DefaultStreamIdleTimeout)
			a.read(io.NopCloser(strings.NewReader(in)), "")
			_ = read(a)
			a.close()
		}
	})
}

func TestSharedClient(t *testing.T) {
	transport, ok := sharedClient().Transport.(*http.Transport)
	require.True(t, ok)
	require.NotNil(t, transport.Proxy, "the proxies of the environment are used")
	require.Same(t, sharedClient(), sharedClient())
}

func TestHintedDelay(t *testing.T) {
	for message, want := range map[string]time.Duration{
		"Please try again in 1.5s.":          1500 * time.Millisecond,
		"please TRY AGAIN IN 250ms":          250 * time.Millisecond,
		"try again in 3 seconds, or pay":     3 * time.Second,
		"try again in 40 milliseconds":       40 * time.Millisecond,
		"try again in 5 minutes":             0,
		"try again in a while":               0,
		"try again in 1.2.3s":                0,
		"slow down":                          0,
		"try again in ":                      0,
		"try again in 99999999999999999999s": 1_000_000 * time.Second,
	} {
		require.Equal(t, want, hintedDelay(message), message)
	}
}

func TestSpell(t *testing.T) {
	for d, want := range map[time.Duration]string{
		30 * time.Second: "less than a minute",
		time.Minute:      "1 minute",
		25 * time.Hour:   "1 day 1 hour",
		48*time.Hour + 2*time.Hour + 2*time.Minute: "2 days 2 hours 2 minutes",
	} {
		require.Equal(t, want, spell(d))
	}
}

func TestUsageLimitAdvice(t *testing.T) {
	for plan, want := range map[mcpprotocol.PlanType]string{
		mcpprotocol.PlanTypeFree: "upgrade the plan", mcpprotocol.PlanTypePlus: "upgrade to Pro",
		mcpprotocol.PlanTypeTeam: "administrator", mcpprotocol.PlanTypeBusiness: "administrator", "": ": try again later",
	} {
		require.Contains(t, (&UsageLimitError{Plan: plan}).Error(), want)
	}
}

func TestCutKeepsCharactersWhole(t *testing.T) {
	long := cut(strings.Repeat("é", maxShown))
	require.True(t, utf8.ValidString(long))
	require.LessOrEqual(t, len(long), maxShown+len("…"))
	require.Equal(t, "a\uFFFD", cut("a\xff"))
}
