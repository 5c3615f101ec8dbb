package scripted_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex/model/scripted"
)

func post(t *testing.T, url, body string) (int, http.Header, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, response.Header, string(text)
}

func TestScriptIsPlayedInOrder(t *testing.T) {
	server, err := scripted.Start(
		scripted.Reply{When: "special", Data: []string{"picked"}},
		scripted.Reply{Data: []string{"first"}},
		scripted.Reply{Status: 503, Headers: http.Header{"Retry-After": {"3"}}, Body: "busy"},
		scripted.Reply{Data: []string{"two\nlines"}},
	)
	require.NoError(t, err)
	defer func() { require.NoError(t, server.Close()) }()
	url := server.URL() + "/responses"

	_, _, text := post(t, url, "hello")
	require.Equal(t, "data: first\n\n", text)
	_, _, text = post(t, url, "something special")
	require.Equal(t, "data: picked\n\n", text)
	status, header, text := post(t, url, "hello")
	require.Equal(t, 503, status)
	require.Equal(t, "3", header.Get("Retry-After"))
	require.Equal(t, "busy", text)
	_, _, text = post(t, url, "hello")
	require.Equal(t, "data: two\ndata: lines\n\n", text)
	status, _, text = post(t, url, "hello")
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, text, "no reply left")

	server.Add(scripted.Reply{Data: []string{"more"}, Forever: true})
	for range 2 {
		_, _, text = post(t, url, "hello")
		require.Equal(t, "data: more\n\n", text)
	}
	require.NoError(t, server.Wait(t.Context(), 7))
	requests := server.Requests()
	require.Len(t, requests, 7)
	require.Equal(t, "something special", string(requests[1].Body))
	require.Equal(t, "/v1/responses", requests[1].Path)
}

func TestOtherPathsAreNotServed(t *testing.T) {
	server, err := scripted.Start(scripted.Reply{})
	require.NoError(t, err)
	defer func() { require.NoError(t, server.Close()) }()
	status, _, _ := post(t, server.URL()+"/models", "")
	require.Equal(t, http.StatusNotFound, status)
}

func TestHoldWaitsForTheGate(t *testing.T) {
	gate := make(chan struct{})
	server := scripted.New(scripted.Reply{Data: []string{"a", "b"}, Hold: gate, HoldAfter: 1})
	web := httptest.NewServer(server)
	defer web.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, web.URL+"/responses", nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	first := make([]byte, len("data: a\n\n"))
	_, err = io.ReadFull(response.Body, first)
	require.NoError(t, err)
	require.Equal(t, "data: a\n\n", string(first))
	close(gate)
	rest, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, "data: b\n\n", string(rest))
}

func TestCloseEndsWhatHangs(t *testing.T) {
	server := scripted.New(scripted.Reply{End: scripted.EndHang})
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/v1/responses", nil))
	}()
	require.NoError(t, server.Wait(t.Context(), 1))
	require.NoError(t, server.Close())
	require.NoError(t, server.Close())
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("the reply goes on")
	}
}

func TestWaitGivesUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, scripted.New().Wait(ctx, 1), context.Canceled)
}
