package mcpserver_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/codex"
	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/codex/mcpserver"
	"github.com/codexmcp/codexmcp/codex/model"
	"github.com/codexmcp/codexmcp/codex/model/scripted"
	"github.com/codexmcp/codexmcp/codex/rollout"
	"github.com/codexmcp/codexmcp/codex/useragent"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcpprotocol"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// A wireClient speaks raw lines with a server: what it sends and gets is what is
// on the wire.
type wireClient struct {
	t    *testing.T
	conn jsonrpc.Transport
	stop func() // closes the connection and ends the server

	mu   sync.Mutex
	cond *sync.Cond
	got  []message
	end  error
}

// A message is one that the server sent, decoded as plain JSON.
type message map[string]any

// A setup is what a test's server runs with.
type setup struct {
	replies  []scripted.Reply
	config   []string // further lines of config.toml, top level
	wire     string   // the model API; chat when empty
	provider []string // further lines of the provider's table
	options  func(*mcpserver.Options)
	manager  func(*codex.Options)
	home     string
}

// start runs a server in memory, against a scripted model. It ends with the test
// at the latest.
func start(t *testing.T, s setup) (*wireClient, *scripted.Server) {
	t.Helper()
	endpoint, err := scripted.Start(s.replies...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, endpoint.Close()) })
	home, cwd := s.home, t.TempDir()
	if home == "" {
		home = t.TempDir()
	}
	lines := append([]string{`model = "mock-model"`, `model_provider = "mock"`}, s.config...)
	if s.wire == "" {
		s.wire = "chat"
	}
	lines = append(lines, `[model_providers.mock]`, `name = "Mock"`, `base_url = "`+endpoint.URL()+`"`, `wire_api = "`+s.wire+`"`)
	if s.provider == nil {
		s.provider = []string{`request_max_retries = 0`, `stream_max_retries = 0`}
	}
	lines = append(lines, s.provider...)
	require.NoError(t, os.WriteFile(home+"/config.toml", []byte(strings.Join(lines, "\n")), 0o600))
	base, err := config.Load(config.Source{Home: home, Cwd: cwd, Environ: os.Environ(), Version: "0.0.1"})
	require.NoError(t, err)
	agent := useragent.New("0.0.1", func(string) (string, bool) { return "", false })
	program, err := os.Executable()
	require.NoError(t, err)
	managerOptions := codex.Options{
		Config: base, Program: program, Helper: program, Sandboxed: func() bool { return true },
		NewModel: func(c *config.Conversation) (model.Client, error) {
			return model.New(c.Provider.Provider, model.Options{UserAgent: agent.String(), Originator: agent.Originator}), nil
		},
		NewRecorder: func(id mcpprotocol.ConversationID, c *config.Conversation, instructions string) (codex.Recorder, error) {
			return rollout.Create(rollout.Options{Home: c.Home, ConversationID: id, Cwd: c.Cwd, Instructions: instructions})
		},
	}
	if s.manager != nil {
		s.manager(&managerOptions)
	}
	manager := codex.NewManager(managerOptions)
	options := mcpserver.Options{Manager: manager, Agent: agent, Version: "0.0.1"}
	if s.options != nil {
		s.options(&options)
	}
	srv, err := mcpserver.New(options)
	require.NoError(t, err)
	near, far := jsonrpc.Pipe()
	served := make(chan error, 1)
	go func() { served <- srv.Serve(context.Background(), far) }()
	c := &wireClient{t: t, conn: near}
	c.cond = sync.NewCond(&c.mu)
	read := make(chan struct{})
	go func() {
		defer close(read)
		c.read()
	}()
	c.stop = sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		assert.NoError(t, near.Close())
		if err := <-served; !errors.Is(err, io.ErrClosedPipe) { // it was about to write
			assert.NoError(t, err)
		}
		assert.NoError(t, manager.Close(ctx))
		<-read
	})
	t.Cleanup(c.stop)
	return c, endpoint
}

