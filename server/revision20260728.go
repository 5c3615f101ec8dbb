package server

import (
	"context"
	"fmt"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/mcptypes/mcp20260728"
	"github.com/codexmcp/codexmcp/wire"
)

// revision20260728 has no sessions: every request says who asks and what that
// client can do, and a server that needs something of the client says so in a
// result, which the client answers by asking again.
var revision20260728 = &revision{
	name:      "2026-07-28",
	stateless: true,
	serves:    set(mcp20260728.ClientRequests),
	sends:     set(mcp20260728.ServerNotifications),
	fit:       fit20260728,
	notFound:  jsonrpc.CodeInvalidParams,
}

// The members of a request's metadata that say what a session otherwise knows.
const (
	metaVersion      = "io.modelcontextprotocol/protocolVersion"
	metaCapabilities = "io.modelcontextprotocol/clientCapabilities"
	metaClient       = "io.modelcontextprotocol/clientInfo"
	metaLogLevel     = "io.modelcontextprotocol/logLevel"
	metaServer       = "io.modelcontextprotocol/serverInfo"
	metaSubscription = "io.modelcontextprotocol/subscriptionId"
)

// Cache says for how long clients may keep a list, or what they read, and
// whether for everybody or only for the one who asked.
type Cache struct {
	// TTLMs is the time in milliseconds; zero means that it may change at once.
	TTLMs int64
	// Shared is set when every client sees the same.
	Shared bool
}

// discover is server/discover. Its metadata is that of every request.
var discover = wire.Request[mcptypes.PingParams, mcp20260728.DiscoverResult]{Method: mcp20260728.Discover.Method}

// stateless reads from a request's metadata what a session otherwise knows.
func (s *Session) stateless(meta *mcptypes.RequestMeta) (*Session, error) {
	version, err := metaString(meta, metaVersion)
	if err != nil {
		return nil, err
	}
	if version != revision20260728.name {
		return nil, unsupported(version)
	}
	client := &mcptypes.InitializeParams{ProtocolVersion: version}
	declared, ok := meta.Extra.Get(metaCapabilities)
	if !ok {
		return nil, jsonrpc.InvalidParamsf("params._meta[%q]: missing", metaCapabilities)
	}
	if err := declared.Decode(&client.Capabilities); err != nil {
		return nil, jsonrpc.InvalidParamsf("params._meta[%q]: %v", metaCapabilities, err)
	}
	if info, ok := meta.Extra.Get(metaClient); ok {
		if err := info.Decode(&client.ClientInfo); err != nil {
			return nil, jsonrpc.InvalidParamsf("params._meta[%q]: %v", metaClient, err)
		}
	}
	request := &Session{server: s.server, conn: s.conn, http: s.http, owner: s.owner}
	if _, ok := meta.Extra.Get(metaLogLevel); ok {
		level, err := metaString(meta, metaLogLevel)
		if err != nil {
			return nil, err
		}
		if !mcptypes.LoggingLevel(level).Valid() {
			return nil, jsonrpc.InvalidParamsf("params._meta[%q]: unknown level %q", metaLogLevel, level)
		}
		request.setLevel(mcptypes.LoggingLevel(level))
	}
	request.client.Store(client)
	request.revision.Store(revision20260728)
	return request, nil
}

// metaString returns a member of a request's metadata that must be a string.
func metaString(meta *mcptypes.RequestMeta, name string) (string, error) {
	raw, ok := meta.Extra.Get(name)
	if !ok {
		return "", jsonrpc.InvalidParamsf("params._meta[%q]: missing", name)
	}
	d := wire.NewDecoder(raw.String())
	text := d.String()
	if err := d.End(); err != nil {
		return "", jsonrpc.InvalidParamsf("params._meta[%q]: %v", name, err)
	}
	return text, nil
}

// unsupportedData names the revisions there are.
func unsupportedData(requested string) wire.Raw {
	raw, err := wire.RawOf(&mcp20260728.UnsupportedProtocolVersionErrorErrorData{Requested: requested, Supported: Revisions})
	if err != nil {
		return wire.Raw{}
	}
	return raw
}

