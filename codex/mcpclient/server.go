package mcpclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/codexmcp/codexmcp/client"
	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
)

const (
	// maxTools is how many tools of one server are offered.
	maxTools = 1000
	// firstPause is how long a server that died is left alone; it doubles with
	// every failure in a row up to maxPause.
	firstPause = time.Second
	maxPause   = time.Minute
	// settled is how long a server must have lived for its end to be no failure
	// in a row.
	settled = time.Minute
)

// A server is one external server, whether it runs or not.
type server struct {
	config  config.MCPServer
	options *Options
	pool    *Pool
	turn    chan struct{} // holds a token while somebody starts the server

	// mu protects what follows.
	mu         sync.Mutex
	session    *client.Session
	began      time.Time // when session did
	tools      []mcptypes.Tool
	failures   int       // in a row
	retryAt    time.Time // after a failure: not to be started before
	failed     error     // what that was
	refreshing bool
	stale      bool // the list changed again while it was refreshed
	closed     bool
}

// connect starts a server as a child process, or opens a session with one that
// is elsewhere.
func connect(ctx context.Context, c config.MCPServer, environ []string, o client.Options) (*client.Session, error) {
	if c.URL != "" {
		header := http.Header{}
		for name, value := range c.Headers {
			header.Set(name, value)
		}
		if c.BearerTokenVar != "" {
			token := variable(environ, c.BearerTokenVar)
			if token == "" {
				return nil, fmt.Errorf("the variable %s, which should hold the token for %s, is not set", c.BearerTokenVar, c.URL)
			}
			header.Set("Authorization", "Bearer "+token)
		}
		return client.ConnectHTTP(ctx, client.HTTP{URL: c.URL, Header: header}, o)
	}
	cmd := exec.Command(c.Command, c.Args...)
	cmd.Env = client.Environment(environ, c.Env)
	transport, err := client.Command(cmd, o.Limits)
	if err != nil {
		return nil, err
	}
	return client.Connect(ctx, transport, o)
}

// variable is the value of a variable in an environment.
func variable(environ []string, name string) string {
	for _, v := range slices.Backward(environ) {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// revisions are the revisions a server can have. The handshake comes first, as
// most servers know nothing else and not all answer what they do not know.
var revisions = []string{mcptypes.LatestRevision, "2025-11-25", "2025-03-26", "2024-11-05", client.Stateless}

// running returns a session with the server, which it starts if it does not run.
func (s *server) running(ctx context.Context) (*client.Session, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if session, err := s.current(); session != nil || err != nil {
		return session, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.pool.ctx, func() { cancel(errClosed) })()
	session, tools, err := s.start(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil && s.closed {
		err = errors.Join(errClosed, session.Close(context.WithoutCancel(ctx)))
	}
	if err != nil {
		s.noteFailure(err)
		return nil, err
	}
	s.session, s.tools, s.began = session, tools, time.Now()
	return session, nil
}

// current returns the session if it is alive, and an error while it is too
// early to start another.
func (s *server) current() (*client.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	if s.session != nil {
		err := s.session.Err()
		if err == nil {
			return s.session, nil
		}
		if time.Since(s.began) > settled {
			s.failures = 0
		}
		s.noteFailure(err)
		s.session = nil
	}
	if rest := time.Until(s.retryAt); rest > 0 {
		return nil, fmt.Errorf("it failed and is not started again before %v: %w", rest.Round(time.Millisecond), s.failed)
	}
	return nil, nil
}

// noteFailure makes the next start wait. mu is held.
func (s *server) noteFailure(err error) {
	s.failed = err
	s.retryAt = time.Now().Add(min(firstPause<<min(s.failures, 16), maxPause))
	s.failures++
}

// start starts the server and asks for its tools.
func (s *server) start(ctx context.Context) (*client.Session, []mcptypes.Tool, error) {
	limit := s.config.StartupTimeout
	if limit <= 0 {
		limit = config.DefaultStartupTimeout
	}
	late := fmt.Errorf("no answer within %v: %w", limit, context.DeadlineExceeded)
	starting, cancel := context.WithTimeoutCause(ctx, limit, late)
	defer cancel()
	o := client.Options{
		Info: s.options.Info, Revisions: revisions, Limits: limits,
		ToolsChanged: func(context.Context) { s.refresh() },
		Message: func(ctx context.Context, m mcptypes.LoggingMessageParams) {
			s.options.Log.DebugContext(ctx, "MCP server says", "server", s.config.Name, "level", string(m.Level), "data", m.Data.String())
		},
		Log: s.options.Log.With("server", s.config.Name),
	}
	if elicit := s.options.Elicit; elicit != nil {
		o.Elicit = func(ctx context.Context, p mcptypes.ElicitParams) (mcptypes.ElicitResult, error) {
			return elicit(ctx, s.config.Name, p)
		}
	}
	if create := s.options.CreateMessage; create != nil {
		o.CreateMessage = func(ctx context.Context, p mcptypes.CreateMessageParams) (mcptypes.CreateMessageResult, error) {
			return create(ctx, s.config.Name, p)
		}
	}
	session, err := s.options.Connect(starting, s.config, o)
	if err != nil {
		return nil, nil, err
	}
	listing, done := context.WithTimeoutCause(ctx, limit, late)
	defer done()
	tools, err := s.list(listing, session)
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
		defer cancel()
		if closing := session.Close(ctx); closing != nil {
			s.options.Log.Debug("close MCP server", "server", s.config.Name, "error", closing)
		}
		return nil, nil, err
	}
	return session, tools, nil
}

// list asks for all tools.
func (s *server) list(ctx context.Context, session *client.Session) ([]mcptypes.Tool, error) {
	var tools []mcptypes.Tool
	for t, err := range session.Tools(ctx) {
		if refusal, ok := errors.AsType[*jsonrpc.Error](err); ok && refusal.Code == jsonrpc.CodeMethodNotFound {
			return nil, nil // it has other things to offer
		}
		if err != nil {
			return nil, err
		}
		if len(tools) == maxTools {
			s.options.Log.Warn("tools of an MCP server left out", "server", s.config.Name, "limit", maxTools)
			break
		}
		tools = append(tools, t)
	}
	return tools, nil
}

// listed are the tools the server had when it was asked last.
func (s *server) listed() []mcptypes.Tool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.tools)
}

// refresh asks for the tools anew, in the background.
func (s *server) refresh() {
	s.mu.Lock()
	again := s.refreshing
	s.stale = again
	s.refreshing = true
	s.mu.Unlock()
	if !again {
		s.pool.background(s.refreshAll)
	}
}

// refreshAll asks for the tools until the server says no more that they have
// changed, ever more slowly.
func (s *server) refreshAll() {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, maxPause) {
		ctx, cancel := context.WithTimeout(s.pool.ctx, config.DefaultStartupTimeout)
		session, err := s.running(ctx)
		var tools []mcptypes.Tool
		if err == nil {
			tools, err = s.list(ctx, session)
		}
		cancel()
		s.mu.Lock()
		if err == nil {
			s.tools = tools
		} else {
			s.options.Log.Warn("tools of an MCP server not refreshed", "server", s.config.Name, "error", err)
		}
		again := s.stale && err == nil
		s.stale = false
		s.refreshing = again
		s.mu.Unlock()
		s.pool.index()
		if !again {
			return
		}
		rest := time.NewTimer(pause)
		select {
		case <-rest.C:
		case <-s.pool.ctx.Done():
			rest.Stop()
			return
		}
	}
}

// close ends the server for good.
func (s *server) close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	session := s.session
	s.mu.Unlock()
	if session == nil {
		return nil
	}
	return session.Close(ctx)
}