func (c *wireClient) read() {
	for {
		data, err := c.conn.Read(context.Background())
		var m message
		if err == nil {
			err = json.Unmarshal(data, &m)
		}
		c.mu.Lock()
		if err != nil {
			c.end = err
		} else {
			c.got = append(c.got, m)
		}
		c.cond.Broadcast()
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// send sends text as it is.
func (c *wireClient) send(text string) {
	c.t.Helper()
	require.NoError(c.t, c.conn.Write(context.Background(), jsonrpc.Outgoing{Data: []byte(text)}))
}

// initialize introduces the client with the given capabilities.
func (c *wireClient) initialize(capabilities string) message {
	c.t.Helper()
	c.send(`{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":` + capabilities +
		`,"clientInfo":{"name":"test","version":"1"}}}`)
	return c.response("init")
}

// wait returns the first message that fits, taking it away.
func (c *wireClient) wait(what string, fits func(message) bool) message {
	c.t.Helper()
	stop := time.AfterFunc(patience, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.end == nil {
			c.end = context.DeadlineExceeded
		}
		c.cond.Broadcast()
	})
	defer stop.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		for i, m := range c.got {
			if fits(m) {
				c.got = append(c.got[:i:i], c.got[i+1:]...)
				return m
			}
		}
		if c.end != nil {
			seen, _ := json.Marshal(c.got)
			require.FailNow(c.t, "no "+what, "%v; what came: %s", c.end, seen)
		}
		c.cond.Wait()
	}
}

// response waits for the response to a request.
func (c *wireClient) response(id any) message {
	c.t.Helper()
	want, err := json.Marshal(id)
	require.NoError(c.t, err)
	return c.wait("response to "+string(want), func(m message) bool {
		if _, isRequest := m["method"]; isRequest {
			return false
		}
		got, has := m["id"]
		text, err := json.Marshal(got)
		return has && err == nil && string(text) == string(want)
	})
}

// code is the error code of the response to a request.
func (c *wireClient) code(id any) int {
	c.t.Helper()
	m := c.response(id)
	e, ok := m["error"].(map[string]any)
	require.True(c.t, ok, "%v is no error", m)
	require.NotEmpty(c.t, e["message"])
	return int(e["code"].(float64))
}

// event waits for an event of a type.
func (c *wireClient) event(kind string) map[string]any {
	c.t.Helper()
	m := c.wait("event "+kind, func(m message) bool { return eventType(m) == kind })
	return m["params"].(map[string]any)
}

// request waits for a request of the server.
func (c *wireClient) request(method string) message {
	c.t.Helper()
	return c.wait("request "+method, func(m message) bool { _, has := m["id"]; return has && m["method"] == method })
}

// news waits until another message comes, but not for longer than limit.
func (c *wireClient) news(limit time.Duration) {
	late := false
	timer := time.AfterFunc(limit, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		late = true
		c.cond.Broadcast()
	})
	defer timer.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for n := len(c.got); len(c.got) == n && c.end == nil && !late; {
		c.cond.Wait()
	}
}

// pending returns the messages nobody has waited for yet.
func (c *wireClient) pending() []message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]message(nil), c.got...)
}

func eventType(m message) string {
	params, _ := m["params"].(map[string]any)
	msg, _ := params["msg"].(map[string]any)
	kind, _ := msg["type"].(string)
	return kind
}

func encode(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}

// shellCall is a reply of the model that calls the shell.
func shellCall(t *testing.T, id string, argv ...string) scripted.Reply {
	t.Helper()
	return scripted.Reply{Calls: []scripted.Call{{ID: id, Name: "shell", Arguments: encode(t, map[string]any{"command": argv})}}}
}

func text(parts ...string) scripted.Reply { return scripted.Reply{Text: parts} }

type (
	scriptedReply = scripted.Reply
	rawJSON       = json.RawMessage
)
