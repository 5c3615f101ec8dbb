package mcpclient

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/codexmcp/codexmcp/client"
	"github.com/codexmcp/codexmcp/codex/config"
	"github.com/codexmcp/codexmcp/codex/model"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
)

const (
	// DefaultCallTimeout is how long a call of a tool may take unless the options
	// say otherwise.
	DefaultCallTimeout = 10 * time.Minute
	// maxMessage is how long a message of a server may be, in bytes.
	maxMessage = 32 << 20
	// closeTime is how long the servers may take to end.
	closeTime = 5 * time.Second
)

// Options are what a pool needs from the program around it.
type Options struct {
	// Info is how the pool introduces itself to servers.
	Info mcptypes.Implementation
	// Environ is the environment of this process; nil means that of [os.Environ].
	// Servers get what [client.Environment] makes of it.
	Environ []string
	// CallTimeout is how long a call may take; [DefaultCallTimeout] when zero.
	CallTimeout time.Duration
	// Elicit and CreateMessage, if set, answer what a server asks, and are declared
	// to it. Without them it is told that this client does not do that.
	Elicit        func(ctx context.Context, server string, params mcptypes.ElicitParams) (mcptypes.ElicitResult, error)
	CreateMessage func(ctx context.Context, server string, params mcptypes.CreateMessageParams) (mcptypes.CreateMessageResult, error)
	// Home is the folder that keeps which tools were approved, see [config.MCPServer].
	Home string
	// Connect opens a session with a server. Nil means as a child
	// process, or over HTTP.
	Connect func(context.Context, config.MCPServer, client.Options) (*client.Session, error)
	// Log is told what goes wrong beside the protocol. Nil means nowhere.
	Log *slog.Logger
}

// A Pool is the external servers of one conversation.
type Pool struct {
	servers []*server
	log     *slog.Logger
	ctx     context.Context // ends with the pool
	stop    context.CancelFunc
	work    sync.WaitGroup // in the background

	// mu protects what follows.
	mu     sync.Mutex
	tools  []*tool // in the order in which they are offered
	byName map[string]*tool
	closed bool
}

// New starts servers. It returns when each has started, failed or used up its
// time, and with what kept any of them from starting. ctx bounds the start.
func New(ctx context.Context, servers []config.MCPServer, o Options) (*Pool, []error) {
	o.withDefaults()
	p := &Pool{log: o.Log}
	p.ctx, p.stop = context.WithCancel(context.WithoutCancel(ctx))
	errs := make([]error, len(servers))
	var starting sync.WaitGroup
	for i, c := range servers {
		s := &server{config: c, options: &o, pool: p, turn: make(chan struct{}, 1)}
		p.servers = append(p.servers, s)
		starting.Go(func() {
			if !config.ValidServerName(c.Name) {
				errs[i] = fmt.Errorf("MCP server %q: a name may only have letters, digits, - and _", c.Name)
			} else if _, err := s.running(ctx); err != nil {
				errs[i] = fmt.Errorf("MCP server %q: %w", c.Name, err)
			}
		})
	}
	starting.Wait()
	p.index()
	var failures []error
	for _, err := range errs {
		if err != nil {
			failures = append(failures, err)
		}
	}
	return p, failures
}

func (o *Options) withDefaults() {
	if o.Environ == nil {
		o.Environ = os.Environ()
	}
	if o.CallTimeout <= 0 {
		o.CallTimeout = DefaultCallTimeout
	}
	if o.Connect == nil {
		environ := o.Environ
		o.Connect = func(ctx context.Context, c config.MCPServer, co client.Options) (*client.Session, error) {
			return connect(ctx, c, environ, co)
		}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// Specs are the tools as the model is offered them, sorted by name.
func (p *Pool) Specs() []model.Tool {
	p.mu.Lock()
	defer p.mu.Unlock()
	specs := make([]model.Tool, len(p.tools))
	for i, t := range p.tools {
		specs[i] = model.FunctionTool{Name: t.name, Description: t.Description, Parameters: t.parameters}
	}
	return specs
}

// index makes the table of all servers' tools.
func (p *Pool) index() {
	var all []*tool
	for _, s := range p.servers {
		for _, t := range s.listed() {
			parameters, err := parametersOf(t.InputSchema)
			if err != nil {
				p.log.Warn("tool of an MCP server left out", "server", s.config.Name, "tool", t.Name, "error", err)
				continue
			}
			all = append(all, &tool{Tool: t, server: s, parameters: parameters})
		}
	}
	tools := name(all, p.log)
	byName := make(map[string]*tool, len(tools))
	for _, t := range tools {
		byName[t.name] = t
	}
	p.mu.Lock()
	p.tools, p.byName = tools, byName
	p.mu.Unlock()
}

// background runs work that ends with the pool, unless that has ended.
func (p *Pool) background(work func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.work.Go(work)
	}
}

// Close ends the servers. It returns in bounded time.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.stop()
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	var closing sync.WaitGroup
	for _, s := range p.servers {
		closing.Go(func() {
			if err := s.close(ctx); err != nil {
				p.log.Debug("close MCP server", "server", s.config.Name, "error", err)
			}
		})
	}
	closing.Wait()
	p.work.Wait()
}

// limits bound what a server can make grow.
var limits = jsonrpc.Limits{MaxMessage: maxMessage, MaxDepth: 256, MaxConcurrent: 64, Grace: time.Second, WriteStall: 10 * time.Second}

var errClosed = errors.New("the conversation has ended")
