package mcpclient

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/codexmcp/codexmcp/codex"
	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

var _ codex.ToolSet = (*Pool)(nil)

// Call runs a tool by the name it is offered under, and tells the listeners when
// it begins and what comes of it. It reports false for a name it does not know.
func (p *Pool) Call(ctx context.Context, call codex.ToolCall) (output string, known bool) {
	p.mu.Lock()
	t := p.byName[call.Name]
	p.mu.Unlock()
	if t == nil {
		return "", false
	}
	arguments, err := argumentsOf(call.Arguments)
	if err != nil {
		return fmt.Sprintf("the arguments of %s cannot be read: %v", call.Name, err), true
	}
	invocation := mcpprotocol.MCPInvocation{Server: t.server.config.Name, Tool: t.Name, Arguments: arguments}
	if arguments.IsZero() {
		invocation.Arguments = null
	}
	if refusal := p.approve(t, arguments, call.Approve); refusal != "" {
		return refusal, true
	}
	call.Emit(&mcpprotocol.MCPToolCallBeginEvent{CallID: call.CallID, Invocation: invocation})
	began := time.Now()
	result, err := t.call(ctx, arguments)
	took := time.Since(began)
	end := &mcpprotocol.MCPToolCallEndEvent{
		CallID: call.CallID, Invocation: invocation,
		Duration: mcpprotocol.Duration{Secs: int64(took / time.Second), Nanos: int64(took % time.Second)},
	}
	if err != nil {
		output = fmt.Sprintf("the call of %s of the MCP server %s failed: %v", t.Name, t.server.config.Name, err)
		end.Result = &mcpprotocol.MCPToolCallErr{Err: output}
	} else {
		output = outputOf(&result)
		end.Result = &mcpprotocol.MCPToolCallOk{Ok: result}
	}
	call.Emit(end)
	return output, true
}

var null = func() wire.Raw {
	raw, _ := wire.ParseRaw([]byte("null")) // that is JSON
	return raw
}()

// argumentsOf reads what the model gives a tool: nothing, or a JSON object.
func argumentsOf(text string) (wire.Raw, error) {
	if strings.TrimSpace(text) == "" {
		return wire.Raw{}, nil
	}
	raw, err := wire.ParseRaw([]byte(text))
	if err != nil {
		// What a model writes may be JSON that is not quite what a message may hold,
		// such as a name twice.
		var loose map[string]any
		if json.Unmarshal([]byte(text), &loose) != nil {
			return raw, err
		}
		return wire.RawOf(loose)
	}
	if raw.IsNull() {
		return wire.Raw{}, nil
	}
	if raw.Kind() != wire.KindObject {
		return raw, fmt.Errorf("want an object, got %s", raw.Kind())
	}
	return raw, nil
}

// call runs the tool. When the server dies meanwhile, a tool that may be
// repeated is.
func (t *tool) call(ctx context.Context, arguments wire.Raw) (mcptypes.CallToolResult, error) {
	limit := cmp.Or(t.server.config.CallTimeout, t.server.options.CallTimeout)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer within %v: %w", limit, context.DeadlineExceeded))
	defer cancel()
	for repeated := false; ; repeated = true {
		session, err := t.server.running(ctx)
		if err != nil {
			return mcptypes.CallToolResult{}, err
		}
		var params any
		if !arguments.IsZero() {
			params = arguments
		}
		result, err := session.CallTool(ctx, t.Name, params)
		if err == nil || repeated || !t.repeatable() || !died(err) || ctx.Err() != nil {
			return result, err
		}
		t.server.forgive()
	}
}

// died reports whether a call failed because the server went away.
func died(err error) bool {
	return errors.Is(err, jsonrpc.ErrPeerClosed) || errors.Is(err, jsonrpc.ErrStalled)
}

// forgive lets a server that died be started at once, where that is its first
// failure for a while.
func (s *server) forgive() {
	if _, err := s.current(); err == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failures == 1 {
		s.retryAt = time.Time{}
	}
}

// repeatable reports whether the server says that it does no harm to call the
// tool twice.
func (t *tool) repeatable() bool {
	a := t.Annotations
	return a != nil && (a.IdempotentHint != nil && *a.IdempotentHint || a.ReadOnlyHint != nil && *a.ReadOnlyHint)
}

// outputOf is a result as the model sees it: what is structured, or else all
// content, images and links and what is not known yet included.
func outputOf(result *mcptypes.CallToolResult) string {
	if s := result.StructuredContent; !s.IsZero() && !s.IsNull() {
		var compact bytes.Buffer
		if json.Compact(&compact, s.Bytes()) == nil {
			return compact.String()
		}
		return s.String()
	}
	text, err := wire.Append(nil, contentList(result.Content))
	if err != nil {
		return fmt.Sprintf("the result cannot be shown: %v", err)
	}
	return string(text)
}

// contentList encodes as an array of content blocks.
type contentList []mcptypes.ContentBlock

func (l contentList) EncodeJSON(e *wire.Encoder) {
	e.Array()
	for _, block := range l {
		mcptypes.EncodeContentBlock(e, block)
	}
	e.EndArray()
}

// DecodeJSON is not used: results are shown.
func (l contentList) DecodeJSON(d *wire.Decoder) { d.Skip() }