// missingCapability refuses a request that needs what the client did not declare.
func missingCapability(method string, needed mcp20260728.ClientCapabilities) error {
	e := jsonrpc.Errorf(CodeMissingCapability, "%s: the client did not declare what this needs", method)
	data, err := wire.RawOf(&mcp20260728.MissingRequiredClientCapabilityErrorErrorData{RequiredCapabilities: needed})
	if err != nil {
		return fmt.Errorf("%s: missing capabilities: %w", method, err)
	}
	e.Data = data
	return e
}

// serveDiscover says what a handshake otherwise does.
func (s *Server) serveDiscover(context.Context, *mcptypes.PingParams) (wire.Value, error) {
	result := &mcp20260728.DiscoverResult{
		SupportedVersions: Revisions, Instructions: s.options.Instructions,
		ResultType: "complete", CacheScope: mcp20260728.CacheScopePublic,
		Meta: &mcp20260728.ResultMeta{Extra: wire.MembersOf(wire.Member{Name: metaServer, Value: s.infoRaw})},
	}
	raw, err := wire.RawOf(new(s.capabilities()))
	if err != nil {
		return nil, fmt.Errorf("server/discover: %w", err)
	}
	if err := raw.Decode(&result.Capabilities); err != nil {
		return nil, fmt.Errorf("server/discover: %w", err)
	}
	return result, nil
}

// fit20260728 adds to a result what every one has in this revision.
func fit20260728(s *Server, result wire.Value) {
	var extra, meta *wire.Members
	cached := (*Cache)(nil)
	switch r := result.(type) {
	case *mcptypes.CallToolResult:
		extra, meta = &r.Extra, &r.Meta
	case *mcptypes.GetPromptResult:
		extra, meta = &r.Extra, &r.Meta
	case *mcptypes.CompleteResult:
		extra, meta = &r.Extra, &r.Meta
	case *mcptypes.EmptyResult:
		extra, meta = &r.Extra, &r.Meta
	case *mcptypes.ReadResourceResult:
		extra, meta, cached = &r.Extra, &r.Meta, &s.options.ReadCache
	case *mcptypes.ListToolsResult:
		r.Tools = each(r.Tools, func(t *mcptypes.Tool) { t.Extra = without(t.Extra, "execution") })
		extra, meta, cached = &r.Extra, &r.Meta, &s.options.ListCache
	case *mcptypes.ListPromptsResult:
		extra, meta, cached = &r.Extra, &r.Meta, &s.options.ListCache
	case *mcptypes.ListResourcesResult:
		extra, meta, cached = &r.Extra, &r.Meta, &s.options.ListCache
	case *mcptypes.ListResourceTemplatesResult:
		extra, meta, cached = &r.Extra, &r.Meta, &s.options.ListCache
	default:
		return
	}
	*meta = with(*meta, metaServer, s.infoRaw)
	*extra = extra.Clone()
	if _, set := extra.Get("resultType"); !set {
		extra.Set("resultType", rawComplete)
	}
	if cached == nil {
		return
	}
	if _, set := extra.Get("ttlMs"); !set {
		extra.Set("ttlMs", rawInt(cached.TTLMs))
	}
	if _, set := extra.Get("cacheScope"); !set {
		scope := rawPrivate
		if cached.Shared {
			scope = rawPublic
		}
		extra.Set("cacheScope", scope)
	}
}

// What results say of themselves.
var rawComplete, rawPrivate, rawPublic = rawString("complete"), rawString("private"), rawString("public")

// rawString returns a string as JSON.
func rawString(text string) wire.Raw {
	e := wire.NewEncoder(nil)
	e.StringValue(text)
	return encoded(&e)
}

// rawInt returns an integer as JSON.
func rawInt(n int64) wire.Raw {
	e := wire.NewEncoder(nil)
	e.IntValue(n)
	return encoded(&e)
}

// rawID returns an id as JSON.
func rawID(id wire.RequestID) wire.Raw {
	e := wire.NewEncoder(nil)
	e.IDValue(id)
	return encoded(&e)
}

// encoded is what e has written, absent if that failed.
func encoded(e *wire.Encoder) wire.Raw {
	text, err := e.Result()
	if err != nil {
		return wire.Raw{}
	}
	raw, err := wire.ParseRaw(text)
	if err != nil {
		return wire.Raw{}
	}
	return raw
}
