package model_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex/model"
	"github.com/codexmcp/codexmcp/codex/model/scripted"
)

func TestCancelInTheMiddle(t *testing.T) {
	for _, api := range []model.WireAPI{model.WireAPIChat, model.WireAPIResponses} {
		t.Run(string(api), func(t *testing.T) {
			_, provider := start(t, api, scripted.Reply{Text: []string{"par"}, End: scripted.EndHang})
			request := helloRequest(t)
			request.ShowRawReasoning = true
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var last error
			for event, err := range model.New(provider, model.Options{Getenv: noEnv}).Stream(ctx, request) {
				if event == (model.TextDelta{Text: "par"}) {
					cancel()
				}
				last = err
			}
			require.ErrorIs(t, last, context.Canceled)
		})
	}
}

// A consumer that leaves takes the request with it: the server sees it end.
func TestLeavingEndsTheRequest(t *testing.T) {
	gone := make(chan struct{})
	model1 := scripted.New(scripted.Reply{Text: []string{"par"}, End: scripted.EndHang})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		model1.ServeHTTP(w, r)
		close(gone)
	}))
	defer server.Close()
	provider := model.Provider{BaseURL: server.URL, WireAPI: model.WireAPIResponses}
	for _, err := range model.New(provider, model.Options{Getenv: noEnv}).Stream(t.Context(), helloRequest(t)) {
		require.NoError(t, err)
		break
	}
	select {
	case <-gone:
	case <-time.After(10 * time.Second):
		t.Fatal("the request goes on")
	}
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	for _, api := range []model.WireAPI{model.WireAPIChat, model.WireAPIResponses} {
		t.Run(string(api), func(t *testing.T) {
			var connections atomic.Int64
			server := httptest.NewUnstartedServer(scripted.New(scripted.Reply{Text: []string{"fine"}, Usage: usage, Forever: true}))
			server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					connections.Add(1)
				}
			}
			server.Start()
			defer server.Close()
			e := model.New(model.Provider{BaseURL: server.URL, WireAPI: api}, model.Options{Getenv: noEnv})
			for range 5 {
				_, err := ask(t, e, helloRequest(t))
				require.NoError(t, err)
			}
			require.Equal(t, int64(1), connections.Load())
		})
	}
}

func TestFixture(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fixture.sse")
	require.NoError(t, os.WriteFile(path, []byte(strings.Join([]string{
		`event: response.created`,
		`data: {"type":"response.created"}`,
		`data: {"type":"response.output_item.done","item":{"type":"message","role":"assistant","content":[{"type":"output_text","text":"fine"}]}}`,
		`data: {"type":"response.completed","response":{"id":"r"}}`,
	}, "\n")), 0o600))
	provider := model.Provider{Name: "P", BaseURL: "http://127.0.0.1:9", WireAPI: model.WireAPIResponses}

	got, err := ask(t, model.New(provider, model.Options{Getenv: env(map[string]string{"CODEX_RS_SSE_FIXTURE": path})}), helloRequest(t))
	require.NoError(t, err)
	require.Equal(t, []string{"created",
		`item {"content":[{"text":"fine","type":"output_text"}],"role":"assistant","type":"message"}`, "completed r"}, got)

	_, err = ask(t, model.New(provider, model.Options{Getenv: env(map[string]string{"CODEX_RS_SSE_FIXTURE": path + ".no"})}), helloRequest(t))
	require.ErrorContains(t, err, "CODEX_RS_SSE_FIXTURE")
}

// One endpoint serves many conversations at once.
func TestStreamsAtOnce(t *testing.T) {
	_, provider := start(t, model.WireAPIResponses, scripted.Reply{Text: []string{"fi", "ne"}, Forever: true})
	e := model.New(provider, model.Options{Getenv: noEnv})
	request := helloRequest(t)
	done := make(chan error, 8)
	for range cap(done) {
		go func() {
			var last error
			for range 5 {
				for _, err := range e.Stream(t.Context(), request) {
					last = err
				}
			}
			done <- last
		}()
	}
	for range cap(done) {
		require.NoError(t, <-done)
	}
}
