package server_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/mcptypes/mcp20251125"
	"github.com/codexmcp/codexmcp/server"
)

// waits are the calls of a handler that wait for the client.
var waits = map[string]func(ctx context.Context) error{
	"elicit": func(ctx context.Context) error {
		_, err := server.Elicit(ctx, mcptypes.ElicitParams{Message: "?"})
		return err
	},
	"page": func(ctx context.Context) error {
		_, err := server.ElicitURL(ctx, mcp20251125.ElicitURLParams{Message: "?", URL: "https://example.com", ElicitationID: "1"})
		return err
	},
	"sample": func(ctx context.Context) error {
		_, err := server.Sample(ctx, mcptypes.CreateMessageParams{MaxTokens: 1})
		return err
	},
	"roots": func(ctx context.Context) error {
		_, err := server.Roots(ctx)
		return err
	},
	"ask": func(ctx context.Context) error {
		_, err := server.Ask(ctx, server.SessionFrom(ctx), mcptypes.ListRoots, mcptypes.ListRootsParams{})
		return err
	},
	// Without end, until the client does not take any more.
	"tell": func(ctx context.Context) error {
		return flood(func() error {
			return server.Tell(ctx, server.SessionFrom(ctx), mcptypes.ToolListChanged, mcptypes.ToolListChangedParams{})
		})
	},
	"progress": func(ctx context.Context) error {
		return flood(func() error { return server.Progress(ctx, 1, nil, strings.Repeat("x", 1<<16)) })
	},
	"log": func(ctx context.Context) error {
		return flood(func() error { return server.Log(ctx, mcptypes.LoggingLevelError, "", strings.Repeat("x", 1<<16)) })
	},
}

func flood(send func() error) error {
	for {
		if err := send(); err != nil {
			return err
		}
	}
}

// blackHole is a server with a tool for each of them, which gives a call some time.
func blackHole(t *testing.T, name string, ended chan<- error) *server.Server {
	s := server.New(info, &server.Options{Logging: true})
	require.NoError(t, server.AddTool(s, mcptypes.Tool{Name: "wait"}, func(ctx context.Context, _ struct{}) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
		defer cancel()
		err := waits[name](ctx)
		ended <- err
		return "", err
	}))
	return s
}

const blackCall = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait","_meta":{"progressToken":1}}}`
const blackCan = `{"roots":{},"sampling":{},"elicitation":{"form":{},"url":{}}}`

// TestBlackHoleOverAStream has a client that reads nothing once it has called.
func TestBlackHoleOverAStream(t *testing.T) {
	for name := range waits {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ended := make(chan error, 1)
			s := blackHole(t, name, ended)
			near, far := jsonrpc.Pipe()
			served := make(chan error, 1)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() { served <- s.Serve(ctx, far) }()
			for _, text := range []string{
				`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":` + blackCan + `,"clientInfo":{"name":"t","version":"1"}}}`,
				blackCall,
			} {
				require.NoError(t, near.Write(ctx, jsonrpc.Outgoing{Data: []byte(text)}))
				if strings.Contains(text, "initialize") {
					_, err := near.Read(ctx)
					require.NoError(t, err)
				}
			}
			require.Error(t, <-ended)
			cancel()
			require.Error(t, <-served)
			require.NoError(t, near.Close())
		})
	}
}

// TestBlackHoleOverHTTP has a client that opens the stream of its answer and
// reads nothing of it.
func TestBlackHoleOverHTTP(t *testing.T) {
	for name := range waits {
		if name == "tell" || name == "progress" || name == "log" {
			continue // kept by the store, within its bounds
		}
		t.Run(name, func(t *testing.T) {
			ended := make(chan error, 1)
			web, _ := site(t, blackHole(t, name, ended), &server.HTTPOptions{WriteTimeout: 100 * time.Millisecond})
			id := initialize(t, web, "2025-11-25", blackCan)
			resp := start(t, web, http.MethodPost, blackCall, "Mcp-Session-Id", id)
			require.ErrorIs(t, <-ended, context.DeadlineExceeded)
			require.NoError(t, resp.Body.Close())
		})
	}
}

// stuck is a store that does not answer until it is told to stop.
type stuck struct {
	server.Store
	hang func() bool
}

func (s *stuck) Load(ctx context.Context, session string) (server.Record, error) {
	if s.hang() {
		<-ctx.Done()
		return server.Record{}, context.Cause(ctx)
	}
	return s.Store.Load(ctx, session)
}

// TestBlackHoleOfAStore has a store that hangs: who goes away is let go, and the rest goes on.
func TestBlackHoleOfAStore(t *testing.T) {
	hang := false
	web, _ := site(t, server.New(info, nil), &server.HTTPOptions{Store: &stuck{server.NewMemoryStore(server.MemoryOptions{}), func() bool { return hang }}})
	id := initialize(t, web, "2025-06-18", `{}`)
	hang = true
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, web.URL, strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"ping"}`))
	require.NoError(t, err)
	r.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"*/*"}, "Mcp-Session-Id": {id}}
	_, err = web.Client().Do(r)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	list := post(t, web, `{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{`+modernMeta+`}}`,
		"Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", "server/discover")
	require.Equal(t, http.StatusOK, list.StatusCode, list.body)
}
