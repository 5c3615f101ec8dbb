package mcpprotocol_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codexmcp/codexmcp/mcpprotocol"
	"github.com/codexmcp/codexmcp/wire"
)

// TestUserAgent: the method answers userAgent; only the handshake of MCP says user_agent.
func TestUserAgent(t *testing.T) {
	text, err := wire.Append(nil, &mcpprotocol.GetUserAgentResult{UserAgent: "codex/0.36.0"})
	require.NoError(t, err)
	assert.Equal(t, `{"userAgent":"codex/0.36.0"}`, string(text))
	var r mcpprotocol.GetUserAgentResult
	assert.ErrorContains(t, wire.Unmarshal([]byte(`{"user_agent":"codex/0.36.0"}`), &r), "userAgent: missing")
}

// TestDirections: what each side may be asked.
func TestDirections(t *testing.T) {
	assert.Contains(t, mcpprotocol.ClientRequests, mcpprotocol.NewConversation.Method)
	assert.Contains(t, mcpprotocol.ServerRequests, mcpprotocol.ExecCommandApproval.Method)
	assert.Contains(t, mcpprotocol.ServerRequests, mcpprotocol.ApplyPatchApproval.Method)
	assert.NotContains(t, mcpprotocol.ClientRequests, mcpprotocol.ExecCommandApproval.Method)
}

// fuzz holds a codec to what it promises: it never fails on what is JSON for a
// reason of syntax, never takes what is none, and gives the same a second time.
func fuzz[T any](f *testing.F, decode func(*wire.Decoder) T, encode func(*wire.Encoder, T), seeds ...string) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d := wire.NewDecoder(string(text))
		v := decode(&d)
		isJSON := jsontext.Value(text).IsValid()
		if err := d.End(); err != nil {
			var e *wire.Error
			if !errors.As(err, &e) || isJSON && e.Kind == wire.Syntax {
				t.Fatalf("%v: %q", err, text)
			}
			return
		}
		if !isJSON {
			t.Fatalf("what is no JSON is accepted: %q", text)
		}
		e := wire.NewEncoder(nil)
		encode(&e, v)
		first, err := e.Result()
		if err != nil {
			t.Fatalf("what was decoded does not encode: %v: %q", err, text)
		}
		again := wire.NewDecoder(string(first))
		v = decode(&again)
		if err := again.End(); err != nil {
			t.Fatalf("what was encoded does not decode: %v: %q", err, first)
		}
		e.Reset(nil)
		encode(&e, v)
		if second, err := e.Result(); err != nil || !bytes.Equal(first, second) {
			t.Fatalf("encoding is not stable: %q, then %q (%v)", first, second, err)
		}
	})
}

func FuzzEventMsg(f *testing.F) {
	fuzz(f, mcpprotocol.DecodeEventMsg, mcpprotocol.EncodeEventMsg,
		`{"type":"agent_message","message":"a"}`, `{"type":"exec_approval_request","call_id":"c","command":["a"],"cwd":"/"}`,
		`{"type":"?","a":[1e400,{"b":null}]}`, `{"message":"a","type":"agent_message","type":"x"}`, `{"type":7}`, "{\"a\":\x01}", `null`)
}

func FuzzResponseItem(f *testing.F) {
	fuzz(f, mcpprotocol.DecodeResponseItem, mcpprotocol.EncodeResponseItem,
		`{"type":"message","role":"user","content":[{"type":"input_text","text":"a"}]}`, `{"type":"function_call","name":"n","arguments":"{}","call_id":"c"}`, `{"type":"other"}`)
}

func FuzzRolloutLine(f *testing.F) {
	fuzz(f, mcpprotocol.DecodeRolloutLine, mcpprotocol.EncodeRolloutLine,
		`{"timestamp":"t","type":"response_item","payload":{"type":"other"}}`, `{"timestamp":"t","type":"event_msg","payload":{"type":"agent_message","message":"a"}}`, `{"timestamp":"t","type":"new","payload":1.0}`)
}
