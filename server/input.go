package server

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/mcptypes/mcp20260728"
	"github.com/codexmcp/codexmcp/wire"
)

// maxRounds is how often one request of a session may need more.
const maxRounds = 32

// A Need is the error by which the handler of a tool, prompt or resource says
// that it needs something of the client first. It is run again with what came of that,
// as [InputFrom] says. In a stateless session the client asks again with
// the answers; in others the server asks the client by itself.
//
// What the client did not declare refuses the request.
type Need struct {
	// Requests are what is needed, by names of the handler's choice.
	Requests map[string]mcp20260728.InputRequest
	// State is what the handler wants to know when it runs again. It travels
	// with the client, sealed: nobody else can read or change it, and it is good for
	// this request, this client and an hour.
	State string
}

// Error says that more is needed.
func (n *Need) Error() string {
	return fmt.Sprintf("the client's input is needed: %v", slices.Sorted(maps.Keys(n.Requests)))
}

// An Input is what came of what a handler needed before. Answers to nothing, and
// those that are no answer to what was asked, are not there.
type Input struct {
	// State is what the handler had for itself.
	State     string
	responses wire.Members
}

// InputFrom returns what came of earlier rounds of a request; in the first it is empty.
func InputFrom(ctx context.Context) *Input {
	if r := requestOf(ctx); r != nil && r.input != nil {
		return r.input
	}
	return &Input{}
}

// Elicited returns the person's answer to an elicitation.
func (in *Input) Elicited(name string) (*mcp20260728.ElicitResult, bool) {
	result := new(mcp20260728.ElicitResult)
	return result, in.decode(name, result) && result.Action.Valid()
}

// Sampled returns the language model's answer.
func (in *Input) Sampled(name string) (*mcp20260728.CreateMessageResult, bool) {
	result := new(mcp20260728.CreateMessageResult)
	return result, in.decode(name, result)
}

// Roots returns the client's roots.
func (in *Input) Roots(name string) ([]mcp20260728.Root, bool) {
	result := new(mcp20260728.ListRootsResult)
	ok := in.decode(name, result)
	return result.Roots, ok
}

func (in *Input) decode(name string, into wire.Value) bool {
	raw, ok := in.responses.Get(name)
	return ok && raw.Decode(into) == nil
}

