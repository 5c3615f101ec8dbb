package client

import (
	"context"

	"github.com/codexmcp/codexmcp/jsonrpc"
	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/mcptypes/mcp20251125"
	"github.com/codexmcp/codexmcp/wire"
)

// elicit is elicitation/create with params that are read when it is known which
// of the two kinds they are.
var elicit = wire.Request[anyParams, mcptypes.ElicitResult]{Method: mcptypes.Elicit.Method, ParamsRequired: true}

// elicit puts a question to the user.
func (s *Session) elicit(ctx context.Context, params anyParams) (mcptypes.ElicitResult, error) {
	var none mcptypes.ElicitResult
	var members wire.Members
	if err := params.raw.Decode(&members); err != nil {
		return none, jsonrpc.InvalidParamsf("%s params: %v", elicit.Method, err)
	}
	mode, _ := members.Get("mode")
	o := &s.options
	switch {
	case mode.String() == `"url"` && o.ElicitURL != nil:
		var p mcp20251125.ElicitURLParams
		if err := params.raw.Decode(&p); err != nil {
			return none, jsonrpc.InvalidParamsf("%s params.%v", elicit.Method, err)
		}
		return o.ElicitURL(ctx, p)
	case o.Elicit == nil || !mode.IsZero() && mode.String() != `"form"`:
		return none, jsonrpc.InvalidParamsf("%s params.mode: this client cannot do %s", elicit.Method, mode)
	}
	var p mcptypes.ElicitParams
	if err := params.raw.Decode(&p); err != nil {
		return none, jsonrpc.InvalidParamsf("%s params.%v", elicit.Method, err)
	}
	result, err := o.Elicit(ctx, p)
	if err == nil && result.Action == mcptypes.ElicitActionAccept {
		err = fillIn(&result.Content, params.raw)
	}
	return result, err
}

// fillIn gives the fields that an answer leaves out their defaults.
func fillIn(content *wire.Members, question wire.Raw) error {
	properties, err := members(question, "requestedSchema", "properties")
	if err != nil {
		return err
	}
	if content.IsZero() {
		*content = wire.MembersOf()
	}
	for name, field := range properties.All() {
		if _, answered := content.Get(name); answered || field.Kind() != wire.KindObject {
			continue
		}
		var schema wire.Members
		if err := field.Decode(&schema); err != nil {
			return err
		}
		if value, ok := schema.Get("default"); ok {
			content.Set(name, value)
		}
	}
	return nil
}

// members are those of the object at a path of names; none if there is no object.
func members(raw wire.Raw, path ...string) (wire.Members, error) {
	for {
		if raw.Kind() != wire.KindObject {
			return wire.Members{}, nil
		}
		var m wire.Members
		if err := raw.Decode(&m); err != nil {
			return m, err
		}
		if len(path) == 0 {
			return m, nil
		}
		raw, _ = m.Get(path[0])
		path = path[1:]
	}
}
