package server_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
	"github.com/codexmcp/codexmcp/wire"
)

// tap checks every message that comes over a transport.
type tap struct {
	jsonrpc.Transport
	t         testing.TB
	validator *validator

	mu      sync.Mutex
	methods map[string]string // of our requests, by id
}

func (p *tap) Write(ctx context.Context, m jsonrpc.Outgoing) error {
	if m.Kind == jsonrpc.Request {
		p.mu.Lock()
		p.methods[m.ID.String()] = m.Method
		p.mu.Unlock()
	}
	return p.Transport.Write(ctx, m)
}

func (p *tap) Read(ctx context.Context) ([]byte, error) {
	data, err := p.Transport.Read(ctx)
	if err == nil {
		var m struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
		}
		require.NoError(p.t, json.Unmarshal(data, &m))
		p.mu.Lock()
		method := p.methods[string(m.ID)]
		p.mu.Unlock()
		p.validator.check(p.t, method, data)
	}
	return data, err
}

// peer is the client's end of a session.
type peer struct {
	*jsonrpc.Conn
	t      testing.TB
	init   mcptypes.InitializeResult
	mu     sync.Mutex
	heard  []string // methods of notifications, in their order
	params []string
	wake   chan struct{}
}

// hears takes notifications of a method.
func hears[P any](p *peer, m wire.Notification[P]) *jsonrpc.NotificationHandler {
	return jsonrpc.HandleNotification(m, func(_ context.Context, params P) {
		raw, err := wire.RawOf(&params)
		require.NoError(p.t, err)
		p.mu.Lock()
		p.heard = append(p.heard, m.Method)
		p.params = append(p.params, raw.String())
		p.mu.Unlock()
		select {
		case p.wake <- struct{}{}:
		default:
		}
	})
}

// await waits until as many notifications were heard, and returns their methods and params.
func (p *peer) await(n int) (methods, params []string) {
	p.t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		p.mu.Lock()
		methods, params = p.heard, p.params
		p.mu.Unlock()
		if len(methods) >= n {
			return methods, params
		}
		select {
		case <-p.wake:
		case <-deadline:
			require.FailNow(p.t, "not heard", "%v, want %d", methods, n)
		}
	}
}

// open connects a client that does not introduce itself. Every message of the
// server is checked against the revision's schema.
func open(t testing.TB, s *server.Server, revision string, requests map[string]*jsonrpc.RequestHandler) *peer {
	t.Helper()
	near, far := jsonrpc.Pipe()
	p := &peer{t: t, wake: make(chan struct{}, 1)}
	p.Conn = jsonrpc.New(jsonrpc.Options{Handler: &jsonrpc.Methods{Requests: requests, Notifications: map[string]*jsonrpc.NotificationHandler{
		mcptypes.ToolListChanged.Method:     hears(p, mcptypes.ToolListChanged),
		mcptypes.PromptListChanged.Method:   hears(p, mcptypes.PromptListChanged),
		mcptypes.ResourceListChanged.Method: hears(p, mcptypes.ResourceListChanged),
		mcptypes.ResourceUpdated.Method:     hears(p, mcptypes.ResourceUpdated),
		mcptypes.LoggingMessage.Method:      hears(p, mcptypes.LoggingMessage),
		mcptypes.Progress.Method:            hears(p, mcptypes.Progress),
		mcptypes.Cancelled.Method:           hears(p, mcptypes.Cancelled),
		acknowledged.Method:                 hears(p, acknowledged),
	}}})
	served := make(chan error, 1)
	go func() { served <- s.Serve(context.Background(), far) }()
	done := p.Start(context.Background(), &tap{Transport: near, t: t, validator: validatorOf(t, revision), methods: map[string]string{}})
	t.Cleanup(func() {
		require.NoError(t, p.Close(context.Background()))
		if err := <-done; err != nil {
			require.ErrorIs(t, err, jsonrpc.ErrClosed)
		}
		require.NoError(t, <-served)
	})
	return p
}

var acknowledged = wire.Notification[wire.Empty]{Method: "notifications/subscriptions/acknowledged"}

// connect opens a session in a handshake revision.
func connect(t testing.TB, s *server.Server, revision string, capabilities mcptypes.ClientCapabilities, requests map[string]*jsonrpc.RequestHandler) *peer {
	t.Helper()
	p := open(t, s, revision, requests)
	var err error
	p.init, err = jsonrpc.Call(t.Context(), p.Conn, mcptypes.Initialize, mcptypes.InitializeParams{
		ProtocolVersion: revision, ClientInfo: mcptypes.Implementation{Name: "test", Version: "1"}, Capabilities: capabilities,
	})
	require.NoError(t, err)
	require.Equal(t, revision, p.init.ProtocolVersion)
	require.NoError(t, jsonrpc.Notify(t.Context(), p.Conn, mcptypes.Initialized, mcptypes.InitializedParams{}))
	return p
}

// stateless is the metadata of a request of 2026-07-28, with what it may add.
func stateless(t testing.TB, capabilities string, more ...wire.Member) *mcptypes.RequestMeta {
	t.Helper()
	declared, err := wire.ParseRaw([]byte(capabilities))
	require.NoError(t, err)
	version, err := wire.RawOf("2026-07-28")
	require.NoError(t, err)
	return &mcptypes.RequestMeta{Extra: wire.MembersOf(append([]wire.Member{
		{Name: "io.modelcontextprotocol/protocolVersion", Value: version},
		{Name: "io.modelcontextprotocol/clientCapabilities", Value: declared},
	}, more...)...)}
}

func raw(t testing.TB, text string) wire.Raw {
	t.Helper()
	r, err := wire.ParseRaw([]byte(text))
	require.NoError(t, err)
	return r
}

// handshakes are the revisions with sessions.
var handshakes = []string{"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"}

func code(t testing.TB, err error) int64 {
	t.Helper()
	var e *jsonrpc.Error
	require.ErrorAs(t, err, &e)
	return e.Code
}

func call(t testing.TB, p *peer, name, arguments string) (mcptypes.CallToolResult, error) {
	t.Helper()
	return jsonrpc.Call(t.Context(), p.Conn, mcptypes.CallTool, mcptypes.CallToolParams{Name: name, Arguments: raw(t, arguments)})
}

func text(t testing.TB, result mcptypes.CallToolResult) string {
	t.Helper()
	require.NotEmpty(t, result.Content)
	block, ok := result.Content[0].(*mcptypes.TextContent)
	require.True(t, ok)
	return block.Text
}
