package model_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex/model"
)

// network is a server without sockets, so that tests can run in synctest's time.
type network func(request *http.Request) (*http.Response, error)

func (n network) RoundTrip(r *http.Request) (*http.Response, error) { return n(r) }

func respond(status int, headers http.Header, body io.ReadCloser) *http.Response {
	return &http.Response{StatusCode: status, Header: headers, Body: body, ProtoMajor: 1, ProtoMinor: 1}
}

func fixed(status int, headers http.Header, body string) *http.Response {
	return respond(status, headers, io.NopCloser(strings.NewReader(body)))
}

const completed = "data: {\"type\":\"response.completed\",\"response\":{\"id\":\"r\"}}\n\n"

func fake(n network, change func(*model.Provider)) *model.Endpoint {
	provider := model.Provider{Name: "Fake", BaseURL: "http://model.test/v1", WireAPI: model.WireAPIResponses}
	if change != nil {
		change(&provider)
	}
	return model.New(provider, model.Options{Getenv: noEnv, HTTPClient: &http.Client{Transport: n}})
}

func TestRequestsAreRetried(t *testing.T) {
	within := func(want time.Duration) func(*testing.T, time.Duration) {
		return func(t *testing.T, got time.Duration) {
			t.Helper()
			require.InDelta(t, float64(want), float64(got), float64(want)/10)
		}
	}
	exactly := func(want time.Duration) func(*testing.T, time.Duration) {
		return func(t *testing.T, got time.Duration) { t.Helper(); require.Equal(t, want, got) }
	}
	tests := []struct {
		name    string
		status  int // 0 is no connection
		header  string
		fails   int // before it succeeds
		retries int
		want    int // requests
		elapsed func(*testing.T, time.Duration)
		wantErr string
	}{
		{"no failure", 500, "", 0, 4, 1, exactly(0), ""},
		{"server error", 500, "", 1, 4, 2, within(200 * time.Millisecond), ""},
		{"doubling", 503, "", 4, 4, 5, within(3 * time.Second), ""},
		{"no connection", 0, "", 2, 4, 3, within(600 * time.Millisecond), ""},
		{"too many requests", 429, "", 1, 4, 2, within(200 * time.Millisecond), ""},
		{"seconds asked for", 429, "12", 1, 4, 2, exactly(12 * time.Second), ""},
		{"at once asked for", 503, "0", 2, 4, 3, exactly(0), ""},
		{"date asked for", 429, "Sat, 01 Jan 2000 00:00:30 GMT", 1, 4, 2, exactly(30 * time.Second), ""},
		{"nonsense asked for", 429, "soon", 1, 4, 2, within(200 * time.Millisecond), ""},
		{"too long asked for", 429, "301", 1, 4, 1, exactly(0), "429 Too Many Requests"},
		{"used up", 502, "", 9, 2, 3, within(600 * time.Millisecond), "502 Bad Gateway"},
		{"none allowed", 502, "", 9, 0, 1, exactly(0), "502 Bad Gateway"},
		{"never connected", 0, "", 9, 1, 2, within(200 * time.Millisecond), `post "http://model.test/v1/responses": connection refused`},
		{"bad request", 400, "", 1, 4, 1, exactly(0), "400 Bad Request"},
		{"forbidden", 403, "1", 1, 4, 1, exactly(0), "403 Forbidden"},
		{"key refused", 401, "", 1, 4, 1, exactly(0), "401 Unauthorized"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				requests := 0
				var first string
				e := fake(func(r *http.Request) (*http.Response, error) {
					body, err := io.ReadAll(r.Body)
					require.NoError(t, err)
					if requests++; requests == 1 {
						first = string(body)
					}
					require.Equal(t, first, string(body))
					switch {
					case requests > test.fails:
						return fixed(200, nil, completed), nil
					case test.status == 0:
						return nil, errors.New("connection refused")
					}
					headers := http.Header{}
					if test.header != "" {
						headers.Set("Retry-After", test.header)
					}
					return fixed(test.status, headers, ""), nil
				}, func(p *model.Provider) { p.RequestMaxRetries = &test.retries })
				start := time.Now()
				_, err := ask(t, e, helloRequest(t))
				if test.wantErr == "" {
					require.NoError(t, err)
				} else {
					require.ErrorContains(t, err, test.wantErr)
				}
				require.Equal(t, test.want, requests)
				test.elapsed(t, time.Since(start))
			})
		})
	}
}

