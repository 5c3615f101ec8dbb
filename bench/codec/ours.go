package main

import (
	"fmt"

	"github.com/codexmcp/codexmcp/mcptypes"
	"github.com/codexmcp/codexmcp/wire"
)

// An envelope is a JSON-RPC message whose params or result are decoded in
// place, as the connection does it.
type envelope struct {
	id      wire.RequestID
	method  string
	params  wire.Value
	result  wire.Value
	newBody func() wire.Value
}

func (m *envelope) decode(d *wire.Decoder) {
	for k, ok := d.First(); ok; k, ok = d.Next() {
		switch k {
		case "jsonrpc":
			d.Const("2.0")
		case "id":
			m.id = d.ID()
		case "method":
			m.method = d.Enum(methods)
		case "params":
			m.params = m.newBody()
			m.params.DecodeJSON(d)
		case "result":
			m.result = m.newBody()
			m.result.DecodeJSON(d)
		default:
			d.Skip()
		}
	}
}

func (m *envelope) append(dst []byte) ([]byte, error) {
	e := encoder
	e.Reset(dst)
	e.Object()
	e.Key(`"jsonrpc":"2.0",`)
	if !m.id.IsZero() {
		e.ID(`"id":`, m.id)
	}
	if m.method != "" {
		e.String(`"method":`, m.method)
	}
	if m.params != nil {
		e.Key(`"params":`)
		m.params.EncodeJSON(e)
	}
	if m.result != nil {
		e.Key(`"result":`)
		m.result.EncodeJSON(e)
	}
	e.EndObject(wire.Members{}, nil)
	return e.Result()
}

var (
	methods = append(append([]string(nil), mcptypes.ClientRequests...), mcptypes.ServerNotifications...)
	encoder = new(wire.Encoder)
	decoder = new(wire.Decoder)
)

// body returns what makes the params or the result of a message.
func body(k kind) func() wire.Value {
	switch k {
	case progress:
		return func() wire.Value { return new(mcptypes.ProgressParams) }
	case initializeRequest:
		return func() wire.Value { return new(mcptypes.InitializeParams) }
	case initializeResult:
		return func() wire.Value { return new(mcptypes.InitializeResult) }
	case callRequest:
		return func() wire.Value { return new(mcptypes.CallToolParams) }
	case callResult:
		return func() wire.Value { return new(mcptypes.CallToolResult) }
	case listResult:
		return func() wire.Value { return new(mcptypes.ListToolsResult) }
	}
	return func() wire.Value { return new(wire.Empty) }
}

var ours = contender{
	name: "ours",
	decode: func(m message) (operation, error) {
		newBody := body(m.kind)
		decoder.LimitDepth(wire.MaxDepth)
		return func() error {
			decoder.ResetBytes(m.text)
			e := envelope{newBody: newBody}
			e.decode(decoder)
			return decoder.End()
		}, nil
	},
	encode: func(m message) (operation, error) {
		d := wire.NewDecoder(string(m.text))
		e := &envelope{newBody: body(m.kind)}
		e.decode(&d)
		if err := d.End(); err != nil {
			return nil, fmt.Errorf("decode: %w", err)
		}
		var buffer []byte
		return func() (err error) {
			buffer, err = e.append(buffer[:0])
			return err
		}, nil
	},
}
