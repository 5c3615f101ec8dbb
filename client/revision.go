package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/mcptypes/mcp20260728"
	"github.com/codexmcp/codexmcp/wire"
)

// Stateless is the revision without a handshake: every request says which
// revision it is of and what the client can do.
const Stateless = "2026-07-28"

// Revisions are the protocol revisions a session can have, the newest first.
var Revisions = []string{Stateless, "2025-11-25", mcptypes.LatestRevision, "2025-03-26", "2024-11-05"}

// discoverTime is how long a server on a stream may take to say what it
// speaks. Older ones may not answer a question they do not know.
const discoverTime = 2 * time.Second

const codeUnsupportedRevision = -32022

// open agrees with the server on a revision.
func (s *Session) open(ctx context.Context) error {
	revisions := s.options.Revisions
	handshake := slices.DeleteFunc(slices.Clone(revisions), func(r string) bool { return r == Stateless })
	if revisions[0] != Stateless {
		err := s.initialize(ctx, revisions[0])
		if _, refused := errors.AsType[*jsonrpc.Error](err); refused && len(handshake) < len(revisions) {
			if s.openStateless(ctx) == nil {
				return nil
			}
		}
		return err
	}
	err := s.openStateless(ctx)
	if err == nil || len(handshake) == 0 || !isOlder(ctx, err) {
		return err
	}
	s.options.Log.Debug("the server does not know server/discover", "error", err)
	revision := handshake[0]
	if i := slices.IndexFunc(handshake, func(r string) bool { return slices.Contains(s.supported, r) }); i >= 0 {
		revision = handshake[i]
	}
	return s.initialize(ctx, revision)
}

// isOlder reports whether a server that answers server/discover like this may
// be one that wants a handshake.
func isOlder(ctx context.Context, err error) bool {
	if _, refused := errors.AsType[*jsonrpc.Error](err); refused {
		return true
	}
	if status, ok := errors.AsType[*HTTPError](err); ok {
		return status.Status >= 400 && status.Status < 500 &&
			status.Status != http.StatusUnauthorized && status.Status != http.StatusForbidden
	}
	return ctx.Err() == nil && (errors.Is(err, errNoDiscover) || errors.Is(err, errNoCommonRevision))
}

var (
	errNoDiscover       = fmt.Errorf("no answer within %v", discoverTime)
	errNoCommonRevision = errors.New("no common revision")
)

// openStateless asks the server what it speaks and what it has.
func (s *Session) openStateless(ctx context.Context) error {
	if s.stream != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, discoverTime, errNoDiscover)
		defer cancel()
	}
	s.mu.Lock()
	s.server.ProtocolVersion = Stateless
	s.mu.Unlock()
	found, err := s.discover(ctx)
	if refusal, ok := errors.AsType[*jsonrpc.Error](err); ok && refusal.Code == codeUnsupportedRevision {
		if s.supported = supportedBy(refusal); slices.Contains(s.supported, Stateless) {
			found, err = s.discover(ctx)
		}
	}
	if err == nil && !slices.Contains(found.SupportedVersions, Stateless) {
		s.supported = found.SupportedVersions
		err = fmt.Errorf("server/discover: %w: the server speaks %q", errNoCommonRevision, found.SupportedVersions)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.server.ProtocolVersion = ""
		return err
	}
	s.server = mcptypes.InitializeResult{ProtocolVersion: Stateless, Instructions: found.Instructions}
	if found.Meta != nil && found.Meta.ServerInfo != nil {
		info := found.Meta.ServerInfo
		s.server.ServerInfo = mcptypes.Implementation{Name: info.Name, Title: info.Title, Version: info.Version, Extra: info.Extra}
	}
	capabilities, err := wire.RawOf(&found.Capabilities)
	if err == nil {
		err = capabilities.Decode(&s.server.Capabilities)
	}
	if err != nil {
		return fmt.Errorf("server/discover: capabilities: %w", err)
	}
	s.watchLocked()
	return nil
}

// discover asks which revisions the server speaks and what it can do.
func (s *Session) discover(ctx context.Context) (mcp20260728.DiscoverResult, error) {
	var found mcp20260728.DiscoverResult
	err := s.callStateless(ctx, mcp20260728.Discover.Method, nil, &found, wire.Members{})
	return found, err
}

// supportedBy are the revisions a server names when it refuses one.
func supportedBy(refusal *jsonrpc.Error) []string {
	var data mcp20260728.UnsupportedProtocolVersionErrorErrorData
	if refusal.Data.IsZero() || refusal.Data.Decode(&data) != nil {
		return nil
	}
	return data.Supported
}

// initialize does the handshake, in which the server chooses.
func (s *Session) initialize(ctx context.Context, revision string) error {
	var server mcptypes.InitializeResult
	err := s.outgoing(ctx, mcptypes.Initialize.Method, &mcptypes.InitializeParams{
		ProtocolVersion: revision, ClientInfo: s.options.Info, Capabilities: s.options.capabilities(revision),
	}, &server, s.conn.Call)
	if err != nil {
		return err
	}
	if !slices.Contains(s.options.Revisions, server.ProtocolVersion) || server.ProtocolVersion == Stateless {
		return fmt.Errorf("initialize: the server speaks revision %q, this client only %q", server.ProtocolVersion, s.options.Revisions)
	}
	s.mu.Lock()
	s.server = server
	s.mu.Unlock()
	return Notify(ctx, s, mcptypes.Initialized, mcptypes.InitializedParams{})
}
