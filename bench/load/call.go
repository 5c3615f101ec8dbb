//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// A call is a request that is made again and again.
type call struct {
	name   string
	method string
	params string // the members
	text   string // that comes back, if it is an echo
}

var (
	ping = call{name: "ping", method: "ping"}
	list = call{name: "tools/list", method: "tools/list"}
)

// echoOf is a call of the tool echo with so many bytes.
func echoOf(size int) call {
	const words = "the quick brown fox jumps over the lazy dog, and then it does so again; "
	text := strings.Repeat(words, size/len(words)+1)[:size]
	name := fmt.Sprintf("echo %d B", size)
	switch {
	case size >= 1<<20:
		name = fmt.Sprintf("echo %d MB", size>>20)
	case size >= 1<<10:
		name = fmt.Sprintf("echo %d KB", size>>10)
	}
	return call{name, "tools/call", `"name":"echo","arguments":{"text":"` + text + `"}`, text}
}

// idDigits is how many digits ids have, so that all messages are of one length.
const idDigits = 9

// stateless reports whether a revision has no handshake: its requests say of
// themselves what a session otherwise knows.
func stateless(revision string) bool { return revision >= "2026-07-28" }

// message returns the request, and where in it the digits of its id are.
func (c *call) message(revision string) (text []byte, idAt int) {
	const head = `{"jsonrpc":"2.0","id":1`
	members := c.params
	if stateless(revision) {
		if members != "" {
			members += ","
		}
		members += `"_meta":{"io.modelcontextprotocol/protocolVersion":"` + revision + `",` +
			`"io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"load","version":"1.0.0"}}`
	}
	params := ""
	if members != "" {
		params = `,"params":{` + members + `}`
	}
	return []byte(head + strings.Repeat("0", idDigits-1) + `,"method":"` + c.method + `"` + params + `}`), len(head)
}

// setID writes the id of the n-th request.
func setID(digits []byte, n int) {
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = byte('0' + n%10)
		n /= 10
	}
}

// check makes sure that an answer is the one expected.
func (c *call) check(answer []byte) error {
	var a struct {
		Result struct {
			IsError bool
			Content []struct{ Text string }
			Tools   []json.RawMessage
		}
		Error json.RawMessage
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return fmt.Errorf("answer %.100q: %w", answer, err)
	}
	switch {
	case a.Error != nil || a.Result.IsError || !bytes.Contains(answer, []byte(`"result"`)):
	case c.text != "" && (len(a.Result.Content) != 1 || a.Result.Content[0].Text != c.text):
	case c.method == list.method && len(a.Result.Tools) != listed:
	default:
		return nil
	}
	return fmt.Errorf("unexpected answer %.200q", answer)
}

// handshake opens a session.
func handshake(revision string) (initialize, initialized string) {
	return `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"` + revision +
			`","capabilities":{},"clientInfo":{"name":"load","version":"1.0.0"}}}`,
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`
}
