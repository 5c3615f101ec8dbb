package main

import (
	"bytes"
	"encoding/json"
	"errors"

	mcpgo "github.com/mark3labs/mcp-go/mcp"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	segmentio "github.com/segmentio/encoding/json"
)

// goSDK is the official Go SDK: what its stdio transport makes of a line, with
// its public codec for the envelope and, for the body, the library and the
// settings that it uses.
var goSDK = contender{
	name: "go-sdk", sdk: true,
	decode: func(m message) (operation, error) {
		newBody := goSDKBody(m.kind)
		return func() error {
			var raw json.RawMessage
			if err := json.NewDecoder(bytes.NewReader(m.text)).Decode(&raw); err != nil {
				return err
			}
			var batch []json.RawMessage
			if err := goSDKUnmarshal(raw, &batch); err == nil {
				return errors.New("taken for a batch")
			}
			msg, err := jsonrpc.DecodeMessage(raw)
			if err != nil || newBody == nil {
				return err
			}
			switch msg := msg.(type) {
			case *jsonrpc.Request:
				return goSDKUnmarshal(msg.Params, newBody())
			case *jsonrpc.Response:
				return goSDKUnmarshal(msg.Result, newBody())
			}
			return nil
		}, nil
	},
	encode: func(m message) (operation, error) {
		msg, err := jsonrpc.DecodeMessage(m.text)
		if err != nil {
			return nil, err
		}
		newBody := goSDKBody(m.kind)
		if newBody == nil {
			return func() error {
				_, err := jsonrpc.EncodeMessage(msg)
				return err
			}, nil
		}
		v := newBody()
		switch msg := msg.(type) {
		case *jsonrpc.Request:
			err = goSDKUnmarshal(msg.Params, v)
		case *jsonrpc.Response:
			err = goSDKUnmarshal(msg.Result, v)
		}
		if err != nil {
			return nil, err
		}
		return func() error {
			raw, err := json.Marshal(v)
			if err != nil {
				return err
			}
			switch msg := msg.(type) {
			case *jsonrpc.Request:
				_, err = jsonrpc.EncodeMessage(&jsonrpc.Request{ID: msg.ID, Method: msg.Method, Params: raw})
			case *jsonrpc.Response:
				_, err = jsonrpc.EncodeMessage(&jsonrpc.Response{ID: msg.ID, Result: raw})
			}
			return err
		}, nil
	},
}

// goSDKUnmarshal is a look at the depth and one decode that matches names
// exactly.
func goSDKUnmarshal(data []byte, v any) error {
	depth, inString, escaped := 0, false, false
	for _, b := range data {
		switch {
		case inString && escaped:
			escaped = false
		case inString && b == '\\':
			escaped = true
		case b == '"':
			inString = !inString
		case inString:
		case b == '{' || b == '[':
			if depth++; depth > 1000 {
				return errors.New("too deep")
			}
		case b == '}' || b == ']':
			depth--
		}
	}
	d := segmentio.NewDecoder(bytes.NewReader(data))
	d.DontMatchCaseInsensitiveStructFields()
	return d.Decode(v)
}

func goSDKBody(k kind) func() any {
	switch k {
	case progress:
		return func() any { return new(mcp.ProgressNotificationParams) }
	case initializeRequest:
		return func() any { return new(mcp.InitializeParams) }
	case initializeResult:
		return func() any { return new(mcp.InitializeResult) }
	case callRequest:
		return func() any { return new(mcp.CallToolParamsRaw) }
	case callResult:
		return func() any { return new(mcp.CallToolResult) }
	case listResult:
		return func() any { return new(mcp.ListToolsResult) }
	}
	return nil
}

// mcpGo is mcp-go with the fewest parses that its client and server can do
// with: one to see what a message is, one for its envelope, one for the body.
var mcpGo = contender{
	name: "mcp-go", sdk: true,
	decode: func(m message) (operation, error) {
		return func() error {
			var base struct {
				JSONRPC string          `json:"jsonrpc"`
				ID      any             `json:"id,omitempty"`
				Method  string          `json:"method"`
				Result  json.RawMessage `json:"result,omitempty"`
			}
			if err := json.Unmarshal(m.text, &base); err != nil {
				return err
			}
			switch m.kind {
			case ping:
				return json.Unmarshal(m.text, new(mcpgo.PingRequest))
			case progress:
				return json.Unmarshal(m.text, new(mcpgo.ProgressNotification))
			case initializeRequest:
				return json.Unmarshal(m.text, new(mcpgo.InitializeRequest))
			case callRequest:
				return json.Unmarshal(m.text, new(mcpgo.CallToolRequest))
			case initializeResult:
				return json.Unmarshal(base.Result, new(mcpgo.InitializeResult))
			case listResult:
				return json.Unmarshal(base.Result, new(mcpgo.ListToolsResult))
			}
			_, err := mcpgo.ParseCallToolResult(&base.Result)
			return err
		}, nil
	},
	encode: func(m message) (operation, error) {
		var v any
		var err error
		var base struct {
			Result json.RawMessage `json:"result,omitempty"`
		}
		if err := json.Unmarshal(m.text, &base); err != nil {
			return nil, err
		}
		switch m.kind {
		case ping:
			v = mcpgo.JSONRPCRequest{JSONRPC: "2.0", ID: mcpgo.NewRequestId(1), Request: mcpgo.Request{Method: "ping"}}
		case progress:
			p := new(mcpgo.ProgressNotification)
			err, v = json.Unmarshal(m.text, p), struct {
				JSONRPC string `json:"jsonrpc"`
				*mcpgo.ProgressNotification
			}{"2.0", p}
		case initializeRequest, callRequest:
			var params any
			if m.kind == callRequest {
				p := new(mcpgo.CallToolRequest)
				err, params = json.Unmarshal(m.text, p), p.Params
			} else {
				p := new(mcpgo.InitializeRequest)
				err, params = json.Unmarshal(m.text, p), p.Params
			}
			v = mcpgo.JSONRPCRequest{JSONRPC: "2.0", ID: mcpgo.NewRequestId(42), Request: mcpgo.Request{Method: "tools/call"}, Params: params}
		default:
			var result any
			switch m.kind {
			case initializeResult:
				r := new(mcpgo.InitializeResult)
				err, result = json.Unmarshal(base.Result, r), r
			case listResult:
				r := new(mcpgo.ListToolsResult)
				err, result = json.Unmarshal(base.Result, r), r
			default:
				result, err = mcpgo.ParseCallToolResult(&base.Result)
			}
			v = mcpgo.JSONRPCResponse{JSONRPC: "2.0", ID: mcpgo.NewRequestId(7), Result: result}
		}
		if err != nil {
			return nil, err
		}
		return func() error {
			_, err := json.Marshal(v)
			return err
		}, nil
	},
}
