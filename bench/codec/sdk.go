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

// goSDK is the official Go SDK: what its stdio transport and the session behind it make of a line, with its public codec for
// the envelope and, for the body, the library and the settings that it uses.
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
				if msg.IsCall() { // the server looks for the revision first
					var meta struct {
						Meta mcp.Meta `json:"_meta"`
					}
					if err := goSDKUnmarshal(msg.Params, &meta); err != nil {
						return err
					}
				}
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
			raw, err := goSDKMarshal(v)
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

// goSDKMarshal encodes params or a result, which then go into the envelope as they are.
func goSDKMarshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
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

// mcpGo is mcp-go: what its stdio server makes of a request and its stdio client of a response or a notification, and what
// either encodes, one parse after the other.
var mcpGo = contender{
	name: "mcp-go", sdk: true,
	decode: func(m message) (operation, error) {
		switch m.kind {
		case ping:
			return func() error { return mcpGoRequest(m.text, new(mcpgo.PingRequest)) }, nil
		case initializeRequest:
			return func() error { return mcpGoRequest(m.text, new(mcpgo.InitializeRequest)) }, nil
		case callRequest:
			return func() error { return mcpGoRequest(m.text, new(mcpgo.CallToolRequest)) }, nil
		case progress:
			return func() error {
				if err := mcpGoSort(m.text); err != nil {
					return err
				}
				return json.Unmarshal(m.text, new(mcpgo.JSONRPCNotification))
			}, nil
		}
		return func() error {
			if err := mcpGoSort(m.text); err != nil {
				return err
			}
			var response mcpGoResponse
			if err := json.Unmarshal(m.text, &response); err != nil {
				return err
			}
			_, err := mcpGoResult(m.kind, response.Result)
			return err
		}, nil
	},
	encode: func(m message) (operation, error) {
		v, err := mcpGoMessage(m)
		if err != nil {
			return nil, err
		}
		return func() error {
			_, err := json.Marshal(v)
			return err
		}, nil
	},
}

// The envelopes of its client's transport.
type (
	mcpGoCall struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      mcpgo.RequestId `json:"id"`
		Method  string          `json:"method"`
		Params  any             `json:"params,omitempty"`
	}
	mcpGoResponse struct {
		JSONRPC string                     `json:"jsonrpc"`
		ID      mcpgo.RequestId            `json:"id"`
		Result  json.RawMessage            `json:"result,omitempty"`
		Error   *mcpgo.JSONRPCErrorDetails `json:"error,omitempty"`
	}
)

// mcpGoRequest makes the parses of the server: is it JSON; is it the answer to a question of one kind, of a second, of a
// third; what is its method, once for the transport and once for the server; its _meta for the revision, and for tracing;
// and the request.
func mcpGoRequest(text []byte, request any) error {
	var raw json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return err
	}
	for range 3 {
		var answer struct {
			JSONRPC string          `json:"jsonrpc"`
			ID      json.Number     `json:"id"`
			Result  json.RawMessage `json:"result,omitempty"`
			Error   *struct {
				Code    int    `json:"code"`
				Message string `json:"message"`
			} `json:"error,omitempty"`
		}
		if err := json.Unmarshal(raw, &answer); err != nil {
			return err
		}
	}
	var base struct {
		Method string `json:"method"`
		ID     any    `json:"id,omitempty"`
	}
	if err := json.Unmarshal(raw, &base); err != nil {
		return err
	}
	var again struct {
		JSONRPC string          `json:"jsonrpc"`
		Method  mcpgo.MCPMethod `json:"method"`
		ID      any             `json:"id,omitempty"`
		Result  any             `json:"result,omitempty"`
	}
	if err := json.Unmarshal(raw, &again); err != nil {
		return err
	}
	for range 2 {
		var meta struct {
			Params struct {
				Meta *mcpgo.Meta `json:"_meta"`
			} `json:"params"`
		}
		if err := json.Unmarshal(raw, &meta); err != nil {
			return err
		}
	}
	return json.Unmarshal(raw, request)
}

// mcpGoSort is how the client sees what kind of message it has.
func mcpGoSort(text []byte) error {
	var base struct {
		JSONRPC string           `json:"jsonrpc"`
		ID      *mcpgo.RequestId `json:"id,omitempty"`
		Method  string           `json:"method,omitempty"`
	}
	return json.Unmarshal(text, &base)
}

// mcpGoResult is how the client reads a result.
func mcpGoResult(k kind, raw json.RawMessage) (any, error) {
	switch k {
	case initializeResult:
		r := new(mcpgo.InitializeResult)
		return r, json.Unmarshal(raw, r)
	case listResult:
		r := new(mcpgo.ListToolsResult)
		return r, json.Unmarshal(raw, r)
	}
	return mcpgo.ParseCallToolResult(&raw)
}

// mcpGoMessage is the message as either side hands it to json.Marshal, which is all there is to sending one.
func mcpGoMessage(m message) (any, error) {
	request := mcpGoCall{JSONRPC: mcpgo.JSONRPC_VERSION, ID: mcpgo.NewRequestId(int64(42))}
	switch m.kind {
	case ping:
		request.Method = "ping"
		return request, nil
	case initializeRequest:
		var r mcpgo.InitializeRequest
		err := json.Unmarshal(m.text, &r)
		request.Method = "initialize"
		request.Params = struct {
			ProtocolVersion string                   `json:"protocolVersion"`
			ClientInfo      mcpgo.Implementation     `json:"clientInfo"`
			Capabilities    mcpgo.ClientCapabilities `json:"capabilities"`
		}{r.Params.ProtocolVersion, r.Params.ClientInfo, r.Params.Capabilities}
		return request, err
	case callRequest:
		var r mcpgo.CallToolRequest
		err := json.Unmarshal(m.text, &r)
		request.Method, request.Params = "tools/call", r.Params
		return request, err
	case progress: // a server sends notifications of no other type
		var n mcpgo.JSONRPCNotification
		err := json.Unmarshal(m.text, &n)
		return n, err
	}
	var response mcpGoResponse
	if err := json.Unmarshal(m.text, &response); err != nil {
		return nil, err
	}
	result, err := mcpGoResult(m.kind, response.Result)
	return mcpgo.NewJSONRPCResultResponse(mcpgo.NewRequestId(int64(7)), result), err
}