// rounds calls a method until it needs no more, or has to leave that to the client.
func (s *Server) rounds(ctx context.Context, m *method, params wire.Value, r *request) (wire.Value, error) {
	extra := roundExtra(params)
	if extra == nil {
		return m.call(ctx, m.name, params)
	}
	stateless := r.session.Stateless()
	if stateless && extra.Len() > 0 {
		input, err := s.receivedInput(m.name, *extra, purposeOf(r.session, params))
		if err != nil {
			return nil, err
		}
		r.input = input
	}
	for range maxRounds {
		if r.input != nil && requestOf(ctx) != r {
			ctx = context.WithValue(ctx, requestKey{}, r)
		}
		result, err := m.call(ctx, m.name, params)
		need, ok := errors.AsType[*Need](err)
		switch {
		case err == nil || !ok:
			return result, err
		case stateless:
			return s.inputRequired(m.name, r.session, need, purposeOf(r.session, params))
		}
		if r.input, err = r.session.fulfil(ctx, need); err != nil {
			if _, ok := params.(*mcptypes.CallToolParams); ok {
				return new(ErrorResult(err)), nil
			}
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil, fmt.Errorf("%s: still not satisfied after %d rounds", m.name, maxRounds)
}

// roundExtra returns the extra members of params that may carry input, nil if
// they are of a method that has none.
func roundExtra(params wire.Value) *wire.Members {
	switch p := params.(type) {
	case *mcptypes.CallToolParams:
		return &p.Extra
	case *mcptypes.ReadResourceParams:
		return &p.Extra
	case *mcptypes.GetPromptParams:
		return &p.Extra
	}
	return nil
}

// purposeOf is what a state is sealed for: the client and what it asks.
func purposeOf(session *Session, params wire.Value) string {
	parts := []string{session.owner}
	switch p := params.(type) {
	case *mcptypes.CallToolParams:
		arguments := p.Arguments
		if arguments.IsZero() {
			arguments = wire.EmptyObject()
		}
		parts = append(parts, "tool", p.Name, arguments.String())
	case *mcptypes.ReadResourceParams:
		parts = append(parts, "resource", p.URI)
	case *mcptypes.GetPromptParams:
		parts = append(parts, "prompt", p.Name)
		for _, name := range slices.Sorted(maps.Keys(p.Arguments)) {
			parts = append(parts, name, p.Arguments[name])
		}
	}
	return fmt.Sprintf("%q", parts)
}

// receivedInput reads what a client sends along when it asks again.
func (s *Server) receivedInput(method string, extra wire.Members, purpose string) (*Input, error) {
	in := &Input{}
	if raw, ok := extra.Get("inputResponses"); ok {
		if err := raw.Decode(&in.responses); err != nil || raw.Kind() != wire.KindObject {
			return nil, jsonrpc.InvalidParamsf("%s params.inputResponses: want an object", method)
		}
	}
	if raw, ok := extra.Get("requestState"); ok {
		d := wire.NewDecoder(raw.String())
		sealed := d.String()
		if err := d.End(); err != nil {
			return nil, jsonrpc.InvalidParamsf("%s params.requestState: %v", method, err)
		}
		state, err := s.sealer.open(sealed, purpose)
		if err != nil {
			return nil, jsonrpc.InvalidParamsf("%s params.requestState: %v", method, err)
		}
		in.State = state
	}
	return in, nil
}

// inputRequired is the result that makes a client ask again.
func (s *Server) inputRequired(method string, session *Session, need *Need, purpose string) (wire.Value, error) {
	var missing mcp20260728.ClientCapabilities
	lacks := false
	declared := session.Client().Capabilities
	for _, request := range need.Requests {
		switch r := request.(type) {
		case *mcp20260728.ElicitRequest:
			_, url := r.Params.(*mcp20260728.ElicitURLParams)
			if !declaresElicitation(declared.Elicitation, url) {
				missing.Elicitation, lacks = &mcp20260728.ClientCapabilitiesElicitation{}, true
				if url {
					missing.Elicitation.URL = wire.MembersOf()
				}
			}
		case *mcp20260728.CreateMessageRequest:
			if declared.Sampling.IsZero() {
				missing.Sampling, lacks = &mcp20260728.ClientCapabilitiesSampling{}, true
			}
		case *mcp20260728.ListRootsRequest:
			if declared.Roots == nil {
				missing.Roots, lacks = wire.MembersOf(), true
			}
		}
	}
	if lacks {
		return nil, missingCapability(method, missing)
	}
	result := &mcp20260728.InputRequiredResult{
		ResultType: "input_required", InputRequests: need.Requests,
		Meta: &mcp20260728.ResultMeta{Extra: wire.MembersOf(wire.Member{Name: metaServer, Value: s.infoRaw})},
	}
	if need.State != "" || len(need.Requests) == 0 {
		sealed, err := s.sealer.seal(need.State, purpose)
		if err != nil {
			return nil, fmt.Errorf("%s: seal state: %w", method, err)
		}
		result.RequestState = sealed
	}
	return result, nil
}

// fulfil asks the client of a session for what a handler needs.
func (s *Session) fulfil(ctx context.Context, need *Need) (*Input, error) {
	in := &Input{State: need.State, responses: wire.MembersOf()}
	for _, name := range slices.Sorted(maps.Keys(need.Requests)) {
		answer, err := s.askFor(ctx, need.Requests[name])
		if err != nil {
			return nil, err
		}
		if err := in.responses.SetValue(name, &answer); err != nil {
			return nil, fmt.Errorf("answer %q: %w", name, err)
		}
	}
	return in, nil
}

// askFor sends what a handler needs as a request of its own.
func (s *Session) askFor(ctx context.Context, request mcp20260728.InputRequest) (wire.Empty, error) {
	switch r := request.(type) {
	case *mcp20260728.ElicitRequest:
		if err := s.hasForm(r.Params); err != nil {
			return wire.Empty{}, err
		}
		m := wire.Request[mcp20260728.ElicitParams, wire.Empty]{Method: mcptypes.Elicit.Method}
		return Ask(ctx, s, m, mcp20260728.ElicitParams{ElicitVariant: r.Params})
	case *mcp20260728.CreateMessageRequest:
		m := wire.Request[mcp20260728.CreateMessageParams, wire.Empty]{Method: mcptypes.CreateMessage.Method}
		return Ask(ctx, s, m, r.Params)
	case *mcp20260728.ListRootsRequest:
		m := wire.Request[mcptypes.ListRootsParams, wire.Empty]{Method: mcptypes.ListRoots.Method}
		return Ask(ctx, s, m, mcptypes.ListRootsParams{})
	}
	return wire.Empty{}, fmt.Errorf("a client cannot be asked for %T", request)
}

// hasForm reports whether the session's revision has what an elicitation uses.
func (s *Session) hasForm(params mcp20260728.ElicitVariant) error {
	form, ok := params.(*mcp20260728.ElicitFormParams)
	if !ok {
		return fmt.Errorf("elicitation by web page: %w", ErrNotInRevision)
	}
	if s.knows(revision20251125.name) {
		return nil
	}
	for _, field := range form.RequestedSchema.Properties {
		switch field.(type) {
		case *mcp20260728.TitledSingleSelectEnumSchema, *mcp20260728.UntitledMultiSelectEnumSchema, *mcp20260728.TitledMultiSelectEnumSchema:
			return fmt.Errorf("elicitation with titled or several choices: %w", ErrNotInRevision)
		}
	}
	return nil
}
