package mcpserver

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/codexmcp/codexmcp/codex"
	"github.com/codexmcp/codexmcp/codex/auth"
	"github.com/codexmcp/codexmcp/codex/useragent"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/server"
)

// title is how the server is called where people see it.
const title = "Codex"

// eventsCapability is the experimental capability by which a client turns
// events off.
const eventsCapability = "codex/events"

// Options are what the server needs from the program around it.
type Options struct {
	// Manager holds the conversations.
	Manager *codex.Manager
	// Auth holds the credentials. Without it nobody can sign in.
	Auth *auth.Manager
	// Agent is who the program is; the client's name is added to it.
	Agent *useragent.Agent
	// Version is the program's.
	Version string
	// NoEvents turns off codex/event notifications for every client.
	NoEvents bool
	// ConversationTools offers the conversation tools beside codex and
	// codex-reply: conversations in the background, for clients that can only call
	// tools.
	ConversationTools bool
	// ProgressInterval is how often a client that wants to know hears at least
	// that a tool is at work; [DefaultProgressInterval] when zero.
	ProgressInterval time.Duration
	// Limits bound what a client can make grow.
	Limits jsonrpc.Limits
	// Log is told what goes wrong beside the protocol. Nil means nowhere.
	Log *slog.Logger
}

// A handler serves the clients of one process.
type handler struct {
	options Options
	manager *codex.Manager
	log     *slog.Logger

	mu            sync.Mutex               // protects subscriptions
	subscriptions map[string]*subscription // by id
}

// New returns the Codex MCP server.
func New(o Options) (*server.Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.ProgressInterval <= 0 {
		o.ProgressInterval = DefaultProgressInterval
	}
	h := &handler{options: o, manager: o.Manager, log: o.Log, subscriptions: map[string]*subscription{}}
	s := server.New(mcptypes.Implementation{Name: "codex-mcp-server", Title: title, Version: o.Version}, &server.Options{
		Limits:             o.Limits,
		ServeUninitialized: true,
		ListChanged:        true,
		HandshakeOnly:      true, // approvals are asked in the course of a call
		QuietCancel:        true, // clients of the original are not used to it
		UnknownTool:        unknownTool,
		OnInitialize:       h.initialized,
		Log:                o.Log,
	})
	if err := h.addTools(s); err != nil {
		return nil, err
	}
	if o.ConversationTools {
		if err := h.addConversationTools(s); err != nil {
			return nil, err
		}
	}
	h.addMethods(s)
	return s, nil
}

// initialized takes note of the client and tells it who this is.
func (h *handler) initialized(_ context.Context, s *server.Session, result *mcptypes.InitializeResult) {
	client := s.Client().ClientInfo
	h.options.Agent.SetClient(client.Name, client.Version)
	result.ServerInfo.UserAgent = h.options.Agent.String()
	// Clients of the original get the title in sessions of every revision.
	if err := result.ServerInfo.Extra.SetValue("title", title); err != nil {
		h.log.Error("initialize", "error", err)
	}
}

// wantsEvents reports whether a client is sent codex/event notifications.
func (h *handler) wantsEvents(s *server.Session) bool {
	if h.options.NoEvents {
		return false
	}
	client := s.Client()
	if client == nil {
		return true
	}
	declared, ok := client.Capabilities.Experimental[eventsCapability]
	if !ok {
		return true
	}
	enabled, ok := declared.Get("enabled")
	return !ok || enabled.String() != "false"
}

// canElicit reports whether a client declared that it can ask a person.
func canElicit(s *server.Session) bool {
	client := s.Client()
	return client != nil && !client.Capabilities.Elicitation.IsZero()
}

// textItems is a prompt as the engine takes it.
func textItems(text string) []mcpprotocol.InputItem {
	return []mcpprotocol.InputItem{&mcpprotocol.TextInputItem{Data: mcpprotocol.TextInput{Text: text}}}
}