func TestBackoff(t *testing.T) {
	for n, want := range map[int]time.Duration{
		-1: 200 * time.Millisecond, 1: 200 * time.Millisecond, 2: 400 * time.Millisecond, 5: 3200 * time.Millisecond,
		10: time.Minute, 1000: time.Minute,
	} {
		for range 20 {
			require.InDelta(t, float64(want), float64(model.Backoff(n)), float64(want)/10+1)
		}
	}
}

func TestIdleEndpoint(t *testing.T) {
	limit := func(p *model.Provider) { p.StreamIdleTimeout, p.RequestMaxRetries = 10*time.Second, new(0) }
	isIdle := func(t *testing.T, err error) {
		t.Helper()
		require.ErrorContains(t, err, "the endpoint went silent for 10s")
		_, again := model.Retryable(err)
		require.True(t, again)
	}

	t.Run("before the answer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			_, err := ask(t, fake(func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}, limit), helloRequest(t))
			isIdle(t, err)
			require.Equal(t, 10*time.Second, time.Since(start))
		})
	})
	t.Run("between events", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			e := fake(func(r *http.Request) (*http.Response, error) {
				return respond(200, nil, dripping(r.Context(), 9*time.Second, "data: {\"type\":\"response.created\"}\n\n", 3)), nil
			}, limit)
			start := time.Now()
			created := 0
			var last error
			for event, err := range e.Stream(t.Context(), helloRequest(t)) {
				if last = err; event != nil {
					created++
				}
			}
			isIdle(t, last)
			require.Equal(t, 3, created)
			require.Equal(t, 37*time.Second, time.Since(start), "9 s for each of three events, then 10 s")
		})
	})
	t.Run("the consumer's time does not count", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			e := fake(func(*http.Request) (*http.Response, error) {
				return fixed(200, nil, "data: {\"type\":\"response.created\"}\n\n"+completed), nil
			}, limit)
			for event, err := range e.Stream(t.Context(), helloRequest(t)) {
				require.NoError(t, err)
				if event == (model.Created{}) {
					<-time.After(time.Hour) // a command that takes its time
				}
			}
		})
	})
}

// dripping is a body that gives out text again and again, each time after a while, and then nothing.
func dripping(ctx context.Context, every time.Duration, text string, times int) io.ReadCloser {
	r, w := io.Pipe()
	go func() {
		for range times {
			<-time.After(every)
			if _, err := io.WriteString(w, text); err != nil {
				return
			}
		}
		<-ctx.Done()
		_ = w.CloseWithError(ctx.Err())
	}()
	return r
}

// Rough edge 29: an answer is over when it says so.
func TestCompletedEndsAnOpenStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		got, err := ask(t, fake(func(r *http.Request) (*http.Response, error) {
			return respond(200, nil, dripping(r.Context(), 0, completed, 1)), nil
		}, nil), helloRequest(t))
		require.NoError(t, err)
		require.Equal(t, []string{"completed r"}, got)
		require.Less(t, time.Since(start), time.Second)
	})
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := fake(func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") },
			func(p *model.Provider) { p.RequestMaxRetries = new(100) })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var last error
		for _, err := range e.Stream(ctx, helloRequest(t)) {
			last = err
		}
		require.ErrorIs(t, last, context.DeadlineExceeded)
		_, again := model.Retryable(last)
		require.False(t, again)
	})
}

// Who was refused for want of a login is told so; who gave a key of their own is not.
func TestRefusalSaysThatNobodyIsSignedIn(t *testing.T) {
	for _, needsLogin := range []bool{true, false} {
		endpoint := fake(func(*http.Request) (*http.Response, error) {
			return fixed(http.StatusUnauthorized, nil, `{"error":{"message":"missing bearer"}}`), nil
		}, func(p *model.Provider) { p.RequiresOpenAIAuth = needsLogin })
		var failure error
		for _, err := range endpoint.Stream(t.Context(), model.Request{}) {
			failure = err
		}
		require.ErrorContains(t, failure, "401 Unauthorized: missing bearer")
		require.Equal(t, needsLogin, strings.Contains(failure.Error(), "nobody is signed in"))
		var status *model.StatusError
		require.ErrorAs(t, failure, &status)
	}
}
