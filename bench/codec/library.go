package main

import (
	"encoding/json"

	"github.com/bytedance/sonic"
	jsonexp "github.com/go-json-experiment/json"
	goccy "github.com/goccy/go-json"
	segmentio "github.com/segmentio/encoding/json"
)

// The structs that general libraries decode to. Where we have a union they have
// one struct with the members of all variants, which is the quickest they can do;
// unknown members are lost to them.
type (
	rpc[P, R any] struct {
		JSONRPC string `json:"jsonrpc"`
		ID      *int64 `json:"id,omitempty"`
		Method  string `json:"method,omitempty"`
		Params  *P     `json:"params,omitempty"`
		Result  *R     `json:"result,omitempty"`
	}
	none           struct{}
	progressParams struct {
		ProgressToken string   `json:"progressToken"`
		Progress      float64  `json:"progress"`
		Total         *float64 `json:"total,omitempty"`
		Message       string   `json:"message,omitempty"`
	}
	listChanged struct {
		ListChanged bool `json:"listChanged,omitempty"`
		Subscribe   bool `json:"subscribe,omitempty"`
	}
	implementation struct {
		Name    string `json:"name"`
		Title   string `json:"title,omitempty"`
		Version string `json:"version"`
	}
	capabilities struct {
		Roots     *listChanged `json:"roots,omitempty"`
		Sampling  *none        `json:"sampling,omitempty"`
		Logging   *none        `json:"logging,omitempty"`
		Prompts   *listChanged `json:"prompts,omitempty"`
		Resources *listChanged `json:"resources,omitempty"`
		Tools     *listChanged `json:"tools,omitempty"`
	}
	initParams struct {
		ProtocolVersion string         `json:"protocolVersion"`
		Capabilities    capabilities   `json:"capabilities"`
		ClientInfo      implementation `json:"clientInfo"`
	}
	initResult struct {
		ProtocolVersion string         `json:"protocolVersion"`
		Capabilities    capabilities   `json:"capabilities"`
		ServerInfo      implementation `json:"serverInfo"`
		Instructions    string         `json:"instructions,omitempty"`
	}
	callParams struct {
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments,omitempty"`
	}
	annotations struct {
		Audience []string `json:"audience,omitempty"`
		Priority *float64 `json:"priority,omitempty"`
	}
	resource struct {
		URI      string `json:"uri"`
		MIMEType string `json:"mimeType,omitempty"`
		Text     string `json:"text,omitempty"`
		Blob     string `json:"blob,omitempty"`
	}
	content struct {
		Type        string       `json:"type"`
		Text        string       `json:"text,omitempty"`
		Data        string       `json:"data,omitempty"`
		MIMEType    string       `json:"mimeType,omitempty"`
		URI         string       `json:"uri,omitempty"`
		Name        string       `json:"name,omitempty"`
		Size        *int64       `json:"size,omitempty"`
		Resource    *resource    `json:"resource,omitempty"`
		Annotations *annotations `json:"annotations,omitempty"`
	}
	callToolResult struct {
		Content           []content       `json:"content"`
		StructuredContent json.RawMessage `json:"structuredContent,omitempty"`
		IsError           *bool           `json:"isError,omitempty"`
	}
	hints struct {
		ReadOnly   *bool `json:"readOnlyHint,omitempty"`
		Idempotent *bool `json:"idempotentHint,omitempty"`
	}
	tool struct {
		Name        string          `json:"name"`
		Title       string          `json:"title,omitempty"`
		Description string          `json:"description,omitempty"`
		InputSchema json.RawMessage `json:"inputSchema"`
		Annotations *hints          `json:"annotations,omitempty"`
	}
	listTools struct {
		Tools      []tool `json:"tools"`
		NextCursor string `json:"nextCursor,omitempty"`
	}
)

// library makes a contender of an Unmarshal and a Marshal.
func library(name string, unmarshal func([]byte, any) error, marshal func(any) ([]byte, error)) contender {
	return contender{
		name: name,
		decode: func(m message) (operation, error) {
			newBody := structs(m.kind)
			return func() error { return unmarshal(m.text, newBody()) }, nil
		},
		encode: func(m message) (operation, error) {
			v := structs(m.kind)()
			if err := unmarshal(m.text, v); err != nil {
				return nil, err
			}
			return func() error {
				_, err := marshal(v)
				return err
			}, nil
		},
	}
}

func structs(k kind) func() any {
	switch k {
	case progress:
		return func() any { return new(rpc[progressParams, none]) }
	case initializeRequest:
		return func() any { return new(rpc[initParams, none]) }
	case initializeResult:
		return func() any { return new(rpc[none, initResult]) }
	case callRequest:
		return func() any { return new(rpc[callParams, none]) }
	case callResult:
		return func() any { return new(rpc[none, callToolResult]) }
	case listResult:
		return func() any { return new(rpc[none, listTools]) }
	}
	return func() any { return new(rpc[none, none]) }
}

var (
	std              = library("encoding/json", json.Unmarshal, json.Marshal)
	sonicLibrary     = library("sonic", sonic.Unmarshal, sonic.Marshal)
	goccyLibrary     = library("goccy", goccy.Unmarshal, goccy.Marshal)
	segmentioLibrary = library("segmentio", segmentio.Unmarshal, segmentio.Marshal)
	jsonv2           = library("go-json-experiment",
		func(data []byte, v any) error { return jsonexp.Unmarshal(data, v) },
		func(v any) ([]byte, error) { return jsonexp.Marshal(v) })
)
